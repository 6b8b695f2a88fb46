"""The shipped models' programs, evaluated on one item."""

from pathlib import Path

import numpy as np
import onnx

from atomic_verify.assess.inputs import make_item
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.program import Array
from atomic_verify.canonical.traces import Trace
from atomic_verify.models.build import build_model

ROOT = Path(__file__).resolve().parents[3]


def evaluated_model(name: str, directory: Path) -> tuple[dict[str, Array], Trace]:
    """An item that suits the model, and its trace; the model is built into `directory`."""
    installed = build_model(ROOT / "models" / name, directory)
    specs = installed.manifest.input_specs
    model = onnx.load_from_string(installed.executable().graph)
    lowered = lower(model, {spec.name: spec.shape for spec in specs})
    inputs = make_item(model, specs, np.random.default_rng(1))
    return inputs, evaluate(lowered.program, inputs)
