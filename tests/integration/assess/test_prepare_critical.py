"""Preparing a model with a circuit: its critical step is written down, and nothing is if there is none."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from atomic_verify.assess.calibrate import Effort
from atomic_verify.assess.prepare import Means, prepare
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.models.build import build_model
from atomic_verify.models.critical.cutting import critical_part, model_bytes
from atomic_verify.models.derivation import derive_model
from atomic_verify.models.errors import CircuitNotOfModel, MarginUnderstated, ModelDigestMismatch
from atomic_verify.models.manifest import Manifest
from tests.support.circuit_files import LIMIT, SCALE, write_circuit
from tests.support.onnx_graphs import make, node
from tests.support.tiny_models import pin

ROOT = Path(__file__).resolve().parents[3]
QUICK = Effort(evaluations=12)
SCRIPT = """
import shutil, sys
from pathlib import Path
here = Path(__file__).parent
for path in (here / "files").iterdir():
    shutil.copy(path, sys.argv[1])
"""
WEIGHT = (np.arange(20, dtype=np.float32).reshape(4, 5) - 9.3) / 7


def prepared(folder: Path) -> Manifest:
    return prepare(folder, Means(load_runtime(), derive_model), QUICK).manifest


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """A source folder: features = tanh(x), scores = features W, and a circuit of the latter."""
    outputs = [("f", TensorProto.FLOAT, (1, 4)), ("y", TensorProto.FLOAT, (1, 5))]
    model = make(
        [node("Tanh", ["x"], ["f"]), node("MatMul", ["f", "w"], ["y"])], outputs=outputs, weights={"w": WEIGHT}
    )
    source = tmp_path / "head"
    files = source / "files"
    files.mkdir(parents=True)
    (source / "build.py").write_text(SCRIPT)
    content = model.SerializeToString(deterministic=True)
    (files / "model.onnx").write_bytes(content)
    manifest: dict[str, Any] = {
        "schema_version": 1,
        "name": "head",
        "version": "1.0.0",
        "title": "A tiny head",
        "licence": "MIT",
        "source": {"kind": "script", "location": "here"},
        "onnx": pin("model.onnx", content),
        "inputs": [{"name": "x", "dtype": "float", "shape": [1, 4], "low": -2.0, "high": 2.0}],
        "outputs": [{"name": name, "dtype": "float", "shape": list(shape)} for name, _, shape in outputs],
        "codec": {"name": "tensors", "options": {"scores": "y"}},
        "answer_schema": {"type": "object"},
    }
    (source / "manifest.json").write_text(json.dumps(manifest))
    parsed = Manifest.parse(json.dumps(manifest))
    network = model_bytes(critical_part(model, parsed.input_signature, parsed.output_signature))
    write_circuit(files, network, 4, 5)
    return source


def test_a_head_gets_its_critical_step_and_room_for_its_scores(head: Path, tmp_path: Path) -> None:
    made = prepared(head)
    entry = made.critical
    assert entry is not None
    assert (entry.kind, entry.name, entry.development) == ("head", "tiny", True)
    assert (entry.input_scale, entry.output_scale, entry.limit) == (SCALE, SCALE, LIMIT)
    features, scores = made.outputs
    # Half a quantum read and half a weight's quantum, each over four terms, and one quantum of rescaling.
    quantum = 2.0**-SCALE
    rough = float(np.abs(WEIGHT).sum(0).max()) * quantum / 2 + 4 * quantum / 2 + quantum
    assert rough / 2 < entry.certain_margin * quantum / 2 <= rough * 1.1
    assert 4 * entry.certain_margin * quantum / 2 <= scores.accept.atol <= 5 * rough
    assert features.accept.atol < 1e-4 < scores.accept.atol < scores.slash.atol
    build_model(head, tmp_path / "library").require_derived(derive_model)
    text = (head / "manifest.json").read_text()
    prepared(head)
    assert (head / "manifest.json").read_text() == text


def test_a_model_whose_circuit_is_gone_loses_its_critical_step(head: Path) -> None:
    prepared(head)
    (head / "files" / "circuit.json").unlink()
    made = prepared(head)
    assert made.critical is None
    assert made.outputs[1].accept.atol < 1e-4


def test_a_circuit_of_something_else_is_refused(head: Path) -> None:
    other = make([node("MatMul", ["x", "w"], ["y"])], weights={"w": WEIGHT}).SerializeToString()
    write_circuit(head / "files", other, 4, 5)
    with pytest.raises(CircuitNotOfModel):
        prepared(head)


def test_a_circuit_of_other_counts_is_refused(head: Path) -> None:
    network = (head / "files" / "network.onnx").read_bytes()
    write_circuit(head / "files", network, 4, 4)
    with pytest.raises(CircuitNotOfModel):
        prepared(head)


def test_a_circuit_that_cuts_the_features_is_refused(head: Path) -> None:
    network = (head / "files" / "network.onnx").read_bytes()
    write_circuit(head / "files", network, 4, 5, limit=2**SCALE)
    with pytest.raises(MarginUnderstated, match="cuts"):
        prepared(head)


def test_a_file_that_the_circuit_does_not_pin_is_refused(head: Path) -> None:
    (head / "files" / "srs").write_bytes(b"another")
    with pytest.raises(ModelDigestMismatch):
        prepared(head)


def test_penguins_are_prepared_from_the_circuit_in_the_repository(tmp_path: Path) -> None:
    source = Path(shutil.copytree(ROOT / "models" / "penguins", tmp_path / "models" / "penguins"))
    kept = Manifest.load(source / "manifest.json")
    assert prepared(source).critical is None
    shutil.copytree(ROOT / "circuits" / "penguins", tmp_path / "circuits" / "penguins")
    made = prepared(source)
    assert made.critical == kept.critical
    assert (made.program, made.onnx) == (kept.program, kept.onnx)
