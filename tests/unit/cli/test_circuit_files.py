"""`atomic circuit prove|verify|check` refuse what they can't read, with a code and a hint, before EZKL is asked."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from atomic_verify.cli import app
from tests.support.proven_models import install_proven

ADDRESS = "0x" + "11" * 20


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(install_proven(tmp_path / "tiny-whole", "whole").directory)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["circuit", *words])


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "{}", '"1"', '["1", "2"]', "[null, 1]", "[true, false]", "[[1, 2], [3]]", "[" * 100_000, "[1, 2"],
)
def test_values_that_are_no_numbers_are_refused(text: str, model: str, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text(text)
    shown = run("prove", model, str(tmp_path / "values.json"))
    assert shown.exit_code == 1
    assert "error circuit-range" in shown.output
    assert "A JSON list of numbers" in shown.output


def test_arrays_that_are_no_numbers_are_refused(model: str, tmp_path: Path) -> None:
    path = tmp_path / "values.npy"
    for content in (np.array(["a"]), np.array([1j]), np.array([True])):
        np.save(path, content)
        assert "error circuit-range" in run("prove", model, str(path)).output
    huge = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000,), }\n"
    for raw in (b"", b"\x93NUMPY", b"PK\x03\x04", b"\x93NUMPY\x01\x00" + len(huge).to_bytes(2, "little") + huge):
        path.write_bytes(raw)
        assert "error circuit-range" in run("prove", model, str(path)).output


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"proof": 5, "instances": []}', '{"proof": "zz", "instances": []}', "[" * 100_000]
)
def test_what_is_no_proof_is_refused(text: str, model: str, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text(text)
    shown = run("verify", model, str(tmp_path / "proof.json"))
    assert shown.exit_code == 1
    assert "error proof-invalid" in shown.output
    assert "--out" in shown.output


def test_a_place_for_the_proof_is_looked_for_before_it_is_made(model: str, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text(json.dumps([1, 2]))
    for out in (tmp_path / "nowhere" / "proof.json", tmp_path):
        assert run("prove", model, str(tmp_path / "values.json"), "--out", str(out)).exit_code == 2


def test_a_verifier_is_not_looked_for_without_a_chain(model: str) -> None:
    assert run("check", model, "--verifier", ADDRESS).exit_code == 2
