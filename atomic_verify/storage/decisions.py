"""What a process decided or did about a job, and why: an append-only record.

Life cycle: bid (a worker bids or skips), award (a requester chooses), execute (what ran, on what, for how long). Terms:
a decision's *kind* says which question it answers, its *outcome* the answer, its *details* the inputs of the policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from atomic_verify.protocol.types import JobId, parse_word, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.tables import decisions


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on a job: `kind` "bid", "choose", "execute", ...; `details` is JSON; `at` Unix seconds."""

    kind: str
    job: JobId
    outcome: str
    reason: str
    at: float
    details: Mapping[str, Any] = field(default_factory=dict)


class DecisionLog:
    """The decisions of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, decision: Decision) -> None:
        """Keeps a decision; it is on the disk when this returns."""
        values = {
            "kind": decision.kind,
            "job": to_hex(decision.job),
            "outcome": decision.outcome,
            "reason": decision.reason,
            "details": dict(decision.details),
            "at": decision.at,
        }
        with self._database.write() as connection:
            connection.execute(insert(decisions).values(**values))

    def of(self, job: JobId, kind: str | None = None) -> list[Decision]:
        """The decisions on a job, oldest first."""
        query = select(decisions).where(decisions.c.job == to_hex(job)).order_by(decisions.c.id)
        return self._select(query if kind is None else query.where(decisions.c.kind == kind))

    def last(self, job: JobId, kind: str) -> Decision | None:
        """The newest decision of a kind on a job, or None."""
        found = self.of(job, kind)
        return found[-1] if found else None

    def recent(self, limit: int, kind: str | None = None) -> list[Decision]:
        """The newest decisions on all jobs, newest first."""
        query = select(decisions).order_by(decisions.c.id.desc()).limit(limit)
        return self._select(query if kind is None else query.where(decisions.c.kind == kind))

    def _select(self, query: Any) -> list[Decision]:
        with self._database.read() as connection:
            return [
                Decision(
                    kind=row["kind"],
                    job=JobId(parse_word(row["job"])),
                    outcome=row["outcome"],
                    reason=row["reason"],
                    at=row["at"],
                    details=row["details"],
                )
                for row in connection.execute(query).mappings()
            ]
