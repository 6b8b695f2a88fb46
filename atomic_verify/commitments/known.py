"""A tree known in parts: openings of it are taken in one after another, and any run of what is known opened anew.

Used by whoever disputes what it was only shown pieces of: an answer opens the leaves that were asked for, a judgement
wants exactly the leaves that a law reads, with a proof of their own.
"""

from atomic_verify.commitments.digests import Digest, leaf_digest, node_digest
from atomic_verify.commitments.tensor_tree import LeafOpening
from atomic_verify.commitments.tensors import LEAF_BYTES
from atomic_verify.commitments.trees import depth_of, require_run


class KnownLeaves:
    """Leaves of one tensor tree over `count` leaves, with the digests that came or follow from them.

    Only openings that were checked against one root may be added: they agree with each other then.
    """

    __slots__ = ("_digests", "_leaves", "count")

    def __init__(self, count: int) -> None:
        self.count = count
        self._leaves: dict[int, bytes] = {}
        self._digests: dict[tuple[int, int], Digest] = {}

    def __contains__(self, leaf: int) -> bool:
        return leaf in self._leaves

    def add(self, opening: LeafOpening) -> None:
        """Takes in a run of leaves and its proof; raises OpeningIndexError for a run outside the tree."""
        leaves = [opening.data[start : start + LEAF_BYTES] for start in range(0, len(opening.data), LEAF_BYTES)]
        first = opening.first_leaf
        require_run(first, len(leaves), self.count)
        self._leaves.update(enumerate(leaves, first))
        nodes = [leaf_digest(leaf) for leaf in leaves]
        siblings = iter(opening.proof)
        for level in range(depth_of(self.count)):
            if first % 2:
                nodes.insert(0, next(siblings))
                first -= 1
            if len(nodes) % 2:
                nodes.append(next(siblings))
            self._digests.update({(level, first + place): node for place, node in enumerate(nodes)})
            nodes = [node_digest(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
            first //= 2

    def data(self, first: int, length: int) -> bytes:
        """The bytes of a run of leaves; raises KeyError if one isn't known."""
        return b"".join([self._leaves[leaf] for leaf in range(first, first + length)])

    def open(self, first: int, length: int) -> LeafOpening:
        """A run of known leaves; raises OpeningIndexError, or KeyError if one isn't known."""
        require_run(first, length, self.count)
        data = self.data(first, length)
        low, high = first, first + length - 1
        proof: list[Digest] = []
        for level in range(depth_of(self.count)):
            if low % 2:
                proof.append(self._digests[level, low - 1])
            if high % 2 == 0:
                proof.append(self._digests[level, high + 1])
            low, high = low // 2, high // 2
        return LeafOpening(first, data, tuple(proof))
