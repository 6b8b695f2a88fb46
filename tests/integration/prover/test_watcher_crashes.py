"""A watcher that is killed anywhere goes on, loses no seal, and never acts twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.interface import interface
from atomic_verify.chain.presets import development
from atomic_verify.protocol.types import ClaimState, JobState
from tests.integration.prover.reaper import Reaper, deaths_in_threads, reborn
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import SLASH, WATCHER, LiveWatcher, WatchTown, watch_town, wrong
from tests.support.tiny_models import install, one_operator


@pytest.fixture
def town(tmp_path: Path) -> Iterator[WatchTown]:
    (tmp_path / "models").mkdir()
    install(tmp_path / "models" / "tiny", one_operator("Sigmoid"))
    with Anvil() as anvil:
        preset = development(claim_reveal_time=600, refute_window=600, line_clock=600)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, tmp_path / "models", tmp_path) as made, watch_town(made) as watched:
            yield watched


@pytest.fixture(autouse=True)
def _deaths_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths_in_threads(monkeypatch)


@contextmanager
def mortal_watcher(town: WatchTown) -> Iterator[Reaper]:
    """A watcher that is killed at each persisted step once, and started again each time."""
    reaper = Reaper()
    town.fund(WATCHER)

    def begin() -> LiveWatcher:
        return town.watch("watcher", reaper.hooks(), watcher={"defend": True, "public_url": "http://w.test"})

    with reborn(reaper, begin):
        yield reaper


def died_at(reaper: Reaper, name: str, state: str) -> bool:
    return any(step.startswith(name) and step.endswith(state) for step in reaper.killed_at)


def acts_of(town: WatchTown, index: int) -> Counter[str]:
    """The functions that an account called."""
    names = {entry.digest[:4].hex(): name for face in ("Market", "Results", "Registry", "Disputes", "UtilityToken")
             for name, entry in interface(face).functions.items()}  # fmt: skip
    sent = town.town.transactions_of(development_signer(index).address)
    return Counter(names[selector[2:]] for selector in sent)


def step_by_step(town: WatchTown, seen: Callable[[], object], seconds: int = 610) -> None:
    """Waits, and moves time beyond a window only when the watcher has done what it can."""
    town.town.until(seen, seconds=240)
    town.town.jump(seconds)


def test_killed_in_the_middle_of_each_step_of_a_claim(town: WatchTown) -> None:
    made = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
    with mortal_watcher(town) as reaper:
        step_by_step(town, lambda: "ClaimRevealed" in town.names(made.job))
        step_by_step(town, lambda: "ClaimUpheld" in town.names(made.job), 1_300)
        town.town.until(lambda: town.chain.job_of(made.job).state is JobState.SLASHED, seconds=240)
        town.town.until(lambda: acts_of(town, WATCHER)["withdraw"] >= 1, "its reward", seconds=240)
        town.town.until(lambda: died_at(reaper, "finalize", "mined"), "it to be noticed", seconds=240)

    acts = acts_of(town, WATCHER)
    once = ("announce", "approve", "seal", "reveal", "uphold", "finalize")
    assert {name: acts[name] for name in once} == dict.fromkeys(once, 1)
    assert [event.name for event in town.town.events() if event.name == "SealBurned"] == []
    for name in ("seal", "reveal", "uphold", "finalize"):
        for state in ("intended", "signed", "sent", "mined"):
            assert died_at(reaper, name, state), (name, state)
    assert {"examined", "traced", "recorded:seal"} <= set(reaper.killed_at)


def test_killed_in_the_middle_of_each_step_of_a_descent(town: WatchTown) -> None:
    made = town.commit()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning(), serves_trace=False)
    with mortal_watcher(town) as reaper:
        town.town.until(
            lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED or town.answer_lines(), seconds=240
        )
        town.town.until(lambda: not town.open_lines(), "the line to be closed", seconds=240)
        town.town.until(lambda: died_at(reaper, "refute", "mined"), "it to be noticed", seconds=240)

    acts, rounds = acts_of(town, WATCHER), len(town.town.events(name="Demanded"))
    assert (acts["demandTrace"], acts["refute"]) == (rounds, 1)
    for name in ("demand", "refute"):
        for state in ("intended", "signed", "sent", "mined"):
            assert died_at(reaper, name, state), (name, state)
