"""A chain whose blocks hold acts of a `World`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from atomic_verify.protocol.events import BlockRef, ChainEvent
from tests.unit.storage.world import World
from tests.unit.storage.world_books import word


@dataclass(frozen=True)
class Block:
    ref: BlockRef
    choices: tuple[int, ...]
    events: tuple[ChainEvent, ...]


class WorldChain:
    """A chain whose blocks hold acts of a `World`; an `EventSource` that can re-org."""

    def __init__(self) -> None:
        self.world = World()
        self.blocks: list[Block] = []
        self._fork = 0
        self.calls: Counter[str] = Counter()
        self.mine([])

    def mine(self, choices: Sequence[int]) -> None:
        """One more block, with one transaction for each choice."""
        number = len(self.blocks)
        parent = self.blocks[-1].ref.hash if number else ""
        ref = BlockRef(number, word("block", self._fork, number, parent), 1000 + number)
        events: list[ChainEvent] = []
        for index, choice in enumerate(choices):
            sender, logs = self.world.play(choice)
            # The same transaction may be mined again after a re-org, in another block.
            tx_hash = word("tx", choice, self.world.acts, logs)
            for contract, name, args in logs:
                place = (ref.number, ref.hash, ref.timestamp, tx_hash, index, len(events))
                events.append(ChainEvent(*place, sender, 50_000 + index, contract, name, args))
        self.blocks.append(Block(ref, tuple(choices), tuple(events)))

    def reorg(self, depth: int, branches: Sequence[Sequence[int]]) -> None:
        """Replaces the newest `depth` blocks (never the first) by one block for each list of choices."""
        kept = self.blocks[: max(1, len(self.blocks) - depth)]
        self.world, self.blocks = World(), []
        for block in kept:
            for choice in block.choices:
                self.world.play(choice)
        self.blocks = kept
        self._fork += 1
        for choices in branches:
            self.mine(choices)

    def head(self) -> BlockRef:
        self.calls["head"] += 1
        return self.blocks[-1].ref

    def block_hash(self, number: int) -> str | None:
        self.calls["block_hash"] += 1
        return self.blocks[number].ref.hash if 0 <= number < len(self.blocks) else None

    def events(self, first: int, last: int) -> list[ChainEvent]:
        self.calls["events"] += 1
        return [event for block in self.blocks[max(0, first) : last + 1] for event in block.events]

    def all_events(self) -> list[ChainEvent]:
        return self.events(0, len(self.blocks))


def story(length: int, seed: int = 1) -> WorldChain:
    """A chain of `length` blocks of a few acts each."""
    chain = WorldChain()
    for number in range(length):
        chain.mine([int(word(seed, number, i)[2:10], 16) for i in range(number % 4)])
    return chain
