"""The values that every record of the protocol is made of: ids, addresses, amounts.

Used at every step. JobId and ModelId: 32 bytes of keccak256 over the RFP or the model's spec. Address: 20 bytes as
`0x` and 40 hexadecimal digits with the EIP-55 checksum. Amount: an int of base units of one token, never negative.
"""

import re
from functools import lru_cache
from typing import NewType

from eth_utils.address import to_checksum_address

from atomic_verify.protocol.errors import AddressMalformed, FieldMalformed

JobId = NewType("JobId", bytes)
ModelId = NewType("ModelId", bytes)
Address = NewType("Address", str)
Amount = NewType("Amount", int)

WORD_BYTES = 32
ZERO_WORD = bytes(WORD_BYTES)
ZERO_ADDRESS = Address("0x" + "00" * 20)
BASIS_POINTS = 10_000

JSON_EXACT = 2**53
"""Integers of this size and above are decimal strings in JSON: other readers hold numbers as float64."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_WORD = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


def parse_address(text: str, field: str = "address") -> Address:
    """The address that `text` writes. All lower or all upper digits carry no checksum; mixed ones must be right.

    Raises AddressMalformed naming `field`.
    """
    if not isinstance(text, str) or _ADDRESS.fullmatch(text) is None:
        raise AddressMalformed(f"{field} is not 0x and 40 hexadecimal digits", field=field, found=_shorten(text))
    digits = text[2:]
    checksummed = _checksummed(text.lower())
    if digits != digits.lower() and digits != digits.upper() and checksummed != text:
        raise AddressMalformed(
            f"{field} has a wrong checksum: a digit was mistyped",
            hint="Copy the address again",
            field=field,
            found=text,
        )
    return Address(checksummed)


def is_address(value: object) -> bool:
    """Whether `value` is an address in the one form that records hold: with its checksum."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None and _checksummed(value.lower()) == value


def address_value(address: Address) -> int:
    """The address as the number that the contracts order addresses by."""
    return int(address, 16)


def parse_word(text: str, field: str = "value") -> bytes:
    """The 32 bytes that `text` writes as 0x and 64 hexadecimal digits. Raises FieldMalformed naming `field`."""
    if not isinstance(text, str) or _WORD.fullmatch(text) is None:
        raise FieldMalformed(f"{field} is not 0x and 64 hexadecimal digits", field=field, found=_shorten(text))
    return bytes.fromhex(text[2:])


def to_hex(value: bytes) -> str:
    """`value` as 0x and lower-case hexadecimal digits."""
    return "0x" + bytes(value).hex()


@lru_cache(maxsize=16_384)
def _checksummed(lower: str) -> str:
    """The address with its checksum: one keccak, for which the few addresses of a deployment come again and again."""
    return to_checksum_address(lower)


def _shorten(value: object) -> str:
    """What a stranger sent, short enough for a message."""
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
