"""The pure protocol against the real contracts: whole jobs are played, and at each turn both must agree.

At every turn, for every account, every act and each moment at which anything opens or closes (and the second before),
the market must accept exactly what `next_acts` calls legal. Awards and settlements must move what `auction` and
`settlement` foretell. The plays are drawn from fixed seeds.
"""

import random
from dataclasses import replace

import pytest

from atomic_verify.chain.client import Chain
from atomic_verify.chain.presets import UNIT
from atomic_verify.protocol.lifecycle import TERMINAL, Act
from atomic_verify.protocol.types import (
    Amount,
    JobState,
)
from tests.integration.protocol.plays import JANITOR, REQUESTER, WORKERS, drain, post, step, wait_until, would_pass


@pytest.mark.parametrize(
    ("seed", "end", "attempts"),
    [
        pytest.param(2, JobState.EXPIRED, 3, id="reassigned twice and missed thrice"),
        pytest.param(3, JobState.EXPIRED, 0, id="revealed and never awarded"),
        pytest.param(5, JobState.CANCELLED, 0, id="cancelled"),
        pytest.param(6, JobState.EXPIRED, 0, id="never revealed"),
        pytest.param(15, JobState.FINAL, 1, id="final"),
        pytest.param(25, JobState.EXPIRED, 1, id="one bid forfeited, one worker missing"),
    ],
)
def test_the_market_takes_exactly_what_is_legal(chain: Chain, seed: int, end: JobState, attempts: int) -> None:
    dice = random.Random(seed)
    play = post(chain, dice)
    assert play.state is JobState.POSTED
    ends = (Act.EXPIRE, Act.CANCEL, Act.FORFEIT, Act.COMMIT)
    while play.state not in TERMINAL:
        play.compare()
        legal = [(who, found) for who, found in play.legal(play.now + 1) if found.act is not Act.WITHDRAW]
        lively = [(who, found) for who, found in legal if found.act not in ends]
        pool = lively if dice.random() < 0.8 else legal
        wake = play.wake()
        if wake is not None and (not pool or dice.random() < 0.2):
            wait_until(play, wake)
        else:
            step(play, *dice.choice(pool or legal))
    play.compare()
    assert (play.state, play.seen[REQUESTER].job.attempt) == (end, attempts)
    drain(play)


def test_the_ranking_of_the_contract_is_the_only_one_it_takes(chain: Chain) -> None:
    dice = random.Random(99)
    play = post(chain, dice)
    play.prices = dict.fromkeys(WORKERS, Amount(5 * UNIT))
    for worker in WORKERS:
        play.do(worker, (Act.BID, None))
    wait_until(play, play.seen[REQUESTER].job.time + play.rfp.bidding_time)
    for worker in WORKERS:
        play.do(worker, (Act.REVEAL, None))
    play.look()
    best = [bid.worker for bid in play.ranking]
    assert would_pass(chain, JANITOR, chain.calls.award(play.rfp, best), play.now)
    orders = [best[::-1], best[1:], best[:2], [best[0], best[2], best[1]], [*best, best[2]], []]
    for wrong in orders:
        assert not would_pass(chain, JANITOR, chain.calls.award(play.rfp, wrong), play.now)
    lower = replace(play.rfp, nonce=play.rfp.nonce ^ 1)
    assert not would_pass(chain, JANITOR, chain.calls.award(lower, best), play.now)
