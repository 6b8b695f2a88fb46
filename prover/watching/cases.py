"""The jobs whose disputes concern a process, kept in memory and renewed from the index when their events change.

Life cycle: challenge window, claim, line. A *case* is a job with its claims and lines. It is kept as long as the job is
committed and in the process's scope, or anything about it is still open.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from atomic_verify.protocol.primitives import Address, JobId, ModelId, parse_word
from atomic_verify.protocol.types import JobState
from atomic_verify.storage.dispute_queries import MAX_PAGE
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, SealRecord
from atomic_verify.storage.projections import Subject, SubjectKind
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.records import JobRecord

Scope = Callable[[JobRecord], bool]
"""Whether a committed job is watched."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the chain says of a model: the depth of its program (0: none), and whether it was shown to be invalid."""

    depth: int = 0
    is_disputable: bool = False
    is_invalid: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A job and its disputes."""

    record: JobRecord
    model: ModelFacts
    claims: tuple[ClaimRecord, ...] = ()
    lines: tuple[LineRecord, ...] = ()

    @property
    def job(self) -> JobId:
        return self.record.id

    @property
    def is_open(self) -> bool:
        """Whether a claim or a line is."""
        return any(claim.is_open for claim in self.claims) or any(line.is_open for line in self.lines)

    def claim(self, number: int | None) -> ClaimRecord | None:
        """The claim of this number, if it is the job's."""
        return next((claim for claim in self.claims if claim.id == number), None)


class CaseBook:
    """What the index knows of the disputes in a process's scope. Made and asked by one thread."""

    def __init__(
        self, queries: Queries, scope: Scope, account: Address | None, *, sees_all_disputes: bool = True
    ) -> None:
        """With `sees_all_disputes` jobs out of scope are cases too while claims or lines on them are open."""
        self._sees_all = sees_all_disputes
        self._queries = queries
        self._scope = scope
        self._account = account
        self._cases: dict[JobId, Case] = {}
        self._models: dict[ModelId, ModelFacts] = {}
        self._seals: dict[bytes, SealRecord] = {}
        self._foreign: tuple[SealRecord, ...] = ()
        self._is_stale = True

    def __iter__(self) -> Iterator[Case]:
        return iter(tuple(self._cases.values()))

    def __len__(self) -> int:
        return len(self._cases)

    @property
    def own_seals(self) -> dict[bytes, SealRecord]:
        """The account's newest seals as the chain knows them."""
        return self._seals

    @property
    def foreign_seals(self) -> tuple[SealRecord, ...]:
        """Others' seals that are neither revealed nor burned."""
        return self._foreign

    def distrust(self) -> None:
        """Has the next renewal read everything: some change may have been missed."""
        self._is_stale = True

    def renew(self, touched: Iterable[Subject]) -> None:
        """Reads anew what changed. Raises DatabaseUnavailable."""
        subjects = tuple(touched)
        if any(subject.kind is SubjectKind.MODEL for subject in subjects):
            self._models.clear()
            self._is_stale = True
        if self._is_stale:
            self._cases.clear()
            for job in self._found():
                self._renew(job)
            self._read_seals()
            self._is_stale = False
            return
        for job in {found for subject in subjects if (found := self._job_of(subject)) is not None}:
            self._renew(job)
        if any(subject.kind is SubjectKind.SEAL for subject in subjects):
            self._read_seals()

    def _renew(self, job: JobId) -> None:
        case = self._read(job)
        if case is None:
            self._cases.pop(job, None)
        else:
            self._cases[job] = case

    def _read(self, job: JobId) -> Case | None:
        record = self._queries.job(job)
        if record is None or record.result is None or not (self._sees_all or self._scope(record)):
            return None
        claims, lines = self._queries.claims(job=job), self._queries.lines(job=job)
        case = Case(record, self._model(record.rfp.model_id), claims[::-1], lines[::-1])
        is_live = record.state is JobState.COMMITTED and self._scope(record)
        return case if is_live or case.is_open else None

    def _model(self, model: ModelId) -> ModelFacts:
        if model not in self._models:
            entry = self._queries.model(model)
            # A spec that this library wouldn't handle can't be disputed by it either.
            depth = int(entry.spec_json.get("depth", 0)) if entry is not None else 0
            is_invalid = entry is not None and entry.invalidated is not None
            self._models[model] = ModelFacts(depth, entry is not None and entry.disputable, is_invalid)
        return self._models[model]

    def _read_seals(self) -> None:
        if self._account is None:
            return
        self._seals = {found.seal: found for found in self._queries.seals(claimer=self._account)}
        self._foreign = tuple(found for found in self._queries.seals(open_only=True) if found.claimer != self._account)

    def _job_of(self, subject: Subject) -> JobId | None:
        if subject.kind is SubjectKind.JOB:
            return JobId(parse_word(subject.key))
        if subject.kind is SubjectKind.CLAIM:
            claim = self._queries.claim(int(subject.key))
            return None if claim is None else claim.job
        if subject.kind is SubjectKind.LINE:
            line = self._queries.line(int(subject.key))
            return None if line is None else line.job
        return None

    def _found(self) -> list[JobId]:
        """All jobs that may be in scope, by the lists of the index."""
        wanted = dict.fromkeys(self._committed())
        wanted |= dict.fromkeys(claim.job for claim in self._queries.claims(open_only=True))
        wanted |= dict.fromkeys(line.job for line in self._queries.lines(open_only=True))
        return list(wanted)

    def _committed(self) -> Iterator[JobId]:
        after = None
        while True:
            page = self._queries.jobs(states={JobState.COMMITTED}, after=after, limit=MAX_PAGE)
            yield from (job.id for job in page.jobs)
            if page.next is None:
                return
            after = page.next
