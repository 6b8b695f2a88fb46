"""What a watcher or worker decides on: a job's disputes as the chain tells them, and its own opinion of them.

Used while a job is committed. `DisputeView` is filled from the index of the chain's events, `Opinion` by whoever
evaluates, `Policy` by configuration; there is no other memory, so a restart changes nothing. Times are unix seconds or
seconds, amounts base units of the utility token.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from atomic_verify.protocol.dispute_types import (
    ClaimState,
    ClaimTerms,
    Demand,
    DisputeParams,
    Run,
    Subject,
    Turn,
)
from atomic_verify.protocol.disputes import seal_bond, upholdable_at, window_end
from atomic_verify.protocol.job_types import JobState, Outcome, Result, Rfp
from atomic_verify.protocol.lifecycle import Span
from atomic_verify.protocol.primitives import Address, Amount, JobId


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A revealed claim on the job, open or closed."""

    id: int
    claimer: Address
    terms: ClaimTerms
    outcome: Outcome
    """What it brings about if it is upheld."""
    state: ClaimState
    revealed_at: int

    @property
    def is_open(self) -> bool:
        return self.state is ClaimState.OPEN


@dataclass(frozen=True, slots=True)
class LineView:
    """A line on the job, open or closed."""

    id: int
    opener: Address
    subject: Subject
    claim: int
    """Zero unless the subject is a claim's trace."""
    item: int
    turn: Turn
    since: int
    """Since when the side whose turn it is may move."""
    opener_left: int
    answerer_left: int
    rounds: int
    max_rounds: int
    demand: Demand | None = None
    """The open demand; None if it is the demander's turn."""

    @property
    def is_open(self) -> bool:
        return self.turn in (Turn.ANSWERER, Turn.DEMANDER)

    @property
    def clock_ends(self) -> int:
        """The second at which the side whose turn it is has no time left."""
        return self.since + (self.answerer_left if self.turn is Turn.ANSWERER else self.opener_left)


@dataclass(frozen=True, slots=True)
class OwnSeal:
    """A claim on this job that the account has on record, with its salt; written down before it is sealed."""

    terms: ClaimTerms
    outcome: Outcome
    """What it is to bring about, by the account's own evaluation."""
    sealed_at: int | None
    """None if the chain doesn't know it yet."""
    is_used: bool = False
    """Whether it was revealed, or burned."""


@dataclass(frozen=True, slots=True)
class ForeignSeal:
    """Somebody's seal that was neither revealed nor burned. It may be about any job."""

    claimer: Address
    seal: bytes
    sealed_at: int


@dataclass(frozen=True, slots=True)
class DisputeView:
    """All that the chain tells about the disputes of one job, and of the account that looks, as of one block."""

    account: Address
    job: JobId
    rfp: Rfp
    state: JobState
    worker: Address
    committed_at: int
    result: Result
    """As the chain keeps it: `open_claims` counts claims and lines."""
    params: DisputeParams
    reveal_time: int
    """R of this deployment, seconds."""
    is_disputable: bool
    is_model_invalid: bool
    """Whether the model was shown to be invalid: then no claim can be made, and any can be dismissed."""
    claims: tuple[ClaimView, ...] = ()
    lines: tuple[LineView, ...] = ()
    own_seals: tuple[OwnSeal, ...] = ()
    foreign_seals: tuple[ForeignSeal, ...] = ()

    @property
    def window(self) -> Span:
        """When claims can be sealed, and lines be opened on the result and the input."""
        return Span(self.committed_at, window_end(self.committed_at, self.rfp.challenge_window))

    @property
    def final_at(self) -> int:
        """When the job can be final if nothing is open."""
        return self.committed_at + self.rfp.challenge_window + self.reveal_time

    @property
    def is_owed(self) -> bool:
        """Whether a reward of the account's waits for the job to be final."""
        return self.result.slashed and self.result.challenger == self.account

    def upholdable_at(self, claim: ClaimView) -> int:
        """When the claim's refute window ends."""
        return upholdable_at(claim.revealed_at, self.params)

    def open_lines_on(self, claim: ClaimView) -> tuple[LineView, ...]:
        """Lines on the claim's trace that keep it from being upheld."""
        return tuple(line for line in self.lines if line.claim == claim.id and line.is_open)

    def own_line(self, subject: Subject, *, claim: int = 0, item: int = 0) -> LineView | None:
        """The account's open line on that claim's trace, or on that item; None if it has none."""
        for line in self.lines:
            is_there = (line.subject, line.claim) == (subject, claim) and (claim or line.item == item)
            if line.is_open and line.opener == self.account and is_there:
                return line
        return None

    @property
    def bond(self) -> Amount:
        """What a seal locks."""
        return seal_bond(self.params)


class Stance(Enum):
    """What the account knows of a claim's trace."""

    UNKNOWN = "unknown"
    """Nothing yet: it waits for its own evaluation."""
    TRUE = "true"
    """It is the account's own evaluation to the last bit, so that the account can answer every demand."""
    LAWFUL = "lawful"
    """It was read, differs from the account's own, and no element of it breaks its law."""
    BROKEN = "broken"
    """An element of it breaks its law, and the account can show it."""
    INVALID_MODEL = "invalid-model"
    """A record of the model's program is invalid, and the account can show it."""
    WITHHELD = "withheld"
    """It can't be read: what the account doesn't know of it must be demanded."""


@dataclass(frozen=True, slots=True)
class ClaimOpinion:
    """What the account thinks of one claim."""

    stance: Stance
    step: int = 0
    """Where a BROKEN trace breaks; or the number of an invalid record."""
    element: int = 0
    asks: tuple[Run, ...] = ()
    """Of a WITHHELD trace: what to ask for next, deeper with every answer."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """An item that is wrong by the account's own evaluation: the element that shows it, and what a claim would do."""

    item: int
    output: int
    element: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Want:
    """Leaves of one item that couldn't be fetched and are still unknown.

    Wants stand in order: where a whole batch is withheld, items that the worker can't foretell come first.
    """

    subject: Subject
    item: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the account's own evaluation says of a job. A job that it didn't look at has the empty opinion."""

    wrongs: tuple[Wrong, ...] = ()
    wants: tuple[Want, ...] = ()
    claims: Mapping[int, ClaimOpinion] = field(default_factory=dict)
    """By claim id; a claim that is missing is UNKNOWN."""
    answerable: frozenset[int] = frozenset()
    """Lines whose open demand the account has the data to answer."""

    def of(self, claim: ClaimView) -> ClaimOpinion:
        """What is thought of this claim."""
        return self.claims.get(claim.id, ClaimOpinion(Stance.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Policy:
    """How an account plays."""

    margin: int
    """Seconds before a deadline from which an act may come too late to be begun."""
    patience: int
    """Seconds after a commit before data that can't be fetched is demanded on the chain."""
    grace: int
    """Seconds that others are left to do what is theirs (answer, uphold) before the account does it for them."""
    claims: bool = True
    """Whether it claims, and opens lines on results. A worker that only defends itself does not."""
    defends_others: bool = True
    """Whether it refutes claims on others' results, and answers their lines."""
    tidies: bool = False
    """Whether it also does what is nobody's duty: burns others' stale seals, upholds, lapses, finalizes."""
    max_claims: int = 8
    """On one job: each void item is one."""
    max_lines: int = 8
    """On results and inputs of one job, over its whole life: each costs the gas of its answers."""
