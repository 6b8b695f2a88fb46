"""Claims and lines of the market in miniature: legal events of seals, claims, rounds of lines and their ends."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from atomic_verify.protocol.dispute_types import ClaimState, LineEnd, Subject, Turn
from tests.unit.storage.world_books import BOND, CHALLENGER, UTILITY, WORKERS, Act, Books, Log, SimJob, word

CLAIMERS = (CHALLENGER, WORKERS[0])
CHARGE = BOND // 10
VOID, SLASH, REJECTED = 2, 3, 1
OPENING = {"leaves": "0x" + "ab" * 512, "proof": [word("proof")], "path": []}


@dataclass
class SimClaim:
    id: int
    job: SimJob
    claimer: str
    outcome: int
    item: int
    state: ClaimState = ClaimState.OPEN


@dataclass
class SimLine:
    id: int
    job: SimJob
    opener: str
    claim: SimClaim | None
    turn: Turn = Turn.ANSWERER
    rounds: int = 0
    answered: list[int] = field(default_factory=list)
    end: LineEnd = LineEnd.NONE


class Disputes(Books):
    """Seals, claims and lines after the acts so far."""

    def __init__(self) -> None:
        super().__init__()
        self.seals: dict[str, str] = {}
        """By seal: "sealed", "revealed" or "burned". All are of different salts."""
        self.claimers: dict[str, str] = {}
        self.claims: dict[int, SimClaim] = {}
        self.lines: dict[int, SimLine] = {}
        self.ids = 0

    def _dispute_acts(self, job: SimJob) -> list[Act]:
        """What can be done about a committed result."""
        acts: list[Act] = [partial(self._seal, CLAIMERS[self.acts % 2])]
        for seal in self._sealed():
            acts += [partial(self._reveal_claim, job, seal)] * 2 + [partial(self._burn_seal, seal)]
        acts.append(partial(self._open_line, job, None))
        for claim in self._open_claims(job):
            acts += [partial(self._refute, claim), partial(self._open_line, job, claim)]
            if not self._open_lines(job, claim):
                acts.append(partial(self._uphold, claim))
        for line in self._open_lines(job):
            if line.turn is Turn.ANSWERER:
                acts += [partial(self._answer, line), partial(self._lapse, line)]
            else:
                acts += [partial(self._demand_again, line), partial(self._close_line, line, LineEnd.LEFT)]
        return acts

    def _sealed(self) -> list[str]:
        return [seal for seal, state in self.seals.items() if state == "sealed"]

    def _open_claims(self, job: SimJob) -> list[SimClaim]:
        return [one for one in self.claims.values() if one.job is job and one.state is ClaimState.OPEN]

    def _open_lines(self, job: SimJob, claim: SimClaim | None = None) -> list[SimLine]:
        mine = [one for one in self.lines.values() if one.job is job and one.turn is not Turn.CLOSED]
        return mine if claim is None else [one for one in mine if one.claim is claim]

    # Claims

    def _seal(self, claimer: str) -> tuple[str, list[Log]]:
        seal = word("claim", self.acts)
        self.seals[seal], self.claimers[seal] = "sealed", claimer
        args = {"seal": seal, "claimer": claimer, "bond": BOND}
        return claimer, [("Disputes", "ClaimSealed", args), self._locked(claimer)]

    def _burn_seal(self, seal: str) -> tuple[str, list[Log]]:
        self.seals[seal] = "burned"
        args = {"seal": seal, "claimer": self.claimers[seal], "bond": BOND}
        return CHALLENGER, [("Disputes", "SealBurned", args), ("Market", "DisputeBondBurned", {"amount": BOND})]

    def _reveal_claim(self, job: SimJob, seal: str) -> tuple[str, list[Log]]:
        self.seals[seal] = "revealed"
        outcome = VOID if self.acts % 3 else SLASH
        claim = SimClaim(self._next_id(), job, self.claimers[seal], outcome, self.acts % 3)
        self.claims[claim.id] = claim
        terms = {"job": job.id, "item": claim.item, "output": 0, "element": 7}
        args = {
            "claim": claim.id,
            "job": job.id,
            "claimer": claim.claimer,
            "seal": seal,
            "terms": {**terms, "trace": word("trace", claim.id), "traceDigest": word("blob", claim.id)},
            "inputs": word("inputs"),
            "outcome": outcome,
            "bond": 2 * BOND,
            "cost": CHARGE,
            "upholdableAt": 10**8 + claim.id,
        }
        return claim.claimer, [self._noted(job), ("Disputes", "ClaimRevealed", args)]

    def _refute(self, claim: SimClaim) -> tuple[str, list[Log]]:
        return CHALLENGER, self._refuted(claim, CHALLENGER, ruling=2)

    def _refuted(self, claim: SimClaim, refuter: str, ruling: int) -> list[Log]:
        claim.state = ClaimState.REFUTED
        args = {
            "claim": claim.id,
            "job": claim.job.id,
            "refuter": refuter,
            "ruling": ruling,
            "step": 2**70,
            "element": 5,
            "reward": CHARGE,
            "toWorker": CHARGE,
            "burned": BOND,
        }
        logs = [self._closed(claim.job, REJECTED, claim.item, CHALLENGER), ("Disputes", "ClaimRefuted", args)]
        divided = ("Disputes", "ReserveDivided", {"claim": claim.id, "toWorker": BOND // 2, "burned": BOND // 2})
        return [*logs, divided, *self._credit(refuter, UTILITY, CHARGE)]

    def _uphold(self, claim: SimClaim) -> tuple[str, list[Log]]:
        claim.state = ClaimState.UPHELD
        closed = self._closed(claim.job, claim.outcome, claim.item, claim.claimer)
        args = {"claim": claim.id, "job": claim.job.id, "outcome": claim.outcome, "charged": closed[2]["charged"]}
        logs: list[Log] = [closed, ("Disputes", "ClaimUpheld", args), *self._charge(claim.job, args["charged"])]
        return claim.claimer, [*logs, *self._credit(claim.claimer, UTILITY, 2 * BOND)]

    def _charge(self, job: SimJob, charged: int) -> list[Log]:
        if not charged:
            return []
        assert job.worker is not None
        self.stake[job.worker] -= charged
        self.locked[job.worker] -= charged
        return [("Registry", "BondTaken", {"worker": job.worker, "job": job.id, "amount": charged})]

    # Lines

    def _open_line(self, job: SimJob, claim: SimClaim | None) -> tuple[str, list[Log]]:
        opener = CLAIMERS[self.acts % 2]
        line = SimLine(self._next_id(), job, opener, claim)
        self.lines[line.id] = line
        subject = Subject.TRACE if claim else (Subject.RESULT, Subject.INPUT)[self.acts % 2]
        args = {"line": line.id, "job": job.id, "opener": opener, "subject": int(subject), "item": self.acts % 3}
        opened = ("Disputes", "LineOpened", {**args, "claim": claim.id if claim else 0})
        noted = [] if claim else [self._noted(job)]
        return opener, [*noted, opened, self._demanded(line), self._locked(opener)]

    def _demand_again(self, line: SimLine) -> tuple[str, list[Log]]:
        line.turn = Turn.ANSWERER
        return line.opener, [self._demanded(line)]

    def _demanded(self, line: SimLine) -> Log:
        line.rounds += 1
        run = {"tensor": 3, "first": 2**33, "count": 64, "leaves": 2**34}
        demand = {"subject": 1, "root": word("root"), "item": 0, "itemCount": 0, "tensors": 9, "runs": [run]}
        args = {"line": line.id, "round": line.rounds, "demand": demand, "prefund": CHARGE, "answerBy": 2 * 10**8}
        return ("Disputes", "Demanded", args)

    def _answer(self, line: SimLine) -> tuple[str, list[Log]]:
        line.turn = Turn.DEMANDER
        line.answered.append(line.rounds)
        opening = {**OPENING, "path": [word("path", self.acts)]}
        answer = {"openings": [opening], "itemRoot": word("item"), "itemPath": [word("up")]}
        args = {"line": line.id, "round": line.rounds, "answerer": WORKERS[1], "answer": answer, "paid": CHARGE}
        logs: list[Log] = [("Disputes", "Answered", {**args, "demandBy": 3 * 10**8})]
        return WORKERS[1], [*logs, *self._credit(WORKERS[1], UTILITY, CHARGE)]

    def _lapse(self, line: SimLine) -> tuple[str, list[Log]]:
        if line.claim is not None:
            logs = self._end(line, LineEnd.UNANSWERED)
            return line.opener, [*self._refuted(line.claim, line.opener, ruling=0), *logs]
        return line.opener, [self._closed(line.job, SLASH, 0, line.opener), *self._end(line, LineEnd.UNANSWERED)]

    def _close_line(self, line: SimLine, end: LineEnd) -> tuple[str, list[Log]]:
        closed = [] if line.claim is not None else [self._closed(line.job, REJECTED, 0, line.opener)]
        return line.opener, [*closed, *self._end(line, end)]

    def _end(self, line: SimLine, end: LineEnd) -> list[Log]:
        line.turn, line.end = Turn.CLOSED, end
        args = {"line": line.id, "job": line.job.id, "end": int(end), "repaid": CHARGE, "forfeited": 0}
        return [("Disputes", "LineClosed", args), *self._credit(line.opener, UTILITY, CHARGE)]

    # What Results and Market say beside it

    def _next_id(self) -> int:
        self.ids += 1
        return self.ids

    def _locked(self, account: str) -> Log:
        return ("Market", "DisputeBondLocked", {"account": account, "amount": BOND})

    def _noted(self, job: SimJob) -> Log:
        job.open_claims += 1
        return ("Results", "ClaimOpened", {"job": job.id, "openClaims": job.open_claims})

    def _closed(self, job: SimJob, outcome: int, item: int, challenger: str) -> Log:
        job.open_claims -= 1
        charged = CHARGE if outcome == VOID and item not in job.void_items else 0
        if outcome == VOID:
            job.void_items.add(item)
            job.challenger = job.challenger or challenger
        if outcome == SLASH:
            job.slashed, job.challenger = True, challenger
        job.costs += charged
        args: dict[str, Any] = {"job": job.id, "outcome": outcome, "item": item, "challenger": challenger}
        return ("Results", "ClaimClosed", {**args, "charged": charged})
