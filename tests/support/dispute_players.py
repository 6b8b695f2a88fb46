"""Who plays disputes: honest players, who do what the real decisions say, and a liar, who does anything.

An honest player keeps nothing but its recorded claims; now and then it dies between recording a claim and sealing it.
The liar has many accounts, and knows everything that its accounts know.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from atomic_verify.protocol import court as courts
from atomic_verify.protocol.court.books import ClaimCase, LineCase
from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.dispute_view import Policy
from atomic_verify.protocol.errors import DisputeRefused
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.move_types import (
    Answer,
    BurnSeal,
    CloseLine,
    DemandItem,
    DemandTrace,
    Dismiss,
    Finalize,
    Lapse,
    Move,
    Refute,
    RefuteModel,
    Reveal,
    Seal,
    Uphold,
)
from atomic_verify.protocol.moves import wake_at, watcher_moves, worker_moves
from atomic_verify.protocol.primitives import Address, JobId
from tests.support.dispute_world import WHOLE, Record, Trace, World, terms_of


@dataclass(slots=True)
class Honest:
    """A watcher, or a worker that defends itself."""

    account: Address
    policy: Policy
    serves: bool = True
    """Whether its traces can be fetched; if not, it answers on the chain."""
    records: list[Record] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Moves that the court didn't take: there must be none."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each kind of move was made."""
    delay: int = 0
    """Seconds that its evaluation of a job takes after the commit."""
    seen: int = -1
    wakes: int = 0

    def act(self, world: World) -> None:
        """Decides and does, until nothing is left to be done now."""
        for job in list(world.court.jobs):
            tried: set[str] = set()
            while (move := self.next_move(world, job, tried)) is not None:
                tried.add(move.key)
                try:
                    self.do(world, move)
                    world.version += 1
                    self.done[type(move).__name__] += 1
                except DisputeRefused as refused:
                    self.refused.append(f"{world.now}: {move}: {refused.details}")
        self.seen = world.version
        times = [wake for job in world.court.jobs for wake in self.wakes_for(world, job)]
        self.wakes = min(times, default=1 << 40)

    def wakes_for(self, world: World, job: JobId) -> list[int]:
        """When the job may need it again, if nobody else acts."""
        known_at = world.court.jobs[job].committed_at + self.delay
        found = wake_at(world.view(self.account, job, self.records), self.policy, world.now)
        return [time for time in (known_at, found) if time is not None and time > world.now]

    def next_move(self, world: World, job: JobId, tried: set[str]) -> Move | None:
        """The most urgent move that wasn't tried in this block."""
        view, opinion = world.view(self.account, job, self.records), world.opinion(self.account, job)
        if world.now < view.committed_at + self.delay:
            opinion = replace(opinion, wrongs=())
        decide = worker_moves if view.worker == self.account else watcher_moves
        return next((move for move in decide(view, opinion, self.policy, world.now) if move.key not in tried), None)

    def do(self, world: World, move: Move) -> None:
        """One move, one transaction. Raises DisputeRefused."""
        court, who, now, gas = world.court, self.account, world.now, world.gas()
        match move:
            case Seal():
                self.seal(world, move)
            case Reveal():
                self.reveal(world, move)
            case BurnSeal():
                sealed = next(key for key in court.seals if repr(key[1]).encode() == move.seal)
                court.burn_seal(move.claimer, sealed[1], now)
            case Refute():
                court.refute(who, move.claim, (move.step, move.element), gas=gas)
            case RefuteModel():
                court.invalidate(who, move.claim, is_invalid=True, gas=gas)
            case Dismiss():
                court.dismiss(who, move.claim, gas=gas)
            case Uphold():
                court.uphold(move.claim, now)
            case Finalize():
                court.finalize(move.job, now)
            case _:
                self.do_line(world, move, gas)

    def do_line(self, world: World, move: DemandTrace | DemandItem | Answer | Lapse | CloseLine, gas: int) -> None:
        """One move of a line."""
        court, who, now = world.court, self.account, world.now
        match move:
            case DemandTrace():
                court.demand_trace(who, move.claim, now, line=move.line, asked=move.runs, gas=gas)
            case DemandItem(job, subject, item, number, _, runs):
                court.demand_item(who, job, subject, item, now, line=number, asked=runs, gas=gas)
            case Answer():
                line, asked = court.lines[move.line], court.lines[move.line].asked
                court.answer(who, move.line, now, gas=gas)
                world.answered(line, asked)
            case Lapse():
                court.lapse(move.line, now)
            case CloseLine():
                court.close_line(who, move.line, now)

    def seal(self, world: World, move: Seal) -> None:
        """Records a claim, then seals it; sometimes dies in between, and goes on from the record."""
        record = next((one for one in self.records if terms_of(one.terms) == move.recorded and not one.sealed_at), None)
        if record is None:
            trace = world.true_trace(move.job, move.wrong.item)
            terms = courts.Reveal(move.job, move.wrong.item, move.wrong.outcome, mark=trace)
            record = Record(terms, world.dice.getrandbits(64))
            self.records.append(record)
            if self.serves:
                world.public_traces.add(trace.root)
            if world.dice.random() < 0.1:
                return
        world.court.seal(self.account, record.sealed, world.now)
        record.sealed_at = world.now

    def reveal(self, world: World, move: Reveal) -> None:
        """Reveals the claim on record."""
        mine = (one for one in self.records if not one.is_used and one.sealed_at == move.sealed_at)
        record = next(one for one in mine if terms_of(one.terms) == move.terms)
        world.court.reveal(self.account, record.sealed, record.terms, world.now, line=move.line, gas=world.gas())
        record.is_used = True

    def is_due(self, world: World) -> bool:
        """Whether anything may have changed for it."""
        return self.seen != world.version or world.now >= self.wakes


@dataclass(slots=True)
class Liar:
    """An attacker with many accounts, one of which may be the worker of some jobs."""

    accounts: list[Address]
    world: World
    answers: float = 0.5
    """How likely it is to answer a demand at all."""
    records: list[tuple[Address, Record]] = field(default_factory=list)

    def act(self) -> None:
        """Something, maybe."""
        dice = self.world.dice
        acts: list[Callable[[Address], None]] = [
            *(self.seal_false, self.seal_true, self.copy, self.spam_claim, self.move_on, self.lapse, self.close),
            *(self.refute, self.burn, self.finalize),
            *2 * (self.seal_false, self.answer, self.spam_item, self.uphold),
            *3 * (self.reveal,),
        ]
        try:
            dice.choice(acts)(dice.choice(self.accounts))
            self.world.version += 1
        except DisputeRefused:
            pass

    def pick_job(self, *, committed: bool = True) -> JobId:
        jobs = [job for job, case in self.world.court.jobs.items() if case.state is JobState.COMMITTED or not committed]
        if not jobs:
            raise DisputeRefused("nothing left to play", error="none")
        return self.world.dice.choice(jobs)

    def pick_claim(self) -> ClaimCase:
        found = [claim for claim in self.world.court.claims.values() if claim.state is ClaimState.OPEN]
        if not found:
            raise DisputeRefused("no claim", error="none")
        return self.world.dice.choice(found)

    def pick_line(self, *turns: Turn) -> LineCase:
        found = [line for line in self.world.court.lines.values() if line.turn in turns]
        if not found:
            raise DisputeRefused("no line", error="none")
        return self.world.dice.choice(found)

    def seal_false(self, who: Address) -> None:
        """A claim whose trace breaks; now and then its output is right all the same."""
        dice, job = self.world.dice, self.pick_job()
        item = dice.randrange(len(self.world.truths[job]))
        truth = self.world.true_trace(job, item)
        step = dice.randrange(len(truth.values))
        bent = truth.bent(step, 1 + dice.getrandbits(20))
        if step + 1 < len(truth.values) and dice.random() < 0.3:
            # Back on the true way, one step later: the output is right, the trace is not.
            bent = Trace(job, item, (*bent.values[: step + 1], *truth.values[step + 1 :]))
        outcome = dice.choice((Outcome.VOID, Outcome.SLASH))
        self.seal(who, courts.Reveal(job, item, outcome, bent.broken, bent), served=dice.random() < 0.4)

    def seal_true(self, who: Address) -> None:
        """A true claim, maybe on less than the worst element; its trace may be withheld."""
        dice, job = self.world.dice, self.pick_job()
        wrong = [item for item, outcome in enumerate(self.world.truths[job]) if outcome is not Outcome.NONE]
        if not wrong:
            return
        item = dice.choice(wrong)
        worst = self.world.truths[job][item]
        outcome = dice.choice((Outcome.VOID, worst))
        self.seal(
            who, courts.Reveal(job, item, outcome, mark=self.world.true_trace(job, item)), served=dice.random() < 0.5
        )

    def copy(self, who: Address) -> None:
        """Somebody's claim, word for word, under a seal of its own."""
        self.seal(who, self.pick_claim().terms, served=False)

    def seal(self, who: Address, terms: courts.Reveal, *, served: bool) -> None:
        record = Record(terms, self.world.dice.getrandbits(64))
        self.world.court.seal(who, record.sealed, self.world.now)
        self.records.append((who, record))
        if served:
            trace = terms.mark
            assert isinstance(trace, Trace)
            self.world.public_traces.add(trace.root)

    def reveal(self, _: Address) -> None:
        who, record = self.world.dice.choice(self.records or [(self.accounts[0], None)])
        if record is None:
            return
        own = [line.id for line in self.world.court.lines.values() if line.opener == who]
        line = self.world.dice.choice([0, 0, *own])
        terms = record.terms
        self.world.court.reveal(who, record.sealed, terms, self.world.now, line=line, gas=self.world.gas())

    def answer(self, who: Address) -> None:
        """Answers a demand on its own traces or results, or anybody's that it can."""
        line = self.pick_line(Turn.ANSWERER)
        if self.world.dice.random() > self.answers:
            return
        asked = line.asked
        self.world.court.answer(who, line.id, self.world.now, gas=self.world.gas())
        self.world.answered(line, asked)

    def spam_claim(self, who: Address) -> None:
        claim = self.pick_claim()
        self.world.court.demand_trace(who, claim.id, self.world.now, asked=WHOLE, gas=self.world.gas())

    def spam_item(self, who: Address) -> None:
        job, subject = self.pick_job(), self.world.dice.choice((Subject.RESULT, Subject.INPUT))
        item = self.world.dice.randrange(len(self.world.truths[job]))
        self.world.court.demand_item(who, job, subject, item, self.world.now, asked=WHOLE, gas=self.world.gas())

    def move_on(self, _: Address) -> None:
        """The next round of a line of its own."""
        line = self.pick_line(Turn.DEMANDER)
        court, now, gas = self.world.court, self.world.now, self.world.gas()
        if line.opener not in self.accounts:
            return
        if line.claim:
            court.demand_trace(line.opener, line.claim, now, line=line.id, asked=WHOLE, gas=gas)
        else:
            court.demand_item(line.opener, line.job, line.subject, line.item, now, line=line.id, asked=WHOLE, gas=gas)

    def lapse(self, _: Address) -> None:
        self.world.court.lapse(self.pick_line(Turn.ANSWERER).id, self.world.now)

    def uphold(self, _: Address) -> None:
        self.world.court.uphold(self.pick_claim().id, self.world.now)

    def close(self, who: Address) -> None:
        self.world.court.close_line(who, self.pick_line(Turn.ANSWERER, Turn.DEMANDER).id, self.world.now)

    def refute(self, who: Address) -> None:
        claim = self.pick_claim()
        place = (self.world.dice.randrange(6), 0)
        if claim.claimer in self.accounts and claim.terms.broken and self.world.dice.random() < 0.2:
            place = min(claim.terms.broken)
        self.world.court.refute(who, claim.id, place, gas=self.world.gas())

    def burn(self, _: Address) -> None:
        seals = list(self.world.court.seals)
        if seals:
            self.world.court.burn_seal(*self.world.dice.choice(seals), self.world.now)

    def finalize(self, _: Address) -> None:
        self.world.court.finalize(self.pick_job(), self.world.now)
