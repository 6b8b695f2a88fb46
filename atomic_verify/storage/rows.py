"""A job's record as rows of its tables.

Life cycle: all steps. `projector` writes them; the columns stand in `tables`.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from atomic_verify.protocol.proofs import pack
from atomic_verify.protocol.types import to_hex
from atomic_verify.storage.records import JobRecord, Point


def job_row(key: str, job: JobRecord) -> dict[str, Any]:
    """The row of `jobs`."""
    return {
        "id": key,
        "requester": job.rfp.requester,
        "model_id": to_hex(job.rfp.model_id),
        "state": int(job.state),
        "worker": job.worker,
        "attempt": len(job.attempts),
        "price": job.price,
        "deadline": None if job.attempt is None else job.attempt.deadline,
        "final_at": None if job.result is None else job.result.final_at,
        "rfp": job.rfp.to_json(),
        "input_uri": job.input_uri,
        **point_row("posted", job.posted),
        **point_row("updated", job.updated),
    }


def bid_rows(key: str, job: JobRecord) -> Iterable[dict[str, Any]]:
    """The rows of `bids`."""
    for bid in job.bids:
        yield {
            "job": key,
            "worker": bid.worker,
            "status": int(bid.status),
            "seal": bid.seal,
            "tie": bid.tie,
            "weight": bid.weight,
            "price": bid.price,
            **point_row("sealed", bid.sealed),
            **point_row("revealed", bid.revealed),
        }


def attempt_rows(key: str, job: JobRecord) -> Iterable[dict[str, Any]]:
    """The rows of `attempts`."""
    for attempt in job.attempts:
        yield {
            "job": key,
            "number": attempt.number,
            "worker": attempt.worker,
            "price": attempt.price,
            "deadline": attempt.deadline,
            "reason": attempt.reason,
            "ranking": [asdict(bid) for bid in attempt.ranking],
            "bond_to_requester": attempt.bond_to_requester,
            "bond_burned": attempt.bond_burned,
            **point_row("awarded", attempt.awarded),
            **point_row("missed", attempt.missed),
        }


def result_rows(key: str, job: JobRecord) -> Iterable[dict[str, Any]]:
    """The rows of `results`."""
    if job.result is not None:
        result = job.result
        yield {
            "job": key,
            "attempt": result.attempt,
            "worker": result.worker,
            "root": to_hex(result.root),
            "payload": result.payload,
            "final_at": result.final_at,
            "open_claims": result.open_claims,
            "void_items": list(result.void_items),
            "slashed": result.slashed,
            "challenger": result.challenger,
            "costs": result.costs,
            "window_ends": job.window_ends,
            "verifier": None if result.proven is None else result.proven.verifier,
            "decisions": None if result.proven is None else pack(result.proven.decisions),
            **point_row("committed", result.committed),
            **point_row("finalized", result.finalized),
        }


def settlement_rows(key: str, job: JobRecord) -> Iterable[dict[str, Any]]:
    """The rows of `settlements`."""
    if job.settlement is not None:
        settlement = job.settlement
        yield {
            "job": key,
            "worker": settlement.worker,
            "state": int(settlement.state),
            "has_void_items": job.result is not None and bool(job.result.void_items),
            "to_worker": settlement.to_worker,
            "to_requester": settlement.to_requester,
            "fee": settlement.fee,
            "bond_to_challenger": settlement.bond_to_challenger,
            "bond_burned": settlement.bond_burned,
            **point_row("settled", settlement.settled),
        }


def point_row(prefix: str, point: Point | None) -> dict[str, int | None]:
    """The columns of a point, which are empty for None."""
    return {
        f"{prefix}_block": None if point is None else point.block_number,
        f"{prefix}_log": None if point is None else point.log_index,
    }
