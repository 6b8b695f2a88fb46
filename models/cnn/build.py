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
from onnx import NodeProto, helper

from atomic_verify.models.tiny import (
    DIGITS,
    GRID,
    Floats,
    make_model,
    noisy_digits,
    on_grid,
    save,
    tensor,
    train_last_layer,
)

SEED = 20240608
SIDE = 16
CHANNELS = (1, 8, 16)
FEATURES = CHANNELS[-1] * (SIDE // 4) ** 2
STEPS, RATE, MOMENTUM, DECAY = 300, 0.1, 0.9, 1e-3
OPSET, IR_VERSION = 17, 8
EPSILON = 1e-5


def samples(count: int, random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Noisy digits, float64[count,1,16,16] in 0..1, and their classes."""
    images, digits = noisy_digits(count, 2, random)
    return images[:, None], digits


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
        weights[f"mean{layer}"] = on_grid(made.mean((0, 2, 3)))
        weights[f"variance{layer}"] = np.maximum(on_grid(made.var((0, 2, 3))), 1 / GRID)
    mean, variance = (weights[f"{name}{layer}"][None, :, None, None] for name in ("mean", "variance"))
    active = np.maximum((made - mean) / np.sqrt(variance + EPSILON), 0)
    count, channels, high, wide = active.shape
    return active.reshape(count, channels, high // 2, 2, wide // 2, 2).max((3, 5))


def features(images: Floats, weights: dict[str, Floats]) -> Floats:
    """float64[n,256] of images [n,1,16,16]."""
    return block(block(images, weights, 0), weights, 1).reshape(len(images), -1)


def train(random: np.random.Generator) -> dict[str, Floats]:
    """All weights by name, on a grid of 1/256."""
    weights: dict[str, Floats] = {}
    for layer, (before, after) in enumerate(pairwise(CHANNELS)):
        weights[f"kernel{layer}"] = on_grid(random.uniform(-1, 1, (after, before, 3, 3)) / np.sqrt(3 * before))
    images, digits = samples(1500, random)
    weights["score_weight"], weights["score_bias"] = train_last_layer(
        features(images, weights), digits, DIGITS, steps=STEPS, rate=RATE, momentum=MOMENTUM, decay=DECAY
    )
    return weights


def graph(weights: dict[str, Floats]) -> onnx.ModelProto:
    """The model with a free batch dimension, so that items can be stacked."""
    constants = dict(weights)
    nodes: list[NodeProto] = []
    last = "image"
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
    return make_model(
        "digits",
        nodes,
        [tensor("image", ["items", 1, SIDE, SIDE])],
        [tensor("scores", ["items", DIGITS])],
        {name: value.astype(np.float32) for name, value in constants.items()},
        opset=OPSET,
        ir_version=IR_VERSION,
    )


def write_examples(folder: Path, random: np.random.Generator) -> None:
    """One example item per digit, as payload bytes (float32[1,1,16,16])."""
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
    logits = features(images, weights) @ weights["score_weight"] + weights["score_bias"]
    save(graph(weights), options.out)
    print(f"accuracy on 1,000 fresh digits: {float((logits.argmax(1) == digits).mean()):.3f}")
    if options.examples:
        write_examples(options.examples, random)


if __name__ == "__main__":
    main(sys.argv[1:])
