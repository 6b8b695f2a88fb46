"""A worker that is killed anywhere goes on, and never acts twice."""

from collections import Counter

import pytest

from atomic_verify.chain.interface import interface
from atomic_verify.protocol.types import JobState
from prover.daemon import Hooks
from tests.integration.chain.support import Killed
from tests.integration.prover.reaper import Reaper, deaths_in_threads, mortal
from tests.integration.prover.town import Town


@pytest.fixture(autouse=True)
def _deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths_in_threads(monkeypatch)


def test_killed_after_every_persisted_step(town: Town) -> None:
    town.stake(2)
    reaper = Reaper()
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    with mortal(town, 2, reaper) as lives:
        town.play(job, rfp)
        token = town.deployment.utility_token
        paid = town.events(job, "Settled")[0].args["toWorker"]
        town.until(lambda: town.chain.balance_of(lives[0].address, token) == paid, "the withdrawal")

    assert town.state(job) is JobState.FINAL
    names = {entry.digest[:4].hex(): name for face in ("Market", "Results", "Registry", "UtilityToken")
             for name, entry in interface(face).functions.items()}  # fmt: skip
    acts = Counter(names[selector[2:]] for selector in town.transactions_of(lives[0].address))
    once = ("announce", "bid", "reveal", "award", "commit", "finalize", "withdraw")
    assert {name: acts[name] for name in once} == dict.fromkeys(once, 1)
    for name in ("bid", "reveal", "award", "commit-1", "finalize"):
        for state in ("intended", "signed", "sent", "mined"):
            assert any(step.startswith(name) and step.endswith(state) for step in reaper.killed_at), (name, state)
    assert {"noted:bid:taken", "executed", "published", "noted:execute:done"} <= set(reaper.killed_at)


def test_a_lost_database_loses_no_reveal(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.until(lambda: town.chain.job_of(job).sealed_count == 1, "the bid")
    worker.stop()
    for file in (town.folder / "worker2").glob("atomic.sqlite*"):
        file.unlink()

    town.open(2).start()
    town.play(job, rfp)

    assert town.events(job, "BidRevealed")[0].args["worker"] == worker.address.lower()
    assert len(town.events(job, "Finalized")) == 1


def test_an_output_that_was_published_is_committed_and_not_made_again(town: Town) -> None:
    reaper = Reaper()

    def die_once_published(step: str) -> None:
        if step == "noted:execute:done" or reaper.is_dead:
            reaper.is_dead = True
            raise Killed

    town.stake(2)
    worker = town.open(2, Hooks(die_once_published)).start()
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.play(job, rfp, to=JobState.AWARDED)
    town.until(lambda: reaper.is_dead, "the kill")
    worker.stop()

    again = town.open(2).start()
    town.play(job, rfp)

    done = [one for one in again.running.tools.decisions.of(job, "execute") if one.outcome == "done"]
    assert len(done) == 1
    assert town.events(job, "Committed")[0].args["root"] == done[0].details["output"]["root"]
