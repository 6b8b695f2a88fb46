"""Binary hash trees: growing them, opening a run of leaves, and folding an opening back to its root.

A tree over `count` leaves has `depth_of(count)` levels above them. At each level an odd last node is paired with
`MISSING`; one leaf is its own root; a tree without leaves has the root `MISSING`. Depth and bounds come from the
declared count, never from the opener, so a proof has exactly one right length, and an opening fails only through its
opener's own fault.

Upper tree: the tree over the entries of something named in an order (an item's tensor roots, a batch's item roots, a
program's records), each hashed as a leaf. Proof: the sibling digests that a run lacks, from the leaves up, left before
right.

Byte-equal to contracts/src/libraries/Merkle.sol.
"""

from collections.abc import Sequence

import numpy as np

from atomic_verify.commitments.digests import (
    DIGEST_BYTES,
    LEAF_PREFIX,
    MISSING,
    NODE_PREFIX,
    Bytes,
    Digest,
    as_rows,
    hash_rows,
    leaf_digest,
    node_digest,
)
from atomic_verify.commitments.errors import OpeningIndexError, OpeningLengthError, RootMismatch


def depth_of(count: int) -> int:
    """Levels above the leaves of a tree over `count` leaves: the length of a proof of one leaf."""
    return max(count - 1, 0).bit_length()


def require_run(first: int, length: int, count: int, what: str = "leaf") -> None:
    """Refuse a run that is empty or doesn't lie inside `count`; raises OpeningIndexError."""
    if first < 0 or length < 1 or first + length > count:
        raise OpeningIndexError(
            f"{what} run {first}..{first + length} is empty or not inside 0..{count}",
            first=first,
            length=length,
            count=count,
        )


def climb(level: Bytes, trees: int = 1) -> bytes:
    """The next level up of `trees` equally wide trees whose digests lie one tree after another in `level`."""
    width = len(level) // (DIGEST_BYTES * trees)
    if width % 2:
        padded = np.zeros((trees, width + 1, DIGEST_BYTES), dtype=np.uint8)
        padded[:, :width] = np.frombuffer(level, dtype=np.uint8).reshape(trees, width, DIGEST_BYTES)
        return hash_rows(NODE_PREFIX, padded.reshape(-1, 2 * DIGEST_BYTES))
    return hash_rows(NODE_PREFIX, as_rows(level, 2 * DIGEST_BYTES))


def roots_of(leaves: Bytes, trees: int) -> bytes:
    """Roots (32 bytes each) of `trees` equally wide trees whose leaf digests lie one tree after another."""
    level = bytes(leaves)
    while len(level) > DIGEST_BYTES * trees:
        level = climb(level, trees)
    return level


class Tree:
    """A grown tree over leaf digests: its root and its proofs. Keeps every level, 64 bytes per leaf in all."""

    __slots__ = ("_levels", "count")

    def __init__(self, leaves: Bytes) -> None:
        """`leaves` are the leaf digests, 32 bytes each, in order; none at all gives the root `MISSING`."""
        levels = [bytes(leaves)]
        while len(levels[-1]) > DIGEST_BYTES:
            levels.append(climb(levels[-1]))
        self._levels = tuple(levels)
        self.count = len(leaves) // DIGEST_BYTES

    @property
    def root(self) -> Digest:
        return Digest(self._levels[-1]) if self.count else MISSING

    @property
    def depth(self) -> int:
        return depth_of(self.count)

    def leaf(self, index: int) -> Digest:
        """Digest of leaf `index`; raises OpeningIndexError."""
        require_run(index, 1, self.count)
        return self._node(0, index)

    def open_range(self, first: int, length: int) -> list[Digest]:
        """Proof of `length` leaves from `first` on; raises OpeningIndexError unless they are 1 or more inside the
        tree."""
        require_run(first, length, self.count)
        low, high = first, first + length - 1
        proof: list[Digest] = []
        for level in range(self.depth):
            if low % 2:
                proof.append(self._node(level, low - 1))
            if high % 2 == 0:
                proof.append(self._node(level, high + 1))
            low, high = low // 2, high // 2
        return proof

    def _node(self, level: int, index: int) -> Digest:
        found = self._levels[level][index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
        return Digest(found) if found else MISSING


class UpperTree(Tree):
    """The tree over `entries`, each hashed as `sha256(0x00 || entry)`."""

    __slots__ = ()

    def __init__(self, entries: Sequence[bytes]) -> None:
        super().__init__(_entry_digests(entries))

    def open(self, index: int) -> list[Digest]:
        """Proof of entry `index`: `depth` digests. Raises OpeningIndexError at or beyond the count."""
        return self.open_range(index, 1)


def _entry_digests(entries: Sequence[bytes]) -> bytes:
    joined = b"".join(entries)
    if len(joined) == DIGEST_BYTES * len(entries) and all(len(entry) == DIGEST_BYTES for entry in entries):
        return hash_rows(LEAF_PREFIX, as_rows(joined, DIGEST_BYTES))
    return b"".join([leaf_digest(entry) for entry in entries])


def proof_length(first: int, length: int, count: int) -> int:
    """How many digests prove the `length` leaves from `first` on in a tree over `count`; raises OpeningIndexError."""
    require_run(first, length, count)
    low, high = first, first + length - 1
    needed = 0
    for _ in range(depth_of(count)):
        needed += (low % 2) + (high % 2 == 0)
        low, high = low // 2, high // 2
    return needed


def range_root(digests: Sequence[bytes], first: int, count: int, proof: Sequence[bytes]) -> Digest:
    """Root to which consecutive leaf digests from leaf `first` lead in a tree over `count` leaves.

    Raises OpeningIndexError for a run outside the tree, and OpeningLengthError for a proof of another length than the
    run needs, or a digest that isn't 32 bytes. A wrong digest isn't an error here: it leads to another root.
    """
    needed = proof_length(first, len(digests), count)
    if len(proof) != needed or any(len(digest) != DIGEST_BYTES for digest in (*proof, *digests)):
        raise OpeningLengthError(
            f"the proof has {len(proof)} digests, this run needs {needed} of 32 bytes",
            actual=len(proof),
            expected=needed,
        )
    siblings = iter(proof)
    nodes = list(digests)
    for _ in range(depth_of(count)):
        if first % 2:
            nodes.insert(0, next(siblings))
        if len(nodes) % 2:
            nodes.append(next(siblings))
        nodes = [node_digest(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
        first //= 2
    return Digest(nodes[0])


def entry_root(entry: bytes, index: int, count: int, proof: Sequence[bytes]) -> Digest:
    """Root to which one entry leads in an upper tree over `count`; raises OpeningIndexError, OpeningLengthError."""
    return range_root([leaf_digest(entry)], index, count, proof)


def verify_range(root: bytes, entries: Sequence[bytes], first: int, count: int, proof: Sequence[bytes]) -> None:
    """Accept consecutive entries (or whole leaves) from `first` on under `root`, or raise.

    Raises OpeningIndexError, OpeningLengthError, or RootMismatch.
    """
    require_root(root, range_root([leaf_digest(entry) for entry in entries], first, count, proof))


def verify_entry(root: bytes, entry: bytes, index: int, count: int, proof: Sequence[bytes]) -> None:
    """Accept one entry under `root`, or raise as `verify_range` does."""
    verify_range(root, [entry], index, count, proof)


def require_root(committed: bytes, found: bytes) -> None:
    """Raise RootMismatch unless both roots are the same."""
    if committed != found:
        raise RootMismatch("the opening leads to another root", committed=committed.hex(), found=found.hex())
