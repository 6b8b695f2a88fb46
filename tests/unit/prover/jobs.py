"""Jobs as the index would tell them, for unit tests: no chain, no database."""

from dataclasses import replace

from atomic_verify.chain.constants import Constants
from atomic_verify.commitments import Digest
from atomic_verify.protocol.auction import tie_of
from atomic_verify.protocol.primitives import Address, Amount, JobId, ModelId
from atomic_verify.protocol.types import BidStatus, Guarantee, JobState, Kind, MarketParams, Rfp
from atomic_verify.storage.records import AttemptRecord, BidRecord, JobRecord, Point, ResultRecord
from prover.views import View, view_of

ME = Address("0x" + "11" * 20)
RIVAL = Address("0x" + "22" * 20)
REQUESTER = Address("0x" + "33" * 20)
TOKEN = Address("0x" + "44" * 20)
MARKET = Address("0x" + "55" * 20)
POSTED_AT = 1_000
BIDDING, REVEALING, EXECUTING, WINDOW, ACCEPT, CLAIM_REVEAL = 60, 50, 40, 30, 10, 5
BIDDING_END = POSTED_AT + BIDDING
REVEAL_END = BIDDING_END + REVEALING
AWARD_END = REVEAL_END + EXECUTING
BOND = Amount(500)
DEADLINE = REVEAL_END + EXECUTING
JOB = JobId(b"\x01" * 32)

RFP = Rfp(
    requester=REQUESTER,
    nonce=1,
    model_id=ModelId(b"\x04" * 32),
    input_root=Digest(b"\x05" * 32),
    item_count=10,
    token=TOKEN,
    max_price=Amount(1_000_000),
    job_bond=BOND,
    bidding_time=BIDDING,
    reveal_time=REVEALING,
    execution_timeout=EXECUTING,
    challenge_window=WINDOW,
    guarantee=Guarantee.OPTIMISTIC,
    kind=Kind.AUCTION,
)
PARAMS = MarketParams(
    min_bidding_time=1,
    min_reveal_time=1,
    min_execution_timeout=1,
    min_challenge_window=1,
    max_time=1_000_000,
    accept_time=ACCEPT,
    fee_bps=0,
    min_job_bond=Amount(1),
    fee_recipient=REQUESTER,
)
CONSTANTS = Constants(31_337, MARKET, MARKET, TOKEN, PARAMS, CLAIM_REVEAL, has_disputes=True)


def point(timestamp: int) -> Point:
    return Point(timestamp, "0x" + "aa" * 32, timestamp, "0x" + "bb" * 32, 0)


def sealed(worker: Address = ME, mark: int = 1) -> BidRecord:
    seal = bytes([mark]) * 32
    return BidRecord(worker, BidStatus.SEALED, "0x" + seal.hex(), tie_of(seal), point(POSTED_AT + 1))


def revealed(worker: Address = ME, price: int = 100_000, mark: int = 1) -> BidRecord:
    return replace(
        sealed(worker, mark), status=BidStatus.REVEALED, weight=11_000, price=Amount(price), revealed=point(BIDDING_END)
    )


def spent(worker: Address = ME, price: int = 100_000) -> BidRecord:
    return replace(revealed(worker, price), status=BidStatus.SPENT)


def posted(*bids: BidRecord) -> JobRecord:
    return JobRecord(JOB, RFP, "http://input", JobState.POSTED, point(POSTED_AT), point(POSTED_AT), bids)


def awarded(worker: Address, *others: BidRecord, deadline: int = REVEAL_END + EXECUTING) -> JobRecord:
    """Awarded to `worker`, whose bid is spent, with the remaining bids of others."""
    attempt = AttemptRecord(1, worker, Amount(200_000), deadline, point(REVEAL_END), "lowest score")
    return replace(posted(spent(worker), *others), state=JobState.AWARDED, attempts=(attempt,))


def committed(worker: Address = ME, at: int = REVEAL_END + 5, open_claims: int = 0) -> JobRecord:
    result = ResultRecord(
        1, worker, Digest(b"\x06" * 32), "ab" * 32, at + WINDOW + CLAIM_REVEAL, point(at), open_claims
    )
    return replace(awarded(worker), state=JobState.COMMITTED, result=result)


def seen(record: JobRecord, now: int, free_stake: int = 10 * BOND, worker: Address = ME) -> View:
    """The view of a worker at a time."""
    return view_of(record, worker, CONSTANTS, Amount(free_stake), now)
