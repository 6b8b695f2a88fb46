"""Watchers on a real chain: what they find, what they do about it, and what they leave alone."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.protocol.types import ClaimState, JobState
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import ACCEPT, SLASH, WATCHER, WatchTown, watch_town, wrong
from tests.support.tiny_models import install, one_operator


@pytest.fixture(scope="module")
def tiny_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one disputable model in it: y = sigmoid(x)."""
    folder = tmp_path_factory.mktemp("models")
    install(folder / "tiny", one_operator("Sigmoid"))
    return folder


@pytest.fixture
def town(tiny_dir: Path, tmp_path: Path) -> Iterator[WatchTown]:
    with Anvil() as anvil:
        preset = development(claim_reveal_time=300, refute_window=300, line_clock=300)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, tiny_dir, tmp_path) as made, watch_town(made) as watched:
            yield watched


def test_a_watcher_without_a_wallet_reports(town: WatchTown) -> None:
    honest = town.commit()
    moved = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
    watcher = town.watch()
    town.town.until(lambda: watcher.status()["results"] == 2, "both results examined")
    status = httpx.get(f"{watcher.running.url}/v1/status").json()
    assert (status["items"], status["disagreed"], status["slash_items"], status["evaluated"]) == (8, 1, 1, 1)
    assert status["defends"] is False
    assert httpx.get(f"{watcher.running.url}/health/ready").status_code == 200
    assert "atomic_watcher_results_total" in httpx.get(f"{watcher.running.url}/metrics").text
    for made in (honest, moved):
        assert town.names(made.job)[-1] == "Committed", "it touched nothing"


def test_fraud_is_claimed_and_slashed(town: WatchTown) -> None:
    made = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
    town.defend()
    town.town.until(lambda: "ClaimRevealed" in town.names(made.job), "the claim")
    town.town.jump(301)
    town.town.until(lambda: "ClaimUpheld" in town.names(made.job), "it to be upheld")
    town.town.jump(600)
    town.town.until(lambda: town.chain.job_of(made.job).state is JobState.SLASHED, "the slash")
    mine = development_signer(WATCHER).address
    events = town.town.events(made.job)
    assert [event.name for event in events if event.sender.lower() == mine.lower()].count("ClaimRevealed") == 1
    settled = next(event for event in events if event.name == "Settled")
    assert settled.args["bondToChallenger"] > 0


def test_an_item_beyond_accept_is_void_and_the_others_are_paid(town: WatchTown) -> None:
    def tamper(outputs) -> None:
        outputs[2, 0] += 2 * ACCEPT
        outputs[3, 1] += 0.5 * ACCEPT

    made = town.commit(tamper)
    town.defend()
    town.town.until(lambda: "ClaimRevealed" in town.names(made.job), "the claim")
    (event,) = town.town.events(made.job, "ClaimRevealed")
    assert event.args["terms"]["item"] == 2
    town.town.jump(301)
    town.town.until(lambda: "ClaimUpheld" in town.names(made.job), "it to be upheld")
    assert town.chain.result_of(made.job).void_items == 1


def test_an_honest_result_is_let_be(town: WatchTown) -> None:
    made = town.commit()
    watcher = town.defend()
    town.town.until(lambda: watcher.status()["results"] == 1, "the examination")
    town.town.jump(100)
    town.town.until(lambda: watcher.status()["block"] >= town.chain.head().number, "another look")
    assert town.names(made.job)[-1] == "Committed"


def test_a_false_claim_is_refuted_by_its_served_trace(town: WatchTown) -> None:
    made = town.commit()
    lying = town.lying_meaning()
    _, claim = town.claim(made, wrong(), meaning=lying)
    town.defend()
    town.town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the refutation")
    assert town.chain.job_of(made.job).state is JobState.COMMITTED


def test_a_false_claim_without_a_trace_is_taken_apart_on_the_chain(town: WatchTown) -> None:
    made = town.commit()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning(), serves_trace=False)
    town.defend()
    town.town.until(lambda: town.town.events(name="Demanded"), "the demand")
    town.answer_lines()
    town.town.until(
        lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED or town.answer_lines(), "the refutation"
    )
    assert town.town.events(name="Answered"), "it had to answer"


def test_a_false_claim_whose_trace_is_never_shown_lapses(town: WatchTown) -> None:
    made = town.commit()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning(), serves_trace=False)
    town.defend()
    town.town.until(lambda: town.town.events(name="Demanded"), "the demand")
    town.town.jump(301)
    town.town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the lapse")


def test_a_true_claim_of_another_is_left_alone(town: WatchTown) -> None:
    made = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
    _, claim = town.claim(made, wrong())
    watcher = town.defend()
    town.town.until(lambda: watcher.status()["claims"], "the claim examined")
    assert watcher.status()["claims"] == {"true": 1}
    assert town.chain.claim_of(claim).state is ClaimState.OPEN


def test_a_withheld_result_is_demanded_and_slashed(town: WatchTown) -> None:
    made = town.commit(serves_output=False)
    watcher = town.defend()
    town.town.until(lambda: town.town.events(name="Demanded"), "the demand")
    town.town.until(lambda: watcher.status()["withheld"] == 1, "it to be told")
    town.town.jump(301)
    town.town.until(lambda: town.chain.result_of(made.job).slashed, "the conviction")


@pytest.mark.parametrize("serves", [{"serves_output": False}, {"serves_input": False}])
def test_what_had_to_be_shown_on_the_chain_is_judged_and_claimed(town: WatchTown, serves: dict) -> None:
    made = town.commit(lambda outputs: outputs.__iadd__(3 * SLASH), **serves)
    town.defend()
    town.town.until(lambda: "ClaimRevealed" in town.names(made.job) or town.answer_lines(made), "the claim")
    assert town.town.events(name="Answered")
    town.town.jump(301)
    town.town.until(lambda: "ClaimUpheld" in town.names(made.job), "it to be upheld")
    assert town.chain.result_of(made.job).slashed


def test_what_had_to_be_shown_on_the_chain_and_is_right_is_let_be(town: WatchTown) -> None:
    made = town.commit(serves_output=False)
    town.defend()
    town.town.until(lambda: town.town.events(name="Demanded"), "the demand")
    town.town.until(lambda: not town.open_lines() or town.answer_lines(made), "the lines to be closed")
    assert "ClaimRevealed" not in town.names(made.job)
    assert not town.chain.result_of(made.job).slashed


def test_many_watchers_make_one_reward(town: WatchTown) -> None:
    made = town.commit(lambda outputs: outputs[0].__setitem__(0, 9.0))
    town.claim(made, wrong(item=0, element=0))
    town.defend()
    watcher = town.watch("another")
    town.town.until(lambda: watcher.status()["claims"] == {"true": 1}, "the claim to be examined")
    town.town.jump(10)
    assert town.names(made.job).count("ClaimRevealed") == 1, "a claim that one could defend oneself is cover enough"


def test_where_nobody_could_reveal_in_time_nothing_is_sealed(tiny_dir: Path, tmp_path: Path) -> None:
    with Anvil() as anvil:
        deployment = deploy(anvil.rpc, development_signer(0), development(claim_reveal_time=1))
        with open_town(anvil, deployment, tiny_dir, tmp_path) as made, watch_town(made) as town:
            fraud = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
            watcher = town.defend()
            made.until(lambda: watcher.status()["disagreed"] == 1, "the examination")
            made.jump(5)
            made.until(lambda: watcher.status()["block"] >= town.chain.head().number, "another look")
            assert town.names(fraud.job)[-1] == "Committed"
            assert made.events(name="ClaimSealed") == []
