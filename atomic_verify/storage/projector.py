"""Keeps events and the records that they add up to in the database: the shell around the folds of `projections`.

Life cycle: all steps. Everything here happens inside a transaction of the indexer's, so that readers see whole batches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, delete, insert, select

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import Address, parse_address
from atomic_verify.storage.acts import act_of, telling_name
from atomic_verify.storage.dispute_projector import answer_rows, kept_args, write_dispute
from atomic_verify.storage.dispute_tables import answers
from atomic_verify.storage.projections import (
    Subject,
    SubjectKind,
    fold_credit,
    fold_job,
    fold_model,
    fold_worker,
    subjects_of,
)
from atomic_verify.storage.records import CreditRecord, JobRecord, ModelEntry, WorkerBooks
from atomic_verify.storage.rows import attempt_rows, bid_rows, job_row, point_row, result_rows, settlement_rows
from atomic_verify.storage.tables import (
    account_credits,
    attempts,
    bids,
    blocks,
    events,
    jobs,
    models,
    results,
    settlements,
    subjects,
    transactions,
    workers,
)

Touched = dict[Subject, list[ChainEvent]]
"""New events by the record that they belong to, in chain order."""


def keep_events(connection: Connection, found: Sequence[ChainEvent]) -> Touched:
    """Inserts new events with their blocks and transactions, and sorts them by subject."""
    touched: Touched = {}
    by_tx: dict[str, list[ChainEvent]] = {}
    for event in found:
        by_tx.setdefault(event.tx_hash, []).append(event)
        for subject in subjects_of(event):
            touched.setdefault(subject, []).append(event)
    new_blocks = {event.block_number: event for event in found}
    _insert(
        connection,
        blocks,
        ({"number": n, "hash": event.block_hash, "timestamp": event.timestamp} for n, event in new_blocks.items()),
    )
    _insert(connection, transactions, (_transaction(members) for members in by_tx.values()))
    _insert(connection, events, map(_event_row, found))
    _insert(
        connection,
        subjects,
        (
            {"kind": subject.kind.value, "key": subject.key, "block_number": e.block_number, "log_index": e.log_index}
            for subject, members in touched.items()
            for e in members
        ),
    )
    _insert(connection, answers, answer_rows(found))
    return touched


def project(connection: Connection, touched: Touched) -> None:
    """Brings the records of all subjects up to date with their new events, which are kept already."""
    for subject, new in touched.items():
        if subject.kind is SubjectKind.WORKER:
            _write_worker(
                connection, fold_worker(read_worker(connection, Address(subject.key)), Address(subject.key), new)
            )
        elif subject.kind is SubjectKind.CREDIT:
            _write_credit(connection, fold_credit(_read_credit(connection, subject.key), subject.key, new))
        else:
            # Few and small events each, and these folds aren't resumable from their rows: all of them again.
            refold(connection, [subject])


def drop_above(connection: Connection, number: int) -> set[Subject]:
    """Deletes all blocks above `number` with their events, and returns the subjects that these were about."""
    rows = connection.execute(
        select(subjects.c.kind, subjects.c.key).where(subjects.c.block_number > number).distinct()
    ).all()
    connection.execute(delete(blocks).where(blocks.c.number > number))
    return {Subject(SubjectKind(kind), key) for kind, key in rows}


def refold(connection: Connection, found: Iterable[Subject]) -> None:
    """Makes the records of the subjects anew from the events that there are."""
    for subject in sorted(found):
        kept = events_of(connection, subject)
        if subject.kind is SubjectKind.JOB:
            _write_job(connection, subject.key, fold_job(kept))
        elif subject.kind is SubjectKind.MODEL:
            _write_model(connection, subject.key, fold_model(kept))
        elif subject.kind is SubjectKind.WORKER:
            address = Address(subject.key)
            connection.execute(delete(workers).where(workers.c.address == address))
            if kept:
                _write_worker(connection, fold_worker(None, address, kept))
        elif subject.kind is not SubjectKind.CREDIT:
            write_dispute(connection, subject, kept)
        else:
            connection.execute(delete(account_credits).where(_is_credit(subject.key)))
            if kept:
                _write_credit(connection, fold_credit(None, subject.key, kept))


def events_of(connection: Connection, subject: Subject) -> list[ChainEvent]:
    """All events of a subject in chain order."""
    return [ChainEvent(*row) for row in connection.execute(_events_query(), subject._asdict())]


@cache
def _events_query() -> Select[Any]:
    # Made once: building it takes longer than running it.
    return (
        select(
            events.c.block_number,
            blocks.c.hash.label("block_hash"),
            blocks.c.timestamp,
            events.c.tx_hash,
            transactions.c.tx_index,
            events.c.log_index,
            transactions.c.sender,
            transactions.c.gas_used,
            events.c.contract,
            events.c.name,
            events.c.args,
        )
        .join_from(
            subjects,
            events,
            and_(events.c.block_number == subjects.c.block_number, events.c.log_index == subjects.c.log_index),
        )
        .join(blocks, blocks.c.number == events.c.block_number)
        .join(transactions, transactions.c.hash == events.c.tx_hash)
        .where(subjects.c.kind == bindparam("kind"), subjects.c.key == bindparam("key"))
        .order_by(events.c.block_number, events.c.log_index)
    )


def read_worker(connection: Connection, address: Address) -> WorkerBooks | None:
    """The worker's books as kept."""
    row = connection.execute(select(workers).where(workers.c.address == address)).one_or_none()
    return None if row is None else WorkerBooks(*row)


def _read_credit(connection: Connection, key: str) -> CreditRecord | None:
    row = connection.execute(select(account_credits).where(_is_credit(key))).one_or_none()
    return None if row is None else CreditRecord(*row)


def _is_credit(key: str) -> ColumnElement[bool]:
    account, token = key.split(":")
    return and_(account_credits.c.account == account, account_credits.c.token == token)


def _insert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(insert(table), listed)


def _transaction(members: Sequence[ChainEvent]) -> dict[str, Any]:
    first = members[0]
    return {
        "hash": first.tx_hash,
        "block_number": first.block_number,
        "tx_index": first.tx_index,
        "sender": parse_address(first.sender),
        "gas_used": first.gas_used,
        "act": act_of(map(telling_name, members)),
    }


def _event_row(event: ChainEvent) -> dict[str, Any]:
    return {
        "block_number": event.block_number,
        "log_index": event.log_index,
        "tx_hash": event.tx_hash,
        "contract": event.contract,
        "name": event.name,
        "args": kept_args(event),
    }


def _write_worker(connection: Connection, books: WorkerBooks) -> None:
    connection.execute(delete(workers).where(workers.c.address == books.address))
    connection.execute(insert(workers).values(**asdict(books)))


def _write_credit(connection: Connection, record: CreditRecord) -> None:
    connection.execute(
        delete(account_credits).where(
            account_credits.c.account == record.account, account_credits.c.token == record.token
        )
    )
    connection.execute(insert(account_credits).values(**asdict(record)))


def _write_model(connection: Connection, key: str, entry: ModelEntry | None) -> None:
    connection.execute(delete(models).where(models.c.id == key))
    if entry is None:
        return
    values = {"publisher": entry.publisher, "disputable": entry.disputable, "uri": entry.uri}
    points = point_row("published", entry.published) | point_row("invalidated", entry.invalidated)
    connection.execute(insert(models).values(id=key, spec=dict(entry.spec_json), **values, **points))


def _write_job(connection: Connection, key: str, job: JobRecord | None) -> None:
    """Replaces the job's row and with it, by cascade, those of its bids, attempts, result and settlement."""
    connection.execute(delete(jobs).where(jobs.c.id == key))
    if job is None:
        return
    connection.execute(insert(jobs).values(job_row(key, job)))
    _insert(connection, bids, bid_rows(key, job))
    _insert(connection, attempts, attempt_rows(key, job))
    _insert(connection, results, result_rows(key, job))
    _insert(connection, settlements, settlement_rows(key, job))
