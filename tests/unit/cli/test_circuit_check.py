"""`atomic circuit check MODEL` checks the circuit that the model pins, and no other that lies beside it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atomic_verify.cli import app
from atomic_verify.models.circuit import CIRCUIT_NAME
from tests.support.proven_models import install_proven

RIGHT = Path(__file__).resolve().parents[3] / "circuits" / "penguins"


@pytest.mark.parametrize("by", ["name", "folder"])
def test_a_right_circuit_beside_the_model_is_not_checked_in_place_of_its_own(by: str, tmp_path: Path) -> None:
    model = install_proven(tmp_path / "tiny-whole", "whole")
    for path in RIGHT.iterdir():
        shutil.copyfile(path, model.directory / path.name)
    assert (model.directory / CIRCUIT_NAME).read_bytes() == (RIGHT / CIRCUIT_NAME).read_bytes()
    what = model.name if by == "name" else str(model.directory)
    shown = CliRunner().invoke(app, ["circuit", "check", what], env={"ATOMIC_MODELS_DIR": str(tmp_path)})
    assert shown.exit_code == 1
    assert "circuit-mismatch" in shown.output
    assert "another circuit" in shown.output
