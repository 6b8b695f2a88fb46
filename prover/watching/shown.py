"""One item of a result or an input, as the answers to demands showed it.

Life cycle: line. What a worker didn't serve and had to show on the chain is put together here: leaf by leaf, none of it
believed that doesn't lead to the committed root. Leaves are kept as they came, since a tree may be over bytes beyond a
tensor's end that nobody reads.
"""

from collections.abc import Sequence
from typing import Protocol

from atomic_verify.commitments import (
    Digest,
    ElementOpening,
    LeafOpening,
    OpeningLengthError,
    Signature,
    decode_item,
    element_leaves,
    verify_entry,
)
from atomic_verify.commitments.digests import Bytes
from atomic_verify.commitments.known import KnownLeaves
from atomic_verify.commitments.tensors import Array
from atomic_verify.protocol.disputes import MAX_LEAVES, MAX_RUNS
from atomic_verify.protocol.types import Answer, Run


class Items(Protocol):
    """Items of a batch, as far as they are known: a whole `Batch`, or a `ShownItem`."""

    def item(self, index: int) -> dict[str, Array]: ...

    def item_payload(self, index: int) -> Bytes: ...

    def item_root(self, index: int) -> Digest: ...

    def open_item(self, index: int) -> list[Digest]: ...

    def open_elements(self, index: int, tensor: int, first: int, count: int) -> ElementOpening: ...


class Data(Protocol):
    """Inputs and committed outputs of a job, as far as they are known."""

    @property
    def inputs(self) -> Items: ...

    @property
    def outputs(self) -> Items: ...


class ShownItem:
    """Item `index` of a batch of `count` items under `root`. What isn't known yet raises KeyError."""

    def __init__(self, signature: Signature, index: int, count: int, root: Digest) -> None:
        self._signature = signature
        self.index = index
        self._count = count
        self._root = root
        self._item_root: Digest | None = None
        self._item_path: tuple[Digest, ...] = ()
        self._paths: dict[int, tuple[Digest, ...]] = {}
        self._leaves = [KnownLeaves(spec.leaves) for spec in signature.specs]

    def add(self, runs: Sequence[Run], answer: Answer) -> None:
        """Takes in the answer to a demand of `runs`.

        Raises OpeningIndexError, OpeningLengthError or RootMismatch; what came before the fault is kept.
        """
        verify_entry(self._root, answer.item_root, self.index, self._count, answer.item_path)
        self._item_root, self._item_path = answer.item_root, answer.item_path
        if len(runs) != len(answer.openings):
            raise OpeningLengthError("an answer has one opening for each run", expected=len(runs))
        for run, opening in zip(runs, answer.openings, strict=True):
            found = LeafOpening(run.first, opening.leaves, opening.proof)
            root = found.root(self._leaves[run.tensor].count)
            verify_entry(answer.item_root, root, run.tensor, len(self._leaves), opening.path)
            self._leaves[run.tensor].add(found)
            self._paths[run.tensor] = opening.path

    @property
    def is_whole(self) -> bool:
        """Whether every leaf is known."""
        return not self.missing()

    def missing(self) -> tuple[Run, ...]:
        """What to demand next: as many of the unknown leaves as one demand takes."""
        runs: list[Run] = []
        left = MAX_LEAVES
        for number, known in enumerate(self._leaves):
            first = 0
            while first < known.count and left and len(runs) < MAX_RUNS:
                length = 0
                while first + length < known.count and length < left and first + length not in known:
                    length += 1
                if length:
                    runs.append(Run(number, first, length, known.count))
                    left -= length
                first += max(1, length)
        return tuple(runs)

    def item_payload(self, index: int) -> bytes:
        """The item's bytes."""
        self._require(index)
        parts = zip(self._signature.specs, self._leaves, strict=True)
        return b"".join([known.data(0, known.count)[: spec.nbytes] for spec, known in parts])

    def item(self, index: int) -> dict[str, Array]:
        """Arrays by name. Raises MalformedBool."""
        return decode_item(self._signature.specs, self.item_payload(index))

    def item_root(self, index: int) -> Digest:
        """The item's root."""
        self._require(index)
        if self._item_root is None:
            raise KeyError(index)
        return self._item_root

    def open_item(self, index: int) -> list[Digest]:
        """The way of the item's root in the batch."""
        self._require(index)
        return list(self._item_path)

    def open_elements(self, index: int, tensor: int, first: int, count: int) -> ElementOpening:
        """Elements of a tensor, proven up to the batch's root. Raises OpeningIndexError."""
        self._require(index)
        first_leaf, length, _ = element_leaves(self._signature.specs[tensor], first, count)
        leaves = self._leaves[tensor].open(first_leaf, length)
        return ElementOpening(index, tensor, first, count, leaves, self._paths[tensor], tuple(self._item_path))

    def _require(self, index: int) -> None:
        if index != self.index:
            raise KeyError(index)
