"""Canonical programs beside bare onnxruntime in float32: evaluation, traces, memory, and how long calibration takes."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from atomic_verify.assess.calibrate import Calibrator, Effort
from atomic_verify.assess.inputs import make_item
from atomic_verify.assess.prepare import declared_ranges
from atomic_verify.assess.runs import one_run
from atomic_verify.canonical.audit import audit
from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.lowering import lower
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.models.build import build_model
from bench.figures import Figure
from bench.pairs import ratio

MODELS = ("cnn", "transformer", "magika")
WITH_GOAL = ("cnn", "transformer")
GOAL = 10.0
CALIBRATION = Effort(evaluations=200)


def measure(root: Path) -> Iterator[Figure]:
    """Figures of each model; calibration of the small ones only."""
    for name in MODELS:
        model = build_model(root / "models" / name, root / "build" / "models")
        graph = (model.directory / model.manifest.onnx.file).read_bytes()
        shapes = {spec.name: spec.shape for spec in model.manifest.input_specs}
        yield from _evaluation(name, graph, shapes)
        if name in WITH_GOAL:
            ranges = declared_ranges(model.manifest)
            found = Calibrator(graph, shapes, load_runtime(), ranges=ranges).calibrate(CALIBRATION)
            yield Figure("canonical", f"{name}: calibration, {CALIBRATION.evaluations} scores", found.seconds, "s")
            yield Figure("canonical", f"{name}: soundness margin", found.margin or 0.0, "ratio", 1e4, "more")


def _evaluation(name: str, graph: bytes, shapes: dict[str, tuple[int, ...]]) -> Iterator[Figure]:
    lowered = lower(graph, shapes)
    program = PreparedProgram(lowered.program)
    item = make_item(onnx.load_model_from_string(graph), lowered.program.inputs, np.random.default_rng(3))
    run = one_run(load_runtime(), graph)

    def meaning() -> None:
        program.evaluate(item, Keep.OUTPUTS).close()

    def trace() -> None:
        program.evaluate(item).close()

    def execution() -> None:
        run(item)

    goal = GOAL if name in WITH_GOAL else None
    found, base = ratio(meaning, execution)
    yield Figure("canonical", f"{name}: evaluation / onnxruntime", found, "ratio", goal)
    kept, _ = ratio(trace, execution)
    yield Figure("canonical", f"{name}: trace", lowered.trace_bytes / (kept * base) / 1e6, "MB/s", None, "more")
    yield Figure("canonical", f"{name}: trace of an item", lowered.trace_bytes / 1e6, "MB")
    with program.evaluate(item) as claimed:
        audited, _ = ratio(lambda: audit(lowered.program, claimed), execution, budget=4.0)
    yield Figure("canonical", f"{name}: audit", lowered.trace_bytes / (audited * base) / 1e6, "MB/s", None, "more")
    tracemalloc.start()
    try:
        # A fresh program: one that ran before has its buffers already.
        PreparedProgram(lowered.program).evaluate(item).close()
        yield Figure("canonical", f"{name}: peak memory of a trace", tracemalloc.get_traced_memory()[1] / 1e6, "MB")
    finally:
        tracemalloc.stop()
