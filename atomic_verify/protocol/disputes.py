"""Amounts, windows and clocks of claims and lines, as Disputes.sol computes them, and what their sum means: how long a
job can take to be final, and what an attacker pays for each kind of delay.

Used by watchers and workers to decide, by deployments to choose constants, and by people who ask. Times are unix
seconds or seconds, amounts base units of the utility token. *Window*: a job's challenge window. *R*: the time to reveal
claims. *Depth*: the longest chain of steps of a model's program, which bounds the rounds of a line.
"""

from dataclasses import dataclass

from atomic_verify.protocol.dispute_types import DisputeParams
from atomic_verify.protocol.lifecycle import Span
from atomic_verify.protocol.primitives import Amount

REFUTATION_GAS = 3_000_000
"""What a refutation costs at most, and all that is paid for one."""
ANSWER_GAS = 2_750_000
"""What is paid for an answer at most: what each demand prefunds."""
ROUND_GAS = 4_000_000
"""What a demand and its answer cost at most."""
LAPSE_GAS = 240_000
"""What is paid to the opener whose line ends a claim."""
LEAST_ROUND_GAS = 440_000
"""What a demand of one leaf and its answer cost, on a tiny model: the price of a delay is reckoned by it."""
BOND_FACTOR = 10
"""A claim's bond over what its refutation may cost: so dear that false ones don't pay, whatever they delay."""
MAX_LEAVES = 64
"""That one demand may ask for."""
MAX_RUNS = 8


def seal_bond(params: DisputeParams) -> Amount:
    """What a seal locks, the same for every model, so that it tells nothing."""
    return Amount(BOND_FACTOR * REFUTATION_GAS * params.gas_price)


def line_reserve(params: DisputeParams, depth: int) -> Amount:
    """What a reveal locks on top: pays for the lines of whoever must ask for the trace, should the claim die."""
    return Amount(max_rounds(depth) * ROUND_GAS * params.gas_price)


def cost_cap(params: DisputeParams) -> Amount:
    """The most that a void claim's measured cost can be."""
    return Amount(REFUTATION_GAS * params.gas_price)


def answer_prefund(params: DisputeParams) -> Amount:
    """What a demand locks for its answer; what the answer doesn't take comes back."""
    return Amount(ANSWER_GAS * params.gas_price)


def max_rounds(depth: int) -> int:
    """Demands that one line may have."""
    return 2 * depth


def window_end(committed_at: int, challenge_window: int) -> int:
    """When claims can't be sealed any more, nor lines be opened on the result or the input."""
    return committed_at + challenge_window


def reveal_span(sealed_at: int, reveal_time: int) -> Span:
    """When a seal can be revealed; from the span's end on anybody can burn it."""
    return Span(sealed_at + 1, sealed_at + reveal_time)


def upholdable_at(revealed_at: int, params: DisputeParams) -> int:
    """When a claim's refute window ends: until then lines on its trace may be opened, from then on it can be upheld."""
    return revealed_at + params.refute_window


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the longest time to finality: its name and seconds."""

    name: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Finality:
    """The longest time from a commit to the second at which anybody can finalize, all clocks run to their ends."""

    parts: tuple[Part, ...]

    @property
    def seconds(self) -> int:
        """The sum of the parts."""
        return sum(part.seconds for part in self.parts)

    @property
    def hours(self) -> float:
        """The same in hours."""
        return self.seconds / 3_600


def undisputed_finality(challenge_window: int, reveal_time: int) -> Finality:
    """When nobody disputes."""
    return Finality((Part("challenge window", challenge_window), Part("time to reveal claims", reveal_time)))


def time_to_finality(params: DisputeParams, challenge_window: int, reveal_time: int) -> Finality:
    """The longest way to finality that any number of claims and lines can make a job go.

    A line on the result, opened when the window ends, runs both its clocks down; its opener then reveals a claim on the
    last second of its own clock. A line on that claim's trace, opened when the claim could just not be upheld yet, does
    the same. If a line's clocks are shorter than the time to reveal, a seal of the window's last second lasts longer.
    """
    line = 2 * params.line_clock
    late = (
        Part("line on the result, both clocks", line)
        if line > reveal_time
        else Part("time to reveal claims", reveal_time)
    )
    return Finality(
        (
            Part("challenge window", challenge_window),
            late,
            Part("refute window of a claim revealed last", params.refute_window),
            Part("line on its trace, both clocks", line),
        )
    )


@dataclass(frozen=True, slots=True)
class Delay:
    """One way to hold a job's finality up: for how many seconds beyond when it would come otherwise, and the least that
    it costs whoever does it, if all others act at once."""

    name: str
    seconds: int
    price: Amount
    why: str


def delays(params: DisputeParams, depth: int, reveal_time: int) -> tuple[Delay, ...]:
    """What an attacker can buy against an honest worker, for a model of this depth, and for what."""
    clock, bond = params.line_clock, seal_bond(params)
    # Who refutes its own claim first has that much back.
    lost = Amount(bond + line_reserve(params, depth) - cost_cap(params) - params.refute_reward)
    asked = Amount(LEAST_ROUND_GAS * params.gas_price)
    after_line = max(0, clock - reveal_time)
    return (
        Delay("an unrevealed seal", 0, bond, "it names no job, so that none waits for it; it burns"),
        Delay("a false claim, its trace served", 0, lost, "refuted in one transaction as soon as it is revealed"),
        Delay(
            "a false claim, its trace withheld",
            clock,
            lost,
            "answered as slowly as its clock allows, until an element breaks its law or the clock is out",
        ),
        Delay(
            "a line on an honest result",
            after_line,
            asked,
            "opened in the window's last second and answered at once; then its opener's clock runs out",
        ),
        Delay(
            "a line on an honest result, then a false claim, its trace withheld",
            after_line + clock,
            Amount(asked + lost),
            "the claim comes in the last second of the line's clock",
        ),
        Delay(
            "a line on a true claim",
            clock,
            Amount(asked + params.line_bond),
            "opened in the refute window's last second and answered at once; the verdict stays what it is",
        ),
    )
