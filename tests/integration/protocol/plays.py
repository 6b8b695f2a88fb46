"""Plays of a job on a real chain, which the tests of the protocol's twins share: who plays, what they can do, how."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.calls import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.errors import RpcRefused
from atomic_verify.chain.interface import interface
from atomic_verify.chain.presets import UNIT, development
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol import auction
from atomic_verify.protocol.ids import bid_seal, job_id, model_id
from atomic_verify.protocol.lifecycle import Act, targets
from atomic_verify.protocol.next_acts import NextAct, Situation, next_acts, wake_at
from atomic_verify.protocol.settlement import settle
from atomic_verify.protocol.types import (
    ZERO_ADDRESS,
    Address,
    Amount,
    Bid,
    BidStatus,
    CriticalStep,
    Guarantee,
    JobState,
    Kind,
    ModelId,
    ModelSpec,
    OutputTolerance,
    Rfp,
    TensorSig,
    Tolerance,
    VerdictRecord,
)

REQUESTER, JANITOR, *WORKERS = (development_signer(index).address for index in range(1, 6))
EVERYBODY = (REQUESTER, JANITOR, *WORKERS)
BOND, MAX_PRICE = Amount(6 * UNIT), Amount(10 * UNIT)
DIGEST = Digest(b"\x07" * 32)
JOB_ACTS = tuple(act for act in Act if act not in (Act.POST, Act.AWARD_QUOTE, Act.FORFEIT))
Deed = tuple[Act, Address | None]


@dataclass
class Play:
    """One auction job on the chain, with what its bidders keep to themselves."""

    chain: Chain
    rfp: Rfp
    prices: dict[Address, Amount]
    salts: dict[Address, bytes]
    params: Any = None
    reveal_time: int = 0
    now: int = 0
    seen: dict[Address, Situation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.params, self.reveal_time = self.chain.params(), self.chain.claim_reveal_time()
        self.id = job_id(self.chain.chain_id, self.chain.deployment.market, self.rfp)

    def look(self) -> None:
        """Reads the job and everybody's part in it."""
        self.now = self.chain.timestamp()
        job = self.chain.job_of(self.id)
        self.bids = {worker: self.chain.bid_of(self.id, worker) for worker in WORKERS}
        self.revealed = {worker: bid for worker, bid in self.bids.items() if bid.status is BidStatus.REVEALED}
        self.ranking = auction.rank(self.revealed, self.rfp.max_price)
        ranks = {bid.worker: bid.rank for bid in self.ranking}
        still_sealed = tuple(worker for worker, bid in self.bids.items() if bid.status is BidStatus.SEALED)
        nothing = Bid(BidStatus.NONE, 0, 0, Amount(0))
        for who in EVERYBODY:
            free, credit = self.chain.free_stake_of(who), self.chain.credit_of(who, self.rfp.token)
            self.seen[who] = Situation(
                self.rfp, job, self.params, self.reveal_time, who, self.bids.get(who, nothing), free,
                rank=ranks.get(who), sealed_bidders=still_sealed, credit=credit,
            )  # fmt: skip

    @property
    def state(self) -> JobState:
        return self.seen[REQUESTER].job.state

    def legal(self, at: int) -> list[tuple[Address, NextAct]]:
        return [(who, found) for who in EVERYBODY for found in next_acts(self.seen[who], at)]

    def wake(self) -> int | None:
        times = (wake_at(self.seen[who], self.now) for who in EVERYBODY)
        return min((time for time in times if time is not None), default=None)

    def call(self, who: Address, deed: Deed) -> Call:
        """The call by which `who` would do it, as sensible as can be."""
        act, subject = deed
        calls, rfp, bidders = self.chain.calls, self.rfp, [bid.worker for bid in self.ranking]
        price, salt = self.prices.get(who, Amount(1)), self.salts.get(who, DIGEST)
        seal = bid_seal(self.chain.chain_id, self.chain.deployment.market, self.id, who, price, salt)
        if act is Act.FORFEIT:
            assert subject is not None
            return calls.forfeit(rfp, subject)
        return {
            Act.CANCEL: lambda: calls.cancel(rfp),
            Act.BID: lambda: calls.bid(rfp, seal),
            Act.REVEAL: lambda: calls.reveal(rfp, price, salt),
            Act.AWARD: lambda: calls.award(rfp, bidders),
            Act.COMMIT: lambda: calls.commit(rfp, DIGEST, DIGEST),
            Act.REASSIGN: lambda: calls.reassign(rfp, bidders),
            Act.EXPIRE: lambda: calls.expire(rfp),
            Act.FINALIZE: lambda: calls.finalize(rfp),
            Act.RELEASE_BID: lambda: calls.release_bid(rfp, who),
            Act.WITHDRAW: lambda: calls.withdraw(rfp.token),
        }[act]()

    def accepted(self, at: int) -> set[tuple[Address, Deed]]:
        """What the contracts would take at second `at`."""
        deeds: list[Deed] = [(act, None) for act in JOB_ACTS]
        deeds += [(Act.FORFEIT, worker) for worker in WORKERS]
        return {
            (who, deed) for who in EVERYBODY for deed in deeds if would_pass(self.chain, who, self.call(who, deed), at)
        }

    def compare(self) -> None:
        """Both sides at now, at the next moment that anything changes, and right before and after it."""
        wake = self.wake()
        for at in sorted({self.now} | ({wake - 1, wake, wake + 1} if wake is not None else set())):
            if at >= self.now:
                mine = {
                    (who, (found.act, found.subject if found.act is Act.FORFEIT else None))
                    for who, found in self.legal(at)
                }
                assert mine == self.accepted(at), f"job {self.seen[REQUESTER].job}, at {at}, now {self.now}"

    def do(self, who: Address, deed: Deed) -> None:
        """Does it in a block one second later."""
        self.now += 1
        self.chain.rpc.call("evm_setNextBlockTimestamp", [self.now])
        transact(self.chain, who, self.call(who, deed))


def would_pass(chain: Chain, who: Address, call: Call, at: int) -> bool:
    """Whether the contracts would take the call in a block of second `at`."""
    fields = {"from": who, "to": call.to, "data": "0x" + call.data.hex()}
    try:
        chain.rpc.call("eth_call", [fields, "latest", {}, {"time": hex(at)}])
    except RpcRefused:
        return False
    return True


@contextmanager
def market() -> Iterator[Chain]:
    """A deployment with one published model, a funded requester, and three workers with stake for two bonds each."""
    with Anvil() as anvil:
        founder = development_signer(0)
        chain = Chain.connect(anvil.url, deploy(anvil.rpc, founder, development()))
        anvil.request("anvil_autoImpersonateAccount", True)
        transact(chain, founder.address, chain.calls.publish(spec(), "http://localhost/model"))
        for who in (REQUESTER, *WORKERS):
            token, plenty = chain.deployment.utility_token, Amount(10_000 * UNIT)
            transact(chain, founder.address, chain.calls.transfer_token(token, who, plenty))
            transact(chain, who, chain.calls.approve(token, plenty))
        for worker in WORKERS:
            transact(chain, worker, chain.calls.stake(Amount(1_000 * UNIT)))
        yield chain


def transact(chain: Chain, who: Address, call: Call) -> None:
    """Sends a call as anybody; anvil plays along."""
    fields = {"from": who, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(3_000_000)}
    tx_hash = chain.rpc.call("eth_sendTransaction", [fields])
    deadline = time.monotonic() + 10
    while (receipt := chain.receipt(tx_hash)) is None:
        assert time.monotonic() < deadline, f"{call.name} is not mined"
        time.sleep(0.005)
    assert int(receipt["status"], 16) == 1, call.name


def spec() -> ModelSpec:
    none, sig = Digest(bytes(32)), TensorSig("x", 1, (1,))
    exact = OutputTolerance(Tolerance(0, 0), Tolerance(0, 0))
    critical = CriticalStep.none()
    return ModelSpec(none, none, 0, 0, 0, 0, False, DIGEST, DIGEST, (sig,), (sig,), (exact,), critical)


def post(chain: Chain, dice: random.Random, model: ModelSpec | None = None) -> Play:
    """Posts an RFP with short times and returns its play."""
    rfp = Rfp(
        requester=REQUESTER,
        nonce=dice.getrandbits(64),
        model_id=ModelId(model_id(model or spec())),
        input_root=DIGEST,
        item_count=dice.randint(1, 9),
        token=chain.deployment.utility_token,
        max_price=Amount(MAX_PRICE - dice.randint(0, 9)),
        job_bond=BOND,
        bidding_time=dice.randint(5, 30),
        reveal_time=dice.randint(5, 30),
        execution_timeout=dice.randint(5, 30),
        challenge_window=dice.randint(5, 30),
        guarantee=Guarantee.OPTIMISTIC,
        kind=Kind.AUCTION,
    )
    prices = {worker: Amount(dice.randint(UNIT, rfp.max_price)) for worker in WORKERS}
    transact(chain, REQUESTER, chain.calls.post(rfp, "http://localhost/v1/blobs/" + "0" * 64))
    play = Play(chain, rfp, prices, {worker: dice.randbytes(32) for worker in WORKERS})
    play.look()
    return play


def wait_until(play: Play, at: int) -> None:
    """Mines an empty block at second `at`."""
    play.chain.rpc.call("evm_setNextBlockTimestamp", [at])
    play.chain.rpc.call("evm_mine", [])
    play.look()


def drain(play: Play) -> None:
    """After the end: everybody takes what is owed, and no bond stays locked."""
    while legal := play.legal(play.now + 1):
        step(play, *legal[0])
    play.compare()
    assert [play.chain.stake_of(worker).locked for worker in WORKERS] == [0, 0, 0]


def step(play: Play, who: Address, found: NextAct) -> None:
    """Does one act and checks what came of it."""
    before = play.seen[REQUESTER].job
    ranking, bids = play.ranking, play.revealed
    owed = {account: play.seen[account].credit for account in EVERYBODY}
    play.do(who, (found.act, found.subject))
    play.look()
    after = play.seen[REQUESTER].job
    if after.state is not before.state:
        assert after.state in targets(before.state, found.act)
    if found.act in (Act.AWARD, Act.REASSIGN):
        winner = ranking[0].worker if found.act is Act.AWARD else who
        foretold = auction.reassign(bids, winner, play.rfp.max_price)
        assert (after.worker, play.rfp.max_price - after.rebate) == (winner, foretold.payment)
    if found.act is Act.FINALIZE:
        good = VerdictRecord(False, 0, ZERO_ADDRESS, Amount(0))
        rate = play.chain.policy_of(play.rfp.token).bond_rate
        foretold_end = settle(play.rfp, before, good, fee_bps=play.params.fee_bps, bond_rate=rate)
        assert after.state is foretold_end.state
        gained = {account: play.seen[account].credit - owed[account] for account in EVERYBODY}
        assert gained[before.worker] == foretold_end.escrow.to_worker
        assert gained[REQUESTER] == foretold_end.escrow.to_requester


def ask(chain: Chain, contract: str, function: str, *values: Any) -> bytes:
    """The answer of a view, as bytes."""
    fields = {
        "to": chain.deployment.address(contract),
        "data": "0x" + interface(contract).encode_call(function, *values).hex(),
    }
    return bytes.fromhex(chain.rpc.call("eth_call", [fields, "latest"])[2:])
