"""QLinearMatMul, QLinearConv and Col2Im against onnxruntime."""

import numpy as np
import pytest

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering import lower
from tests.support.onnx_nodes import agree, answers, numbers, one_node


def scale(*values) -> np.ndarray:
    return np.array(values, np.float32).reshape(() if len(values) == 1 else -1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("columns", [False, True])
def test_matmul(dtype, columns) -> None:
    inputs = {"a": numbers(0, 3, 5, 20, dtype=dtype)}
    weights = {
        "b": scale(0.02),
        "c": np.array(3, dtype),
        "d": numbers(1, 20, 2, dtype=dtype),
        "e": scale(0.011, 0.007) if columns else scale(0.011),
        "f": np.array([1, 2] if columns else 2, dtype),
        "g": scale(0.013),
        "h": np.array(5, dtype),
    }
    agree("QLinearMatMul", inputs, weights, opset=10)


@pytest.mark.parametrize("biased", [False, True])
def test_conv(biased) -> None:
    inputs = {"a": numbers(0, 2, 4, 6, 5, dtype=np.uint8)}
    weights = {
        "b": scale(0.02),
        "c": np.array(7, np.uint8),
        "d": numbers(1, 6, 2, 3, 2, dtype=np.int8),
        "e": scale(0.01, 0.02, 0.005, 0.01, 0.013, 0.017),
        "f": np.zeros(6, np.int8),
        "g": scale(0.15),
        "h": np.array(110, np.uint8),
        "i": np.arange(-300, 300, 100, dtype=np.int32) if biased else None,
    }
    agree("QLinearConv", inputs, weights, opset=10, group=2, pads=[1, 0, 0, 1], strides=[1, 2])


def test_rounding_is_reported() -> None:
    inputs = {"a": numbers(0, 2, 3, dtype=np.uint8)}
    names = dict(
        zip(
            "bcdefgh",
            [
                scale(0.1),
                np.uint8(1),
                numbers(1, 3, 2, dtype=np.uint8),
                scale(0.1),
                np.uint8(2),
                scale(0.3),
                np.uint8(4),
            ],
            strict=True,
        )
    )
    weights = {name: np.asarray(array) for name, array in names.items()}
    found = lower(one_node("QLinearMatMul", inputs, weights, ["y"], 21, {})).discontinuities
    assert [item.operator for item in found] == ["QLinearMatMul"]


@pytest.mark.parametrize(
    ("image", "block", "attributes", "count"),
    [
        ((5, 5), (1, 5), {}, 5),
        ((6, 7), (2, 3), {}, 25),
        ((6, 7), (2, 3), {"strides": [2, 2]}, 9),
        ((6, 7), (3, 3), {"pads": [1, 0, 1, 2]}, 42),
        ((7, 7), (2, 2), {"dilations": [2, 3]}, 20),
    ],
)
def test_col2im(image, block, attributes, count) -> None:
    x = {"a": numbers(0, 2, 3 * block[0] * block[1], count)}
    agree("Col2Im", x, {"b": np.array(image), "c": np.array(block)}, opset=18, **attributes)


def test_col2im_of_the_wrong_number_of_blocks_is_refused() -> None:
    x = {"a": numbers(0, 1, 4, 7)}
    with pytest.raises(Unsupported, match="image_shape"):
        answers(one_node("Col2Im", x, {"b": np.array([3, 3]), "c": np.array([2, 2])}, ["y"], 18, {}), x)
