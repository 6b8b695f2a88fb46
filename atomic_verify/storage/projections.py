"""Pure folds from events to records: indexing is nothing but these, over whatever events the chain has at the moment.

Life cycle: all steps. An event touches *subjects* (a job, a claim, a worker, a model, an account's credit); the record
of a subject is the fold of its events in chain order. So a re-org is undone by folding again what is left.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import Address, Amount, ModelId, parse_address, parse_word
from atomic_verify.storage.acts import act_of
from atomic_verify.storage.dispute_projection import fold_claim, fold_line, fold_seal
from atomic_verify.storage.job_projection import fold_job
from atomic_verify.storage.records import CreditRecord, ModelEntry, WorkerBooks, point_of

__all__ = [
    "Subject",
    "SubjectKind",
    "act_of",
    "fold_claim",
    "fold_credit",
    "fold_job",
    "fold_line",
    "fold_model",
    "fold_seal",
    "fold_worker",
    "subjects_of",
]


class SubjectKind(StrEnum):
    """What an event can be about."""

    JOB = "job"
    WORKER = "worker"
    MODEL = "model"
    CREDIT = "credit"
    SEAL = "seal"
    CLAIM = "claim"
    LINE = "line"


class Subject(NamedTuple):
    """One record that events add up to.

    `key`: a job's or model's 0x-hex, a claim's or line's number, an address, "account:token", or "claimer:seal".
    """

    kind: SubjectKind
    key: str


_WORKER_EVENTS = frozenset(
    {"Announced", "StakeAdded", "UnbondingStarted", "StakeRemoved", "BondLocked", "BondReleased", "BondTaken"}
)
_CREDIT_EVENTS = frozenset({"Credited", "CreditSpent", "Withdrawn"})
_MODEL_EVENTS = frozenset({"ModelPublished", "ModelInvalidated"})
_SEAL_EVENTS = frozenset({"ClaimSealed", "ClaimRevealed", "SealBurned"})
_CLAIM_EVENTS = frozenset({"ClaimRevealed", "ClaimRefuted", "ClaimUpheld", "ReserveDivided"})
_LINE_EVENTS = frozenset({"LineOpened", "Demanded", "Answered", "LineClosed"})


def subjects_of(event: ChainEvent) -> tuple[Subject, ...]:
    """The records that the event changes or belongs to; none for an event that this version doesn't know."""
    found = []
    if "job" in event.args:
        found.append(Subject(SubjectKind.JOB, event.args["job"].lower()))
    if event.name in _WORKER_EVENTS:
        found.append(Subject(SubjectKind.WORKER, parse_address(event.args["worker"])))
    if event.name in _MODEL_EVENTS:
        found.append(Subject(SubjectKind.MODEL, event.args["modelId"].lower()))
    if event.name in _CREDIT_EVENTS:
        account, token = parse_address(event.args["account"]), parse_address(event.args["token"])
        found.append(Subject(SubjectKind.CREDIT, f"{account}:{token}"))
    if event.name in _SEAL_EVENTS:
        found.append(Subject(SubjectKind.SEAL, f"{parse_address(event.args['claimer'])}:{event.args['seal'].lower()}"))
    if event.name in _CLAIM_EVENTS:
        found.append(Subject(SubjectKind.CLAIM, str(event.args["claim"])))
    if event.name in _LINE_EVENTS:
        found.append(Subject(SubjectKind.LINE, str(event.args["line"])))
    return tuple(found)


def fold_worker(books: WorkerBooks | None, address: Address, events: Iterable[ChainEvent]) -> WorkerBooks:
    """The worker's books after `events`; mirrors contracts/src/Registry.sol."""
    books = books or WorkerBooks(address)
    for event in events:
        step = _WORKER_STEPS.get(event.name)
        books = books if step is None else step(books, event)
    return books


def _announced(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    return replace(books, endpoint=event.args["endpoint"])


def _stake_added(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    return replace(books, stake=Amount(books.stake + event.args["amount"]))


def _unbonding_started(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    amount = event.args["amount"]
    return replace(
        books,
        stake=Amount(books.stake - amount),
        unbonding=Amount(books.unbonding + amount),
        unbonding_ready_at=event.args["readyAt"],
    )


def _stake_removed(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    return replace(books, unbonding=Amount(0), unbonding_ready_at=None)


def _bond_locked(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    return replace(books, locked=Amount(books.locked + event.args["amount"]))


def _bond_released(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    return replace(books, locked=Amount(books.locked - event.args["amount"]))


def _bond_taken(books: WorkerBooks, event: ChainEvent) -> WorkerBooks:
    amount = event.args["amount"]
    return replace(books, locked=Amount(books.locked - amount), stake=Amount(books.stake - amount))


_WORKER_STEPS: Mapping[str, Callable[[WorkerBooks, ChainEvent], WorkerBooks]] = MappingProxyType(
    {
        "Announced": _announced,
        "StakeAdded": _stake_added,
        "UnbondingStarted": _unbonding_started,
        "StakeRemoved": _stake_removed,
        "BondLocked": _bond_locked,
        "BondReleased": _bond_released,
        "BondTaken": _bond_taken,
    }
)


def fold_credit(record: CreditRecord | None, key: str, events: Iterable[ChainEvent]) -> CreditRecord:
    """An account's credit in a token after `events`; mirrors contracts/src/Treasury.sol."""
    account, token = key.split(":")
    record = record or CreditRecord(Address(account), Address(token))
    for event in events:
        sign = 1 if event.name == "Credited" else -1
        record = replace(record, amount=Amount(record.amount + sign * event.args["amount"]))
    return record


def fold_model(events: Iterable[ChainEvent]) -> ModelEntry | None:
    """The model that its first event published, and since when nobody can claim anything about its results."""
    found: ModelEntry | None = None
    for event in events:
        if event.name == "ModelPublished":
            found = _published(event)
        elif found is not None and found.invalidated is None:
            found = replace(found, invalidated=point_of(event))
    return found


def _published(event: ChainEvent) -> ModelEntry:
    args = event.args
    return ModelEntry(
        id=ModelId(parse_word(args["modelId"])),
        publisher=parse_address(args["publisher"]),
        disputable=args["disputable"],
        spec_json=args["spec"],
        uri=args["uri"],
        published=point_of(event),
    )
