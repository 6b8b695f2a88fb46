"""What voids cost, what a verdict moves and who strikes out, foretold and then done by the real contracts.

The disputes contract is played by the test, which may close claims as no true one would: what Results, Market and
Registry make of it is the same. All money is in utility tokens here, so that every account's books are one number.
"""

import random
from dataclasses import dataclass, field, replace

import pytest

from atomic_verify.chain.call import call_to
from atomic_verify.chain.client import Chain
from atomic_verify.chain.presets import UNIT
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.settlement import Settlement, charge, settle
from atomic_verify.protocol.strikes import is_strike, strike
from atomic_verify.protocol.types import (
    ZERO_ADDRESS,
    Address,
    Amount,
    JobState,
    ModelSpec,
    Outcome,
    Result,
    Strikes,
    VerdictRecord,
)
from tests.integration.protocol.plays import (
    BOND,
    JANITOR,
    REQUESTER,
    WORKERS,
    Play,
    ask,
    post,
    spec,
    transact,
    wait_until,
)

WORKER, CHALLENGER, OTHER = WORKERS[0], WORKERS[1], JANITOR
Claim = tuple[Outcome, int, Address, int]
"""How a claim ends: outcome, item, challenger and its cost in thousandths of the job bond."""
VOID_ONLY = replace(spec(), void_only=True)


@dataclass
class Story:
    """One job: its model, its claims in order, and how it ends."""

    claims: list[Claim]
    end: JobState
    model: ModelSpec = field(default_factory=spec)


STORIES = [
    Story([], JobState.FINAL),
    Story([(Outcome.REJECTED, 0, CHALLENGER, 10)], JobState.FINAL),
    # Void only: three voids, none of them a strike.
    Story([(Outcome.VOID, 0, CHALLENGER, 7)], JobState.FINAL, VOID_ONLY),
    Story([(Outcome.VOID, 0, WORKER, 333)], JobState.FINAL, VOID_ONLY),
    Story([(Outcome.VOID, 0, CHALLENGER, 0)], JobState.FINAL, VOID_ONLY),
    Story([(Outcome.VOID, 0, CHALLENGER, 300), (Outcome.SLASH, 0, OTHER, 5)], JobState.SLASHED),
    Story([(Outcome.SLASH, 0, OTHER, 0), (Outcome.VOID, 0, CHALLENGER, 1)], JobState.SLASHED),
    Story([(Outcome.VOID, 0, CHALLENGER, 1)], JobState.FINAL),
    Story([(Outcome.VOID, 0, OTHER, 400), (Outcome.VOID, 0, CHALLENGER, 9)], JobState.FINAL),
    # The third strike, and the fourth.
    Story([(Outcome.VOID, 0, OTHER, 450), (Outcome.VOID, 1, CHALLENGER, 450)], JobState.SLASHED),
    Story([(Outcome.VOID, 0, CHALLENGER, 20)], JobState.SLASHED),
    Story([], JobState.FINAL),
]


@pytest.fixture(scope="module")
def disputes(chain: Chain) -> Address:
    """The disputes contract as an account that can send."""
    address = chain.deployment.address("Disputes")
    chain.rpc.call("anvil_setBalance", [address, hex(UNIT)])
    transact(chain, JANITOR, chain.calls.publish(VOID_ONLY, "http://localhost/void-only"))
    return address


def committed(chain: Chain, dice: random.Random, model: ModelSpec) -> Play:
    """A job that the worker has done alone, of two items at least."""
    play = post(chain, dice, model)
    while play.rfp.item_count < 2:
        play = post(chain, dice, model)
    play.do(WORKER, (Act.BID, None))
    wait_until(play, play.seen[REQUESTER].job.time + play.rfp.bidding_time)
    play.do(WORKER, (Act.REVEAL, None))
    play.look()
    play.do(JANITOR, (Act.AWARD, None))
    play.do(WORKER, (Act.COMMIT, None))
    play.look()
    return play


def close(play: Play, disputes: Address, claim: Claim, before: Result, voided: set[int]) -> Result:
    """Opens a claim and closes it as told; returns what the chain must keep of the result afterwards."""
    outcome, item, challenger, thousandths = claim
    cost = Amount(BOND * thousandths // 1_000)
    credit = play.chain.credit_of(challenger, play.rfp.token)
    stake = play.chain.stake_of(WORKER)
    voids = outcome is Outcome.VOID and item not in voided
    voided |= {item} if voids else set()
    charged = charge(play.rfp.job_bond, before.costs, cost) if voids else Amount(0)
    transact(play.chain, disputes, call_to(play.chain.deployment, "Results", "openClaim", play.rfp.to_abi()))
    values = (play.rfp.to_abi(), int(outcome), item, challenger, int(cost))
    transact(play.chain, disputes, call_to(play.chain.deployment, "Results", "closeClaim", *values))
    assert play.chain.credit_of(challenger, play.rfp.token) - credit == charged
    after = play.chain.stake_of(WORKER)
    assert (stake.total - after.total, stake.locked - after.locked) == (charged, charged)
    takes = outcome is Outcome.SLASH or (voids and before.challenger == ZERO_ADDRESS)
    return replace(
        before,
        void_items=before.void_items + voids,
        slashed=before.slashed or outcome is Outcome.SLASH,
        challenger=challenger if takes else before.challenger,
        costs=Amount(before.costs + charged),
    )


def foretell(play: Play, verdict: VerdictRecord) -> tuple[Settlement, Strikes]:
    """How the job must end, and the worker's strikes after it."""
    chain, rfp = play.chain, play.rfp
    strikes, strikes_out = chain.strikes_of(WORKER), False
    if is_strike(verdict, chain.model_of(rfp.model_id)):
        strikes, strikes_out = strike(strikes, chain.reputation_of(WORKER))
    rate = chain.policy_of(rfp.token).bond_rate
    job, fee_bps = play.seen[REQUESTER].job, play.params.fee_bps
    return settle(rfp, job, verdict, fee_bps=fee_bps, bond_rate=rate, strikes_out=strikes_out), strikes


def test_any_verdict_ends_as_foretold(chain: Chain, disputes: Address) -> None:
    dice = random.Random(4)
    for story in STORIES:
        play = committed(chain, dice, story.model)
        result, voided = chain.result_of(play.id), set[int]()
        for claim in story.claims:
            result = close(play, disputes, claim, result, voided)
            assert chain.result_of(play.id) == result
        verdict = VerdictRecord(result.slashed, result.void_items, result.challenger, result.costs)
        found, strikes = foretell(play, verdict)
        assert found.state is story.end
        owed = {who: chain.credit_of(who, play.rfp.token) for who in (WORKER, REQUESTER, CHALLENGER, OTHER)}
        stake, supply = chain.stake_of(WORKER), supply_of(chain)
        wait_until(play, chain.final_at(play.rfp))
        play.do(JANITOR, (Act.FINALIZE, None))
        assert chain.job_of(play.id).state is found.state
        gained = {who: chain.credit_of(who, play.rfp.token) - credit for who, credit in owed.items()}
        expected = dict.fromkeys(owed, 0)
        expected[WORKER] += found.escrow.to_worker
        expected[REQUESTER] += found.escrow.to_requester
        if result.challenger != ZERO_ADDRESS:
            expected[result.challenger] += found.bond.reward
        assert gained == expected
        after = chain.stake_of(WORKER)
        assert stake.locked - after.locked == play.rfp.job_bond - result.costs == found.bond.total
        assert stake.total - after.total == found.bond.reward + found.bond.burned
        assert supply - supply_of(chain) == found.bond.burned
        assert chain.strikes_of(WORKER) == strikes
    counts = chain.reputation_of(WORKER)
    assert (counts.final_jobs, counts.void_jobs, counts.slashed_jobs) == (3, 5, 4)


def supply_of(chain: Chain) -> int:
    return int.from_bytes(ask(chain, "UtilityToken", "totalSupply"))
