"""What the court keeps of jobs, claims, seals and lines, and where every unit of money lies.

Used by the court's acts. *Funds* are what an account may spend or withdraw, in utility tokens; *payments* the same in
the job's payment token. *Place*: a step of a trace and an element of it.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.job_types import JobState, Outcome, Reputation, Result, Rfp, Strikes, VerdictRecord
from atomic_verify.protocol.primitives import Address, Amount, JobId

Place = tuple[int, int]


@dataclass(slots=True)
class JobCase:
    """A committed job."""

    id: JobId
    rfp: Rfp
    worker: Address
    committed_at: int
    depth: int
    void_only: bool
    result: Result
    state: JobState = JobState.COMMITTED
    voided: set[int] = field(default_factory=set)
    conviction: tuple[int, Address] | None = None
    """The lowest id of a claim or line that convicted the worker, and who made it."""
    ended_at: int | None = None

    @property
    def window_end(self) -> int:
        """When claims can't be sealed any more."""
        return self.committed_at + self.rfp.challenge_window

    def amend(self, **changes: object) -> None:
        """Changes what the chain keeps of the result."""
        self.result = replace(self.result, **changes)  # type: ignore[arg-type]

    @property
    def verdict(self) -> VerdictRecord:
        """What is known of the job when it settles."""
        found = self.result
        return VerdictRecord(found.slashed, found.void_items, found.challenger, found.costs)


@dataclass(frozen=True, slots=True)
class Reveal:
    """What a claim says, and what openings would show: its outcome, and where its trace breaks."""

    job: JobId
    item: int
    outcome: Outcome
    """By the distance of the claimed element; NONE within accept."""
    broken: frozenset[Place] = frozenset()
    mark: object = None
    """Whatever else the claimer is bound to by its seal, such as the trace's root."""


@dataclass(slots=True)
class ClaimCase:
    """A revealed claim."""

    id: int
    claimer: Address
    terms: Reveal
    revealed_at: int
    cost: Amount
    """What making it cost in gas, in utility tokens."""
    reserve: Amount
    """What is left of the part of its bond that pays for lines."""
    state: ClaimState = ClaimState.OPEN
    open_lines: int = 0
    charged: Amount = Amount(0)
    """What the worker's bond paid for its cost when it was upheld."""


@dataclass(slots=True)
class LineCase:
    """A line, open or closed."""

    id: int
    job: JobId
    opener: Address
    subject: Subject
    claim: int
    item: int
    since: int
    opener_left: int
    answerer_left: int
    max_rounds: int
    turn: Turn = Turn.NONE
    rounds: int = 0
    asked: object = None
    """What the open demand asks for."""
    prefund: Amount = Amount(0)
    spent: Amount = Amount(0)


class Ledger:
    """Every unit of money, in the utility token and in the payment token; none is made or lost but what burns."""

    def __init__(self) -> None:
        self.funds: defaultdict[Address, int] = defaultdict(int)
        self.payments: defaultdict[Address, int] = defaultdict(int)
        self.job_bonds: dict[JobId, int] = {}
        self.escrows: dict[JobId, int] = {}
        self.dispute_bonds = 0
        self.burned = 0
        self.reputations: defaultdict[Address, Reputation] = defaultdict(lambda: Reputation(0, 0, 0, 0, Amount(0)))
        self.strikes: defaultdict[Address, Strikes] = defaultdict(lambda: Strikes(0, 0))

    @property
    def utility_total(self) -> int:
        """All utility tokens; never changes."""
        return sum(self.funds.values()) + sum(self.job_bonds.values()) + self.dispute_bonds + self.burned

    @property
    def payment_total(self) -> int:
        """All payment tokens; never changes."""
        return sum(self.payments.values()) + sum(self.escrows.values())

    def lock(self, account: Address, amount: int) -> bool:
        """Moves funds into the bonds of disputes; False, and nothing moves, if there are too few."""
        if self.funds[account] < amount:
            return False
        self.funds[account] -= amount
        self.dispute_bonds += amount
        return True

    def pay(self, account: Address, amount: int) -> None:
        """Pays out of the bonds of disputes."""
        self.take_from_bonds(amount)
        self.funds[account] += amount

    def burn(self, amount: int) -> None:
        """Burns of the bonds of disputes."""
        self.take_from_bonds(amount)
        self.burned += amount

    def take_from_bonds(self, amount: int) -> None:
        """Takes out what was locked before. Raises ArithmeticError for more: disputes never reach other money."""
        if not 0 <= amount <= self.dispute_bonds:
            raise ArithmeticError(f"{amount} of {self.dispute_bonds} in the bonds of disputes")
        self.dispute_bonds -= amount
