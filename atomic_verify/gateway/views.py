"""Records as the JSON that clients read. Pure: everything comes in, nothing is looked up.

Amounts are decimal strings of base units, ids and hashes 0x-hex, blobs' digests plain hex, times unix seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from atomic_verify.commitments import TensorSpec
from atomic_verify.commitments.tensors import Array
from atomic_verify.gateway.assurance import job_assurance
from atomic_verify.gateway.dispute_views import claim_view, line_view
from atomic_verify.gateway.guarantees import critical_view, offered
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.errors import ProtocolError
from atomic_verify.protocol.types import JobState, ModelSpec, to_hex
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord
from atomic_verify.storage.records import AttemptRecord, BidRecord, JobRecord, ModelEntry, ResultRecord
from atomic_verify.storage.requests import SubmittedRequest
from atomic_verify.storage.views import JobSummary, TransactionRecord


def summary_view(job: JobSummary) -> dict[str, Any]:
    """A job in a list."""
    return {
        "id": to_hex(job.id),
        "state": state_name(job.state),
        "model": to_hex(job.rfp.model_id),
        "item_count": job.rfp.item_count,
        "kind": job.rfp.kind.name.lower(),
        "guarantee": job.rfp.guarantee.name.lower(),
        "requester": job.rfp.requester,
        "worker": job.worker,
        "price": _amount(job.price),
        "max_price": _amount(job.rfp.max_price),
        "posted_at": job.posted_at,
        "final_at": job.final_at,
    }


def job_view(
    job: JobRecord,
    *,
    model: InstalledModel | None,
    decisions: Iterable[Decision],
    transactions: Sequence[TransactionRecord],
    claims: Sequence[ClaimRecord] = (),
    lines: Sequence[LineRecord] = (),
) -> dict[str, Any]:
    """A job with all that led to its state, and why."""
    rfp, result, settlement = job.rfp, job.result, job.settlement
    return {
        "id": to_hex(job.id),
        "state": state_name(job.state),
        "model": {"id": to_hex(rfp.model_id), "name": None if model is None else model.name},
        "item_count": rfp.item_count,
        "kind": rfp.kind.name.lower(),
        "guarantee": rfp.guarantee.name.lower(),
        "assurance": job_assurance(job, None if model is None else model.manifest.spec()),
        "requester": rfp.requester,
        "token": rfp.token,
        "max_price": _amount(rfp.max_price),
        "job_bond": _amount(rfp.job_bond),
        "input": {"root": to_hex(rfp.input_root), "uri": job.input_uri},
        "deadlines": _deadlines(job),
        "bids": [_bid(bid) for bid in job.bids],
        "attempts": [_attempt(attempt) for attempt in job.attempts],
        "worker": job.worker,
        "price": _amount(job.price),
        "result": None if result is None else _result(result),
        "claims": [claim_view(claim) for claim in claims],
        "lines": [line_view(line) for line in lines],
        "settlement": None
        if settlement is None
        else {
            "to_worker": _amount(settlement.to_worker),
            "to_requester": _amount(settlement.to_requester),
            "fee": _amount(settlement.fee),
            "bond_to_challenger": _amount(settlement.bond_to_challenger),
            "bond_burned": _amount(settlement.bond_burned),
        },
        "decisions": [
            {
                "kind": decision.kind,
                "outcome": decision.outcome,
                "reason": decision.reason,
                "at": decision.at,
                "details": dict(decision.details),
            }
            for decision in decisions
        ],
        "transactions": [
            {"name": tx.act, "hash": tx.hash, "sender": tx.sender, "gas": tx.gas_used, "block": tx.block_number}
            for tx in transactions
        ],
        "gas": sum(tx.gas_used for tx in transactions),
        "error": None,
    }


def request_view(request: SubmittedRequest, decisions: Iterable[Decision]) -> dict[str, Any]:
    """A job that the chain doesn't have: its transaction is under way or was refused."""
    return {
        "id": None if request.job is None else to_hex(request.job),
        "state": request.state.value,
        "rfp": request.plan.get("rfp"),
        "decisions": [
            {"kind": one.kind, "outcome": one.outcome, "reason": one.reason, "at": one.at, "details": dict(one.details)}
            for one in decisions
        ],
        "error": request.plan.get("error"),
    }


def item_view(
    job: JobRecord,
    result: ResultRecord,
    index: int,
    answer: Mapping[str, Any],
    name: str | None,
    disputable: bool,
    assurance: Mapping[str, Any],
) -> dict[str, Any]:
    """One item's typed answer and how far it can be relied on; an item that doesn't stand has none."""
    return {
        "job": to_hex(job.id),
        "item": index,
        "name": name,
        "answer": dict(answer),
        "state": state_name(job.state),
        "verified": job.state is JobState.FINAL,
        "assurance": dict(assurance),
        "open_claims": result.open_claims,
        "final_at": result.final_at,
        "disputable": disputable,
        "worker": result.worker,
        "output_root": to_hex(result.root),
    }


def tensors_view(specs: Sequence[TensorSpec], arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Tensors as JSON: dtype, shape and the elements in row-major order; what isn't finite is null."""
    return {
        spec.name: {
            "datatype": spec.dtype.name.lower(),
            "shape": list(spec.shape),
            "data": _elements(arrays[spec.name]),
        }
        for spec in specs
    }


def model_view(entry: ModelEntry | None, installed: InstalledModel | None) -> dict[str, Any]:
    """A model that is published, installed here, or both."""
    known = None if installed is None else installed.manifest
    spec = _spec(entry, installed)
    return {
        "id": to_hex(entry.id if entry is not None else installed.model_id if installed is not None else b""),
        "published": entry is not None,
        "installed": installed is not None,
        "disputable": entry.disputable if entry is not None else known is not None and known.disputable,
        "publisher": None if entry is None else entry.publisher,
        "uri": None if entry is None else entry.uri,
        "name": None if known is None else known.name,
        "version": None if known is None else known.version,
        "title": None if known is None else known.title,
        "inputs": [] if known is None else [_tensor(spec) for spec in known.input_specs],
        "outputs": [] if known is None else [_tensor(spec) for spec in known.output_specs],
        "answer_schema": None if known is None else known.answer_schema,
        "guarantees": [] if spec is None else list(offered(spec.critical.kind)),
        "critical": None if spec is None else critical_view(spec, _circuit(installed)),
    }


def _spec(entry: ModelEntry | None, installed: InstalledModel | None) -> ModelSpec | None:
    """The model's spec; None for one that a stranger published and this library wouldn't handle."""
    if installed is not None:
        return installed.manifest.spec()
    try:
        return None if entry is None else entry.spec()
    except ProtocolError:
        return None


def _circuit(installed: InstalledModel | None) -> str | None:
    critical = None if installed is None else installed.manifest.critical
    return None if critical is None else critical.name


def state_name(state: JobState) -> str:
    """The state as clients read it: lower case, "committed" while its window is open."""
    return state.name.lower()


def _elements(array: Array) -> list[Any]:
    flat = array.reshape(-1)
    if flat.dtype.kind in "biu":
        found: list[Any] = flat.tolist()
        return found
    return [value if value - value == 0 else None for value in flat.astype("float64").tolist()]


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.dtype.name.lower(), "shape": list(spec.shape)}


def _deadlines(job: JobRecord) -> dict[str, Any]:
    return {
        "bidding_ends": job.bidding_ends,
        "reveal_ends": job.reveal_ends,
        "commit_before": None if job.attempt is None else job.attempt.deadline,
        "window_ends": job.window_ends,
        "final_at": None if job.result is None else job.result.final_at,
    }


def _bid(bid: BidRecord) -> dict[str, Any]:
    return {
        "worker": bid.worker,
        "status": bid.status.name.lower(),
        "price": _amount(bid.price),
        "weight": bid.weight,
        "score": _amount(bid.score),
    }


def _attempt(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "worker": attempt.worker,
        "price": _amount(attempt.price),
        "commit_before": attempt.deadline,
        "why": attempt.reason,
        "ranking": [
            {
                "rank": bid.rank,
                "worker": bid.worker,
                "price": _amount(bid.price),
                "weight": bid.weight,
                "score": _amount(bid.score),
                "why": bid.reason,
            }
            for bid in attempt.ranking
        ],
        "missed": attempt.missed is not None,
    }


def _result(result: ResultRecord) -> dict[str, Any]:
    return {
        "root": to_hex(result.root),
        "payload": result.payload,
        "committed_at": result.committed.timestamp,
        "transaction": result.committed.tx_hash,
        "final_at": result.final_at,
        "open_claims": result.open_claims,
        "void_items": list(result.void_items),
        "voids": [
            {
                "item": void.item,
                "challenger": void.challenger,
                "charged": _amount(void.charged),
                "transaction": void.closed.tx_hash,
            }
            for void in result.voids
        ],
        "costs": _amount(result.costs),
        "slashed": result.slashed,
        "challenger": result.challenger,
        "finalized": None if result.finalized is None else result.finalized.tx_hash,
    }


def _amount(value: int | None) -> str | None:
    return None if value is None else str(value)
