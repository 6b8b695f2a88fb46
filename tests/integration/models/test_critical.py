"""The models with critical steps: the circuits' bounds against real items, and every lie about a circuit refused."""

import io
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from atomic_verify.assess.prepare import examples_of
from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.lowering import lower
from atomic_verify.commitments import encode_item
from atomic_verify.errors import AtomicError
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models import InstalledModel
from atomic_verify.models.build import build_model
from atomic_verify.models.circuit import CircuitManifest, CircuitMismatch
from atomic_verify.models.critical.bounds import Scales
from atomic_verify.models.critical.check import bounds_of, read_network
from atomic_verify.models.critical.installed import FileOfCircuit
from atomic_verify.models.critical.network import Floats, Layer
from atomic_verify.models.derivation import derive_model, kept_derivation
from atomic_verify.models.errors import (
    CircuitNotOfModel,
    MarginUnderstated,
    ModelDigestMismatch,
    ModelFileMissing,
    NetworkUnsupported,
)
from atomic_verify.models.manifest import MANIFEST_NAME
from atomic_verify.models.pinned import read_pinned
from atomic_verify.protocol.quanta import quantise
from tests.support.circuit_twin import circuit_scores
from tests.support.onnx_graphs import make, node
from tests.support.tiny_models import pin

ROOT = Path(__file__).resolve().parents[3]
NOTHING = {"atol": 0, "rtol": 0}
FILES = 40
SUFFIXES = (
    "py",
    "md",
    "sol",
    "json",
    "toml",
    "html",
    "sql",
    "js",
    "java",
    "c",
    "csv",
    "yaml",
    "sh",
    "css",
    "svg",
    "rs",
)


@pytest.fixture(scope="session")
def hybrid() -> InstalledModel:
    return build_model(ROOT / "models" / "magika-hybrid", ROOT / "build" / "models")


@pytest.fixture(scope="session")
def penguins() -> InstalledModel:
    return build_model(ROOT / "models" / "penguins", ROOT / "build" / "models")


@pytest.fixture(params=["magika-hybrid", "penguins"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> InstalledModel:
    """A copy of a model with a critical step, which a test may spoil."""
    built = build_model(ROOT / "models" / request.param, ROOT / "build" / "models")
    built.require_derived(derive_model)
    return InstalledModel.open(Path(shutil.copytree(built.directory, tmp_path / built.name)))


def circuit_of(model: InstalledModel) -> tuple[tuple[Layer, ...], Scales]:
    critical, derivation = model.critical, kept_derivation(model.manifest, model.directory)
    assert critical is not None
    assert derivation is not None
    return read_network(critical.read("network"), critical.read("settings"), derivation.part)


def error_of(model: InstalledModel) -> float:
    """The bound of a score's error."""
    derivation, critical = kept_derivation(model.manifest, model.directory), model.manifest.critical
    assert derivation is not None
    assert critical is not None
    return bounds_of(model.manifest, critical.limit, *circuit_of(model), derivation.part).error


def accuracy_of(model: InstalledModel) -> float:
    """How far EZKL's circuit was off when it was built, on real items."""
    assert model.critical is not None
    return CircuitManifest.parse(model.critical.read("circuit")).accuracy.max_difference


def session_of(model: InstalledModel) -> Session:
    return Session(model.executable(), Provider.CPU, ExecutionSettings(), load_runtime())


def varied_files() -> list[Path]:
    """Files of this repository, of as many kinds as it has."""
    found = sorted(
        path for folder in ("models", "docs", "contracts", "atomic_verify") for path in (ROOT / folder).rglob("*")
    )
    kinds = [[path for path in found if path.suffix == f".{suffix}"] for suffix in SUFFIXES]
    return [path for number in range(6) for kind in kinds for path in kind[number * 17 : number * 17 + 1]][:FILES]


def test_what_is_read_between_the_two_is_magikas_label(hybrid: InstalledModel, magika: InstalledModel) -> None:
    sessions, files = [(one, session_of(one)) for one in (hybrid, magika)], varied_files()
    assert len(files) >= 30
    answers = []
    for path in files:
        both = []
        for one, session in sessions:
            with path.open("rb") as raw:
                inputs = one.encode(raw)
            outputs = session.run_payload(1, encode_item(one.manifest.input_specs, inputs)).commit().item(0)
            both.append(one.answer(inputs, outputs))
        assert both[0].pop("score") == pytest.approx(both[1].pop("score"), abs=1e-5)
        assert both[0] == both[1], path
        answers.append(both[0]["label"])
    assert len(set(answers)) >= 8


def test_the_network_gives_the_scores_of_the_models_own_features(hybrid: InstalledModel) -> None:
    assert hybrid.critical is not None
    network = onnxruntime.InferenceSession(hybrid.critical.read("network"), providers=["CPUExecutionProvider"])
    session = session_of(hybrid)
    for item in examples_of(ROOT / "models" / "magika-hybrid", hybrid)[:4]:
        outputs = session.run_payload(1, encode_item(hybrid.manifest.input_specs, item)).commit().item(0)
        (scores,) = network.run(["scores"], {"features": outputs["features"]})
        assert np.abs(scores - outputs["scores"]).max() < 1e-4


def canonical(model: InstalledModel, items: list[Mapping[str, Any]]) -> list[dict[str, Floats]]:
    graph = read_pinned(model.directory, model.manifest.onnx)
    program = PreparedProgram(lower(graph, {spec.name: spec.shape for spec in model.manifest.input_specs}).program)
    found = []
    for item in items:
        with program.evaluate(item, Keep.OUTPUTS) as trace:
            found.append({name: np.array(values) for name, values in trace.outputs().items()})
    return found


def test_a_heads_scores_stay_inside_the_bound_and_its_features_inside_theirs(hybrid: InstalledModel) -> None:
    hybrid.require_derived(derive_model)
    found, critical = kept_derivation(hybrid.manifest, hybrid.directory), hybrid.manifest.critical
    assert found is not None
    assert critical is not None
    assert found.part is not None
    largest, norm = found.part.largest, found.part.norm
    assert largest is not None
    assert norm is not None
    (layers, scales), error = circuit_of(hybrid), error_of(hybrid)
    items = examples_of(ROOT / "models" / "magika-hybrid", hybrid)
    accept, random = hybrid.manifest.outputs[0].accept, np.random.default_rng(5)
    furthest = 0.0
    for meant in canonical(hybrid, items):
        features, scores = meant["features"].reshape(-1), meant["scores"].reshape(-1)
        assert np.abs(features).max() <= largest
        assert np.linalg.norm(features) <= norm
        # As far from the canonical features as an accepted result may lie, in a direction chosen for one score.
        worst = np.sign(layers[0].weight[:, random.integers(scores.size)])
        for towards in (0.0, 1.0, -1.0):
            given = (features + towards * worst * (accept.atol + accept.rtol * np.abs(features))).astype(np.float32)
            quanta = quantise(given, critical.input_scale, critical.limit)
            made, scale = circuit_scores(layers, quanta.tolist(), scales)
            away = np.abs(np.array(made) * 2.0**-scale - scores)
            furthest = max(furthest, float(away.max()))
    assert furthest <= error
    assert accuracy_of(hybrid) <= error
    assert hybrid.manifest.outputs[1].accept.atol >= 4 * error
    assert critical.certain_margin == math.floor(2 * error * 2**critical.output_scale)


def test_a_whole_models_scores_stay_inside_the_bound(penguins: InstalledModel) -> None:
    penguins.require_derived(derive_model)
    (layers, scales), error = circuit_of(penguins), error_of(penguins)
    critical, random = penguins.manifest.critical, np.random.default_rng(6)
    assert critical is not None
    rows = [item["measurements"] for item in examples_of(ROOT / "models" / "penguins", penguins)]
    rows += [random.uniform(0, 10, (1, 4)).astype(np.float32) for _ in range(200)]
    furthest = 0.0
    for row, meant in zip(rows, canonical(penguins, [{"measurements": row} for row in rows]), strict=True):
        made, scale = circuit_scores(layers, quantise(row, scales.read, critical.limit).reshape(-1).tolist(), scales)
        furthest = max(furthest, float(np.abs(np.array(made) * 2.0**-scale - meant["scores"].reshape(-1)).max()))
    assert error / 20 < furthest <= error
    assert accuracy_of(penguins) <= error


def test_examples_of_penguins_get_their_species(penguins: InstalledModel) -> None:
    session = session_of(penguins)
    for path in sorted((ROOT / "models" / "penguins" / "examples").iterdir()):
        inputs = penguins.encode(io.BytesIO(path.read_bytes()))
        outputs = session.run_payload(1, encode_item(penguins.manifest.input_specs, inputs)).commit().item(0)
        assert penguins.answer(inputs, outputs)["class_label"].lower() in path.name


def spoil(model: InstalledModel, change: Any) -> InstalledModel:
    """The model with a manifest that `change` was let at."""
    path = model.directory / MANIFEST_NAME
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return InstalledModel.open(model.directory)


def replace_file(
    model: InstalledModel, which: FileOfCircuit, content: bytes, *, in_circuit: bool = True
) -> InstalledModel:
    """Another file in place of a circuit's, with true digests everywhere."""
    critical = model.critical
    assert critical is not None
    made = pin(critical.pin(which).file, content)
    critical.path(which).write_bytes(content)
    if in_circuit:
        circuit = json.loads(critical.read("circuit"))
        circuit[which] = made
        model = replace_file(model, "circuit", json.dumps(circuit).encode(), in_circuit=False)

    def change(text: dict[str, Any]) -> None:
        text["critical"]["files"][which] = made
        if which == "circuit":
            text["critical"]["circuit"] = made["sha256"]

    return spoil(model, change)


def refused(model: InstalledModel, error: type[AtomicError]) -> AtomicError:
    with pytest.raises(error) as found:
        model.require_derived(derive_model)
    assert not model.is_derived
    return found.value


def test_the_truth_is_taken(model: InstalledModel) -> None:
    model.require_derived(derive_model)
    assert model.is_derived


def test_a_smaller_margin_is_refused_and_a_larger_one_is_not(model: InstalledModel) -> None:
    def shift(by: int) -> Any:
        return lambda text: text["critical"].update(certain_margin=text["critical"]["certain_margin"] + by)

    spoil(model, shift(1)).require_derived(derive_model)
    assert refused(spoil(model, shift(-2)), MarginUnderstated).details["least"] > 0


def test_scores_that_are_accepted_too_narrowly_are_refused(hybrid: InstalledModel, tmp_path: Path) -> None:
    copy = InstalledModel.open(Path(shutil.copytree(hybrid.directory, tmp_path / hybrid.name)))

    def narrow(text: dict[str, Any]) -> None:
        text["outputs"][1]["accept"]["atol"] /= 2
        text["outputs"][1]["slash"]["atol"] /= 2

    refused(spoil(copy, narrow), MarginUnderstated)


def test_features_that_are_accepted_more_widely_need_more_margin(hybrid: InstalledModel, tmp_path: Path) -> None:
    copy = InstalledModel.open(Path(shutil.copytree(hybrid.directory, tmp_path / hybrid.name)))

    def widen(text: dict[str, Any]) -> None:
        for kind in ("accept", "slash"):
            text["outputs"][0][kind]["atol"] *= 1.5

    refused(spoil(copy, widen), MarginUnderstated)


def test_a_limit_that_cuts_what_may_be_read_is_refused(model: InstalledModel) -> None:
    critical = model.critical
    assert critical is not None
    circuit = json.loads(critical.read("circuit"))
    circuit["inputs"]["limit"] = 9 * 2 ** circuit["inputs"]["scale"]
    spoilt = replace_file(model, "circuit", json.dumps(circuit).encode(), in_circuit=False)
    spoilt = spoil(spoilt, lambda text: text["critical"].update(limit=circuit["inputs"]["limit"]))
    refused(spoilt, MarginUnderstated)


def test_a_network_that_is_not_the_models_is_refused(model: InstalledModel) -> None:
    critical = model.critical
    assert critical is not None
    network = onnx.load_model_from_string(critical.read("network"))
    weight = next(one for one in network.graph.initializer if len(one.dims) == 2)
    values = np.array(onnx.numpy_helper.to_array(weight))
    values[0, 0] += 1
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    refused(replace_file(model, "network", network.SerializeToString()), CircuitNotOfModel)


@pytest.mark.parametrize("name", ["input_scale", "param_scale", "scale_rebase_multiplier"])
def test_settings_of_other_scales_are_refused(model: InstalledModel, name: str) -> None:
    critical = model.critical
    assert critical is not None
    settings = json.loads(critical.read("settings"))
    settings["run_args"][name] += 1
    refused(replace_file(model, "settings", json.dumps(settings).encode()), CircuitNotOfModel)


def test_coarser_weights_need_more_margin(hybrid: InstalledModel, tmp_path: Path) -> None:
    model = InstalledModel.open(Path(shutil.copytree(hybrid.directory, tmp_path / hybrid.name)))
    critical = model.critical
    assert critical is not None
    settings = json.loads(critical.read("settings"))
    settings["run_args"]["param_scale"] -= 1
    refused(replace_file(model, "settings", json.dumps(settings).encode()), MarginUnderstated)


def test_a_file_that_is_not_the_circuits_is_refused(model: InstalledModel) -> None:
    refused(replace_file(model, "srs", b"another", in_circuit=False), CircuitNotOfModel)


@pytest.mark.parametrize("field", ["verification_key", "verifier_code"])
def test_an_entry_about_another_circuit_is_refused(model: InstalledModel, field: str) -> None:
    refused(spoil(model, lambda text: text["critical"].update({field: "11" * 32})), CircuitMismatch)


def test_a_changed_or_missing_file_is_noticed(model: InstalledModel) -> None:
    critical = model.critical
    assert critical is not None
    critical.path("settings").write_bytes(b"{}")
    refused(model, ModelDigestMismatch)
    critical.path("circuit").unlink()
    refused(model, ModelFileMissing)


def test_a_model_that_is_not_made_of_layers_has_no_bound(penguins: InstalledModel, tmp_path: Path) -> None:
    """Penguins' circuit beside another model of the same signature: a softmax, and no program to judge it by."""
    copy = Path(shutil.copytree(penguins.directory, tmp_path / penguins.name))
    inputs, outputs = [("measurements", TensorProto.FLOAT, (1, 4))], [("scores", TensorProto.FLOAT, (1, 3))]
    nodes = [node("Softmax", ["measurements"], ["all"]), node("Slice", ["all", "first", "last"], ["scores"])]
    weights = {"first": np.array([0, 0]), "last": np.array([1, 3])}
    odd = make(nodes, inputs, outputs, weights).SerializeToString()
    (copy / "model.onnx").write_bytes(odd)

    def change(text: dict[str, Any]) -> None:
        text["onnx"] = pin("model.onnx", odd)
        text["program"] = None
        text["outputs"][0] |= {"accept": NOTHING, "slash": NOTHING}

    refused(spoil(InstalledModel.open(copy), change), NetworkUnsupported)
