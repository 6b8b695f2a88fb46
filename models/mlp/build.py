"""Train a tiny digit classifier on data made here, and write it as ONNX. Takes seconds; numpy and onnx, no torch.

Data: the ten digits as 8x8 glyphs, shifted, scaled and noised. Model: 64 -> 32 -> 10 with ReLU and softmax, trained by
plain full-batch gradient descent in float64. The weights are rounded to multiples of 1/256 in the end: that hides the
last bits, in which processors differ, so the file is the same everywhere and manifest.json can pin it. Start values
and noise are continuous: on a coarse grid some sums are zero but for rounding, and ReLU makes much of that.

    python models/mlp/build.py OUT [--examples FOLDER]
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float64]

SEED = 20240607
SIDE, HIDDEN, CLASSES = 8, 32, 10
STEPS, RATE, MOMENTUM = 400, 0.5, 0.9
GRID = 256
OPSET, IR_VERSION = 17, 8

# Each digit as 5 rows of 4 pixels, the highest bit on the left.
GLYPHS = ("69996", "26227", "69247", "E161E", "99F11", "F8E1E", "68E96", "F1248", "69696", "69716")


def glyph(digit: int) -> Floats:
    """A digit as float64[8,8] of 0 and 1."""
    image = np.zeros((SIDE, SIDE))
    for row, code in enumerate(GLYPHS[digit]):
        image[row + 1, 2:6] = [int(code, 16) >> bit & 1 for bit in (3, 2, 1, 0)]
    return image


def samples(count: int, random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Noisy digits, float64[count,64] in 0..1, and their classes."""
    digits = random.integers(0, CLASSES, count)
    images = np.stack([glyph(int(digit)) for digit in digits])
    shifts = random.integers(-1, 2, (count, 2))
    images = np.stack([np.roll(image, shift, (0, 1)) for image, shift in zip(images, shifts.tolist(), strict=True)])
    images *= random.uniform(0.6, 1, (count, 1, 1))
    images += random.uniform(-0.25, 0.25, images.shape)
    return images.clip(0, 1).reshape(count, -1), digits


def forward(weights: list[Floats], images: Floats) -> tuple[Floats, Floats]:
    """Hidden layer and class probabilities."""
    hidden = np.maximum(images @ weights[0] + weights[1], 0)
    logits = hidden @ weights[2] + weights[3]
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return hidden, scores / scores.sum(1, keepdims=True)


def train(random: np.random.Generator) -> list[Floats]:
    """Weights [64,32], [32], [32,10], [10], on a grid of 1/256."""
    images, digits = samples(3000, random)
    wanted = np.eye(CLASSES)[digits]
    weights = [random.uniform(-0.2, 0.2, shape) for shape in ((SIDE * SIDE, HIDDEN), (HIDDEN, CLASSES))]
    weights = [weights[0], np.zeros(HIDDEN), weights[1], np.zeros(CLASSES)]
    speeds = [np.zeros_like(weight) for weight in weights]
    for _ in range(STEPS):
        hidden, scores = forward(weights, images)
        error = (scores - wanted) / len(images)
        back = (error @ weights[2].T) * (hidden > 0)
        slopes = [images.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
        for weight, speed, slope in zip(weights, speeds, slopes, strict=True):
            np.multiply(speed, MOMENTUM, out=speed)
            np.subtract(speed, RATE * slope, out=speed)
            np.add(weight, speed, out=weight)
    return [np.round(weight * GRID) / GRID for weight in weights]


def graph(weights: list[Floats]) -> onnx.ModelProto:
    """The model with a free batch dimension, so that items can be stacked."""
    names = ("hidden_weight", "hidden_bias", "score_weight", "score_bias")
    nodes = [
        helper.make_node("Gemm", ["image", "hidden_weight", "hidden_bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "score_weight", "score_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    body = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["items", SIDE * SIDE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["items", CLASSES])],
        [numpy_helper.from_array(w.astype(np.float32), name) for w, name in zip(weights, names, strict=True)],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = model.producer_version = ""
    onnx.checker.check_model(model, full_check=True)
    return model


def write_examples(folder: Path, random: np.random.Generator) -> None:
    """One example item per digit, as payload bytes (float32[1,64])."""
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
    accuracy = float((forward(weights, images)[1].argmax(1) == digits).mean())
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "model.onnx").write_bytes(graph(weights).SerializeToString(deterministic=True))
    print(f"accuracy on 1,000 fresh digits: {accuracy:.3f}")
    if options.examples:
        write_examples(options.examples, random)


if __name__ == "__main__":
    main(sys.argv[1:])
