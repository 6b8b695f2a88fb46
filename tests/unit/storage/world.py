"""A market in miniature that makes legal events: what the indexer is tested on when no node runs.

`World` plays acts chosen by numbers, so the same numbers give the same story, and a re-org is a story replayed with
other numbers from some block on. It keeps its own books, which the projections are held against.
"""

from functools import partial
from typing import Any

from atomic_verify.protocol.auction import award, reassign, tie_of
from atomic_verify.protocol.settlement import CHALLENGER_BPS, missed, stands
from atomic_verify.protocol.types import Bid, BidStatus, Guarantee, JobState, Kind, parse_address, parse_word
from tests.unit.storage.world_books import (
    BOND,
    CHALLENGER,
    FEE_BPS,
    FEE_TO,
    GUARANTEES,
    PRICE,
    REQUESTERS,
    TOKEN,
    UTILITY,
    VERIFIER,
    WORKERS,
    Act,
    Log,
    SimJob,
    word,
)
from tests.unit.storage.world_disputes import Disputes


class World(Disputes):
    """The state of the market after the acts so far."""

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
            acts = self._dispute_acts(job)
            return acts if job.open_claims else [*acts, *[partial(self._finalize, job)] * 3]
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

    def _remaining(self, job: SimJob) -> dict[str, Bid]:
        return {worker: bid for worker, bid in job.bids.items() if bid.status is BidStatus.REVEALED}

    def _ranked(self, job: SimJob) -> dict[Any, Bid]:
        return {parse_address(worker): bid for worker, bid in self._remaining(job).items()}

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
            "guarantee": GUARANTEES[self.acts % len(GUARANTEES)],
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
        logs = [("Results", "Committed", {**args, "payloadDigest": word("payload"), "finalAt": 10**8})]
        if job.rfp["guarantee"] != Guarantee.OPTIMISTIC:
            job.proven = int(word("decisions", self.acts), 16) % 2**96
            logs.append(("Results", "Proven", {"job": job.id, "verifier": VERIFIER, "decisions": job.proven}))
        # What is proven whole is final at once.
        return job.worker, logs + (self._finalize(job)[1] if job.rfp["guarantee"] == Guarantee.PROVEN else [])

    def _finalize(self, job: SimJob) -> tuple[str, list[Log]]:
        assert job.worker is not None
        job.state = JobState.SLASHED if job.slashed else JobState.FINAL
        challenger, at_stake = job.challenger or "0x" + "00" * 20, BOND - job.costs
        verdict = {"slashed": job.slashed, "voidItems": len(job.void_items), "challenger": challenger}
        reward = at_stake * CHALLENGER_BPS // 10_000 if job.slashed else 0
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
            "bondBurned": at_stake - reward if job.slashed else 0,
        }
        told = {"job": job.id, "root": word("r"), "verdict": {**verdict, "costs": job.costs}}
        logs: list[Log] = [("Results", "Finalized", told)]
        logs += self._bond("BondTaken" if job.slashed else "BondReleased", job.worker, job, at_stake)
        logs.append(("Market", "Settled", settled))
        payees = ((job.worker, TOKEN), (job.rfp["requester"], TOKEN), (FEE_TO, TOKEN), (challenger, UTILITY))
        for (account, token), amount in zip(payees, (*money, reward), strict=True):
            logs += self._credit(account, token, amount)
        return CHALLENGER, logs
