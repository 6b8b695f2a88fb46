"""The tree over one tensor's bytes, and openings of its elements.

Leaf: 512 canonical bytes of the tensor; the last one is filled with zeros, an empty tensor has one leaf of zeros. An
opening carries whole leaves. Filling bytes are hashed as they come and never read: an element index at or beyond the
shape is refused instead, so a stranger's odd filling can neither block an opening nor pose as an element.
"""

from dataclasses import dataclass

import numpy as np

from atomic_verify.commitments.digests import DIGEST_BYTES, LEAF_PREFIX, ByteRows, Bytes, Digest, as_rows, hash_rows
from atomic_verify.commitments.errors import OpeningLengthError, TensorMismatch
from atomic_verify.commitments.tensors import LEAF_BYTES, TensorSpec, leaf_count
from atomic_verify.commitments.trees import Tree, range_root, require_root, require_run, roots_of


def tensor_root(data: Bytes) -> Digest:
    """Root of the tensor tree over canonical bytes (none at all for an empty tensor)."""
    return Digest(tensor_roots(np.frombuffer(data, dtype=np.uint8).reshape(1, -1)))


def tensor_roots(rows: ByteRows) -> bytes:
    """Roots, 32 bytes each, of equally long tensors given as the rows of a uint8 array (tensors, nbytes)."""
    return roots_of(_leaf_digests(rows), len(rows))


def _leaf_digests(rows: ByteRows) -> bytes:
    tensors, nbytes = rows.shape
    leaves, whole = leaf_count(nbytes), nbytes // LEAF_BYTES
    body = hash_rows(LEAF_PREFIX, rows[:, : whole * LEAF_BYTES].reshape(-1, LEAF_BYTES))
    if whole == leaves:
        return body
    last = np.zeros((tensors, LEAF_BYTES), dtype=np.uint8)
    last[:, : nbytes - whole * LEAF_BYTES] = rows[:, whole * LEAF_BYTES :]
    digests = np.empty((tensors, leaves, DIGEST_BYTES), dtype=np.uint8)
    digests[:, :whole] = np.frombuffer(body, dtype=np.uint8).reshape(tensors, whole, DIGEST_BYTES)
    digests[:, whole] = as_rows(hash_rows(LEAF_PREFIX, last), DIGEST_BYTES)
    return digests.tobytes()


@dataclass(frozen=True, slots=True)
class LeafOpening:
    """A run of whole leaves and its proof: `data` is a positive multiple of 512 bytes."""

    first_leaf: int
    data: bytes
    proof: tuple[Digest, ...]

    def root(self, leaves: int) -> Digest:
        """Root to which this opening leads in a tree over `leaves` leaves; raises OpeningIndexError,
        OpeningLengthError."""
        if not self.data or len(self.data) % LEAF_BYTES:
            raise OpeningLengthError(f"{len(self.data)} bytes are not whole leaves", actual=len(self.data))
        digests = hash_rows(LEAF_PREFIX, as_rows(self.data, LEAF_BYTES))
        run = [digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES)]
        return range_root(run, self.first_leaf, leaves, self.proof)

    def verify(self, root: bytes, leaves: int) -> None:
        """Accept, or raise OpeningIndexError, OpeningLengthError or RootMismatch."""
        require_root(root, self.root(leaves))


class TensorTree(Tree):
    """The grown tree over one tensor's canonical bytes. Holds on to the bytes, which mustn't change."""

    __slots__ = ("_data", "spec")

    def __init__(self, spec: TensorSpec, data: Bytes) -> None:
        """`data` has exactly `spec.nbytes` bytes, else TensorMismatch. Malformed bools are committed as they are."""
        if len(data) != spec.nbytes:
            raise TensorMismatch(f"tensor {spec.name!r} has {len(data)} bytes, declared {spec.nbytes}", name=spec.name)
        super().__init__(_leaf_digests(np.frombuffer(data, dtype=np.uint8).reshape(1, -1)))
        self.spec = spec
        self._data = memoryview(data)

    def open_leaves(self, first: int, length: int) -> LeafOpening:
        """Open `length` leaves from `first` on; raises OpeningIndexError."""
        proof = tuple(self.open_range(first, length))
        data = bytes(self._data[first * LEAF_BYTES : (first + length) * LEAF_BYTES])
        return LeafOpening(first, data.ljust(length * LEAF_BYTES, b"\x00"), proof)

    def open_elements(self, first: int, count: int) -> LeafOpening:
        """Open the leaves that hold `count` elements from flat index `first` on; raises OpeningIndexError."""
        first_leaf, length, _ = element_leaves(self.spec, first, count)
        return self.open_leaves(first_leaf, length)


def element_leaves(spec: TensorSpec, first: int, count: int) -> tuple[int, int, int]:
    """Where `count` elements from flat index `first` on lie: first leaf, number of leaves, byte offset in the first.

    Raises OpeningIndexError unless they are 1 or more inside the shape.
    """
    require_run(first, count, spec.elements, "element")
    start, end = first * spec.dtype.itemsize, (first + count) * spec.dtype.itemsize
    first_leaf = start // LEAF_BYTES
    return first_leaf, leaf_count(end) - first_leaf, start % LEAF_BYTES


def read_elements(spec: TensorSpec, opening: LeafOpening, first: int, count: int) -> bytes:
    """Canonical bytes of `count` elements from flat index `first` on, out of an opening of exactly their leaves.

    Reads only, proves nothing: verify the opening. Raises OpeningIndexError for elements beyond the shape, and
    OpeningLengthError if the opening holds other leaves.
    """
    first_leaf, length, offset = element_leaves(spec, first, count)
    if opening.first_leaf != first_leaf or len(opening.data) != length * LEAF_BYTES:
        raise OpeningLengthError("the opening holds other leaves than these elements'", first=first, count=count)
    return opening.data[offset : offset + count * spec.dtype.itemsize]


def verify_elements(root: bytes, spec: TensorSpec, opening: LeafOpening, first: int, count: int) -> bytes:
    """`read_elements` after the opening is accepted under the tensor's `root`; raises what either raises."""
    data = read_elements(spec, opening, first, count)
    opening.verify(root, spec.leaves)
    return data
