"""Normalizations against onnxruntime, and against numpy in float64 where their statistics cancel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from tests.support.onnx_nodes import agree, answers, numbers, one_node

SHAPES = st.lists(st.integers(1, 5), min_size=3, max_size=5).map(tuple)


def positive(seed, *shape) -> np.ndarray:
    return np.asarray(np.abs(numbers(seed, *shape)) + np.float32(0.1))


@given(SHAPES, st.booleans())
def test_batch(shape, known) -> None:
    channels = shape[1]
    weights = {name: numbers(place, channels) for place, name in enumerate("bcd", 1)} | {"e": positive(4, channels)}
    inputs = {"a": numbers(0, *shape)}
    agree("BatchNormalization", inputs | ({} if known else weights), weights if known else {}, epsilon=1e-3, opset=15)


def test_batch_takes_two_steps_of_the_size_of_its_input() -> None:
    from atomic_verify.canonical.lowering import lower  # noqa: PLC0415

    weights = {name: numbers(place, 3) for place, name in enumerate("bcd", 1)} | {"e": positive(4, 3)}
    program = lower(one_node("BatchNormalization", {"a": numbers(0, 1, 3, 4, 4)}, weights, ["y"], 15, {})).program
    assert [step.elements for step in program.steps] == [48, 48, 48]


@pytest.mark.parametrize("opset", [7, 9, 14])
def test_older_batch(opset) -> None:
    weights = {name: numbers(place, 3) for place, name in enumerate("bcd", 1)} | {"e": positive(4, 3)}
    agree("BatchNormalization", {"a": numbers(0, 2, 3, 4)}, weights, opset=opset)


@given(SHAPES)
def test_instance(shape) -> None:
    inputs, weights = {"a": numbers(0, *shape)}, {"b": numbers(1, shape[1]), "c": numbers(2, shape[1])}
    (got,) = answers(one_node("InstanceNormalization", inputs, weights, ["y"], 21, {}), inputs)
    x, over = inputs["a"].astype(np.float64), tuple(range(2, len(shape)))
    normal = (x - x.mean(over, keepdims=True)) / np.sqrt(x.var(over, keepdims=True) + np.float32(1e-5))
    scale, bias = (weight.reshape(1, -1, *[1] * len(over)) for weight in weights.values())
    np.testing.assert_allclose(got, normal * scale + bias, rtol=1e-5, atol=1e-6)


def test_instance_against_onnxruntime() -> None:
    weights = {"b": numbers(1, 3), "c": numbers(2, 3)}
    agree("InstanceNormalization", {"a": numbers(0, 2, 3, 20, 4)}, weights, tolerance=1e-5)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(2, 5), st.sampled_from([18, 21]))
def test_group(groups, each, size, opset) -> None:
    count = groups * each if opset == 21 else groups
    weights = {"b": numbers(1, count), "c": numbers(2, count)}
    inputs = {"a": numbers(0, 2, groups * each, size, size)}
    (got,) = answers(one_node("GroupNormalization", inputs, weights, ["y"], opset, {"num_groups": groups}), inputs)
    x = inputs["a"].astype(np.float64).reshape(2, groups, -1)
    normal = (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + np.float32(1e-5))
    scale, bias = (np.repeat(w, 1 if opset == 21 else each).reshape(1, -1, 1, 1) for w in weights.values())
    np.testing.assert_allclose(got, normal.reshape(inputs["a"].shape) * scale + bias, rtol=1e-5, atol=1e-6)


@given(SHAPES, st.data())
def test_layer(shape, data) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    inner = shape[axis:]
    weights = {"b": numbers(1, *inner), "c": numbers(2, *inner) if data.draw(st.booleans()) else None}
    inputs = {"a": numbers(0, *shape, dtype=np.float64)}
    weights = {name: None if array is None else array.astype(np.float64) for name, array in weights.items()}
    agree("LayerNormalization", inputs, weights, axis=axis, tolerance=1e-6, opset=17)


def test_statistics_of_layer_normalization_are_outputs() -> None:
    agree(
        "LayerNormalization",
        {"a": numbers(0, 2, 3, 40)},
        {"b": numbers(1, 40)},
        outputs="x y z",
        tolerance=1e-5,
        opset=17,
    )


def test_nothing_cancels_in_float64() -> None:
    x = (1e4 + numbers(0, 1, 512)).astype(np.float32)
    inputs, ones = {"a": x}, {"b": np.ones(512, np.float32)}
    (got,) = answers(one_node("LayerNormalization", inputs, ones, ["y"], 17, {}), inputs)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(got, (wide - wide.mean()) / np.sqrt(wide.var() + 1e-5), rtol=2e-7, atol=1e-9)


@given(SHAPES, st.data())
def test_rms(shape, data) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    inputs, scale = {"a": numbers(0, *shape)}, {"b": numbers(1, *shape[axis:])}
    (got,) = answers(one_node("RMSNormalization", inputs, scale, ["y"], 23, {"axis": axis}), inputs)
    x, over = inputs["a"].astype(np.float64), tuple(range(axis % len(shape), len(shape)))
    truth = x / np.sqrt((x * x).mean(axis=over, keepdims=True) + np.float32(1e-5)) * scale["b"]
    np.testing.assert_allclose(got, truth, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axes", [[0, 2, 3], [1], [0, 1, 2, 3]])
def test_mean_variance(axes) -> None:
    agree("MeanVarianceNormalization", {"a": numbers(0, 2, 3, 4, 5)}, axes=axes, opset=13, tolerance=1e-5)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_lp(p, axis) -> None:
    agree("LpNormalization", {"a": numbers(0, 3, 4, 5)}, p=p, axis=axis, tolerance=1e-5)


def test_zeros_stay_zeros() -> None:
    agree("LpNormalization", {"a": np.zeros((2, 3), np.float32)}, opset=22)


@given(st.integers(1, 7).map(lambda n: 2 * (n // 2) + 1), st.integers(1, 9))
def test_lrn(size, channels) -> None:
    inputs = {"a": numbers(0, 2, channels, 2, 3)}
    agree("LRN", inputs, size=size, alpha=0.02, beta=0.6, bias=1.5, tolerance=1e-5)


def test_lrn_of_even_size_looks_further_ahead() -> None:
    x = np.arange(1, 6, dtype=np.float64).reshape(1, 5, 1)
    (got,) = answers(one_node("LRN", {"a": x}, {}, ["y"], 13, {"size": 2, "alpha": 2.0, "beta": 1.0}), {"a": x})
    squares = np.array([1 + 4, 4 + 9, 9 + 16, 16 + 25, 25])
    np.testing.assert_allclose(got[0, :, 0], np.arange(1, 6) / (1 + squares))


@pytest.mark.parametrize(
    ("operator", "shapes", "attributes", "outputs", "attribute"),
    [
        ("BatchNormalization", [(1, 3, 4), (3,), (3,), (3,), (3,)], {"training_mode": 1}, "y", "training_mode"),
        ("GroupNormalization", [(1, 3, 4), (3,), (3,)], {"num_groups": 2}, "y", "num_groups"),
        ("LpNormalization", [(2, 3)], {"p": 3}, "y", "p"),
        ("LRN", [(2, 3, 1)], {"size": 0}, "y", "size"),
        ("LayerNormalization", [(2, 3), (3,)], {"axis": 2}, "y", "axis"),
    ],
)
def test_what_has_no_meaning_is_refused(operator, shapes, attributes, outputs, attribute) -> None:
    inputs = {name: numbers(place, *shape) for place, (name, shape) in enumerate(zip("abcde", shapes, strict=False))}
    with pytest.raises(Unsupported) as found:
        answers(one_node(operator, inputs, {}, outputs.split(), 21, attributes), inputs)
    assert found.value.attribute == attribute
