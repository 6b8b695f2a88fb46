"""Every call about claims and lines is one of the disputes contract's functions, with the values that it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest
from eth_utils.crypto import keccak

from atomic_verify.chain.artifacts import CONTRACTS, load
from atomic_verify.chain.calls import Calls
from atomic_verify.chain.deployment import Deployed, Deployment
from atomic_verify.chain.dispute_calls import DisputeCalls, encode_spec
from atomic_verify.chain.interface import AbiMismatch, decode_types, interface, types_of
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.dispute_types import (
    Answer,
    ClaimTerms,
    Demand,
    Exhibit,
    Opening,
    Run,
    StepProof,
    Subject,
)
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.primitives import Address, parse_address
from atomic_verify.protocol.types import JobId
from tests.integration.chain.jobs import model, rfp

WHO = parse_address("0x" + "12" * 20)
WORD = Digest(b"\x05" * 32)
PLACES = {name: Deployed(parse_address(f"0x{at:040x}"), {}) for at, name in enumerate(CONTRACTS, 1)}
DEPLOYMENT = Deployment(31_337, 1, "unknown", "development", MappingProxyType(PLACES))
TERMS, SPEC = rfp(WHO, WHO), model()
OPENING = Opening(b"\x01" * 512, (WORD,), (WORD, WORD))
CLAIM = ClaimTerms(JobId(bytes(WORD)), 1, 0, 2**40, WORD, WORD)
EXHIBIT = Exhibit(b"\x01", (WORD,), OPENING, (WORD,), OPENING, WORD, ())
PROOF = StepProof(b"\x02", (WORD,))
DEMAND = Demand(Subject.TRACE, WORD, 0, 0, 5, (Run(3, 2**33, 64, 2**34),))


@dataclass
class Plain:
    """Evidence by its values alone."""

    values: tuple[Any, ...]

    def to_abi(self) -> tuple[Any, ...]:
        return self.values


EVIDENCE = Plain((3, 2**50, b"\x01", [WORD], OPENING.to_abi(), [OPENING.to_abi()]))
CITATION = Plain((3, 1, b"\x01", [WORD], b"\x02", [WORD]))

BUILT: dict[str, Callable[[DisputeCalls], Any]] = {
    "seal": lambda calls: calls.seal(WORD),
    "reveal": lambda calls: calls.reveal(TERMS, SPEC, CLAIM, WORD, EXHIBIT, 7),
    "burnSeal": lambda calls: calls.burn_seal(WHO, WORD),
    "refute": lambda calls: calls.refute(TERMS, SPEC, 5, EVIDENCE),
    "refuteRecord": lambda calls: calls.refute_record(TERMS, SPEC, 5, 3, b"\x01", (WORD,)),
    "refuteCitation": lambda calls: calls.refute_citation(TERMS, SPEC, 5, CITATION),
    "refuteOutput": lambda calls: calls.refute_output(TERMS, SPEC, 5, 0, PROOF, PROOF),
    "dismiss": lambda calls: calls.dismiss(TERMS, 5),
    "uphold": lambda calls: calls.uphold(TERMS, 5),
    "demandTrace": lambda calls: calls.demand_trace(TERMS, SPEC, 5, DEMAND.runs, (PROOF,)),
    "demandItem": lambda calls: calls.demand_item(TERMS, SPEC, Subject.INPUT, 2, DEMAND.runs, 6),
    "answer": lambda calls: calls.answer(6, DEMAND, Answer((OPENING,) * 8, WORD, (WORD,))),
    "lapse": lambda calls: calls.lapse(TERMS, 6),
    "closeLine": lambda calls: calls.close_line(TERMS, 6),
}


def test_there_is_a_call_for_every_act_of_the_contract() -> None:
    acts = {
        entry["name"]
        for entry in load("Disputes").entries("function")
        if entry["stateMutability"] not in ("view", "pure")
    }
    assert set(BUILT) == acts


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_call_has_the_functions_selector_and_its_values(name: str) -> None:
    call = BUILT[name](Calls(DEPLOYMENT).disputes)
    entry = interface("Disputes").functions[name]
    assert (call.name, call.to, call.value) == (f"Disputes.{name}", PLACES["Disputes"].address, 0)
    assert call.data[:4] == entry.digest[:4]
    values = decode_types(name, types_of(entry.inputs), call.data[4:])
    assert len(values) == len(entry.inputs)


def test_a_spec_goes_as_what_its_id_is_the_hash_of() -> None:
    assert keccak(encode_spec(SPEC)) == model_id(SPEC)


def test_values_that_the_contract_has_no_room_for_are_refused() -> None:
    calls = Calls(DEPLOYMENT).disputes
    with pytest.raises(AbiMismatch):
        calls.seal(b"\x05" * 33)
    with pytest.raises(AbiMismatch):
        calls.uphold(TERMS, 2**64)
    with pytest.raises(AbiMismatch):
        calls.burn_seal(Address("0x12"), WORD)
