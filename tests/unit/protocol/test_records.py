"""Records at their edges: what a stranger may send, and what must not pass."""

import json
from dataclasses import replace
from typing import Any

import pytest

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.errors import AddressMalformed, FieldMalformed, FieldOutOfRange, ProtocolError
from atomic_verify.protocol.types import (
    Address,
    Amount,
    CriticalKind,
    CriticalStep,
    Kind,
    ModelSpec,
    OutputTolerance,
    Quote,
    Reputation,
    Rfp,
    Stake,
    TensorSig,
    Tolerance,
    bits_float,
    float_bits,
    parse_address,
    parse_word,
)

CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture
def spec() -> ModelSpec:
    root = Digest(b"\x03" * 32)
    sig = TensorSig("x", 1, (1, 2))
    close = OutputTolerance(Tolerance(float_bits(1e-6), 0), Tolerance(float_bits(8e-6), 0))
    step = CriticalStep(CriticalKind.HEAD, True, root, root, root, 7, 14, 2**30, 300)
    return ModelSpec(root, root, 1, 5, 2, 3, False, root, root, (sig,), (sig,), (close,), step)


def test_a_record_survives_abi_and_json(rfp: Rfp, spec: ModelSpec) -> None:
    for record in (rfp, spec):
        assert type(record).from_abi(record.to_abi()) == record
        assert type(record).from_json(json.loads(json.dumps(record.to_json()))) == record


def test_json_has_the_contracts_names_and_exact_numbers(rfp: Rfp) -> None:
    found = rfp.to_json()
    assert found["modelId"] == "0x" + "01" * 32
    assert found["maxPrice"] == "10000000000000000000"
    assert found["itemCount"] == 3
    assert found["kind"] == 1
    assert replace(rfp, nonce=2**53 - 1).to_json()["nonce"] == 2**53 - 1
    assert replace(rfp, nonce=2**53).to_json()["nonce"] == str(2**53)


def test_an_event_s_arguments_make_a_record(rfp: Rfp) -> None:
    plain = rfp.to_json() | {"maxPrice": int(rfp.max_price), "requester": rfp.requester.lower()}
    assert Rfp.from_json(plain) == rfp


def test_decoded_values_make_a_record_by_order_or_name(rfp: Rfp) -> None:
    values = list(rfp.to_abi())
    values[0] = values[0].lower()
    assert Rfp.from_abi(values) == rfp
    assert Rfp.from_abi(dict(zip(rfp.to_json(), values, strict=True))) == rfp


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("nonce", 2**64, FieldOutOfRange),
        ("nonce", -1, FieldOutOfRange),
        ("max_price", 2**128, FieldOutOfRange),
        ("item_count", 2**32, FieldOutOfRange),
        ("item_count", True, FieldMalformed),
        ("item_count", 1.0, FieldMalformed),
        ("item_count", "1", FieldMalformed),
        ("requester", CHECKSUMMED.lower(), AddressMalformed),
        ("requester", CHECKSUMMED.replace("aA", "Aa", 1), AddressMalformed),
        ("requester", bytes(20), AddressMalformed),
        ("requester", CHECKSUMMED + "\n", AddressMalformed),
        ("model_id", b"\x01" * 31, FieldMalformed),
        ("model_id", "0x" + "01" * 32, FieldMalformed),
        ("kind", 1, FieldMalformed),
        ("kind", None, FieldMalformed),
    ],
)
def test_a_record_refuses(rfp: Rfp, field: str, value: Any, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        replace(rfp, **{field: value})


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("nonce", "01", FieldMalformed),
        ("nonce", "+1", FieldMalformed),
        ("nonce", "1_0", FieldMalformed),
        ("nonce", "٣", FieldMalformed),
        ("nonce", " 1", FieldMalformed),
        ("nonce", "", FieldMalformed),
        pytest.param("nonce", "9" * 5_000, FieldMalformed, id="digits too many to read"),
        ("nonce", "-1", FieldMalformed),
        ("nonce", None, FieldMalformed),
        pytest.param("nonce", 10**5_000, FieldOutOfRange, id="a number too long to print"),
        ("nonce", [], FieldMalformed),
        ("kind", 3, FieldOutOfRange),
        ("kind", True, FieldMalformed),
        ("kind", "auction", FieldMalformed),
        ("modelId", "0x" + "01" * 31, FieldMalformed),
        ("modelId", "01" * 32, FieldMalformed),
        ("modelId", 1, FieldMalformed),
        ("requester", "0x" + "g" * 40, AddressMalformed),
        ("requester", "vitalik.eth", AddressMalformed),
        ("requester", {}, AddressMalformed),
    ],
)
def test_json_is_refused_with_the_field_s_name(rfp: Rfp, name: str, value: Any, error: type[ProtocolError]) -> None:
    with pytest.raises(error) as caught:
        Rfp.from_json(rfp.to_json() | {name: value})
    assert caught.value.details["field"] == f"Rfp.{name}"
    assert len(str(caught.value)) < 200


def test_json_has_exactly_the_fields(rfp: Rfp) -> None:
    found = rfp.to_json()
    with pytest.raises(FieldMalformed, match="no such fields"):
        Rfp.from_json(found | {"tip": 1})
    del found["nonce"]
    with pytest.raises(FieldMalformed, match=r"lacks nonce"):
        Rfp.from_json(found)
    with pytest.raises(FieldMalformed, match=r"lacks nonce"):
        Rfp.from_json(found | {"tip": 1})
    not_an_object: Any = [found]
    with pytest.raises(FieldMalformed, match="an object"):
        Rfp.from_json(not_an_object)


def test_abi_values_of_another_length_are_refused(rfp: Rfp) -> None:
    with pytest.raises(FieldMalformed, match="14 fields"):
        Rfp.from_abi(rfp.to_abi()[:-1])
    with pytest.raises(FieldMalformed, match="14 fields"):
        Rfp.from_abi("x" * 14)


def test_lists_and_texts_are_bounded(spec: ModelSpec) -> None:
    found = spec.to_json()
    with pytest.raises(FieldOutOfRange):
        ModelSpec.from_json(found | {"inputs": found["inputs"] * 1_025})
    with pytest.raises(FieldMalformed, match="is a list"):
        ModelSpec.from_json(found | {"inputs": "xx"})
    with pytest.raises(FieldOutOfRange):
        TensorSig("n" * 1_025, 1, ())
    with pytest.raises(FieldOutOfRange):
        TensorSig("ü" * 513, 1, ())
    with pytest.raises(FieldMalformed, match="Unicode"):
        TensorSig("\ud800", 1, ())
    listed: Any = [1, 2]
    with pytest.raises(FieldMalformed, match="is a tuple"):
        TensorSig("x", 1, listed)


def test_a_nested_record_is_of_its_type(spec: ModelSpec) -> None:
    wrong: Any = Tolerance(0, 0)
    with pytest.raises(FieldMalformed, match="CriticalStep"):
        replace(spec, critical=wrong)


def test_addresses_are_read_in_any_case_but_never_with_a_wrong_digit() -> None:
    assert parse_address(CHECKSUMMED) == CHECKSUMMED
    assert parse_address(CHECKSUMMED.lower()) == CHECKSUMMED
    assert parse_address("0x" + CHECKSUMMED[2:].upper()) == CHECKSUMMED
    with pytest.raises(AddressMalformed, match="checksum"):
        parse_address(CHECKSUMMED.replace("Be", "be"))


def test_words_are_read_whole() -> None:
    assert parse_word("0x" + "Ab" * 32) == b"\xab" * 32
    with pytest.raises(FieldMalformed):
        parse_word("0x" + "ab" * 33)


def test_float_bits_round_trip() -> None:
    assert float_bits(1.0) == 0x3FF0_0000_0000_0000
    assert bits_float(float_bits(1e-300)) == 1e-300


def test_free_stake_is_what_is_not_locked() -> None:
    assert Stake(Amount(10), Amount(4)).free == 6


def test_records_are_frozen(rfp: Rfp) -> None:
    with pytest.raises(AttributeError):
        rfp.nonce = 1  # type: ignore[misc]


def test_the_zero_state_is_a_record_too() -> None:
    assert Reputation.from_abi([0] * 5).final_jobs == 0
    quote = Quote.from_abi([bytes(32), "0x" + "00" * 20, 0, 0])
    assert quote.worker == Address("0x" + "00" * 20)
    assert Kind(0) is Kind.NONE
