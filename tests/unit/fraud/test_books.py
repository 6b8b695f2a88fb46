"""The books: what each transaction moved, who owns what after it, and which job it belongs to."""

from collections.abc import Mapping
from typing import Any

import pytest

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import JobState
from tests.fraud.books import BURNED, DISPUTES, TRANSIT, moves_of, wealth
from tests.fraud.docket import between_stories, dockets

MARKET, NOBODY = "0x" + "aa" * 20, "0x" + "00" * 20
WORKER, WATCHER, REQUESTER = ("0x" + digit * 40 for digit in "123")
JOB, OTHER = "0x" + "01" * 32, "0x" + "02" * 32
SEAL = "0x" + "03" * 32


def event(number: int, tx: str, name: str, **args: Any) -> ChainEvent:
    return ChainEvent(number, "0x", 100 + number, tx, 0, number, WATCHER, 50_000, "Any", name, args)


def transfer(number: int, tx: str, source: str, target: str, amount: int) -> ChainEvent:
    return event(number, tx, "Transfer", **{"from": source, "to": target, "value": amount})


SLASHED = [
    event(0, "post", "RfpPosted", job=JOB, rfp={"maxPrice": 100, "jobBond": 50}),
    transfer(1, "post", REQUESTER, MARKET, 100),
    event(2, "commit", "Committed", job=JOB, worker=WORKER, payloadDigest="0x"),
    event(3, "seal", "ClaimSealed", seal=SEAL, claimer=WATCHER, bond=30),
    event(4, "seal", "DisputeBondLocked", account=WATCHER, amount=30),
    transfer(5, "seal", WATCHER, MARKET, 30),
    event(6, "reveal", "ClaimRevealed", claim=1, job=JOB, claimer=WATCHER, seal=SEAL, bond=30, outcome=3),
    event(7, "uphold", "ClaimUpheld", claim=1, job=JOB, outcome=3, charged=0),
    event(8, "uphold", "DisputeBondPaid", account=WATCHER, amount=30),
    event(9, "uphold", "Credited", account=WATCHER, token="t", amount=30),
    event(10, "end", "Finalized", job=JOB, root="0x", verdict={"slashed": True, "voidItems": 0}),
    event(11, "end", "BondTaken", job=JOB, worker=WORKER, amount=50),
    event(12, "end", "Settled", job=JOB, state=int(JobState.SLASHED), toWorker=0, toRequester=100, fee=0),
    event(13, "end", "Credited", account=REQUESTER, token="t", amount=100),
    event(14, "end", "Credited", account=WATCHER, token="t", amount=10),
    transfer(15, "end", MARKET, NOBODY, 40),
]


def changed(events: list[ChainEvent], number: int, **args: Any) -> list[ChainEvent]:
    """The events with one of them telling something else."""
    old = events[number]
    new = event(number, old.tx_hash, old.name, **{**old.args, **args})
    return [*events[:number], new, *events[number + 1 :]]


def test_a_slash_is_told_whole_and_adds_up() -> None:
    found = dockets(SLASHED, MARKET)[JOB]
    assert found.outcome == "claim upheld, slashed"
    assert found.worker == WORKER
    assert dict(found.changes) == {REQUESTER: 0, WATCHER: 10, WORKER: -50, BURNED: 40}
    assert found.claims[1].transactions == ["seal", "reveal", "uphold"]
    assert found.is_over
    left = [moves_of(SLASHED, MARKET)[account] for account in (TRANSIT, DISPUTES, f"escrow:{JOB}")]
    assert left == [0, 0, 0]


def test_a_claim_that_is_open_keeps_a_job_from_being_over() -> None:
    found = dockets([one for one in SLASHED if one.name != "ClaimUpheld"], MARKET)[JOB]
    assert found.outcome == "claim open, slashed"
    assert not found.is_over


@pytest.mark.parametrize(
    ("number", "args"), [(9, {"amount": 31}), (14, {"amount": 9}), (13, {"amount": 99}), (11, {"amount": 51})]
)
def test_a_unit_that_nobody_accounts_for_shows(number: int, args: Mapping[str, Any]) -> None:
    assert moves_of(SLASHED, MARKET)[TRANSIT] == 0
    assert moves_of(changed(SLASHED, number, **args), MARKET)[TRANSIT] != 0


def test_what_belongs_to_no_job_is_told_apart() -> None:
    events = [transfer(20, "gift", NOBODY, WATCHER, 7), *SLASHED]
    told = dockets(events, MARKET)
    assert told[JOB].changes[WATCHER] == 10
    assert dict(between_stories(events, told, MARKET)) == {WATCHER: 7}


def test_stake_and_credit_are_wealth_like_a_wallet() -> None:
    staked = [transfer(0, "s", WORKER, MARKET, 9), event(1, "s", "StakeAdded", worker=WORKER, amount=9)]
    paid_out = [transfer(2, "w", MARKET, WORKER, 5), event(3, "w", "Withdrawn", account=WORKER, token="t", amount=5)]
    for transaction in (staked, paid_out):
        moves = moves_of(transaction, MARKET)
        assert moves[TRANSIT] == 0
        assert wealth(moves) == {}


def test_a_transaction_about_two_jobs_is_refused() -> None:
    with pytest.raises(ValueError, match="2 jobs"):
        dockets([*SLASHED, event(30, "end", "Finalized", job=OTHER, verdict={"voidItems": 0})], MARKET)
