"""The moves of a dispute: one transaction each, with what it needs and why it is made.

Used while a job is committed. A move's `key` is the same whenever the same move is decided again, so that it is sent
once, however often the process restarts.
"""

from dataclasses import dataclass
from typing import TypeAlias

from atomic_verify.protocol.dispute_types import ClaimTerms, Run, Subject
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.primitives import Address, JobId


@dataclass(frozen=True, slots=True)
class Seal:
    """Lock the bond of a claim. `recorded` is one on record that the chain doesn't know yet; else a new one is made."""

    job: JobId
    wrong: Wrong
    attempt: int
    """How many seals of this account for this item are spent: each needs a salt of its own."""
    recorded: ClaimTerms | None
    reason: str

    @property
    def key(self) -> str:
        return f"seal:{self.job.hex()}:{self.wrong.item}:{self.attempt}"


@dataclass(frozen=True, slots=True)
class Reveal:
    """Reveal a sealed claim; `line` is an own answered line if the seal was made after the window, else 0."""

    terms: ClaimTerms
    sealed_at: int
    line: int
    reason: str

    @property
    def key(self) -> str:
        return f"reveal:{self.terms.job.hex()}:{self.terms.item}:{self.sealed_at}"


@dataclass(frozen=True, slots=True)
class BurnSeal:
    """Burn the bond of a seal that wasn't revealed in time."""

    claimer: Address
    seal: bytes
    reason: str

    @property
    def key(self) -> str:
        return f"burn-seal:{self.claimer}:{self.seal.hex()}"


@dataclass(frozen=True, slots=True)
class Refute:
    """Show the element of a claim's trace that breaks its law."""

    claim: int
    step: int
    element: int
    reason: str

    @property
    def key(self) -> str:
        return f"refute:{self.claim}"


@dataclass(frozen=True, slots=True)
class RefuteModel:
    """Show the invalid record of the program that a claim is made on."""

    claim: int
    record: int
    reason: str

    @property
    def key(self) -> str:
        return f"refute:{self.claim}"


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Kill a claim on a model that was shown to be invalid."""

    claim: int
    reason: str

    @property
    def key(self) -> str:
        return f"dismiss:{self.claim}"


@dataclass(frozen=True, slots=True)
class Uphold:
    """End a claim that nobody refuted: its outcome comes about."""

    claim: int
    reason: str

    @property
    def key(self) -> str:
        return f"uphold:{self.claim}"


@dataclass(frozen=True, slots=True)
class DemandTrace:
    """Ask for leaves of a claim's trace, in a new line (0) or as the next round of an own one."""

    claim: int
    line: int
    attempt: int
    """Rounds of the line so far; for a new one, how many lines the account has had on this claim."""
    runs: tuple[Run, ...]
    reason: str

    @property
    def key(self) -> str:
        return f"demand:trace:{self.claim}:{self.line}:{self.attempt}"


@dataclass(frozen=True, slots=True)
class DemandItem:
    """Ask for leaves of one item of the result or the input, in a new line (0) or as the next round of an own one."""

    job: JobId
    subject: Subject
    item: int
    line: int
    attempt: int
    """Rounds of the line so far; for a new one, how many lines the account has had on this."""
    runs: tuple[Run, ...]
    reason: str

    @property
    def key(self) -> str:
        place = f"{self.job.hex()}:{self.subject.name.lower()}:{self.item}"
        return f"demand:{place}:{self.line}:{self.attempt}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the open demand of a line."""

    line: int
    rounds: int
    reason: str

    @property
    def key(self) -> str:
        return f"answer:{self.line}:{self.rounds}"


@dataclass(frozen=True, slots=True)
class Lapse:
    """End a line whose answerer has no time left."""

    line: int
    reason: str

    @property
    def key(self) -> str:
        return f"lapse:{self.line}"


@dataclass(frozen=True, slots=True)
class CloseLine:
    """End a line: an own one that is of no more use, or any whose opener has no time left or whose claim is closed."""

    line: int
    reason: str

    @property
    def key(self) -> str:
        return f"close-line:{self.line}"


@dataclass(frozen=True, slots=True)
class Finalize:
    """End the job: the money moves."""

    job: JobId
    reason: str

    @property
    def key(self) -> str:
        return f"finalize:{self.job.hex()}"


Move: TypeAlias = (
    Seal
    | Reveal
    | BurnSeal
    | Refute
    | RefuteModel
    | Dismiss
    | Uphold
    | DemandTrace
    | DemandItem
    | Answer
    | Lapse
    | CloseLine
    | Finalize
)
