"""What checking a receipt finds: verdicts, reports, and what a check needs of a chain.

Life cycle: receipt. A report says in plain words what was checked and what wasn't; a check that fails raises instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.model_types import CriticalStep
from atomic_verify.receipts.errors import ReceiptRefused


class Verdict(StrEnum):
    """What became of an item."""

    GOOD = "good"
    """Final: nobody showed it to be wrong."""
    VOID = "void"
    """A claim showed it to be wrong: its price was paid back."""
    SLASHED = "slashed"
    """The worker was slashed: the whole job was paid back."""
    OPEN = "open"
    """Not final yet."""
    UNKNOWN = "unknown"
    """Nobody was asked, or the receipt doesn't name all void items."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, in plain words."""

    words: str


@dataclass(frozen=True, slots=True)
class ProofFinding:
    """What is known of an item's proof."""

    step: CriticalStep
    tensor: str
    """What the circuit reads: the features of a head, or the input."""
    decision: int
    is_certain: bool
    lead: int
    """By how many quanta the largest score leads."""
    snark: bytes | None
    instances: tuple[int, ...]
    """What the SNARK must be about, as field elements."""
    checked_by: tuple[str, ...] = ()
    """Who accepted the proof: the chain at the "commit", a "verifier" contract now, "ezkl"."""

    @property
    def is_checked(self) -> bool:
        """Whether the receipt's own SNARK was checked."""
        return bool({"verifier", "ezkl"} & set(self.checked_by))

    def checked(self, by: str) -> "ProofFinding":
        """The same, accepted by one more."""
        return replace(self, checked_by=(*self.checked_by, by))


@dataclass(frozen=True, slots=True)
class Report:
    """What is now known of an item, and what is not."""

    verified: tuple[Check, ...]
    unverified: tuple[Check, ...]
    verdict: Verdict
    """What the chain says of this item; always UNKNOWN without a chain."""
    proof: ProofFinding | None = None
    """None for an item of an optimistic job."""
    meaning: tuple[str, ...] = ()
    """What is proven of the item, and what is optimistic until when, in plain words; empty for an optimistic job."""

    @property
    def final(self) -> bool:
        """Whether the chain says that the result is final and that this item stands."""
        return self.verdict is Verdict.GOOD

    def joined(self, verified: Sequence[str], unverified: Sequence[str], verdict: Verdict) -> "Report":
        """This report with more in it."""
        return replace(
            self,
            verified=self.verified + tuple(map(Check, verified)),
            unverified=self.unverified + tuple(map(Check, unverified)),
            verdict=verdict,
        )


class ReceiptChain(Protocol):
    """What verifying needs of a chain and its contracts."""

    def chain_id(self) -> int: ...

    def head(self) -> BlockRef: ...

    def block_hash(self, number: int) -> str | None: ...

    def results_of(self, market: str) -> str:
        """The address of the results contract that this market takes commits from."""
        ...

    def transaction_events(self, tx_hash: str, contracts: Mapping[str, str]) -> Sequence[ChainEvent]:
        """The events of contracts (addresses by name) in one transaction; empty when the chain doesn't have it."""
        ...

    def code_hash(self, address: str) -> bytes | None:
        """keccak256 of the code at an address; None where there is none."""
        ...

    def is_proven(self, verifier: str, snark: bytes, instances: Sequence[int]) -> bool:
        """Whether a verifier contract takes the SNARK about these instances."""
        ...


SnarkCheck = Callable[[bytes, Sequence[int]], bool]
"""Whether a SNARK proves these instances, by whoever has the circuit's keys."""


def require(holds: bool, words: str) -> None:
    """Refuses the receipt unless `holds`. Raises ReceiptRefused."""
    if not holds:
        raise ReceiptRefused(
            f"The receipt is wrong: {words}.", hint="Fetch it again, or don't trust who handed it out."
        )
