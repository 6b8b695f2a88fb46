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
from onnx import helper

from atomic_verify.models.tiny import DIGITS, Floats, descend, make_model, noisy_digits, on_grid, save, softmax, tensor

SEED = 20240607
SIDE, HIDDEN = 8, 32
STEPS, RATE, MOMENTUM = 400, 0.5, 0.9
OPSET, IR_VERSION = 17, 8


def samples(count: int, random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Noisy digits, float64[count,64] in 0..1, and their classes."""
    images, digits = noisy_digits(count, 1, random)
    return images.reshape(count, -1), digits


def forward(weights: list[Floats], images: Floats) -> tuple[Floats, Floats]:
    """Hidden layer and class probabilities."""
    hidden = np.maximum(images @ weights[0] + weights[1], 0)
    return hidden, softmax(hidden @ weights[2] + weights[3])


def train(random: np.random.Generator) -> list[Floats]:
    """Weights [64,32], [32], [32,10], [10], on a grid of 1/256."""
    images, digits = samples(3000, random)
    wanted = np.eye(DIGITS)[digits]
    drawn = [random.uniform(-0.2, 0.2, shape) for shape in ((SIDE * SIDE, HIDDEN), (HIDDEN, DIGITS))]
    weights = [drawn[0], np.zeros(HIDDEN), drawn[1], np.zeros(DIGITS)]

    def slopes() -> list[Floats]:
        hidden, scores = forward(weights, images)
        error = (scores - wanted) / len(images)
        back = (error @ weights[2].T) * (hidden > 0)
        return [images.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]

    descend(weights, slopes, STEPS, RATE, MOMENTUM)
    return [on_grid(weight) for weight in weights]


def graph(weights: list[Floats]) -> onnx.ModelProto:
    """The model with a free batch dimension, so that items can be stacked."""
    names = ("hidden_weight", "hidden_bias", "score_weight", "score_bias")
    nodes = [
        helper.make_node("Gemm", ["image", "hidden_weight", "hidden_bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "score_weight", "score_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    return make_model(
        "digits",
        nodes,
        [tensor("image", ["items", SIDE * SIDE])],
        [tensor("scores", ["items", DIGITS])],
        {name: weight.astype(np.float32) for name, weight in zip(names, weights, strict=True)},
        opset=OPSET,
        ir_version=IR_VERSION,
    )


def write_examples(folder: Path, random: np.random.Generator) -> None:
    """One example item per digit, as payload bytes (float32[1,64])."""
    folder.mkdir(parents=True, exist_ok=True)
    images, digits = samples(200, random)
    for digit in range(DIGITS):
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
    save(graph(weights), options.out)
    print(f"accuracy on 1,000 fresh digits: {accuracy:.3f}")
    if options.examples:
        write_examples(options.examples, random)


if __name__ == "__main__":
    main(sys.argv[1:])
