"""What watchers, and a worker's defence, make of results with proofs: hybrid ones are judged, proven ones are over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.commitments import Batch
from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.types import ClaimState, JobState, Outcome
from tests.integration.prover.proving_town import HYBRID, PROVEN, Posted, ProvingTown
from tests.integration.prover.town import InputHost, LiveWorker
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import Committed, WatchTown

FEATURES, SCORES = 0, 1


class HeadTown(WatchTown):
    """Disputes about the model whose head is proven."""

    @property
    def model(self) -> InstalledModel:
        return ModelLibrary(self.town.models_dir).get("head")


@pytest.fixture
def proving(proven_dir: Path, tmp_path: Path) -> Iterator[ProvingTown]:
    """A town with time for disputes."""
    with Anvil() as anvil:
        preset = development(claim_reveal_time=300, refute_window=300, line_clock=300)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, proven_dir, tmp_path) as made:
            yield ProvingTown(made)


@pytest.fixture
def heads(proving: ProvingTown) -> Iterator[HeadTown]:
    made = HeadTown(proving.town, InputHost())
    try:
        yield made
    finally:
        made.close()


def shown(proving: ProvingTown, worker: LiveWorker, posted: Posted) -> Committed:
    """A result as the worker serves it."""
    manifest = proving.model(HYBRID).manifest
    digest = proving.town.events(posted.job, "Committed")[0].args["payloadDigest"][2:]
    items = posted.rfp.item_count
    outputs = Batch.from_payload(manifest.output_specs, items, worker.running.tools.blobs.get(digest))
    inputs = Batch.from_payload(manifest.input_specs, items, posted.payload)
    return Committed(posted.job, posted.rfp, inputs, outputs)


def test_a_watcher_judges_a_hybrid_result_and_lets_a_proven_one_be(
    proving: ProvingTown, heads: HeadTown, capsys: pytest.CaptureFixture[str]
) -> None:
    town = proving.town
    proving.hire()
    watcher = heads.defend()
    whole = proving.post(PROVEN)
    town.play(whole.job, whole.rfp)
    head = proving.post(HYBRID)
    town.play(head.job, head.rfp, to=JobState.COMMITTED)
    town.until(lambda: watcher.status()["results"], "the examination")
    town.play(head.job, head.rfp)

    decisions = watcher.running.engine.bench.decisions
    (judged,) = decisions.of(head.job, "examine")
    assert (judged.outcome, judged.reason) == ("agrees", "none")
    # Scores differ from a run's by the circuit's quantisation, which is within a quarter of accept.
    assert 0 < judged.details["examination"]["worst"] < 0.25
    assert judged.details["examination"]["evaluated"] == 0
    assert decisions.of(whole.job) == []
    status = watcher.status()
    assert (status["results"], status["disagreed"], status["moves"]) == (1, 0, {})
    told = capsys.readouterr()
    words = {"move_failed", "look_failed", "look_failed_unexpectedly", "not_examined"}
    assert not words & set((told.out + told.err).split())


def test_a_proof_about_features_of_ones_own_is_convicted(
    proving: ProvingTown, heads: HeadTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores are proven from the features, but the features aren't the input's."""
    town = proving.town
    cheat = proving.hire()
    workshop = cheat.running.tools.workshop
    run = workshop.execute

    def lie(model: Any, payload: bytes, items: int, digest: str) -> Any:
        return run(model, np.zeros(items * 4, "<f4").tobytes(), items, digest)

    monkeypatch.setattr(workshop, "execute", lie)
    watcher = heads.defend()
    head = proving.post(HYBRID)
    town.play(head.job, head.rfp, to=JobState.COMMITTED)
    town.until(lambda: watcher.status()["results"], "the examination")
    (judged,) = watcher.running.engine.bench.decisions.of(head.job, "examine")
    assert (judged.outcome, judged.reason) == ("wrong", "slash")
    assert judged.details["examination"]["findings"][0]["output"] in (FEATURES, SCORES)
    town.until(lambda: town.events(head.job, "ClaimRevealed"), "the claim")


def test_a_worker_refutes_a_false_claim_on_scores_that_it_proved(proving: ProvingTown, heads: HeadTown) -> None:
    town = proving.town
    worker = proving.hire(watcher={"margin_seconds": 1, "grace_seconds": 1, "tries": 2})
    posted = proving.post(HYBRID)
    town.play(posted.job, posted.rfp, to=JobState.COMMITTED)
    false = Wrong(1, SCORES, 2, Outcome.SLASH)
    _, claim = heads.claim(shown(proving, worker, posted), false, meaning=heads.lying_meaning())
    town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the refutation")
    assert town.events(posted.job, "ClaimRefuted")[0].sender.lower() == worker.address.lower()
    town.play(posted.job, posted.rfp)
    assert town.state(posted.job) is JobState.FINAL
