"""What the build scripts of small models share: data made on the spot, gradient descent, weights on a grid, the file.

Used when a model is built. Weights are rounded to a grid in the end: that hides the last bits, in which processors
differ, so a model is the same file everywhere and its manifest can pin it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Floats = NDArray[np.float64]

GRID = 256
GLYPH_SIDE, DIGITS = 8, 10
# Each digit as 5 rows of 4 pixels, the highest bit on the left.
GLYPHS = ("69996", "26227", "69247", "E161E", "99F11", "F8E1E", "68E96", "F1248", "69696", "69716")


def noisy_digits(count: int, scale: int, random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Digits shifted, dimmed and noised, float64[count, 8 * scale, 8 * scale] in 0..1, and their classes."""
    digits = random.integers(0, DIGITS, count)
    images = np.stack([np.kron(_glyph(int(digit)), np.ones((scale, scale))) for digit in digits])
    shifts = random.integers(-scale, scale + 1, (count, 2))
    images = np.stack([np.roll(image, shift, (0, 1)) for image, shift in zip(images, shifts.tolist(), strict=True)])
    images *= random.uniform(0.6, 1, (count, 1, 1))
    images += random.uniform(-0.25, 0.25, images.shape)
    return images.clip(0, 1), digits


def _glyph(digit: int) -> Floats:
    """A digit as float64[8,8] of 0 and 1."""
    image = np.zeros((GLYPH_SIDE, GLYPH_SIDE))
    for row, code in enumerate(GLYPHS[digit]):
        image[row + 1, 2:6] = [int(code, 16) >> bit & 1 for bit in (3, 2, 1, 0)]
    return image


def descend(
    values: Sequence[Floats], slopes: Callable[[], Sequence[Floats]], steps: int, rate: float, momentum: float
) -> None:
    """Plain gradient descent with momentum, in place; `slopes` are those of the values as they are now."""
    speeds = [np.zeros_like(value) for value in values]
    for _ in range(steps):
        for value, speed, slope in zip(values, speeds, slopes(), strict=True):
            np.multiply(speed, momentum, out=speed)
            np.subtract(speed, rate * slope, out=speed)
            np.add(value, speed, out=value)


def train_last_layer(
    inputs: Floats, classes: NDArray[np.int64], count: int, *, steps: int, rate: float, momentum: float, decay: float
) -> tuple[Floats, Floats]:
    """Weight [features, count] and bias [count] of a linear layer before a softmax, on the grid."""
    wanted = np.eye(count)[classes]
    weight, bias = np.zeros((inputs.shape[1], count)), np.zeros(count)

    def slopes() -> list[Floats]:
        error = (softmax(inputs @ weight + bias) - wanted) / len(inputs)
        return [inputs.T @ error + decay * weight, error.sum(0)]

    descend([weight, bias], slopes, steps, rate, momentum)
    return on_grid(weight), on_grid(bias)


def softmax(logits: Floats) -> Floats:
    """Probabilities of each row."""
    scores = np.exp(logits - logits.max(1, keepdims=True))
    result: Floats = scores / scores.sum(1, keepdims=True)
    return result


def on_grid(values: Floats) -> Floats:
    """Multiples of 1/256."""
    return np.round(values * GRID) / GRID


def make_model(
    name: str,
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    constants: Mapping[str, NDArray[Any]],
    *,
    opset: int,
    ir_version: int,
) -> onnx.ModelProto:
    """A checked model that names no producer."""
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    body = helper.make_graph(list(nodes), name, list(inputs), list(outputs), weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    model.producer_name = model.producer_version = ""
    onnx.checker.check_model(model, full_check=True)
    return model


def tensor(name: str, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> ValueInfoProto:
    """An input or output of a model; a string is a dimension left open."""
    return helper.make_tensor_value_info(name, dtype, list(shape))


def save(model: onnx.ModelProto, folder: Path) -> None:
    """Writes model.onnx, the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
