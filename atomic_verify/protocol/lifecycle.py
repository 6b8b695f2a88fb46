"""The life of a job as data: which act leads from which state to which, who may act, and when.

Used by workers, requesters and the gateway to know what is legal now and until when; twin of the guards in Market.sol
and Results.sol. *Act*: one transaction. *Span*: half-open, from `opens_at` up to but without `closes_at`; no end means
that only another act ends it. *Remaining bids*: revealed, and not spent on an award.
"""

from dataclasses import dataclass
from enum import Enum

from atomic_verify.protocol.auction import MAX_BIDS
from atomic_verify.protocol.errors import TransitionIllegal
from atomic_verify.protocol.types import Job, JobState, Kind, MarketParams, Rfp


class Act(Enum):
    """What an account can do to a job, in the order of a job's life."""

    POST = "post"
    AWARD_QUOTE = "award-quote"
    CANCEL = "cancel"
    BID = "bid"
    REVEAL = "reveal"
    FORFEIT = "forfeit"
    AWARD = "award"
    COMMIT = "commit"
    REASSIGN = "reassign"
    EXPIRE = "expire"
    FINALIZE = "finalize"
    RELEASE_BID = "release-bid"
    WITHDRAW = "withdraw"


class Role(Enum):
    """Who may do an act."""

    REQUESTER = "requester"
    BIDDER = "bidder"
    """A worker with a bid on the job, or with the free stake to make one."""
    WORKER = "worker"
    """The worker that the job is awarded to."""
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from a state to a state; `source` equals `target` where only bids or attempts change."""

    act: Act
    source: JobState
    target: JobState
    role: Role


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Act.POST, JobState.NONE, JobState.POSTED, Role.REQUESTER),
    Transition(Act.AWARD_QUOTE, JobState.NONE, JobState.AWARDED, Role.REQUESTER),
    Transition(Act.CANCEL, JobState.POSTED, JobState.CANCELLED, Role.REQUESTER),
    Transition(Act.BID, JobState.POSTED, JobState.POSTED, Role.BIDDER),
    Transition(Act.REVEAL, JobState.POSTED, JobState.POSTED, Role.BIDDER),
    Transition(Act.FORFEIT, JobState.POSTED, JobState.POSTED, Role.ANYBODY),
    Transition(Act.AWARD, JobState.POSTED, JobState.AWARDED, Role.ANYBODY),
    Transition(Act.EXPIRE, JobState.POSTED, JobState.EXPIRED, Role.ANYBODY),
    Transition(Act.COMMIT, JobState.AWARDED, JobState.COMMITTED, Role.WORKER),
    # What is proven whole is settled by its commit.
    Transition(Act.COMMIT, JobState.AWARDED, JobState.FINAL, Role.WORKER),
    Transition(Act.REASSIGN, JobState.AWARDED, JobState.AWARDED, Role.BIDDER),
    Transition(Act.EXPIRE, JobState.AWARDED, JobState.EXPIRED, Role.ANYBODY),
    Transition(Act.FINALIZE, JobState.COMMITTED, JobState.FINAL, Role.ANYBODY),
    Transition(Act.FINALIZE, JobState.COMMITTED, JobState.SLASHED, Role.ANYBODY),
)
"""Every change of a job's state. Forfeits are also legal later, and bids are released after an expiry without an award;
both leave the job as it is."""

TERMINAL = frozenset({JobState.FINAL, JobState.SLASHED, JobState.CANCELLED, JobState.EXPIRED})


def targets(state: JobState, act: Act) -> frozenset[JobState]:
    """The states that `act` can lead to from `state`. Raises TransitionIllegal where there is none."""
    found = frozenset(step.target for step in TRANSITIONS if step.source is state and step.act is act)
    if not found:
        raise TransitionIllegal(
            f"A job in state {state.name.lower()} does not allow {act.value}", state=state.name.lower(), act=act.value
        )
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """Unix seconds: legal from `opens_at`, and before `closes_at` unless that is None."""

    opens_at: int
    closes_at: int | None = None

    def contains(self, now: int) -> bool:
        """Whether `now` lies in the span."""
        return self.opens_at <= now and (self.closes_at is None or now < self.closes_at)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The spans of a job's acts in its present state; None for an act that the state or the bids exclude.

    `job.time` means another thing in each state, so the bidding times of an awarded job can't be told from it.
    """

    bid: Span | None = None
    reveal: Span | None = None
    award: Span | None = None
    commit: Span | None = None
    reassign: Span | None = None
    """For the best remaining bid; each later rank's opens `accept_time` later."""
    expire: Span | None = None
    finalize: Span | None = None


def deadlines(rfp: Rfp, job: Job, params: MarketParams, claim_reveal_time: int) -> Deadlines:
    """When each act on the job is legal, as things stand. `claim_reveal_time` is Results' R in seconds."""
    if job.state is JobState.POSTED:
        return _posted(rfp, job)
    if job.state is JobState.AWARDED:
        return _awarded(job, params)
    if job.state is JobState.COMMITTED:
        return Deadlines(finalize=Span(final_at(rfp, job, claim_reveal_time)))
    return Deadlines()


def final_at(rfp: Rfp, job: Job, claim_reveal_time: int) -> int:
    """When a committed job becomes final if nobody claims: window end + time to reveal claims.

    Raises TransitionIllegal for a job that isn't committed.
    """
    targets(job.state, Act.FINALIZE)
    return job.time + rfp.challenge_window + claim_reveal_time


def remaining_bids(job: Job) -> int:
    """Revealed bids that no award has spent."""
    return job.revealed_count - job.spent_count


def reveal_end_of(rfp: Rfp, job: Job) -> int:
    """When revealing ends for a posted job. Raises TransitionIllegal in other states."""
    targets(job.state, Act.REVEAL)
    return job.time + rfp.bidding_time + rfp.reveal_time


def reassign_span(job: Job, params: MarketParams, rank: int) -> Span:
    """When the remaining bid of this rank may take the job over. Raises TransitionIllegal if the job isn't awarded."""
    targets(job.state, Act.REASSIGN)
    return Span(job.time + rank * params.accept_time)


def _posted(rfp: Rfp, job: Job) -> Deadlines:
    bidding_end = job.time + rfp.bidding_time
    reveal_end = reveal_end_of(rfp, job)
    award_end = reveal_end + rfp.execution_timeout
    award_opens = bidding_end if job.revealed_count == job.sealed_count else reveal_end
    expires_unrevealed = reveal_end if job.sealed_count else bidding_end
    return Deadlines(
        bid=Span(job.time, bidding_end) if rfp.kind is Kind.AUCTION and job.sealed_count < MAX_BIDS else None,
        reveal=Span(bidding_end, reveal_end) if job.revealed_count < job.sealed_count else None,
        award=Span(award_opens, award_end) if job.revealed_count else None,
        expire=Span(award_end if job.revealed_count else expires_unrevealed),
    )


def _awarded(job: Job, params: MarketParams) -> Deadlines:
    remaining = remaining_bids(job)
    return Deadlines(
        # The deadline is the only time known; that the award lies in the past is known from the state.
        commit=Span(0, job.time),
        reassign=reassign_span(job, params, 0) if remaining else None,
        expire=Span(job.time + remaining * params.accept_time),
    )
