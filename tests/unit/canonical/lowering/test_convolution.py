"""Conv, ConvInteger and ConvTranspose against onnxruntime; what contradicts itself is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from tests.support.onnx_nodes import agree, answers, numbers, one_node

SMALL = st.integers(1, 3)


@st.composite
def convolutions(draw, transposed=False):
    rank = draw(st.integers(1, 2))

    def many(strategy, count=rank):
        return draw(st.lists(strategy, min_size=count, max_size=count))

    kernel, dilations, groups = many(SMALL), many(st.integers(1, 2)), draw(SMALL)
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    spatial = [draw(st.integers(span, span + 5)) for span in spans]
    each, filters = draw(SMALL), draw(SMALL)
    attributes = {"strides": many(SMALL), "dilations": dilations, "group": groups}
    auto = draw(st.sampled_from(["NOTSET", "VALID"] if transposed else ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if auto == "NOTSET":
        attributes["pads"] = many(st.integers(0, 1 if transposed else 2), 2 * rank)
        if transposed:
            attributes["pads"] = [
                min(pad, (span - 1) // 2) for pad, span in zip(attributes["pads"], spans * 2, strict=True)
            ]
            attributes["output_padding"] = [draw(st.integers(0, stride - 1)) for stride in attributes["strides"]]
    else:
        attributes["auto_pad"] = auto
        if auto.startswith("SAME"):
            attributes["dilations"] = [1] * rank
    shape = (each * groups, filters, *kernel) if transposed else (filters * groups, each, *kernel)
    return (draw(SMALL), each * groups, *spatial), shape, filters * groups, attributes


@given(convolutions(), st.booleans(), st.booleans())
def test_conv(case, biased, constant) -> None:
    x, kernel, filters, attributes = case
    weights = {"b": numbers(1, *kernel), "c": numbers(2, filters) if biased else None}
    inputs = {"a": numbers(0, *x)} if constant else {"a": numbers(0, *x), **weights}
    agree("Conv", inputs, weights if constant else {}, **attributes)


@given(convolutions(transposed=True), st.booleans())
def test_conv_transpose(case, biased) -> None:
    x, kernel, filters, attributes = case
    agree(
        "ConvTranspose",
        {"a": numbers(0, *x)},
        {"b": numbers(1, *kernel), "c": numbers(2, filters) if biased else None},
        **attributes,
    )


def test_long_dots_are_split_over_steps() -> None:
    agree("Conv", {"a": numbers(0, 1, 130, 6, 6)}, {"b": numbers(1, 4, 130, 3, 3)}, pads=[1] * 4)


def test_volumes() -> None:
    agree("Conv", {"a": numbers(0, 1, 2, 5, 4, 6)}, {"b": numbers(1, 3, 2, 2, 3, 2)}, pads=[1, 0, 2, 0, 1, 1])


def test_kernel_of_the_stride_needs_no_zeros() -> None:
    kernel = {"b": numbers(1, 3, 4, 2, 3), "c": numbers(2, 4)}
    made = agree("ConvTranspose", {"a": numbers(0, 2, 3, 4, 5)}, kernel, strides=[2, 3], pads=[1, 0, 0, 2])
    assert made[0].shape == (2, 4, 7, 13)


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER"])
def test_transposed_to_a_size(auto) -> None:
    kernel = {"b": numbers(1, 2, 2, 3, 3)}
    agree("ConvTranspose", {"a": numbers(0, 1, 2, 4, 4)}, kernel, strides=[2, 2], auto_pad=auto)
    agree("ConvTranspose", {"a": numbers(0, 1, 2, 4, 4)}, kernel, strides=[2, 2], output_shape=[8, 7])


@pytest.mark.parametrize("zero_points", [0, 1, 2])
def test_conv_integer(zero_points) -> None:
    shift = {"c": np.array(7, np.uint8), "d": np.array([1, 2, 3], np.uint8)}
    inputs = {"a": numbers(0, 2, 2, 5, 5, dtype=np.uint8)}
    constants = {"b": numbers(1, 3, 2, 2, 2, dtype=np.uint8), **dict(list(shift.items())[:zero_points])}
    x, w = inputs["a"].astype(np.float64), constants["b"].astype(np.float64)
    if zero_points:
        x = x - 7
    if zero_points == 2:
        w = w - np.array([1, 2, 3]).reshape(3, 1, 1, 1)
    (got,) = answers(one_node("ConvInteger", inputs, constants, ["y"], 21, {"pads": [1, 1, 0, 0]}), inputs)
    (truth,) = agree("Conv", {"a": x.astype(np.float32)}, {"b": w.astype(np.float32)}, pads=[1, 1, 0, 0])
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, np.rint(truth))


@pytest.mark.parametrize(
    ("operator", "attributes", "attribute"),
    [
        ("Conv", {"pads": [1, 1]}, "pads"),
        ("Conv", {"pads": [-1, 0, 0, 0]}, "pads"),
        ("Conv", {"strides": [0, 1]}, "strides"),
        ("Conv", {"group": 2}, "group"),
        ("Conv", {"auto_pad": "SAME"}, "auto_pad"),
        ("Conv", {"auto_pad": "SAME_UPPER", "pads": [1, 1, 1, 1]}, "pads"),
        ("Conv", {"kernel_shape": [2, 2]}, "kernel_shape"),
        ("Conv", {"dilations": [4, 4]}, "kernel_shape"),
        ("ConvTranspose", {"output_shape": [30, 30]}, "output_shape"),
        ("ConvTranspose", {"pads": [5, 5, 5, 5]}, "pads"),
    ],
)
def test_contradictions_are_refused(operator, attributes, attribute) -> None:
    inputs = {"a": numbers(0, 1, 3, 5, 5)}
    model = one_node(operator, inputs, {"b": numbers(1, 3, 3, 3, 3)}, ["y"], 21, attributes)
    with pytest.raises(Unsupported) as found:
        answers(model, inputs)
    assert (found.value.operator, found.value.node, found.value.attribute) == (operator, "n", attribute)
