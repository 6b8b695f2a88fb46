"""The constants of disputes against their declarations in the contracts' source."""

import re
from pathlib import Path

import pytest

from atomic_verify.protocol import disputes

SOURCE = Path(__file__).resolve().parents[3] / "contracts" / "src"
TEXT = "\n".join((SOURCE / f"{name}.sol").read_text() for name in ("Docket", "Claims", "Lines", "Examiner"))
DECLARED = {name: int(value.replace("_", "")) for name, value in re.findall(r"(\w+) = ([0-9_]+);", TEXT)}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("REFUTATION_GAS", "REFUTATION_GAS"),
        ("ANSWER_GAS", "ANSWER_GAS"),
        ("ROUND_GAS", "ROUND_GAS"),
        ("LAPSE_GAS", "LAPSE_GAS"),
        ("BOND_FACTOR", "BOND_REFUTATIONS"),
        ("MAX_LEAVES", "MAX_LEAVES"),
        ("MAX_RUNS", "MAX_RUNS"),
    ],
)
def test_a_constant_is_the_contract_s(mine: str, theirs: str) -> None:
    assert getattr(disputes, mine) == DECLARED[theirs]
