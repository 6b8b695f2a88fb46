"""Events of the contracts, as the chain tells them and the store keeps them: the input of every projection.

Life cycle: all steps. `chain` decodes logs into `ChainEvent`, `storage` indexes them; neither imports the other, so
what they share stands here.

Terms: *head* is the newest block; a *re-org* replaces blocks above a *common ancestor*, which shows in their hashes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

CHAIN_MOVED: Final = "chain-moved"
"""The code of the error that a source raises when blocks are replaced while it reads them: reading again succeeds."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block of the chain; `hash` is lower-case 0x-hex, `timestamp` Unix seconds."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One decoded log, with what its transaction's receipt adds.

    `args` has the names of the contract's ABI ("inputUri", "finalAt") and holds nothing but JSON: ints of any size,
    bools, strings, lists for arrays, dicts for structs. Addresses, bytes and hashes are lower-case 0x-hex, enums ints.
    A string that isn't UTF-8 is decoded with replacement characters: an event written by a stranger never stops the
    reader.

    `log_index` counts over the whole block, `gas_used` is that of the whole transaction. `contract` is the name of the
    contract that emitted the event ("Market", "Results", "Registry", "Models").
    """

    block_number: int
    block_hash: str
    timestamp: int
    tx_hash: str
    tx_index: int
    log_index: int
    sender: str
    gas_used: int
    contract: str
    name: str
    args: Mapping[str, Any]

    @property
    def position(self) -> tuple[int, int]:
        """Where the event stands on the chain: (block number, log index). Orders events and is unique among them."""
        return (self.block_number, self.log_index)

    @property
    def block(self) -> BlockRef:
        return BlockRef(self.block_number, self.block_hash, self.timestamp)


class EventSource(Protocol):
    """What an indexer needs of a chain."""

    def head(self) -> BlockRef:
        """The newest block."""
        ...

    def block_hash(self, number: int) -> str | None:
        """The hash of the canonical block `number`, or None when the chain has no such block (yet, or any more)."""
        ...

    def events(self, first: int, last: int) -> Sequence[ChainEvent]:
        """All events of the deployment's contracts in the blocks `first` to `last`, both included, in chain order.

        Raises AtomicError of the code CHAIN_MOVED when they were replaced meanwhile.
        """
        ...
