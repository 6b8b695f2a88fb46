"""How a frozen dataclass mirrors a Solidity struct: ABI type, ABI values, JSON and range checks from its annotations.

Used wherever a record crosses to the chain, a file or HTTP. A *codec* knows one field's Solidity type. It follows from
the annotation: `Annotated[int, Uint(32)]`, an IntEnum, bool, str, Address, 32-byte NewTypes, another struct, or
`tuple[X, ...]`. Names on the outside are Solidity's (`model_id` is `modelId`), in the Solidity struct's order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, Self, cast, get_args, get_origin, get_type_hints

from atomic_verify.protocol.codecs import Account, Codec, Flag, Member, Text, Word
from atomic_verify.protocol.errors import FieldMalformed, FieldOutOfRange
from atomic_verify.protocol.primitives import Address

MAX_LIST = 1024
"""Bounds what a stranger's record may hold; the contracts' own bounds are tighter."""


@dataclass(frozen=True, slots=True)
class Nested:
    """Another struct."""

    struct: "type[AbiStruct]"

    @property
    def abi_type(self) -> str:
        return self.struct.abi_type()

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, self.struct):
            raise FieldMalformed(f"{name} is a {self.struct.__name__}", field=name, found=type(value).__name__)

    def to_abi(self, value: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] = value.to_abi()
        return found

    def from_abi(self, name: str, value: Any) -> "AbiStruct":
        return self.struct.from_abi(value)

    def to_json(self, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = value.to_json()
        return found

    def from_json(self, name: str, value: Any) -> "AbiStruct":
        return self.struct.from_json(value)


@dataclass(frozen=True, slots=True)
class Many:
    """A dynamic array, inside a tuple."""

    item: Codec

    @property
    def abi_type(self) -> str:
        return self.item.abi_type + "[]"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, tuple):
            raise FieldMalformed(f"{name} is a tuple", field=name, found=type(value).__name__)
        if len(value) > MAX_LIST:
            raise FieldOutOfRange(f"{name} has more than {MAX_LIST} entries", field=name)
        for index, entry in enumerate(value):
            self.item.check(f"{name}[{index}]", entry)

    def to_abi(self, value: Any) -> list[Any]:
        return [self.item.to_abi(entry) for entry in value]

    def from_abi(self, name: str, value: Any) -> tuple[Any, ...]:
        return tuple(self.item.from_abi(f"{name}[{i}]", entry) for i, entry in enumerate(_listed(name, value)))

    def to_json(self, value: Any) -> list[Any]:
        return [self.item.to_json(entry) for entry in value]

    def from_json(self, name: str, value: Any) -> tuple[Any, ...]:
        return tuple(self.item.from_json(f"{name}[{i}]", entry) for i, entry in enumerate(_listed(name, value)))


@dataclass(frozen=True, slots=True)
class AbiStruct:
    """Base of the records that mirror a Solidity struct; it checks every field when a record is made."""

    def __post_init__(self) -> None:
        for attribute, name, codec in layout(type(self)):
            codec.check(f"{type(self).__name__}.{name}", getattr(self, attribute))

    @classmethod
    def abi_type(cls) -> str:
        """The struct's ABI type, such as `(address,uint64)`."""
        return "(" + ",".join(codec.abi_type for _, _, codec in layout(cls)) + ")"

    def to_abi(self) -> tuple[Any, ...]:
        """The values in the Solidity struct's order, as ABI encoders take them."""
        return tuple(codec.to_abi(getattr(self, attribute)) for attribute, _, codec in layout(type(self)))

    @classmethod
    def from_abi(cls, values: Sequence[Any] | Mapping[str, Any]) -> Self:
        """The record of decoded ABI values: a sequence in order, or a mapping by Solidity's names.

        Raises FieldMalformed, FieldOutOfRange, AddressMalformed.
        """
        table = layout(cls)
        if isinstance(values, Mapping):
            values = [_member(cls, values, name) for _, name, _ in table]
        if not isinstance(values, Sequence) or isinstance(values, str | bytes) or len(values) != len(table):
            raise FieldMalformed(f"{cls.__name__} has {len(table)} fields", field=cls.__name__)
        pairs = zip(table, values, strict=True)
        return cls(**{attr: codec.from_abi(f"{cls.__name__}.{name}", value) for (attr, name, codec), value in pairs})

    def to_json(self) -> dict[str, Any]:
        """The record by Solidity's names; numbers from 2^53 on as decimal strings, bytes as 0x and hexadecimal."""
        return {name: codec.to_json(getattr(self, attribute)) for attribute, name, codec in layout(type(self))}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The record that `to_json` wrote, or an event's argument: exactly its fields.

        Raises FieldMalformed, FieldOutOfRange, AddressMalformed.
        """
        if not isinstance(values, Mapping):
            raise FieldMalformed(f"{cls.__name__} is an object", field=cls.__name__)
        table = layout(cls)
        if len(values) > len(table):
            unknown = sorted(str(key)[:40] for key in values.keys() - {name for _, name, _ in table})[:5]
            raise FieldMalformed(f"{cls.__name__} has no such fields", field=cls.__name__, unknown=unknown)
        found = {
            attr: codec.from_json(f"{cls.__name__}.{name}", _member(cls, values, name)) for attr, name, codec in table
        }
        return cls(**found)


def layout(struct: type[AbiStruct]) -> tuple[tuple[str, str, Codec], ...]:
    """Each field's attribute, Solidity name and codec, in order."""
    return _layout(cast(Any, struct))


# Resolving annotations takes longer than everything else here together; a class's never change.
@cache
def _layout(struct: Any) -> tuple[tuple[str, str, Codec], ...]:
    hints = get_type_hints(struct, include_extras=True)
    return tuple((field.name, _camel(field.name), _codec(hints[field.name])) for field in fields(struct))


def _codec(hint: Any) -> Codec:
    """The codec that a field's annotation stands for."""
    if get_origin(hint) is Annotated:
        codec: Codec = get_args(hint)[1]
        return codec
    if get_origin(hint) is tuple:
        return Many(_codec(get_args(hint)[0]))
    if hint is Address:
        return Account()
    base = getattr(hint, "__supertype__", hint)
    if isinstance(base, type):
        if issubclass(base, IntEnum):
            return Member(base)
        if issubclass(base, AbiStruct):
            return Nested(base)
        simple: dict[type, Codec] = {bool: Flag(), str: Text(), bytes: Word()}
        if base in simple:
            return simple[base]
    raise TypeError(f"no codec for {hint!r}")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _member(struct: type, values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise FieldMalformed(f"{struct.__name__} lacks {name}", field=f"{struct.__name__}.{name}")
    return values[name]


def _listed(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise FieldMalformed(f"{name} is a list", field=name)
    if len(value) > MAX_LIST:
        raise FieldOutOfRange(f"{name} has more than {MAX_LIST} entries", field=name)
    return value
