"""A tiny circuit, built with EZKL for real: a network of 4 -> 16 -> 3 with drawn weights, and the penguins' SRS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.models.circuit import CircuitManifest, read_circuit
from atomic_verify.protocol.quanta import Floats, field_of, quantise
from circuits.build import build
from circuits.material import NETWORK, Material
from circuits.prover import Circuit, CircuitProof
from circuits.runner import ProverLimits, is_available
from circuits.srs import CeremonyFile

ROOT = Path(__file__).resolve().parents[3]
SRS = ROOT / "circuits" / "penguins" / "srs"
RECIPE = {
    "name": "tiny",
    "source": "none",
    "scale": 10,
    "limit": 8192,
    "columns": 1,
    "decomposition_base": 1024,
    "decomposition_legs": 3,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder asks EZKL."""
    if not is_available():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="EZKL isn't installed: it is an extra"))


def network(seed: int) -> bytes:
    """Gemm, Relu, Gemm with weights drawn from `seed`."""
    random = np.random.default_rng(seed)
    shapes = {"w1": (4, 16), "b1": (16,), "w2": (16, 3), "b2": (3,)}
    weights = [numpy_helper.from_array(random.normal(0, 0.5, size).astype(np.float32), n) for n, size in shapes.items()]
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["a"]),
        helper.make_node("Gemm", ["a", "w2", "b2"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in (("x", 4), ("y", 3))]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx.ModelProto.SerializeToString(model))


def rows(count: int, seed: int = 1) -> Floats:
    """Inputs, float32[count, 4]."""
    return np.random.default_rng(seed).uniform(-8, 8, (count, 4)).astype(np.float32)


def built(folder: Path, seed: int) -> CircuitManifest:
    """A circuit in a folder, its network beside the artefacts as in an installed model."""
    folder.mkdir(parents=True)
    (folder / "recipe.json").write_text(json.dumps(RECIPE))
    digest = read_circuit(SRS.parent)[0].srs.pin.sha256
    # What the SRS is doesn't matter here; it comes the way a ceremony's does.
    made = build(folder, Material(network(seed), rows(20)), ceremony=CeremonyFile(SRS, digest))
    (folder / NETWORK).write_bytes(network(seed))
    return made.manifest


@dataclass(frozen=True, slots=True)
class Tiny:
    """The circuit, its folder, an item, its proof and its instances."""

    folder: Path
    circuit: Circuit
    item: Floats
    proof: CircuitProof
    instances: tuple[int, ...]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("circuits") / "tiny"
    built(folder, seed=0)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Tiny:
    circuit = Circuit.of(tiny_folder)
    item = rows(1, seed=5)
    proof = circuit.prove(item)
    inputs = circuit.manifest.inputs
    taken = [field_of(int(one)) for one in quantise(item.reshape(-1), inputs.scale, inputs.limit)]
    return Tiny(tiny_folder, circuit, item, proof, (*taken, *(field_of(one) for one in proof.outputs)))


@pytest.fixture
def opened(tiny_folder: Path, tmp_path: Path) -> Callable[..., Circuit]:
    """Opens the tiny circuit with a key folder of the test's own."""

    def open_with(progress: Callable[[str], None] = print) -> Circuit:
        return Circuit.of(tiny_folder, ProverLimits(), progress, tmp_path / "keys")

    return open_with
