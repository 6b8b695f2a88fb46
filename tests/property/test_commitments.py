"""Trees of any size against a naive recursive definition, and openings that survive or fail for the right reason."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.commitments import (
    Batch,
    DType,
    LeafOpening,
    MalformedBool,
    RootMismatch,
    TensorSpec,
    TensorTree,
    UpperTree,
    batch_root,
    decode_item,
    encode_batch,
    encode_item,
    first_malformed_bool,
    item_root,
    leaf_digest,
    proof_length,
    range_root,
    tensor_root,
    verify_elements,
    verify_entry,
    verify_range,
)

NAIVE: dict[str, Any] = runpy.run_path(
    str(Path(__file__).resolve().parents[2] / "scripts" / "vectors" / "commitments.py")
)

# 0, 1, odd, and both neighbours of every power of two up to 64.
awkward_counts = st.one_of(
    st.sampled_from(sorted({0, 1, *(2**k + step for k in range(1, 7) for step in (-1, 0, 1))})), st.integers(0, 70)
)
dtypes = st.sampled_from(list(DType))
shapes = st.lists(st.integers(0, 9), max_size=4).map(tuple)


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, int, int]:
    """A count and a run inside it: (count, first, length)."""
    count = draw(awkward_counts.filter(bool))
    first = draw(st.integers(0, count - 1))
    return count, first, draw(st.integers(1, count - first))


@st.composite
def signatures(draw: st.DrawFn) -> list[TensorSpec]:
    kinds = draw(st.lists(st.tuples(dtypes, shapes), min_size=1, max_size=4))
    return [TensorSpec(f"t{position}", dtype, shape) for position, (dtype, shape) in enumerate(kinds)]


def bytes_for(spec: TensorSpec, seed: int) -> bytes:
    """Any canonical bytes: every bit pattern, but bools of 0 and 1."""
    values = np.random.default_rng(seed).integers(0, 256, spec.nbytes, dtype=np.uint8)
    return (values % 2 if spec.dtype is DType.BOOL else values).astype(np.uint8).tobytes()


@given(st.binary(max_size=40 * 512))
def test_a_tensor_tree_is_the_naive_one(data: bytes) -> None:
    assert tensor_root(data) == NAIVE["tensor_root"](data)
    assert TensorTree(TensorSpec("x", DType.UINT8, (len(data),)), data).root == NAIVE["tensor_root"](data)


@given(awkward_counts, st.integers(0, 80))
def test_an_upper_tree_is_the_naive_one(count: int, length: int) -> None:
    entries = [NAIVE["stream"](str(index), length) for index in range(count)]
    assert UpperTree(entries).root == NAIVE["root"]([leaf_digest(entry) for entry in entries])


@given(runs())
def test_a_run_opens_with_the_naive_proof_and_leads_to_the_root(run: tuple[int, int, int]) -> None:
    count, first, length = run
    entries = [str(index).encode() for index in range(count)]
    tree, digests = UpperTree(entries), [leaf_digest(entry) for entry in entries]
    proof = tree.open_range(first, length)
    assert proof == NAIVE["proof"](digests, first, length)
    assert len(proof) == proof_length(first, length, count)
    assert range_root(digests[first : first + length], first, count, proof) == tree.root
    verify_range(tree.root, entries[first : first + length], first, count, proof)


@given(runs(), st.data())
def test_one_flipped_bit_anywhere_leads_elsewhere(run: tuple[int, int, int], data: st.DataObject) -> None:
    count, first, length = run
    leaves = [NAIVE["stream"](str(index), 512) for index in range(count)]
    tree = TensorTree(TensorSpec("x", DType.UINT8, (count * 512,)), b"".join(leaves))
    opening = tree.open_leaves(first, length)
    whole = bytearray(opening.data + b"".join(opening.proof))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    tail = bytes(whole[len(opening.data) :])
    proof = tuple(tail[start : start + 32] for start in range(0, len(tail), 32))
    forged = LeafOpening(first, bytes(whole[: len(opening.data)]), proof)
    assert forged.root(count) != tree.root


@given(signatures(), st.integers(1, 20), st.integers(0, 2**32), st.data())
def test_a_batch_is_its_items_and_every_element_opens(
    specs: list[TensorSpec], count: int, seed: int, data: st.DataObject
) -> None:
    items = [[bytes_for(spec, seed + item * 7 + place) for place, spec in enumerate(specs)] for item in range(count)]
    payload = b"".join(part for item in items for part in item)
    batch = Batch.from_payload(specs, count, payload)
    roots = [item_root([tensor_root(part) for part in item]) for item in items]
    assert [batch.item_root(index) for index in range(count)] == roots
    assert batch.root == batch_root(roots) == NAIVE["root"]([leaf_digest(root) for root in roots])

    item, tensor = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, len(specs) - 1))
    verify_entry(batch.root, roots[item], item, count, batch.open_item(item))
    spec, part = specs[tensor], items[item][tensor]
    if spec.elements:
        first = data.draw(st.integers(0, spec.elements - 1))
        length = data.draw(st.integers(1, spec.elements - first))
        expected = part[first * spec.dtype.itemsize : (first + length) * spec.dtype.itemsize]
        assert batch.open_elements(item, tensor, first, length).verify(batch.root, specs, count) == expected
        tree = TensorTree(spec, part)
        assert verify_elements(tree.root, spec, tree.open_elements(first, length), first, length) == expected


@given(signatures(), st.integers(1, 5), st.integers(0, 2**32))
def test_arrays_survive_the_payload_bit_for_bit(specs: list[TensorSpec], count: int, seed: int) -> None:
    payload = b"".join(bytes_for(spec, seed + item) for item in range(count) for spec in specs)
    batch = Batch.from_payload(specs, count, payload)
    items = [batch.item(index) for index in range(count)]
    assert encode_batch(specs, items) == payload
    for index, item in enumerate(items):
        assert list(item) == [spec.name for spec in specs]
        assert encode_item(specs, decode_item(specs, batch.item_payload(index))) == batch.item_payload(index)
        for spec in specs:
            assert (item[spec.name].dtype, item[spec.name].shape) == (spec.dtype.numpy, spec.shape)


@given(st.binary(min_size=1, max_size=100))
def test_a_malformed_bool_is_found_where_it_is(data: bytes) -> None:
    spec = TensorSpec("mask", DType.BOOL, (len(data),))
    expected = next((index for index, byte in enumerate(data) if byte > 1), None)
    assert first_malformed_bool(spec, data) == expected
    if expected is None:
        assert decode_item([spec], data)["mask"].tolist() == [bool(byte) for byte in data]
    else:
        with pytest.raises(MalformedBool):
            decode_item([spec], data)


@given(runs(), st.integers(0, 69))
def test_a_proof_holds_at_no_other_index(run: tuple[int, int, int], other: int) -> None:
    count, first, _ = run
    entries = [str(index).encode() for index in range(count)]
    tree = UpperTree(entries)
    other %= count
    if other == first:
        verify_entry(tree.root, entries[first], other, count, tree.open(first))
    else:
        with pytest.raises(RootMismatch):
            verify_entry(tree.root, entries[first], other, count, tree.open(first))
