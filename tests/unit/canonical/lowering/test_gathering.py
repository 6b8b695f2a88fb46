"""Gathers and scatters against onnxruntime: negative indices, indices of the item, reductions, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from tests.support.onnx_nodes import agree, answers, numbers, one_node

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
REDUCTIONS = ["none", "add", "mul", "max", "min"]


def placed(known, **arrays) -> dict:
    """Inputs of the item or constants."""
    return {"inputs": {"a": arrays.pop("a")}, "constants": arrays} if known else {"inputs": arrays}


@given(SHAPES, st.data(), st.booleans())
def test_gather(shape, data, known) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    size = shape[axis]
    wanted = data.draw(st.lists(st.integers(0, 3), max_size=2).map(lambda s: tuple(max(1, n) for n in s)))
    count = int(np.prod(wanted))
    indices = data.draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count))
    arrays = {"a": numbers(0, *shape), "b": np.array(indices, dtype=np.int64).reshape(wanted)}
    agree("Gather", **placed(known, **arrays), tolerance=0, axis=axis)


@given(SHAPES, st.data(), st.booleans())
def test_gather_elements(shape, data, known) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    wanted = [data.draw(st.integers(1, size)) for size in shape]
    wanted[axis] = data.draw(st.integers(1, 5))
    size = shape[axis]
    indices = np.random.default_rng(3).integers(-size, size, wanted)
    agree("GatherElements", **placed(known, a=numbers(0, *shape), b=indices), tolerance=0, axis=axis)


@given(SHAPES, st.data(), st.booleans())
def test_gather_nd(shape, data, known) -> None:
    batch = data.draw(st.integers(0, len(shape) - 1))
    count = data.draw(st.integers(1, len(shape) - batch))
    more = data.draw(st.lists(st.integers(1, 3), max_size=2))
    random = np.random.default_rng(4)
    parts = [random.integers(-size, size, (*shape[:batch], *more)) for size in shape[batch : batch + count]]
    arrays = {"a": numbers(0, *shape), "b": np.stack(parts, -1)}
    agree("GatherND", **placed(known, **arrays), tolerance=0, batch_dims=batch, opset=13)


@given(SHAPES, st.data())
def test_scatter_elements(shape, data) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    reduction = data.draw(st.sampled_from(REDUCTIONS))
    random = np.random.default_rng(5)
    wanted = [data.draw(st.integers(1, size)) for size in shape]
    if reduction != "none":
        wanted[axis] = data.draw(st.integers(1, 6))
    size = shape[axis]
    line = (
        random.permutation(size)[: wanted[axis]] if reduction == "none" else random.integers(-size, size, wanted[axis])
    )
    turned = line.reshape([-1 if d == axis % len(shape) else 1 for d in range(len(shape))])
    indices = np.broadcast_to(turned, wanted).astype(np.int64).copy()
    inputs = {"a": numbers(0, *shape), "c": numbers(1, *wanted)}
    agree("ScatterElements", inputs, {"b": indices}, opset=18, axis=axis, reduction=reduction)


@given(SHAPES, st.data())
def test_scatter_nd(shape, data) -> None:
    count, reduction = data.draw(st.integers(1, len(shape))), data.draw(st.sampled_from(REDUCTIONS))
    whole = int(np.prod(shape[:count]))
    random = np.random.default_rng(6)
    updates = data.draw(st.integers(1, whole if reduction == "none" else 6))
    flat = random.permutation(whole)[:updates] if reduction == "none" else random.integers(0, whole, updates)
    indices = np.stack(np.unravel_index(flat, shape[:count]), -1)
    indices = np.where(random.random(indices.shape) < 0.3, indices - np.array(shape[:count]), indices)
    inputs = {"a": numbers(0, *shape), "c": numbers(1, updates, *shape[count:])}
    agree("ScatterND", inputs, {"b": indices}, opset=18, reduction=reduction)


def test_integers_wrap_when_added() -> None:
    inputs = {"a": np.full(3, 120, np.int8), "c": np.array([100, 100, 1], np.int8)}
    (got,) = answers(
        one_node("ScatterElements", inputs, {"b": np.array([0, 0, 2])}, ["y"], 18, {"reduction": "add"}), inputs
    )
    assert got.tolist() == [64, 120, 121]


@pytest.mark.parametrize("opset", [9, 11])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(opset, axis) -> None:
    indices = np.array([[0, 3, 5], [1, 9, 2]]) if opset == 9 else np.array([[0, -1, 5], [-6, 9, -7]])
    constants = {"b": np.array([6]), "c": np.array([0.5, 2.0], np.float32)}
    agree("OneHot", {"a": indices}, constants, axis=axis, opset=opset)


def test_one_hot_of_floats_is_reported() -> None:
    from atomic_verify.canonical.lowering import lower  # noqa: PLC0415

    constants = {"b": np.array([4.0], np.float32), "c": np.array([0, 1], np.float32)}
    inputs = {"a": np.array([1.0, 3.0], np.float32)}
    agree("OneHot", inputs, constants)
    found = lower(one_node("OneHot", inputs, constants, ["y"], 21, {})).discontinuities
    assert [(item.operator, item.node) for item in found] == [("OneHot", "n")]


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_cache_updates(mode) -> None:
    cache, update = numbers(0, 2, 3, 5, 4), numbers(1, 2, 3, 2, 4)
    start = np.array([1, 3 if mode == "linear" else 4])
    inputs = {"a": cache, "b": update, "c": start}
    (got,) = answers(one_node("TensorScatter", inputs, {}, ["y"], 24, {"mode": mode}), inputs)
    wanted = cache.copy()
    for sample, first in enumerate(start):
        for place in range(2):
            wanted[sample, :, (first + place) % 5] = update[sample, :, place]
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(
    ("operator", "arrays", "attribute"),
    [
        ("ScatterElements", {"b": np.array([0, 0])}, "indices"),
        ("ScatterElements", {"b": np.array([0, 3])}, "indices"),
        ("ScatterND", {"b": np.array([[1], [-4]])}, "indices"),
        ("ScatterND", {"b": np.array([[0, 1]])}, "indices"),
    ],
)
def test_scatters_without_one_meaning_are_refused(operator, arrays, attribute) -> None:
    inputs = {"a": numbers(0, 3), "c": numbers(1, 2)}
    with pytest.raises(Unsupported) as found:
        answers(one_node(operator, inputs, arrays, ["y"], 18, {}), inputs)
    assert found.value.attribute == attribute


def test_indices_of_the_item_cannot_say_where_to_scatter() -> None:
    inputs = {"a": numbers(0, 3), "b": np.array([1]), "c": numbers(1, 1)}
    with pytest.raises(Unsupported, match="must be known without the item"):
        answers(one_node("ScatterElements", inputs, {}, ["y"], 18, {}), inputs)
