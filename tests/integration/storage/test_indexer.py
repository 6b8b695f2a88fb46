"""Indexing: whole, in parts, again, through re-orgs of any depth, by two at once, against nodes that misbehave."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from atomic_verify.protocol.events import BlockRef
from atomic_verify.storage import indexer as module
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.errors import DatabaseForeign
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.tables import blocks
from tests.integration.storage.snapshots import check_whole, indexer, snapshot
from tests.unit.storage.world_books import CHAIN_ID, MARKET
from tests.unit.storage.world_chain import story


def test_all_at_once_and_block_by_block_are_the_same(database: Database, fresh: Database) -> None:
    chain = story(60)
    report = indexer(chain, database, batch_blocks=1).sync()
    assert report.is_at_head
    assert report.events == len(chain.all_events())
    check_whole(database, chain, fresh)


def test_syncing_again_changes_nothing_and_asks_little(database: Database) -> None:
    chain = story(30)
    indexer(chain, database).sync()
    before = snapshot(database)
    chain.calls.clear()
    report = indexer(chain, database).sync()
    assert (report.events, report.touched, report.is_at_head) == (0, frozenset(), True)
    assert dict(chain.calls) == {"head": 1}
    assert snapshot(database) == before


def test_a_few_batches_at_a_time(database: Database, fresh: Database) -> None:
    chain = story(30)
    assert indexer(chain, database, batch_blocks=10).sync(max_batches=1).indexed == 9
    assert indexer(chain, database, batch_blocks=10).sync(max_batches=2).indexed == 29
    assert indexer(chain, database, batch_blocks=10).sync().indexed == 30
    check_whole(database, chain, fresh)


@pytest.mark.parametrize("depth", [1, 2, 10, 39, 1000])
def test_a_reorg_undoes_exactly_what_was_replaced(database: Database, fresh: Database, depth: int) -> None:
    chain = story(40)
    follower = indexer(chain, database, batch_blocks=7)
    follower.sync()
    for block in range(3):
        chain.mine([block])
        follower.sync()
    chain.reorg(depth, [[number] for number in range(depth % 50 + 2)])
    report = follower.sync()
    assert report.rolled_back_to is not None
    assert report.rolled_back_to <= max(0, 44 - depth)
    assert report.touched
    check_whole(database, chain, fresh)


def test_a_job_goes_back_to_the_state_before(database: Database) -> None:
    chain = story(40)
    follower = indexer(chain, database)
    follower.sync()
    jobs = {job.id: job.state for job in Queries(database).jobs(limit=500).jobs}
    chain.mine(list(range(100, 140)))
    follower.sync()
    assert {job.id: job.state for job in Queries(database).jobs(limit=500).jobs} != jobs
    chain.reorg(1, [[], []])
    follower.sync()
    assert {job.id: job.state for job in Queries(database).jobs(limit=500).jobs} == jobs


def test_a_reorg_deeper_than_the_blocks_that_are_remembered(
    database: Database, fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_BLOCKS", 3)
    chain = story(60)
    indexer(chain, database, batch_blocks=1).sync()
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(blocks)).scalar_one() < 60
    chain.reorg(30, [[number] for number in range(40)])
    indexer(chain, database, batch_blocks=1).sync()
    check_whole(database, chain, fresh)


def test_the_same_transaction_in_another_block_after_a_reorg(database: Database, fresh: Database) -> None:
    chain = story(10)
    chain.mine([5, 6, 7])
    indexer(chain, database).sync()
    chain.reorg(1, [[], [5, 6, 7]])
    indexer(chain, database).sync()
    check_whole(database, chain, fresh)


def test_another_chain_altogether_is_indexed_from_the_start(database: Database, fresh: Database) -> None:
    indexer(story(40, seed=1), database).sync()
    other = story(25, seed=2)
    other.reorg(25, [[n, n + 1] for n in range(60)])
    indexer(other, database).sync()
    check_whole(database, other, fresh)


ops = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.lists(st.integers(0, 9999), max_size=5)),
        st.tuples(
            st.just("reorg"), st.integers(1, 12), st.lists(st.lists(st.integers(0, 9999), max_size=4), max_size=14)
        ),
        st.tuples(st.just("sync"), st.integers(1, 5), st.integers(1, 3)),
    ),
    max_size=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ops)
def test_whatever_happened_the_end_is_as_if_indexed_straight(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple]
) -> None:
    folder = tmp_path_factory.mktemp("reorgs")
    chain = story(6)
    with open_database(f"{folder}/a.sqlite") as database, open_database(f"{folder}/b.sqlite") as straight:
        for step in steps:
            if step[0] == "mine":
                chain.mine(step[1])
            elif step[0] == "reorg":
                chain.reorg(step[1], step[2])
            else:
                indexer(chain, database, batch_blocks=step[1]).sync(max_batches=step[2])
        # A shorter chain than before is only believed once it is as long as what was indexed.
        for _ in range(15):
            chain.mine([])
        assert indexer(chain, database, batch_blocks=3).sync().is_at_head
        check_whole(database, chain, straight)


def test_an_indexer_says_when_another_one_was_at_work(database: Database) -> None:
    chain = story(6)
    one, other = indexer(chain, database), indexer(chain, database)
    assert not one.sync().is_shared
    chain.mine([])
    assert not one.sync().is_shared
    chain.mine([])
    other.sync()
    assert one.sync().is_shared
    assert not one.sync().is_shared
    chain.reorg(1, [[]])
    other.sync()
    assert one.sync().is_shared


def test_two_indexers_on_one_database(database: Database, fresh: Database) -> None:
    chain = story(80)
    errors: list[BaseException] = []

    def follow() -> None:
        try:
            while not indexer(chain, database, batch_blocks=3).sync(max_batches=2).is_at_head:
                pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    check_whole(database, chain, fresh)


def test_a_database_of_another_chain_or_market_is_refused(database: Database) -> None:
    chain = story(5)
    indexer(chain, database).sync()
    for chain_id, market in ((1, MARKET), (CHAIN_ID, "0x" + "11" * 20)):
        with pytest.raises(DatabaseForeign):
            Indexer(chain, database, chain_id=chain_id, market=market).sync()


def test_indexing_begins_at_the_deployment(database: Database) -> None:
    chain = story(40)
    before = len(chain.events(0, 19))
    report = indexer(chain, database, first_block=20).sync()
    assert report.events == len(chain.all_events()) - before
    status = Queries(database).chain()
    assert status is not None
    assert (status.indexed, status.lag_blocks) == (40, 0)


def test_the_head_is_known_before_anything_is_indexed(database: Database) -> None:
    assert Queries(database).chain() is None
    chain = story(0)
    chain.blocks[0] = chain.blocks[0].__class__(BlockRef(0, "0xaa", 500), (), ())
    indexer(chain, database).sync()
    status = Queries(database).chain()
    assert status is not None
    assert (status.head, status.indexed_hash) == (BlockRef(0, "0xaa", 500), "0xaa")
    assert status.lag_seconds(507.5) == 7.5
