"""One Solidity type each: its ABI name, its check, and its value in ABI tuples and in JSON.

Used wherever a record crosses to the chain, a file or HTTP; `structs` builds records of these. Inside a record a value
is checked and typed; `from_abi` and `from_json` take a stranger's value and leave the check to the record.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, Protocol

from atomic_verify.protocol.errors import AddressMalformed, FieldMalformed, FieldOutOfRange
from atomic_verify.protocol.primitives import (
    JSON_EXACT,
    WORD_BYTES,
    Address,
    Amount,
    is_address,
    parse_address,
    parse_word,
    to_hex,
)

MAX_TEXT_BYTES = 1024
"""Bounds what a stranger's record may hold; the contracts' own bounds are tighter."""

MAX_BYTES = 65_536
"""Of one field of bytes: 64 leaves of an opening and as much again; the contracts' own bounds are tighter."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_OCTETS = re.compile(rf"0x([0-9a-fA-F]{{2}}){{0,{MAX_BYTES}}}", re.ASCII)


class Codec(Protocol):
    """One Solidity type: its name, its check, and its value outside."""

    @property
    def abi_type(self) -> str: ...

    def check(self, name: str, value: Any) -> None: ...

    def to_abi(self, value: Any) -> Any: ...

    def from_abi(self, name: str, value: Any) -> Any: ...

    def to_json(self, value: Any) -> Any: ...

    def from_json(self, name: str, value: Any) -> Any: ...


class _Plain:
    """A codec whose values look the same inside and outside."""

    def to_abi(self, value: Any) -> Any:
        return value

    def from_abi(self, name: str, value: Any) -> Any:
        return value

    def to_json(self, value: Any) -> Any:
        return value

    def from_json(self, name: str, value: Any) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Uint(_Plain):
    """An unsigned integer of `bits` bits."""

    bits: int

    @property
    def abi_type(self) -> str:
        return f"uint{self.bits}"

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldMalformed(f"{name} is an integer", field=name, found=type(value).__name__)
        if not 0 <= value < 1 << self.bits:
            # The number itself may have millions of digits.
            raise FieldOutOfRange(f"{name} does not fit {self.bits} unsigned bits", field=name, bits=self.bits)

    def to_json(self, value: Any) -> int | str:
        return value if value < JSON_EXACT else str(value)

    def from_json(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            if _DECIMAL.fullmatch(value) is None:
                raise FieldMalformed(f"{name} is an integer or a string of its decimal digits", field=name)
            return int(value)
        return value


@dataclass(frozen=True, slots=True)
class Member(_Plain):
    """A Solidity enum, outside as its number."""

    enum: type[IntEnum]
    abi_type: str = "uint8"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, self.enum):
            raise FieldMalformed(f"{name} is a {self.enum.__name__}", field=name, found=type(value).__name__)

    def to_abi(self, value: Any) -> int:
        return int(value)

    def from_abi(self, name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldMalformed(f"{name} is the number of a {self.enum.__name__}", field=name)
        try:
            return self.enum(value)
        except ValueError:
            raise FieldOutOfRange(f"{name} is no {self.enum.__name__}", field=name) from None

    def to_json(self, value: Any) -> int:
        return int(value)

    def from_json(self, name: str, value: Any) -> Any:
        return self.from_abi(name, value)


@dataclass(frozen=True, slots=True)
class Flag(_Plain):
    """A bool."""

    abi_type: str = "bool"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, bool):
            raise FieldMalformed(f"{name} is true or false", field=name, found=type(value).__name__)


@dataclass(frozen=True, slots=True)
class Text(_Plain):
    """A string of at most MAX_TEXT_BYTES bytes of UTF-8."""

    abi_type: str = "string"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, str):
            raise FieldMalformed(f"{name} is a string", field=name, found=type(value).__name__)
        try:
            size = len(value.encode()) if len(value) <= MAX_TEXT_BYTES else len(value)
        except UnicodeEncodeError:
            raise FieldMalformed(f"{name} is not valid Unicode", field=name) from None
        if size > MAX_TEXT_BYTES:
            raise FieldOutOfRange(f"{name} is longer than {MAX_TEXT_BYTES} bytes", field=name)


@dataclass(frozen=True, slots=True)
class Word(_Plain):
    """A bytes32; in JSON as 0x and 64 hexadecimal digits."""

    abi_type: str = "bytes32"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, bytes) or len(value) != WORD_BYTES:
            raise FieldMalformed(f"{name} is {WORD_BYTES} bytes", field=name)

    def from_abi(self, name: str, value: Any) -> bytes:
        if not isinstance(value, bytes | bytearray):
            raise FieldMalformed(f"{name} is {WORD_BYTES} bytes", field=name)
        return bytes(value)

    def to_json(self, value: Any) -> str:
        return to_hex(value)

    def from_json(self, name: str, value: Any) -> bytes:
        return parse_word(value, name)


@dataclass(frozen=True, slots=True)
class Octets(_Plain):
    """Solidity's dynamic `bytes`, at most MAX_BYTES of them; in JSON as 0x and hexadecimal digits."""

    abi_type: str = "bytes"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, bytes):
            raise FieldMalformed(f"{name} is bytes", field=name, found=type(value).__name__)
        if len(value) > MAX_BYTES:
            raise FieldOutOfRange(f"{name} is longer than {MAX_BYTES} bytes", field=name)

    def from_abi(self, name: str, value: Any) -> bytes:
        if not isinstance(value, bytes | bytearray):
            raise FieldMalformed(f"{name} is bytes", field=name)
        return bytes(value)

    def to_json(self, value: Any) -> str:
        return to_hex(value)

    def from_json(self, name: str, value: Any) -> bytes:
        if not isinstance(value, str) or _OCTETS.fullmatch(value) is None:
            raise FieldMalformed(f"{name} is 0x and hexadecimal digits, two for each byte", field=name)
        return bytes.fromhex(value[2:])


@dataclass(frozen=True, slots=True)
class Account(_Plain):
    """An address, inside always with its checksum."""

    abi_type: str = "address"

    def check(self, name: str, value: Any) -> None:
        if not is_address(value):
            raise AddressMalformed(f"{name} is no address with a checksum", hint="Use parse_address", field=name)

    def from_abi(self, name: str, value: Any) -> Address:
        return parse_address(value, name)

    def from_json(self, name: str, value: Any) -> Address:
        return parse_address(value, name)


U8 = Annotated[int, Uint(8)]
U16 = Annotated[int, Uint(16)]
U32 = Annotated[int, Uint(32)]
U40 = Annotated[int, Uint(40)]
U64 = Annotated[int, Uint(64)]
U104 = Annotated[int, Uint(104)]
U256 = Annotated[int, Uint(256)]
Amount96 = Annotated[Amount, Uint(96)]
Amount128 = Annotated[Amount, Uint(128)]
DynamicBytes = Annotated[bytes, Octets()]
