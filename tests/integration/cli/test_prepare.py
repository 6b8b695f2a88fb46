"""`atomic model prepare` and `publish`: what they write, that they write it again, and what they refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from atomic_verify.cli import app
from atomic_verify.models.build import build_model
from atomic_verify.models.derivation import derive_model
from atomic_verify.models.manifest import Manifest
from tests.support.onnx_graphs import make, node
from tests.support.tiny_models import install, manifest_of, one_operator

ROOT = Path(__file__).resolve().parents[3]
QUICK = ("--evaluations", 12)
WRITTEN = ("program", "calibration", "execution", "void_only", "void_reasons")


def run(*arguments: object, code: int = 0) -> Any:
    shown = CliRunner().invoke(app, ["model", *map(str, arguments)])
    assert shown.exit_code == code, f"{shown.output}\n{shown.exception!r}"
    return shown


def bare(name: str, folder: Path) -> Path:
    """A copy of a model's source folder, as before it was ever prepared."""
    source = Path(shutil.copytree(ROOT / "models" / name, folder / name))
    content = json.loads((source / "manifest.json").read_text())
    for field in WRITTEN:
        content.pop(field, None)
    for output in content["outputs"]:
        del output["accept"], output["slash"]
    (source / "manifest.json").write_text(json.dumps(content))
    return source


def folder_of(folder: Path, graph: bytes) -> Path:
    """A source folder without a script: manifest and file."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(graph)
    (folder / "manifest.json").write_text(json.dumps(manifest_of(graph, folder.name)))
    return folder


@pytest.mark.parametrize("name", ["mlp", "transformer"])
def test_preparing_makes_a_model_disputable_the_same_way_each_time(name: str, tmp_path: Path) -> None:
    source = bare(name, tmp_path)
    assert not Manifest.load(source / "manifest.json").disputable
    report = json.loads(run("prepare", source, *QUICK, "--json").stdout)
    text = (source / "manifest.json").read_text()
    made, kept = Manifest.parse(text), Manifest.load(ROOT / "models" / name / "manifest.json")
    assert made.program == kept.program
    assert made.execution == kept.execution
    assert report["is_sound"] is True
    assert made.outputs[0].accept.atol == report["outputs"][0]["accept"]["atol"] > 0
    assert made.calibration is not None
    assert made.calibration.evaluations == QUICK[1]
    run("prepare", source, *QUICK)
    assert (source / "manifest.json").read_text() == text


def test_a_float_that_decides_is_written_down_with_its_reason(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "floor", one_operator("Floor"))
    assert "void-only: a float decides" in run("prepare", source, *QUICK).stderr
    made = Manifest.load(source / "manifest.json")
    assert made.void_only
    assert "Floor" in made.void_reasons[0]
    assert made.inputs[0].range == (-100.0, 100.0)


def test_a_model_that_cancels_gets_its_execution_graph(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMean", ["x"], ["mean"], axes=[1]),
        node("Mul", ["x", "x"], ["square"]),
        node("ReduceMean", ["square"], ["mean_square"], axes=[1]),
        node("Mul", ["mean", "mean"], ["square_mean"]),
        node("Sub", ["mean_square", "square_mean"], ["difference"]),
        node("Max", ["difference", "zero"], ["variance"]),
        node("Add", ["variance", "epsilon"], ["safe"]),
        node("Sqrt", ["safe"], ["deviation"]),
        node("Sub", ["x", "mean"], ["centred"]),
        node("Div", ["centred", "deviation"], ["y"]),
    ]
    graph = make(nodes, weights={"zero": np.float32(0), "epsilon": np.float32(0.1)}).SerializeToString()
    source = folder_of(tmp_path / "norm", graph)
    run("prepare", source, *QUICK)
    made = Manifest.load(source / "manifest.json")
    assert made.execution is not None
    assert made.calibration is not None
    assert made.calibration.hardened == len(nodes) - 1
    assert made.calibration.outputs[0].drift <= made.calibration.outputs[0].plain_drift
    (source / made.execution.file).unlink()
    build_model(source, tmp_path / "library").require_derived(derive_model)


@pytest.mark.parametrize(
    ("graph", "code"),
    [
        (make([node("Det", ["x"], ["y"])]).SerializeToString(), "onnx-"),
        (make([node("Exp", ["x"], ["e"]), node("Exp", ["e"], ["y"])]).SerializeToString(), "model-unfit"),
        (b"\xff" * 99, "onnx-malformed"),
    ],
)
def test_what_cannot_be_prepared_is_left_as_it_was(tmp_path: Path, graph: bytes, code: str) -> None:
    source = folder_of(tmp_path / "bad", graph)
    before = (source / "manifest.json").read_bytes()
    assert f"error {code}" in run("prepare", source, *QUICK, code=1).stderr
    assert (source / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("lie", "changes", "code"),
    [
        ({"root": "11" * 32}, {}, "program-mismatch"),
        ({"steps": 7, "depth": 2}, {}, "program-mismatch"),
        ({}, {"accept": 1e-9}, "tolerances-too-tight"),
    ],
)
def test_a_manifest_that_lies_is_not_published(tmp_path: Path, lie: Any, changes: dict[str, float], code: str) -> None:
    accept = changes.get("accept", 1e-5)
    tight = {"accept": {"atol": accept, "rtol": 0.0}, "slash": {"atol": 8 * accept, "rtol": 0.0}}
    outputs = [{"name": "y", "dtype": "float", "shape": [1, 4]} | tight]
    install(tmp_path / "tiny", one_operator("Exp"), lie, outputs=outputs)
    assert f"error {code}:" in run("publish", "tiny", "--models", tmp_path, code=1).stderr
