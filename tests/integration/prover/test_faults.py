"""What goes wrong around a worker: inputs, disks, stakes, rivals. It loses nothing and says why."""

import errno
import os
import time
from dataclasses import replace
from typing import Any

import pytest

from atomic_verify.chain.errors import SenderBusy
from atomic_verify.chain.presets import UNIT
from atomic_verify.commitments import Digest
from atomic_verify.execution.errors import SandboxTimeout
from atomic_verify.protocol.primitives import Amount, JobId, ModelId
from atomic_verify.protocol.types import JobState
from atomic_verify.storage import blobs
from prover.daemon import Hooks
from tests.integration.prover.town import BOND, STAKE, LiveWorker, Town


def reasons(worker: LiveWorker, job: JobId, kind: str) -> list[tuple[str, str]]:
    """The outcomes and reasons that the worker recorded."""
    return [(one.outcome, one.reason) for one in worker.running.tools.decisions.of(job, kind)]


def test_a_runner_up_takes_over_from_a_winner_that_died(town: Town) -> None:
    winner = town.hire(2, worker={"pricing": {"base_price": 10**16}})
    runner_up = town.hire(3, worker={"pricing": {"base_price": 10**17}})
    third = town.hire(4, worker={"pricing": {"base_price": 2 * 10**17}})
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    winner.running.tools.workshop.execute = _die_of(winner)  # type: ignore[method-assign]

    town.play(job, rfp, bids=3, to=JobState.AWARDED)
    winner.running.worker.stop()
    town.until(lambda: winner.thread is not None and not winner.thread.is_alive(), "the winner's death")
    town.jump_to(town.chain.job_of(job).time)
    town.until(lambda: town.chain.job_of(job).attempt == 2, "the reassignment")
    town.play(job, rfp)

    assert town.events(job, "AttemptMissed")[0].args["worker"] == winner.address.lower()
    assert town.events(job, "Settled")[0].args["worker"] == runner_up.address.lower()
    assert reasons(runner_up, job, "reassign") == [("taken", "cost")]
    assert town.chain.stake_of(winner.address).total == STAKE - BOND
    for worker in (runner_up, third):
        assert town.chain.free_stake_of(worker.address) == STAKE


def _die_of(worker: LiveWorker) -> Any:
    """A model run that ends with its worker being told to stop."""

    def execute(*_: Any) -> Any:
        worker.running.worker.stop()
        raise OSError("the machine is going down")

    return execute


def test_a_missed_deadline_is_recorded_and_the_worker_goes_on(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    workshop = worker.running.tools.workshop
    execute = workshop.execute

    def hang(*_: Any) -> Any:
        raise SandboxTimeout("the sandbox took more than 1 seconds", seconds=1)

    workshop.execute = hang  # type: ignore[method-assign, assignment]
    town.play(job, rfp, to=JobState.AWARDED)
    town.until(lambda: reasons(worker, job, "execute") == [("failed", "sandbox-timeout")], "the failure")
    town.jump_to(town.chain.job_of(job).time)
    town.until(lambda: reasons(worker, job, "commit") == [("missed", "attempt 1")], "the record")

    workshop.execute = execute  # type: ignore[method-assign]
    other = town.rfp(payload)
    good = town.post(other, town.host.put(payload))
    town.play(good, other)
    assert town.events(good, "Settled")[0].args["worker"] == worker.address.lower()


def test_an_input_with_another_root_gets_no_bid(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp = town.rfp(payload, input_root=Digest(b"\x07" * 32))
    job = town.post(rfp, town.host.put(payload))

    town.until(lambda: reasons(worker, job, "fetch") == [("failed", "input-root-mismatch")], "the refusal")
    # Another job with the right root is done as if nothing had been.
    good = town.rfp(payload)
    other = town.post(good, town.host.put(payload))
    town.play(other, good)

    assert town.chain.job_of(job).sealed_count == 0


def test_bytes_of_another_digest_get_no_bid(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp, uri = town.rfp(payload), town.host.put(payload)
    town.host.blobs[uri.rsplit("/", 1)[-1]] = payload[:-1] + b"\x01"

    job = town.post(rfp, uri)

    town.until(lambda: reasons(worker, job, "fetch") == [("failed", "fetch-mismatch")], "the refusal")
    assert town.chain.job_of(job).sealed_count == 0


def test_an_input_longer_than_its_signature_is_never_read_whole(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload(items=4)
    rfp = replace(town.rfp(payload), item_count=1)

    job = town.post(rfp, town.host.put(payload))

    town.until(lambda: reasons(worker, job, "fetch") == [("failed", "blob-too-large")], "the refusal")


def test_an_input_host_that_comes_back_in_time_is_enough(town: Town) -> None:
    worker = town.hire(2)
    town.host.is_up = False
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.until(lambda: reasons(worker, job, "fetch") == [("failed", "fetch-failed")], "the failure")

    town.host.is_up = True
    town.play(job, rfp)

    assert town.events(job, "Settled")[0].args["worker"] == worker.address.lower()


def test_a_disk_that_is_full_when_publishing_is_tried_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.until(lambda: town.chain.job_of(job).sealed_count == 1, "the bid")
    full = True

    def write(file: Any, data: bytes) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file.write(data)

    monkeypatch.setattr(blobs, "_write_all", write)
    town.play(job, rfp, to=JobState.AWARDED)
    town.until(lambda: reasons(worker, job, "execute") == [("failed", "blob-store-full")], "the full disk")

    full = False
    town.play(job, rfp)

    assert reasons(worker, job, "execute")[-1] == ("done", "attempt 1")


def test_a_bond_over_the_free_stake_gets_no_bid_until_there_is_stake(town: Town) -> None:
    worker = town.hire(2, stake=Amount(2 * UNIT))
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.until(lambda: reasons(worker, job, "bid") == [("skipped", "bond-over-free-stake")], "the refusal")

    stake = Amount(10 * UNIT)
    token = town.deployment.utility_token
    town.bank.send("more", town.chain.calls.transfer_token(token, worker.address, stake))
    sender = worker.running.tools.sender
    sender.submit("test:approve", town.chain.calls.approve(token, stake))
    sender.submit("test:stake", town.chain.calls.stake(stake))
    town.play(job, rfp)

    assert reasons(worker, job, "bid")[-1] == ("taken", "cost")


def test_an_unknown_model_is_skipped_and_said_so(town: Town) -> None:
    worker = town.hire(2)
    spec = replace(town.mlp.manifest.spec(), onnx_digest=Digest(b"\x01" * 32))
    town.bank.send("publish", town.chain.calls.publish(spec, "file:///other"))
    published = town.events(name="ModelPublished")[-1].args["modelId"]
    payload = town.payload()
    rfp = town.rfp(payload, model_id=ModelId(bytes.fromhex(published[2:])))

    job = town.post(rfp, town.host.put(payload))

    town.until(lambda: reasons(worker, job, "bid") == [("skipped", "model-unknown")], "the refusal")
    assert town.host.requests == 0


def test_an_award_that_never_came_costs_no_bond(town: Town) -> None:
    town.stake(2)

    def stop_once_revealed(step: str) -> None:
        if step == "submitted:reveal":
            worker.running.worker.stop()

    worker = town.open(2, Hooks(stop_once_revealed)).start()
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.until(lambda: town.chain.job_of(job).sealed_count == 1, "the bid")
    posted = town.chain.job_of(job).time
    town.jump_to(posted + rfp.bidding_time)
    town.until(lambda: worker.thread is not None and not worker.thread.is_alive(), "the stop")
    worker.stop()
    town.jump_to(posted + rfp.bidding_time + rfp.reveal_time + rfp.execution_timeout)

    town.open(2).start()

    town.until(lambda: town.state(job) is JobState.EXPIRED, "the expiry")
    town.until(lambda: town.chain.free_stake_of(worker.address) == STAKE, "the release")
    assert [event.name for event in town.events(job)][-2:] == ["BidReleased", "BondReleased"]


def test_a_second_instance_on_one_key_is_refused(town: Town) -> None:
    town.hire(2)
    with pytest.raises(SenderBusy):
        town.open(2)


def test_a_worker_that_is_stopping_takes_nothing_on_and_ends_its_act(town: Town) -> None:
    worker = town.hire(2)
    town.until(lambda: worker.running.tools.is_ready(time.monotonic()), "the first look")
    worker.stop()
    payload = town.payload()
    job = town.post(town.rfp(payload), town.host.put(payload))

    assert worker.died is None
    assert town.chain.job_of(job).sealed_count == 0
