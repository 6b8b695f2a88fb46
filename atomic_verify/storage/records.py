"""What the events of the chain add up to: jobs with bids, attempts, result and settlement; workers, models, credits.

Life cycle: all steps. `projections` folds events into these records, `tables` keeps them, `queries` hands them out.

Terms: a *projection* is a record that follows from events alone. A *point* is where an event stands on the chain. Ids
and roots are bytes; block and transaction hashes lower-case 0x-hex; prices and escrows base units of the payment token;
bonds and stakes base units of the utility token; times Unix seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.auction import RankedBid
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.model_types import ModelSpec
from atomic_verify.protocol.proofs import Decision
from atomic_verify.protocol.types import Address, Amount, BidStatus, Guarantee, JobId, JobState, Kind, ModelId, Rfp


@dataclass(frozen=True, slots=True)
class Point:
    """Where an event stands on the chain."""

    block_number: int
    block_hash: str
    timestamp: int
    tx_hash: str
    log_index: int


def point_of(event: ChainEvent) -> Point:
    """Where `event` stands."""
    return Point(event.block_number, event.block_hash, event.timestamp, event.tx_hash, event.log_index)


@dataclass(frozen=True, slots=True)
class BidRecord:
    """A worker's bid on a job. `weight` (basis points), `price` and `revealed` are None until it is revealed."""

    worker: Address
    status: BidStatus
    seal: str
    tie: int
    sealed: Point
    weight: int | None = None
    price: Amount | None = None
    revealed: Point | None = None

    @property
    def score(self) -> int | None:
        """price * weight, the lowest of which wins; None until it is revealed."""
        return None if self.price is None or self.weight is None else self.price * self.weight


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One worker's try at a job: who was chosen, at what price, out of which ranking, and why."""

    number: int
    worker: Address
    price: Amount
    deadline: int
    """The result must be committed before this time."""
    awarded: Point
    reason: str
    ranking: tuple[RankedBid, ...] = ()
    """All bids that took part, best first; empty for a quote."""
    missed: Point | None = None
    bond_to_requester: Amount = Amount(0)
    bond_burned: Amount = Amount(0)


@dataclass(frozen=True, slots=True)
class VoidRecord:
    """An item that was found void, by whom, and what that cost the worker's bond."""

    item: int
    challenger: Address
    charged: Amount
    closed: Point


@dataclass(frozen=True, slots=True)
class ProvenRecord:
    """What the chain saw proven of a committed result, by which verifier contract."""

    verifier: Address
    decisions: tuple[Decision, ...]
    """One for each item."""


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """A committed result and what became of it."""

    attempt: int
    worker: Address
    root: Digest
    """Batch root of the output tensors."""
    payload: str
    """sha256 of the output payload, as blobs are addressed: 64 hexadecimal digits."""
    final_at: int
    """It becomes final at this time if nobody claims."""
    committed: Point
    open_claims: int = 0
    """Claims, and lines on the result or its input, that are not closed."""
    voids: tuple[VoidRecord, ...] = ()
    """The items found void so far, ascending."""
    slashed: bool = False
    """Whether a claim or a line convicted the worker."""
    challenger: Address | None = None
    """Who is rewarded if the job is slashed: who convicted the worker, or else who voided the first item."""
    finalized: Point | None = None
    proven: ProvenRecord | None = None
    """None for the result of an optimistic job."""

    @property
    def void_items(self) -> tuple[int, ...]:
        """The items found void so far, ascending."""
        return tuple(void.item for void in self.voids)

    @property
    def costs(self) -> Amount:
        """What the worker's bond paid for the challengers' costs of voiding."""
        return Amount(sum(void.charged for void in self.voids))


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """Where a finished job's money went: payment-token base units, and utility-token base units of the bond."""

    worker: Address
    state: JobState
    to_worker: Amount
    to_requester: Amount
    fee: Amount
    bond_to_challenger: Amount
    bond_burned: Amount
    settled: Point


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job: its terms, its state, and all that led there."""

    id: JobId
    rfp: Rfp
    input_uri: str
    state: JobState
    posted: Point
    updated: Point
    """The newest event of the job."""
    bids: tuple[BidRecord, ...] = ()
    """In the order in which they were sealed."""
    attempts: tuple[AttemptRecord, ...] = ()
    result: ResultRecord | None = None
    settlement: SettlementRecord | None = None

    @property
    def attempt(self) -> AttemptRecord | None:
        """The current attempt, or the last one."""
        return self.attempts[-1] if self.attempts else None

    @property
    def worker(self) -> Address | None:
        """The worker of the current or last attempt."""
        return self.attempts[-1].worker if self.attempts else None

    @property
    def price(self) -> Amount | None:
        """What the current or last attempt is to be paid for all items."""
        return self.attempts[-1].price if self.attempts else None

    @property
    def bidding_ends(self) -> int | None:
        """No bid is taken from this time on; None for a quote."""
        return None if self.rfp.kind is Kind.QUOTE else self.posted.timestamp + self.rfp.bidding_time

    @property
    def reveal_ends(self) -> int | None:
        """No bid is revealed from this time on; None for a quote."""
        return None if self.bidding_ends is None else self.bidding_ends + self.rfp.reveal_time

    @property
    def window_ends(self) -> int | None:
        """No claim is sealed and no line on the result opened from this time on; None before the commit.

        A result that is proven whole is final when it is committed and has no window.
        """
        if self.result is None:
            return None
        window = 0 if self.rfp.guarantee is Guarantee.PROVEN else self.rfp.challenge_window
        return self.result.committed.timestamp + window


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A published model. `spec_json` is as the event has it; strangers publish, so read it through `spec`."""

    id: ModelId
    publisher: Address
    disputable: bool
    spec_json: Mapping[str, Any]
    uri: str
    published: Point
    invalidated: Point | None = None
    """When its program was shown to be invalid: since then nobody can claim anything about its results."""

    def spec(self) -> ModelSpec:
        """The model's specification. Raises ProtocolError for one that this library wouldn't handle."""
        return ModelSpec.from_json(self.spec_json)


@dataclass(frozen=True, slots=True)
class WorkerBooks:
    """A worker's stake and endpoint; `locked` is the part of `stake` bound in bids and jobs."""

    address: Address
    endpoint: str | None = None
    stake: Amount = Amount(0)
    locked: Amount = Amount(0)
    unbonding: Amount = Amount(0)
    unbonding_ready_at: int | None = None

    @property
    def free(self) -> Amount:
        """What can back a new bond."""
        return Amount(max(0, self.stake - self.locked))


@dataclass(frozen=True, slots=True)
class CreditRecord:
    """What an account may withdraw of a token, in the token's base units."""

    account: Address
    token: Address
    amount: Amount = Amount(0)
