"""Calibration of the project's models: drift found and hardened away, tolerances with room, margins wide enough."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from atomic_verify.assess.calibrate import Calibrator, Effort
from atomic_verify.assess.drift import canonical_outputs, drift_of
from atomic_verify.assess.findings import LEAST_MARGIN, Calibration
from atomic_verify.assess.runs import one_run
from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.models.build import build_model

ROOT = Path(__file__).resolve().parents[3]
ADVERSARIAL = ROOT / "tests" / "vectors" / "magika_adversarial.json"


def calibrator(name: str) -> Calibrator:
    model = build_model(ROOT / "models" / name, ROOT / "build" / "models")
    graph = (model.directory / model.manifest.onnx.file).read_bytes()
    return Calibrator(graph, {spec.name: spec.shape for spec in model.manifest.input_specs}, load_runtime())


@pytest.fixture(scope="module")
def magika() -> Calibrator:
    return calibrator("magika")


@pytest.fixture(scope="module")
def adversarial() -> dict[str, Any]:
    """An input that moved a label's probability by 0.80, found by hill-climbing."""
    found = json.loads(ADVERSARIAL.read_text())
    return {found["input"]: np.array(found["values"], np.int32).reshape(found["shape"])}


def test_hardening_undoes_the_worst_known_drift(magika: Calibrator, adversarial: dict[str, Any]) -> None:
    meant = canonical_outputs(PreparedProgram(magika.lowered.program), adversarial)
    runtime = load_runtime()
    model = build_model(ROOT / "models" / "magika", ROOT / "build" / "models")
    plain = one_run(runtime, (model.directory / model.manifest.onnx.file).read_bytes())
    hardened = one_run(runtime, magika.hardened.graph)
    assert drift_of(plain(adversarial), meant).absolute > 0.5
    assert drift_of(hardened(adversarial), meant).absolute <= 1e-5


def test_the_search_finds_the_drift_by_itself(magika: Calibrator) -> None:
    worst = magika.search_plain(Effort(evaluations=300, seed=1))[0]
    meant = canonical_outputs(PreparedProgram(magika.lowered.program), worst.item)
    model = build_model(ROOT / "models" / "magika", ROOT / "build" / "models")
    plain = one_run(load_runtime(), (model.directory / model.manifest.onnx.file).read_bytes())
    assert drift_of(plain(worst.item), meant).absolute >= 0.01


def test_magika_is_sound_and_disputable_with_its_worst_input(magika: Calibrator, adversarial: dict[str, Any]) -> None:
    found = magika.calibrate(Effort(evaluations=16, seed=1), [adversarial])
    _is_usable(found)
    assert found.outputs[0].plain_drift > 0.5
    assert len(found.hardened) > 10


@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer"])
def test_small_models_are_sound_and_disputable(name: str) -> None:
    _is_usable(calibrator(name).calibrate(Effort(evaluations=100)))


def _is_usable(found: Calibration) -> None:
    assert found.reasons == ()
    assert found.margin is not None
    assert found.margin >= LEAST_MARGIN
    (output,) = found.outputs
    assert output.tolerances is not None
    assert output.tolerances.accept_atol >= 4 * output.gain
    assert output.tolerances.accept_atol + output.tolerances.accept_rtol >= 4 * output.drift
    assert output.tolerances.slash_atol == pytest.approx(8 * output.tolerances.accept_atol)
    assert json.loads(json.dumps(found.to_json()))["is_sound"] is True


def test_a_float_that_decides_makes_a_model_void_only() -> None:
    graph = helper.make_graph(
        [helper.make_node("Floor", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found = Calibrator(onnx.ModelProto.SerializeToString(model), {}, load_runtime()).calibrate(Effort(evaluations=10))
    assert found.void_only
    assert "a float decides" in found.reasons[0]
