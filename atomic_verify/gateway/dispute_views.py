"""Claims and lines as the JSON that clients read. Pure: everything comes in, nothing is looked up.

Amounts are decimal strings of utility-token base units, ids of claims and lines numbers, hashes 0x-hex, times unix
seconds.
"""

from collections.abc import Sequence
from typing import Any

from atomic_verify.protocol.types import to_hex
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, Refutation, RoundRecord
from atomic_verify.storage.views import TransactionRecord

RULINGS = ("unanswered", "lawful", "broken", "invalid-model")
"""Why a claim died, by the referee's number: no ruling is needed where a line on its trace went unanswered."""


def claim_view(claim: ClaimRecord) -> dict[str, Any]:
    """A claim: who says what about which element, by when it may be refuted, and what became of it."""
    terms = claim.terms
    return {
        "id": claim.id,
        "state": claim.state.name.lower(),
        "job": to_hex(claim.job),
        "item": terms.item,
        "output": terms.output,
        "element": str(terms.element),
        "claimer": claim.claimer,
        "outcome": claim.outcome.name.lower(),
        "trace": {"root": to_hex(terms.trace), "digest": terms.trace_digest.hex()},
        "inputs": to_hex(claim.inputs),
        "revealed_at": claim.revealed.timestamp,
        "upholdable_at": claim.upholdable_at,
        "ended_at": None if claim.ended is None else claim.ended.timestamp,
        "bond": str(claim.bond),
        "cost": str(claim.cost),
        "charged": str(claim.charged),
        "refutation": None if claim.refutation is None else _refutation(claim, claim.refutation),
    }


def claim_detail(
    claim: ClaimRecord,
    *,
    worker: str | None,
    lines: Sequence[LineRecord],
    transactions: Sequence[TransactionRecord],
) -> dict[str, Any]:
    """A claim with its lines, and every transaction that it took."""
    return {
        **claim_view(claim),
        "worker": worker,
        "lines": [line_view(line) for line in lines],
        "transactions": [
            {"name": tx.act, "hash": tx.hash, "sender": tx.sender, "gas": tx.gas_used, "block": tx.block_number}
            for tx in transactions
        ],
        "gas": sum(tx.gas_used for tx in transactions),
    }


def line_view(line: LineRecord) -> dict[str, Any]:
    """A line: who asks whom for what, whose turn it is until when, and how it ended."""
    return {
        "id": line.id,
        "job": to_hex(line.job),
        "claim": line.claim,
        "subject": line.subject.name.lower(),
        "item": line.item,
        "opener": line.opener,
        "turn": line.turn.name.lower(),
        "due": line.due,
        "opened_at": line.opened.timestamp,
        "closed_at": None if line.closed is None else line.closed.timestamp,
        "end": None if line.closed is None else line.end.name.lower(),
        "repaid": str(line.repaid),
        "forfeited": str(line.forfeited),
        "rounds": [_round(one) for one in line.rounds],
    }


def _round(one: RoundRecord) -> dict[str, Any]:
    return {
        "number": one.number,
        "asks": [{"tensor": run.tensor, "first": run.first, "count": run.count} for run in one.demand.runs],
        "prefund": str(one.prefund),
        "demanded_at": one.demanded.timestamp,
        "answer_by": one.answer_by,
        "answerer": one.answerer,
        "answered_at": None if one.answered is None else one.answered.timestamp,
        "paid": None if one.paid is None else str(one.paid),
        "demand_by": one.demand_by,
    }


def _refutation(claim: ClaimRecord, found: Refutation) -> dict[str, Any]:
    return {
        "refuter": found.refuter,
        "why": RULINGS[found.ruling] if found.ruling < len(RULINGS) else str(found.ruling),
        "step": str(found.step),
        "element": str(found.element),
        "reward": str(found.reward),
        "to_worker": str(found.to_worker + claim.reserve_to_worker),
        "burned": str(found.burned + claim.reserve_burned),
    }
