"""The stories of fraud, a shorter set on small models: each liar is caught, each honest one paid, the books balance."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 540.0


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `make demo-fraud` writes."""
    out = tmp_path_factory.mktemp("fraud")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATOMIC_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.fraud", "--short", "--out", str(out)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    report: dict[str, Any] = json.loads((out / "fraud.json").read_text())
    return report


def story(told: dict[str, Any], letter: str) -> dict[str, Any]:
    return next(one for one in told["stories"] if one["id"].startswith(letter))


def test_each_story_ends_as_it_must(told: dict[str, Any]) -> None:
    assert {one["id"][0]: one["outcome"] for one in told["stories"]} == {
        "c": "claim upheld, slashed",
        "e": "claim upheld, 1 void, final",
        "f": "claim refuted, final",
        "g": "result unanswered, slashed",
        "h": "claim refuted, final",
    }
    assert all(one["outcome"] == one["expected"] for one in told["stories"])


def test_the_books_balance_to_the_last_unit(told: dict[str, Any]) -> None:
    assert told["balanced"] is True
    assert told["problems"] == []
    for one in told["stories"]:
        assert sum(int(amount) for amount in one["payments"].values()) == 0, one["id"]
        assert one["gas"] == sum(tx["gas"] for tx in one["transactions"]) > 300_000


@pytest.mark.parametrize("letter", "cef")
def test_a_claim_takes_three_transactions_when_nothing_is_withheld(told: dict[str, Any], letter: str) -> None:
    found = story(told, letter)
    ends = {"Disputes.refute", "Disputes.uphold"}
    about = [tx["name"] for tx in found["transactions"] if tx["name"].startswith("Disputes.")]
    assert len(about) == 3
    assert about[:2] == ["Disputes.seal", "Disputes.reveal"]
    assert about[2] in ends
    assert [claim["transactions"] for claim in found["claims"]] == [3]


def test_cheats_pay_and_watching_pays(told: dict[str, Any]) -> None:
    for letter in "cg":
        payments = {name: int(amount) for name, amount in story(told, letter)["payments"].items()}
        liar = next(name for name in payments if name.startswith("liar"))
        assert set(payments) == {liar, "watcher", "burned"}
        assert payments["watcher"] == -payments[liar] // 5
    void = {name: int(amount) for name, amount in story(told, "e")["payments"].items()}
    price = 2 * 10**18
    assert 0 < void["watcher"] < price // 20
    assert void["liar-e-mlp"] > price * 9 // 10, "nineteen of twenty items were paid"


def test_who_was_claimed_against_falsely_is_paid_in_full_and_more(told: dict[str, Any]) -> None:
    for letter in "fh":
        found = story(told, letter)
        payments = {name: int(amount) for name, amount in found["payments"].items()}
        price = 4 * 10**18
        assert payments["honest"] > price * 99 // 100
        assert payments["watcher"] > 0
        claimer = next(name for name in payments if name.startswith("claimer"))
        assert payments[claimer] < -(10**18)
        assert not any(tx["by"] == "honest" for tx in found["transactions"] if tx["name"] == "Disputes.refute")


def test_a_withheld_trace_is_walked_down_round_by_round(told: dict[str, Any]) -> None:
    found = story(told, "h")
    names = [tx["name"] for tx in found["transactions"]]
    assert found["rounds"] == names.count("Disputes.demandTrace") == names.count("Disputes.answer") >= 5
    assert found["delay"] > 0
