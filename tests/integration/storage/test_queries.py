"""What readers get, held against the market's own books."""

from collections import Counter

import pytest

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import JobId, JobState, ModelId, parse_address, parse_word, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.views import JobSummary
from tests.integration.storage.snapshots import indexer
from tests.unit.storage.world_books import CHAIN_ID, MARKET, REQUESTERS, WORKERS
from tests.unit.storage.world_chain import WorldChain, story


@pytest.fixture(scope="module")
def chain() -> WorldChain:
    return story(250, seed=3)


@pytest.fixture
def queries(database: Database, chain: WorldChain) -> Queries:
    indexer(chain, database).sync()
    return Queries(database)


def jid(key: str) -> JobId:
    return JobId(parse_word(key))


def test_every_job_is_as_the_market_has_it(queries: Queries, chain: WorldChain) -> None:
    for key, sim in chain.world.jobs.items():
        job = queries.job(jid(key))
        assert job is not None
        assert (job.state, len(job.attempts), len(job.bids)) == (sim.state, sim.attempt, len(sim.bids))
        assert queries.bids(jid(key)) == job.bids
        assert queries.result(jid(key)) == job.result
    assert queries.job(JobId(bytes(32))) is None
    assert queries.bids(JobId(bytes(32))) == ()
    assert queries.result(JobId(bytes(32))) is None


def test_the_pages_are_all_jobs_newest_first(queries: Queries, chain: WorldChain) -> None:
    found: list[JobSummary] = []
    after = None
    while True:
        page = queries.jobs(limit=7, after=after)
        found += page.jobs
        after = page.next
        if after is None:
            break
    assert len(found) == len(chain.world.jobs) == len({job.id for job in found})
    assert [job.position for job in found] == sorted((job.position for job in found), reverse=True)
    for summary in found:
        job = queries.job(summary.id)
        assert job is not None
        assert (summary.rfp, summary.state, summary.worker, summary.price) == (
            job.rfp,
            job.state,
            job.worker,
            job.price,
        )
        assert (summary.posted_at, summary.attempts) == (job.posted.timestamp, len(job.attempts))
        assert summary.final_at == (None if job.result is None else job.result.final_at)


def test_a_page_is_bounded(queries: Queries) -> None:
    assert len(queries.jobs(limit=10**9).jobs) <= 500
    assert len(queries.jobs(limit=-3).jobs) == 1


def test_the_filters(queries: Queries, chain: WorldChain) -> None:
    sims = chain.world.jobs

    def ids(**filters: object) -> set[str]:
        return {to_hex(job.id) for job in queries.jobs(limit=500, **filters).jobs}

    for state in JobState:
        assert ids(states=[state]) == {key for key, sim in sims.items() if sim.state is state}
    requester, worker = parse_address(REQUESTERS[0]), parse_address(WORKERS[1])
    assert ids(requester=requester) == {key for key, sim in sims.items() if sim.rfp["requester"] == REQUESTERS[0]}
    assert ids(worker=worker) == {key for key, sim in sims.items() if sim.worker == WORKERS[1]}
    assert ids(bidder=worker) == {key for key, sim in sims.items() if WORKERS[1] in sim.bids}
    model = next(iter(sims.values())).rfp["modelId"]
    assert ids(model=ModelId(parse_word(model))) == {key for key, sim in sims.items() if sim.rfp["modelId"] == model}
    assert ids(states=[]) == set()


def test_workers_have_their_books_and_counters(queries: Queries, chain: WorldChain) -> None:
    assert [view.books.address for view in queries.workers()] == sorted(map(parse_address, WORKERS))
    for worker in WORKERS:
        view = queries.worker(parse_address(worker))
        assert view is not None
        assert (view.books.stake, view.books.locked) == (chain.world.stake[worker], chain.world.locked[worker])
        assert view.books.free == view.books.stake - view.books.locked
        counted = (view.final_jobs, view.void_jobs, view.slashed_jobs, view.missed_jobs)
        assert counted == tuple(chain.world.reputation[worker, k] for k in ("final", "void", "slashed", "missed"))
    assert queries.worker(parse_address("0x" + "99" * 20)) is None


def test_credits_are_what_can_be_withdrawn(queries: Queries, chain: WorldChain) -> None:
    for account in {account for account, _ in chain.world.credits}:
        found = {record.token.lower(): record.amount for record in queries.credits(parse_address(account))}
        assert found == {token: n for (owner, token), n in chain.world.credits.items() if owner == account and n}


def test_models(queries: Queries, chain: WorldChain) -> None:
    found = queries.models()
    assert {to_hex(entry.id) for entry in found} == set(chain.world.models)
    assert queries.models(limit=1, offset=1) == found[1:2]
    assert queries.model(found[0].id) == found[0]
    assert found[0].uri == "u\0"
    assert queries.model(ModelId(bytes(32))) is None


def test_transactions_of_a_job_with_their_gas(queries: Queries, chain: WorldChain) -> None:
    for key in chain.world.jobs:
        mine = [event for event in chain.all_events() if _belongs(event, key, chain)]
        found = queries.transactions(jid(key))
        assert [tx.hash for tx in found] == list(dict.fromkeys(event.tx_hash for event in mine))
        by_hash = {event.tx_hash: event for event in mine}
        for tx in found:
            event = by_hash[tx.hash]
            assert (tx.gas_used, tx.block_hash, tx.timestamp) == (event.gas_used, event.block_hash, event.timestamp)
            assert tx.sender == parse_address(event.sender)
    acts = Counter(tx.act for key in chain.world.jobs for tx in queries.transactions(jid(key)))
    assert acts.keys() >= {"post", "awardQuote", "bid", "reveal", "award", "commit", "finalize", "expire", "cancel"}


def _belongs(event: ChainEvent, job: str, chain: WorldChain) -> bool:
    """Whether an event is about a job: by itself, by its line, or as the seal of one of its claims."""
    args = event.args
    line = chain.world.lines.get(args.get("line", 0))
    # A seal names no job, the claim that it becomes does.
    sealed = event.name == "ClaimSealed" and any(
        e.name == "ClaimRevealed" and (e.args["seal"], e.args["job"]) == (args["seal"], job) for e in chain.all_events()
    )
    return args.get("job") == job or (line is not None and line.job.id == job) or sealed


def test_the_ingredients_of_a_receipt(queries: Queries, chain: WorldChain) -> None:
    committed = {event.args["job"]: event for event in chain.all_events() if event.name == "Committed"}
    assert committed
    for key in chain.world.jobs:
        facts = queries.receipt_facts(jid(key))
        if key not in committed:
            assert facts is None
            continue
        assert facts is not None
        event = committed[key]
        assert (facts.chain_id, facts.market) == (CHAIN_ID, MARKET)
        assert (to_hex(facts.result.root), facts.result.payload) == (
            event.args["root"],
            event.args["payloadDigest"][2:],
        )
        assert facts.result.committed.tx_hash == event.tx_hash
        assert facts.result.committed.log_index == event.log_index
        ended = chain.world.jobs[key].state in (JobState.FINAL, JobState.SLASHED)
        assert (facts.result.finalized is not None) == ended
        assert jid(key) in queries.jobs_with_payload(facts.result.payload)


def test_an_empty_database_has_nothing(database: Database) -> None:
    queries = Queries(database)
    assert queries.chain() is None
    assert queries.jobs().jobs == ()
    assert queries.workers() == ()
    assert queries.models() == ()
    assert queries.receipt_facts(JobId(bytes(32))) is None
