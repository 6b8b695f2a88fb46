"""Pooling against onnxruntime: pads, strides, dilations, rounded-up sizes, padding that counts, places of maxima."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from tests.support.onnx_nodes import agree, answers, numbers, one_node

SMALL = st.integers(1, 3)


@st.composite
def pools(draw, dilated=True):
    rank = draw(st.integers(1, 3))

    def many(strategy, count=rank):
        return draw(st.lists(strategy, min_size=count, max_size=count))

    kernel = many(SMALL)
    dilations = many(st.integers(1, 2)) if dilated else [1] * rank
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    spatial = [draw(st.integers(span, span + 4)) for span in spans]
    attributes = {"kernel_shape": kernel, "strides": many(SMALL), "ceil_mode": draw(st.integers(0, 1))}
    if dilated:
        attributes["dilations"] = dilations
    auto = draw(st.sampled_from(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if auto == "NOTSET":
        attributes["pads"] = [
            draw(st.integers(0, max(0, k - 1) if d == 1 else 0)) for k, d in zip(kernel * 2, dilations * 2, strict=True)
        ]
    else:
        attributes["auto_pad"] = auto
        attributes["dilations"] = [1] * rank
        attributes["ceil_mode"] = 0
        attributes["strides"] = [min(pair) for pair in zip(attributes["strides"], kernel, strict=True)]
        if not dilated:
            del attributes["dilations"]
    return (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *spatial), attributes


@given(pools())
def test_max_pool(case) -> None:
    shape, attributes = case
    agree("MaxPool", {"a": numbers(0, *shape)}, opset=22, **attributes)


@given(pools(), st.integers(0, 1))
def test_average_pool(case, count_include_pad) -> None:
    shape, attributes = case
    agree("AveragePool", {"a": numbers(0, *shape)}, opset=19, count_include_pad=count_include_pad, **attributes)


@given(pools(), st.integers(1, 3))
def test_lp_pool(case, p) -> None:
    shape, attributes = case
    agree("LpPool", {"a": numbers(0, *shape)}, opset=18, p=p, **attributes)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.float64, np.float16])
def test_types_of_max_pool(dtype) -> None:
    agree("MaxPool", {"a": numbers(0, 1, 2, 6, 7, dtype=dtype)}, opset=12, kernel_shape=[3, 2], pads=[2, 1, 0, 0])


@pytest.mark.parametrize("storage_order", [0, 1])
@pytest.mark.parametrize("shape", [(2, 3, 7, 6), (1, 2, 4, 5, 3)])
def test_places_of_maxima(shape, storage_order) -> None:
    rank = len(shape) - 2
    attributes = {"kernel_shape": [2] * rank, "strides": [1, 2, 1][:rank], "pads": [1] * rank + [0] * rank}
    agree("MaxPool", {"a": numbers(0, *shape)}, outputs="y z", opset=12, storage_order=storage_order, **attributes)


def test_of_equal_maxima_the_first_is_named() -> None:
    made = agree("MaxPool", {"a": np.ones((1, 1, 4, 4), np.float32)}, outputs="y z", opset=12, kernel_shape=[2, 2])
    assert made[1][0, 0].tolist() == [[0, 1, 2], [4, 5, 6], [8, 9, 10]]


@pytest.mark.parametrize("operator", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 2, 4, 40), (1, 2, 3, 4, 5)])
def test_global(operator, shape) -> None:
    agree(operator, {"a": numbers(0, *shape)})


@pytest.mark.parametrize(
    ("operator", "attributes", "attribute"),
    [
        ("MaxPool", {"pads": [2, 2, 0, 0]}, "pads"),
        ("AveragePool", {"pads": [2, 2, 0, 0]}, "pads"),
        ("MaxPool", {"kernel_shape": [9, 9]}, "kernel_shape"),
        ("MaxPool", {"kernel_shape": [2]}, "kernel_shape"),
        ("LpPool", {"p": 0}, "p"),
        ("AveragePool", {"auto_pad": "SAME_UPPER", "strides": [3, 3], "kernel_shape": [1, 1]}, "auto_pad"),
    ],
)
def test_windows_without_meaning_are_refused(operator, attributes, attribute) -> None:
    inputs = {"a": numbers(0, 1, 1, 5, 5)}
    model = one_node(operator, inputs, {}, ["y"], 21, {"kernel_shape": [2, 2], **attributes})
    with pytest.raises(Unsupported) as found:
        answers(model, inputs)
    assert found.value.attribute == attribute
