"""What `atomic delays` prints, and that docs/security.md says the same."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atomic_verify.cli import app

ROOT = Path(__file__).resolve().parents[3]
MODELS = ("--models", str(ROOT / "models"))


def run(*arguments: str) -> str:
    """Standard output of `atomic delays` for the models of this repository."""
    done = CliRunner().invoke(app, ["delays", *MODELS, *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_docs_hold_the_very_tables() -> None:
    docs = (ROOT / "docs" / "security.md").read_text()
    tables = run("--markdown").strip().split("\n\n")
    assert len(tables) == 3
    for table in tables:
        assert f"\n\n{table}\n\n" in docs, "write the output of: atomic delays --models models --markdown"


def test_every_disputable_model_of_the_repository_is_in_them() -> None:
    manifests = [json.loads(path.read_text()) for path in (ROOT / "models").glob("*/manifest.json")]
    told = json.loads(run("--json"))
    assert {one["name"] for one in told["models"]} == {one["name"] for one in manifests if one.get("program")}


def test_the_longest_is_the_sum_of_its_parts_and_beyond_what_nobody_disputes() -> None:
    told = json.loads(run("--json"))
    assert told["longest_seconds"] == sum(part["seconds"] for part in told["parts"])
    assert told["undisputed_seconds"] == told["challenge_window"] + told["claim_reveal_time"]
    extra = told["longest_seconds"] - told["undisputed_seconds"]
    for model in told["models"]:
        assert all(0 <= delay["seconds"] <= extra for delay in model["delays"])
        assert all(int(delay["price"]) > 0 for delay in model["delays"])


def test_a_longer_window_moves_finality_by_as_much() -> None:
    short, long = (json.loads(run("--json", "--window", str(seconds))) for seconds in (200_000, 300_000))
    assert long["longest_seconds"] - short["longest_seconds"] == 100_000


def test_a_deeper_model_costs_a_false_claim_more() -> None:
    models = {one["depth"]: int(one["bond"]) for one in json.loads(run("--json"))["models"]}
    assert [models[depth] for depth in sorted(models)] == sorted(models.values())


def test_one_model_by_name_and_the_preset_for_development(tmp_path: Path) -> None:
    told = json.loads(run("--json", "--preset", "development", "--model", "cnn"))
    assert [one["name"] for one in told["models"]] == ["cnn"]
    assert told["longest_seconds"] < 600
    empty = CliRunner().invoke(app, ["delays", "--models", str(tmp_path)])
    assert empty.exit_code == 0
    assert "No model is installed" in empty.stdout


@pytest.mark.parametrize("arguments", [("--model", "nothing"), ("--window", "0"), ("--preset", "mainnet")])
def test_wrong_calls_end_with_an_error(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["delays", *MODELS, *arguments]).exit_code in (1, 2)
