"""Any play of a job ends, and its bonds with it: a paper market that does whatever `next_acts` calls legal.

The paper market knows what each act does and nothing about when it is legal. Accounts: a requester, three workers and a
janitor without stake. The honest worker does each act that its bond hangs on before the act's span closes.
"""

from dataclasses import dataclass, field, replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from atomic_verify.protocol.auction import award, rank, reassign
from atomic_verify.protocol.lifecycle import TERMINAL, Act, targets
from atomic_verify.protocol.next_acts import NextAct, Situation, next_acts, wake_at
from atomic_verify.protocol.types import (
    ZERO_ADDRESS,
    Address,
    Amount,
    Bid,
    BidStatus,
    Job,
    JobState,
    MarketParams,
    Rfp,
    parse_address,
)

REQUESTER, JANITOR, HONEST, *OTHERS = (parse_address(f"0x{number:040x}") for number in range(1, 6))
WORKERS = (HONEST, *OTHERS)
EVERYBODY = (REQUESTER, JANITOR, *WORKERS)
STAKE = 2
PARAMS = MarketParams(1, 1, 1, 1, 1_000, 7, 100, Amount(1), JANITOR)
NO_BID = Bid(BidStatus.NONE, 0, 0, Amount(0))
JANITORIAL = (Act.FORFEIT, Act.AWARD, Act.EXPIRE, Act.FINALIZE)
PLAYFUL = (Act.BID, Act.REVEAL, Act.AWARD, Act.REASSIGN)
HANGS_ON_BOND = (Act.REVEAL, Act.COMMIT)


@dataclass
class PaperMarket:
    """One auction job on paper; the job bond is 1, so `locked` and `lost` count bonds."""

    rfp: Rfp
    job: Job
    now: int = 100
    bids: dict[Address, Bid] = field(default_factory=dict)
    locked: dict[Address, int] = field(default_factory=lambda: dict.fromkeys(WORKERS, 0))
    lost: dict[Address, int] = field(default_factory=lambda: dict.fromkeys(WORKERS, 0))

    def remaining(self) -> dict[Address, Bid]:
        return {worker: bid for worker, bid in self.bids.items() if bid.status is BidStatus.REVEALED}

    def seen_by(self, account: Address) -> Situation:
        places = {bid.worker: bid.rank for bid in rank(self.remaining(), self.rfp.max_price)}
        free = STAKE - self.locked[account] - self.lost[account] if account in WORKERS else 0
        still_sealed = tuple(worker for worker, bid in self.bids.items() if bid.status is BidStatus.SEALED)
        return Situation(
            self.rfp, self.job, PARAMS, 5, account, self.bids.get(account, NO_BID), Amount(free),
            rank=places.get(account), sealed_bidders=still_sealed,
        )  # fmt: skip

    def legal(self) -> list[tuple[Address, NextAct]]:
        return [(account, found) for account in EVERYBODY for found in next_acts(self.seen_by(account), self.now)]

    def wake(self) -> int | None:
        times = (wake_at(self.seen_by(account), self.now) for account in EVERYBODY)
        return min((time for time in times if time is not None), default=None)

    def do(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        before = self.job.state
        getattr(self, "_" + act.act.name.lower())(account, act, price, good)
        if before is not self.job.state:
            assert self.job.state in targets(before, act.act)

    def _bid(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        assert account not in self.bids
        self.bids[account] = replace(NO_BID, status=BidStatus.SEALED)
        self.locked[account] += 1
        self.job = replace(self.job, sealed_count=self.job.sealed_count + 1)

    def _reveal(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        assert self.bids[account].status is BidStatus.SEALED
        self.bids[account] = Bid(BidStatus.REVEALED, 10_000, price, Amount(price))
        self.job = replace(self.job, revealed_count=self.job.revealed_count + 1)

    def _forfeit(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        assert act.subject is not None
        assert self.bids[act.subject].status is BidStatus.SEALED
        self.bids[act.subject] = replace(NO_BID, status=BidStatus.FORFEITED)
        self._lose(act.subject)

    def _award(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        decision = award(self.remaining(), self.rfp.max_price)
        for loser in decision.bidders[1:]:
            self.locked[loser] -= 1
        self._assign(decision.worker)

    def _reassign(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        self._lose(self.job.worker)
        self._assign(reassign(self.remaining(), account, self.rfp.max_price).worker)
        self.locked[account] += 1

    def _commit(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        assert account == self.job.worker
        self.job = replace(self.job, state=JobState.COMMITTED, time=self.now)

    def _finalize(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        # The honest worker's results are good: nobody can convict it.
        slashed = not good and self.job.worker != HONEST
        self.job = replace(self.job, state=JobState.SLASHED if slashed else JobState.FINAL)
        if slashed:
            self._lose(self.job.worker)
        else:
            self.locked[self.job.worker] -= 1

    def _expire(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        if self.job.state is JobState.AWARDED:
            self._lose(self.job.worker)
        self.job = replace(self.job, state=JobState.EXPIRED)

    def _release_bid(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        self.bids[account] = replace(self.bids[account], status=BidStatus.SPENT)
        self.locked[account] -= 1

    def _cancel(self, account: Address, act: NextAct, price: int, good: bool) -> None:
        self.job = replace(self.job, state=JobState.CANCELLED)

    def _assign(self, worker: Address) -> None:
        self.bids[worker] = replace(self.bids[worker], status=BidStatus.SPENT)
        job, deadline = self.job, self.now + self.rfp.execution_timeout
        spent, attempt = job.spent_count + 1, job.attempt + 1
        self.job = replace(
            job, worker=worker, state=JobState.AWARDED, time=deadline, spent_count=spent, attempt=attempt
        )

    def _lose(self, worker: Address) -> None:
        self.locked[worker] -= 1
        self.lost[worker] += 1


TIMES = st.integers(1, 20)


@st.composite
def markets(draw: st.DrawFn) -> PaperMarket:
    blank = Rfp.from_abi([REQUESTER, 0, bytes(32), bytes(32), 1, JANITOR, 9, 1, 0, 0, 0, 0, 1, 1])
    rfp = replace(
        blank,
        bidding_time=draw(TIMES),
        reveal_time=draw(TIMES),
        execution_timeout=draw(TIMES),
        challenge_window=draw(TIMES),
    )
    return PaperMarket(rfp, Job(ZERO_ADDRESS, JobState.POSTED, 0, 0, 0, 0, 100, Amount(0)))


def check(market: PaperMarket) -> None:
    """What holds at every moment of any play."""
    acts = {found.act for _, found in market.legal()}
    excluding = ({Act.BID, Act.REVEAL}, {Act.BID, Act.AWARD}, {Act.BID, Act.EXPIRE}, {Act.REVEAL, Act.EXPIRE},
                 {Act.REVEAL, Act.AWARD}, {Act.AWARD, Act.EXPIRE}, {Act.COMMIT, Act.EXPIRE}, {Act.COMMIT, Act.REASSIGN},
                 {Act.BID, Act.FORFEIT}, {Act.REVEAL, Act.FORFEIT})  # fmt: skip
    assert not any(pair <= acts for pair in excluding)
    assert market.job.state in TERMINAL or acts or market.wake() is not None
    assert all(count >= 0 for count in market.locked.values())
    assert market.lost[HONEST] == 0


def advance(market: PaperMarket) -> bool:
    """To the next moment at which anything opens or closes; the honest worker first does what would close."""
    wake = market.wake()
    for account, found in market.legal():
        urgent = account == HONEST and found.act in HANGS_ON_BOND and found.span.closes_at == wake
        if urgent:
            market.do(account, found, 1, True)
            return True
    if wake is not None:
        market.now = wake
    return wake is not None


@settings(max_examples=200)
@given(market=markets(), data=st.data())
def test_any_play_ends_and_every_bond_with_it(market: PaperMarket, data: st.DataObject) -> None:
    for _ in range(data.draw(st.sampled_from([5, 15, 40]))):
        check(market)
        legal = market.legal()
        # Bids are made and jobs taken over more often than ended, or most plays would be short.
        busy = [(who, found) for who, found in legal if found.act in PLAYFUL]
        pool = busy if data.draw(st.integers(0, 4)) else legal
        if pool and data.draw(st.integers(0, 3)):
            account, found = data.draw(st.sampled_from(pool))
            market.do(account, found, data.draw(st.integers(0, 9)), data.draw(st.booleans()))
        elif not advance(market):
            break
    for _ in range(50):
        check(market)
        chores = [(who, found) for who, found in market.legal() if who == JANITOR and found.act in JANITORIAL]
        if chores:
            market.do(*chores[0], 0, True)
        elif market.job.state in TERMINAL or not advance(market):
            break
    event(f"{market.job.state.name}, attempts {market.job.attempt}")
    assert market.job.state in TERMINAL
    for account, found in market.legal():
        if found.act is Act.RELEASE_BID:
            market.do(account, found, 0, True)
    check(market)
    assert market.locked == dict.fromkeys(WORKERS, 0)
