"""What an account can do next: for a requester, a worker or anybody, each act that is or will be legal, and until when.

Used by daemons to decide and to know when to wake, and by people who ask what a job waits for. *Situation*: all that
the answer depends on, as read at one block; nothing here reads a clock or a chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from atomic_verify.protocol.auction import MAX_BIDS
from atomic_verify.protocol.lifecycle import Act, Deadlines, Span, deadlines, reassign_span, reveal_end_of
from atomic_verify.protocol.types import Address, Amount, Bid, BidStatus, Job, JobState, Kind, MarketParams, Rfp


@dataclass(frozen=True, slots=True)
class Situation:
    """A job, and one account that looks at it."""

    rfp: Rfp
    job: Job
    params: MarketParams
    claim_reveal_time: int
    account: Address
    bid: Bid
    """The account's own bid, of status NONE if it made none."""
    free_stake: Amount
    """What can back a new bond of the account, in utility-token base units."""
    rank: int | None = None
    """Of the account's bid among the remaining ones, 0 for the best; None if it has none."""
    open_claims: int = 0
    sealed_bidders: tuple[Address, ...] = ()
    """Workers whose bids are still sealed, as the events tell."""
    credit: int = 0
    """What the market owes the account, in base units of the job's payment token."""


@dataclass(frozen=True, slots=True)
class NextAct:
    """An act, when it is legal, on whose bid if not on the job as a whole, and what it does."""

    act: Act
    span: Span
    reason: str
    subject: Address | None = None


def next_acts(situation: Situation, now: int) -> tuple[NextAct, ...]:
    """The acts that are legal for the account at time `now`, in the order of a job's life."""
    return tuple(found for found in coming_acts(situation, now) if found.span.contains(now))


def coming_acts(situation: Situation, now: int) -> tuple[NextAct, ...]:
    """The acts that are legal at `now` or will be if nobody else acts."""
    return tuple(found for found in _acts(situation) if found.span.closes_at is None or now < found.span.closes_at)


def wake_at(situation: Situation, now: int) -> int | None:
    """The next time after `now` at which an act opens or closes; None if time alone changes nothing."""
    edges = [edge for found in _acts(situation) for edge in (found.span.opens_at, found.span.closes_at)]
    return min((edge for edge in edges if edge is not None and edge > now), default=None)


def _acts(at: Situation) -> Iterator[NextAct]:
    spans = deadlines(at.rfp, at.job, at.params, at.claim_reveal_time)
    if at.job.state is JobState.NONE:
        yield from _of_unposted(at)
    elif at.job.state is JobState.POSTED:
        yield from _of_posted(at, spans)
    elif at.job.state is JobState.AWARDED:
        yield from _of_awarded(at, spans)
    elif at.job.state is JobState.COMMITTED and spans.finalize and at.open_claims == 0:
        yield NextAct(Act.FINALIZE, spans.finalize, "the window is over and no claim is open: the money moves")
    yield from _of_bids(at)
    if at.credit > 0:
        yield NextAct(Act.WITHDRAW, Span(0), f"the market owes the account {at.credit}")


def _of_unposted(at: Situation) -> Iterator[NextAct]:
    if at.account != at.rfp.requester:
        return
    if at.rfp.kind is Kind.AUCTION:
        yield NextAct(Act.POST, Span(0), "the RFP is not posted yet")
    elif at.rfp.kind is Kind.QUOTE:
        yield NextAct(Act.AWARD_QUOTE, Span(0), "the RFP is awarded with a worker's quote, before that expires")


def _of_posted(at: Situation, spans: Deadlines) -> Iterator[NextAct]:
    if at.account == at.rfp.requester and at.job.sealed_count == 0:
        yield NextAct(Act.CANCEL, Span(0), "nobody has bid: the escrow comes back")
    can_bid = at.bid.status is BidStatus.NONE and at.free_stake >= at.rfp.job_bond
    if spans.bid and can_bid and at.job.sealed_count < MAX_BIDS:
        yield NextAct(Act.BID, spans.bid, f"bidding is open; a bid locks {at.rfp.job_bond}")
    if spans.reveal and at.bid.status is BidStatus.SEALED:
        yield NextAct(Act.REVEAL, spans.reveal, "a bid that is not revealed loses its bond")
    if spans.award:
        yield NextAct(Act.AWARD, spans.award, "revealed bids wait for the award")
    if spans.expire:
        yield NextAct(Act.EXPIRE, spans.expire, "nobody was awarded: the escrow comes back")


def _of_awarded(at: Situation, spans: Deadlines) -> Iterator[NextAct]:
    if spans.commit and at.account == at.job.worker:
        yield NextAct(Act.COMMIT, spans.commit, f"missing the deadline loses the bond of {at.rfp.job_bond}")
    can_bond = at.free_stake >= at.rfp.job_bond
    if at.rank is not None and at.bid.status is BidStatus.REVEALED and can_bond:
        span = reassign_span(at.job, at.params, at.rank)
        yield NextAct(Act.REASSIGN, span, f"rank {at.rank} may take the job over once the worker missed its deadline")
    if spans.expire:
        yield NextAct(Act.EXPIRE, spans.expire, "the worker missed its deadline and no runner-up took over")


def _of_bids(at: Situation) -> Iterator[NextAct]:
    """Acts on single bids, which stay open after the job moved on."""
    # A job leaves POSTED with sealed bids only when revealing is over.
    opens_at = reveal_end_of(at.rfp, at.job) if at.job.state is JobState.POSTED else 0
    for bidder in at.sealed_bidders:
        yield NextAct(Act.FORFEIT, Span(opens_at), "the bid was not revealed: its bond burns", bidder)
    unawarded = at.job.state is JobState.EXPIRED and at.job.attempt == 0
    if unawarded and at.bid.status is BidStatus.REVEALED:
        yield NextAct(Act.RELEASE_BID, Span(0), "the RFP expired without an award: the bond is free", at.account)
