"""What checking a receipt finds: verdicts, reports, and what a check needs of a chain.

Life cycle: receipt. A report says in plain words what was checked and what wasn't; a check that fails raises instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from atomic_verify.protocol.events import BlockRef, ChainEvent
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
class Report:
    """What is now known of an item, and what is not."""

    verified: tuple[Check, ...]
    unverified: tuple[Check, ...]
    verdict: Verdict
    """What the chain says of this item; always UNKNOWN without a chain."""

    @property
    def final(self) -> bool:
        """Whether the chain says that the result is final and that this item stands."""
        return self.verdict is Verdict.GOOD

    def joined(self, verified: Sequence[str], unverified: Sequence[str], verdict: Verdict) -> "Report":
        """This report with more in it."""
        return Report(
            self.verified + tuple(map(Check, verified)), self.unverified + tuple(map(Check, unverified)), verdict
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


def require(holds: bool, words: str) -> None:
    """Refuses the receipt unless `holds`. Raises ReceiptRefused."""
    if not holds:
        raise ReceiptRefused(
            f"The receipt is wrong: {words}.", hint="Fetch it again, or don't trust who handed it out."
        )
