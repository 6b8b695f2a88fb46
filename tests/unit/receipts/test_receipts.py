"""A receipt holds exactly as long as nothing in it was changed and the chain agrees."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from atomic_verify.commitments import Batch, DType, TensorSpec, encode_batch
from atomic_verify.protocol.ids import job_id, model_id
from atomic_verify.protocol.primitives import ZERO_WORD, to_hex
from atomic_verify.protocol.types import (
    CriticalStep,
    ModelSpec,
    OutputTolerance,
    TensorSig,
    Tolerance,
)
from atomic_verify.receipts import (
    Receipt,
    ReceiptMalformed,
    ReceiptRefused,
    Verdict,
    build_receipt,
    load_receipt,
    verify_offline,
    verify_on_chain,
)
from atomic_verify.receipts.receipt import Contracts
from tests.support.rfps import AUCTION
from tests.unit.receipts.recorded import (
    CHAIN_ID,
    CHALLENGER,
    MARKET,
    RESULTS,
    WORKER,
    RecordedChain,
    changed,
    event_of,
    leaves,
)

INPUTS = [TensorSpec("x", DType.INT32, (3, 100))]
OUTPUTS = [TensorSpec("scores", DType.FLOAT, (1, 7)), TensorSpec("label", DType.INT64, (1,))]
ITEMS = 5


def _spec() -> ModelSpec:
    zero = Tolerance(0, 0)
    return ModelSpec(
        program_root=ZERO_WORD,
        weights_root=ZERO_WORD,
        lowering_version=0,
        steps=0,
        weight_count=0,
        depth=0,
        void_only=False,
        onnx_digest=b"\x01" * 32,
        execution_digest=b"\x01" * 32,
        inputs=tuple(TensorSig(t.name, int(t.dtype), t.shape) for t in INPUTS),
        outputs=tuple(TensorSig(t.name, int(t.dtype), t.shape) for t in OUTPUTS),
        tolerances=(OutputTolerance(zero, zero),) * 2,
        critical=CriticalStep.none(),
    )


@pytest.fixture(scope="module")
def made() -> tuple[Receipt, RecordedChain, bytes]:
    rng = np.random.default_rng(7)
    inputs = [{"x": rng.integers(0, 9, (3, 100), dtype=np.int32)} for _ in range(ITEMS)]
    outputs = [
        {"scores": rng.random((1, 7), dtype=np.float32), "label": rng.integers(0, 9, (1,), dtype=np.int64)}
        for _ in range(ITEMS)
    ]
    batch_in = Batch.from_payload(INPUTS, ITEMS, encode_batch(INPUTS, inputs))
    batch_out = Batch.from_payload(OUTPUTS, ITEMS, encode_batch(OUTPUTS, outputs))
    spec = _spec()
    rfp = replace(AUCTION, model_id=model_id(spec), input_root=batch_in.root, item_count=ITEMS)
    job = to_hex(job_id(CHAIN_ID, MARKET, rfp))
    root = to_hex(batch_out.root)
    commit = {"job": job, "worker": WORKER.lower(), "attempt": 1, "root": root, "payloadDigest": "0x" + "ab" * 32}
    committed = event_of("Committed", 10, {**commit, "finalAt": 1080})
    closed = {"job": job, "outcome": 2, "item": 1, "challenger": CHALLENGER.lower(), "charged": 5}
    voided = event_of("ClaimClosed", 15, closed)
    verdict = {"slashed": False, "voidItems": 1, "challenger": CHALLENGER.lower(), "costs": 5}
    finalized = event_of("Finalized", 20, {"job": job, "root": root, "verdict": verdict})
    settled = event_of("Settled", 20, {"job": job, "state": 4}, "Market")
    receipt = build_receipt(
        chain_id=CHAIN_ID,
        contracts=Contracts(market=MARKET, results=RESULTS),
        rfp=rfp,
        spec=spec,
        index=3,
        inputs=batch_in,
        outputs=batch_out,
        committed=committed,
        voided=[voided],
        finalized=finalized,
    )
    return receipt, RecordedChain([committed, voided, finalized, settled]), batch_out.root


def test_an_honest_receipt_is_verified_and_says_what_it_does_not_prove(made: Any) -> None:
    receipt, chain, _ = made
    report = verify_on_chain(load_receipt(receipt.to_json()), chain, trusted_market=MARKET)
    assert report.final
    assert report.verdict is Verdict.GOOD
    assert len(report.verified) == 7
    assert "1 others are void" in report.verified[-1].words
    assert [check.words.split(":")[0] for check in report.unverified] == ["That the output is right"]


def test_offline_against_a_root(made: Any) -> None:
    receipt, _, root = made
    report = verify_offline(receipt, root)
    assert not report.final
    assert report.verdict is Verdict.UNKNOWN
    assert "no chain was asked" in report.unverified[0].words
    with pytest.raises(ReceiptRefused, match="not the root you gave"):
        verify_offline(receipt, bytes(32))


def test_a_receipt_before_finality_is_not_final(made: Any) -> None:
    receipt, chain, _ = made
    report = verify_on_chain(receipt.model_copy(update={"finality": None}), chain)
    assert report.verdict is Verdict.OPEN
    assert any("not final when the receipt was made" in check.words for check in report.unverified)


def test_any_changed_field_is_refused(made: Any) -> None:
    receipt, chain, _ = made
    honest = json.loads(receipt.to_json())
    paths = list(leaves(honest))
    assert len(paths) > 50
    accepted = []
    for path in paths:
        forged = json.loads(receipt.to_json())
        parent = forged
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = changed(parent[path[-1]])
        try:
            verify_on_chain(load_receipt(json.dumps(forged)), chain, trusted_market=MARKET)
        except (ReceiptRefused, ReceiptMalformed):
            continue
        accepted.append(path)
    assert accepted == []


def test_any_missing_or_added_field_is_refused(made: Any) -> None:
    receipt, chain, _ = made
    honest = json.loads(receipt.to_json())
    for name in [*honest, "extra"]:
        forged = {key: value for key, value in honest.items() if key != name}
        if name == "extra":
            forged = {**honest, "extra": 1}
        if name in ("format",):
            continue  # has one legal value, which is its default
        with pytest.raises((ReceiptRefused, ReceiptMalformed)):
            verify_on_chain(load_receipt(json.dumps(forged)), chain, trusted_market=MARKET)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda chain: replace(chain, id=1), "this is chain 1"),
        (lambda chain: replace(chain, results=MARKET), "takes results from another contract"),
        (lambda chain: replace(chain, events=[]), "holds no Committed event"),
        (lambda chain: replace(chain, forgotten=True), "no longer on the chain"),
        (lambda chain: replace(chain, events=chain.events[:1]), "holds no ClaimClosed event"),
        (lambda chain: replace(chain, events=chain.events[:2]), "holds no Finalized event"),
        (lambda chain: replace(chain, events=chain.events[:3]), "holds no Settled event"),
    ],
)
def test_a_chain_that_disagrees(made: Any, change: Callable[[RecordedChain], RecordedChain], words: str) -> None:
    receipt, chain, _ = made
    with pytest.raises(ReceiptRefused, match=words):
        verify_on_chain(receipt, change(chain), trusted_market=MARKET)


def _told(receipt: Receipt, **finality: Any) -> Receipt:
    assert receipt.finality is not None
    return receipt.model_copy(update={"finality": receipt.finality.model_copy(update=finality)})


def _of_item(receipt: Receipt, index: int) -> Receipt:
    """The receipt, which is of item 3, with the one void item being `index`."""
    void = receipt.voids[0].model_copy(update={"item": index})
    return receipt.model_copy(update={"voids": [void]})


def _with(chain: RecordedChain, at: int, **args: Any) -> RecordedChain:
    events = list(chain.events)
    events[at] = replace(events[at], args={**events[at].args, **args})
    return replace(chain, events=events)


def test_a_slashed_result_does_not_stand(made: Any) -> None:
    receipt, chain, _ = made
    verdict = {"slashed": True, "voidItems": 1, "challenger": CHALLENGER.lower(), "costs": 5}
    slashing = _with(_with(chain, 2, verdict=verdict), 3, state=5)
    report = verify_on_chain(_told(receipt, slashed=True, state="slashed"), slashing)
    assert (report.verdict, report.final) == (Verdict.SLASHED, False)
    assert any("does NOT stand" in check.words and "convicted" in check.words for check in report.verified)


def test_a_worker_that_struck_out_is_slashed_though_nobody_convicted_it(made: Any) -> None:
    receipt, chain, _ = made
    report = verify_on_chain(_told(receipt, state="slashed"), _with(chain, 3, state=5))
    assert report.verdict is Verdict.SLASHED
    assert any("too many of its jobs" in check.words for check in report.verified)
    with pytest.raises(ReceiptRefused, match="how the job ended"):
        verify_on_chain(receipt, _with(chain, 3, state=5))
    with pytest.raises(ReceiptRefused, match="how the job ended"):
        verify_on_chain(_told(receipt, state="slashed"), chain)
    with pytest.raises(ReceiptRefused, match="convicted is slashed"):
        verify_offline(_told(receipt, slashed=True))


def test_a_void_item_is_void_with_or_without_finality(made: Any) -> None:
    receipt, chain, root = made
    own = _of_item(receipt, 3)
    voiding = _with(chain, 1, item=3)
    report = verify_on_chain(own, voiding)
    assert (report.verdict, report.final) == (Verdict.VOID, False)
    assert any("VOID" in check.words for check in report.verified)
    assert verify_on_chain(own.model_copy(update={"finality": None}), voiding).verdict is Verdict.VOID
    offline = verify_offline(own, root)
    assert offline.verdict is Verdict.UNKNOWN
    assert any("void, as the receipt says" in check.words for check in offline.unverified)
    with pytest.raises(ReceiptRefused, match="holds no ClaimClosed"):
        verify_on_chain(own, chain)


def test_void_items_that_are_left_out_keep_an_item_from_being_good(made: Any) -> None:
    receipt, chain, _ = made
    report = verify_on_chain(receipt.model_copy(update={"voids": []}), chain)
    assert (report.verdict, report.final) == (Verdict.UNKNOWN, False)
    assert any("among the void ones" in check.words for check in report.unverified)


def test_voids_that_cannot_be_true_are_refused_without_a_chain(made: Any) -> None:
    receipt, chain, _ = made
    [void] = receipt.voids
    with pytest.raises(ReceiptRefused, match="void twice"):
        verify_offline(_told(receipt, void_items=2).model_copy(update={"voids": [void, void]}))
    with pytest.raises(ReceiptRefused, match="beyond the job's item count"):
        verify_offline(receipt.model_copy(update={"voids": [void.model_copy(update={"item": ITEMS})]}))
    with pytest.raises(ReceiptRefused, match="how many items are void"):
        verify_offline(_told(receipt, void_items=0))
    # A claim that was rejected, or that slashed, makes no item void.
    for outcome in (1, 3):
        with pytest.raises(ReceiptRefused, match="holds no ClaimClosed"):
            verify_on_chain(receipt, _with(chain, 1, outcome=outcome))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "atomic-receipt/2"}', "\xff", '{"a":' * 2000])
def test_what_is_no_receipt(text: str) -> None:
    with pytest.raises(ReceiptMalformed):
        load_receipt(text)


def test_a_file_that_is_missing(tmp_path: Any) -> None:
    with pytest.raises(ReceiptMalformed, match="can't be read"):
        load_receipt(tmp_path / "none.json")
