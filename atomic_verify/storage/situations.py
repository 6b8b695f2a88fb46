"""A job as the protocol's rules take it, from what the index knows: for whoever asks what an account can do next.

Life cycle: all steps. Nothing is asked of the chain: what its contracts keep of a job follows from the job's events.
"""

from atomic_verify.protocol.auction import rank
from atomic_verify.protocol.next_acts import Situation
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address, Amount
from atomic_verify.protocol.types import Bid, BidStatus, Job, JobState, Kind, MarketParams
from atomic_verify.storage.records import BidRecord, JobRecord

_NO_BID = Bid(BidStatus.NONE, 0, 0, Amount(0))


def situation_of(
    record: JobRecord,
    account: Address,
    params: MarketParams,
    claim_reveal_time: int,
    free_stake: Amount = Amount(0),
) -> Situation:
    """The job, and `account` looking at it. `free_stake` is what can back a new bond of it."""
    own = next((bid for bid in record.bids if bid.worker == account), None)
    ranking = rank(revealed_bids(record), record.rfp.max_price)
    return Situation(
        rfp=record.rfp,
        job=job_of(record),
        params=params,
        claim_reveal_time=claim_reveal_time,
        account=account,
        bid=_NO_BID if own is None else _bid(own),
        free_stake=free_stake,
        rank=next((ranked.rank for ranked in ranking if ranked.worker == account), None),
        open_claims=0 if record.result is None else record.result.open_claims,
        sealed_bidders=tuple(bid.worker for bid in record.bids if bid.status is BidStatus.SEALED),
    )


def revealed_bids(record: JobRecord) -> dict[Address, Bid]:
    """The remaining bids: revealed, and not spent on an award."""
    return {
        bid.worker: _bid(bid)
        for bid in record.bids
        if bid.status is BidStatus.REVEALED and bid.price is not None and bid.weight is not None
    }


def job_of(record: JobRecord) -> Job:
    """What the chain keeps of the job, from what its events say."""
    revealed = sum(bid.status in (BidStatus.REVEALED, BidStatus.SPENT) for bid in record.bids)
    attempts = len(record.attempts)
    price = record.price
    return Job(
        worker=record.worker or ZERO_ADDRESS,
        state=record.state,
        attempt=attempts,
        sealed_count=len(record.bids),
        revealed_count=revealed,
        spent_count=0 if record.rfp.kind is Kind.QUOTE else attempts,
        time=_time_of(record),
        rebate=Amount(0 if price is None else record.rfp.max_price - price),
    )


def _time_of(record: JobRecord) -> int:
    """`Job.time`: when posted, until when to commit, or when committed; of no meaning in the other states."""
    if record.state is JobState.AWARDED and record.attempt is not None:
        return record.attempt.deadline
    if record.result is not None:
        return record.result.committed.timestamp
    return record.posted.timestamp


def _bid(bid: BidRecord) -> Bid:
    return Bid(bid.status, bid.weight or 0, bid.tie, bid.price or Amount(0))
