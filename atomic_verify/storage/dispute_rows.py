"""Records of seals, claims and lines as rows of their tables.

Life cycle: claim and line. `projector` writes them; the columns stand in `dispute_tables`.
"""

from typing import Any

from atomic_verify.protocol.types import to_hex
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, SealRecord
from atomic_verify.storage.rows import point_row


def seal_row(seal: SealRecord) -> dict[str, Any]:
    """The row of `seals`."""
    return {
        "seal": to_hex(seal.seal),
        "claimer": seal.claimer,
        "bond": seal.bond,
        "claim": seal.claim,
        **point_row("sealed", seal.sealed),
        **point_row("revealed", seal.revealed),
        **point_row("burned", seal.burned),
    }


def claim_row(claim: ClaimRecord) -> dict[str, Any]:
    """The row of `claims`."""
    return {
        "id": claim.id,
        "job": to_hex(claim.job),
        "item": claim.item,
        "claimer": claim.claimer,
        "seal": to_hex(claim.seal),
        "state": int(claim.state),
        "outcome": int(claim.outcome),
        "bond": claim.bond,
        "cost": claim.cost,
        "charged": claim.charged,
        "upholdable_at": claim.upholdable_at,
        "trace": to_hex(claim.terms.trace),
        "trace_digest": claim.terms.trace_digest.hex(),
        **point_row("revealed", claim.revealed),
        **point_row("ended", claim.ended),
    }


def line_row(line: LineRecord) -> dict[str, Any]:
    """The row of `lines`."""
    return {
        "id": line.id,
        "job": to_hex(line.job),
        "claim": line.claim,
        "item": line.item,
        "opener": line.opener,
        "subject": int(line.subject),
        "turn": int(line.turn),
        "rounds": len(line.rounds),
        "due": line.due,
        "ending": int(line.end),
        "repaid": line.repaid,
        "forfeited": line.forfeited,
        **point_row("opened", line.opened),
        **point_row("closed", line.closed),
    }
