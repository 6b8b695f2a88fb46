"""What a contract says when it refuses a call: its custom errors, as errors of this program.

Life cycle: every step that writes the chain; a call is tried without a transaction first, so that a refusal is free.
The code of a refusal is `revert-` and the Solidity error's name: TooEarly is `revert-too-early`.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from atomic_verify.chain.artifacts import CONTRACTS
from atomic_verify.chain.errors import ChainError, RpcRefused
from atomic_verify.chain.interface import AbiMismatch, Entry, decode_types, interface, plain, types_of
from atomic_verify.chain.revert_hints import HINTS

PANICS: Final[Mapping[int, str]] = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "no such enum member",
    0x22: "damaged storage",
    0x31: "pop of an empty array",
    0x32: "index out of range",
    0x41: "too much memory",
    0x51: "call of an empty function",
}
_BUILT_IN = (
    Entry("Error", ({"name": "reason", "type": "string"},)),
    Entry("Panic", ({"name": "panic", "type": "uint256"},)),
)
_HEX = re.compile(r"0x([0-9a-fA-F]{2})*")


class Reverted(ChainError):
    """A contract refused a call. Its own `code` is per error; that of the class is for a refusal without a reason."""

    code = "reverted"

    def __init__(self, error_name: str, error_args: Mapping[str, Any], *, hint: str | None = None) -> None:
        shown = ", ".join(f"{name}={value}" for name, value in error_args.items())
        super().__init__(f"The contract refused: {error_name}({shown})", hint=hint, **_details(error_args))
        self.error_name = error_name
        self.error_args = dict(error_args)
        if error_name:
            self.code = code_of(error_name)  # type: ignore[misc]  # one class, a code for each Solidity error


def code_of(error_name: str) -> str:
    """The stable code of a Solidity error: "ERC20InsufficientBalance" is "revert-erc20-insufficient-balance"."""
    words = re.findall(r"[A-Z]{2,}[0-9]+(?=[A-Z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+", error_name)
    return "revert-" + "-".join(word.lower() for word in words)


def decode_revert(data: bytes) -> Reverted:
    """The refusal that a call's returned bytes tell."""
    entry = known_errors().get(bytes(data[:4]))
    if entry is None:
        if not data:
            return Reverted("NoReason", {}, hint="Out of gas, or a call to something that is not the contract.")
        return Reverted(
            "UnknownError", {"data": "0x" + data[:68].hex()}, hint="The error is not one of these contracts."
        )
    try:
        values = decode_types(entry.name, types_of(entry.inputs), data[4:])
    except AbiMismatch:
        return Reverted("UnknownError", {"data": "0x" + data[:68].hex()})
    found = {
        item["name"] or str(at): plain(item, one)
        for at, (item, one) in enumerate(zip(entry.inputs, values, strict=True))
    }
    if entry.name == "Panic":
        found["meaning"] = PANICS.get(found["panic"], "unknown")
    return Reverted(entry.name, found, hint=HINTS.get(entry.name))


def refusal_of_record(code: str, message: str) -> Reverted:
    """The refusal that a record of it tells, such as a failed intent's: its code and words, without its arguments."""
    found = Reverted("", {})
    found.code = code  # type: ignore[misc]  # one class, a code for each Solidity error
    found.message = message
    found.args = (message,)
    return found


def as_revert(error: RpcRefused) -> Reverted | None:
    """The refusal inside a node's error answer to a call or gas estimate; None when it is something else."""
    data = _find_data(error.data, depth=4)
    if data is not None:
        return decode_revert(data)
    message = str(error).lower()
    return decode_revert(b"") if "revert" in message or error.rpc_code == 3 else None


@cache
def known_errors() -> Mapping[bytes, Entry]:
    """Every error of the contracts and of the compiler, by selector."""
    found = {entry.digest[:4]: entry for entry in _BUILT_IN}
    for contract in CONTRACTS:
        found.update(interface(contract).errors)
    return found


def _find_data(value: Any, depth: int) -> bytes | None:
    """The revert bytes in what nodes put into `data`: hex, or objects around it, each node its own."""
    if isinstance(value, str):
        text = value.removeprefix("Reverted ")
        return bytes.fromhex(text[2:]) if len(text) >= 10 and _HEX.fullmatch(text) else None
    if isinstance(value, Mapping) and depth > 0:
        for key in ("data", "result", "output", "originalError"):
            found = _find_data(value.get(key), depth - 1)
            if found is not None:
                return found
    return None


def _details(error_args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under names that don't clash with an error's own."""
    return {f"arg_{name}": value for name, value in error_args.items()}
