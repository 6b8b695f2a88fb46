"""What gateway, worker and CLI read of the chain: jobs, results, models, workers, transactions, and how fresh it is.

Life cycle: all steps, receipt above all. Every answer comes from the database alone and is one consistent snapshot; the
chain isn't asked. A single job is folded from its few events; lists come from the projections' rows.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, Select, and_, func, or_, select

from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.types import Address, Amount, JobId, JobState, ModelId, Rfp, parse_word, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.dispute_queries import MAX_PAGE, DisputeQueries
from atomic_verify.storage.projections import Subject, SubjectKind, fold_job, fold_model
from atomic_verify.storage.projector import events_of
from atomic_verify.storage.recent import RecentMap
from atomic_verify.storage.records import BidRecord, CreditRecord, JobRecord, ModelEntry, ResultRecord, WorkerBooks
from atomic_verify.storage.tables import (
    account_credits,
    attempts,
    bids,
    blocks,
    jobs,
    models,
    results,
    settlements,
    sync_state,
    workers,
)
from atomic_verify.storage.transactions import of_claim, of_job, transactions_of
from atomic_verify.storage.views import (
    ChainStatus,
    JobPage,
    JobPosition,
    JobSummary,
    ReceiptFacts,
    TransactionRecord,
    WorkerView,
)

REMEMBERED_JOBS = 1024


class Queries(DisputeQueries):
    """Reads of one indexed database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        # The cursor's hash names the chain up to there, and a record follows from that alone.
        self._memory: RecentMap[tuple[JobId, str], JobRecord] = RecentMap(REMEMBERED_JOBS)

    # Jobs

    def job(self, job: JobId) -> JobRecord | None:
        """The job with its bids, attempts, result and settlement, or None."""
        with self._database.read() as connection:
            return self._folded(connection, job)

    def bids(self, job: JobId) -> tuple[BidRecord, ...]:
        """The bids on a job in the order in which they were sealed."""
        found = self.job(job)
        return () if found is None else found.bids

    def result(self, job: JobId) -> ResultRecord | None:
        """The job's committed result, or None."""
        found = self.job(job)
        return None if found is None else found.result

    def jobs(
        self,
        *,
        states: Collection[JobState] | None = None,
        requester: Address | None = None,
        worker: Address | None = None,
        bidder: Address | None = None,
        model: ModelId | None = None,
        after: JobPosition | None = None,
        limit: int = 50,
    ) -> JobPage:
        """Jobs, newest first, that match every filter given. `after`: `next` of the page before; 500 a page at most."""
        limit = max(1, min(limit, MAX_PAGE))
        wanted: list[ColumnElement[bool]] = []
        if states is not None:
            wanted.append(jobs.c.state.in_([int(state) for state in states]))
        if requester is not None:
            wanted.append(jobs.c.requester == requester)
        if worker is not None:
            wanted.append(jobs.c.worker == worker)
        if model is not None:
            wanted.append(jobs.c.model_id == to_hex(model))
        if bidder is not None:
            wanted.append(jobs.c.id.in_(select(bids.c.job).where(bids.c.worker == bidder)))
        if after is not None:
            block, log = after
            older = and_(jobs.c.posted_block == block, jobs.c.posted_log < log)
            wanted.append(or_(jobs.c.posted_block < block, older))
        query = _summaries().where(*wanted).order_by(jobs.c.posted_block.desc(), jobs.c.posted_log.desc())
        found = [_summary(row) for row in self._rows(query.limit(limit + 1))]
        page = tuple(found[:limit])
        return JobPage(page, page[-1].position if len(found) > limit else None)

    def jobs_with_payload(self, payload: str) -> tuple[JobId, ...]:
        """The jobs whose result has this output payload (a blob's digest)."""
        rows = self._rows(select(results.c.job).where(results.c.payload == payload))
        return tuple(JobId(parse_word(row["job"])) for row in rows)

    def receipt_facts(self, job: JobId) -> ReceiptFacts | None:
        """What a receipt of the job says about the chain; None without a committed result."""
        with self._database.read() as connection:
            found = self._folded(connection, job)
            row = connection.execute(select(sync_state)).one_or_none()
        if found is None or found.result is None or row is None:
            return None
        return ReceiptFacts(row.chain_id, Address(row.market), found, found.result)

    def transactions(self, job: JobId) -> tuple[TransactionRecord, ...]:
        """All transactions that did something for the job, those of its claims and lines included, in chain order."""
        with self._database.read() as connection:
            return transactions_of(connection, of_job(to_hex(job)))

    def claim_transactions(self, claim: int) -> tuple[TransactionRecord, ...]:
        """All transactions of a claim and of the lines on its trace, in chain order."""
        with self._database.read() as connection:
            return transactions_of(connection, of_claim(claim))

    # Models

    def model(self, model: ModelId) -> ModelEntry | None:
        """A published model, or None."""
        return fold_model(self._events(Subject(SubjectKind.MODEL, to_hex(model))))

    def models(self, limit: int = MAX_PAGE, offset: int = 0) -> tuple[ModelEntry, ...]:
        """Published models, newest first."""
        query = (
            select(models.c.id)
            .order_by(models.c.published_block.desc(), models.c.published_log.desc())
            .limit(max(1, min(limit, MAX_PAGE)))
            .offset(offset)
        )
        with self._database.read() as connection:
            keys = connection.execute(query).scalars().all()
            entries = [fold_model(events_of(connection, Subject(SubjectKind.MODEL, key))) for key in keys]
        return tuple(entry for entry in entries if entry is not None)

    # Accounts

    def worker(self, address: Address) -> WorkerView | None:
        """A worker's endpoint, stake and record, or None for one that never staked nor announced itself."""
        found = self._workers(workers.c.address == address, 1, 0)
        return found[0] if found else None

    def workers(self, limit: int = MAX_PAGE, offset: int = 0) -> tuple[WorkerView, ...]:
        """All workers, by address."""
        return self._workers(None, max(1, min(limit, MAX_PAGE)), offset)

    def credits(self, account: Address) -> tuple[CreditRecord, ...]:
        """What an account may withdraw, by token; without the tokens of which nothing is left."""
        rows = self._rows(
            select(account_credits).where(account_credits.c.account == account).order_by(account_credits.c.token)
        )
        found = (CreditRecord(row["account"], row["token"], Amount(row["amount"])) for row in rows)
        return tuple(record for record in found if record.amount > 0)

    # The chain

    def chain(self) -> ChainStatus | None:
        """Which chain this is, how far it was indexed, and its head then; None before the first sync."""
        query = select(sync_state, blocks.c.hash, blocks.c.timestamp).outerjoin(
            blocks, blocks.c.number == sync_state.c.cursor
        )
        rows = self._rows(query)
        if not rows:
            return None
        row = rows[0]
        head = BlockRef(row["head_number"], row["head_hash"], row["head_timestamp"])
        return ChainStatus(row["chain_id"], Address(row["market"]), row["cursor"], row["hash"], head)

    def _folded(self, connection: Connection, job: JobId) -> JobRecord | None:
        """The job's record, remembered for as long as nothing new is indexed."""
        at = connection.execute(_cursor_hash()).scalar()
        if at is None:
            return None
        found = self._memory.get((job, at))
        if found is None:
            found = fold_job(events_of(connection, _job(job)))
            if found is not None:
                self._memory.put((job, at), found)
        return found

    def _events(self, subject: Subject) -> list[ChainEvent]:
        with self._database.read() as connection:
            return events_of(connection, subject)

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        with self._database.read() as connection:
            return list(connection.execute(query).mappings())

    def _workers(self, wanted: ColumnElement[bool] | None, limit: int, offset: int) -> tuple[WorkerView, ...]:
        query = select(workers).order_by(workers.c.address).limit(limit).offset(offset)
        with self._database.read() as connection:
            rows = connection.execute(query if wanted is None else query.where(wanted)).all()
            books = [WorkerBooks(*row) for row in rows]
            names = [worker.address for worker in books]
            ended = connection.execute(
                select(
                    settlements.c.worker, settlements.c.state, settlements.c.has_void_items, func.count().label("jobs")
                )
                .where(settlements.c.worker.in_(names))
                .group_by(settlements.c.worker, settlements.c.state, settlements.c.has_void_items)
            ).all()
            missed = connection.execute(
                select(attempts.c.worker, func.count().label("jobs"))
                .where(attempts.c.worker.in_(names), attempts.c.missed_block.is_not(None))
                .group_by(attempts.c.worker)
            ).all()
        return tuple(_worker_view(worker, ended, missed) for worker in books)


@cache
def _cursor_hash() -> Select[Any]:
    return select(blocks.c.hash).join(sync_state, sync_state.c.cursor == blocks.c.number)


def _job(job: JobId) -> Subject:
    return Subject(SubjectKind.JOB, to_hex(job))


def _summaries() -> Select[Any]:
    return select(jobs, blocks.c.timestamp.label("posted_at")).join(blocks, blocks.c.number == jobs.c.posted_block)


def _summary(row: RowMapping) -> JobSummary:
    return JobSummary(
        id=JobId(parse_word(row["id"])),
        rfp=Rfp.from_json(row["rfp"]),
        state=JobState(row["state"]),
        position=(row["posted_block"], row["posted_log"]),
        posted_at=row["posted_at"],
        worker=row["worker"],
        attempts=row["attempt"],
        price=row["price"],
        deadline=row["deadline"],
        final_at=row["final_at"],
    )


def _worker_view(books: WorkerBooks, ended: Sequence[Row[Any]], missed: Sequence[Row[Any]]) -> WorkerView:
    mine = [row for row in ended if row.worker == books.address]
    final = [row for row in mine if row.state == JobState.FINAL]
    return WorkerView(
        books=books,
        final_jobs=sum(row.jobs for row in final if not row.has_void_items),
        void_jobs=sum(row.jobs for row in final if row.has_void_items),
        slashed_jobs=sum(row.jobs for row in mine if row.state == JobState.SLASHED),
        missed_jobs=sum(row.jobs for row in missed if row.worker == books.address),
    )
