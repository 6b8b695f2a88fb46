"""Payloads of items and batches."""

from typing import Any

import numpy as np
import pytest

from atomic_verify.commitments import (
    MAX_ITEMS,
    Batch,
    DType,
    ElementOpening,
    MalformedBool,
    OpeningIndexError,
    PayloadSizeError,
    TensorMismatch,
    TensorSpec,
    TensorSpecError,
    batch_root,
    decode_item,
    encode_batch,
    encode_item,
    item_root,
    leaf_digest,
    tensor_root,
    verify_entry,
)
from atomic_verify.commitments import batches as batches_module

SPECS = [
    TensorSpec("scores", DType.FLOAT, (2, 100)),
    TensorSpec("mask", DType.BOOL, (3,)),
    TensorSpec("label", DType.INT64, ()),
]


def item(seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        "scores": random.standard_normal((2, 100)).astype("<f4"),
        "mask": random.integers(0, 2, 3).astype(bool),
        "label": np.array(seed, dtype="<i8"),
    }


ITEMS = [item(seed) for seed in range(5)]
PAYLOAD = encode_batch(SPECS, ITEMS)
BATCH = Batch.from_payload(SPECS, 5, PAYLOAD)


def test_a_payload_is_tensor_after_tensor_item_after_item() -> None:
    expected = b"".join(each[spec.name].tobytes() for each in ITEMS for spec in SPECS)
    assert expected == PAYLOAD
    assert len(PAYLOAD) == 5 * (800 + 3 + 8)


def test_the_manifests_order_counts_not_the_mappings() -> None:
    assert encode_item(SPECS, dict(reversed(ITEMS[0].items()))) == encode_item(SPECS, ITEMS[0])
    assert list(decode_item(SPECS, encode_item(SPECS, ITEMS[0]))) == ["scores", "mask", "label"]


def test_roots_by_hand() -> None:
    roots = [item_root([tensor_root(each[spec.name].tobytes()) for spec in SPECS]) for each in ITEMS]
    assert BATCH.root == batch_root(roots)
    assert [BATCH.item_root(index) for index in range(5)] == roots


def test_one_item_of_one_tensor_is_hashed_at_each_step() -> None:
    spec, data = TensorSpec("x", DType.UINT8, (3,)), b"abc"
    leaf = leaf_digest(data.ljust(512, b"\x00"))
    assert Batch.from_payload([spec], 1, data).root == leaf_digest(leaf_digest(leaf))


def test_items_come_back() -> None:
    for index, expected in enumerate(ITEMS):
        found = BATCH.item(index)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)
        verify_entry(BATCH.root, BATCH.item_root(index), index, 5, BATCH.open_item(index))


def test_elements_open_up_to_the_batch_root() -> None:
    opening = BATCH.open_elements(4, 0, 127, 2)
    expected = ITEMS[4]["scores"].reshape(-1)[127:129].tobytes()
    assert opening.verify(BATCH.root, SPECS, 5) == expected


def test_hashing_in_groups_changes_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "_BYTES_AT_ONCE", 2 * (800 + 3 + 8))
    assert Batch.from_payload(SPECS, 5, PAYLOAD).root == BATCH.root


@pytest.mark.parametrize("count", [0, -1, 4, 6, MAX_ITEMS + 1])
def test_a_payload_of_another_item_count_is_refused(count: int) -> None:
    with pytest.raises(PayloadSizeError):
        Batch.from_payload(SPECS, count, PAYLOAD)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_payload_that_is_too_short_or_long_is_refused(change: int) -> None:
    payload = PAYLOAD[:change] if change < 0 else PAYLOAD + bytes(change)
    with pytest.raises(PayloadSizeError):
        Batch.from_payload(SPECS, 5, payload)


def test_a_batch_above_the_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(PayloadSizeError):
        Batch.from_payload([TensorSpec("x", DType.UINT8, (2**16, 2**16))], 3, b"")


def test_items_without_bytes_are_a_batch_all_the_same() -> None:
    specs = [TensorSpec("nothing", DType.FLOAT, (0,))]
    batch = Batch.from_payload(specs, 3, b"")
    assert batch.root == batch_root([item_root([tensor_root(b"")])] * 3)
    assert batch.item(2)["nothing"].shape == (0,)


@pytest.mark.parametrize("index", [-1, 5, 2**40])
def test_an_item_that_isnt_there_is_refused(index: int) -> None:
    for call in (BATCH.item, BATCH.item_root, BATCH.open_item, BATCH.item_payload, BATCH.tensor_roots):
        with pytest.raises(OpeningIndexError):
            call(index)


@pytest.mark.parametrize(("tensor", "first", "count"), [(3, 0, 1), (-1, 0, 1), (0, 200, 1), (0, 199, 2), (1, 0, 0)])
def test_an_element_that_isnt_there_is_refused(tensor: int, first: int, count: int) -> None:
    with pytest.raises(OpeningIndexError):
        BATCH.open_elements(0, tensor, first, count)
    honest = BATCH.open_elements(0, 0, 0, 1)
    forged = ElementOpening(0, tensor, first, count, honest.leaves, honest.tensor_proof, honest.item_proof)
    with pytest.raises(OpeningIndexError):
        forged.verify(BATCH.root, SPECS, 5)


@pytest.mark.parametrize(
    "names", [("scores", "mask"), ("scores", "mask", "label", "more"), ("scores", "mask", "Label")]
)
def test_missing_and_surplus_tensors_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(TensorMismatch):
        encode_item(SPECS, {name: ITEMS[0].get(name, np.zeros(1)) for name in names})


@pytest.mark.parametrize("specs", [[], [SPECS[0], SPECS[0]], [TensorSpec(f"t{n}", DType.BOOL, ()) for n in range(257)]])
def test_a_signature_has_some_distinct_tensors(specs: list[TensorSpec]) -> None:
    with pytest.raises(TensorSpecError):
        decode_item(specs, b"")


def test_a_malformed_bool_is_committed_as_it_is_and_refused_when_read() -> None:
    """A worker's bad byte has a root like any other, so that it can be opened and held against the worker."""
    bad = PAYLOAD[:801] + b"\x07" + PAYLOAD[802:]
    batch = Batch.from_payload(SPECS, 5, bad)
    assert batch.root != BATCH.root
    with pytest.raises(MalformedBool) as refused:
        batch.item(0)
    assert (refused.value.details["name"], refused.value.details["element"]) == ("mask", 1)
    assert batch.open_elements(0, 1, 1, 1).verify(batch.root, SPECS, 5) == b"\x07"
    assert batch.item(1)["label"] == 1
