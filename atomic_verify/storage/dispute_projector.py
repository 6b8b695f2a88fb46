"""Keeps the records of seals, claims and lines, and the answers apart from their events.

Life cycle: claim and line; part of `projector`. An answer holds up to 32 KiB of leaves, and a line's record is folded
again with every event of it: so the event is kept without its answer, which has a row of its own beside it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.storage.dispute_rows import claim_row, line_row, seal_row
from atomic_verify.storage.dispute_tables import claims, lines, seals
from atomic_verify.storage.projections import Subject, SubjectKind, fold_claim, fold_line, fold_seal

ANSWERED = "Answered"


def kept_args(event: ChainEvent) -> dict[str, Any]:
    """The arguments that are kept with an event."""
    args = dict(event.args)
    if event.name == ANSWERED:
        del args["answer"]
    return args


def answer_rows(found: Iterable[ChainEvent]) -> Iterable[dict[str, Any]]:
    """The rows of `answers` that events bring."""
    for event in found:
        if event.name == ANSWERED:
            yield {
                "block_number": event.block_number,
                "log_index": event.log_index,
                "line": event.args["line"],
                "round": event.args["round"],
                "answer": event.args["answer"],
            }


def write_dispute(connection: Connection, subject: Subject, kept: Sequence[ChainEvent]) -> None:
    """Replaces the row of a seal, a claim or a line by what its events add up to."""
    if subject.kind is SubjectKind.SEAL:
        claimer, seal_ = subject.key.split(":")
        connection.execute(delete(seals).where(seals.c.claimer == claimer, seals.c.seal == seal_))
        seal = fold_seal(kept)
        if seal is not None:
            connection.execute(insert(seals).values(seal_row(seal)))
    elif subject.kind is SubjectKind.CLAIM:
        connection.execute(delete(claims).where(claims.c.id == int(subject.key)))
        claim = fold_claim(kept)
        if claim is not None:
            connection.execute(insert(claims).values(claim_row(claim)))
    elif subject.kind is SubjectKind.LINE:
        connection.execute(delete(lines).where(lines.c.id == int(subject.key)))
        line = fold_line(kept)
        if line is not None:
            connection.execute(insert(lines).values(line_row(line)))
