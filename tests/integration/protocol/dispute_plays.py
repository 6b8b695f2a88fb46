"""Plays of disputes on a real chain beside the court: each act is tried on both, and both must do the same.

An act that the contracts take must be taken by the court and move the same money; one that they refuse must be refused
by the court with the same error. What the contracts measured in gas is read from their events and told to the court.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest

from atomic_verify.canonical.evidence import Case
from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.calls import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import RpcRefused
from atomic_verify.chain.reverts import as_revert
from atomic_verify.protocol import court as courts
from atomic_verify.protocol.court import Court, Terms
from atomic_verify.protocol.dispute_types import ClaimTerms, Demand, Line, Subject, Turn
from atomic_verify.protocol.errors import DisputeRefused
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.ids import bid_seal, claim_seal, job_id
from atomic_verify.protocol.job_types import Guarantee, JobState, Kind
from atomic_verify.protocol.types import Address, Amount, JobId, Rfp, Strikes
from tests.integration.protocol.dispute_material import ITEMS, Material, run_of

REQUESTER, WORKER, *PLAYERS = (development_signer(index).address for index in range(1, 6))
EVERYBODY = (REQUESTER, WORKER, *PLAYERS)
WINDOW = 60
BLOBS = "http://localhost/v1/blobs/" + "0" * 64


@dataclass
class Sealed:
    """A claim that somebody sealed: its terms and salt, the trace, and where that breaks."""

    who: Address
    terms: ClaimTerms
    salt: bytes
    case: Case
    reveal: courts.Reveal
    seal: bytes


@dataclass
class DisputePlay:
    """One committed job, on the chain and in the court."""

    chain: Chain
    material: Material
    rfp: Rfp
    court: Court
    now: int
    supply: int
    sealed: list[Sealed] = field(default_factory=list)
    demands: dict[int, Demand] = field(default_factory=dict)
    """The open demand of each line, as its event told it."""
    cases: dict[int, Sealed] = field(default_factory=dict)
    """What each claim was revealed with."""
    is_rehearsal: bool = False
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def job(self) -> JobId:
        return job_id(self.chain.chain_id, self.chain.deployment.market, self.rfp)

    def attempt(self, who: Address, name: str, call: Call, twin: Callable[[int], object]) -> list[ChainEvent]:
        """Tries an act on the chain at `now`, then in the court; returns its events if both took it."""
        if self.is_rehearsal:
            twin(0)
            return []
        error = refusal(self.chain, who, call, self.now)
        if error is not None:
            with pytest.raises(DisputeRefused) as refused:
                twin(0)
            assert refused.value.details["error"] == error, f"{name} at {self.now}"
            self.refused[f"{name}: {error}"] += 1
            return []
        events = mine(self.chain, who, call, self.now)
        twin(self.gas_of(events))
        self.taken[name] += 1
        self.compare()
        return events

    def rehearse(self, act: Callable[[], None]) -> bool:
        """Whether the court would take the act now; nothing happens."""
        court, self.court, self.is_rehearsal = self.court, deepcopy(self.court), True
        try:
            act()
        except DisputeRefused:
            return False
        finally:
            self.court, self.is_rehearsal = court, False
        return True

    def gas_of(self, events: list[ChainEvent]) -> int:
        """What the contracts measured, as they told it."""
        params = self.court.params
        for event in events:
            if event.name == "ClaimRevealed":
                return int(event.args["cost"]) // params.gas_price
            if event.name == "ClaimRefuted":
                return (int(event.args["reward"]) - params.refute_reward) // params.gas_price
            if event.name == "Answered":
                return int(event.args["paid"]) // params.gas_price
            if event.name == "Demanded":
                number = int(event.args["line"])
                self.demands[number] = Demand.from_json(event.args["demand"])
                before = self.court.lines[number].spent if number in self.court.lines else 0
                return (self.chain.line_of(number).spent - before) // params.gas_price
        return 0

    # Acts: each may be illegal

    def seal(self, who: Address, item: int, case: Case, broken: frozenset[courts.Place], salt: bytes) -> None:
        terms = self.material.terms(self.job, item, case)
        seal = claim_seal(self.chain.chain_id, self.chain.deployment.address("Disputes"), who, terms, salt)
        reveal = courts.Reveal(self.job, item, self.material.outcome(item, case), broken)
        call = self.chain.calls.disputes.seal(seal)
        if self.attempt(who, "seal", call, lambda _: self.court.seal(who, seal, self.now)):
            self.sealed.append(Sealed(who, terms, salt, case, reveal, seal))

    def reveal(self, who: Address, one: Sealed, line: int) -> None:
        exhibit = self.material.exhibit(one.terms.item, one.case)
        call = self.chain.calls.disputes.reveal(self.rfp, self.material.spec, one.terms, one.salt, exhibit, line)
        seal = claim_seal(self.chain.chain_id, self.chain.deployment.address("Disputes"), who, one.terms, one.salt)

        def twin(gas: int) -> None:
            self.court.reveal(who, seal, one.reveal, self.now, line=line, gas=gas)

        for event in self.attempt(who, "reveal", call, twin):
            if event.name == "ClaimRevealed":
                self.cases[int(event.args["claim"])] = one

    def burn_seal(self, who: Address, one: Sealed) -> None:
        call = self.chain.calls.disputes.burn_seal(one.who, one.seal)
        self.attempt(who, "burn", call, lambda _: self.court.burn_seal(one.who, one.seal, self.now))

    def refute(self, who: Address, claim: int, place: courts.Place) -> None:
        case = self.cases[claim].case
        call = self.chain.calls.disputes.refute(self.rfp, self.material.spec, claim, case.evidence(*place))
        self.attempt(who, "refute", call, lambda gas: self.court.refute(who, claim, place, gas=gas))

    def dismiss(self, who: Address, claim: int) -> None:
        call = self.chain.calls.disputes.dismiss(self.rfp, claim)
        self.attempt(who, "dismiss", call, lambda gas: self.court.dismiss(who, claim, gas=gas))

    def uphold(self, who: Address, claim: int) -> None:
        call = self.chain.calls.disputes.uphold(self.rfp, claim)
        self.attempt(who, "uphold", call, lambda _: self.court.uphold(claim, self.now))

    def demand_trace(self, who: Address, claim: int, line: int, step: int) -> None:
        runs, proofs = [run_of(step)], [self.material.step_proof(step)]
        call = self.chain.calls.disputes.demand_trace(self.rfp, self.material.spec, claim, runs, proofs, line)

        def twin(gas: int) -> None:
            self.court.demand_trace(who, claim, self.now, line=line, gas=gas)

        self.attempt(who, "demand trace", call, twin)

    def demand_item(self, who: Address, subject: Subject, item: int, line: int) -> None:
        call = self.chain.calls.disputes.demand_item(self.rfp, self.material.spec, subject, item, [run_of(0)], line)

        def twin(gas: int) -> None:
            self.court.demand_item(who, self.job, subject, item, self.now, line=line, gas=gas)

        self.attempt(who, "demand item", call, twin)

    def answer(self, who: Address, line: int) -> None:
        demand, claim = self.demands[line], self.court.lines[line].claim
        given = self.material.answer(demand, self.cases[claim].case if claim else None)
        call = self.chain.calls.disputes.answer(line, demand, given)
        self.attempt(who, "answer", call, lambda gas: self.court.answer(who, line, self.now, gas=gas))

    def lapse(self, who: Address, line: int) -> None:
        call = self.chain.calls.disputes.lapse(self.rfp, line)
        self.attempt(who, "lapse", call, lambda _: self.court.lapse(line, self.now))

    def close_line(self, who: Address, line: int) -> None:
        call = self.chain.calls.disputes.close_line(self.rfp, line)
        self.attempt(who, "close", call, lambda _: self.court.close_line(who, line, self.now))

    def finalize(self, who: Address) -> None:
        call = self.chain.calls.finalize(self.rfp)
        self.attempt(who, "finalize", call, lambda _: self.court.finalize(self.job, self.now))

    # What both must agree on

    def compare(self) -> None:
        """Every record and every unit of money."""
        chain, court = self.chain, self.court
        for number, claim in court.claims.items():
            found = chain.claim_of(number)
            assert (found.state, found.outcome, found.open_lines, found.cost, found.reserve) == (
                claim.state, claim.terms.outcome, claim.open_lines, claim.cost, claim.reserve,
            )  # fmt: skip
        for number, line in court.lines.items():
            on_chain = chain.line_of(number)
            assert line_facts(on_chain) == (
                line.turn, line.rounds, line.opener_left, line.answerer_left, line.max_rounds, line.prefund, line.spent,
                line.since,
            )  # fmt: skip
        case, result = court.jobs[self.job], chain.result_of(self.job)
        kept = case.result
        assert (result.open_claims, result.void_items, result.slashed, result.challenger, result.costs) == (
            kept.open_claims, kept.void_items, kept.slashed, kept.challenger, kept.costs,
        )  # fmt: skip
        assert chain.job_of(self.job).state is case.state
        assert chain.dispute_bonds() == court.ledger.dispute_bonds
        assert self.supply - supply_of(chain) == court.ledger.burned
        for who in (*EVERYBODY, court.terms.fee_recipient):
            mine = court.ledger.funds[who] + court.ledger.payments[who]
            mine += court.ledger.job_bonds[self.job] if who == WORKER else 0
            assert holdings(chain, who) == mine, f"{who} has {holdings(chain, who)}, the court says {mine}"


def line_facts(line: Line) -> tuple[Any, ...]:
    """What a line's record on the chain says, in the court's order."""
    return (
        line.turn, line.rounds, line.opener_left, line.answerer_left, line.max_rounds, line.prefund, line.spent,
        line.since,
    )  # fmt: skip


def holdings(chain: Chain, who: Address) -> int:
    """All that an account owns: wallet, credit and stake."""
    return chain.balance_of(who) + chain.credit_of(who) + chain.stake_of(who).total


def supply_of(chain: Chain) -> int:
    """All utility tokens that there are."""
    return int(chain._one("UtilityToken", "totalSupply", at=chain.deployment.utility_token))


def refusal(chain: Chain, who: Address, call: Call, at: int) -> str | None:
    """The Solidity error with which the contracts would refuse the call in a block of second `at`; None if not."""
    fields = {"from": who, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(20_000_000)}
    try:
        chain.rpc.call("eth_call", [fields, "latest", {}, {"time": hex(at)}])
    except RpcRefused as error:
        found = as_revert(error)
        if found is None:
            raise
        return found.error_name
    return None


def mine(chain: Chain, who: Address, call: Call, at: int) -> list[ChainEvent]:
    """Sends a call as anybody in a block of second `at`; returns its events."""
    chain.rpc.call("evm_setNextBlockTimestamp", [at])
    fields = {"from": who, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(20_000_000)}
    tx_hash = chain.rpc.call("eth_sendTransaction", [fields])
    deadline = time.monotonic() + 10
    while (receipt := chain.receipt(tx_hash)) is None:
        assert time.monotonic() < deadline, f"{call.name} is not mined"
        time.sleep(0.002)
    assert int(receipt["status"], 16) == 1, call.name
    block = int(receipt["blockNumber"], 16)
    return chain.events(block, block)


def commit_job(chain: Chain, material: Material, dice: random.Random, bond: Amount) -> DisputePlay:
    """Plays a job of three items, of which one is right, to its commit."""
    deployment, price = chain.deployment, Amount(bond + dice.randint(0, 99))
    rfp = Rfp(
        requester=REQUESTER,
        nonce=dice.getrandbits(64),
        model_id=material.model_id,
        input_root=material.inputs.root,
        item_count=ITEMS,
        token=deployment.utility_token,
        max_price=price,
        job_bond=bond,
        bidding_time=5,
        reveal_time=5,
        execution_timeout=60,
        challenge_window=WINDOW,
        guarantee=Guarantee.OPTIMISTIC,
        kind=Kind.AUCTION,
    )
    job, salt, now = job_id(chain.chain_id, deployment.market, rfp), dice.randbytes(32), chain.timestamp() + 1
    calls, seal = chain.calls, bid_seal(chain.chain_id, deployment.market, job, WORKER, price, salt)
    supply = supply_of(chain)
    owned = {who: holdings(chain, who) for who in (*EVERYBODY, chain.params().fee_recipient)}
    mine(chain, REQUESTER, calls.post(rfp, BLOBS), now)
    mine(chain, WORKER, calls.bid(rfp, seal), now + 1)
    mine(chain, WORKER, calls.reveal(rfp, price, salt), now + 5)
    mine(chain, REQUESTER, calls.award(rfp, [WORKER]), now + 6)
    mine(chain, WORKER, calls.commit(rfp, material.results.root, material.results.root), now + 7)
    params, policy = chain.params(), chain.policy_of(deployment.utility_token)
    terms = Terms(
        chain.dispute_params(), chain.claim_reveal_time(), params.fee_bps, params.fee_recipient, policy.bond_rate
    )
    court = Court(terms)
    for who, amount in owned.items():
        court.ledger.funds[who] = amount
    # Ids go on from play to play, and so does what is known of the worker.
    while chain.claim_of(court.last_id + 1).revealed_at or chain.line_of(court.last_id + 1).since:
        court.last_id += 1
    court.ledger.reputations[WORKER] = chain.reputation_of(WORKER)
    court.ledger.strikes[WORKER] = chain._struct(Strikes, "Registry", "strikesOf", WORKER)
    court.file_job(job, rfp, WORKER, now + 7, depth=material.identity.depth, void_only=material.void_only)
    play = DisputePlay(chain, material, rfp, court, now + 8, supply)
    play.compare()
    return play


def is_over(play: DisputePlay) -> bool:
    """Whether the job has ended and nothing of its disputes is open."""
    lines = any(line.turn is not Turn.CLOSED for line in play.court.lines.values())
    return play.court.jobs[play.job].state is not JobState.COMMITTED and not lines and not play.court.seals
