"""Who may do what when: each act one second before, at, and one second after each end of its span."""

from dataclasses import replace

import pytest

from atomic_verify.protocol.errors import TransitionIllegal
from atomic_verify.protocol.lifecycle import (
    TERMINAL,
    TRANSITIONS,
    Act,
    Span,
    deadlines,
    final_at,
    reassign_span,
    reveal_end_of,
    targets,
)
from atomic_verify.protocol.next_acts import Situation, coming_acts, next_acts, wake_at
from atomic_verify.protocol.types import (
    Address,
    Amount,
    Bid,
    BidStatus,
    Job,
    JobState,
    Kind,
    MarketParams,
    Rfp,
)

POSTED, BIDDING_END, REVEAL_END, AWARD_END = 1_000, 1_100, 1_150, 1_750
NO_BID = Bid(BidStatus.NONE, 0, 0, Amount(0))
SEALED = replace(NO_BID, status=BidStatus.SEALED)
REVEALED = Bid(BidStatus.REVEALED, 10_000, 1, Amount(5))
R = 600


@pytest.fixture
def at(rfp: Rfp, job: Job, params: MarketParams, worker: Address) -> Situation:
    """A posted job, seen by a worker that has stake and has not bid."""
    return Situation(rfp, job, params, R, worker, NO_BID, rfp.job_bond)


def legal(situation: Situation, now: int) -> set[Act]:
    return {found.act for found in next_acts(situation, now)}


def with_bids(situation: Situation, sealed: int, revealed: int, bid: Bid) -> Situation:
    return replace(situation, job=replace(situation.job, sealed_count=sealed, revealed_count=revealed), bid=bid)


def awarded(
    situation: Situation, *, to: Address, revealed: int = 3, spent: int = 1, deadline: int = 2_000
) -> Situation:
    job = Job(to, JobState.AWARDED, spent, revealed, revealed, spent, deadline, Amount(0))
    return replace(situation, job=job)


def test_a_worker_may_bid_until_bidding_ends(at: Situation) -> None:
    assert legal(at, POSTED) == legal(at, BIDDING_END - 1) == {Act.BID}
    assert legal(at, BIDDING_END) == {Act.EXPIRE}


def test_bidding_needs_free_stake_and_a_free_place(at: Situation) -> None:
    assert Act.BID not in legal(replace(at, free_stake=Amount(at.rfp.job_bond - 1)), POSTED)
    assert Act.BID not in legal(with_bids(at, 32, 0, NO_BID), POSTED)
    assert Act.BID in legal(with_bids(at, 31, 0, NO_BID), POSTED)
    assert Act.BID not in legal(with_bids(at, 1, 0, SEALED), POSTED)


def test_a_sealed_bid_is_revealed_between_bidding_and_reveal_end(at: Situation) -> None:
    mine = with_bids(at, 2, 0, SEALED)
    assert legal(mine, BIDDING_END - 1) == set()
    assert legal(mine, BIDDING_END) == legal(mine, REVEAL_END - 1) == {Act.REVEAL}
    assert legal(mine, REVEAL_END) == {Act.EXPIRE}


def test_the_award_opens_when_all_have_revealed_or_revealing_is_over(at: Situation) -> None:
    all_revealed, some_revealed = with_bids(at, 2, 2, REVEALED), with_bids(at, 2, 1, REVEALED)
    assert legal(all_revealed, BIDDING_END) == {Act.AWARD}
    assert legal(some_revealed, REVEAL_END - 1) == set()
    assert legal(some_revealed, REVEAL_END) == legal(some_revealed, AWARD_END - 1) == {Act.AWARD}
    assert legal(some_revealed, AWARD_END) == {Act.EXPIRE}


def test_the_requester_cancels_only_what_nobody_has_bid_on(at: Situation, requester: Address) -> None:
    mine = replace(at, account=requester, free_stake=Amount(0))
    assert legal(mine, POSTED) == {Act.CANCEL}
    assert legal(mine, BIDDING_END) == {Act.CANCEL, Act.EXPIRE}
    assert legal(with_bids(mine, 1, 0, NO_BID), POSTED) == set()
    assert Act.CANCEL not in legal(at, POSTED)


def test_a_bid_that_stays_sealed_is_forfeited_after_revealing_and_later(at: Situation, stranger: Address) -> None:
    seen = replace(with_bids(at, 2, 1, REVEALED), sealed_bidders=(stranger,))
    assert Act.FORFEIT not in legal(seen, REVEAL_END - 1)
    found = next(act for act in next_acts(seen, REVEAL_END) if act.act is Act.FORFEIT)
    assert found.subject == stranger
    later = replace(awarded(seen, to=seen.account), sealed_bidders=(stranger,))
    assert Act.FORFEIT in legal(later, 1_900)


def test_the_worker_commits_before_its_deadline(at: Situation, worker: Address, stranger: Address) -> None:
    mine = replace(awarded(at, to=worker), bid=replace(REVEALED, status=BidStatus.SPENT))
    assert legal(mine, 1_999) == {Act.COMMIT}
    assert legal(mine, 2_000) == set()
    assert Act.COMMIT not in legal(awarded(at, to=stranger), 1_999)


def test_a_runner_up_waits_for_its_rank(at: Situation, stranger: Address) -> None:
    second = replace(awarded(at, to=stranger), bid=REVEALED, rank=1)
    assert legal(second, 2_029) == set()
    assert legal(second, 2_030) == {Act.REASSIGN}
    assert legal(second, 2_060) == {Act.REASSIGN, Act.EXPIRE}
    assert legal(replace(second, rank=0), 2_000) == {Act.REASSIGN}
    assert legal(replace(second, rank=None), 2_030) == set()
    assert legal(replace(second, free_stake=Amount(0)), 2_030) == set()


def test_a_missed_job_expires_when_the_last_runner_up_had_its_turn(at: Situation, stranger: Address) -> None:
    assert legal(awarded(at, to=stranger), 2_059) == set()
    assert legal(awarded(at, to=stranger), 2_060) == {Act.EXPIRE}
    assert legal(awarded(at, to=stranger, revealed=1), 2_000) == {Act.EXPIRE}
    assert legal(awarded(at, to=stranger, revealed=0, spent=0), 2_000) == {Act.EXPIRE}


def test_a_committed_job_is_final_after_window_and_reveal_time(at: Situation, worker: Address) -> None:
    committed = replace(at, job=replace(at.job, state=JobState.COMMITTED, worker=worker, time=3_000))
    end = 3_000 + 3_600 + R
    assert final_at(committed.rfp, committed.job, R) == end
    assert legal(committed, end - 1) == set()
    assert legal(committed, end) == {Act.FINALIZE}
    assert legal(replace(committed, open_claims=1), end) == set()


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_ended_job_leaves_only_the_money(at: Situation, state: JobState) -> None:
    ended = replace(at, job=replace(at.job, state=state))
    assert legal(ended, 10**9) == set()
    assert legal(replace(ended, credit=1), 10**9) == {Act.WITHDRAW}
    assert wake_at(ended, 0) is None


def test_a_revealed_bid_is_released_after_an_expiry_without_an_award(at: Situation) -> None:
    expired = replace(with_bids(at, 1, 1, REVEALED), job=replace(at.job, state=JobState.EXPIRED))
    assert legal(expired, 0) == {Act.RELEASE_BID}
    assert legal(replace(expired, bid=replace(REVEALED, status=BidStatus.SPENT)), 0) == set()
    once_awarded = replace(expired, job=replace(expired.job, attempt=1))
    assert legal(once_awarded, 0) == set()


def test_an_rfp_that_is_not_posted_waits_for_its_requester(at: Situation, requester: Address) -> None:
    unposted = replace(at, job=replace(at.job, state=JobState.NONE))
    assert legal(unposted, 0) == set()
    assert legal(replace(unposted, account=requester), 0) == {Act.POST}
    quote = replace(at.rfp, kind=Kind.QUOTE, bidding_time=0, reveal_time=0)
    assert legal(replace(unposted, account=requester, rfp=quote), 0) == {Act.AWARD_QUOTE}
    assert legal(replace(unposted, account=requester, rfp=replace(quote, kind=Kind.NONE)), 0) == set()


def test_what_comes_and_when_to_wake(at: Situation) -> None:
    mine = with_bids(at, 1, 0, SEALED)
    assert [found.act for found in coming_acts(mine, POSTED)] == [Act.REVEAL, Act.EXPIRE]
    assert wake_at(mine, POSTED) == BIDDING_END
    assert wake_at(mine, BIDDING_END) == REVEAL_END
    assert wake_at(mine, REVEAL_END) is None
    assert [found.act for found in coming_acts(mine, REVEAL_END)] == [Act.EXPIRE]


def test_every_state_but_the_terminal_ones_leads_on() -> None:
    sources = {step.source for step in TRANSITIONS}
    assert sources == set(JobState) - TERMINAL
    assert {step.target for step in TRANSITIONS} == set(JobState) - {JobState.NONE}
    reaching = set(TERMINAL)
    for _ in JobState:
        reaching |= {step.source for step in TRANSITIONS if step.target in reaching}
    assert reaching == set(JobState)


def test_targets_of_an_act() -> None:
    assert targets(JobState.COMMITTED, Act.FINALIZE) == {JobState.FINAL, JobState.SLASHED}
    assert targets(JobState.AWARDED, Act.COMMIT) == {JobState.COMMITTED, JobState.FINAL}
    with pytest.raises(TransitionIllegal) as caught:
        targets(JobState.FINAL, Act.COMMIT)
    assert caught.value.details == {"state": "final", "act": "commit"}


def test_times_of_another_state_are_refused(rfp: Rfp, job: Job, params: MarketParams) -> None:
    with pytest.raises(TransitionIllegal):
        final_at(rfp, job, R)
    with pytest.raises(TransitionIllegal):
        reassign_span(job, params, 0)
    with pytest.raises(TransitionIllegal):
        reveal_end_of(rfp, replace(job, state=JobState.AWARDED))
    ended = deadlines(rfp, replace(job, state=JobState.FINAL), params, R)
    assert (ended.bid, ended.commit, ended.finalize) == (None, None, None)


def test_spans_are_half_open() -> None:
    assert [Span(5, 7).contains(now) for now in (4, 5, 6, 7)] == [False, True, True, False]
    assert Span(5).contains(10**12)
