"""Inputs whose shapes would broadcast silently, and attributes that ask for huge constants: refused, at once."""

import numpy as np
import pytest

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering import lower
from tests.support.onnx_nodes import numbers, one_node

X = numbers(0, 1, 1, 4, 4)
LSTM = {"a": numbers(0, 3, 2, 2), "b": numbers(1, 1, 8, 2), "c": numbers(2, 1, 8, 2)}
FAR = 10**12


def refused(operator, inputs, constants=None, opset=21, **attributes) -> None:
    with pytest.raises(Unsupported) as found:
        lower(one_node(operator, inputs, constants or {}, ["y"], opset, attributes))
    assert found.value.operator == operator


@pytest.mark.parametrize(
    ("operator", "inputs"),
    [
        ("InstanceNormalization", {"a": X, "b": numbers(0, 2), "c": numbers(0, 2)}),
        ("LayerNormalization", {"a": numbers(0, 1, 4), "b": numbers(1, 3, 4)}),
        ("BatchNormalization", {"a": X, **{name: numbers(1, 2) for name in "bcde"}}),
        ("Conv", {"a": X, "b": numbers(1, 3, 1, 2, 2), "c": numbers(2, 1)}),
        ("Gemm", {"a": numbers(0, 2, 3), "b": numbers(1, 3, 1), "c": numbers(2, 2, 4)}),
        ("LSTM", {**LSTM, "d": None, "e": None, "f": numbers(3, 1, 1, 2)}),
        ("LSTM", {**LSTM, "d": numbers(3, 1, 8)}),
        ("LSTM", {**LSTM, "d": None, "e": np.array([3], np.int32)}),
        ("GlobalAveragePool", {"a": numbers(0, 3)}),
        ("MaxPool", {"a": numbers(0, 3)}),
    ],
)
def test_no_silent_broadcast(operator, inputs) -> None:
    attributes = {"LSTM": {"hidden_size": 2}, "MaxPool": {"kernel_shape": [2]}}.get(operator, {})
    refused(operator, inputs, **attributes)


def test_no_silent_broadcast_of_masks() -> None:
    inputs = {"a": numbers(0, 1, 1, 3, 4), "b": numbers(1, 1, 1, 5, 4), "c": numbers(2, 1, 1, 5, 4)}
    refused("Attention", inputs | {"d": numbers(3, 2, 1, 3, 5)}, opset=23)


@pytest.mark.parametrize(
    ("operator", "constants", "attributes"),
    [
        ("MaxPool", {}, {"kernel_shape": [2, 2], "pads": [0, 0, FAR, FAR]}),
        ("AveragePool", {}, {"kernel_shape": [1, 1], "pads": [4_000_000] * 4, "count_include_pad": 1}),
        ("Conv", {"b": numbers(1, 1, 1, 2, 2)}, {"pads": [FAR] * 4}),
        ("Conv", {"b": numbers(1, 1, 1, 2, 2)}, {"dilations": [FAR] * 2, "pads": [FAR] * 4}),
        ("ConvTranspose", {"b": numbers(1, 1, 1, 2, 2)}, {"strides": [FAR, FAR]}),
        ("Resize", {"b": None, "c": None, "d": np.array([1, 1, FAR, FAR])}, {"mode": "linear"}),
        ("Resize", {"b": None, "c": np.array([1, 1, 3e38, 1], np.float32)}, {"mode": "nearest"}),
    ],
)
def test_small_files_make_no_large_constants(operator, constants, attributes) -> None:
    refused(operator, {"a": X}, constants, **attributes)


def test_a_hot_place_among_too_many() -> None:
    refused("OneHot", {"a": np.array([1])}, {"b": np.array([FAR]), "c": np.array([0, 1])})
