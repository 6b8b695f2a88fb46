"""How calls, answers, events and errors of one contract are written in bytes: its ABI, made ready for use.

Life cycle: below all steps. A *selector* is the first 4 bytes of a call's or error's data; a *topic* is 32 bytes by
which a node finds a log. *Plain* values are JSON: ints, bools, strings, lists, dicts; addresses and bytes as lower-case
0x-hex.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import ABIRegistry, BaseEquals, registry
from eth_utils.crypto import keccak

from atomic_verify.chain.artifacts import Artifact, load
from atomic_verify.chain.errors import ChainError


class AbiMismatch(ChainError):
    """Bytes from the chain, or values for it, don't fit the contracts' ABI: other contracts than these are deployed."""

    code = "abi-mismatch"


@dataclass(frozen=True, slots=True)
class Entry:
    """One function, event or error. `inputs` and `outputs` are the ABI's parameters."""

    name: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...] = ()

    @property
    def signature(self) -> str:
        """Such as "bid((address,uint64),bytes32)"."""
        return f"{self.name}({','.join(types_of(self.inputs))})"

    @property
    def digest(self) -> bytes:
        """keccak256 of the signature: an event's first topic; its first 4 bytes are a selector."""
        return keccak(text=self.signature)


@dataclass(frozen=True, slots=True)
class Interface:
    """One contract's ABI. Functions by name (none is overloaded), events by topic, errors by selector."""

    contract: str
    functions: Mapping[str, Entry]
    events: Mapping[bytes, Entry]
    errors: Mapping[bytes, Entry]
    constructor: Entry

    def encode_call(self, function: str, *values: Any) -> bytes:
        """The data of a call. Raises AbiMismatch."""
        entry = self.functions[function]
        return entry.digest[:4] + encode_values(entry, values)

    def decode_answer(self, function: str, data: bytes) -> tuple[Any, ...]:
        """The values that a call returned, structs as tuples. Raises AbiMismatch."""
        entry = self.functions[function]
        return decode_types(f"{self.contract}.{function}", types_of(entry.outputs), data)

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]] | None:
        """Name and plain arguments of a log; None for an event that the ABI doesn't know. Raises AbiMismatch."""
        entry = self.events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [item for item in entry.inputs if item.get("indexed")]
        others = [item for item in entry.inputs if not item.get("indexed")]
        where = f"{self.contract}.{entry.name}"
        if len(indexed) != len(topics) - 1:
            raise AbiMismatch(f"A log of {where} has {len(topics)} topics", event=where)
        found: dict[str, Any] = {}
        for item, topic in zip(indexed, topics[1:], strict=True):
            found[item["name"]] = plain(item, decode_types(where, [type_of(item)], topic)[0])
        for item, value in zip(others, decode_types(where, types_of(others), data), strict=True):
            found[item["name"]] = plain(item, value)
        return entry.name, {item["name"]: found[item["name"]] for item in entry.inputs}


@cache
def interface(contract: str) -> Interface:
    """The interface of one of this project's contracts. Raises ArtifactMissing."""
    return build(load(contract))


def build(artifact: Artifact) -> Interface:
    """The interface that an artifact's ABI describes."""
    constructors = [_entry(raw) for raw in artifact.entries("constructor")]
    events = [_entry(raw) for raw in artifact.entries("event")]
    errors = [_entry(raw) for raw in artifact.entries("error")]
    functions = [_entry(raw) for raw in artifact.entries("function")]
    return Interface(
        artifact.name,
        {entry.name: entry for entry in functions},
        {entry.digest: entry for entry in events},
        {entry.digest[:4]: entry for entry in errors},
        constructors[0] if constructors else Entry("constructor", ()),
    )


def type_of(item: Mapping[str, Any]) -> str:
    """A parameter's type with structs written out: "(address,uint64)[]"."""
    kind: str = item["type"]
    if kind.startswith("tuple"):
        return f"({','.join(types_of(item['components']))}){kind[5:]}"
    return kind


def types_of(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return [type_of(item) for item in items]


def encode_values(entry: Entry, values: Sequence[Any]) -> bytes:
    """The ABI encoding of an entry's arguments. Raises AbiMismatch."""
    try:
        return _codec().encode(types_of(entry.inputs), list(values))
    except (EncodingError, ValueError, TypeError) as error:
        raise AbiMismatch(f"The arguments don't fit {entry.signature}", reason=str(error)[:300]) from None


def decode_types(where: str, types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """The values in ABI-encoded bytes. Raises AbiMismatch naming `where`."""
    try:
        return tuple(_codec().decode(list(types), data))
    except (DecodingError, ValueError, OverflowError) as error:
        raise AbiMismatch(
            f"The chain's bytes don't fit {where}",
            hint="The deployment is of another version of the contracts.",
            reason=str(error)[:300],
        ) from None


def plain(item: Mapping[str, Any], value: Any) -> Any:
    """A decoded value as JSON; `item` is its ABI parameter."""
    kind: str = item["type"]
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return [plain(inner, one) for one in value]
    if kind == "tuple":
        return {part["name"]: plain(part, one) for part, one in zip(item["components"], value, strict=True)}
    if kind.startswith("bytes"):
        return "0x" + bytes(value).hex()
    return value.lower() if kind == "address" else value


def _entry(raw: Mapping[str, Any]) -> Entry:
    name = raw.get("name", "constructor")
    return Entry(name, tuple(raw.get("inputs", ())), tuple(raw.get("outputs", ())))


@cache
def _codec() -> ABICodec:
    """eth_abi's codec; strings that aren't UTF-8 decode with replacement characters, since strangers write them."""
    lenient = StringDecoder(handle_string_errors="replace")  # type: ignore[no-untyped-call]
    changed: ABIRegistry = registry.copy()  # type: ignore[no-untyped-call]
    changed.unregister_decoder("string")
    changed.register_decoder(BaseEquals("string"), lenient, label="string")  # type: ignore[no-untyped-call]
    return ABICodec(changed)
