"""Every error that the contracts can raise has a code, a hint and a row in the docs, and is found in a node's words."""

import re
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from atomic_verify.chain.artifacts import CONTRACTS, load
from atomic_verify.chain.errors import ArtifactMissing, RpcRefused
from atomic_verify.chain.interface import interface
from atomic_verify.chain.revert_hints import HINTS
from atomic_verify.chain.reverts import (
    Reverted,
    as_revert,
    code_of,
    decode_revert,
    known_errors,
    refusal_of_record,
)

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted({entry.name for entry in known_errors().values()})


def test_every_error_has_a_hint_and_no_hint_is_left_over() -> None:
    assert sorted(HINTS) == NAMES


def test_every_error_has_its_row_in_the_docs() -> None:
    page = (ROOT / "docs" / "errors" / "reverted.md").read_text()
    # Two contracts may have an error of one name, with other arguments.
    rows = re.findall(r"^\| `(revert-[a-z0-9-]+)` \| `(.+?)` \|", page, re.MULTILINE)
    expected = {
        (code_of(entry.name), f"{entry.name}({', '.join(item['name'] for item in entry.inputs)})")
        for entry in known_errors().values()
    }
    assert (set(rows), len(rows)) == (expected, len(expected))
    assert [name for name, hint in HINTS.items() if hint not in page] == []


def test_codes_are_distinct_and_readable() -> None:
    codes = {name: code_of(name) for name in NAMES}
    assert len(set(codes.values())) == len(codes)
    assert code_of("TooEarly") == "revert-too-early"
    assert code_of("ERC20InsufficientBalance") == "revert-erc20-insufficient-balance"
    assert code_of("ECDSAInvalidSignatureS") == "revert-ecdsa-invalid-signature-s"
    assert all(re.fullmatch(r"revert(-[a-z0-9]+)+", code) for code in codes.values())


def too_early() -> bytes:
    [selector] = [found for found, entry in interface("Market").errors.items() if entry.name == "TooEarly"]
    return selector + encode(["uint256", "uint256"], [5, 9])


def test_an_errors_arguments_are_read() -> None:
    found = decode_revert(too_early())
    assert (found.code, found.error_name, found.error_args) == (
        "revert-too-early",
        "TooEarly",
        {"nowAt": 5, "opensAt": 9},
    )
    assert found.hint == HINTS["TooEarly"]
    assert "TooEarly(nowAt=5, opensAt=9)" in found.message
    assert found.details == {"arg_nowAt": 5, "arg_opensAt": 9}


def test_the_compilers_own_errors_are_read() -> None:
    assert decode_revert(bytes.fromhex("08c379a0") + encode(["string"], ["paused"])).error_args == {"reason": "paused"}
    panic = decode_revert(bytes.fromhex("4e487b71") + encode(["uint256"], [0x11]))
    assert panic.error_args == {"panic": 0x11, "meaning": "arithmetic overflow"}


@pytest.mark.parametrize("data", [b"\x12\x34\x56\x78", b"\x12", too_early()[:-1], too_early()[:4]])
def test_bytes_of_no_known_error_are_shown(data: bytes) -> None:
    found = decode_revert(data)
    assert found.code == "revert-unknown-error"
    assert found.error_args["data"] == "0x" + data.hex()


def test_a_huge_unknown_error_is_cut_short() -> None:
    assert len(decode_revert(b"\x12" * 1_000_000).message) < 300


def test_no_bytes_mean_no_reason() -> None:
    assert decode_revert(b"").code == "revert-no-reason"


HEX = "0x" + too_early().hex()


@pytest.mark.parametrize(
    "data",
    [
        HEX,
        "Reverted " + HEX,
        {"data": HEX},
        {"result": HEX, "message": "x"},
        {"originalError": {"data": {"data": HEX}}},
    ],
)
def test_the_bytes_are_found_wherever_a_node_puts_them(data: Any) -> None:
    found = as_revert(RpcRefused("execution reverted", rpc_code=3, data=data))
    assert found is not None
    assert found.code == "revert-too-early"


def test_an_answer_that_is_no_revert_is_left_alone() -> None:
    assert as_revert(RpcRefused("method not found", rpc_code=-32601)) is None
    assert as_revert(RpcRefused("header not found", rpc_code=-32000, data="0xzz")) is None
    bare = as_revert(RpcRefused("execution reverted", rpc_code=-32000))
    assert bare is not None
    assert bare.code == "revert-no-reason"


def test_endless_nesting_is_not_followed() -> None:
    data: Any = HEX
    for _ in range(50):
        data = {"data": data}
    assert as_revert(RpcRefused("strange", data=data)) is None


def test_a_refusal_comes_back_from_its_record() -> None:
    found = refusal_of_record("revert-too-early", "The contract refused: TooEarly(nowAt=5, opensAt=9)")
    assert isinstance(found, Reverted)
    assert (found.code, str(found)) == ("revert-too-early", "The contract refused: TooEarly(nowAt=5, opensAt=9)")
    assert Reverted.code == "reverted", "the class keeps its own"


def test_every_contract_is_packed_with_code_and_abi() -> None:
    for name in CONTRACTS:
        artifact = load(name)
        assert len(artifact.bytecode) > 100
        assert list(artifact.entries("function"))
        functions = [entry["name"] for entry in artifact.entries("function")]
        assert len(functions) == len(set(functions)), "overloads would hide one another"
    with pytest.raises(ArtifactMissing):
        load("Nothing")
