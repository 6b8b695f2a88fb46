"""The honest path beside bare onnxruntime: sandboxed execution, output payload, digest and batch root, per item."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from atomic_verify.commitments import encode_batch
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.providers import ExecutionSettings, Provider, open_session
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sandbox import SandboxedSession
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel
from bench.figures import Figure
from bench.pairs import ratio

MODELS = ("mlp", "magika", "convnet")
SLOW_ENOUGH = 0.010
"""The goal is for models that take this many seconds per item."""


def measure(root: Path) -> Iterator[Figure]:
    """Ratios for every model at batch 1 and 64."""
    for name in MODELS:
        model = build_model(root / "models" / name, root / "build" / "models")
        for items in (1, 64):
            yield from _model(model, items)


def _model(model: InstalledModel, items: int) -> Iterator[Figure]:
    settings = ExecutionSettings()
    manifest = model.manifest
    rng = np.random.default_rng(3)
    arrays = [{spec.name: _random(rng, spec.dtype.numpy, spec.shape) for spec in manifest.input_specs}] * items
    payload = encode_batch(manifest.input_specs, arrays)
    digest = sha256(payload).hexdigest()
    names = [spec.name for spec in manifest.output_specs]
    bare = open_session(load_runtime(), model.executable().graph, Provider.CPU, settings)

    def theirs() -> None:
        for feeds in arrays:
            bare.run(names, feeds)

    with SandboxedSession(model.executable(), SandboxLimits(threads=settings.threads)) as session:

        def ours() -> None:
            execution = session.run_payload(items, payload, digest)
            _ = execution.commit().root

        found, base = ratio(ours, theirs)
    each = base / items
    goal = 1.01 if each >= SLOW_ENOUGH else None
    yield Figure("execution", f"{model.name}, batch {items}: honest job / onnxruntime", found, "ratio", goal)
    yield Figure("execution", f"{model.name}, batch {items}: onnxruntime per item", each * 1000, "ms")


def _random(rng: np.random.Generator, dtype: "np.dtype[np.generic]", shape: tuple[int, ...]) -> "np.ndarray":
    if dtype.kind == "f":
        return rng.random(shape).astype(dtype)
    return rng.integers(0, 200, shape).astype(dtype)
