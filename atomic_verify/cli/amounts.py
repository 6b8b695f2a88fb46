"""Amounts, addresses and digests as people type them. A wrong one is a wrong call of the command: exit code 2."""

from decimal import Decimal, localcontext

import typer

from atomic_verify.errors import AtomicError
from atomic_verify.protocol.primitives import Address, Amount, parse_address, parse_word

DECIMALS = 18
"""Of the utility token and of the chain's coin."""

TOKEN = 10**DECIMALS
"""Base units of one token."""

_MAX_CHARS = 80
_MAX_DIGITS = 100


def parse_tokens(text: str | int, decimals: int = DECIMALS) -> Amount:
    """The base units of "1.5" tokens; nothing is rounded. Raises typer.BadParameter.

    An int is base units already: typer also parses a parameter's default.
    """
    if isinstance(text, int):
        return Amount(text)
    try:
        # The default context would round amounts of more than 28 digits.
        with localcontext(prec=_MAX_DIGITS):
            units = Decimal(text.strip()).scaleb(decimals)
            whole = units.is_finite() and 0 <= units < 2**128 and units == units.to_integral_value()
            whole = whole and len(text) <= _MAX_CHARS
    except ArithmeticError:
        whole = False
    if not whole:
        raise typer.BadParameter(f"{text[:_MAX_CHARS]!r} is no amount of tokens, such as 1.5")
    return Amount(int(units))


def show_tokens(amount: int, decimals: int = DECIMALS) -> str:
    """An amount in tokens, exactly: 1500000000000000000 is "1.5"."""
    whole, rest = divmod(amount, 10**decimals)
    fraction = f"{rest:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole:,}" + (f".{fraction}" if fraction else "")


def parse_account(text: str) -> Address:
    """An address on the command line."""
    try:
        return parse_address(text)
    except AtomicError as error:
        raise typer.BadParameter(error.message) from None


def parse_digest(text: str) -> bytes:
    """32 bytes as 0x and 64 hexadecimal digits on the command line."""
    try:
        return parse_word(text.strip())
    except AtomicError as error:
        raise typer.BadParameter(error.message) from None
