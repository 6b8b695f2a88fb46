"""A market in miniature that makes legal events: what the indexer is tested on when no node runs.

`World` plays acts chosen by numbers, so the same numbers give the same story, and a re-org is a story replayed with
other numbers from some block on. It keeps its own books, which the projections are held against.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from atomic_verify.protocol.auction import award, reassign, tie_of
from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.settlement import CHALLENGER_BPS, missed, stands
from atomic_verify.protocol.types import Bid, BidStatus, JobState, Kind, parse_address, parse_word

MARKET = parse_address("0x" + "5a" * 20)
CHAIN_ID = 31337
TOKEN = "0x" + "70" * 20
UTILITY = "0x" + "71" * 20
FEE_TO = "0x" + "fe" * 20
REQUESTERS = ["0x" + f"{0xA0 + i:02x}" * 20 for i in range(2)]
WORKERS = ["0x" + f"{0xB0 + i:02x}" * 20 for i in range(4)]
CHALLENGER = "0x" + "cc" * 20
BOND = 10**19
PRICE = 10**20 + 7
FEE_BPS = 100

Log = tuple[str, str, dict[str, Any]]
Act = Callable[[], tuple[str, list[Log]]]


def word(*parts: object) -> str:
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass
class SimJob:
    id: str
    rfp: dict[str, Any]
    state: JobState = JobState.POSTED
    bids: dict[str, Bid] = field(default_factory=dict)
    worker: str | None = None
    attempt: int = 0
    price: int = 0
    open_claims: int = 0
    void_items: set[int] = field(default_factory=set)
    slashed: bool = False


class World:
    """The state of the market after the acts so far."""

    def __init__(self) -> None:
        self.jobs: dict[str, SimJob] = {}
        self.models: dict[str, str] = {}
        self.endpoints: dict[str, str] = {}
        self.stake: Counter[str] = Counter()
        self.locked: Counter[str] = Counter()
        self.unbonding: Counter[str] = Counter()
        self.credits: Counter[tuple[str, str]] = Counter()
        self.reputation: Counter[tuple[str, str]] = Counter()
        self.acts = 0

    def play(self, choice: int) -> tuple[str, list[Log]]:
        """One legal act: its sender and its events."""
        legal = self._legal()
        self.acts += 1
        return legal[choice % len(legal)]()

    def _legal(self) -> list[Act]:
        acts: list[Act] = []
        for worker in WORKERS:
            acts.append(partial(self._stake, worker))
            if self._is_free(worker):
                acts.append(partial(self._unbond, worker))
        acts.append(self._publish)
        acts.append(lambda: self._announce(WORKERS[self.acts % len(WORKERS)]))
        for key in sorted(self.credits):
            if self.credits[key]:
                acts.append(partial(self._withdraw, key))
        if self.models:
            for requester in REQUESTERS:
                acts += [partial(self._post, requester, Kind.AUCTION)] * 3
                acts.append(partial(self._quote, requester))
        for job in list(self.jobs.values()):
            acts += self._job_acts(job) * 4
            if job.state in (JobState.POSTED, JobState.AWARDED):
                acts.append(partial(self._expire, job))
        return acts

    def _job_acts(self, job: SimJob) -> list[Act]:
        if job.state is JobState.POSTED:
            return self._bidding_acts(job)
        if job.state is JobState.AWARDED:
            able = [worker for worker in self._remaining(job) if self._is_free(worker)]
            return [partial(self._commit, job), *(partial(self._reassign, job, worker) for worker in able)]
        if job.state is JobState.COMMITTED:
            acts: list[Act] = [partial(self._open_claim, job)]
            if job.open_claims:
                return [*acts, *(partial(self._close_claim, job, outcome) for outcome in (1, 2, 3))]
            return [*acts, partial(self._finalize, job)]
        return []

    def _bidding_acts(self, job: SimJob) -> list[Act]:
        acts: list[Act] = []
        for worker in WORKERS:
            bid = job.bids.get(worker)
            if bid is None and self._is_free(worker):
                acts.append(partial(self._bid, job, worker))
            if bid is not None and bid.status is BidStatus.SEALED:
                acts += [partial(self._reveal, job, worker), partial(self._forfeit, job, worker)]
        if not job.bids:
            acts.append(partial(self._cancel, job))
        if self._remaining(job):
            acts.append(partial(self._award, job))
        return acts

    def _is_free(self, worker: str) -> bool:
        return self.stake[worker] - self.locked[worker] >= BOND

    def _remaining(self, job: SimJob) -> dict[str, Bid]:
        return {worker: bid for worker, bid in job.bids.items() if bid.status is BidStatus.REVEALED}

    def _ranked(self, job: SimJob) -> dict[Any, Bid]:
        return {parse_address(worker): bid for worker, bid in self._remaining(job).items()}

    # Money

    def _stake(self, worker: str) -> tuple[str, list[Log]]:
        self.stake[worker] += 3 * BOND
        return worker, [("Registry", "StakeAdded", {"worker": worker, "amount": 3 * BOND})]

    def _unbond(self, worker: str) -> tuple[str, list[Log]]:
        if self.unbonding[worker]:
            self.unbonding[worker] = 0
            return worker, [("Registry", "StakeRemoved", {"worker": worker, "amount": BOND})]
        self.stake[worker] -= BOND
        self.unbonding[worker] += BOND
        args = {"worker": worker, "amount": BOND, "readyAt": 10**6}
        return worker, [("Registry", "UnbondingStarted", args)]

    def _withdraw(self, key: tuple[str, str]) -> tuple[str, list[Log]]:
        amount, self.credits[key] = self.credits[key], 0
        return key[0], [("Market", "Withdrawn", {"account": key[0], "token": key[1], "amount": amount})]

    def _credit(self, account: str, token: str, amount: int) -> list[Log]:
        if amount == 0:
            return []
        self.credits[account, token] += amount
        return [("Market", "Credited", {"account": account, "token": token, "amount": amount})]

    def _escrow(self, account: str) -> list[Log]:
        used = min(self.credits[account, TOKEN], PRICE)
        self.credits[account, TOKEN] -= used
        return [("Market", "CreditSpent", {"account": account, "token": TOKEN, "amount": used})] if used else []

    def _bond(self, event: str, worker: str, job: SimJob) -> list[Log]:
        self.locked[worker] += BOND if event == "BondLocked" else -BOND
        if event == "BondTaken":
            self.stake[worker] -= BOND
        return [("Registry", event, {"worker": worker, "job": job.id, "amount": BOND})]

    # Acts

    def _publish(self) -> tuple[str, list[Log]]:
        model = word("model", self.acts)
        self.models[model] = REQUESTERS[0]
        args = {"modelId": model, "publisher": REQUESTERS[0], "disputable": False, "spec": {"inputs": []}, "uri": "u\0"}
        return REQUESTERS[0], [("Models", "ModelPublished", args)]

    def _announce(self, worker: str) -> tuple[str, list[Log]]:
        self.endpoints[worker] = f"http://worker/{self.acts}\0\ufffd"
        return worker, [("Registry", "Announced", {"worker": worker, "endpoint": self.endpoints[worker]})]

    def _open(self, requester: str, kind: Kind) -> tuple[SimJob, Log]:
        times = (0, 0) if kind is Kind.QUOTE else (60, 30)
        rfp = {
            "requester": requester,
            "nonce": self.acts,
            "modelId": sorted(self.models)[self.acts % len(self.models)],
            "inputRoot": word("input", self.acts),
            "itemCount": 3,
            "token": TOKEN,
            "maxPrice": PRICE,
            "jobBond": BOND,
            "biddingTime": times[0],
            "revealTime": times[1],
            "executionTimeout": 600,
            "challengeWindow": 300,
            "guarantee": 1,
            "kind": int(kind),
        }
        job = SimJob(word("job", self.acts), rfp)
        self.jobs[job.id] = job
        args = {"job": job.id, "requester": requester, "modelId": rfp["modelId"], "rfp": rfp, "inputUri": "http://in/x"}
        return job, ("Market", "RfpPosted", args)

    def _post(self, requester: str, kind: Kind) -> tuple[str, list[Log]]:
        _, log = self._open(requester, kind)
        return requester, [log, *self._escrow(requester)]

    def _quote(self, requester: str) -> tuple[str, list[Log]]:
        free = [worker for worker in WORKERS if self._is_free(worker)]
        if not free:
            return self._post(requester, Kind.AUCTION)
        job, log = self._open(requester, Kind.QUOTE)
        logs = [log, self._assign(job, free[0], PRICE), *self._bond("BondLocked", free[0], job)]
        return requester, [*logs, *self._escrow(requester)]

    def _cancel(self, job: SimJob) -> tuple[str, list[Log]]:
        job.state = JobState.CANCELLED
        requester = job.rfp["requester"]
        return requester, [("Market", "Cancelled", {"job": job.id}), *self._credit(requester, TOKEN, PRICE)]

    def _bid(self, job: SimJob, worker: str) -> tuple[str, list[Log]]:
        seal = word("seal", self.acts)
        job.bids[worker] = Bid(BidStatus.SEALED, 0, tie_of(parse_word(seal)), 0)
        log = ("Market", "BidSealed", {"job": job.id, "worker": worker, "seal": seal})
        return worker, [log, *self._bond("BondLocked", worker, job)]

    def _reveal(self, job: SimJob, worker: str) -> tuple[str, list[Log]]:
        price, weight = PRICE - self.acts % 5, 9_500 + self.acts % 3
        job.bids[worker] = Bid(BidStatus.REVEALED, weight, job.bids[worker].tie, price)
        return worker, [("Market", "BidRevealed", {"job": job.id, "worker": worker, "price": price, "weight": weight})]

    def _spend(self, job: SimJob, worker: str, status: BidStatus) -> None:
        bid = job.bids[worker]
        job.bids[worker] = Bid(status, bid.weight, bid.tie, bid.price)

    def _forfeit(self, job: SimJob, worker: str) -> tuple[str, list[Log]]:
        self._spend(job, worker, BidStatus.FORFEITED)
        log = ("Market", "BidForfeited", {"job": job.id, "worker": worker, "burned": BOND})
        return CHALLENGER, [log, *self._bond("BondTaken", worker, job)]

    def _assign(self, job: SimJob, worker: str, price: int) -> Log:
        job.worker, job.price, job.state = worker, price, JobState.AWARDED
        job.attempt += 1
        args = {
            "job": job.id,
            "worker": worker,
            "attempt": job.attempt,
            "price": price,
            "deadline": 10**7 + job.attempt,
        }
        return ("Market", "Awarded", args)

    def _award(self, job: SimJob) -> tuple[str, list[Log]]:
        found = award(self._ranked(job), PRICE)
        losers = [bid.worker.lower() for bid in found.ranking[1:]]
        self._spend(job, found.worker.lower(), BidStatus.SPENT)
        logs = [self._assign(job, found.worker.lower(), found.payment)]
        for worker in losers:
            logs += self._bond("BondReleased", worker, job)
        return job.rfp["requester"], logs

    def _miss(self, job: SimJob) -> list[Log]:
        assert job.worker is not None
        split = missed(BOND)
        self.reputation[job.worker, "missed"] += 1
        args = {"job": job.id, "worker": job.worker, "attempt": job.attempt}
        log = ("Market", "AttemptMissed", {**args, "toRequester": split.reward, "burned": split.burned})
        credited = self._credit(job.rfp["requester"], UTILITY, split.reward)
        return [log, *self._bond("BondTaken", job.worker, job), *credited]

    def _reassign(self, job: SimJob, worker: str) -> tuple[str, list[Log]]:
        found = reassign(self._ranked(job), parse_address(worker), PRICE)
        logs = self._miss(job)
        self._spend(job, worker, BidStatus.SPENT)
        logs.append(self._assign(job, worker, found.payment))
        return worker, [*logs, *self._bond("BondLocked", worker, job)]

    def _expire(self, job: SimJob) -> tuple[str, list[Log]]:
        logs = self._miss(job) if job.state is JobState.AWARDED else []
        if job.state is JobState.POSTED:
            for worker in list(self._remaining(job)):
                # Another transaction in truth; here the bonds come back with the expiry.
                self._spend(job, worker, BidStatus.SPENT)
                logs += [("Market", "BidReleased", {"job": job.id, "worker": worker})]
                logs += self._bond("BondReleased", worker, job)
        job.state = JobState.EXPIRED
        logs.append(("Market", "Expired", {"job": job.id}))
        return CHALLENGER, [*logs, *self._credit(job.rfp["requester"], TOKEN, PRICE)]

    def _commit(self, job: SimJob) -> tuple[str, list[Log]]:
        assert job.worker is not None
        job.state = JobState.COMMITTED
        args = {"job": job.id, "worker": job.worker, "attempt": job.attempt, "root": word("root", self.acts)}
        return job.worker, [("Results", "Committed", {**args, "payloadDigest": word("payload"), "finalAt": 10**8})]

    def _open_claim(self, job: SimJob) -> tuple[str, list[Log]]:
        job.open_claims += 1
        return CHALLENGER, [("Results", "ClaimOpened", {"job": job.id, "openClaims": job.open_claims})]

    def _close_claim(self, job: SimJob, outcome: int) -> tuple[str, list[Log]]:
        job.open_claims -= 1
        item = self.acts % 3
        if outcome == 2:
            job.void_items.add(item)
        job.slashed = job.slashed or outcome == 3
        args = {"job": job.id, "outcome": outcome, "item": item, "challenger": CHALLENGER}
        return CHALLENGER, [("Results", "ClaimClosed", args)]

    def _finalize(self, job: SimJob) -> tuple[str, list[Log]]:
        assert job.worker is not None
        job.state = JobState.SLASHED if job.slashed else JobState.FINAL
        verdict = {"slashed": job.slashed, "voidItems": len(job.void_items), "challenger": CHALLENGER}
        reward = BOND * CHALLENGER_BPS // 10_000 if job.slashed else 0
        split = stands(PRICE, job.price, 3, len(job.void_items), FEE_BPS)
        money = (0, PRICE, 0) if job.slashed else (split.to_worker, split.to_requester, split.fee)
        kind = "slashed" if job.slashed else ("void" if job.void_items else "final")
        self.reputation[job.worker, kind] += 1
        settled = {
            "job": job.id,
            "worker": job.worker,
            "state": int(job.state),
            **dict(zip(("toWorker", "toRequester", "fee"), money, strict=True)),
            "bondToChallenger": reward,
            "bondBurned": BOND - reward if job.slashed else 0,
        }
        logs: list[Log] = [("Results", "Finalized", {"job": job.id, "root": word("r"), "verdict": verdict})]
        logs += self._bond("BondTaken" if job.slashed else "BondReleased", job.worker, job)
        logs.append(("Market", "Settled", settled))
        payees = ((job.worker, TOKEN), (job.rfp["requester"], TOKEN), (FEE_TO, TOKEN), (CHALLENGER, UTILITY))
        for (account, token), amount in zip(payees, (*money, reward), strict=True):
            logs += self._credit(account, token, amount)
        return CHALLENGER, logs


@dataclass(frozen=True)
class Block:
    ref: BlockRef
    choices: tuple[int, ...]
    events: tuple[ChainEvent, ...]


class WorldChain:
    """A chain whose blocks hold acts of a `World`; an `EventSource` that can re-org."""

    def __init__(self) -> None:
        self.world = World()
        self.blocks: list[Block] = []
        self._fork = 0
        self.calls: Counter[str] = Counter()
        self.mine([])

    def mine(self, choices: Sequence[int]) -> None:
        """One more block, with one transaction for each choice."""
        number = len(self.blocks)
        parent = self.blocks[-1].ref.hash if number else ""
        ref = BlockRef(number, word("block", self._fork, number, parent), 1000 + number)
        events: list[ChainEvent] = []
        for index, choice in enumerate(choices):
            sender, logs = self.world.play(choice)
            # The same transaction may be mined again after a re-org, in another block.
            tx_hash = word("tx", choice, self.world.acts, logs)
            for contract, name, args in logs:
                place = (ref.number, ref.hash, ref.timestamp, tx_hash, index, len(events))
                events.append(ChainEvent(*place, sender, 50_000 + index, contract, name, args))
        self.blocks.append(Block(ref, tuple(choices), tuple(events)))

    def reorg(self, depth: int, branches: Sequence[Sequence[int]]) -> None:
        """Replaces the newest `depth` blocks (never the first) by one block for each list of choices."""
        kept = self.blocks[: max(1, len(self.blocks) - depth)]
        self.world, self.blocks = World(), []
        for block in kept:
            for choice in block.choices:
                self.world.play(choice)
        self.blocks = kept
        self._fork += 1
        for choices in branches:
            self.mine(choices)

    def head(self) -> BlockRef:
        self.calls["head"] += 1
        return self.blocks[-1].ref

    def block_hash(self, number: int) -> str | None:
        self.calls["block_hash"] += 1
        return self.blocks[number].ref.hash if 0 <= number < len(self.blocks) else None

    def events(self, first: int, last: int) -> list[ChainEvent]:
        self.calls["events"] += 1
        return [event for block in self.blocks[max(0, first) : last + 1] for event in block.events]

    def all_events(self) -> list[ChainEvent]:
        return self.events(0, len(self.blocks))


def story(length: int, seed: int = 1) -> WorldChain:
    """A chain of `length` blocks of a few acts each."""
    chain = WorldChain()
    for number in range(length):
        chain.mine([int(word(seed, number, i)[2:10], 16) for i in range(number % 4)])
    return chain
