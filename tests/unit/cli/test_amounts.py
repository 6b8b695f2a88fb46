"""Amounts and addresses as people type them."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.cli.amounts import parse_account, parse_digest, parse_tokens, show_tokens


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_what_is_shown_reads_back_exactly(amount: int) -> None:
    assert parse_tokens(show_tokens(amount).replace(",", "")) == amount


@pytest.mark.parametrize(
    ("text", "units"),
    [("1", 10**18), ("0.5", 5 * 10**17), (" 2 ", 2 * 10**18), ("1e-18", 1), ("0", 0), ("1_000", 10**21)],
)
def test_amounts(text: str, units: int) -> None:
    assert parse_tokens(text) == units


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "nan", "inf", "1e-19", "0.0000000000000000001", "1,5", "1e40", "1" * 81, "1e999999999"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_tokens(text)


def test_a_default_in_base_units_stays_as_it_is() -> None:
    assert parse_tokens(7) == 7


def test_tokens_of_other_decimals() -> None:
    assert parse_tokens("1.5", 6) == 1_500_000
    assert show_tokens(1_500_000, 6) == "1.5"
    assert show_tokens(15, 0) == "15"


def test_a_mistyped_address_is_a_wrong_call() -> None:
    right = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert parse_account(right.lower()) == right
    for wrong in (right[:-1], right.replace("F642", "f642"), "vitalik.eth", ""):
        with pytest.raises(typer.BadParameter):
            parse_account(wrong)


def test_a_root_has_32_bytes() -> None:
    assert parse_digest("0x" + "ab" * 32) == b"\xab" * 32
    for wrong in ("ab" * 32, "0x" + "ab" * 31, "0x" + "zz" * 32):
        with pytest.raises(typer.BadParameter):
            parse_digest(wrong)
