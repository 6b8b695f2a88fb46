"""What a receipt says is proven: what follows from its own tensors, what a chain adds, and each lie about it."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from atomic_verify.commitments import Batch, encode_batch
from atomic_verify.protocol.errors import NotWholeQuanta
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.types import CriticalKind, CriticalStep, Guarantee
from atomic_verify.receipts import (
    ProofContradicted,
    Receipt,
    ReceiptMalformed,
    ReceiptRefused,
    SnarkRefused,
    Verdict,
    load_receipt,
    verify_offline,
    verify_on_chain,
)
from tests.unit.receipts.proven import STEP, VERIFIER, Case, head_case, make_case, whole_case
from tests.unit.receipts.recorded import MARKET, changed, leaves


def words(report: Any) -> str:
    return "\n".join([*(check.words for check in (*report.verified, *report.unverified)), *report.meaning])


def told(receipt: Receipt, **proof: Any) -> Receipt:
    assert receipt.proof is not None
    return receipt.model_copy(update={"proof": receipt.proof.model_copy(update=proof)})


def test_a_hybrid_item_says_what_is_proven_and_what_is_optimistic_until_when() -> None:
    case = head_case()
    receipt = load_receipt(case.receipt(0, is_final=False).to_json())
    report = verify_on_chain(receipt, case.chain, trusted_market=MARKET)
    assert report.verdict is Verdict.OPEN
    assert report.proof is not None
    assert report.proof.checked_by == ("commit", "verifier")
    assert (report.proof.decision, report.proof.is_certain, report.proof.lead) == (1, True, 7)
    proven, sure, optimistic = report.meaning
    assert proven == "Proven by a zk-SNARK: of the committed 'features' the model's head makes decision 1."
    assert "is certain: its score leads by 1.75, more than the 1 within" in sure
    assert "final at 1080" in optimistic
    final = verify_on_chain(case.receipt(1), case.chain, trusted_market=MARKET)
    assert final.final
    assert "within tolerance: its score leads by 0.5 only" in final.meaning[1]
    assert "they are final" in final.meaning[2]


def test_a_proven_item_is_optimistic_in_nothing() -> None:
    case = whole_case()
    report = verify_on_chain(case.receipt(1), case.chain, trusted_market=MARKET)
    assert report.final
    # What no receipt can know, and only EZKL tells, or a look at the ceremony's own pages.
    circuit, srs = (check.words for check in report.unverified)
    assert "the model's publisher pinned both" in circuit
    assert "atomic circuit check" in circuit
    assert "Who made an SRS of its own can forge any proof" in srs
    assert report.meaning[0].endswith("of the job's input 'features' the whole model makes decision 1.")
    assert report.meaning[2] == "Optimistic: nothing. The result was final when it was committed."


def test_a_decision_about_what_was_cut_is_not_certain_whatever_its_lead() -> None:
    report = verify_offline(whole_case().receipt(0))
    assert report.proof is not None
    assert (report.proof.is_certain, report.proof.lead > STEP.certain_margin) == (False, True)
    assert "beyond the circuit's range and was cut" in report.meaning[1]


def test_without_a_chain_the_snark_is_not_called_proven() -> None:
    report = verify_offline(head_case().receipt(0), why_not="nobody is here.")
    assert report.proof is not None
    assert not report.proof.is_checked
    assert "The SNARK itself: nobody is here." in words(report)
    assert "was not checked here" in report.meaning[0]


def test_whoever_has_the_keys_can_check_the_snark() -> None:
    case = head_case()
    proven = case.snarks[2], case.proven[2].instances
    report = verify_offline(case.receipt(2), snark=lambda *asked: asked == proven)
    assert report.proof is not None
    assert report.proof.checked_by == ("ezkl",)
    assert "EZKL says so" in words(report)
    with pytest.raises(SnarkRefused, match="says EZKL"):
        verify_offline(case.receipt(2), snark=lambda *_: False)


def test_a_development_srs_is_called_worthless() -> None:
    case = head_case(replace(STEP, development=True))
    report = verify_on_chain(case.receipt(0), case.chain, trusted_market=MARKET)
    assert "development SRS, and somebody may know the secret. It is worth nothing" in report.unverified[0].words
    assert "ceremony" not in words(report)


def test_a_result_that_was_committed_through_another_contract_has_no_snark_and_says_so() -> None:
    case = head_case()
    receipt = case.receipt(0, snark=False)
    assert "isn't in the receipt" in words(verify_offline(receipt))
    report = verify_on_chain(receipt, case.chain, trusted_market=MARKET)
    assert report.proof is not None
    assert report.proof.checked_by == ("commit",)
    assert report.final
    assert "isn't in the receipt" in words(report)


@pytest.mark.parametrize("odd", [b"", b"\x01" * 100_000])
def test_a_proof_that_no_receipt_holds_leaves_a_receipt_without(odd: bytes) -> None:
    case = head_case()
    receipt = replace(case, snarks=(odd, *case.snarks[1:])).receipt(0)
    assert "none that a receipt can hold" in words(verify_on_chain(receipt, case.chain, trusted_market=MARKET))


def test_of_a_void_item_the_decision_means_nothing() -> None:
    case = head_case()
    closed = {"job": case.chain.events[0].args["job"], "outcome": 2, "item": 0, "challenger": VERIFIER.lower()}
    event = replace(case.chain.events[2], name="ClaimClosed", args=closed)
    chain = replace(case.chain, events=[*case.chain.events, event])
    void = {
        "item": 0,
        "challenger": VERIFIER,
        "transaction": event.tx_hash,
        "blockNumber": event.block_number,
        "blockHash": event.block_hash,
    }
    raw = json.loads(case.receipt(0, is_final=False).to_json()) | {"voids": [void]}
    report = verify_on_chain(load_receipt(json.dumps(raw)), chain)
    assert report.verdict is Verdict.VOID
    assert "means nothing" in report.meaning[2]


@pytest.mark.parametrize("case", [head_case(), whole_case()], ids=["hybrid", "proven"])
def test_any_changed_field_is_refused(case: Case) -> None:
    honest = case.receipt(1).to_json()
    accepted = []
    for path in leaves(json.loads(honest)):
        forged = parent = json.loads(honest)
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = changed(parent[path[-1]])
        try:
            verify_on_chain(load_receipt(json.dumps(forged)), case.chain, trusted_market=MARKET)
        except (ReceiptRefused, ReceiptMalformed):
            continue
        accepted.append(path)
    assert accepted == []


def test_lies_about_the_decision_need_no_chain() -> None:
    certain, narrow = head_case().receipt(0), head_case().receipt(1)
    for lie, why in (
        (told(certain, decision=0), "make decision 1, not 0"),
        (told(certain, certain=False), "the decision is certain"),
        (told(narrow, certain=True), "the decision is not certain"),
        (told(certain, transaction="0x" + "12" * 32), "another transaction"),
        (told(certain, snark="no base64"), "not base64"),
        (certain.model_copy(update={"proof": None}), "comes with its proof"),
    ):
        with pytest.raises(ProofContradicted, match=why):
            verify_offline(lie)


def test_the_tensors_that_a_proof_is_about_must_be_there() -> None:
    def without(receipt: Receipt, side: str) -> Receipt:
        bare = getattr(receipt.item, side).model_copy(update={"tensors": None})
        return receipt.model_copy(update={"item": receipt.item.model_copy(update={side: bare})})

    verify_offline(without(head_case().receipt(0), "inputs"))
    for case, side in ((head_case(), "outputs"), (whole_case(), "inputs"), (whole_case(), "outputs")):
        with pytest.raises(ProofContradicted, match="lacks the tensors"):
            verify_offline(without(case.receipt(0), side))


def test_an_optimistic_item_has_no_proof() -> None:
    case = head_case()
    rfp = replace(case.rfp, guarantee=Guarantee.OPTIMISTIC)
    optimistic = replace(case, rfp=rfp)
    with pytest.raises(ProofContradicted, match="asked for no proof"):
        verify_offline(optimistic.receipt(0))


def test_a_model_without_the_right_critical_step_is_refused() -> None:
    case = head_case()
    for critical in (
        CriticalStep.none(),
        replace(STEP, kind=CriticalKind.WHOLE),
        replace(STEP, output_scale=2**32 - 1),
        replace(STEP, limit=2**64 - 1),
    ):
        spec = replace(case.spec, critical=critical)
        rfp = replace(case.rfp, model_id=model_id(spec))
        with pytest.raises(ProofContradicted, match="critical step"):
            verify_offline(replace(case, spec=spec, rfp=rfp).receipt(0))
    # Without another id for the model, changing its margin or verifier is told by the id.
    for changes in ({"certain_margin": 0}, {"verifier_code": bytes(32)}):
        spec = replace(case.spec, critical=replace(STEP, **changes))
        with pytest.raises(ReceiptRefused, match="model's id isn't that of its spec"):
            verify_offline(case.receipt(0).model_copy(update={"model_spec": spec.to_json()}))


def test_scores_that_no_circuit_gives_are_refused() -> None:
    case = head_case()
    outputs = [dict(case.outputs.item(at)) for at in range(3)]
    outputs[1]["scores"] = outputs[1]["scores"] + np.float32(0.1)
    inputs = [dict(case.inputs.item(at)) for at in range(3)]
    specs = (list(case.inputs.signature.specs), list(case.outputs.signature.specs))
    with pytest.raises(NotWholeQuanta):
        make_case(STEP, specs, inputs, outputs, case.snarks)
    batch = Batch.from_payload(specs[1], 3, encode_batch(specs[1], outputs))
    events = [replace(case.chain.events[0], args={**case.chain.events[0].args, "root": "0x" + batch.root.hex()})]
    lying = replace(case, outputs=batch, chain=replace(case.chain, events=[*events, *case.chain.events[1:]]))
    verify_offline(lying.receipt(0))
    with pytest.raises(NotWholeQuanta):
        verify_offline(lying.receipt(1))


def text(snark: bytes) -> str:
    return b64encode(snark).decode()


def test_a_snark_that_proves_something_else_is_refused_on_a_chain() -> None:
    case = head_case()
    receipt = case.receipt(0)
    flipped = bytes([case.snarks[0][0] ^ 1]) + case.snarks[0][1:]
    for lie in (told(receipt, snark=text(flipped)), told(receipt, snark=text(case.snarks[1]))):
        verify_offline(lie)
        with pytest.raises(SnarkRefused, match="doesn't prove its scores"):
            verify_on_chain(lie, case.chain)


def test_what_the_chain_recorded_counts() -> None:
    case = head_case()
    receipt, chain = case.receipt(0), case.chain
    proven = chain.events[1]

    def with_args(**args: Any) -> Any:
        events = [chain.events[0], replace(proven, args={**proven.args, **args}), *chain.events[2:]]
        return replace(chain, events=events)

    with pytest.raises(SnarkRefused, match="another decision"):
        verify_on_chain(receipt, with_args(decisions=0))
    with pytest.raises(SnarkRefused, match="another verifier"):
        verify_on_chain(receipt, with_args(verifier="0x" + "12" * 20))
    with pytest.raises(ReceiptRefused, match="holds no Proven event"):
        verify_on_chain(receipt, replace(chain, events=[chain.events[0], *chain.events[2:]]))


def test_a_verifier_counts_by_its_code_alone() -> None:
    case, other = head_case(), "0x" + "99" * 20
    receipt = case.receipt(0)
    for codes in ({}, {VERIFIER.lower(): b"\x0d" * 32}):
        with pytest.raises(SnarkRefused, match="hasn't the code"):
            verify_on_chain(receipt, replace(case.chain, codes=codes))
    elsewhere = replace(case.chain, codes={other: STEP.verifier_code})
    assert verify_on_chain(receipt, elsewhere, verifier=other).final
    with pytest.raises(SnarkRefused, match="hasn't the code"):
        verify_on_chain(receipt, case.chain, verifier=other)
