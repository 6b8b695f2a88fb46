"""Jobs with proofs, with circuits that need no EZKL: from bid to settled, what goes wrong, and what isn't offered."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from atomic_verify.chain.interface import interface
from atomic_verify.chain.verifiers import DEPLOYER
from atomic_verify.commitments import Batch
from atomic_verify.models.circuit import verifier_address
from atomic_verify.protocol.primitives import JobId
from atomic_verify.protocol.proofs import Decision, unpack
from atomic_verify.protocol.types import Guarantee, JobState, Rfp
from circuits.errors import CircuitOutOfMemory, CircuitRange, EzklMissing
from prover import equipment
from prover.daemon import Hooks
from tests.integration.prover.proving_town import HYBRID, PROVEN, ProvingTown, reasons, rows
from tests.integration.prover.town import LiveWorker
from tests.support.proven_models import CREATION, SCALE, PlayCircuits

COMMIT_PROVEN = "0x" + interface("Results").functions["commitProven"].digest[:4].hex()
DEPLOY = "0x" + "00" * 4
"""The deployer's data begins with the salt."""


def committed(proving: ProvingTown, worker: LiveWorker, job: JobId) -> bytes:
    """The payload that was committed, as the worker serves it."""
    event = proving.town.events(job, "Committed")[0]
    return worker.running.tools.blobs.get(event.args["payloadDigest"][2:])


def test_a_hybrid_job_is_committed_with_its_proofs_and_waits_for_its_window(proving: ProvingTown) -> None:
    worker, model = proving.hire(), proving.model(HYBRID)
    posted = proving.post(HYBRID)

    proving.town.play(posted.job, posted.rfp)

    items = Batch.from_payload(model.manifest.output_specs, 3, committed(proving, worker, posted.job))
    x = np.frombuffer(posted.payload, "<f4").reshape(3, 4)
    for item in range(3):
        found = items.item(item)
        assert np.allclose(found["f"], 1 / (1 + np.exp(-x[item])), atol=1e-6)
        quanta = found["y"].astype(np.float64) * 2**SCALE
        assert (quanta == np.rint(quanta)).all()
        assert np.allclose(found["y"], -found["f"], atol=2.0**-SCALE)
    (event,) = proving.town.events(posted.job, "Proven")
    assert event.args["verifier"] == verifier_address(CREATION).lower()
    assert [one.index for one in unpack(event.args["decisions"], 3)] == np.argmin(x, axis=1).tolist()
    assert proving.town.events(posted.job, "Settled")[0].args["worker"] == worker.address.lower()
    done = worker.running.tools.decisions.last(posted.job, "prove")
    assert done is not None
    assert done.outcome == "done"
    assert done.details["executed"] == np.argmin(x, axis=1).tolist()
    assert done.details["share_of_accept"] < 0.25
    (made,) = proving.town.events(posted.job, "Committed")
    assert done.details["output"]["root"] == made.args["root"]
    assert "0x" + done.details["output"]["payload"] == made.args["payloadDigest"]
    assert len(proving.play.read) == 3


def test_features_that_are_not_finite_are_answered_canonically_before_they_are_proven(
    proving: ProvingTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, model = proving.hire(), proving.model(HYBRID)
    workshop = worker.running.tools.workshop
    run = workshop.execute

    def overflow(model_id: Any, payload: bytes, items: int, digest: str) -> Any:
        made = run(model_id, payload, items, digest)
        broken = np.frombuffer(made.payload, "<f4").copy()
        broken[:4] = np.inf
        record = replace(made.record, not_finite={"f": 4})
        return replace(made, payload=broken.tobytes(), record=record)

    monkeypatch.setattr(workshop, "execute", overflow)
    posted = proving.post(HYBRID, items=2)

    proving.town.play(posted.job, posted.rfp)

    item = Batch.from_payload(model.manifest.output_specs, 2, committed(proving, worker, posted.job)).item(0)
    x = np.frombuffer(posted.payload, "<f4")[:4]
    assert np.allclose(item["f"], 1 / (1 + np.exp(-x)), atol=1e-6)
    assert proving.play.read[0] == item["f"].tobytes()
    assert np.allclose(item["y"], -item["f"], atol=2.0**-SCALE)


def test_a_proven_job_is_settled_by_its_commit(proving: ProvingTown) -> None:
    worker = proving.hire()
    posted = proving.post(PROVEN, items=8)

    proving.town.play(posted.job, posted.rfp)

    events = [event.name for event in proving.town.events(posted.job)]
    assert {"Committed", "Proven", "Finalized", "Settled"} <= set(events)
    (block,) = {event.block for event in proving.town.events(posted.job) if event.name in ("Committed", "Settled")}
    assert block
    x = np.frombuffer(posted.payload, "<f4").reshape(8, 4)
    (event,) = proving.town.events(posted.job, "Proven")
    assert unpack(event.args["decisions"], 8) == tuple(Decision(3 - int(one), True) for one in np.argmax(x, axis=1))
    token = proving.town.deployment.utility_token
    paid = proving.town.events(posted.job, "Settled")[0].args["toWorker"]
    proving.town.until(lambda: proving.town.chain.balance_of(worker.address, token) == paid, "the withdrawal")


def test_a_verifier_is_deployed_once_and_serves_all_that_have_its_code(proving: ProvingTown) -> None:
    worker = proving.hire()
    for guarantee in (PROVEN, HYBRID, PROVEN):
        posted = proving.post(guarantee, items=1)
        proving.town.play(posted.job, posted.rfp)
    sent = proving.town.transactions_of(worker.address)
    assert (sent.count(DEPLOY), sent.count(COMMIT_PROVEN)) == (1, 3)


def test_a_quote_for_a_proven_job_is_signed_and_done(proving: ProvingTown) -> None:
    worker = proving.hire()
    payload = rows(2)
    rfp = proving.town.quote_rfp(payload, proving.model(PROVEN), guarantee=PROVEN)
    uri = proving.town.host.put(payload)
    proving.town.until(lambda: worker.running.tools.last_look is not None, "the first look")
    signed = proving.town.until(lambda: _quoted(worker, rfp, uri), "a quote")
    proving.town.requester.send("award", proving.town.chain.calls.award_quote(rfp, signed.quote, signed.signature, uri))
    proving.town.play(proving.town.id_of(rfp), rfp)
    assert proving.town.events(proving.town.id_of(rfp), "Proven")


def _quoted(worker: LiveWorker, rfp: Rfp, uri: str) -> Any:
    return worker.running.worker._desk.quote(rfp, uri)


def test_a_job_without_proofs_does_not_wait_for_one_that_is_being_proven(proving: ProvingTown) -> None:
    proving.hire()
    proving.play.gate.clear()
    slow = proving.post(HYBRID, execution_timeout=1_000)
    proving.town.play(slow.job, slow.rfp, to=JobState.AWARDED)
    proving.town.until(lambda: proving.play.read, "the proof")
    quick = proving.post(Guarantee.OPTIMISTIC, on=HYBRID)
    proving.town.play(quick.job, quick.rfp, to=JobState.COMMITTED)
    assert proving.town.state(slow.job) is JobState.AWARDED
    proving.play.gate.set()
    proving.town.until(lambda: proving.town.state(slow.job) is JobState.COMMITTED, "the slow one")


def test_a_proof_that_fails_is_recorded_and_tried_again(proving: ProvingTown) -> None:
    worker = proving.hire()
    proving.play.errors = [CircuitOutOfMemory("EZKL ran out of memory")]
    posted = proving.post(PROVEN, items=2)
    proving.town.play(posted.job, posted.rfp)
    assert ("failed", "circuit-out-of-memory") in reasons(worker, posted.job, "prove")
    assert len(proving.play.read) == 3
    failed = worker.running.tools.metrics.failures.labels("prove", "circuit-out-of-memory")
    assert failed._value.get() == 1


def test_a_proof_that_never_succeeds_leaves_the_job_to_the_runner_up(proving: ProvingTown) -> None:
    broken = PlayCircuits(always=CircuitOutOfMemory("EZKL ran out of memory"))
    cheap = proving.hire(2, broken, worker={"pricing": {"base_price": 10**16}})
    dear = proving.hire(3, worker={"pricing": {"base_price": 10**17}})
    posted = proving.post(HYBRID, items=1)
    proving.town.play(posted.job, posted.rfp, bids=2, to=JobState.AWARDED)
    proving.town.until(lambda: reasons(cheap, posted.job, "prove"), "the failure")
    proving.town.jump_to(proving.town.chain.job_of(posted.job).time)
    proving.town.until(lambda: proving.town.chain.job_of(posted.job).attempt == 2, "the reassignment")
    proving.town.play(posted.job, posted.rfp)
    assert proving.town.events(posted.job, "Settled")[0].args["worker"] == dear.address.lower()
    assert proving.town.events(posted.job, "AttemptMissed")[0].args["worker"] == cheap.address.lower()
    assert reasons(cheap, posted.job, "prove") == [("failed", "circuit-out-of-memory")]


def test_a_proof_that_comes_too_late_is_called_off_and_others_follow(proving: ProvingTown) -> None:
    worker = proving.hire()
    proving.play.gate.clear()
    late = proving.post(HYBRID)
    proving.town.play(late.job, late.rfp, to=JobState.AWARDED)
    proving.town.until(lambda: proving.play.read, "the proof")
    proving.town.jump_to(proving.town.chain.job_of(late.job).time)
    proving.town.until(lambda: not worker.running.tools.proofs.is_full, "its end")
    assert reasons(worker, late.job, "prove") == []
    proving.play.gate.set()
    posted = proving.post(PROVEN, items=1)
    proving.town.play(posted.job, posted.rfp)


def test_a_worker_that_is_stopped_calls_its_proof_off_and_makes_it_after_its_next_start(proving: ProvingTown) -> None:
    worker = proving.hire()
    proving.play.gate.clear()
    posted = proving.post(PROVEN, items=1)
    proving.town.play(posted.job, posted.rfp, to=JobState.AWARDED)
    proving.town.until(lambda: proving.play.read, "the proof")
    worker.stop()
    assert not worker.running.tools.proofs.is_full
    proving.play.gate.set()
    proving.town.open(2, Hooks(open_circuit=proving.play.open)).start()
    proving.town.play(posted.job, posted.rfp)
    assert len(proving.play.read) == 2


def test_what_no_circuit_proves_is_tried_once_and_lost_to_the_deadline(proving: ProvingTown) -> None:
    proving.play.always = CircuitRange("Values are too large for the circuit")
    worker = proving.hire()
    posted = proving.post(HYBRID, items=2)
    proving.town.play(posted.job, posted.rfp, to=JobState.AWARDED)
    proving.town.until(lambda: reasons(worker, posted.job, "prove") == [("failed", "circuit-range")], "the failure")
    other = proving.post(Guarantee.OPTIMISTIC, on=HYBRID)
    proving.town.play(other.job, other.rfp, to=JobState.COMMITTED)
    assert len(proving.play.read) == 1
    proving.town.jump_to(proving.town.chain.job_of(posted.job).time)
    missed = ("missed", "attempt 1")
    proving.town.until(lambda: missed in reasons(worker, posted.job, "commit"), "the record")


def test_a_proof_that_the_chain_refuses_costs_no_gas(proving: ProvingTown) -> None:
    proving.play.is_bad = True
    worker = proving.hire()
    posted = proving.post(PROVEN, items=1)
    proving.town.play(posted.job, posted.rfp, to=JobState.AWARDED)
    refused = ("failed", "revert-bad-proof")
    proving.town.until(lambda: refused in reasons(worker, posted.job, "commit"), "the refusal")
    failures = worker.running.tools.metrics.failures.labels("commit", "revert-bad-proof")
    proving.town.until(lambda: failures._value.get() >= 2, "another try")
    assert COMMIT_PROVEN not in proving.town.transactions_of(worker.address)
    assert failures._value.get() < 6, "tries are further and further apart"


def test_a_proof_that_was_lost_from_the_store_is_made_again(proving: ProvingTown) -> None:
    lost: list[str] = []

    def lose(step: str) -> None:
        if step == "noted:prove:done" and not lost:
            done = worker.running.tools.decisions.last(posted.job, "prove")
            assert done is not None
            lost.append(done.details["output"]["proofs"][1])
            worker.running.tools.blobs.delete(lost[0])

    proving.town.stake(2)
    worker = proving.town.open(2, Hooks(lose, open_circuit=proving.play.open))
    posted = proving.post(PROVEN, items=2)
    worker.start()
    proving.town.play(posted.job, posted.rfp)
    assert worker.running.tools.blobs.exists(lost[0])
    assert len(proving.play.read) == 3
    assert ("failed", "blob-missing") in reasons(worker, posted.job, "commit")


# What is offered


def test_without_ezkl_nothing_is_proven_and_everything_else_is_done(
    proving: ProvingTown, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(equipment, "is_available", lambda: False)
    worker = proving.town.hire(2)
    told = capsys.readouterr()
    assert (told.out + told.err).count("proofs_not_offered") == 1
    posted = proving.post(HYBRID)
    skipped = ("skipped", "guarantee-unsupported")
    proving.town.until(lambda: reasons(worker, posted.job, "bid") == [skipped], "the refusal")
    other = proving.post(Guarantee.OPTIMISTIC, on=HYBRID)
    proving.town.play(other.job, other.rfp)
    assert proving.town.state(other.job) is JobState.FINAL


def test_a_worker_that_must_prove_does_not_start_without_ezkl(
    proving: ProvingTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment, "is_available", lambda: False)
    proving.town.stake(2)
    with pytest.raises(EzklMissing) as refused:
        proving.town.open(2, worker={"prove": "always"})
    assert "atomic-verify[zk]" in (refused.value.hint or "")


def test_on_a_chain_without_the_deployer_no_proofs_are_offered(
    proving: ProvingTown, capsys: pytest.CaptureFixture[str]
) -> None:
    proving.town.anvil.request("anvil_setCode", DEPLOYER, "0x")
    worker = proving.hire()
    told = capsys.readouterr()
    assert "deployer-missing" in told.out + told.err
    facts = worker.running.tools.facts(proving.model(HYBRID).model_id)
    assert facts is not None
    assert facts.proves is None


def test_a_worker_that_is_told_never_to_prove_offers_no_proofs(proving: ProvingTown) -> None:
    worker = proving.hire(worker={"prove": "never"})
    assert len(worker.running.tools.workshop.provers) == 0
