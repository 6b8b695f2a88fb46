"""The packaged contracts are those of the sources, and a difference doesn't go unseen."""

import json
from pathlib import Path

import pytest

from scripts import abi


def test_the_packaged_contracts_are_current() -> None:
    assert abi.main(check=True) == 0


def test_a_difference_is_seen_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abi, "PACKAGED", tmp_path / "abi")
    assert abi.main(check=True) == 1
    assert abi.main(check=False) == 0
    assert abi.main(check=True) == 0
    changed = tmp_path / "abi" / "Market.json"
    changed.write_text(changed.read_text().replace("awardQuote", "awardquote"))
    assert abi.main(check=True) == 1


@pytest.mark.parametrize("name", abi.CONTRACTS)
def test_the_bytecode_is_whole_and_fits_the_chain(name: str) -> None:
    packaged = json.loads((abi.PACKAGED / f"{name}.json").read_text())
    code = packaged["bytecode"]
    assert code.startswith("0x")
    assert "__$" not in code, "a library is not linked"
    assert len(bytes.fromhex(code[2:])) <= 2 * 24_576, "over the limit of creation code"
    assert packaged["abi"]
