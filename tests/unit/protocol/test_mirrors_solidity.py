"""Every record and enum against its declaration in the contracts' source, name by name and in order."""

import re
from enum import IntEnum
from pathlib import Path

import pytest

from atomic_verify.protocol import types
from atomic_verify.protocol.structs import AbiStruct, layout

SOURCE = Path(__file__).resolve().parents[3] / "contracts" / "src"
JUDGES = {"Step.sol", "IReferee.sol", "IExaminer.sol"}
"""What the referee reads: mirrored by `canonical.program` and `canonical.evidence`, and held to it on a real chain; and
what the examiner says to the disputes contract alone."""
FOLDERS = (SOURCE / "types", SOURCE / "interfaces")
FILES = [file for folder in FOLDERS for file in sorted(folder.glob("*.sol")) if file.name not in JUDGES]
TEXT = re.sub(r"//.*", "", "\n".join(file.read_text() for file in FILES))
STORAGE_ONLY = {"JobRecord"}
"""Never crosses the contracts' border."""
STRUCTS: dict[str, str] = dict(re.findall(r"struct (\w+) \{(.*?)\}", TEXT, re.DOTALL))
for name in STORAGE_ONLY:
    del STRUCTS[name]
ENUMS: dict[str, str] = dict(re.findall(r"enum (\w+) \{(.*?)\}", TEXT, re.DOTALL))

RENAMED = {"Verdict": "VerdictRecord", "TensorSpec": "TensorSig"}
OPENING = re.search(r"struct Opening \{(.*?)\}", (SOURCE / "interfaces" / "IReferee.sol").read_text(), re.DOTALL)
RECORDS: dict[str, type[AbiStruct]] = {name: getattr(types, RENAMED.get(name, name)) for name in STRUCTS}


def solidity_type(kind: str) -> str:
    """The ABI type of a Solidity field type."""
    if kind.endswith("[]"):
        return solidity_type(kind[:-2]) + "[]"
    if kind in STRUCTS:
        return "(" + ",".join(solidity_type(inner) for inner, _ in fields_of(kind)) + ")"
    if kind == "Opening":
        return types.Opening.abi_type()
    return {"JobId": "bytes32"}.get(kind, "uint8" if kind in ENUMS else kind)


def fields_of(struct: str) -> list[tuple[str, str]]:
    return re.findall(r"([\w\[\]]+)\s+(\w+);", STRUCTS[struct])


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_a_record_has_the_struct_s_fields(name: str) -> None:
    declared = [(field, solidity_type(kind)) for kind, field in fields_of(name)]
    assert [(field, codec.abi_type) for _, field, codec in layout(RECORDS[name])] == declared


def test_an_opening_is_the_referee_s() -> None:
    assert OPENING is not None
    declared = re.findall(r"([\w\[\]]+) (\w+);", OPENING[1])
    assert [(codec.abi_type, field) for _, field, codec in layout(types.Opening)] == declared


@pytest.mark.parametrize("name", sorted(set(ENUMS)))
def test_an_enum_has_the_same_members(name: str) -> None:
    mirrored: type[IntEnum] = getattr(types, name)
    declared = [member.strip() for member in ENUMS[name].split(",") if member.strip()]
    assert [member.name for member in mirrored] == [member.upper() for member in declared]
    assert [member.value for member in mirrored] == list(range(len(declared)))


def test_the_source_was_found() -> None:
    assert {"Rfp", "Job", "Bid", "ModelSpec", "MarketParams", "Result"} <= STRUCTS.keys()
    assert {"Kind", "JobState", "BidStatus", "Outcome"} <= ENUMS.keys()
