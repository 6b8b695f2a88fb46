"""Laws, records and evaluator against the vectors that are committed, and in `make soak` against many more."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripts.vectors import laws
from tests.vectors.law_checks import Vectors, check_maps, check_records, check_steps

ROOT = Path(__file__).resolve().parents[2]
SOAK = ROOT / "build" / "vectors" / "laws.json"
CHECKS = (check_maps, check_records, check_steps)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    found: Vectors = json.loads(laws.FILE.read_text())
    return found


def test_the_file_is_what_the_script_writes() -> None:
    assert laws.FILE.read_text() == laws.render()


def test_maps(vectors: Vectors) -> None:
    assert check_maps(vectors) >= 2000


def test_records(vectors: Vectors) -> None:
    assert check_records(vectors) >= 1000


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_steps(vectors: Vectors) -> None:
    assert check_steps(vectors) >= 300


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_law_evaluator_and_contract_agree_on_many_more(seed: int) -> None:
    """Forty times as many cases, over 10,000 of them steps; the contract's by forge, out of another file."""
    text = laws.render(seed)
    for check in CHECKS:
        check(json.loads(text))
    SOAK.parent.mkdir(parents=True, exist_ok=True)
    SOAK.write_text(text)
    command = ["node_modules/.bin/forge", "test", "--match-path", "contracts/test/Referee/Laws.t.sol"]
    environment = os.environ | {"LAWS": str(SOAK.relative_to(ROOT)), "NODE_PATH": str(ROOT / "node_modules")}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert "4 passed" in ran.stdout
