"""What watcher, worker, gateway and CLI read of claims and lines, and which results can still be claimed against.

Life cycle: window, claim, line. Like `queries`: the database alone answers, each answer is one consistent snapshot.
Lists are newest first, 500 at most; `before` is the last id of the page before.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.dispute_types import Answer, ClaimState, Turn
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import Address, JobId, JobState, Rfp, parse_word, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, SealRecord, WatchedResult
from atomic_verify.storage.dispute_tables import answers, claims, lines, seals
from atomic_verify.storage.projections import Subject, SubjectKind, fold_claim, fold_line, fold_seal
from atomic_verify.storage.projector import events_of
from atomic_verify.storage.tables import blocks, jobs, results

MAX_PAGE = 500

Record = TypeVar("Record")


class DisputeQueries:
    """The part of `Queries` that is about disputes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Results

    def results_in_window(
        self, now: int, *, after: WatchedResult | None = None, limit: int = MAX_PAGE
    ) -> tuple[WatchedResult, ...]:
        """Committed results that can be claimed against at `now` (Unix seconds), whose window ends first first.

        `after`: the last one of the page before.
        """
        wanted = [jobs.c.state == int(JobState.COMMITTED), results.c.window_ends > now]
        if after is not None:
            at, key = after.window_ends, to_hex(after.job)
            later = and_(results.c.window_ends == at, results.c.job > key)
            wanted.append(or_(results.c.window_ends > at, later))
        query = (
            select(results, jobs.c.rfp, jobs.c.input_uri, blocks.c.timestamp)
            .join(jobs, jobs.c.id == results.c.job)
            .join(blocks, blocks.c.number == results.c.committed_block)
            .where(*wanted)
            .order_by(results.c.window_ends, results.c.job)
            .limit(max(1, min(limit, MAX_PAGE)))
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            WatchedResult(
                job=JobId(parse_word(row["job"])),
                rfp=Rfp.from_json(row["rfp"]),
                input_uri=row["input_uri"],
                worker=Address(row["worker"]),
                root=Digest(parse_word(row["root"])),
                payload=row["payload"],
                committed_at=row["timestamp"],
                window_ends=row["window_ends"],
                final_at=row["final_at"],
                open_claims=row["open_claims"],
            )
            for row in rows
        )

    # Claims

    def seal(self, claimer: Address, seal: bytes) -> SealRecord | None:
        """A seal that this account made, or None."""
        return self._one(SubjectKind.SEAL, f"{claimer}:{to_hex(seal)}", fold_seal)

    def seals(
        self, *, claimer: Address | None = None, open_only: bool = False, limit: int = MAX_PAGE
    ) -> tuple[SealRecord, ...]:
        """Seals, newest first; with `open_only` those that are neither revealed nor burned."""
        wanted: list[ColumnElement[bool]] = []
        if claimer is not None:
            wanted.append(seals.c.claimer == claimer)
        if open_only:
            wanted += [seals.c.revealed_block.is_(None), seals.c.burned_block.is_(None)]
        key = seals.c.claimer + ":" + seals.c.seal
        query = select(key).where(*wanted).order_by(seals.c.sealed_block.desc(), seals.c.sealed_log.desc())
        return self._listed(SubjectKind.SEAL, query, limit, fold_seal)

    def claim(self, claim: int) -> ClaimRecord | None:
        """A claim, or None."""
        return self._one(SubjectKind.CLAIM, claim, fold_claim)

    def claims(
        self,
        *,
        job: JobId | None = None,
        claimer: Address | None = None,
        worker: Address | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[ClaimRecord, ...]:
        """Claims that match every filter given; `worker` is who committed what they are about."""
        wanted: list[ColumnElement[bool]] = []
        if job is not None:
            wanted.append(claims.c.job == to_hex(job))
        if claimer is not None:
            wanted.append(claims.c.claimer == claimer)
        if worker is not None:
            wanted.append(claims.c.job.in_(_jobs_of(worker)))
        if open_only:
            wanted.append(claims.c.state == int(ClaimState.OPEN))
        if before is not None:
            wanted.append(claims.c.id < before)
        query = select(claims.c.id).where(*wanted).order_by(claims.c.id.desc())
        return self._listed(SubjectKind.CLAIM, query, limit, fold_claim)

    def is_trace(self, payload: str) -> bool:
        """Whether a claim names this blob (64 hexadecimal digits) as its trace."""
        with self._database.read() as connection:
            query = select(claims.c.id).where(claims.c.trace_digest == payload).limit(1)
            return connection.execute(query).first() is not None

    # Lines

    def line(self, line: int) -> LineRecord | None:
        """A line with its rounds, or None."""
        return self._one(SubjectKind.LINE, line, fold_line)

    def lines(
        self,
        *,
        job: JobId | None = None,
        claim: int | None = None,
        opener: Address | None = None,
        worker: Address | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[LineRecord, ...]:
        """Lines that match every filter given; `worker` is who committed what they are about."""
        wanted: list[ColumnElement[bool]] = []
        if job is not None:
            wanted.append(lines.c.job == to_hex(job))
        if claim is not None:
            wanted.append(lines.c.claim == claim)
        if opener is not None:
            wanted.append(lines.c.opener == opener)
        if worker is not None:
            wanted.append(lines.c.job.in_(_jobs_of(worker)))
        if open_only:
            wanted.append(lines.c.turn != int(Turn.CLOSED))
        if before is not None:
            wanted.append(lines.c.id < before)
        query = select(lines.c.id).where(*wanted).order_by(lines.c.id.desc())
        return self._listed(SubjectKind.LINE, query, limit, fold_line)

    def answer(self, line: int, number: int) -> Answer | None:
        """The answer to round `number` of a line, with its leaves; None as long as there is none.

        Raises ProtocolError for one that this library wouldn't handle.
        """
        query = select(answers.c.answer).where(answers.c.line == line, answers.c.round == number)
        with self._database.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else Answer.from_json(found)

    def _listed(
        self,
        kind: SubjectKind,
        query: Select[Any],
        limit: int,
        fold: Callable[[Iterable[ChainEvent]], Record | None],
    ) -> tuple[Record, ...]:
        with self._database.read() as connection:
            keys = connection.execute(query.limit(max(1, min(limit, MAX_PAGE)))).scalars().all()
            found = [fold(events_of(connection, Subject(kind, str(key)))) for key in keys]
        return tuple(record for record in found if record is not None)

    def _one(
        self, kind: SubjectKind, key: object, fold: Callable[[Iterable[ChainEvent]], Record | None]
    ) -> Record | None:
        with self._database.read() as connection:
            return fold(events_of(connection, Subject(kind, str(key))))


def _jobs_of(worker: Address) -> Select[Any]:
    return select(jobs.c.id).where(jobs.c.worker == worker)
