"""Which transactions belong to a job or a claim, with their gas.

Life cycle: all steps; the part of `queries` that tells what something cost.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, or_, select

from atomic_verify.storage.dispute_tables import claims, lines
from atomic_verify.storage.projections import SubjectKind
from atomic_verify.storage.tables import blocks, events, subjects, transactions
from atomic_verify.storage.views import TransactionRecord

_SEAL = claims.c.claimer + ":" + claims.c.seal


def transactions_of(connection: Connection, wanted: ColumnElement[bool]) -> tuple[TransactionRecord, ...]:
    """The transactions with an event of one of the subjects that `wanted` selects, in chain order."""
    members = (
        select(events.c.tx_hash)
        .join(
            subjects,
            and_(subjects.c.block_number == events.c.block_number, subjects.c.log_index == events.c.log_index),
        )
        .where(wanted)
    )
    query = (
        select(transactions, blocks.c.timestamp, blocks.c.hash.label("block_hash"))
        .join(blocks, blocks.c.number == transactions.c.block_number)
        .where(transactions.c.hash.in_(members))
        .order_by(transactions.c.block_number, transactions.c.tx_index)
    )
    return tuple(
        TransactionRecord(
            hash=row["hash"],
            act=row["act"],
            sender=row["sender"],
            gas_used=row["gas_used"],
            block_number=row["block_number"],
            block_hash=row["block_hash"],
            timestamp=row["timestamp"],
        )
        for row in connection.execute(query).mappings()
    )


def of_job(key: str) -> ColumnElement[bool]:
    """The subjects of a job: itself, and what doesn't name it, the seals of its claims and its lines' rounds."""
    return or_(
        _is(SubjectKind.JOB, [key]),
        _is(SubjectKind.SEAL, select(_SEAL).where(claims.c.job == key)),
        _is(SubjectKind.LINE, select(cast(lines.c.id, Text)).where(lines.c.job == key)),
    )


def of_claim(claim: int) -> ColumnElement[bool]:
    """The subjects of a claim: itself, its seal, and the lines on its trace."""
    return or_(
        _is(SubjectKind.CLAIM, [str(claim)]),
        _is(SubjectKind.SEAL, select(_SEAL).where(claims.c.id == claim)),
        _is(SubjectKind.LINE, select(cast(lines.c.id, Text)).where(lines.c.claim == claim)),
    )


def _is(kind: SubjectKind, keys: Select[Any] | list[str]) -> ColumnElement[bool]:
    return and_(subjects.c.kind == kind.value, subjects.c.key.in_(keys))
