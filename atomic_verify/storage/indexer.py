"""Follows the chain: reads new events, keeps them with the records that they add up to, and undoes what a re-org undid.

Life cycle: all steps. Terms: the *cursor* is the last block that was indexed; the *ancestor* is the highest indexed
block that the chain still has. Each batch is one transaction, so a process killed anywhere goes on from the last whole
batch, and two indexers on one database do no harm: the second sees that the cursor moved and reads anew.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from atomic_verify.errors import AtomicError
from atomic_verify.protocol.events import CHAIN_MOVED, BlockRef, ChainEvent, EventSource
from atomic_verify.protocol.types import Address
from atomic_verify.storage.database import Database
from atomic_verify.storage.errors import ChainInconsistent, DatabaseForeign, DatabaseUnavailable
from atomic_verify.storage.projections import Subject
from atomic_verify.storage.projector import drop_above, keep_events, project, refold
from atomic_verify.storage.tables import blocks, events, sync_state

BATCH_BLOCKS = 2000
KEEP_BLOCKS = 1024
"""How many of the newest blocks are remembered even without events, to find a re-org's ancestor exactly."""
CHECKED_BLOCKS = 64
"""In how many of the newest blocks each event's block is checked against the chain: where re-orgs happen."""
MAX_RETRIES = 5


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one `sync` did. `indexed` is the cursor after it; `touched` are the records that changed."""

    head: BlockRef
    indexed: int
    events: int = 0
    rolled_back_to: int | None = None
    """The lowest ancestor that a re-org went back to, or None."""
    touched: frozenset[Subject] = frozenset()
    is_shared: bool = False
    """Whether another indexer moved the cursor since this one's last step: then more changed than `touched` says."""

    @property
    def is_at_head(self) -> bool:
        """False when there is more to do, or when the chain's node is behind what was indexed."""
        return self.indexed == self.head.number


@dataclass(frozen=True, slots=True)
class _Cursor:
    number: int
    hash: str | None
    """None before the first block."""


class _Again(Enum):
    """Why nothing came of a step."""

    MOVED = auto()
    """The chain was replaced while it was read."""
    OVERTAKEN = auto()
    """Another indexer moved the cursor first."""


class Indexer:
    """Fills one database from one deployment's events, from block `first_block` (the deployment's) on."""

    def __init__(
        self,
        source: EventSource,
        database: Database,
        *,
        chain_id: int,
        market: Address,
        first_block: int = 0,
        batch_blocks: int = BATCH_BLOCKS,
    ) -> None:
        self._source = source
        self._database = database
        self._chain_id = chain_id
        self._market = market
        self._first = first_block
        self._batch = batch_blocks
        self._left_at: _Cursor | None = None

    def sync(self, max_batches: int | None = None) -> SyncReport:
        """Indexes up to the chain's head as it is now, or `max_batches` batches. Doing it again changes nothing.

        Raises DatabaseForeign, DatabaseUnavailable, ChainInconsistent, and whatever the source raises; what was indexed
        before stays.
        """
        self._claim()
        head = self._source.head()
        report = SyncReport(head, self._first - 1)
        retries = batches = 0
        while max_batches is None or batches < max_batches:
            cursor = self._cursor()
            report = replace(report, is_shared=report.is_shared or self._left_at not in (None, cursor))
            self._left_at = cursor
            step = self._tried(cursor, head)
            if step is _Again.OVERTAKEN:
                continue
            if step is _Again.MOVED:
                retries += 1
                if retries > MAX_RETRIES:
                    raise ChainInconsistent(
                        "The chain's node keeps contradicting itself",
                        hint="Several nodes behind one address may disagree; use one node",
                        block=head.number,
                    )
                head = self._source.head()
                continue
            report, retries, batches = _merged(report, step), 0, batches + 1
            if step.rolled_back_to is None and step.indexed >= head.number:
                break
        return report

    def _tried(self, cursor: _Cursor, head: BlockRef) -> SyncReport | _Again:
        try:
            return self._step(cursor, head)
        except AtomicError as error:
            if error.code == CHAIN_MOVED:
                return _Again.MOVED
            raise

    def _step(self, cursor: _Cursor, head: BlockRef) -> SyncReport | _Again:
        """One batch, or one roll-back."""
        if self._is_replaced(cursor, head):
            return self._roll_back(cursor, head)
        if head.number <= cursor.number:
            return SyncReport(head, cursor.number)
        last = min(cursor.number + self._batch, head.number)
        before = self._source.block_hash(last)
        found = self._source.events(cursor.number + 1, last)
        if before is None or not self._holds(found, cursor, last, before, head):
            return _Again.MOVED
        return self._index(cursor, BlockRef(last, before, head.timestamp), found, head)

    # The chain

    def _is_replaced(self, cursor: _Cursor, head: BlockRef) -> bool:
        """Whether the chain no longer has the cursor's block. A node that is merely behind it replaced nothing."""
        if cursor.hash is None:
            return False
        if head.number == cursor.number:
            return head.hash != cursor.hash
        if head.number > cursor.number:
            return self._source.block_hash(cursor.number) != cursor.hash
        with self._database.read() as connection:
            known = connection.execute(
                select(blocks.c.number, blocks.c.hash)
                .where(blocks.c.number <= head.number)
                .order_by(blocks.c.number.desc())
                .limit(1)
            ).one_or_none()
        return known is not None and self._source.block_hash(known.number) != known.hash

    def _holds(self, found: Sequence[ChainEvent], cursor: _Cursor, last: int, last_hash: str, head: BlockRef) -> bool:
        """Whether the events are of one chain, the one that goes through the cursor and `last`, before and after."""
        positions = [event.position for event in found]
        if any(a >= b for a, b in pairwise(positions)):
            return False
        if found and not cursor.number < positions[0][0] <= positions[-1][0] <= last:
            return False
        hashes = {event.block_number: event.block_hash for event in found}
        if len({(event.block_number, event.block_hash) for event in found}) != len(hashes):
            return False
        checked = {n: h for n, h in hashes.items() if n > head.number - CHECKED_BLOCKS} | {last: last_hash}
        if cursor.hash is not None:
            checked[cursor.number] = cursor.hash
        if hashes.get(last, last_hash) != last_hash:
            return False
        return all(self._source.block_hash(number) == expected for number, expected in checked.items())

    def _ancestor(self) -> int:
        """The highest indexed block that the chain still has, by a galloping search from the newest down."""
        wrong, right = -1, 0
        while not self._is_canonical(right):
            wrong, right = right, 2 * right + 1
        while right - wrong > 1:
            middle = (wrong + right) // 2
            wrong, right = (wrong, middle) if self._is_canonical(middle) else (middle, right)
        known = self._known_block(right)
        return self._first - 1 if known is None else known.number

    def _is_canonical(self, age: int) -> bool:
        known = self._known_block(age)
        return known is None or self._source.block_hash(known.number) == known.hash

    # The database

    def _claim(self) -> None:
        """Binds a new database to this chain and market. Raises DatabaseForeign for one that is bound to another."""
        row = self._state()
        if row is None:
            # Another indexer may do the same at this moment: then its row counts.
            with suppress(IntegrityError), self._database.write() as connection:
                connection.execute(insert(sync_state).values(**self._first_state()))
            row = self._state()
        if row is None:
            raise DatabaseUnavailable("The database lost the record of its chain")
        if (row.chain_id, row.market) != (self._chain_id, self._market):
            raise DatabaseForeign(
                f"The database belongs to market {row.market} on chain {row.chain_id}",
                hint="Name another database for this chain, or remove this one",
                expected_chain=self._chain_id,
                expected_market=self._market,
            )
        self._first = row.first_block

    def _state(self) -> Row[Any] | None:
        with self._database.read() as connection:
            return connection.execute(select(sync_state)).one_or_none()

    def _first_state(self) -> dict[str, object]:
        return {
            "id": 1,
            "chain_id": self._chain_id,
            "market": self._market,
            "first_block": self._first,
            "cursor": self._first - 1,
            "head_number": self._first - 1,
            "head_hash": "",
            "head_timestamp": 0,
        }

    def _cursor(self) -> _Cursor:
        with self._database.read() as connection:
            return _read_cursor(connection)

    def _known_block(self, age: int) -> BlockRef | None:
        query = select(blocks.c.number, blocks.c.hash).order_by(blocks.c.number.desc()).offset(age).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else BlockRef(row.number, row.hash, 0)

    def _index(
        self, cursor: _Cursor, last: BlockRef, found: Sequence[ChainEvent], head: BlockRef
    ) -> SyncReport | _Again:
        with self._database.write() as connection:
            if _locked_cursor(connection) != cursor:
                return _Again.OVERTAKEN
            touched = keep_events(connection, found)
            project(connection, touched)
            if not found or found[-1].block_number != last.number:
                timestamp = head.timestamp if last.number == head.number else None
                connection.execute(insert(blocks).values(number=last.number, hash=last.hash, timestamp=timestamp))
            _forget_blocks(connection, cursor.number - KEEP_BLOCKS, last.number - KEEP_BLOCKS)
            self._left_at = _move(connection, last.number, head)
        return SyncReport(head, last.number, len(found), None, frozenset(touched))

    def _roll_back(self, cursor: _Cursor, head: BlockRef) -> SyncReport | _Again:
        ancestor = self._ancestor()
        with self._database.write() as connection:
            if _locked_cursor(connection) != cursor:
                return _Again.OVERTAKEN
            touched = drop_above(connection, ancestor)
            refold(connection, touched)
            self._left_at = _move(connection, ancestor, head)
        return SyncReport(head, ancestor, 0, ancestor, frozenset(touched))


def _merged(before: SyncReport, step: SyncReport) -> SyncReport:
    backs = [n for n in (before.rolled_back_to, step.rolled_back_to) if n is not None]
    back, touched = min(backs, default=None), before.touched | step.touched
    return SyncReport(step.head, step.indexed, before.events + step.events, back, touched, before.is_shared)


def _locked_cursor(connection: Connection) -> _Cursor:
    """The cursor, which nobody else moves before this transaction ends."""
    connection.execute(select(sync_state.c.id).with_for_update())
    return _read_cursor(connection)


def _read_cursor(connection: Connection) -> _Cursor:
    query = select(sync_state.c.cursor, blocks.c.hash).outerjoin_from(
        sync_state, blocks, blocks.c.number == sync_state.c.cursor
    )
    return _Cursor(*connection.execute(query).one())


def _move(connection: Connection, cursor: int, head: BlockRef) -> _Cursor:
    """Moves the cursor and returns it as it is then."""
    values = {"head_number": head.number, "head_hash": head.hash, "head_timestamp": head.timestamp}
    connection.execute(update(sync_state).values(cursor=cursor, **values))
    return _read_cursor(connection)


def _forget_blocks(connection: Connection, first: int, before: int) -> None:
    """Forgets the blocks from `first` on and below `before` that have no events."""
    has_events = exists().where(events.c.block_number == blocks.c.number)
    connection.execute(delete(blocks).where(and_(blocks.c.number >= first, blocks.c.number < before, ~has_events)))
