"""Build a small convolutional digit classifier on data made here, and write it as ONNX. Takes seconds; numpy and onnx.

Data: the ten digits as 16x16 glyphs, shifted, dimmed and noised. Model: two blocks of convolution, batch
normalization, ReLU and pooling (1 -> 8 -> 16 channels), then one linear layer and softmax. The convolutions are fixed
pseudo-random filters, the batch statistics are measured, the linear layer is trained by plain gradient descent in
float64. All weights are rounded to multiples of 1/256, which hides the last bits, in which processors differ: the
file is the same everywhere and manifest.json can pin it.

    python models/cnn/build.py OUT [--examples FOLDER]
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float64]

SEED = 20240608
SIDE, CLASSES = 16, 10
CHANNELS = (1, 8, 16)
FEATURES = CHANNELS[-1] * (SIDE // 4) ** 2
STEPS, RATE, MOMENTUM, DECAY = 300, 0.1, 0.9, 1e-3
GRID = 256
EPSILON = 1e-5
OPSET, IR_VERSION = 17, 8

# Each digit as 5 rows of 4 pixels, the highest bit on the left.
GLYPHS = ("69996", "26227", "69247", "E161E", "99F11", "F8E1E", "68E96", "F1248", "69696", "69716")


def glyph(digit: int) -> Floats:
    """A digit as float64[16,16] of 0 and 1."""
    image = np.zeros((SIDE // 2, SIDE // 2))
    for row, code in enumerate(GLYPHS[digit]):
        image[row + 1, 2:6] = [int(code, 16) >> bit & 1 for bit in (3, 2, 1, 0)]
    return np.kron(image, np.ones((2, 2)))


def samples(count: int, random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Noisy digits, float64[count,1,16,16] in 0..1, and their classes."""
    digits = random.integers(0, CLASSES, count)
    images = np.stack([glyph(int(digit)) for digit in digits])
    shifts = random.integers(-2, 3, (count, 2))
    images = np.stack([np.roll(image, shift, (0, 1)) for image, shift in zip(images, shifts.tolist(), strict=True)])
    images *= random.uniform(0.6, 1, (count, 1, 1))
    images += random.uniform(-0.25, 0.25, images.shape)
    return images.clip(0, 1)[:, None], digits


def rounded(values: Floats) -> Floats:
    return np.round(values * GRID) / GRID


def convolve(images: Floats, kernel: Floats) -> Floats:
    """3x3 convolution with a border of zeros: [n,c,h,w] and [k,c,3,3] to [n,k,h,w]."""
    high, wide = images.shape[2:]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = [padded[:, :, y : y + high, x : x + wide] for y in range(3) for x in range(3)]
    taps = kernel.reshape(*kernel.shape[:2], 9)
    return sum((np.einsum("nchw,kc->nkhw", one, taps[:, :, tap]) for tap, one in enumerate(windows)), np.zeros(()))


def block(images: Floats, weights: dict[str, Floats], layer: int) -> Floats:
    """Convolution, normalization, ReLU, 2x2 maximum. Measures the layer's batch statistics if there are none yet."""
    made = convolve(images, weights[f"kernel{layer}"])
    if f"mean{layer}" not in weights:
        weights[f"mean{layer}"] = rounded(made.mean((0, 2, 3)))
        weights[f"variance{layer}"] = np.maximum(rounded(made.var((0, 2, 3))), 1 / GRID)
    mean, variance = (weights[f"{name}{layer}"][None, :, None, None] for name in ("mean", "variance"))
    active = np.maximum((made - mean) / np.sqrt(variance + EPSILON), 0)
    count, channels, high, wide = active.shape
    return active.reshape(count, channels, high // 2, 2, wide // 2, 2).max((3, 5))


def features(images: Floats, weights: dict[str, Floats]) -> Floats:
    """float64[n,256] of images [n,1,16,16]."""
    return block(block(images, weights, 0), weights, 1).reshape(len(images), -1)


def softmax(logits: Floats) -> Floats:
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return scores / scores.sum(1, keepdims=True)


def train(random: np.random.Generator) -> dict[str, Floats]:
    """All weights by name, on a grid of 1/256."""
    weights: dict[str, Floats] = {}
    for layer, (before, after) in enumerate(pairwise(CHANNELS)):
        weights[f"kernel{layer}"] = rounded(random.uniform(-1, 1, (after, before, 3, 3)) / np.sqrt(3 * before))
    images, digits = samples(1500, random)
    inputs, wanted = features(images, weights), np.eye(CLASSES)[digits]
    values = [np.zeros((FEATURES, CLASSES)), np.zeros(CLASSES)]
    speeds = [np.zeros_like(value) for value in values]
    for _ in range(STEPS):
        error = (softmax(inputs @ values[0] + values[1]) - wanted) / len(inputs)
        slopes = [inputs.T @ error + DECAY * values[0], error.sum(0)]
        for value, speed, slope in zip(values, speeds, slopes, strict=True):
            np.multiply(speed, MOMENTUM, out=speed)
            np.subtract(speed, RATE * slope, out=speed)
            np.add(value, speed, out=value)
    weights["score_weight"], weights["score_bias"] = (rounded(value) for value in values)
    return weights


def graph(weights: dict[str, Floats]) -> onnx.ModelProto:
    """The model with a free batch dimension, so that items can be stacked."""
    constants = dict(weights)
    nodes, last = [], "image"
    for layer, channels in enumerate(CHANNELS[1:]):
        constants[f"scale{layer}"], constants[f"shift{layer}"] = np.ones(channels), np.zeros(channels)
        normal = [f"conv{layer}", f"scale{layer}", f"shift{layer}", f"mean{layer}", f"variance{layer}"]
        nodes += [
            helper.make_node("Conv", [last, f"kernel{layer}"], [f"conv{layer}"], pads=[1, 1, 1, 1]),
            helper.make_node("BatchNormalization", normal, [f"normal{layer}"], epsilon=EPSILON),
            helper.make_node("Relu", [f"normal{layer}"], [f"active{layer}"]),
            helper.make_node("MaxPool", [f"active{layer}"], [f"pool{layer}"], kernel_shape=[2, 2], strides=[2, 2]),
        ]
        last = f"pool{layer}"
    nodes += [
        helper.make_node("Flatten", [last], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "score_weight", "score_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    body = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["items", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["items", CLASSES])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = model.producer_version = ""
    onnx.checker.check_model(model, full_check=True)
    return model


def write_examples(folder: Path, random: np.random.Generator) -> None:
    """One example item per digit, as payload bytes (float32[1,1,16,16])."""
    folder.mkdir(parents=True, exist_ok=True)
    images, digits = samples(200, random)
    for digit in range(CLASSES):
        image: NDArray[Any] = images[int(np.argmax(digits == digit))].astype("<f4")
        (folder / f"{digit}.bin").write_bytes(image.tobytes())


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--examples", type=Path)
    options = parser.parse_args(arguments)
    random = np.random.default_rng(SEED)
    weights = train(random)
    images, digits = samples(1000, random)
    logits = features(images, weights) @ weights["score_weight"] + weights["score_bias"]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "model.onnx").write_bytes(graph(weights).SerializeToString(deterministic=True))
    print(f"accuracy on 1,000 fresh digits: {float((logits.argmax(1) == digits).mean()):.3f}")
    if options.examples:
        write_examples(options.examples, random)


if __name__ == "__main__":
    main(sys.argv[1:])
