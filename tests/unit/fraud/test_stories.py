"""What the stories are held against: an end that isn't the expected one, or a unit too much, is a problem."""

from collections.abc import Mapping
from typing import Any

import pytest

from atomic_verify.cli.amounts import TOKEN
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import Amount, JobState
from tests.fraud.docket import dockets
from tests.fraud.stories import REQUESTER, WATCHER, Rules, Story, problems_of, short_stories, stories

MARKET, NOBODY = "0x" + "aa" * 20, "0x" + "00" * 20
PEOPLE = {name: "0x" + digit * 40 for name, digit in zip(("liar-c", WATCHER, REQUESTER, "fees"), "1234", strict=True)}
JOB, SEAL = "0x" + "01" * 32, "0x" + "03" * 32
STORY = Story("c", "moves one output", "magika", "claim upheld, slashed", lie="moved", number=7)
BOND = Amount(TOKEN)
RULES = Rules(PEOPLE, PEOPLE["fees"], 100, Amount(TOKEN // 2))
REWARD = TOKEN // 5


def event(tx: str, name: str, by: str = WATCHER, **args: Any) -> ChainEvent:
    return ChainEvent(0, "0x", 100, tx, 0, 0, PEOPLE[by], 50_000, "Any", name, args)


def events(**changes: Mapping[str, Any]) -> list[ChainEvent]:
    """A slash, event by event; `changes` are other arguments by the event's name."""
    watcher, worker = PEOPLE[WATCHER], PEOPLE["liar-c"]
    told = [
        event("post", "RfpPosted", REQUESTER, job=JOB, rfp={"maxPrice": STORY.mark, "jobBond": BOND}),
        event("post", "CreditSpent", REQUESTER, account=PEOPLE[REQUESTER], amount=STORY.mark),
        event("commit", "Committed", "liar-c", job=JOB, worker=worker),
        event("seal", "ClaimSealed", seal=SEAL, claimer=watcher, bond=30),
        event("seal", "DisputeBondLocked", account=watcher, amount=30),
        event("seal", "CreditSpent", account=watcher, amount=30),
        event("reveal", "ClaimRevealed", claim=1, job=JOB, claimer=watcher, seal=SEAL, bond=30),
        event("uphold", "ClaimUpheld", claim=1, job=JOB, charged=0),
        event("uphold", "DisputeBondPaid", account=watcher, amount=30),
        event("uphold", "Credited", account=watcher, amount=30),
        event("end", "Finalized", job=JOB, verdict={"voidItems": 0}),
        event("end", "BondTaken", job=JOB, worker=worker, amount=BOND),
        event("end", "Settled", job=JOB, state=int(JobState.SLASHED), toWorker=0, toRequester=STORY.mark, fee=0),
        event("end", "Credited", account=PEOPLE[REQUESTER], amount=STORY.mark),
        event("end", "Credited", account=watcher, amount=REWARD),
        event("end", "Transfer", **{"from": MARKET, "to": NOBODY, "value": BOND - REWARD}),
    ]
    return [event(one.tx_hash, one.name, **{**one.args, **changes.get(one.name, {})}) for one in told]


def problems(found: list[ChainEvent], story: Story = STORY) -> list[str]:
    return list(problems_of(story, dockets(found, MARKET)[JOB], BOND, RULES))


def test_a_story_that_ends_as_it_must_has_no_problem() -> None:
    assert problems(events()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Settled": {"state": int(JobState.FINAL)}}, "it ended: claim upheld, final"),
        ({"Finalized": {"verdict": {"voidItems": 1}}}, "it ended: claim upheld, 1 void"),
        ({"Committed": {"worker": PEOPLE["fees"]}}, "its worker was"),
        ({"Transfer": {"value": BOND - REWARD + 1}}, "1 units came from or went nowhere"),
        ({"BondTaken": {"amount": BOND - 1}}, "the payments were"),
        ({"ClaimRevealed": {"claimer": PEOPLE["fees"]}, "ClaimSealed": {"claimer": PEOPLE["fees"]}}, "is 0x4444"),
    ],
)
def test_whatever_went_otherwise_is_told(changes: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in problems(events(**changes)))


def test_a_claim_with_a_transaction_too_many_is_told() -> None:
    twice = [*events(), event("more", "ClaimUpheld", claim=1, job=JOB, charged=0)]
    assert any("took 4 transactions" in problem for problem in problems(twice))


def test_every_story_has_a_job_price_of_its_own_and_only_known_lies() -> None:
    for told in (stories(), short_stories()):
        assert len({story.mark for story in told}) == len({story.id for story in told}) == len(told)
    assert [story.id for story in stories()] == ["a", "b", "c", "d", "e", "f", "g", "h", "f-cnn", "g-cnn", "h-cnn"]
    assert {story.model for story in stories() if len(story.id) == 1} == {"magika"}
