"""The jobs that concern a worker, kept in memory and renewed from the index when their events change.

Life cycle: all steps. A job concerns a worker while there is something that it could do about it: bid, or go on with a
bid, an award, a result, or a bond that is still locked.
"""

from collections.abc import Iterable, Iterator

from atomic_verify.protocol.primitives import Address, Amount, JobId, parse_word
from atomic_verify.protocol.types import BidStatus, JobState, Kind
from atomic_verify.storage.dispute_queries import MAX_PAGE
from atomic_verify.storage.projections import Subject, SubjectKind
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.records import CreditRecord, JobRecord, WorkerBooks


class JobBook:
    """What the index knows that concerns `worker`. Made and asked by one thread."""

    def __init__(self, queries: Queries, worker: Address) -> None:
        self._queries = queries
        self._worker = worker
        self._records: dict[JobId, JobRecord] = {}
        self._books = WorkerBooks(worker)
        self._credits: tuple[CreditRecord, ...] = ()
        self._is_stale = True

    def __iter__(self) -> Iterator[JobRecord]:
        return iter(tuple(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def get(self, job: JobId) -> JobRecord | None:
        """The job, if it concerns the worker."""
        return self._records.get(job)

    @property
    def free_stake(self) -> Amount:
        """What can back a new bond, in utility-token base units."""
        return self._books.free

    @property
    def endpoint(self) -> str | None:
        """The endpoint that the worker announced last."""
        return self._books.endpoint

    @property
    def credits(self) -> tuple[CreditRecord, ...]:
        """What the market owes the worker, by token."""
        return self._credits

    def distrust(self) -> None:
        """Has the next renewal read everything: some change may have been missed."""
        self._is_stale = True

    def renew(self, touched: Iterable[Subject]) -> None:
        """Reads anew what changed. Raises DatabaseUnavailable."""
        if self._is_stale:
            self._records = {job: record for job in self._found() if (record := self._read(job)) is not None}
            self._read_books()
            self._is_stale = False
            return
        changed = False
        for subject in touched:
            changed = True
            if subject.kind is SubjectKind.JOB:
                self._renew_job(JobId(parse_word(subject.key)))
        if changed:
            self._read_books()

    def _renew_job(self, job: JobId) -> None:
        record = self._read(job)
        if record is None:
            self._records.pop(job, None)
        else:
            self._records[job] = record

    def _read(self, job: JobId) -> JobRecord | None:
        record = self._queries.job(job)
        return record if record is not None and concerns(record, self._worker) else None

    def _read_books(self) -> None:
        found = self._queries.worker(self._worker)
        self._books = WorkerBooks(self._worker) if found is None else found.books
        self._credits = self._queries.credits(self._worker)

    def _found(self) -> list[JobId]:
        """All jobs that may concern the worker, by the lists of the index."""
        wanted = dict.fromkeys(self._listed(states={JobState.POSTED}))
        wanted |= dict.fromkeys(self._listed(states={JobState.AWARDED, JobState.COMMITTED}, worker=self._worker))
        wanted |= dict.fromkeys(self._listed(states={JobState.AWARDED, JobState.EXPIRED}, bidder=self._worker))
        return list(wanted)

    def _listed(
        self, states: set[JobState], worker: Address | None = None, bidder: Address | None = None
    ) -> Iterator[JobId]:
        after = None
        while True:
            page = self._queries.jobs(states=states, worker=worker, bidder=bidder, after=after, limit=MAX_PAGE)
            yield from (job.id for job in page.jobs)
            if page.next is None:
                return
            after = page.next


def concerns(record: JobRecord, worker: Address) -> bool:
    """Whether `worker` could still do something about the job."""
    bid = next((bid for bid in record.bids if bid.worker == worker), None)
    has_remaining_bid = bid is not None and bid.status is BidStatus.REVEALED
    if record.state is JobState.POSTED:
        return record.rfp.kind is Kind.AUCTION
    if record.state is JobState.AWARDED:
        return record.worker == worker or has_remaining_bid
    if record.state is JobState.COMMITTED:
        return record.worker == worker
    return record.state is JobState.EXPIRED and not record.attempts and has_remaining_bid
