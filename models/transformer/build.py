"""Build a small transformer that names the language of a phrase, and write it as ONNX. Takes seconds; numpy and onnx.

Data: phrases of 16 tokens of four languages, each a Markov chain of its own over the same 32 tokens. Model: embedding
and positions, two layers of attention (4 heads) with LayerNormalization and Gelu, the mean over the tokens, a linear
layer, softmax. The layers are fixed and pseudo-random, the linear one is trained by plain gradient descent in float64.
All weights are rounded to multiples of 1/256, which hides the last bits, in which processors differ: the file is the
same everywhere and manifest.json can pin it.

    python models/transformer/build.py OUT [--examples FOLDER]
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from atomic_verify.models.tiny import Floats, make_model, on_grid, save, tensor, train_last_layer

Tokens = NDArray[np.int64]

SEED = 20240609
TOKENS, LENGTH, CLASSES = 32, 16, 4
WIDTH, HEADS, HIDDEN, LAYERS = 32, 4, 64, 2
STEPS, RATE, MOMENTUM, DECAY = 400, 0.1, 0.9, 1e-3
OPSET, IR_VERSION = 20, 9


def samples(count: int, chains: Floats, random: np.random.Generator) -> tuple[Tokens, Tokens]:
    """Phrases int64[count,16] and their languages; `chains` are running sums [languages,32,32] of next tokens."""
    languages = random.integers(0, CLASSES, count)
    phrases = np.zeros((count, LENGTH), dtype=np.int64)
    phrases[:, 0] = random.integers(0, TOKENS, count)
    for place in range(1, LENGTH):
        thresholds = chains[languages, phrases[:, place - 1]]
        phrases[:, place] = (random.random((count, 1)) >= thresholds).sum(1).clip(0, TOKENS - 1)
    return phrases, languages


def languages_of(random: np.random.Generator) -> Floats:
    """Each language prefers some tokens, and a few successors of each token."""
    chances = random.random((CLASSES, TOKENS, TOKENS)) ** 4 * random.random((CLASSES, 1, TOKENS)) ** 2
    return np.cumsum(chances / chances.sum(2, keepdims=True), axis=2)


def body_weights(random: np.random.Generator) -> dict[str, Floats]:
    """The fixed part, on the grid."""
    shapes = {"embedding": (TOKENS, WIDTH), "positions": (LENGTH, WIDTH)}
    for layer in range(LAYERS):
        shapes |= {f"{part}{layer}": (WIDTH, WIDTH) for part in ("query", "key", "value", "merge")}
        shapes |= {f"widen{layer}": (WIDTH, HIDDEN), f"narrow{layer}": (HIDDEN, WIDTH)}
    found = {name: random.uniform(-1, 1, shape) * np.sqrt(3 / shape[0]) for name, shape in shapes.items()}
    found["embedding"] *= 3
    for layer in range(LAYERS):
        # Attention that looks: products of queries and keys are wide enough to prefer some tokens.
        found[f"query{layer}"] *= 2
        found[f"widen_bias{layer}"] = random.uniform(-0.5, 0.5, HIDDEN)
        for name in (f"attended{layer}", f"thought{layer}"):
            found[f"{name}_scale"] = random.uniform(0.75, 1.25, WIDTH)
            found[f"{name}_shift"] = random.uniform(-0.1, 0.1, WIDTH)
    return {name: on_grid(value) for name, value in found.items()}


def attention(layer: int, source: str) -> list[NodeProto]:
    """Multi-head attention of `source` to itself, added to it."""
    nodes: list[NodeProto] = []
    for part, order in (("query", (0, 2, 1, 3)), ("key", (0, 2, 3, 1)), ("value", (0, 2, 1, 3))):
        name = f"{part}{layer}"
        nodes += [
            helper.make_node("MatMul", [source, name], [f"{name}_flat"]),
            helper.make_node("Reshape", [f"{name}_flat", "heads"], [f"{name}_heads"]),
            helper.make_node("Transpose", [f"{name}_heads"], [f"{name}_turned"], perm=order),
        ]
    return [
        *nodes,
        helper.make_node("MatMul", [f"query{layer}_turned", f"key{layer}_turned"], [f"raw{layer}"]),
        helper.make_node("Mul", [f"raw{layer}", "attention_scale"], [f"scaled{layer}"]),
        helper.make_node("Softmax", [f"scaled{layer}"], [f"shares{layer}"], axis=-1),
        helper.make_node("MatMul", [f"shares{layer}", f"value{layer}_turned"], [f"mixed{layer}"]),
        helper.make_node("Transpose", [f"mixed{layer}"], [f"back{layer}"], perm=(0, 2, 1, 3)),
        helper.make_node("Reshape", [f"back{layer}", "joined"], [f"joined{layer}"]),
        helper.make_node("MatMul", [f"joined{layer}", f"merge{layer}"], [f"merged{layer}"]),
        helper.make_node("Add", [source, f"merged{layer}"], [f"seen{layer}"]),
    ]


def block(layer: int, source: str) -> list[NodeProto]:
    """One layer; its result is `thought<layer>`."""
    attended, thought = f"attended{layer}", f"thought{layer}"
    return [
        *attention(layer, source),
        _normal(f"seen{layer}", attended),
        helper.make_node("MatMul", [attended, f"widen{layer}"], [f"wide{layer}"]),
        helper.make_node("Add", [f"wide{layer}", f"widen_bias{layer}"], [f"biased{layer}"]),
        helper.make_node("Gelu", [f"biased{layer}"], [f"active{layer}"]),
        helper.make_node("MatMul", [f"active{layer}", f"narrow{layer}"], [f"narrowed{layer}"]),
        helper.make_node("Add", [attended, f"narrowed{layer}"], [f"sum{layer}"]),
        _normal(f"sum{layer}", thought),
    ]


def _normal(source: str, target: str) -> NodeProto:
    return helper.make_node("LayerNormalization", [source, f"{target}_scale", f"{target}_shift"], [target], axis=-1)


def graph(weights: dict[str, Floats], dtype: "np.dtype[Any]") -> onnx.ModelProto:
    """The model in float32 or, for training, the part before the last layer in float64. Its batch dimension is free."""
    code, is_whole = helper.np_dtype_to_tensor_dtype(dtype), "score_weight" in weights
    nodes = [
        helper.make_node("Gather", ["embedding", "tokens"], ["embedded"]),
        helper.make_node("Add", ["embedded", "positions"], ["thought"]),
    ]
    for layer in range(LAYERS):
        nodes += block(layer, f"thought{layer - 1}" if layer else "thought")
    nodes.append(helper.make_node("ReduceMean", [f"thought{LAYERS - 1}", "middle"], ["phrase"], keepdims=0))
    if is_whole:
        nodes += [
            helper.make_node("Gemm", ["phrase", "score_weight", "score_bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
        ]
    shapes = {"heads": [0, LENGTH, HEADS, WIDTH // HEADS], "joined": [0, LENGTH, WIDTH], "middle": [1]}
    constants: dict[str, NDArray[Any]] = {name: value.astype(dtype) for name, value in weights.items()}
    constants |= {name: np.array(value, dtype=np.int64) for name, value in shapes.items()}
    constants["attention_scale"] = np.array((WIDTH // HEADS) ** -0.5).astype(np.float32).astype(dtype)
    name, size = ("scores", CLASSES) if is_whole else ("phrase", WIDTH)
    return make_model(
        "languages",
        nodes,
        [tensor("tokens", ["items", LENGTH], TensorProto.INT64)],
        [tensor(name, ["items", size], code)],
        constants,
        opset=OPSET,
        ir_version=IR_VERSION,
    )


def features(weights: dict[str, Floats], phrases: Tokens) -> Floats:
    """float64[n,32] by the graph itself, in float64."""
    body = {name: value for name, value in weights.items() if not name.startswith("score_")}
    found: list[Floats] = ReferenceEvaluator(graph(body, np.dtype(np.float64))).run(None, {"tokens": phrases})
    return found[0]


def train(weights: dict[str, Floats], chains: Floats, random: np.random.Generator) -> None:
    """Adds the last layer's weights, on the grid."""
    phrases, languages = samples(2000, chains, random)
    weights["score_weight"], weights["score_bias"] = train_last_layer(
        features(weights, phrases), languages, CLASSES, steps=STEPS, rate=RATE, momentum=MOMENTUM, decay=DECAY
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--examples", type=Path)
    options = parser.parse_args(arguments)
    random = np.random.default_rng(SEED)
    chains, weights = languages_of(random), body_weights(random)
    train(weights, chains, random)
    phrases, languages = samples(500, chains, random)
    logits = features(weights, phrases) @ weights["score_weight"] + weights["score_bias"]
    save(graph(weights, np.dtype(np.float32)), options.out)
    print(f"accuracy on 500 fresh phrases: {float((logits.argmax(1) == languages).mean()):.3f}")
    if options.examples:
        options.examples.mkdir(parents=True, exist_ok=True)
        for language in range(CLASSES):
            phrase = phrases[int(np.argmax(languages == language))]
            (options.examples / f"{language}.bin").write_bytes(phrase.astype("<i8").tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])
