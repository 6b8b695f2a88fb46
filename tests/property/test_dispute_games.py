"""Random games of workers, watchers and a liar, played with the decisions that real watchers and workers run.

What must hold after each game stands in tests/support/dispute_games.py: a worker whose results lie within accept and
that acts in time never loses a unit; one between accept and slash loses at most the void costs; a watcher that claims
rightly gets bond, gas and reward; a false claim never outlives a refuter; a caught cheat is slashed and not merely
voided; no honest move is ever refused; no unit of money appears or vanishes, and in the end none is left behind.
"""

from collections import Counter

import pytest

from atomic_verify.protocol.dispute_types import ClaimState
from atomic_verify.protocol.job_types import JobState
from tests.support.dispute_games import check, new_game, play

GAMES = 80
SOAK_GAMES = 10_000
CHUNK = 500


def test_nobody_honest_loses_and_no_watched_cheat_gets_away() -> None:
    moves: Counter[str] = Counter()
    ends: Counter[object] = Counter()
    for seed in range(GAMES):
        game = play(new_game(seed))
        check(game)
        for player in game.honest:
            moves.update(player.done)
        ends.update(claim.state for claim in game.world.court.claims.values())
        ends.update(case.state for case in game.world.court.jobs.values())
    # The games are about something: all that honest players can do happens, and all ends come about.
    claims = {"Seal", "Reveal", "BurnSeal", "Refute", "RefuteModel", "Uphold"}
    lines = {"DemandTrace", "DemandItem", "Answer", "Lapse", "CloseLine"}
    assert claims | lines | {"Finalize"} <= moves.keys()
    assert {ClaimState.REFUTED, ClaimState.UPHELD, JobState.FINAL, JobState.SLASHED} <= ends.keys()


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(SOAK_GAMES // CHUNK))
def test_many_games(chunk: int) -> None:
    for seed in range(GAMES + chunk * CHUNK, GAMES + (chunk + 1) * CHUNK):
        check(play(new_game(seed)))
