"""What happened to each job, from the chain's events alone: transactions, claims, lines, verdict, and who paid what.

*Docket*: everything about one job. A seal names no job, so it is put to the job that its claim turns out to be about.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.cli.demo.gas import SentTransaction
from atomic_verify.protocol.dispute_types import LineEnd, Subject
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.primitives import Address
from atomic_verify.protocol.types import JobState
from tests.fraud.books import BURNED, by_transaction, moves_of, wealth


@dataclass(slots=True)
class ClaimHistory:
    """One claim. `transactions` are the hashes of those that made and ended it; times are the chain's."""

    claimer: str
    bond: int
    transactions: list[str]
    sealed_at: int
    revealed_at: int
    ended_at: int | None = None
    ended_by: str | None = None
    end: str = "open"
    """open, refuted, unserved (its trace was withheld) or upheld."""


@dataclass(slots=True)
class LineHistory:
    """One line. `demands` are the rounds."""

    subject: Subject
    opener: str
    claim: int
    opened_at: int
    demands: int = 0
    answers: int = 0
    closed_at: int | None = None
    end: LineEnd = LineEnd.NONE


@dataclass(slots=True)
class Docket:
    """One job. Amounts are base units; `changes` are those of each owner's wealth, by address, and of what burned."""

    job: str
    events: list[ChainEvent] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    claims: dict[int, ClaimHistory] = field(default_factory=dict)
    lines: dict[int, LineHistory] = field(default_factory=dict)
    worker: str | None = None
    state: JobState = JobState.NONE
    void_items: int = 0
    committed_at: int | None = None
    ended_at: int | None = None
    changes: Counter[str] = field(default_factory=Counter)

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, and nothing about it is open."""
        return self.ended_at is not None and not self.is_disputed

    @property
    def is_disputed(self) -> bool:
        """Whether a claim or a line is open."""
        lines_open = any(line.closed_at is None for line in self.lines.values())
        return lines_open or any(claim.end == "open" for claim in self.claims.values())

    @property
    def outcome(self) -> str:
        """How it went, in a few words."""
        parts = [f"claim {claim.end}" for claim in self.claims.values()]
        # A watcher asks for several items at the same time.
        parts += list({f"{one.subject.name.lower()} unanswered": 0 for one in self.lines.values() if _convicts(one)})
        if self.void_items:
            parts.append(f"{self.void_items} void")
        return ", ".join([*(parts or ["no claim"]), self.state.name.lower()])

    def event(self, name: str) -> ChainEvent | None:
        """The last event of this name."""
        return next((event for event in reversed(self.events) if event.name == name), None)


def dockets(events: Sequence[ChainEvent], market: Address) -> dict[str, Docket]:
    """The docket of each job, by its id as the events have it."""
    subjects = _Subjects.of(events)
    found: dict[str, Docket] = {}
    for tx_hash, transaction in by_transaction(events):
        jobs = {job for event in transaction if (job := subjects.job_of(event)) is not None}
        for job in jobs:
            docket = found.setdefault(job, Docket(job))
            docket.transactions.append(tx_hash)
            docket.events += transaction
            # No transaction is about two jobs: then it couldn't be said which of them paid.
            moves = moves_of(transaction, market)
            docket.changes.update(wealth(moves))
            docket.changes[BURNED] += moves[BURNED]
        if len(jobs) > 1:
            raise ValueError(f"{tx_hash} is about {len(jobs)} jobs")
    for docket in found.values():
        for event in docket.events:
            _enter(docket, event, subjects)
    return found


def between_stories(events: Iterable[ChainEvent], told: Mapping[str, Docket], market: Address) -> Counter[str]:
    """The changes of wealth by transactions that belong to no job: money given out at the start, and nothing else."""
    in_stories = {tx_hash for docket in told.values() for tx_hash in docket.transactions}
    changes: Counter[str] = Counter()
    for tx_hash, transaction in by_transaction(events):
        if tx_hash not in in_stories:
            changes.update(wealth(moves_of(transaction, market)))
    return changes


def gas_of(docket: Docket, sent: Mapping[str, SentTransaction]) -> int:
    """The gas of all transactions of a job."""
    return sum(sent[tx_hash].gas for tx_hash in docket.transactions)


@dataclass(frozen=True, slots=True)
class _Subjects:
    """Which job a claim, a line or a seal is about."""

    seals: Mapping[tuple[str, str], str]
    lines: Mapping[int, str]
    claims: Mapping[int, str]

    @classmethod
    def of(cls, events: Iterable[ChainEvent]) -> "_Subjects":
        seals, lines, claims = {}, {}, {}
        for event in events:
            if event.name == "ClaimRevealed":
                seals[event.args["claimer"].lower(), event.args["seal"]] = event.args["job"]
                claims[event.args["claim"]] = event.args["job"]
            elif event.name == "LineOpened":
                lines[event.args["line"]] = event.args["job"]
        return cls(seals, lines, claims)

    def job_of(self, event: ChainEvent) -> str | None:
        args: Mapping[str, Any] = event.args
        if "job" in args:
            return str(args["job"])
        if event.name == "ClaimSealed":
            return self.seals.get((args["claimer"].lower(), args["seal"]))
        if event.name in ("Demanded", "Answered"):
            return self.lines.get(args["line"])
        return self.claims.get(args["claim"]) if "claim" in args else None


def _enter(docket: Docket, event: ChainEvent, subjects: _Subjects) -> None:
    """Enters one event of the job."""
    args, at = event.args, event.timestamp
    match event.name:
        case "Committed":
            docket.worker, docket.committed_at = str(args["worker"]).lower(), at
        case "Settled":
            docket.state, docket.ended_at = JobState(args["state"]), at
        case "Finalized":
            docket.void_items = int(args["verdict"]["voidItems"])
        case "ClaimRevealed":
            docket.claims[args["claim"]] = _revealed(docket, event)
        case "ClaimRefuted" | "ClaimUpheld":
            _end(docket.claims[args["claim"]], event)
        case "LineOpened":
            opener = str(args["opener"]).lower()
            docket.lines[args["line"]] = LineHistory(Subject(args["subject"]), opener, args["claim"], at)
        case "Demanded":
            docket.lines[args["line"]].demands += 1
        case "Answered":
            docket.lines[args["line"]].answers += 1
        case "LineClosed":
            line = docket.lines[args["line"]]
            line.closed_at, line.end = at, LineEnd(args["end"])


def _revealed(docket: Docket, event: ChainEvent) -> ClaimHistory:
    """A claim at its reveal, with its seal, which came before."""
    seal = next(one for one in docket.events if one.name == "ClaimSealed" and one.args["seal"] == event.args["seal"])
    claimer = str(event.args["claimer"]).lower()
    transactions = [seal.tx_hash, event.tx_hash]
    return ClaimHistory(claimer, int(event.args["bond"]), transactions, seal.timestamp, event.timestamp)


def _end(claim: ClaimHistory, event: ChainEvent) -> None:
    claim.transactions.append(event.tx_hash)
    claim.ended_at, claim.ended_by = event.timestamp, event.sender
    if event.name == "ClaimUpheld":
        claim.end = "upheld"
    else:
        claim.end = "refuted" if event.args["ruling"] else "unserved"


def _convicts(line: LineHistory) -> bool:
    return line.end is LineEnd.UNANSWERED and line.subject is not Subject.TRACE
