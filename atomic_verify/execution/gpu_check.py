"""`make check-gpu`: how fast the GPU runs the models against the CPU, and how far its results drift from the CPU's.

    python -m atomic_verify.execution.gpu_check [--models FOLDER] [--sources FOLDER] [--items N] [--json FILE]

Says so and ends well where there is no GPU. Drift is the largest |GPU - CPU| over all outputs of all items. Of a
disputable model it is told as a share of what `accept` allows too, and the check fails if it isn't below the whole.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from atomic_verify.commitments import Batch, DType, TensorSpec, encode_batch
from atomic_verify.commitments.tensors import Array
from atomic_verify.errors import AtomicError
from atomic_verify.execution.errors import ExecutionError
from atomic_verify.execution.providers import ExecutionSettings, Provider, activate
from atomic_verify.execution.runtime import Runtime, load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models import InstalledModel
from atomic_verify.models.build import build_model
from atomic_verify.models.parts import OutputEntry

SEED, REPEATS, DEFAULT_ITEMS = 1, 3, 64
MODELS = ("magika", "mlp", "cnn", "transformer", "convnet")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One model on both providers; times are in seconds per item, the best of three runs."""

    model: str
    items: int
    cpu_seconds: float
    cuda_seconds: float
    ratio: float
    """CPU time over GPU time: above 1 the GPU is faster."""
    drift: float
    share: float | None
    """The largest part of an element's `accept` that its drift takes; None for a model that can't be disputed."""
    stack: int


def sample_items(specs: Sequence[TensorSpec], count: int) -> bytes:
    """Payload of `count` items of pseudo-random tensors: bytes where the model takes integers, 0..1 where floats."""
    random = np.random.default_rng(SEED)

    def tensor(spec: TensorSpec) -> Array:
        if spec.dtype in {DType.FLOAT, DType.FLOAT16, DType.DOUBLE}:
            return random.random(spec.shape).astype(spec.dtype.numpy)
        # Below the vocabulary of every model here, whose gather would refuse more.
        most = 2 if spec.dtype is DType.BOOL else 32
        return random.integers(0, most, spec.shape).astype(spec.dtype.numpy)

    return encode_batch(specs, [{spec.name: tensor(spec) for spec in specs} for _ in range(count)])


def drift(first: Batch, second: Batch) -> float:
    """The largest absolute difference of two output batches; infinite where only one of two values is finite."""
    worst = 0.0
    for item in range(first.item_count):
        mine, theirs = first.item(item), second.item(item)
        for name, values in mine.items():
            one, other = values.astype(np.float64), theirs[name].astype(np.float64)
            same = (one == other) | (np.isnan(one) & np.isnan(other))
            apart = np.abs(np.where(same, 0.0, one) - np.where(same, 0.0, other))
            worst = max(worst, float(np.nan_to_num(apart, nan=np.inf, posinf=np.inf).max(initial=0.0)))
    return worst


def share_of_accept(first: Batch, second: Batch, outputs: Sequence[OutputEntry]) -> float:
    """The largest |difference| / (atol + rtol * |first|) of any element; exact outputs, which allow nothing, have to be
    equal or make it infinite."""
    worst = 0.0
    for item in range(first.item_count):
        mine, theirs = first.item(item), second.item(item)
        for output in outputs:
            one, other = mine[output.name].astype(np.float64), theirs[output.name].astype(np.float64)
            apart, allowed = np.abs(one - other), output.accept.atol + output.accept.rtol * np.abs(one)
            with np.errstate(divide="ignore", invalid="ignore"):
                parts = np.where(apart == 0, 0.0, apart / allowed)
            worst = max(worst, float(np.nan_to_num(parts, nan=np.inf).max(initial=0.0)))
    return worst


def compare(
    model: InstalledModel,
    items: int,
    runtime: Runtime,
    settings: ExecutionSettings,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Run the same items on the CPU and on the GPU. Raises what `Session` raises."""
    payload = sample_items(model.manifest.input_specs, items)
    declared = model.manifest.outputs if model.manifest.disputable else ()
    times, outputs, stack = {}, {}, 1
    for provider in (Provider.CPU, Provider.CUDA):
        session = Session(model.executable(), provider, settings, runtime)
        best = float("inf")
        for _ in range(REPEATS):
            started = clock()
            done = session.run_payload(items, payload)
            best = min(best, clock() - started)
        times[provider], outputs[provider], stack = best / items, done.commit(), done.record.stack
    return Comparison(
        model=model.name,
        items=items,
        cpu_seconds=times[Provider.CPU],
        cuda_seconds=times[Provider.CUDA],
        ratio=times[Provider.CPU] / times[Provider.CUDA],
        drift=drift(outputs[Provider.CPU], outputs[Provider.CUDA]),
        share=share_of_accept(outputs[Provider.CPU], outputs[Provider.CUDA], declared) if declared else None,
        stack=stack,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="gpu_check", description="Compare the GPU with the CPU.")
    parser.add_argument("--models", type=Path, default=Path("build/models"), help="where models are installed")
    parser.add_argument("--sources", type=Path, default=Path("models"), help="where they are built from, if need be")
    parser.add_argument("--items", type=int, default=DEFAULT_ITEMS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    settings = ExecutionSettings()
    try:
        runtime = load_runtime()
        activate(runtime, Provider.CUDA, settings)
    except ExecutionError as error:
        print(f"No GPU to check: {error.message}.")
        _write(options.json, {"gpu": False, "reason": error.code, "models": []})
        return 0
    try:
        models = [build_model(options.sources / name, options.models) for name in MODELS]
        found = [compare(model, options.items, runtime, settings) for model in models]
    except AtomicError as error:
        print(f"The check failed: {error.message} [{error.code}]", file=sys.stderr)
        return 1
    _print(found)
    _write(options.json, {"gpu": True, "models": [asdict(row) for row in found]})
    beyond = [row.model for row in found if row.share is not None and not row.share < 1.0]
    if beyond:
        print(f"The GPU drifts beyond what is accepted of {', '.join(beyond)}.", file=sys.stderr)
    return 1 if beyond else 0


def _print(found: Sequence[Comparison]) -> None:
    print(f"{'model':11} {'items':>6} {'CPU ms':>12} {'GPU ms':>12} {'ratio':>7} {'drift':>10} {'of accept':>10}")
    for row in found:
        timing = f"{row.cpu_seconds * 1e3:12.3f} {row.cuda_seconds * 1e3:12.3f} {row.ratio:7.1f}"
        share = "undisputed" if row.share is None else f"{row.share:.1%}"
        print(f"{row.model:11} {row.items:6} {timing} {row.drift:10.2e} {share:>10}")


def _write(path: Path | None, content: dict[str, object]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
