"""`atomic model check|harden|explain`: one JSON document alone on stdout, and an exit code that can be relied on."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from atomic_verify.cli import app
from atomic_verify.models.build import build_model

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: object, code: int = 0) -> Any:
    shown = CliRunner().invoke(app, ["model", *map(str, arguments)])
    assert shown.exit_code == code, f"{shown.output}\n{shown.exception!r}"
    return shown


def write(file: Path, nodes: list[onnx.NodeProto], name: str = "x:0", shape: tuple[Any, ...] = (1, None)) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(3e38, np.float32), "huge")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    file.write_bytes(model.SerializeToString())
    return file


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_model(ROOT / "models" / "cnn", tmp_path_factory.mktemp("models")).directory / "model.onnx"


def test_a_good_model_is_found_good(cnn: Path) -> None:
    found = json.loads(run("check", cnn, "--shape", "image=1,1,16,16", "--json").stdout)
    assert set(found) >= {"supported", "reason", "steps", "trace_bytes", "drift", "discontinuities", "seconds"}
    assert (found["supported"], found["reason"], found["discontinuities"]) == (True, None, [])
    assert 0 < found["drift"] <= 1e-3
    assert found["steps"] > 10
    assert found["trace_bytes"] > 100_000


def test_an_inputs_name_may_hold_colons(tmp_path: Path) -> None:
    file = write(tmp_path / "m.onnx", [helper.make_node("Relu", ["x:0"], ["y"])])
    assert json.loads(run("check", file, "--shape", "x:0=1,5", "--json").stdout)["supported"] is True


def test_what_is_unsupported_is_told_with_its_reason(tmp_path: Path) -> None:
    file = write(tmp_path / "m.onnx", [helper.make_node("Det", ["x:0"], ["y"])], shape=(2, 2))
    found = json.loads(run("check", file, "--json", code=1).stdout)
    assert (found["supported"], found["drift"]) == (False, None)
    assert "Det" in found["reason"]


def test_an_open_shape_asks_for_one(tmp_path: Path) -> None:
    file = write(tmp_path / "m.onnx", [helper.make_node("Relu", ["x:0"], ["y"])])
    assert "give one: x:0=1" in json.loads(run("check", file, "--json", code=1).stdout)["reason"]


def test_infinities_are_no_good_and_no_json(tmp_path: Path) -> None:
    nodes = [helper.make_node("Exp", ["x:0"], ["e"]), helper.make_node("Mul", ["e", "huge"], ["y"])]
    shown = run("check", write(tmp_path / "m.onnx", nodes, shape=(1, 64)), "--json", code=1)
    found = json.loads(shown.stdout, parse_constant=pytest.fail)
    assert found["drift"] is None
    assert "infinity" in found["reason"]


def test_garbage_is_a_finding_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(b"\xff" * 100)
    assert json.loads(run("check", file, "--json", code=1).stdout)["supported"] is False
    assert "model-unsupported" in run("explain", file, code=1).stderr


@pytest.mark.parametrize("wrong", ["image", "image=", "=1,2", "image=1,x", "image=0"])
def test_a_malformed_shape_is_a_wrong_call(cnn: Path, wrong: str) -> None:
    shape = [] if wrong == "image=" else ["--shape", wrong]
    run("check", cnn, *shape, code=2 if shape else 1)


def test_explaining_lists_every_step_and_draws_every_node(cnn: Path, tmp_path: Path) -> None:
    picture = tmp_path / "cnn.svg"
    shown = run("explain", cnn, "--shape", "image=1,1,16,16", "--picture", picture, "--json")
    steps = json.loads(shown.stdout)["steps"]
    assert [step["number"] for step in steps] == list(range(len(steps)))
    assert any(step["what"] == "dot of 9" and step["node"] == "Conv#0" for step in steps)
    assert steps[-1]["what"].endswith("-> scores")
    texts = [element.text or "" for element in ElementTree.parse(picture).iter() if element.tag.endswith("text")]
    assert texts.count("Conv") == 2
    assert "no step" not in texts[texts.index("Conv") + 2]


def test_hardening_writes_a_graph(cnn: Path, tmp_path: Path) -> None:
    out = tmp_path / "hard.onnx"
    assert json.loads(run("harden", cnn, out, "--json").stdout)["nodes"] == []
    onnx.checker.check_model(onnx.load(out))


def test_calibration_writes_its_report(cnn: Path, tmp_path: Path) -> None:
    report, example = tmp_path / "report.json", ROOT / "models" / "cnn" / "examples" / "3.bin"
    options = ["--shape", "image=1,1,16,16", "--example", example, "--evaluations", 20, "--report", report, "--json"]
    found = json.loads(run("calibrate", cnn, *options).stdout)
    assert found == json.loads(report.read_text())
    assert found["void_only"] is False
    assert 0 < found["outputs"][0]["accept"]["atol"] < found["outputs"][0]["slash"]["atol"]
    assert any("disable_all" in one for one in found["runs"])


def test_calibrating_a_folder_takes_its_manifest_at_its_word() -> None:
    found = json.loads(run("calibrate", ROOT / "models" / "mlp", "--evaluations", 20, "--json").stdout)
    assert found["ranges"] == {"image": [0, 1]}
    assert found["items"] > len(list((ROOT / "models" / "mlp" / "examples").iterdir()))


def test_an_example_of_another_size_is_refused(cnn: Path, tmp_path: Path) -> None:
    example = tmp_path / "x.bin"
    example.write_bytes(b"1234")
    run("calibrate", cnn, "--shape", "image=1,1,16,16", "--example", example, "--evaluations", 1, code=1)
