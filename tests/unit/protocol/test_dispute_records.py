"""Records of claims and lines at their edges, and the hashes that the contract keeps of them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.codecs import MAX_BYTES
from atomic_verify.protocol.errors import FieldMalformed, FieldOutOfRange
from atomic_verify.protocol.ids import claim_seal, demand_hash
from atomic_verify.protocol.types import (
    Address,
    Answer,
    ClaimTerms,
    Demand,
    Exhibit,
    JobId,
    Opening,
    Run,
    Subject,
)

ROOT, TRACE, DIGEST, SALT = (Digest(bytes([number]) * 32) for number in range(1, 5))
OPENED = Opening(b"\x01\x02", (ROOT, TRACE), ())
EXHIBIT = Exhibit(b"\xff\x01", (ROOT,), OPENED, (TRACE,), OPENED, ROOT, ())
DEMAND = Demand(Subject.RESULT, ROOT, 2, 5, 3, (Run(0, 1, 2, 9), Run(1, 0, 1, 1)))
ANSWER = Answer((OPENED, OPENED), ROOT, (TRACE,))


@pytest.fixture
def terms() -> ClaimTerms:
    return ClaimTerms(JobId(b"\x09" * 32), 4, 1, 77, TRACE, DIGEST)


def test_a_claim_s_seal_hides_its_terms_under_chain_contract_claimer_and_salt(
    terms: ClaimTerms, market: Address, stranger: Address
) -> None:
    numbers = [terms.job, *(value.to_bytes(32, "big") for value in (4, 1, 77)), TRACE, DIGEST]
    inner = keccak(b"".join(numbers))
    whole = [(31_337).to_bytes(32, "big"), *(bytes(12) + bytes.fromhex(who[2:]) for who in (market, stranger))]
    assert claim_seal(31_337, market, stranger, terms, SALT) == keccak(b"".join([*whole, inner, SALT]))


def test_a_seal_depends_on_everything_in_it(terms: ClaimTerms, market: Address, stranger: Address) -> None:
    other: dict[str, Any] = {"item": 5, "output": 2, "element": 78, "job": ROOT, "trace": ROOT, "trace_digest": ROOT}
    changes = [{name: value} for name, value in other.items()]
    seals = {claim_seal(1, market, stranger, replace(terms, **change), SALT) for change in changes}
    seals |= {
        claim_seal(1, market, stranger, terms, SALT),
        claim_seal(2, market, stranger, terms, SALT),
        claim_seal(1, stranger, stranger, terms, SALT),
        claim_seal(1, market, market, terms, SALT),
        claim_seal(1, market, stranger, terms, ROOT),
    }
    assert len(seals) == 11


@pytest.mark.parametrize("salt", [b"", b"short", b"\x00" * 33, "0x00"])
def test_a_salt_is_32_bytes(terms: ClaimTerms, market: Address, salt: Any) -> None:
    with pytest.raises(FieldMalformed):
        claim_seal(1, market, market, terms, salt)


def test_a_demand_s_hash_is_that_of_its_encoding() -> None:
    assert demand_hash(DEMAND) == keccak(encode([Demand.abi_type()], [DEMAND.to_abi()]))
    assert demand_hash(replace(DEMAND, runs=DEMAND.runs[::-1])) != demand_hash(DEMAND)


@pytest.mark.parametrize("record", [EXHIBIT, DEMAND, ANSWER], ids=["exhibit", "demand", "answer"])
def test_a_record_survives_abi_and_json(record: Exhibit | Demand | Answer) -> None:
    assert type(record).from_abi(record.to_abi()) == record
    assert type(record).from_json(json.loads(json.dumps(record.to_json()))) == record


@pytest.mark.parametrize("text", ["", "0", "00", "0x0", "0xzz", "0x 00", 7, None, "0x" + "00" * (MAX_BYTES + 1)])
def test_bytes_in_json_are_bounded_hexadecimal(text: Any) -> None:
    with pytest.raises(FieldMalformed):
        Opening.from_json({"leaves": text, "proof": [], "path": []})


def test_bytes_are_bounded() -> None:
    assert len(Opening(bytes(MAX_BYTES), (), ()).leaves) == MAX_BYTES
    with pytest.raises(FieldOutOfRange):
        Opening(bytes(MAX_BYTES + 1), (), ())
    with pytest.raises(FieldMalformed):
        Opening("00", (), ())
    with pytest.raises(FieldMalformed):
        Opening.from_abi(("00", (), ()))
