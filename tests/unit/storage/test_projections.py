"""The folds against a market that keeps its own books, and one whole story in detail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.proofs import Decision, pack
from atomic_verify.protocol.types import BidStatus, JobState, parse_address
from atomic_verify.storage.projections import (
    Subject,
    SubjectKind,
    act_of,
    fold_credit,
    fold_job,
    fold_model,
    fold_worker,
    subjects_of,
)
from tests.unit.storage.world import World
from tests.unit.storage.world_books import PRICE, TOKEN, VERIFIER, WORKERS, word
from tests.unit.storage.world_chain import WorldChain, story

choices = st.lists(st.lists(st.integers(0, 10_000), max_size=6), min_size=1, max_size=40)


def sorted_by_subject(events: list[ChainEvent]) -> dict[Subject, list[ChainEvent]]:
    found: dict[Subject, list[ChainEvent]] = {}
    for event in events:
        for subject in subjects_of(event):
            found.setdefault(subject, []).append(event)
    return found


def check_against(world: World, events: list[ChainEvent]) -> None:
    """The folds of `events` say what the world's own books say."""
    by = sorted_by_subject(events)
    assert {subject.key for subject in by if subject.kind is SubjectKind.JOB} == set(world.jobs)
    for key, sim in world.jobs.items():
        job = fold_job(by[Subject(SubjectKind.JOB, key)])
        assert job is not None
        assert job.rfp.to_json()["requester"].lower() == sim.rfp["requester"]
        assert job.state is sim.state
        assert (job.worker or "").lower() == (sim.worker or "")
        assert {bid.worker.lower(): bid.status for bid in job.bids} == {w: b.status for w, b in sim.bids.items()}
        assert len(job.attempts) == sim.attempt
        assert all("can't be followed" not in a.reason and "library" not in a.reason for a in job.attempts)
        if job.result is not None:
            assert job.result.void_items == tuple(sorted(sim.void_items))
            assert (job.result.slashed, job.result.open_claims) == (sim.slashed, sim.open_claims)
            assert ((job.result.challenger or "").lower() or None, job.result.costs) == (sim.challenger, sim.costs)
            proven = job.result.proven
            assert (None if proven is None else pack(proven.decisions)) == sim.proven
        assert (job.settlement is not None) == (sim.state in (JobState.FINAL, JobState.SLASHED))
    for worker in WORKERS:
        address = parse_address(worker)
        books = fold_worker(None, address, by.get(Subject(SubjectKind.WORKER, address), []))
        assert (books.stake, books.locked) == (world.stake[worker], world.locked[worker])
        assert (books.unbonding, books.endpoint) == (world.unbonding[worker], world.endpoints.get(worker))
    for subject, members in by.items():
        if subject.kind is SubjectKind.CREDIT:
            account, token = subject.key.lower().split(":")
            assert fold_credit(None, subject.key, members).amount == world.credits[account, token]
        if subject.kind is SubjectKind.MODEL:
            assert fold_model(members) is not None


@given(choices)
def test_the_folds_agree_with_the_market_after_any_story(branches: list[list[int]]) -> None:
    chain = WorldChain()
    for block in branches:
        chain.mine(block)
    check_against(chain.world, chain.all_events())


@pytest.mark.parametrize("seed", range(3))
def test_the_folds_agree_with_the_market_after_a_long_story(seed: int) -> None:
    chain = story(250, seed)
    check_against(chain.world, chain.all_events())
    ended = {job.state for job in chain.world.jobs.values()}
    assert {JobState.FINAL, JobState.SLASHED, JobState.CANCELLED, JobState.EXPIRED} <= ended


@given(choices, st.integers(0, 200))
def test_folding_in_two_parts_is_folding_at_once(branches: list[list[int]], cut: int) -> None:
    chain = WorldChain()
    for block in branches:
        chain.mine(block)
    for subject, events in sorted_by_subject(chain.all_events()).items():
        if subject.kind is SubjectKind.WORKER:
            address = parse_address(subject.key)
            first = fold_worker(None, address, events[:cut])
            assert fold_worker(first, address, events[cut:]) == fold_worker(None, address, events)
        if subject.kind is SubjectKind.CREDIT:
            some = fold_credit(None, subject.key, events[:cut])
            assert fold_credit(some, subject.key, events[cut:]) == fold_credit(None, subject.key, events)


class Script:
    """Events of one job, written by hand."""

    def __init__(self) -> None:
        self.job = word("job")
        self.events: list[ChainEvent] = []

    def add(self, name: str, **args: object) -> None:
        number = len(self.events) + 1
        place = (number, word("block", number), 1000 + number, word("tx", number), 0, 0)
        self.events.append(ChainEvent(*place, WORKERS[0], 21_000, "Market", name, {"job": self.job, **args}))

    def post(self, guarantee: int = 1) -> None:
        rfp = {
            "requester": "0x" + "a0" * 20,
            "nonce": 1,
            "modelId": word("m"),
            "inputRoot": word("i"),
            "itemCount": 2,
            "token": TOKEN,
            "maxPrice": PRICE,
            "jobBond": 5,
            "biddingTime": 60,
            "revealTime": 30,
            "executionTimeout": 600,
            "challengeWindow": 300,
            "guarantee": guarantee,
            "kind": 1,
        }
        self.add("RfpPosted", requester=rfp["requester"], modelId=rfp["modelId"], rfp=rfp, inputUri="http://in")

    def bid(self, worker: str, price: int, weight: int = 10_000) -> None:
        self.add("BidSealed", worker=worker, seal=word("seal", worker))
        self.add("BidRevealed", worker=worker, price=price, weight=weight)


def test_the_award_says_why_and_out_of_which_ranking() -> None:
    script = Script()
    script.post()
    script.bid(WORKERS[0], 900)
    script.bid(WORKERS[1], 800, weight=11_000)
    script.add("Awarded", worker=WORKERS[1], attempt=1, price=818, deadline=5000)
    job = fold_job(script.events)
    assert job is not None
    assert job.attempt is not None
    assert (job.state, job.price, job.worker) == (JobState.AWARDED, 818, parse_address(WORKERS[1]))
    assert [bid.worker for bid in job.attempt.ranking] == [parse_address(WORKERS[1]), parse_address(WORKERS[0])]
    assert "has the lowest score; it is paid 818" in job.attempt.reason
    assert [bid.status for bid in job.bids] == [BidStatus.REVEALED, BidStatus.SPENT]
    assert (job.bidding_ends, job.reveal_ends, job.bids[1].score) == (1061, 1091, 800 * 11_000)


def test_a_missed_attempt_stays_on_record_after_the_reassignment() -> None:
    script = Script()
    script.post()
    script.bid(WORKERS[0], 900)
    script.bid(WORKERS[1], 950)
    script.add("Awarded", worker=WORKERS[0], attempt=1, price=950, deadline=5000)
    script.add("AttemptMissed", worker=WORKERS[0], attempt=1, toRequester=1, burned=4)
    script.add("Awarded", worker=WORKERS[1], attempt=2, price=PRICE, deadline=6000)
    job = fold_job(script.events)
    assert job is not None
    first, second = job.attempts
    assert first.missed is not None
    assert (first.bond_to_requester, first.bond_burned) == (1, 4)
    assert second.missed is None
    assert "no bid comes after" in second.reason
    assert job.worker == parse_address(WORKERS[1])


def test_an_award_that_the_rules_cannot_explain_is_shown_as_such() -> None:
    script = Script()
    script.post()
    script.add("Awarded", worker=WORKERS[0], attempt=1, price=1, deadline=5000)
    job = fold_job(script.events)
    assert job is not None
    assert job.attempt is not None
    assert "can't be followed" in job.attempt.reason
    assert job.attempt.ranking == ()
    other = Script()
    other.post()
    other.bid(WORKERS[0], 900)
    other.add("Awarded", worker=WORKERS[0], attempt=1, price=7, deadline=5000)
    job = fold_job(other.events)
    assert job is not None
    assert job.attempt is not None
    assert "by this library's rules" in job.attempt.reason


def commit(script: Script, decisions: int) -> None:
    script.add("Awarded", worker=WORKERS[0], attempt=1, price=PRICE, deadline=5000)
    at = len(script.events) + 1001
    roots = {"root": word("root"), "payloadDigest": word("payload")}
    script.add("Committed", worker=WORKERS[0], attempt=1, **roots, finalAt=at)
    script.add("Proven", verifier=VERIFIER, decisions=decisions)


def test_what_is_proven_stands_beside_the_result() -> None:
    script = Script()
    script.post(guarantee=2)
    commit(script, 5 | 1 << 31 | 7 << 32)
    job = fold_job(script.events)
    assert job is not None
    assert job.result is not None
    assert job.result.proven is not None
    assert job.result.proven.verifier == parse_address(VERIFIER)
    assert job.result.proven.decisions == (Decision(5, is_certain=True), Decision(7, is_certain=False))
    assert job.window_ends == job.result.committed.timestamp + 300


def test_what_is_proven_whole_is_final_at_once_and_has_no_window() -> None:
    script = Script()
    script.post(guarantee=3)
    commit(script, 1)
    verdict = {"slashed": False, "voidItems": 0, "challenger": "0x" + "00" * 20, "costs": 0}
    script.add("Finalized", root=word("root"), verdict=verdict)
    money = {"toWorker": PRICE, "toRequester": 0, "fee": 0, "bondToChallenger": 0, "bondBurned": 0}
    script.add("Settled", worker=WORKERS[0], state=4, **money)
    job = fold_job(script.events)
    assert job is not None
    assert job.result is not None
    assert (job.state, job.result.finalized is not None) == (JobState.FINAL, True)
    assert job.window_ends == job.result.committed.timestamp
    # A re-org that takes the commit takes all of it.
    before = fold_job(script.events[:2])
    assert before is not None
    assert (before.state, before.result, before.settlement) == (JobState.AWARDED, None, None)


def test_a_job_without_its_rfp_is_no_job() -> None:
    script = Script()
    script.bid(WORKERS[0], 900)
    assert fold_job(script.events) is None
    assert fold_job([]) is None
    assert fold_model([]) is None


def test_unknown_events_change_nothing() -> None:
    script = Script()
    script.post()
    before = fold_job(script.events)
    script.add("SomethingNew", whatever=1)
    assert fold_job(script.events) == before


@pytest.mark.parametrize(
    ("names", "act"),
    [
        (["RfpPosted", "Awarded", "BondLocked", "CreditSpent"], "awardQuote"),
        (["AttemptMissed", "BondTaken", "Credited", "Awarded", "BondLocked"], "reassign"),
        (["AttemptMissed", "BondTaken", "Credited", "Expired", "Credited"], "expire"),
        (["RfpPosted"], "post"),
        (["BidSealed", "BondLocked"], "bid"),
        (["Finalized", "BondReleased", "Settled", "Credited"], "finalize"),
        (["Committed"], "commit"),
        (["Committed", "Proven", "Finalized", "BondReleased", "Settled", "Credited"], "commitProven"),
        (["Withdrawn"], "withdraw"),
        (["StakeRemoved"], "withdrawStake"),
        (["SomethingNew"], "SomethingNew"),
        ([], ""),
    ],
)
def test_a_transaction_is_named_by_its_events(names: list[str], act: str) -> None:
    assert act_of(names) == act
