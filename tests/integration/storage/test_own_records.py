"""Intents, requests and decisions: durable, unique, ordered."""

import threading
from dataclasses import replace

import pytest

from atomic_verify.protocol.intents import UNFINISHED, Intent, IntentState, IntentStore
from atomic_verify.protocol.types import JobId
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.decisions import Decision, DecisionLog
from atomic_verify.storage.errors import RecordConflict, RecordMissing
from atomic_verify.storage.intents import SqlIntentStore
from atomic_verify.storage.requests import RequestItem, RequestLog, RequestState

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
JOB, OTHER = JobId(b"\x01" * 32), JobId(b"\x02" * 32)


def intent(key: str, account: str = ALICE, at: float = 1.0, **changes: object) -> Intent:
    made = Intent(31337, account, key, "Market.bid", BOB, "0xdead", 0, at, at, note='{"salt":"0x00"}')
    return replace(made, **changes)


def test_an_intent_comes_back_as_it_was_kept(database_url: str) -> None:
    whole = intent(
        "bid:1",
        value=2**200,
        state=IntentState.MINED,
        tries=2,
        nonce=7,
        gas_limit=10**6,
        max_fee=2**70,
        priority_fee=1,
        raw="0xaa",
        hashes=("0x01", "0x02"),
        sent_at=3.25,
        tx_hash="0x02",
        block_number=9,
        block_hash="0x99",
        gas_used=1,
        gas_price=2**65,
        succeeded=True,
        error_code="x",
        error="why \0",
    )
    with open_database(database_url) as database:
        SqlIntentStore(database).add(whole)
    with open_database(database_url) as database:
        store: IntentStore = SqlIntentStore(database)
        assert store.get(31337, ALICE, "bid:1") == whole
        assert store.get(1, ALICE, "bid:1") is None
        assert store.get(31337, BOB, "bid:1") is None


def test_an_identity_is_kept_once(database: Database) -> None:
    store = SqlIntentStore(database)
    store.add(intent("bid:1"))
    with pytest.raises(RecordConflict):
        store.add(intent("bid:1", value=5))
    assert store.get(31337, ALICE, "bid:1") == intent("bid:1")
    store.add(intent("bid:1", BOB))
    store.add(intent("bid:1", chain_id=1))


def test_of_many_that_add_one_key_at_once_one_wins(database: Database) -> None:
    store = SqlIntentStore(database)
    outcomes: list[int | None] = []

    def add(value: int) -> None:
        try:
            store.add(intent("bid:1", value=value))
        except RecordConflict:
            outcomes.append(None)
        else:
            outcomes.append(value)

    threads = [threading.Thread(target=add, args=(value,)) for value in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [value for value in outcomes if value is not None]
    assert len(outcomes) == 8
    assert len(winners) == 1
    kept = store.get(31337, ALICE, "bid:1")
    assert kept is not None
    assert kept.value == winners[0]


def test_an_update_replaces_and_needs_something_to_replace(database: Database) -> None:
    store = SqlIntentStore(database)
    store.add(intent("bid:1"))
    signed = intent("bid:1").moved(IntentState.SIGNED, 2.0, nonce=3, raw="0x01", hashes=("0x01",))
    store.update(signed)
    assert store.get(31337, ALICE, "bid:1") == signed
    with pytest.raises(RecordMissing):
        store.update(intent("bid:2"))


def test_the_unfinished_ones_by_nonce_then_by_creation(database: Database) -> None:
    store = SqlIntentStore(database)
    states = list(IntentState)
    for number, state in enumerate(states):
        store.add(intent(f"k{number}", at=100.0 - number, state=state, nonce=50 - number if number else None))
    store.add(intent("early", at=1.0))
    store.add(intent("other", BOB))
    found = store.unfinished(31337, ALICE)
    numbered = [n for n, state in enumerate(states) if state in UNFINISHED and n]
    assert [one.key for one in found] == [*(f"k{n}" for n in reversed(numbered)), "early", "k0"]
    assert all(one.is_unfinished for one in found)
    assert [one.nonce for one in store.with_nonce_from(31337, ALICE, 48)] == [48, 49]
    assert [one.key for one in store.recent(31337, ALICE, 2)] == ["k0", "k1"]


def test_a_request_is_taken_once(database: Database) -> None:
    log = RequestLog(database)
    items = [RequestItem(n, f"{n:064x}", n, "magika", {"name": f"f{n}\0"}) for n in range(2500)]
    made, new = log.begin("key", "hash", {"rfp": {"nonce": 2**64 - 1}}, 5.0, job=JOB, items=items)
    assert new
    again, new = log.begin("key", "hash", {"rfp": "another"}, 9.0, job=OTHER)
    assert not new
    assert again == made == log.get("key") == log.by_job(JOB)
    assert log.by_job(OTHER) is None
    with pytest.raises(RecordConflict):
        log.begin("key", "another hash", {}, 9.0)
    assert log.items(JOB) == items
    assert log.items(JOB, 2498, 5) == items[2498:]
    assert log.item(JOB, 7) == items[7]
    assert log.item(JOB, 2500) is None
    assert log.items(OTHER) == []


def test_of_the_same_request_twice_at_once_one_is_new(database: Database) -> None:
    log, found = RequestLog(database), []

    def begin(number: int) -> None:
        found.append(log.begin("key", "hash", {"n": number}, 1.0))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new for _, new in found) == 1
    assert [request for request, _ in found] == [log.get("key")] * 8


def test_a_request_goes_on_after_a_restart(database_url: str) -> None:
    with open_database(database_url) as database:
        log = RequestLog(database)
        log.begin("first", "h", {"n": 1}, 1.0)
        log.begin("second", "h", {"n": 2}, 2.0, job=OTHER)
        log.begin("third", "h", {"n": 3}, 3.0)
        log.move("first", RequestState.POSTED, 4.0, job=JOB, plan={"n": 9})
    with open_database(database_url) as database:
        log = RequestLog(database)
        assert [one.key for one in log.in_state(RequestState.PLANNED)] == ["second", "third"]
        moved = log.get("first")
        assert moved is not None
        assert (moved.state, moved.job, moved.plan, moved.updated_at) == (RequestState.POSTED, JOB, {"n": 9}, 4.0)
        with pytest.raises(RecordMissing):
            log.move("fourth", RequestState.REFUSED, 5.0)


def test_a_request_with_a_bad_item_is_not_taken_at_all(database: Database) -> None:
    log = RequestLog(database)
    twice = [RequestItem(0, "00" * 32, 1, "magika", {})] * 2
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        log.begin("key", "hash", {}, 1.0, job=JOB, items=twice)
    assert log.get("key") is None
    assert log.items(JOB) == []


def test_decisions_are_kept_in_order(database: Database) -> None:
    log = DecisionLog(database)
    made = [
        Decision("bid", JOB, "skip", "price below cost", 1.0, {"cost": 2**90}),
        Decision("bid", JOB, "bid", "worth it", 2.0, {"price": 1}),
        Decision("execute", JOB, "done", "", 3.0, {"provider": "cpu"}),
        Decision("bid", OTHER, "skip", "unknown model", 4.0),
    ]
    for decision in made:
        log.add(decision)
    assert log.of(JOB) == made[:3]
    assert log.of(JOB, "bid") == made[:2]
    assert log.last(JOB, "bid") == made[1]
    assert log.last(OTHER, "execute") is None
    assert log.recent(2) == [made[3], made[2]]
    assert log.recent(9, "execute") == [made[2]]
