"""Items and batches: how a job's input or output is laid out as bytes, committed and opened.

Item: one inference's named tensors in signature order. Payload: canonical tensor bytes, item after item, tensor after
tensor, nothing in between; all sizes follow from the signature. Item root: upper tree over the item's tensor roots.
Batch root: upper tree over the item roots; it is what a job's posting (inputs) and a worker's commit (outputs) put on
the chain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from atomic_verify.commitments.digests import DIGEST_BYTES, LEAF_PREFIX, ByteRows, Bytes, Digest, as_rows, hash_rows
from atomic_verify.commitments.errors import PayloadSizeError, TensorMismatch, TensorSpecError
from atomic_verify.commitments.tensor_tree import LeafOpening, TensorTree, read_elements, tensor_roots
from atomic_verify.commitments.tensors import Array, TensorSpec, decode_tensor, encode_tensor
from atomic_verify.commitments.trees import UpperTree, entry_root, require_root, require_run, roots_of

MAX_TENSORS = 256
MAX_ITEMS = 2**20
MAX_PAYLOAD_BYTES = 2**33

# Bounds the padded copies made while many items are hashed at once.
_BYTES_AT_ONCE = 2**24


@dataclass(frozen=True, slots=True)
class Signature:
    """The ordered tensors of an item. Raises TensorSpecError for none, more than 256, or two of one name."""

    specs: tuple[TensorSpec, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.specs) <= MAX_TENSORS:
            raise TensorSpecError(f"a signature has 1 to {MAX_TENSORS} tensors, not {len(self.specs)}")
        if len({spec.name for spec in self.specs}) < len(self.specs):
            raise TensorSpecError("two tensors of a signature have the same name")

    @property
    def nbytes(self) -> int:
        """Bytes of one item."""
        return sum(spec.nbytes for spec in self.specs)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Byte offset of each tensor in an item."""
        starts = [0]
        for spec in self.specs:
            starts.append(starts[-1] + spec.nbytes)
        return tuple(starts[:-1])

    def split(self, item: Bytes) -> list[tuple[TensorSpec, memoryview]]:
        """Each tensor's bytes in an item's payload; raises PayloadSizeError."""
        if len(item) != self.nbytes:
            raise PayloadSizeError(f"an item has {len(item)} bytes, its signature {self.nbytes}", actual=len(item))
        view = memoryview(item)
        return [(spec, view[start : start + spec.nbytes]) for spec, start in zip(self.specs, self.offsets, strict=True)]

    def require_payload(self, item_count: int, nbytes: int) -> None:
        """Raise PayloadSizeError unless 1 to 2^20 items take exactly `nbytes`, 2^33 at most."""
        if not 1 <= item_count <= MAX_ITEMS:
            raise PayloadSizeError(f"a batch has 1 to {MAX_ITEMS} items, not {item_count}", items=item_count)
        expected = item_count * self.nbytes
        if expected > MAX_PAYLOAD_BYTES or nbytes != expected:
            raise PayloadSizeError(
                f"the payload has {nbytes} bytes, {item_count} items take {expected} (at most {MAX_PAYLOAD_BYTES})",
                actual=nbytes,
                expected=expected,
            )


def item_root(tensor_roots: Sequence[bytes]) -> Digest:
    """Root of an item from its tensor roots in signature order."""
    return UpperTree(tensor_roots).root


def batch_root(item_roots: Sequence[bytes]) -> Digest:
    """Root of a batch from its item roots."""
    return UpperTree(item_roots).root


def encode_item(specs: Sequence[TensorSpec], arrays: Mapping[str, Array]) -> bytes:
    """Payload bytes of one item from exactly the declared arrays by name.

    Raises TensorMismatch (also for a missing or surplus name), MalformedBool, TensorSpecError.
    """
    signature = Signature(tuple(specs))
    names = {spec.name for spec in signature.specs}
    if names != arrays.keys():
        raise TensorMismatch(
            f"missing tensors {sorted(names - arrays.keys())}, surplus {sorted(arrays.keys() - names)}"
        )
    return b"".join([encode_tensor(spec, arrays[spec.name]) for spec in signature.specs])


def decode_item(specs: Sequence[TensorSpec], payload: Bytes) -> dict[str, Array]:
    """Fresh arrays by name, in signature order, from one item's bytes. Raises PayloadSizeError, MalformedBool."""
    return {spec.name: decode_tensor(spec, data) for spec, data in Signature(tuple(specs)).split(payload)}


def encode_batch(specs: Sequence[TensorSpec], items: Iterable[Mapping[str, Array]]) -> bytes:
    """Payload of a whole batch; raises what `encode_item` raises."""
    return b"".join([encode_item(specs, item) for item in items])


@dataclass(frozen=True, slots=True)
class ElementOpening:
    """A run of elements of one tensor of one item, proven up to the batch root.

    `leaves` opens them in the tensor tree, `tensor_proof` the tensor in its item, `item_proof` the item in the batch.
    """

    item: int
    tensor: int
    first: int
    count: int
    leaves: LeafOpening
    tensor_proof: tuple[Digest, ...]
    item_proof: tuple[Digest, ...]

    def verify(self, root: bytes, specs: Sequence[TensorSpec], item_count: int) -> bytes:
        """The elements' canonical bytes, once all three proofs lead to the batch root.

        Raises OpeningIndexError, OpeningLengthError or RootMismatch.
        """
        require_run(self.tensor, 1, len(specs), "tensor")
        spec = specs[self.tensor]
        elements = read_elements(spec, self.leaves, self.first, self.count)
        tensor = self.leaves.root(spec.leaves)
        item = entry_root(tensor, self.tensor, len(specs), self.tensor_proof)
        require_root(root, entry_root(item, self.item, item_count, self.item_proof))
        return elements


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A payload with its signature and grown batch tree. Holds on to the payload's bytes, which mustn't change.

    Malformed bools and NaNs are committed as they are: only reading an item judges them.
    """

    signature: Signature
    item_count: int
    payload: memoryview
    tree: UpperTree

    @classmethod
    def from_payload(cls, specs: Sequence[TensorSpec], item_count: int, payload: Bytes) -> "Batch":
        """Grow the trees over `item_count` items. Raises PayloadSizeError, TensorSpecError."""
        signature = Signature(tuple(specs))
        signature.require_payload(item_count, len(payload))
        roots = _item_roots(signature, np.frombuffer(payload, dtype=np.uint8).reshape(item_count, signature.nbytes))
        entries = [roots[start : start + DIGEST_BYTES] for start in range(0, len(roots), DIGEST_BYTES)]
        return cls(signature, item_count, memoryview(payload), UpperTree(entries))

    @property
    def root(self) -> Digest:
        """The batch root."""
        return self.tree.root

    def item_payload(self, index: int) -> memoryview:
        """Bytes of item `index`; raises OpeningIndexError."""
        require_run(index, 1, self.item_count, "item")
        return self.payload[index * self.signature.nbytes : (index + 1) * self.signature.nbytes]

    def item(self, index: int) -> dict[str, Array]:
        """Arrays by name of item `index`. Raises OpeningIndexError, MalformedBool."""
        return decode_item(self.signature.specs, self.item_payload(index))

    def tensor_roots(self, index: int) -> list[Digest]:
        """Tensor roots of item `index` in signature order; raises OpeningIndexError."""
        return [TensorTree(spec, data).root for spec, data in self.signature.split(self.item_payload(index))]

    def item_root(self, index: int) -> Digest:
        """Root of item `index`; raises OpeningIndexError."""
        return item_root(self.tensor_roots(index))

    def open_item(self, index: int) -> list[Digest]:
        """Proof of item `index`'s root in the batch; raises OpeningIndexError."""
        return self.tree.open(index)

    def open_elements(self, index: int, tensor: int, first: int, count: int) -> ElementOpening:
        """Open `count` elements from flat index `first` on of tensor number `tensor` of item `index`.

        Raises OpeningIndexError for an item, tensor or element that isn't there.
        """
        parts = self.signature.split(self.item_payload(index))
        require_run(tensor, 1, len(parts), "tensor")
        leaves = TensorTree(*parts[tensor]).open_elements(first, count)
        tensor_proof = tuple(UpperTree(self.tensor_roots(index)).open(tensor))
        return ElementOpening(index, tensor, first, count, leaves, tensor_proof, tuple(self.open_item(index)))


def _item_roots(signature: Signature, rows: ByteRows) -> bytes:
    """Item roots, 32 bytes each, of a uint8 array (items, item bytes); every level is hashed for many items at once."""
    at_once = max(1, _BYTES_AT_ONCE // max(1, signature.nbytes))
    return b"".join([_group_roots(signature, rows[start : start + at_once]) for start in range(0, len(rows), at_once)])


def _group_roots(signature: Signature, rows: ByteRows) -> bytes:
    roots = np.empty((len(rows), len(signature.specs), DIGEST_BYTES), dtype=np.uint8)
    for position, (spec, start) in enumerate(zip(signature.specs, signature.offsets, strict=True)):
        roots[:, position] = as_rows(tensor_roots(rows[:, start : start + spec.nbytes]), DIGEST_BYTES)
    return roots_of(hash_rows(LEAF_PREFIX, roots.reshape(-1, DIGEST_BYTES)), len(rows))
