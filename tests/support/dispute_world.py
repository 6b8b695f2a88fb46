"""A world to play disputes in: the court, and what is true and public in it.

A program is a chain of `depth` steps of one element each, the law of a step a fixed function of the one before. So a
trace is a tuple of numbers, two traces with different ends break somewhere, and a withheld one can be descended into.
"""

import hashlib
import random
from dataclasses import dataclass, field
from fractions import Fraction

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.court import Court, Place, Reveal, Terms
from atomic_verify.protocol.court.books import ClaimCase, LineCase
from atomic_verify.protocol.dispute_types import ClaimTerms, Demand, DisputeParams, Run, Subject, Turn
from atomic_verify.protocol.dispute_view import (
    ClaimOpinion,
    ClaimView,
    DisputeView,
    ForeignSeal,
    LineView,
    Opinion,
    OwnSeal,
    Stance,
    Want,
    Wrong,
)
from atomic_verify.protocol.job_types import Guarantee, JobState, Kind, Outcome, Rfp
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address, Amount, JobId, ModelId, parse_address

FEES = parse_address("0x" + "fe" * 20)
REQUESTER = parse_address("0x" + "aa" * 20)
MODEL = ModelId(b"\x11" * 32)
WHOLE = (Run(0, 0, 1, 1),)
MODULUS = 2**61 - 1


def account(number: int) -> Address:
    """A player's address."""
    return parse_address(f"0x{number + 1:040x}")


@dataclass(frozen=True, slots=True)
class Trace:
    """An evaluation of one item: a number for each step."""

    job: JobId
    item: int
    values: tuple[int, ...]

    @property
    def root(self) -> Digest:
        return Digest(hashlib.sha256(repr((self.job, self.item, self.values)).encode()).digest())

    @property
    def broken(self) -> frozenset[Place]:
        """Where it breaks its laws."""
        steps = range(len(self.values))
        return frozenset((step, 0) for step in steps if self.values[step] != self.law(step))

    def law(self, step: int) -> int:
        """What the law wants at a step, given the step before."""
        before = self.values[step - 1] if step else int.from_bytes(self.job[:4], "big") + self.item
        return (before * 6_364_136_223_846_793_005 + step + 1) % MODULUS

    def bent(self, step: int, by: int) -> "Trace":
        """The same up to `step`, another number there, and lawful from there on."""
        values = [*self.values[:step], (self.values[step] + by) % MODULUS]
        made = Trace(self.job, self.item, tuple(values))
        for later in range(step + 1, len(self.values)):
            made = Trace(self.job, self.item, (*made.values, 0))
            made = Trace(self.job, self.item, (*made.values[:-1], made.law(later)))
        return made


@dataclass(slots=True)
class Record:
    """A claim that a player has on record."""

    terms: Reveal
    salt: int
    sealed_at: int | None = None
    is_used: bool = False

    @property
    def sealed(self) -> object:
        """What stands for the seal's hash."""
        return (self.terms, self.salt)


@dataclass(slots=True)
class World:
    """The court and the truth. `now` is the second of the next block."""

    court: Court
    dice: random.Random
    now: int = 1_000
    version: int = 0
    """Counts acts that took effect."""
    truths: dict[JobId, list[Outcome]] = field(default_factory=dict)
    """What each committed item really is worth."""
    served: dict[tuple[JobId, Subject], bool] = field(default_factory=dict)
    """Whether results and inputs can be fetched."""
    public_traces: set[Digest] = field(default_factory=set)
    shown: set[tuple[JobId, Subject, int]] = field(default_factory=set)
    """Items that answers made public."""
    known_steps: dict[Digest, set[int]] = field(default_factory=dict)
    """Steps of withheld traces that answers made public."""
    truth_of: dict[tuple[JobId, int], Trace] = field(default_factory=dict)
    is_invalid: bool = False
    """Whether the program has an invalid record: then nobody honest uses it, and every claim on it is false."""

    def true_trace(self, job: JobId, item: int) -> Trace:
        """What an honest evaluation of the item is."""
        found = self.truth_of.get((job, item))
        if found is None:
            depth = self.court.jobs[job].depth
            blank = Trace(job, item, (0,) * depth)
            start = Trace(job, item, (blank.law(0),) + (0,) * (depth - 1))
            found = self.truth_of[job, item] = start.bent(0, 0)
        return found

    def has(self, job: JobId, subject: Subject, item: int) -> bool:
        """Whether everybody can read this part of the item."""
        return self.served[job, subject] or (job, subject, item) in self.shown

    def gas(self) -> int:
        """What some transaction takes."""
        return self.dice.randint(150_000, 900_000)

    # What the chain shows

    def view(self, who: Address, job: JobId, records: list[Record]) -> DisputeView:
        """The disputes of a job, as its index would tell them to this account."""
        court, case = self.court, self.court.jobs[job]
        own = {record.sealed for record in records}
        return DisputeView(
            account=who,
            job=job,
            rfp=case.rfp,
            state=case.state,
            worker=case.worker,
            committed_at=case.committed_at,
            result=case.result,
            params=court.params,
            reveal_time=court.terms.reveal_time,
            is_disputable=True,
            is_model_invalid=case.rfp.model_id in court.invalid_models,
            claims=tuple(claim_view(claim) for claim in court.claims.values() if claim.terms.job == job),
            lines=tuple(line_view(line) for line in court.lines.values() if line.job == job),
            own_seals=tuple(
                OwnSeal(terms_of(record.terms), record.terms.outcome, record.sealed_at, record.is_used)
                for record in records
                if record.terms.job == job
            ),
            foreign_seals=tuple(
                ForeignSeal(claimer, repr(sealed).encode(), at)
                for (claimer, sealed), at in court.seals.items()
                if sealed not in own
            ),
        )

    # What an honest evaluation says

    def opinion(self, who: Address, job: JobId) -> Opinion:
        """What an honest player makes of the job, from all that is public."""
        case = self.court.jobs[job]
        wrongs, wants = [], []
        for item, outcome in enumerate(self.truths[job]):
            missing = [s for s in (Subject.INPUT, Subject.RESULT) if not self.has(job, s, item)]
            wants += [Want(subject, item, WHOLE) for subject in missing]
            if not missing and outcome is not Outcome.NONE:
                wrongs.append(Wrong(item, 0, 0, outcome))
        claims = {claim.id: self.stance(who, claim) for claim in self.court.claims.values() if claim.terms.job == job}
        lines = [line for line in self.court.lines.values() if line.job == job and line.turn is Turn.ANSWERER]
        answerable = frozenset(line.id for line in lines if self.can_answer(who, line, claims))
        knows_all = who == case.worker or self.is_invalid
        return Opinion(() if knows_all else tuple(wrongs), () if knows_all else tuple(wants), claims, answerable)

    def stance(self, who: Address, claim: ClaimCase) -> ClaimOpinion:
        """What an honest player can tell of a claim."""
        job, item = claim.terms.job, claim.terms.item
        if self.is_invalid:
            return ClaimOpinion(Stance.INVALID_MODEL)
        trace: Trace = claim.terms.mark  # type: ignore[assignment]
        if not (self.has(job, Subject.INPUT, item) or who == self.court.jobs[job].worker):
            return ClaimOpinion(Stance.UNKNOWN)
        mine = self.true_trace(job, item)
        if trace.root == mine.root:
            return ClaimOpinion(Stance.TRUE)
        if trace.root in self.public_traces:
            return ClaimOpinion(Stance.BROKEN, min(trace.broken)[0]) if trace.broken else ClaimOpinion(Stance.LAWFUL)
        return self.descent(trace)

    def descent(self, trace: Trace) -> ClaimOpinion:
        """How far the answers have led: from the output, which the claim exhibits, down to where the trace breaks."""
        known = self.known_steps.get(trace.root, set()) | {len(trace.values) - 1}
        for step in sorted(known):
            reads = step == 0 or step - 1 in known
            if reads and trace.values[step] != trace.law(step):
                return ClaimOpinion(Stance.BROKEN, step)
        lowest = len(trace.values) - 1
        while lowest in known:
            lowest -= 1
        return ClaimOpinion(Stance.WITHHELD, asks=(Run(max(lowest, 0), 0, 1, 1),))

    def can_answer(self, who: Address, line: LineCase, claims: dict[int, ClaimOpinion]) -> bool:
        """Whether an honest player has the data that the line asks for."""
        if line.subject is not Subject.TRACE:
            return who == self.court.jobs[line.job].worker or self.has(line.job, line.subject, line.item)
        claim = self.court.claims[line.claim]
        trace: Trace = claim.terms.mark  # type: ignore[assignment]
        is_own = claim.claimer == who
        return is_own or claims[claim.id].stance is Stance.TRUE or trace.root in self.public_traces

    def answered(self, line: LineCase, asked: object) -> None:
        """An answer stands in an event: everybody can read it."""
        if line.subject is not Subject.TRACE:
            self.shown.add((line.job, line.subject, line.item))
            return
        trace: Trace = self.court.claims[line.claim].terms.mark  # type: ignore[assignment]
        assert isinstance(asked, tuple)
        self.known_steps.setdefault(trace.root, set()).update(run.tensor for run in asked)


def terms_of(reveal: Reveal) -> ClaimTerms:
    """What a claim's event tells of it."""
    trace: Trace = reveal.mark  # type: ignore[assignment]
    return ClaimTerms(reveal.job, reveal.item, 0, 0, trace.root, trace.root)


def claim_view(claim: ClaimCase) -> ClaimView:
    """A claim as the index tells it."""
    return ClaimView(
        claim.id, claim.claimer, terms_of(claim.terms), claim.terms.outcome, claim.state, claim.revealed_at
    )


def line_view(line: LineCase) -> LineView:
    """A line as the index tells it."""
    demand = None
    if line.turn is Turn.ANSWERER:
        demand = Demand(line.subject, Digest(bytes(32)), line.item, 1, 1, WHOLE)
    return LineView(
        line.id, line.opener, line.subject, line.claim, line.item, line.turn, line.since, line.opener_left,
        line.answerer_left, line.rounds, line.max_rounds, demand,
    )  # fmt: skip


def new_world(dice: random.Random) -> World:
    """An empty court with short times."""
    refute, clock = dice.randint(25, 60), dice.choice((dice.randint(25, 60), dice.randint(60, 120)))
    params = DisputeParams(
        refute, clock, Amount(1), Amount(dice.choice((0, 500_000))), Amount(dice.randint(300_000, 3_000_000))
    )
    rate = Amount(int(Fraction(10**18) * dice.choice((Fraction(1, 2), 1, 2))))
    return World(Court(Terms(params, dice.randint(8, 12), dice.choice((0, 100)), FEES, rate)), dice)


def add_job(world: World, worker: Address, truth: list[Outcome], *, void_only: bool) -> JobId:
    """A job commits, whose items are really worth this."""
    dice = world.dice
    job = JobId(dice.randbytes(32))
    bond = Amount(dice.choice((1_000_001, 6_000_000, 500_000_000)))
    price = Amount(dice.randint(10**6, 10**9))
    rfp = Rfp(
        REQUESTER, dice.getrandbits(63), MODEL, Digest(b"\x07" * 32), len(truth), FEES, price,
        bond, 0, 0, 60, dice.randint(40, 80), Guarantee.OPTIMISTIC, Kind.QUOTE,
    )  # fmt: skip
    world.court.file_job(job, rfp, worker, world.now, depth=dice.randint(2, 5), void_only=void_only)
    world.truths[job] = [Outcome.VOID if void_only and one is Outcome.SLASH else one for one in truth]
    for subject in (Subject.RESULT, Subject.INPUT):
        world.served[job, subject] = True
    return job


def all_over(world: World) -> bool:
    """Whether every job has ended."""
    return all(case.state is not JobState.COMMITTED for case in world.court.jobs.values())


__all__ = [
    "MODEL",
    "REQUESTER",
    "ZERO_ADDRESS",
    "Record",
    "Trace",
    "World",
    "account",
    "add_job",
    "all_over",
    "new_world",
]
