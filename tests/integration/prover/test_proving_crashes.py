"""A worker that is killed anywhere on the way to a proven commit goes on, proves nothing twice, and commits once."""

from collections import Counter

import pytest

from atomic_verify.chain.interface import interface
from atomic_verify.protocol.types import JobState
from prover.daemon import Hooks
from tests.integration.chain.support import Killed
from tests.integration.prover.proving_town import HYBRID, PROVEN, ProvingTown
from tests.integration.prover.reaper import Reaper, deaths_in_threads, mortal
from tests.support.proven_models import code_hash_of_verifier

ITEMS = 3


@pytest.fixture(autouse=True)
def _deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths_in_threads(monkeypatch)


def test_killed_after_every_persisted_step(proving: ProvingTown) -> None:
    town = proving.town
    town.stake(2)
    reaper = Reaper(proving.play.open)
    posted = proving.post(PROVEN, ITEMS)
    with mortal(town, 2, reaper) as lives:
        town.play(posted.job, posted.rfp)
        paid = town.events(posted.job, "Settled")[0].args["toWorker"]
        token = town.deployment.utility_token
        town.until(lambda: town.chain.balance_of(lives[0].address, token) == paid, "the withdrawal")

    assert town.state(posted.job) is JobState.FINAL
    functions = {entry.digest[:4].hex(): name for name, entry in interface("Results").functions.items()}
    acts = Counter(functions.get(selector[2:], selector) for selector in town.transactions_of(lives[0].address))
    # A selector of zeros: the deployer's data begins with the salt.
    assert (acts["commitProven"], acts["0x00000000"]) == (1, 1)
    for name in (f"verifier:{code_hash_of_verifier()}:0", "commit-1"):
        for state in ("intended", "signed", "sent", "mined"):
            assert any(step.startswith(name) and step.endswith(state) for step in reaper.killed_at), (name, state)
    steps = {"executed", "noted:execute:done", "proved", "noted:prove:item", "published:proven", "noted:prove:done"}
    assert steps <= set(reaper.killed_at)
    made = [one for one in lives[-1].running.tools.decisions.of(posted.job, "prove") if one.outcome == "item"]
    assert [one.details["made"]["item"] for one in made] == [0, 1, 2], "what is on record isn't made again"


def test_only_missing_proofs_of_the_same_features_are_made(proving: ProvingTown) -> None:
    seen: list[str] = []

    def die_after_two(step: str) -> None:
        seen.append(step)
        if seen.count("noted:prove:item") >= 2:
            raise Killed

    town = proving.town
    town.stake(2)
    worker = town.open(2, Hooks(die_after_two, open_circuit=proving.play.open)).start()
    posted = proving.post(HYBRID, ITEMS)
    town.play(posted.job, posted.rfp, to=JobState.AWARDED)
    town.until(lambda: seen.count("noted:prove:item") == 2, "two proofs")
    worker.stop()
    before = worker.running.tools.decisions.of(posted.job)

    again = town.open(2, Hooks(open_circuit=proving.play.open)).start()
    town.play(posted.job, posted.rfp)

    assert len(proving.play.read) == ITEMS
    assert len(set(proving.play.read)) == ITEMS
    after = again.running.tools.decisions.of(posted.job)
    assert [one.kind for one in after].count("execute") == 1
    made = [one.details["made"] for one in after if (one.kind, one.outcome) == ("prove", "item")]
    assert [one["item"] for one in made] == [0, 1, 2]
    assert len([one for one in before if (one.kind, one.outcome) == ("prove", "item")]) == 2
    (done,) = [one for one in after if (one.kind, one.outcome) == ("prove", "done")]
    assert done.details["output"]["proofs"] == [one["proof"] for one in made]
    assert town.events(posted.job, "Committed")[0].args["root"] == done.details["output"]["root"]


def test_a_lost_database_is_made_up_for(proving: ProvingTown) -> None:
    town = proving.town
    worker = proving.hire()
    posted = proving.post(PROVEN, ITEMS)
    proving.play.gate.clear()
    town.play(posted.job, posted.rfp, to=JobState.AWARDED)
    town.until(lambda: proving.play.read, "the first proof")
    worker.stop()
    for file in (town.folder / "worker2").glob("atomic.sqlite*"):
        file.unlink()
    proving.play.gate.set()

    town.open(2, Hooks(open_circuit=proving.play.open)).start()
    town.play(posted.job, posted.rfp)

    assert len(town.events(posted.job, "Proven")) == 1
