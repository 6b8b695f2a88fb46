"""What a worker has taken on: the backlog that its next bid, quote or reassignment comes on top of.

Life cycle: bid. A sealed or revealed bid counts like an award, since all of them may be won at once, and so does an
open quote: signed, not expired, and not awarded yet.
"""

from dataclasses import dataclass

from atomic_verify.protocol.primitives import Amount, JobId
from atomic_verify.protocol.types import BidStatus, JobState
from prover.views import View


@dataclass(frozen=True, slots=True)
class Share:
    """One job's part: `seconds` are the estimate that is left, `bond` is what it will lock but hasn't yet.

    `proving`: the seconds of proofs, which are made beside other jobs' execution and aren't among `seconds`.
    """

    job: JobId
    seconds: float
    bond: Amount
    proving: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """All that is taken on, each job once."""

    shares: tuple[Share, ...] = ()

    @property
    def open_jobs(self) -> int:
        return len(self.shares)

    @property
    def seconds(self) -> float:
        return sum(share.seconds for share in self.shares)

    @property
    def proving(self) -> float:
        return sum(share.proving for share in self.shares)

    @property
    def bond_reserved(self) -> Amount:
        return Amount(sum(share.bond for share in self.shares))

    def plus(self, share: Share) -> "Load":
        """The load with one more job, or with another share of a job that it holds."""
        return Load((*(one for one in self.shares if one.job != share.job), share))

    def without(self, job: JobId) -> "Load":
        return Load(tuple(one for one in self.shares if one.job != job))


@dataclass(frozen=True, slots=True)
class Moment:
    """The worker at its last look at the chain: the newest block's time, its stake, and what it has taken on."""

    now: int
    free_stake: Amount
    load: Load
    is_ready: bool = True
    """Whether it takes work on."""


def is_taken_on(view: View) -> bool:
    """Whether the job is the worker's to do, or may become so without its asking again."""
    if view.state is JobState.POSTED:
        return view.situation.bid.status in (BidStatus.SEALED, BidStatus.REVEALED)
    return view.state is JobState.AWARDED and view.is_mine and view.seconds_left is not None and view.seconds_left > 0
