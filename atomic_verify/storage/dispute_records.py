"""What the events of claims and lines add up to.

Life cycle: from a claim's seal to its end, and each line's demands and answers. Ids of claims and lines are ints of one
counter; amounts base units of the utility token; times Unix seconds. A *round* is one demand and its answer.
"""

from dataclasses import dataclass

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.dispute_types import ClaimState, ClaimTerms, Demand, LineEnd, Subject, Turn
from atomic_verify.protocol.types import Address, Amount, JobId, Outcome, Rfp
from atomic_verify.storage.records import Point


@dataclass(frozen=True, slots=True)
class SealRecord:
    """A sealed claim: nobody knows about what, until it is revealed. Two accounts may have made the same seal."""

    seal: bytes
    claimer: Address
    bond: Amount
    sealed: Point
    claim: int | None = None
    """The claim that it was revealed as."""
    revealed: Point | None = None
    burned: Point | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is neither revealed nor burned."""
        return self.revealed is None and self.burned is None


@dataclass(frozen=True, slots=True)
class Refutation:
    """Why a claim is dead and who got what of its bond. `ruling` is the referee's number, as in IReferee.sol.

    `step` and `element` are where the trace breaks; zero where the model is invalid or a line went unanswered.
    """

    refuter: Address
    ruling: int
    step: int
    element: int
    reward: Amount
    to_worker: Amount
    burned: Amount


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A revealed claim and what became of it."""

    id: int
    terms: ClaimTerms
    claimer: Address
    seal: bytes
    inputs: Digest
    """Root of the item's inputs."""
    outcome: Outcome
    """What it brings about if it is upheld."""
    bond: Amount
    cost: Amount
    """What making it cost, in gas turned to utility tokens."""
    upholdable_at: int
    revealed: Point
    state: ClaimState = ClaimState.OPEN
    refutation: Refutation | None = None
    charged: Amount = Amount(0)
    """What the worker's bond paid for the claimer's costs."""
    reserve_to_worker: Amount = Amount(0)
    """The worker's half of what the lines on the dead claim left of the part of its bond that pays for them."""
    reserve_burned: Amount = Amount(0)
    ended: Point | None = None

    @property
    def job(self) -> JobId:
        return self.terms.job

    @property
    def item(self) -> int:
        return self.terms.item

    @property
    def is_open(self) -> bool:
        return self.state is ClaimState.OPEN


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One demand of a line and, once it is given, its answer; the answer's leaves are read by `Queries.answer`."""

    number: int
    demand: Demand
    prefund: Amount
    answer_by: int
    demanded: Point
    answerer: Address | None = None
    paid: Amount | None = None
    """What the answerer got of the prefund."""
    demand_by: int | None = None
    """By when the opener has to demand anew or to close, if anybody else closes it otherwise."""
    answered: Point | None = None

    @property
    def is_answered(self) -> bool:
        return self.answered is not None


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A line, its rounds so far and how it ended."""

    id: int
    job: JobId
    opener: Address
    subject: Subject
    claim: int | None
    """The claim whose trace it asks for; None for a result or an input."""
    item: int
    opened: Point
    rounds: tuple[RoundRecord, ...] = ()
    end: LineEnd = LineEnd.NONE
    repaid: Amount = Amount(0)
    forfeited: Amount = Amount(0)
    closed: Point | None = None

    @property
    def is_open(self) -> bool:
        return self.closed is None

    @property
    def turn(self) -> Turn:
        """Whose move it waits for."""
        if self.closed is not None:
            return Turn.CLOSED
        return Turn.DEMANDER if self.rounds and self.rounds[-1].is_answered else Turn.ANSWERER

    @property
    def due(self) -> int | None:
        """When the clock of the side whose turn it is runs out; None for a closed line."""
        if self.closed is not None or not self.rounds:
            return None
        last = self.rounds[-1]
        return last.demand_by if last.is_answered else last.answer_by


@dataclass(frozen=True, slots=True)
class WatchedResult:
    """A committed result that can still be claimed against: all that somebody needs to look at it."""

    job: JobId
    rfp: Rfp
    input_uri: str
    worker: Address
    root: Digest
    payload: str
    """sha256 of the output payload, as blobs are addressed."""
    committed_at: int
    window_ends: int
    """Seals and lines count before this time."""
    final_at: int
    open_claims: int
