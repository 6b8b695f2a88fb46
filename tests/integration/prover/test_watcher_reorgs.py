"""Re-orgs under a watcher: what vanished is done again, once, and with the same claim."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.protocol.types import ClaimState
from tests.integration.prover.test_reorgs import reorganise
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import CLAIMER, LIAR, SLASH, Committed, WatchTown, watch_town, wrong
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


def fraud(town: WatchTown) -> Committed:
    return town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))


def reorganised(town: WatchTown, depth: int) -> None:
    """Replaces the newest blocks; everybody sends again what was in them."""
    reorganise(town.town, depth)
    for index in (LIAR, CLAIMER):
        town.sender(index).poll()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_claim_that_vanishes_is_made_again(town: WatchTown, depth: int) -> None:
    made = fraud(town)
    town.defend()
    town.town.until(lambda: "ClaimRevealed" in town.names(made.job), "the claim")
    terms = town.town.events(made.job, "ClaimRevealed")[0].args["terms"]

    reorganised(town, depth)

    town.town.until(lambda: "ClaimRevealed" in town.names(made.job), "the claim again")
    assert [event.args["terms"] for event in town.town.events(made.job, "ClaimRevealed")] == [terms]
    town.town.jump(610)
    town.town.until(lambda: "ClaimUpheld" in town.names(made.job), "it to be upheld")
    assert len(town.town.events(name="ClaimSealed")) == 1


def test_a_refutation_that_vanishes_is_made_again(town: WatchTown) -> None:
    made = town.commit()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning())
    town.defend()
    town.town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the refutation")
    reorganised(town, 1)
    town.town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the refutation again")
    assert len(town.town.events(made.job, "ClaimRefuted")) == 1
