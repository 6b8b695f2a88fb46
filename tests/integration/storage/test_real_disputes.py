"""Indexing real claims and lines: at each stage, and after a re-org there, the records say what the chain says."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import UNIT, development
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.commitments import Batch
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.dispute_types import ClaimState, ClaimTerms, LineEnd, Subject, Turn
from atomic_verify.protocol.ids import demand_hash, job_id
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import Amount, Guarantee, JobState, Kind, Quote, Rfp
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.queries import Queries
from prover.watching.gather import Evidenced
from tests.integration.chain.support import MemoryStore
from tests.integration.gateway.hand_claimer import HandClaimer
from tests.integration.prover.watch_town import LyingMeaning
from tests.integration.storage.snapshots import snapshot
from tests.support.tiny_models import install, one_operator

REVEAL, REFUTE, CLOCK, WINDOW = 100, 50, 80, 400
ITEMS, WRONG, ELEMENT = 3, 1, 2
BETWEEN = 4e-5
"""Beyond accept and within slash of the tiny model."""


class Stage:
    """A chain with a committed result that is wrong in one item, somebody who claims, and somebody who asks."""

    def __init__(self, anvil: Anvil, model: InstalledModel, folder: Path) -> None:
        self.anvil, self.folder = anvil, folder
        preset = development(claim_reveal_time=REVEAL, refute_window=REFUTE, line_clock=CLOCK)
        self.deployment: Deployment = deploy(anvil.rpc, development_signer(0), preset)
        self.chain = self.look()
        self.model = model
        self.worker, self.requester = (self.person(index, folder) for index in (2, 1))
        with self.person(0, folder) as bank:
            bank.send("publish", self.chain.calls.publish(model.manifest.spec(), "http://localhost/model"))
            for who in (self.worker, self.requester):
                token, plenty = self.deployment.utility_token, Amount(1_000 * UNIT)
                bank.send(f"fund:{who.address}", self.chain.calls.transfer_token(token, who.address, plenty))
                who.send("approve", self.chain.calls.approve(token, plenty))
        self.worker.send("stake", self.chain.calls.stake(Amount(100 * UNIT)))
        self.claimer = HandClaimer(self.chain, development_signer(3), model, folder / "claimer")
        self.asker = HandClaimer(self.chain, development_signer(4), model, folder / "asker")
        self.claims: list[int] = []
        self.lines: list[int] = []
        self.terms: list[ClaimTerms] = []
        self.done: list[tuple[str, int, tuple[int, int, int, Any]]] = []
        self.rfp, self.data = self.commit()
        self.job = job_id(self.chain.chain_id, self.deployment.market, self.rfp)
        # No re-org of the test undoes what was before.
        anvil.request("anvil_mine", hex(10))

    def look(self) -> Chain:
        """A client that remembers no block: for it a chain that was set back is like any other."""
        return Chain.connect(self.anvil.url, self.deployment)

    def person(self, index: int, folder: Path) -> TransactionSender:
        signer: Signer = development_signer(index)
        return TransactionSender(self.chain, signer, MemoryStore(), folder / f"person{index}")

    def pass_time(self, seconds: int) -> None:
        self.anvil.request("evm_increaseTime", seconds)
        self.anvil.request("evm_mine")

    def commit(self) -> tuple[Rfp, Evidenced]:
        """A quote taken, and its result committed: all as it is meant but for one element."""
        inputs = np.random.default_rng(3).normal(size=(ITEMS, 4)).astype(np.float32)
        specs, outs = self.model.manifest.input_specs, self.model.manifest.output_specs
        batch = Batch.from_payload(specs, ITEMS, inputs.tobytes())
        made = 1 / (1 + np.exp(-inputs.astype(np.float64)))
        made[WRONG, ELEMENT] += BETWEEN
        outputs = made.astype(np.float32).tobytes()
        rfp = Rfp(
            requester=self.requester.address,
            nonce=1,
            model_id=self.model.model_id,
            input_root=batch.root,
            item_count=ITEMS,
            token=self.deployment.utility_token,
            max_price=Amount(UNIT),
            job_bond=Amount(UNIT),
            bidding_time=0,
            reveal_time=0,
            execution_timeout=100,
            challenge_window=WINDOW,
            guarantee=Guarantee.OPTIMISTIC,
            kind=Kind.QUOTE,
        )
        job = job_id(self.chain.chain_id, self.deployment.market, rfp)
        quote = Quote(job, self.worker.address, rfp.max_price, self.chain.timestamp() + 100)
        signed = development_signer(2).sign_typed_data(typed_data(self.chain.chain_id, self.deployment.market, quote))
        self.requester.send("award", self.chain.calls.award_quote(rfp, quote, signed, "http://localhost/input"))
        committed = Batch.from_payload(outs, ITEMS, outputs)
        digest = sha256(outputs).digest()
        self.worker.send("commit", self.chain.calls.commit(rfp, committed.root, digest))
        return rfp, Evidenced(batch, committed)

    # The stages

    def play(self, name: str) -> None:
        """One act, remembered with what there was before it."""
        before = (len(self.claims), len(self.lines), len(self.terms), self.claimer.meaning)
        getattr(self, name)()
        self.done.append((name, self.look().head().number, before))

    def reorg(self, depth: int) -> list[str]:
        """Replaces the newest blocks by empty ones; the acts that this undid."""
        kept = self.look().head().number - depth
        self.anvil.request("anvil_reorg", depth, [])
        self.anvil.request("evm_mine")
        first = next((at for at, (_, block, _) in enumerate(self.done) if block > kept), len(self.done))
        undone, self.done = self.done[first:], self.done[:first]
        if undone:
            claims, lines, terms, self.claimer.meaning = undone[0][2]
            del self.claims[claims:], self.lines[lines:], self.terms[terms:]
        return [name for name, _, _ in undone]

    def seal(self) -> None:
        self.terms.append(self.claimer.seal(self.rfp, self.data, WRONG, ELEMENT, bytes([len(self.terms)]) * 32))

    def reveal(self) -> None:
        self.pass_time(1)
        salt = bytes([len(self.terms) - 1]) * 32
        self.claims.append(self.claimer.reveal(self.rfp, self.data, self.terms[-1], salt))

    def ask_trace(self) -> None:
        self.lines.append(self.asker.ask_trace(self.rfp, self.claims[-1], 1))

    def answer_trace(self) -> None:
        self.claimer.answer_trace(self.lines[-1], self.data, WRONG)

    def ask_again(self) -> None:
        self.asker.ask_trace(self.rfp, self.claims[-1], 0, self.lines[-1])

    def close_line(self) -> None:
        self.asker.send(self.asker.calls.close_line(self.rfp, self.lines[-1]))

    def ask_result(self) -> None:
        self.lines.append(self.asker.ask_result(self.rfp, 0))

    def answer_result(self) -> None:
        self.asker.answer_result(self.lines[-1], self.data.outputs)

    def lie(self) -> None:
        """From here on the claimer evaluates falsely."""
        meaning = self.claimer.meaning
        self.claimer.meaning = LyingMeaning(self.model, meaning.program)
        self.seal()

    def refute(self) -> None:
        middle = len(self.claimer.meaning.program.steps) // 2
        self.claimer.refute(self.rfp, self.claims[-1], self.data, WRONG, (middle, 2))

    def uphold(self) -> None:
        self.pass_time(REFUTE)
        self.claimer.uphold(self.rfp, self.claims[0])

    def finalize(self) -> None:
        self.pass_time(WINDOW + REVEAL)
        with self.person(5, self.folder) as anybody:
            anybody.send("finalize", self.chain.calls.finalize(self.rfp))

    def close(self) -> None:
        for one in (self.worker, self.requester):
            one.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "models").mkdir()
    model = install(tmp_path / "models" / "tiny", one_operator("Sigmoid"))
    with Anvil() as anvil:
        made = Stage(anvil, model, tmp_path)
        yield made
        made.close()


def check(stage: Stage, database: Database) -> None:
    """After a look at the chain, the records say what its contracts say."""
    chain = stage.look()
    market = stage.deployment.market
    assert Indexer(chain, database, chain_id=chain.chain_id, market=market).sync().is_at_head
    queries = Queries(database)
    job, result = queries.job(stage.job), chain.result_of(stage.job)
    if job is not None and job.result is not None:
        found = job.result
        assert (found.open_claims, len(found.voids), found.slashed) == (
            result.open_claims,
            result.void_items,
            result.slashed,
        )
        assert found.costs == result.costs
        if found.voids:
            assert found.challenger == result.challenger
    for number in stage.claims:
        check_claim(queries, chain, number)
    for number in stage.lines:
        check_line(queries, chain, number)
    for index, terms in enumerate(stage.terms):
        key = stage.claimer.seal_of(terms, bytes([index]) * 32)
        seal, sealed_at = queries.seal(stage.claimer.address, key), chain.sealed_at(stage.claimer.address, key)
        assert (seal.sealed.timestamp if seal is not None and seal.is_open else None) == sealed_at
    for who in (stage.claimer.address, stage.asker.address, stage.worker.address):
        assert sum(one.amount for one in queries.credits(who)) == chain.credit_of(who)
    worker, stake = queries.worker(stage.worker.address), chain.stake_of(stage.worker.address)
    assert ((worker.books.stake, worker.books.locked) if worker else (0, 0)) == (stake.total, stake.locked)
    in_window = queries.results_in_window(chain.timestamp())
    assert len(in_window) == (job is not None and job.result is not None and chain.timestamp() < (job.window_ends or 0))


def check_claim(queries: Queries, chain: Chain, number: int) -> None:
    told, claim = chain.claim_of(number), queries.claim(number)
    if told.state is ClaimState.NONE:
        assert claim is None
        return
    assert claim is not None
    assert (claim.job, claim.item, claim.state, claim.outcome) == (told.job, told.item, told.state, told.outcome)
    assert (claim.claimer, claim.terms.trace, claim.inputs, claim.cost) == (
        told.claimer,
        told.trace,
        told.inputs,
        told.cost,
    )
    assert claim.revealed.timestamp == told.revealed_at
    assert len(queries.lines(claim=number, open_only=True)) == told.open_lines


def check_line(queries: Queries, chain: Chain, number: int) -> None:
    told, line = chain.line_of(number), queries.line(number)
    if told.turn is Turn.NONE:
        assert line is None
        return
    assert line is not None
    assert (line.job, line.opener, line.subject, line.turn) == (told.job, told.opener, told.subject, told.turn)
    assert (line.claim or 0, line.item, len(line.rounds)) == (told.claim, told.item, told.rounds)
    if line.is_open:
        left = told.answerer_left if told.turn is Turn.ANSWERER else told.opener_left
        assert line.due == told.since + left
        assert (demand_hash(line.rounds[-1].demand) == told.demand) == (told.turn is Turn.ANSWERER)
    for one in line.rounds:
        answer = queries.answer(number, one.number)
        assert (answer is not None) == one.is_answered
        if answer is not None:
            assert [len(opening.leaves) for opening in answer.openings] == [512 * run.count for run in one.demand.runs]


STAGES = (
    *("seal", "reveal", "ask_trace", "answer_trace", "ask_again", "answer_trace", "close_line", "ask_result"),
    *("answer_result", "close_line", "lie", "reveal", "ask_trace", "refute", "close_line", "uphold", "finalize"),
)


def test_each_stage_and_a_reorg_there(stage: Stage, database: Database, fresh: Database, tmp_path: Path) -> None:
    check(stage, database)
    for name in STAGES:
        stage.play(name)
        check(stage, database)
        for depth in (1, 2, 10):
            undone = stage.reorg(depth)
            check(stage, database)
            for again in undone:
                stage.play(again)
            check(stage, database)
    queries = Queries(database)
    ends = [(line.subject, line.end) for line in reversed(queries.lines())]
    assert ends == [(Subject.TRACE, LineEnd.LEFT), (Subject.RESULT, LineEnd.LEFT), (Subject.TRACE, LineEnd.MOOT)]
    assert [claim.state for claim in reversed(queries.claims())] == [ClaimState.UPHELD, ClaimState.REFUTED]
    job = queries.job(stage.job)
    assert job is not None
    assert (job.state, job.result and job.result.void_items) == (JobState.FINAL, (WRONG,))
    acts = [tx.act for tx in queries.transactions(stage.job)]
    assert set(acts) >= {"seal", "revealClaim", "demand", "answer", "closeLine", "refute", "uphold", "finalize"}
    check(stage, fresh)
    assert snapshot(database) == snapshot(fresh)


def test_an_index_that_is_lost_is_made_again_from_the_chain(stage: Stage, database: Database, tmp_path: Path) -> None:
    for name in STAGES:
        stage.play(name)
    check(stage, database)
    with open_database(f"sqlite:///{tmp_path}/again.sqlite") as again:
        check(stage, again)
        assert _told(Queries(again), stage) == _told(Queries(database), stage)


def _told(queries: Queries, stage: Stage) -> Any:
    return queries.claims(), queries.lines(), queries.seals(), queries.job(stage.job)
