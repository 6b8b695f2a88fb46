"""One job as its worker sees it: what the index knows, put the way that the protocol's rules take it.

Life cycle: all steps. A *view* is made anew for every look at a job and holds nothing of its own, so what the worker
does next follows from the chain. *Time* is the newest block's: no clock of this machine decides what is legal.
"""

from dataclasses import dataclass

from atomic_verify.chain.constants import Constants
from atomic_verify.protocol.auction import RankedBid, rank
from atomic_verify.protocol.lifecycle import TERMINAL, Act, reveal_end_of
from atomic_verify.protocol.next_acts import NextAct, Situation, next_acts
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.protocol.types import BidStatus, Guarantee, JobState
from atomic_verify.storage.records import BidRecord, JobRecord
from atomic_verify.storage.situations import revealed_bids, situation_of


@dataclass(frozen=True, slots=True)
class View:
    """A job, the worker that looks at it, and the time of the newest block."""

    record: JobRecord
    situation: Situation
    ranking: tuple[RankedBid, ...]
    """The remaining bids, best first."""
    now: int

    @property
    def worker(self) -> Address:
        """The worker that looks."""
        return self.situation.account

    @property
    def state(self) -> JobState:
        return self.record.state

    @property
    def bid(self) -> BidRecord | None:
        """The worker's own bid."""
        return next((bid for bid in self.record.bids if bid.worker == self.worker), None)

    @property
    def is_mine(self) -> bool:
        """Whether the current or last attempt is the worker's own."""
        return self.record.worker == self.worker

    @property
    def needs_proofs(self) -> bool:
        """Whether the result is committed with a proof of each item."""
        return self.record.rfp.guarantee is not Guarantee.OPTIMISTIC

    @property
    def is_proven_whole(self) -> bool:
        """Whether all of the model is proven: the input is part of what is committed, and the commit is the end."""
        return self.record.rfp.guarantee is Guarantee.PROVEN

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL

    @property
    def attempt(self) -> int:
        """The number of the current or last attempt; 0 before any award."""
        return 0 if self.record.attempt is None else self.record.attempt.number

    def legal(self, act: Act) -> NextAct | None:
        """The act, if the worker may do it in the next block."""
        return next((found for found in next_acts(self.situation, self.now) if found.act is act), None)

    @property
    def bidding_left(self) -> int | None:
        """Seconds until bidding closes, 0 at least; None where nobody bids."""
        ends = self.record.bidding_ends
        if self.state is not JobState.POSTED or ends is None:
            return None
        return max(0, ends - self.now)

    @property
    def may_need_input(self) -> bool:
        """Whether the worker may still have to execute the job: it is its worker, or a bidder that could become it."""
        if self.state is JobState.POSTED:
            return self.situation.bid.status in (BidStatus.SEALED, BidStatus.REVEALED)
        if self.state is JobState.AWARDED:
            return self.is_mine or self.situation.rank is not None
        return False

    @property
    def seconds_left(self) -> int | None:
        """Seconds to the end of the span that the worker must not miss; for the order in which jobs are served."""
        if self.state is JobState.AWARDED and self.record.attempt is not None and self.is_mine:
            return self.record.attempt.deadline - self.now
        if self.state is JobState.POSTED and self.situation.bid.status is BidStatus.SEALED:
            return reveal_end_of(self.record.rfp, self.situation.job) - self.now
        return self.bidding_left


def view_of(record: JobRecord, worker: Address, constants: Constants, free_stake: Amount, now: int) -> View:
    """The view of `worker` on a job at the newest block's time `now`."""
    situation = situation_of(record, worker, constants.params, constants.claim_reveal_time, free_stake)
    return View(record, situation, rank(revealed_bids(record), record.rfp.max_price), now)
