"""Workers that prove with EZKL itself, on the small circuit: done, killed in the middle, and out of memory."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from atomic_verify.commitments import Batch
from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.models.build import build_model
from atomic_verify.protocol.proofs import unpack
from atomic_verify.protocol.types import Guarantee, JobState
from circuits.prover import Circuit
from circuits.runner import is_available
from prover import equipment
from tests.integration.prover.proving_town import Posted, reasons
from tests.integration.prover.town import Town, new_town

ROOT = Path(__file__).resolve().parents[3]
MIB = 2**20

pytestmark = pytest.mark.skipif(not is_available(), reason="EZKL isn't installed: it is an extra")


@pytest.fixture(scope="module")
def penguins_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the small circuit, its keys made."""
    folder = tmp_path_factory.mktemp("models")
    Circuit.open(build_model(ROOT / "models" / "penguins", folder)).ensure_keys()
    return folder


@pytest.fixture
def town(penguins_dir: Path, tmp_path: Path) -> Iterator[Town]:
    with new_town(penguins_dir, tmp_path) as made:
        yield made


def penguins(town: Town) -> InstalledModel:
    return ModelLibrary(town.models_dir).get("penguins")


def post(town: Town, items: int, **changes: Any) -> Posted:
    """A proven job on penguins of all kinds."""
    drawn = np.random.default_rng(3).uniform([3.2, 1.3, 1.7, 2.7], [6.0, 2.2, 2.4, 6.3], (items, 4))
    payload = drawn.astype("<f4").tobytes()
    rfp = town.rfp(payload, penguins(town), guarantee=Guarantee.PROVEN, **changes)
    return Posted(rfp, town.post(rfp, town.host.put(payload)), payload)


def children(of: int) -> list[psutil.Process]:
    """The processes in which EZKL works for a process."""
    try:
        found = psutil.Process(of).children(recursive=True)
        return [one for one in found if "circuits.child" in one.cmdline()]
    except psutil.Error:
        return []


def require_settled(town: Town, posted: Posted) -> None:
    """The job was proven, settled at once, and its decisions are those of the model's own run."""
    (event,) = town.events(posted.job, "Proven")
    assert town.events(posted.job, "Settled")
    items = Batch.from_payload(penguins(town).manifest.input_specs, posted.rfp.item_count, posted.payload)
    assert len(unpack(event.args["decisions"], items.item_count)) == items.item_count


def test_a_proven_job_from_bid_to_settled(town: Town) -> None:
    worker = town.hire(2)
    posted = post(town, 3)

    town.play(posted.job, posted.rfp)

    require_settled(town, posted)
    done = worker.running.tools.decisions.last(posted.job, "prove")
    assert done is not None
    assert [one[0] for one in done.details["decisions"]] == done.details["executed"]
    assert done.details["peak_bytes"] > MIB
    (event,) = town.events(posted.job, "Proven")
    assert [one.index for one in unpack(event.args["decisions"], 3)] == done.details["executed"]
    facts = worker.running.tools.facts(posted.rfp.model_id)
    assert facts is not None
    assert facts.proves is Guarantee.PROVEN
    assert 0 < facts.seconds_per_proof < 60


def started(town: Town, index: int, log: Path) -> "subprocess.Popen[bytes]":
    """A worker as a process of its own, as `atomic worker run` starts it."""
    settings = town.settings(index)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATOMIC_")}
    plain = json.loads(settings.model_dump_json(exclude={"gateway", "watcher", "worker"}, exclude_none=True))
    told = {f"ATOMIC_{name.upper()}": str(value) for name, value in plain.items()}
    told |= {f"ATOMIC_WORKER__{name.upper()}": value for name, value in (("PORT", "0"), ("SANDBOX", "never"))}
    told |= {"ATOMIC_WORKER__POLL_SECONDS": "0.05", "ATOMIC_LOG_FORMAT": "json"}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "atomic_verify.cli", "worker", "run"],
            cwd=ROOT,
            env=environment | told,
            stdout=out,
            stderr=out,
        )


def test_kill_9_in_the_middle_of_proving(town: Town) -> None:
    town.stake(2)
    log = town.folder / "killed.log"
    process = started(town, 2, log)
    try:
        posted = post(town, 8)
        town.play(posted.job, posted.rfp, to=JobState.AWARDED)
        town.until(lambda: log.read_text().count('"proved"') >= 2, "two proofs")
        (child,) = town.until(lambda: children(process.pid), "a third")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert town.state(posted.job) is JobState.AWARDED
    town.until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the child's death")

    worker = town.open(2).start()
    town.play(posted.job, posted.rfp)

    require_settled(town, posted)
    made = [one for one in worker.running.tools.decisions.of(posted.job, "prove") if one.outcome == "item"]
    assert sorted(one.details["made"]["item"] for one in made) == list(range(8)), "none was proven twice"


def test_a_child_that_is_killed_is_tried_again(town: Town) -> None:
    worker = town.hire(2)
    posted = post(town, 2)
    town.play(posted.job, posted.rfp, to=JobState.AWARDED)
    # As the kernel does when memory runs out.
    town.until(_killed(), "a child to kill")

    town.play(posted.job, posted.rfp)

    require_settled(town, posted)
    assert ("failed", "circuit-out-of-memory") in reasons(worker, posted.job, "prove")


def _killed() -> Callable[[], bool]:
    def kill() -> bool:
        found = children(os.getpid())
        for child in found:
            child.kill()
        return bool(found)

    return kill


def test_without_memory_for_a_proof_the_job_goes_to_the_runner_up_in_time(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if its circuit.json told less than a proof takes here.
    monkeypatch.setattr(equipment, "require_room", lambda *_: None)
    starved = town.hire(2, worker={"proof_memory_mib": 24, "pricing": {"base_price": 10**16}})
    fed = town.hire(3, worker={"pricing": {"base_price": 10**17}})
    posted = post(town, 1)
    town.play(posted.job, posted.rfp, bids=2, to=JobState.AWARDED)
    town.until(lambda: reasons(starved, posted.job, "prove"), "the failure")
    assert reasons(starved, posted.job, "prove") == [("failed", "circuit-out-of-memory")]

    town.jump_to(town.chain.job_of(posted.job).time)
    town.until(lambda: town.chain.job_of(posted.job).attempt == 2, "the reassignment")
    town.play(posted.job, posted.rfp)

    require_settled(town, posted)
    assert town.events(posted.job, "Settled")[0].args["worker"] == fed.address.lower()
    assert town.events(posted.job, "AttemptMissed")[0].args["worker"] == starved.address.lower()
