"""A worker stands up for its own results: against false claims, and against lines that ask for what it serves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.protocol.types import ClaimState, JobState, Run, Subject, Turn
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import CLAIMER, WatchTown, watch_town, wrong
from tests.support.tiny_models import install, one_operator

WORKER = 2


@pytest.fixture(scope="module")
def tiny_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    install(folder / "tiny", one_operator("Sigmoid"))
    return folder


@pytest.fixture
def town(tiny_dir: Path, tmp_path: Path) -> Iterator[WatchTown]:
    with Anvil() as anvil:
        preset = development(claim_reveal_time=300, refute_window=300, line_clock=300)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, tiny_dir, tmp_path) as made, watch_town(made) as watched:
            made.hire(WORKER, watcher={"margin_seconds": 1, "grace_seconds": 1, "tries": 2})
            yield watched


def test_a_false_claim_dies_and_the_worker_is_paid(town: WatchTown) -> None:
    made = town.buy()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning())
    town.town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the refutation")
    refuted = town.town.events(made.job, "ClaimRefuted")[0]
    assert refuted.sender.lower() == development_signer(WORKER).address.lower()
    assert refuted.args["toWorker"] > 0
    town.town.play(made.job, made.rfp)
    assert town.chain.job_of(made.job).state is JobState.FINAL


def test_a_withheld_trace_is_asked_for_until_it_breaks(town: WatchTown) -> None:
    made = town.buy()
    town.fund(WORKER)
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning(), serves_trace=False)
    town.town.until(
        lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED or town.answer_lines(), "the refutation"
    )
    assert town.town.events(name="Answered")


@pytest.mark.parametrize("subject", [Subject.RESULT, Subject.INPUT])
def test_lines_on_results_and_inputs_are_answered(town: WatchTown, subject: Subject) -> None:
    made = town.buy()
    sender = town.sender(CLAIMER)
    call = town.calls.demand_item(made.rfp, town.model.manifest.spec(), subject, 3, [Run(0, 0, 1, 0)])
    sender.send("demand", call)
    (event,) = town.town.events(name="LineOpened")
    line = int(event.args["line"])
    town.town.until(lambda: town.chain.line_of(line).turn is Turn.DEMANDER, "the answer")
    batch = made.inputs if subject is Subject.INPUT else made.outputs
    (answered,) = town.town.events(name="Answered")
    opening = answered.args["answer"]["openings"][0]
    assert bytes.fromhex(opening["leaves"][2:])[:16] == bytes(batch.item_payload(3))
    sender.send("close", town.calls.close_line(made.rfp, line))
    town.town.play(made.job, made.rfp)
    assert town.chain.job_of(made.job).state is JobState.FINAL
