"""A worker that is killed anywhere goes on, and never acts twice."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from atomic_verify.chain.interface import interface
from atomic_verify.protocol.intents import Intent, IntentStore
from atomic_verify.protocol.types import JobState
from prover.daemon import Hooks
from tests.integration.chain.support import Killed
from tests.integration.prover.town import LiveWorker, Town


@dataclass
class Reaper:
    """Kills each life of a worker at the first persisted step that no life before it survived."""

    survived: set[str] = field(default_factory=set)
    killed_at: list[str] = field(default_factory=list)
    is_dead: bool = False

    def step(self, name: str) -> None:
        # Another thread's step may have ended this life a moment ago: what was persisted since is a death there too.
        is_new = name not in self.survived
        if is_new:
            self.survived.add(name)
            self.killed_at.append(name)
        if is_new or self.is_dead:
            self.is_dead = True
            raise Killed

    def hooks(self) -> Hooks:
        return Hooks(self.step, lambda store: MortalIntents(store, self))


class MortalIntents:
    """The intents on the disk; the reaper looks on right after each write."""

    def __init__(self, store: IntentStore, reaper: Reaper) -> None:
        self._store = store
        self._reaper = reaper

    def add(self, intent: Intent) -> None:
        self._store.add(intent)
        self._reaper.step(f"{intent.key}:{intent.state}")

    def update(self, intent: Intent) -> None:
        self._store.update(intent)
        self._reaper.step(f"{intent.key}:{intent.state}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture(autouse=True)
def _deaths_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task's thread that dies of a kill is meant to."""
    reported = threading.excepthook
    monkeypatch.setattr(
        threading, "excepthook", lambda args: None if issubclass(args.exc_type, Killed) else reported(args)
    )


def test_killed_after_every_persisted_step(town: Town) -> None:
    town.stake(2)
    reaper = Reaper()
    lives: list[LiveWorker] = []
    is_over = threading.Event()

    def reincarnate() -> None:
        while not is_over.is_set():
            reaper.is_dead = False
            try:
                live = town.open(2, reaper.hooks(), worker={"public_url": "http://worker.test"}).start()
            except Killed:
                continue
            lives.append(live)
            while not reaper.is_dead and not is_over.wait(0.01):
                pass
            live.stop()
            live.died = None

    rebirths = threading.Thread(target=reincarnate, daemon=True)
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    rebirths.start()
    try:
        town.play(job, rfp)
        token = town.deployment.utility_token
        paid = town.events(job, "Settled")[0].args["toWorker"]
        town.until(lambda: town.chain.balance_of(lives[0].address, token) == paid, "the withdrawal")
    finally:
        is_over.set()
        rebirths.join(30)

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
