"""The claims that a process has on record: terms and salt, written down before the seal is sent.

Life cycle: claim. Whoever loses the salt of a seal loses its bond. So the record comes first, and after any crash the
seal is sent, or the claim revealed, from the record.
"""

from dataclasses import dataclass

from atomic_verify.protocol.primitives import JobId
from atomic_verify.protocol.types import ClaimTerms, Outcome
from atomic_verify.storage.decisions import Decision
from prover.decisions import OwnDecisions
from prover.watching.claiming import SealedClaim

KIND = "seal"
RECORDED = "recorded"
CLAIM = "claim"
OUTCOME = "brings"


@dataclass(frozen=True, slots=True)
class RecordedClaim:
    """A claim on record, and what it is to bring about."""

    claim: SealedClaim
    outcome: Outcome


class ClaimLog:
    """The claims on record in a decision log. Threads may share it."""

    def __init__(self, decisions: OwnDecisions) -> None:
        self._decisions = decisions
        self._known: dict[JobId, tuple[RecordedClaim, ...]] = {}

    def add(self, made: RecordedClaim, reason: str, at: float) -> None:
        """Keeps a claim; it is on the disk when this returns. Raises DatabaseUnavailable."""
        job = made.claim.terms.job
        details = {CLAIM: made.claim.to_json(), OUTCOME: int(made.outcome)}
        self._decisions.add(Decision(KIND, job, RECORDED, reason, at, details))
        self._known.pop(job, None)

    def of(self, job: JobId) -> tuple[RecordedClaim, ...]:
        """The claims on a job's result, oldest first."""
        if job not in self._known:
            self._known[job] = tuple(
                RecordedClaim(SealedClaim.from_json(found.details[CLAIM]), Outcome(found.details[OUTCOME]))
                for found in self._decisions.of(job, KIND)
                if found.outcome == RECORDED
            )
        return self._known[job]

    def find(self, terms: ClaimTerms) -> RecordedClaim | None:
        """The newest claim on record with these terms, or None."""
        found = [one for one in self.of(terms.job) if one.claim.terms == terms]
        return found[-1] if found else None

    def forget(self, job: JobId) -> None:
        """Drops what is in memory of a job."""
        self._known.pop(job, None)
