"""A tiny disputable model and results of it, made in memory: y = relu(x W), scores as float32 and the sign as int64."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from atomic_verify.canonical.identity import identity_of
from atomic_verify.canonical.lowering import lower
from atomic_verify.commitments import Batch, encode_batch
from atomic_verify.models import InstalledModel
from atomic_verify.models.answers import AnswerSchema
from atomic_verify.models.codecs import make_codec
from atomic_verify.models.derivation import program_entry
from atomic_verify.models.manifest import Manifest
from prover.watching.gather import Evidenced
from prover.watching.meanings import Meaning
from tests.support.onnx_graphs import make, node

ACCEPT, SLASH = 1e-3, 4e-3
WEIGHTS = (np.arange(16, dtype=np.float32).reshape(4, 4) - 5) / 16
GRAPH = make(
    [
        node("MatMul", ["x", "w"], ["h"]),
        node("Relu", ["h"], ["y"]),
        node("Cast", ["x"], ["n"], to=TensorProto.INT64),
    ],
    outputs=(("y", TensorProto.FLOAT, (1, 4)), ("n", TensorProto.INT64, (1, 4))),
    weights={"w": WEIGHTS},
)


def manifest(**changes: Any) -> Manifest:
    found = identity_of(lower(GRAPH))
    none = {"atol": 0.0, "rtol": 0.0}
    plain: dict[str, Any] = {
        "schema_version": 1,
        "name": "tiny",
        "version": "1.0.0",
        "title": "A tiny model",
        "licence": "MIT",
        "source": {"kind": "script", "location": "here"},
        "onnx": {"file": "model.onnx", "bytes": 10, "sha256": "ab" * 32},
        "inputs": [{"name": "x", "dtype": "float", "shape": [1, 4]}],
        "outputs": [
            {
                "name": "y",
                "dtype": "float",
                "shape": [1, 4],
                "accept": {"atol": ACCEPT, "rtol": 0.0},
                "slash": {"atol": SLASH, "rtol": 0.0},
            },
            {"name": "n", "dtype": "int64", "shape": [1, 4], "accept": none, "slash": none},
        ],
        "program": program_entry(found).model_dump(),
        "codec": {"name": "tensors"},
        "answer_schema": {"type": "object"},
    }
    return Manifest.parse(json.dumps(plain | changes))


def meaning(**changes: Any) -> Meaning:
    made = manifest(**changes)
    codec = make_codec("tensors", {}, {}, made.input_signature, made.output_signature)
    model = InstalledModel(made, made.model_id, Path("nowhere"), codec, AnswerSchema(made.answer_schema))
    return Meaning(model, lower(GRAPH).program)


def fast(payload: bytes, items: int) -> bytes:
    """What a worker's kernels make of a payload."""
    x = np.frombuffer(payload, dtype=np.float32).reshape(items, 4)
    y = np.maximum(x @ WEIGHTS, 0).astype(np.float32)
    return b"".join(y[item].tobytes() + x[item].astype(np.int64).tobytes() for item in range(items))


@dataclass
class Result:
    """A result that may be tampered with before it is committed."""

    meaning: Meaning
    given: bytes
    made: bytearray
    items: int

    def data(self) -> Evidenced:
        made = self.meaning.manifest
        return Evidenced(
            Batch.from_payload(made.input_specs, self.items, self.given),
            Batch.from_payload(made.output_specs, self.items, bytes(self.made)),
        )

    def score(self, item: int, element: int) -> float:
        return float(self.scores(item)[element])

    def set_score(self, item: int, element: int, value: float) -> None:
        self.scores(item)[element] = value

    def scores(self, item: int) -> Any:
        return np.frombuffer(self.made, dtype=np.float32, count=4, offset=48 * item)

    def set_integer(self, item: int, element: int, value: int) -> None:
        np.frombuffer(self.made, dtype=np.int64, count=4, offset=48 * item + 16)[element] = value


def result(items: int = 5, seed: int = 1, **changes: Any) -> Result:
    """An honest result."""
    made = meaning(**changes)
    x = np.random.default_rng(seed).normal(size=(items, 1, 4)).astype(np.float32) * 3
    given = encode_batch(made.manifest.input_specs, [{"x": one} for one in x])
    return Result(made, given, bytearray(fast(given, items)), items)
