"""Deaths for stories of crashes: a worker that is killed at each step that is on the disk, and starts again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from atomic_verify.protocol.intents import Intent, IntentStore
from prover.daemon import Hooks
from prover.equipment import OpenCircuit
from tests.integration.chain.support import Killed
from tests.integration.prover.town import LiveWorker, Town


@dataclass
class Reaper:
    """Kills each life of a worker at the first persisted step that no life before it survived."""

    open_circuit: OpenCircuit | None = None
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
        return Hooks(self.step, lambda store: MortalIntents(store, self), self.open_circuit)


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


def deaths_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a task's thread die of a kill without a word: it is meant to."""
    reported = threading.excepthook
    monkeypatch.setattr(
        threading, "excepthook", lambda args: None if issubclass(args.exc_type, Killed) else reported(args)
    )


class Life(Protocol):
    """A daemon that runs in threads."""

    died: BaseException | None

    def stop(self) -> None: ...


@contextmanager
def reborn(reaper: Reaper, begin: Callable[[], Life]) -> Iterator[None]:
    """Begins a life, and another after each death, until the end of the block."""
    is_over = threading.Event()

    def reincarnate() -> None:
        while not is_over.is_set():
            reaper.is_dead = False
            try:
                live = begin()
            except Killed:
                continue
            while not reaper.is_dead and not is_over.wait(0.01):
                pass
            live.stop()
            live.died = None

    rebirths = threading.Thread(target=reincarnate, daemon=True)
    rebirths.start()
    try:
        yield
    finally:
        is_over.set()
        rebirths.join(60)
        assert not rebirths.is_alive()


@contextmanager
def mortal(town: Town, index: int, reaper: Reaper) -> Iterator[list[LiveWorker]]:
    """A worker that is born again after each death, until the end of the block; its lives so far."""
    lives: list[LiveWorker] = []

    def begin() -> LiveWorker:
        lives.append(town.open(index, reaper.hooks(), worker={"public_url": "http://worker.test"}).start())
        return lives[-1]

    with reborn(reaper, begin):
        yield lives
