"""A watcher's cost beside bare onnxruntime, per checked item, where the result agrees.

Counted is all that a watcher does with a result that is in its store: digests and batch roots of input and outputs,
execution in the sandbox, comparison of every output. Fetching over a network isn't.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from atomic_verify.commitments import Batch, encode_batch
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.providers import ExecutionSettings, Provider, open_session
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sandbox import SandboxedSession
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel
from atomic_verify.models.manifest import Manifest
from bench.figures import Figure
from bench.pairs import ratio
from prover.watching.compare import compare
from prover.watching.meanings import derive

MODELS = ("mlp", "cnn", "magika", "convnet")
ITEMS = 64
GOAL = 1.1
SLOW_ENOUGH = 0.001
"""The goal is for models that take this many seconds per item; with smaller ones hashing the data takes longer."""


def measure(root: Path) -> Iterator[Figure]:
    """The ratio for every model, and what the canonical evaluation of a suspect costs beside it."""
    for name in MODELS:
        model = build_model(root / "models" / name, root / "build" / "models")
        yield from _model(model)


def _model(model: InstalledModel) -> Iterator[Figure]:
    manifest, settings = model.manifest, ExecutionSettings()
    arrays = [_item(manifest, seed) for seed in range(ITEMS)]
    payload = encode_batch(manifest.input_specs, arrays)
    names = [spec.name for spec in manifest.output_specs]
    bare = open_session(load_runtime(), model.executable().graph, Provider.CPU, settings)
    accepts = [entry.accept for entry in manifest.outputs]
    with SandboxedSession(model.executable(), SandboxLimits(threads=settings.threads)) as session:
        committed = session.run_payload(ITEMS, payload).payload

        def theirs() -> None:
            for feeds in arrays:
                bare.run(names, feeds)

        def ours() -> None:
            given = Batch.from_payload(manifest.input_specs, ITEMS, payload).root, sha256(payload).hexdigest()
            made = Batch.from_payload(manifest.output_specs, ITEMS, committed).root, sha256(committed).hexdigest()
            own = session.run_payload(ITEMS, payload, given[1]).payload
            found = compare(manifest.output_signature, accepts, ITEMS, committed, own)
            if found.suspects or not all((*given, *made)):
                raise AssertionError("an honest result was suspected")

        found, base = ratio(ours, theirs)
    each = base / ITEMS
    goal = GOAL if each >= SLOW_ENOUGH else None
    yield Figure("watching", f"{model.name}, batch {ITEMS}: checked item / onnxruntime", found, "ratio", goal)
    yield from _evaluation(model, arrays[0], each)


def _evaluation(model: InstalledModel, item: "dict[str, np.ndarray]", each: float) -> Iterator[Figure]:
    """The canonical evaluation of one suspect."""
    meaning = derive(model)

    def evaluated() -> None:
        meaning.evaluate(item).close()

    def nothing() -> None:
        sha256(b"").digest()

    _, seconds = ratio(nothing, evaluated, budget=2.0)
    yield Figure("watching", f"{model.name}: canonical evaluation of a suspect / onnxruntime", seconds / each, "ratio")


def _item(manifest: Manifest, seed: int) -> "dict[str, np.ndarray]":
    """Random inputs inside the ranges that tolerances were measured for."""
    rng = np.random.default_rng(seed)
    found = {}
    for spec in manifest.input_specs:
        dtype = spec.dtype.numpy
        values = rng.random(spec.shape) if dtype.kind == "f" else rng.integers(0, 200, spec.shape)
        found[spec.name] = values.astype(dtype)
    return found
