"""Distances and claims' seals against the committed vectors, which forge reads too."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode

from atomic_verify.commitments.tensors import DType
from atomic_verify.protocol.distance import outcome_of
from atomic_verify.protocol.ids import claim_seal
from atomic_verify.protocol.types import Address, ClaimTerms, OutputTolerance, Tolerance, parse_word, to_hex

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/distances.json").read_text())


def rows(section: str) -> list[dict[str, str]]:
    """The section's columns as rows; all columns are of one length."""
    columns = VECTORS[section]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_the_file_is_what_the_script_writes() -> None:
    render = runpy.run_path(str(ROOT / "scripts/vectors/disputes.py"))["render"]
    assert (ROOT / "tests/vectors/distances.json").read_text() == render()


@pytest.mark.parametrize("dtype", DType)
def test_outcomes(dtype: DType) -> None:
    cases = [row for row in rows("distances") if int(row["dtype"]) == dtype]
    assert {row["outcome"] for row in cases} == {"0", "2", "3"}
    for row in cases:
        accept = Tolerance(int(row["acceptAtol"]), int(row["acceptRtol"]))
        tolerance = OutputTolerance(accept, Tolerance(int(row["slashAtol"]), int(row["slashRtol"])))
        committed = bytes.fromhex(row["committed"][2:])
        found = outcome_of(
            dtype, committed, int(row["canonical"]), tolerance, void_only=row["voidOnly"] == "true"
        )  # fmt: skip
        assert str(int(found)) == row["outcome"], row


def test_seals() -> None:
    for row in rows("seals"):
        (values,) = decode([ClaimTerms.abi_type()], bytes.fromhex(row["terms"][2:]))
        terms, salt = ClaimTerms.from_abi(values), parse_word(row["salt"])
        disputes, claimer = Address(row["disputes"]), Address(row["claimer"])
        assert to_hex(claim_seal(int(row["chainId"]), disputes, claimer, terms, salt)) == row["seal"]
