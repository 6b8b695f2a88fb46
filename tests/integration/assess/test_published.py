"""Every model in models/: its manifest tells the truth, its margin is wide, its tolerances leave room.

The whole calibration takes minutes; here a few items are measured anew and held against what the manifest recorded.
"""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from atomic_verify.assess.findings import LEAST_MARGIN, Measured
from atomic_verify.assess.inputs import make_item
from atomic_verify.assess.prepare import declared_ranges, examples_of
from atomic_verify.assess.runs import distance, one_run
from atomic_verify.assess.sensitivity import worst_movement
from atomic_verify.assess.tolerances import ROUNDING
from atomic_verify.assess.trial import require_livable
from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.lowering import lower
from atomic_verify.commitments import DType
from atomic_verify.execution.derivation import derive_walled
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models import InstalledModel
from atomic_verify.models.build import build_model
from atomic_verify.models.hardening import harden
from atomic_verify.models.manifest import DERIVATION_NAME, TRIAL_NAME
from atomic_verify.models.pinned import read_pinned

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted(path.parent.name for path in (ROOT / "models").glob("*/manifest.json"))
LARGE = {"convnet"}
"""Whose traces take too long to attack in a test; their manifest's word is taken for it."""


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> InstalledModel:
    """An installed copy of which nothing was derived or tried before."""
    built = build_model(ROOT / "models" / request.param, ROOT / "build" / "models")
    copy = shutil.copytree(built.directory, tmp_path / built.name)
    for name in (DERIVATION_NAME, TRIAL_NAME):
        (copy / name).unlink(missing_ok=True)
    return InstalledModel.open(copy)


def test_it_is_what_its_file_means_and_can_be_lived_with(model: InstalledModel) -> None:
    assert model.manifest.disputable
    assert not model.manifest.void_only
    model.require_derived(derive_walled)
    require_livable(model, Session(model.executable(), Provider.CPU, ExecutionSettings(), load_runtime()))
    assert model.is_derived


def test_what_was_recorded_is_sound_and_its_tolerances_follow(model: InstalledModel) -> None:
    manifest = model.manifest
    assert manifest.calibration is not None
    assert all(entry.range is not None for entry in manifest.inputs)
    for found, entry in zip(manifest.calibration.outputs, manifest.outputs, strict=True):
        rounding = ROUNDING[DType[entry.dtype.upper()]]
        assert found.margin is not None
        assert found.margin >= LEAST_MARGIN
        assert entry.accept.rtol >= 4 * rounding
        assert entry.accept.atol >= 4 * max(found.gain, 2 * found.expected)
        assert entry.accept.atol + entry.accept.rtol >= 4 * found.drift
        assert entry.accept.atol < entry.slash.atol <= 8 * entry.accept.atol
        assert entry.accept.rtol < entry.slash.rtol <= 8 * entry.accept.rtol


@pytest.mark.parametrize("model", [name for name in NAMES if name not in LARGE], indirect=True)
def test_the_margin_is_wide_on_items_measured_now(model: InstalledModel) -> None:
    manifest = model.manifest
    graph = read_pinned(model.directory, manifest.onnx)
    program = PreparedProgram(lower(graph, {spec.name: spec.shape for spec in manifest.input_specs}).program)
    parsed, plain = onnx.load_model_from_string(graph), one_run(load_runtime(), graph)
    rng, measured = np.random.default_rng(3), [Measured() for _ in manifest.outputs]
    drawn = make_item(parsed, manifest.input_specs, rng, declared_ranges(manifest))
    for item in [*examples_of(ROOT / "models" / model.name, model)[-2:], drawn]:
        with program.evaluate(item) as trace:
            for number, (name, meant) in enumerate(trace.outputs().items()):
                moved = worst_movement(trace, number, harden(parsed).nodes, most=1)
                drift = distance({"": plain(item)[name]}, {"": meant})
                measured[number].attack(moved.gain, moved.expected, drift, float(np.max(np.abs(meant))))
    for one, entry in zip(measured, manifest.outputs, strict=True):
        assert one.margin is not None
        assert one.margin >= LEAST_MARGIN
        assert one.gain <= entry.accept.atol / 4
