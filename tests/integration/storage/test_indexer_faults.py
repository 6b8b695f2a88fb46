"""Indexing against nodes that fall behind, re-org while they are read, lie, or go away."""

import pytest

from atomic_verify.chain.errors import ChainMoved
from atomic_verify.protocol.events import CHAIN_MOVED, ChainEvent
from atomic_verify.storage.database import Database
from atomic_verify.storage.errors import ChainInconsistent
from tests.integration.storage.snapshots import check_whole, indexer, snapshot
from tests.unit.storage.world_chain import WorldChain, story


def test_a_node_that_is_behind_undoes_nothing(database: Database) -> None:
    chain = story(30)
    indexer(chain, database).sync()
    before = snapshot(database)
    chain.blocks, newest = chain.blocks[:20], chain.blocks[20:]
    report = indexer(chain, database).sync()
    assert not report.is_at_head
    assert (report.head.number, report.indexed) == (19, 30)
    assert snapshot(database) == before
    chain.blocks += newest
    assert indexer(chain, database).sync().is_at_head


class ReorgsWhileRead(WorldChain):
    """Re-orgs right after it told its events, as often as asked."""

    times = 0

    def events(self, first: int, last: int) -> list[ChainEvent]:
        found = super().events(first, last)
        if self.times > 0:
            self.times -= 1
            self.reorg(5, [[n] for n in range(8)])
        return found


class MovesWhileRead(ReorgsWhileRead):
    """Notices itself that it moved."""

    def events(self, first: int, last: int) -> list[ChainEvent]:
        if self.times > 0:
            super().events(first, last)
            raise ChainMoved("Blocks were replaced while they were being read")
        return super().events(first, last)


def test_the_code_of_a_moved_chain_is_the_one_that_the_indexer_knows() -> None:
    assert ChainMoved.code == CHAIN_MOVED


@pytest.mark.parametrize("kind", [ReorgsWhileRead, MovesWhileRead])
def test_a_reorg_in_the_middle_of_reading(database: Database, fresh: Database, kind: type[ReorgsWhileRead]) -> None:
    chain = kind()
    for number in range(30):
        chain.mine([number])
    chain.times = 3
    indexer(chain, database, batch_blocks=10).sync()
    # The head may have grown while it was read.
    indexer(chain, database, batch_blocks=10).sync()
    check_whole(database, chain, fresh)


def test_a_node_that_never_stands_still_is_an_error_and_nothing_half(database: Database) -> None:
    chain = ReorgsWhileRead()
    for number in range(30):
        chain.mine([number])
    chain.times = 10**6
    with pytest.raises(ChainInconsistent):
        indexer(chain, database).sync()
    assert all(rows == [] for rows in snapshot(database).values())


class Liar(WorldChain):
    """Tells events that can't be."""

    lie = ""

    def events(self, first: int, last: int) -> list[ChainEvent]:
        found = super().events(first, last)
        if self.lie == "twice":
            return [*found, found[-1]]
        if self.lie == "order":
            return found[::-1]
        if self.lie == "range":
            return super().events(first, last + 1)
        if self.lie == "before":
            return super().events(first - 1, last)
        if self.lie == "hash":
            return [self._of_another_block(event) for event in found]
        return found

    def _of_another_block(self, event: ChainEvent) -> ChainEvent:
        values = {name: getattr(event, name) for name in ChainEvent.__slots__}
        return ChainEvent(**{**values, "block_hash": "0x" + "00" * 32})


@pytest.mark.parametrize("lie", ["twice", "order", "range", "before", "hash"])
def test_events_that_contradict_the_chain_are_not_kept(database: Database, lie: str) -> None:
    chain = Liar()
    for number in range(30):
        chain.mine([number, number + 1])
    indexer(chain, database, batch_blocks=10).sync(max_batches=1)
    before = snapshot(database)
    chain.lie = lie
    with pytest.raises(ChainInconsistent):
        indexer(chain, database, batch_blocks=10).sync()
    assert snapshot(database) == before


class Breaks(WorldChain):
    """Fails after some calls."""

    left = 3

    def block_hash(self, number: int) -> str | None:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError("the node is gone")
        return super().block_hash(number)


def test_a_node_that_goes_away_loses_nothing(database: Database, fresh: Database) -> None:
    chain = Breaks()
    for number in range(30):
        chain.mine([number])
    while True:
        try:
            indexer(chain, database, batch_blocks=4).sync()
        except ConnectionError:
            chain.left = 40
        else:
            break
    chain.left = 10**6
    check_whole(database, chain, fresh)
