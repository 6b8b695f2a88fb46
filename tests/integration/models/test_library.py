"""Building, installing and opening models, and every way in which an installed one can be wrong."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.models.build import build_model
from atomic_verify.models.check import check_model
from atomic_verify.models.errors import (
    AnswerInvalid,
    CodecUnknown,
    ManifestInvalid,
    ModelBuildFailed,
    ModelDigestMismatch,
    ModelFileMissing,
    ModelUnknown,
)

MODELS = Path(__file__).resolve().parents[3] / "models"


@pytest.fixture
def installed(mlp: InstalledModel, tmp_path: Path) -> Path:
    """A library folder of the test's own with the MLP in it."""
    shutil.copytree(mlp.directory, tmp_path / "mlp")
    return tmp_path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the MLP's source folder."""
    return Path(shutil.copytree(MODELS / "mlp", tmp_path / "source"))


def change(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", ["magika", "mlp", "convnet", "cnn", "transformer"])
def test_the_projects_models_build_pass_the_check_and_open(name: str, tmp_path: Path) -> None:
    model = build_model(MODELS / name, tmp_path)
    found = model.executable()
    assert check_model(found.graph, found.inputs, found.outputs).unknown_shapes == 0
    assert ModelLibrary(tmp_path).get(name).model_id == model.model_id
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_models_are_found_by_name_and_by_id(installed: Path) -> None:
    library = ModelLibrary(installed)
    model = library.get("mlp")
    assert library.get("0x" + model.model_id.hex()) is library.by_id(model.model_id) is model
    assert [found.name for found in library] == ["mlp"]
    for unknown in ("nope", "", "0x", "0x" + "00" * 32, "0x" + "zz" * 32, "../mlp"):
        with pytest.raises(ModelUnknown):
            library.get(unknown)
    with pytest.raises(ModelUnknown):
        library.by_id(bytes(32))


def test_a_folder_that_is_not_there_is_an_empty_library(tmp_path: Path) -> None:
    assert len(ModelLibrary(tmp_path / "nowhere")) == 0


def test_a_build_in_progress_is_no_model(installed: Path) -> None:
    shutil.copytree(installed / "mlp", installed / ".mlp-scratch")
    assert len(ModelLibrary(installed)) == 1


def test_a_changed_longer_or_missing_graph_is_refused_when_it_is_read(installed: Path) -> None:
    path = installed / "mlp" / "model.onnx"
    whole = path.read_bytes()
    model = ModelLibrary(installed).get("mlp")
    for content in (whole[:-1] + b"\0", whole + b"\0", whole[:-1], b""):
        path.write_bytes(content)
        with pytest.raises(ModelDigestMismatch):
            model.executable()
    path.unlink()
    with pytest.raises(ModelFileMissing):
        model.executable()


def test_a_changed_table_is_refused_when_the_model_is_opened(magika: InstalledModel, tmp_path: Path) -> None:
    shutil.copytree(magika.directory, tmp_path / "magika")
    table = tmp_path / "magika" / "config.min.json"
    table.write_text(table.read_text().replace("0.9", "0.1"))
    with pytest.raises(ModelDigestMismatch):
        ModelLibrary(tmp_path)


def test_broken_manifests_are_refused(installed: Path) -> None:
    path = installed / "mlp" / "manifest.json"
    whole = path.read_text()
    change(path, codec={"name": "os.system"})
    with pytest.raises(CodecUnknown):
        ModelLibrary(installed)
    for broken in ("", "{", whole.replace('"mlp"', '"other"', 1), whole.replace("sha256", "md5")):
        path.write_text(broken)
        with pytest.raises(ManifestInvalid):
            ModelLibrary(installed)


def test_an_answer_that_breaks_the_schema_is_never_returned(installed: Path) -> None:
    path = installed / "mlp" / "manifest.json"
    schema = json.loads(path.read_text())["answer_schema"]
    schema["properties"]["score"]["maximum"] = 0.05
    change(path, answer_schema=schema)
    model = ModelLibrary(installed).get("mlp")
    with pytest.raises(AnswerInvalid):
        model.answer({}, {"scores": np.full((1, 10), 0.1, np.float32)})


def test_example_items_are_taken(mlp: InstalledModel, magika: InstalledModel) -> None:
    for digit in range(10):
        item = (MODELS / "mlp" / "examples" / f"{digit}.bin").read_bytes()
        assert mlp.encode(io.BytesIO(item))["image"].shape == (1, 64)
    for path in (MODELS / "magika" / "examples").iterdir():
        with path.open("rb") as stream:
            assert magika.encode(stream)["bytes"].shape == (1, 2048)


def test_building_again_does_nothing(source: Path, tmp_path: Path) -> None:
    build_model(source, tmp_path / "models")
    (source / "build.py").write_text("raise SystemExit('ran again')")
    assert build_model(source, tmp_path / "models").name == "mlp"


def test_a_damaged_model_is_built_again(source: Path, tmp_path: Path) -> None:
    model = build_model(source, tmp_path / "models")
    (model.directory / "model.onnx").write_bytes(b"damaged")
    build_model(source, tmp_path / "models").executable()


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("raise SystemExit(3)", ModelBuildFailed),
        ("import sys; sys.exit('no network')", ModelBuildFailed),
        ("pass", ModelFileMissing),
        ("import sys, pathlib; (pathlib.Path(sys.argv[1]) / 'model.onnx').write_bytes(b'other')", ModelDigestMismatch),
        ("import time; time.sleep(60)", ModelBuildFailed),
    ],
)
def test_a_build_that_fails_installs_nothing(source: Path, tmp_path: Path, script: str, error: type) -> None:
    (source / "build.py").write_text(script)
    with pytest.raises(error):
        build_model(source, tmp_path / "models", timeout=1 if "sleep" in script else 60)
    assert len(ModelLibrary(tmp_path / "models")) == 0
