"""Proving and verifying with EZKL for real, and what becomes of proofs that were tampered with."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

from atomic_verify.cli import app
from atomic_verify.models.build import build_model
from atomic_verify.models.circuit import CircuitMismatch
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.quanta import FIELD, field_of
from circuits.errors import CircuitOutOfMemory, CircuitRange, CircuitStopped, CircuitTimeout, ProofInvalid
from circuits.prover import Circuit
from circuits.runner import ProverLimits
from tests.integration.circuits.conftest import ROOT, Tiny, network, rows


def test_a_proof_holds_for_the_circuits_own_scores(tiny: Tiny) -> None:
    manifest = tiny.circuit.manifest
    assert len(tiny.proof.proof) == manifest.cost.proof_bytes
    assert len(tiny.proof.outputs) == manifest.outputs.count == 3
    assert 0 < tiny.proof.seconds < 60
    assert 10**7 < tiny.proof.peak_bytes < 10**9
    tiny.circuit.verify(tiny.proof.proof, tiny.instances)


def test_scores_are_those_of_integer_arithmetic(tiny: Tiny) -> None:
    # Twin of the circuit: weights and biases in quanta of one scale, each layer's result rounded half away from zero.
    scale = 2**tiny.circuit.manifest.inputs.scale
    graph = onnx.load_model_from_string(network(0)).graph
    weights = {one.name: numpy_helper.to_array(one).astype(np.float64) for one in graph.initializer}

    def rounded(x: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.copysign(np.floor(np.abs(x) + 0.5), x)
        return found

    x = rounded(tiny.item.astype(np.float64) * scale)
    w1, w2 = (rounded(weights[name] * scale) for name in ("w1", "w2"))
    b1, b2 = (rounded(weights[name] * scale) * scale for name in ("b1", "b2"))
    hidden = np.maximum(rounded((x @ w1 + b1) / scale), 0)
    assert rounded((hidden @ w2 + b2) / scale).astype(int).reshape(-1).tolist() == list(tiny.proof.outputs)


@pytest.mark.parametrize("values", [[np.inf, -np.inf, np.nan, 0], [1e30, -1e30, 8.0, -8.0]])
def test_any_float_can_be_proven(values: list[float], tiny: Tiny) -> None:
    proof = tiny.circuit.prove(np.array(values, np.float32))
    limit = tiny.circuit.manifest.inputs.limit
    wanted = {0: [limit, -limit, 0, 0], 1: [limit, -limit, 8192, -8192]}[0 if np.isnan(values).any() else 1]
    instances = [field_of(one) for one in (*wanted, *proof.outputs)]
    tiny.circuit.verify(proof.proof, instances)


def flipped(proof: bytes, at: int) -> bytes:
    return proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda proof: flipped(proof, 0),
        lambda proof: flipped(proof, len(proof) // 2),
        lambda proof: flipped(proof, len(proof) - 1),
        lambda proof: proof[:-1],
        lambda proof: proof[:-32],
        lambda proof: proof + b"\0",
        lambda proof: proof * 2,
        lambda proof: bytes(len(proof)),
        lambda proof: b"\xff" * len(proof),
        lambda proof: b"",
    ],
    ids=["first byte", "middle byte", "last byte", "cut", "cut a word", "extended", "twice", "zeros", "ones", "empty"],
)
def test_a_changed_proof_is_refused(tamper: Callable[[bytes], bytes], tiny: Tiny) -> None:
    with pytest.raises(ProofInvalid):
        tiny.circuit.verify(tamper(tiny.proof.proof), tiny.instances)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda given: (given[0] + 1, *given[1:]),
        lambda given: (*given[:-1], (given[-1] + 1) % FIELD),
        lambda given: given[:-1],
        lambda given: given[1:],
        lambda given: (*given, 0),
        lambda given: (),
        lambda given: (given[0] + FIELD, *given[1:]),
        lambda given: (-1, *given[1:]),
        lambda given: (given[1], given[0], *given[2:]),
    ],
    ids=["input", "output", "last missing", "first missing", "extra", "none", "plus r", "negative", "swapped"],
)
def test_other_instances_are_refused(tamper: Callable[[tuple[int, ...]], tuple[int, ...]], tiny: Tiny) -> None:
    with pytest.raises(ProofInvalid):
        tiny.circuit.verify(tiny.proof.proof, tamper(tiny.instances))


@pytest.mark.parametrize("features", [np.zeros(3, np.float32), np.zeros(5, np.float32), np.zeros(4, np.float64)])
def test_another_tensor_is_refused(features: np.ndarray, tiny: Tiny) -> None:
    with pytest.raises(CircuitRange):
        tiny.circuit.prove(features)


def test_a_value_beyond_the_circuits_range_is_refused_not_proven(tiny: Tiny) -> None:
    inputs = tiny.circuit.manifest.inputs.model_copy(update={"limit": 2**40})
    wider = Circuit(tiny.circuit.manifest.model_copy(update={"inputs": inputs}), tiny.circuit._keys, ProverLimits())
    with pytest.raises(CircuitRange):
        wider.prove(np.full(4, 2.0**28, np.float32))


def test_a_child_that_needs_more_memory_than_it_may_have_is_ended(tiny: Tiny) -> None:
    small = Circuit(tiny.circuit.manifest, tiny.circuit._keys, ProverLimits(memory=20 * 10**6))
    with pytest.raises(CircuitOutOfMemory):
        small.prove(tiny.item)


def test_a_proof_that_takes_too_long_is_ended(tiny: Tiny) -> None:
    hasty = Circuit(tiny.circuit.manifest, tiny.circuit._keys, ProverLimits(prove_seconds=0.05))
    with pytest.raises(CircuitTimeout):
        hasty.prove(tiny.item)


def test_a_proof_can_be_called_off(tiny: Tiny) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(CircuitStopped):
        tiny.circuit.prove(tiny.item, stop=stop)


def test_proofs_of_other_items_differ_and_do_not_stand_for_each_other(tiny: Tiny) -> None:
    other = tiny.circuit.prove(rows(1, seed=6))
    assert other.outputs != tiny.proof.outputs
    with pytest.raises(ProofInvalid):
        tiny.circuit.verify(other.proof, tiny.instances)


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> InstalledModel:
    return build_model(ROOT / "models" / "penguins", tmp_path_factory.mktemp("models"))


def test_an_installed_model_proves_its_own_decisions(penguins: InstalledModel) -> None:
    item = (ROOT / "models" / "penguins" / "examples" / "0-adelie.json").open("rb")
    circuit = Circuit.open(penguins)
    with item:
        outputs = circuit.prove(penguins.encode(item)["measurements"]).outputs
    assert outputs.index(max(outputs)) == 0
    assert (penguins.directory / ".circuit" / "keys.json").exists()


def test_the_command_line_proves_and_verifies(penguins: InstalledModel, tmp_path: Path) -> None:
    values, proof = tmp_path / "values.json", tmp_path / "proof.json"
    values.write_text("[3.9, 1.9, 1.8, 3.7]")
    model = str(penguins.directory)
    shown = CliRunner().invoke(app, ["circuit", "prove", model, str(values), "--out", str(proof), "--json"])
    assert (shown.exit_code, json.loads(shown.stdout)["decision"]) == (0, 0)
    assert CliRunner().invoke(app, ["circuit", "verify", model, str(proof)]).exit_code == 0
    kept = json.loads(proof.read_text())
    proof.write_text(json.dumps(kept | {"instances": kept["instances"][::-1]}))
    refused = CliRunner().invoke(app, ["circuit", "verify", model, str(proof)])
    assert (refused.exit_code, "error proof-invalid" in refused.stderr) == (1, True)


def test_a_model_without_a_critical_step_or_with_another_circuit_is_refused(penguins: InstalledModel) -> None:
    critical = penguins.manifest.critical
    assert critical is not None
    for other in (None, critical.model_copy(update={"limit": 5})):
        manifest = penguins.manifest.model_copy(update={"critical": other})
        with pytest.raises(CircuitMismatch):
            Circuit.open(dataclasses.replace(penguins, manifest=manifest))
