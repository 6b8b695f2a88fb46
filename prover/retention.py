"""How long blobs are kept: until their job is over for this worker, and a while longer.

Life cycle: publish, finalize. A worker serves input and output until finality; a requester that comes a little late
still finds them. Only what this worker itself put into the store is ever deleted: others may share the store.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from atomic_verify.protocol.primitives import JobId
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.decisions import Decision
from prover.decisions import OwnDecisions

FETCH = "fetch"
HELD = "held"
FETCHED = "fetched"
REMEMBERED = 2_000
"""Jobs from before a restart whose blobs are still looked after."""


@dataclass(slots=True)
class Keeper:
    """Deletes blobs `retention` seconds after their last job left the worker's book. Used by one thread."""

    store: BlobStore
    retention: float = 86_400.0
    _digests: dict[JobId, set[str]] = field(default_factory=dict)
    _left: dict[JobId, float] = field(default_factory=dict)

    def track(self, job: JobId, digest: str) -> None:
        """Looks after a blob that this worker put into the store for the job."""
        self._digests.setdefault(job, set()).add(digest)

    def recall(self, decisions: OwnDecisions) -> None:
        """Looks after the blobs that the decision log knows of."""
        for kind in (FETCH, "execute", "prove"):
            for decision in decisions.recent(REMEMBERED, kind):
                for digest in _digests_of(decision):
                    self.track(decision.job, digest)

    def sweep(self, book: Collection[JobId], now: float) -> int:
        """Deletes what is due at `now` (monotonic seconds); `book` are the jobs that aren't over. Returns how many."""
        for job in self._digests:
            if job in book:
                self._left.pop(job, None)
            else:
                self._left.setdefault(job, now)
        over = {job for job, left in self._left.items() if now - left >= self.retention}
        needed = set().union(*(digests for job, digests in self._digests.items() if job not in over))
        return self._delete(over, needed)

    def _delete(self, over: Iterable[JobId], needed: set[str]) -> int:
        deleted = 0
        for job in over:
            deleted += sum(self.store.delete(digest) for digest in self._digests[job] - needed)
            del self._digests[job], self._left[job]
        return deleted


def _digests_of(decision: Decision) -> list[str]:
    """The blobs that a decision says this worker put into the store."""
    if decision.kind == FETCH and (decision.outcome, decision.reason) == (HELD, FETCHED):
        return [str(decision.details["digest"])]
    if decision.kind in ("execute", "prove") and decision.outcome == "done":
        return [str(decision.details["output"]["payload"])]
    if decision.kind == "prove" and decision.outcome == "item":
        return [str(decision.details["made"]["proof"])]
    return []
