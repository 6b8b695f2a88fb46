"""Whether a node's newest block can be trusted to be the newest.

Life cycle: below all reads. Behind one URL often stand several nodes, some of them late: a head that lies behind one
that was seen, on the same chain, is *stale*. A head that lies behind on *another* branch is a re-org and right.
"""

from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from threading import Lock
from typing import Final

from atomic_verify.protocol.events import BlockRef

REMEMBERED: Final = 128
MAX_DOUBTS: Final = 20
"""After as many heads in a row that can't be placed, the chain is taken to have been reset."""


class Judgement(Enum):
    """What a newly told head is."""

    NEWEST = "newest"
    STALE = "stale"


class HeadMemory:
    """The heads that were seen, by number; threads may share it."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, str] = OrderedDict()
        self._doubts = 0
        self._lock = Lock()

    def judge(self, head: BlockRef, hash_of: Callable[[int], str | None]) -> Judgement:
        """Judges and remembers a head. `hash_of` asks the node for the hash of a block by number."""
        with self._lock:
            newest = max(self._seen, default=head.number)
            below = [number for number in self._seen if number <= head.number]
        if head.number < newest:
            at = max(below, default=None)
            if at is None:
                # Below everything that was seen: a late node, or a chain that was reset.
                self._doubts += 1
                if self._doubts < MAX_DOUBTS:
                    return Judgement.STALE
            elif (head.hash if at == head.number else hash_of(at)) == self._seen.get(at):
                return Judgement.STALE
        self._remember(head)
        return Judgement.NEWEST

    def _remember(self, head: BlockRef) -> None:
        with self._lock:
            self._doubts = 0
            for number in [number for number in self._seen if number > head.number]:
                del self._seen[number]  # they belong to a branch that was replaced
            self._seen[head.number] = head.hash
            while len(self._seen) > REMEMBERED:
                del self._seen[min(self._seen)]
