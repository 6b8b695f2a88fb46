"""What readers get of seals, claims and lines, held against the market's own books, through re-orgs too."""

import pytest
from sqlalchemy import func, select

from atomic_verify.protocol.dispute_types import ClaimState, LineEnd, Turn
from atomic_verify.protocol.types import JobId, JobState, parse_address, parse_word, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.dispute_records import WatchedResult
from atomic_verify.storage.dispute_tables import answers
from atomic_verify.storage.queries import Queries
from tests.integration.storage.snapshots import check_whole, indexer
from tests.unit.storage.world_books import CHALLENGER, WORKERS, word
from tests.unit.storage.world_chain import WorldChain, story


@pytest.fixture(scope="module")
def chain() -> WorldChain:
    return story(250, seed=3)


@pytest.fixture
def queries(database: Database, chain: WorldChain) -> Queries:
    indexer(chain, database).sync()
    return Queries(database)


def test_claims_are_as_the_market_has_them(queries: Queries, chain: WorldChain) -> None:
    sims = chain.world.claims
    found = queries.claims()
    assert [claim.id for claim in found] == sorted(sims, reverse=True)
    assert {claim.id: claim.state for claim in found} == {number: sim.state for number, sim in sims.items()}
    assert {claim.id for claim in queries.claims(open_only=True)} == {
        number for number, sim in sims.items() if sim.state is ClaimState.OPEN
    }
    for claim in found:
        assert queries.claim(claim.id) == claim
        assert claim in queries.claims(job=claim.job)
        assert queries.is_trace(claim.terms.trace_digest.hex())
    mine = queries.claims(claimer=parse_address(CHALLENGER))
    assert {claim.id for claim in mine} == {n for n, sim in sims.items() if sim.claimer == CHALLENGER}
    worker = WORKERS[1]
    against = {claim.id for claim in queries.claims(worker=parse_address(worker))}
    assert against == {n for n, sim in sims.items() if sim.job.worker == worker}
    assert queries.claim(10**9) is None
    assert not queries.is_trace("ab" * 32)


def test_pages_go_back_by_id(queries: Queries, chain: WorldChain) -> None:
    seen: list[int] = []
    before = None
    while page := queries.claims(before=before, limit=3):
        assert len(page) <= 3
        seen += [claim.id for claim in page]
        before = page[-1].id
    assert seen == sorted(chain.world.claims, reverse=True)
    numbers = [line.id for line in queries.lines(limit=2)]
    rest = [line.id for line in queries.lines(before=numbers[-1])]
    assert numbers + rest == sorted(chain.world.lines, reverse=True)


def test_seals_are_open_until_revealed_or_burned(queries: Queries, chain: WorldChain) -> None:
    states = chain.world.seals
    assert {to_hex(seal.seal) for seal in queries.seals()} == set(states)
    waiting = {to_hex(seal.seal) for seal in queries.seals(open_only=True)}
    assert waiting == {key for key, state in states.items() if state == "sealed"}
    for key in states:
        claimer = parse_address(chain.world.claimers[key])
        seal = queries.seal(claimer, parse_word(key))
        assert seal is not None
        assert seal in queries.seals(claimer=claimer)
        other = parse_address(WORKERS[3])
        assert queries.seal(other, parse_word(key)) is None


def test_lines_have_their_rounds_and_answers(queries: Queries, chain: WorldChain) -> None:
    sims = chain.world.lines
    found = queries.lines()
    assert {line.id for line in found} == set(sims)
    assert {line.id for line in queries.lines(open_only=True)} == {
        n for n, sim in sims.items() if sim.turn is not Turn.CLOSED
    }
    for line in found:
        sim = sims[line.id]
        assert queries.line(line.id) == line
        assert (line.turn, line.end) == (sim.turn, sim.end)
        for one in line.rounds:
            answer = queries.answer(line.id, one.number)
            assert (answer is not None) == one.is_answered == (one.number in sim.answered)
            if answer is not None:
                assert len(answer.openings[0].leaves) == 512
        assert line in queries.lines(job=line.job)
        assert line in queries.lines(opener=line.opener)
        if line.claim is not None:
            assert line in queries.lines(claim=line.claim)
        assert line in queries.lines(worker=parse_address(sim.job.worker or ""))
    assert queries.line(10**9) is None
    assert queries.answer(10**9, 1) is None


def test_results_in_their_window_end_first_first(queries: Queries, chain: WorldChain) -> None:
    committed = {e.args["job"]: e.timestamp for e in chain.all_events() if e.name == "Committed"}
    live = {key: at + 300 for key, at in committed.items() if chain.world.jobs[key].state is JobState.COMMITTED}
    assert live
    now = sorted(live.values())[len(live) // 2]
    found: list[WatchedResult] = []
    while page := queries.results_in_window(now, after=found[-1] if found else None, limit=2):
        found += page
    assert {to_hex(one.job): one.window_ends for one in found} == {k: end for k, end in live.items() if end > now}
    assert [one.window_ends for one in found] == sorted(one.window_ends for one in found)
    for one in found:
        job = queries.job(one.job)
        assert job is not None
        assert job.result is not None
        assert (job.window_ends, job.result.root, job.rfp, job.worker) == (
            one.window_ends,
            one.root,
            one.rfp,
            one.worker,
        )
        assert (one.open_claims, one.input_uri) == (job.result.open_claims, job.input_uri)
        assert one.committed_at + one.rfp.challenge_window == one.window_ends
    assert queries.results_in_window(max(live.values())) == ()


def test_the_transactions_of_a_claim_go_from_its_seal_to_its_lines(queries: Queries, chain: WorldChain) -> None:
    events = chain.all_events()
    for number, sim in chain.world.claims.items():
        seal = next(e.args["seal"] for e in events if e.name == "ClaimRevealed" and e.args["claim"] == number)
        lines = {line.id for line in chain.world.lines.values() if line.claim is sim}
        mine = {
            e.tx_hash
            for e in events
            if (e.name in ("ClaimSealed", "ClaimRevealed") and e.args["seal"] == seal)
            or (e.name.startswith("Claim") and e.args.get("claim") == number)
            or e.args.get("line") in lines
        }
        found = queries.claim_transactions(number)
        assert {tx.hash for tx in found} == mine
        assert (found[0].act, "revealClaim" in {tx.act for tx in found}) == ("seal", True)
        whole = {tx.hash for tx in queries.transactions(JobId(parse_word(sim.job.id)))}
        assert mine <= whole
    assert queries.claim_transactions(10**9) == ()


@pytest.mark.parametrize("depth", [1, 2, 10])
def test_a_reorg_takes_claims_lines_and_answers_back(database: Database, fresh: Database, depth: int) -> None:
    chain = story(120, seed=3)
    follower = indexer(chain, database)
    follower.sync()
    before = Queries(database).lines()
    # Enough of the same world to move every line on.
    for block in range(depth):
        chain.mine([int(word("more", block, n)[2:10], 16) for n in range(250)])
    follower.sync()
    assert Queries(database).lines() != before
    chain.reorg(depth, [[] for _ in range(depth + 1)])
    assert follower.sync().rolled_back_to == 120
    assert Queries(database).lines() == before
    check_whole(database, chain, fresh)
    given = sum(len(line.answered) for line in chain.world.lines.values())
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(answers)).scalar() == given


def test_ends_are_told(queries: Queries) -> None:
    ends = {line.end for line in queries.lines()}
    assert {LineEnd.UNANSWERED, LineEnd.LEFT} <= ends
    assert all((line.closed is None) == (line.end is LineEnd.NONE) for line in queries.lines())
