"""The decision log as one worker sees it: several workers may share a database, and each has only its own past.

Life cycle: all steps.
"""

from dataclasses import replace

from atomic_verify.protocol.primitives import Address, JobId
from atomic_verify.storage.decisions import Decision, DecisionLog

WORKER = "worker"


class OwnDecisions:
    """The decisions of one worker in a log that others may write too. Threads may share it."""

    def __init__(self, log: DecisionLog, worker: Address) -> None:
        self._log = log
        self._worker = worker

    def add(self, decision: Decision) -> None:
        """Keeps a decision as this worker's; it is on the disk when this returns. Raises DatabaseUnavailable."""
        self._log.add(replace(decision, details={**decision.details, WORKER: self._worker}))

    def of(self, job: JobId, kind: str | None = None) -> list[Decision]:
        """This worker's decisions on a job, oldest first."""
        return self._own(self._log.of(job, kind))

    def last(self, job: JobId, kind: str) -> Decision | None:
        """This worker's newest decision of a kind on a job, or None."""
        found = self.of(job, kind)
        return found[-1] if found else None

    def recent(self, limit: int, kind: str | None = None) -> list[Decision]:
        """Of the newest `limit` decisions of all workers, this one's, newest first."""
        return self._own(self._log.recent(limit, kind))

    def _own(self, found: list[Decision]) -> list[Decision]:
        return [decision for decision in found if decision.details.get(WORKER) == self._worker]
