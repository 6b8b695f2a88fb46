"""Indexing a real chain: after any story, and after a re-org of it, the records say what the contracts say."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from atomic_verify.chain.client import Chain
from atomic_verify.chain.presets import UNIT
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.lifecycle import TERMINAL, Act
from atomic_verify.protocol.types import ZERO_ADDRESS, Amount, BidStatus, JobId, JobState, ModelId, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.situations import job_of
from tests.integration.protocol.plays import (
    REQUESTER,
    WORKERS,
    Play,
    drain,
    market,
    post,
    spec,
    step,
    transact,
    wait_until,
)
from tests.integration.storage.snapshots import snapshot


@pytest.fixture
def chain() -> Iterator[Chain]:
    """A deployment with a published model, a funded requester, and workers with stake and endpoints."""
    with market() as chain:
        for worker in WORKERS:
            transact(chain, worker, chain.calls.announce(f"http://localhost/{worker}"))
        transact(chain, WORKERS[0], chain.calls.unbond(Amount(3 * UNIT)))
        yield chain


def follow(chain: Chain, database: Database) -> Indexer:
    return Indexer(chain, database, chain_id=chain.chain_id, market=chain.deployment.market, batch_blocks=20)


def play_out(play: Play, dice: random.Random) -> None:
    """Plays the job to its end, by lively acts rather than idle ones."""
    ends = (Act.EXPIRE, Act.CANCEL, Act.FORFEIT, Act.COMMIT)
    while play.state not in TERMINAL:
        legal = [(who, found) for who, found in play.legal(play.now + 1) if found.act is not Act.WITHDRAW]
        lively = [(who, found) for who, found in legal if found.act not in ends]
        pool = lively if dice.random() < 0.8 else legal
        wake = play.wake()
        if wake is not None and (not pool or dice.random() < 0.2):
            wait_until(play, wake)
        else:
            step(play, *dice.choice(pool or legal))


def check_accounts(queries: Queries, chain: Chain) -> None:
    token = chain.deployment.utility_token
    for worker in WORKERS:
        view, stake, unbonding = queries.worker(worker), chain.stake_of(worker), chain.unbonding_of(worker)
        assert view is not None
        assert (view.books.stake, view.books.locked) == (stake.total, stake.locked)
        assert (view.books.unbonding, view.books.unbonding_ready_at or 0) == (unbonding.amount, unbonding.ready_at)
        assert (view.books.free, view.books.endpoint) == (chain.free_stake_of(worker), f"http://localhost/{worker}")
        told = chain.reputation_of(worker)
        assert (view.final_jobs, view.void_jobs) == (told.final_jobs, told.void_jobs)
        assert (view.slashed_jobs, view.missed_jobs) == (told.slashed_jobs, told.missed_jobs)
    for account in (REQUESTER, *WORKERS):
        assert sum(record.amount for record in queries.credits(account)) == chain.credit_of(account, token)


def check_job(queries: Queries, chain: Chain, play: Play) -> None:
    job, told = queries.job(play.id), chain.job_of(play.id)
    if told.state is JobState.NONE:
        assert job is None
        return
    assert job is not None
    assert (job.rfp, job.state) == (play.rfp, told.state)
    assert (job.worker or ZERO_ADDRESS, len(job.attempts)) == (told.worker, told.attempt)
    # The time of a job that is over means nothing.
    assert replace(job_of(job), time=told.time) == told
    assert told.state in TERMINAL or job_of(job).time == told.time
    if job.price is not None:
        assert job.price == job.rfp.max_price - told.rebate
        assert all("library" not in attempt.reason and attempt.ranking for attempt in job.attempts)
    for bid in job.bids:
        found = chain.bid_of(play.id, bid.worker)
        assert bid.status is found.status
        if bid.status is BidStatus.REVEALED:
            assert (bid.price, bid.weight, bid.tie) == (found.price, found.weight, found.tie)
    result = chain.result_of(play.id)
    assert (bytes(32) if job.result is None else job.result.root) == result.root
    for tx in queries.transactions(play.id):
        receipt = chain.receipt(tx.hash)
        assert receipt is not None
        assert (tx.gas_used, tx.block_hash) == (int(receipt["gasUsed"], 16), receipt["blockHash"])


def test_a_real_chain_and_its_reorg(chain: Chain, database: Database, fresh: Database) -> None:
    queries, follower = Queries(database), follow(chain, database)
    plays = []
    for seed in (2, 5, 15, 25):
        dice = random.Random(seed)
        plays.append(post(chain, dice))
        play_out(plays[-1], dice)
        if seed == 15:
            drain(plays[-1])
        follower.sync()
        check_accounts(queries, chain)
        for play in plays:
            check_job(queries, chain, play)
    assert {play.state for play in plays} == {JobState.EXPIRED, JobState.CANCELLED, JobState.FINAL}
    model = queries.model(ModelId(model_id(spec())))
    assert model is not None
    assert (model.spec(), model.uri, model.disputable) == (spec(), "http://localhost/model", False)

    for depth in (1, 2, 10):
        before = {to_hex(job.id): job.state for job in queries.jobs().jobs}
        chain.rpc.call("anvil_reorg", [depth, []])
        chain.rpc.call("evm_mine", [])
        assert follower.sync().is_at_head
        check_accounts(queries, chain)
        for play in plays:
            check_job(queries, chain, play)
    assert {to_hex(job.id): job.state for job in queries.jobs().jobs} != before
    follow(chain, fresh).sync()
    assert snapshot(database) == snapshot(fresh)


def test_the_acts_of_a_job_are_named_and_their_gas_is_known(chain: Chain, database: Database) -> None:
    dice = random.Random(15)
    play = post(chain, dice)
    play_out(play, dice)
    follow(chain, database).sync()
    acts = [tx.act for tx in Queries(database).transactions(JobId(play.id))]
    assert acts[0] == "post"
    assert set(acts) == {"post", "bid", "reveal", "award", "commit", "finalize"}
