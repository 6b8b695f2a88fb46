"""The price of a job, or why it isn't taken: a pure policy, the same for bids, quotes and reassignments.

Life cycle: bid. *Terms*: what a worker asks in one payment token. *Backlog*: seconds of work that it has taken on and
not done yet, sealed bids and open quotes included, since all of them may be won at once. Executing and proving go on
side by side, so each has a backlog of its own, and only jobs with proofs wait for both. *Grid*: bids are whole basis
points of the RFP's max price, so that a bid's price can be found again from its seal alone (see `seals`). The payment
rule makes it best to ask one's own cost, so the policy computes a cost and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from atomic_verify.protocol.primitives import BASIS_POINTS, Address, Amount, to_hex
from atomic_verify.protocol.terms import MAX_PROVEN_ITEMS
from atomic_verify.protocol.types import Guarantee, Kind, Rfp

NOTHING = Amount(0)


class Reason(StrEnum):
    """Why a job is taken or skipped; recorded with every decision."""

    COST = "cost"
    """Taken: the price is the cost by the worker's terms."""
    OWN_RFP = "own-rfp"
    MODEL_UNKNOWN = "model-unknown"
    MODEL_UNDISPUTABLE = "model-undisputable"
    GUARANTEE_UNSUPPORTED = "guarantee-unsupported"
    TOKEN_NOT_ACCEPTED = "token-not-accepted"  # noqa: S105 - a payment token
    TOO_MANY_ITEMS = "too-many-items"
    INPUT_TOO_LARGE = "input-too-large"
    OUTPUT_TOO_LARGE = "output-too-large"
    WINDOW_TOO_LONG = "window-too-long"
    TIMEOUT_TOO_SHORT = "timeout-too-short"
    BIDDING_TOO_SHORT = "bidding-too-short"
    TOO_MUCH_WORK = "too-much-work"
    NO_CAPACITY = "no-capacity"
    BOND_TOO_HIGH = "bond-too-high"
    BOND_OVER_FREE_STAKE = "bond-over-free-stake"
    PRICE_TOO_LOW = "price-too-low"

    @property
    def takes(self) -> bool:
        """Whether a decision for this reason takes the job."""
        return self is Reason.COST


@dataclass(frozen=True, slots=True)
class Terms:
    """What the worker asks in one payment token, in its base units; the sum of the four is the price."""

    base: Amount
    """For a job of any size: it has to pay for the job's transactions."""
    per_item: Amount = NOTHING
    per_second: Amount = NOTHING
    """Of estimated execution and proving."""
    per_proof: Amount = NOTHING
    """For each item that is proven: the gas of checking its proof."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the worker takes on. Bytes are payload bytes, times seconds."""

    terms: Mapping[Address, Terms]
    accept_undisputable: bool = False
    max_items: int = 100_000
    max_input_bytes: int = 1 << 28
    max_output_bytes: int = 1 << 28
    max_challenge_window: int = 14 * 86_400
    max_job_bond: Amount | None = None
    max_open_jobs: int = 16
    """Jobs taken on at once: sealed bids, open quotes and awarded jobs that aren't committed."""
    time_share: int = 5_000
    """Basis points of an execution timeout that backlog and job may fill by estimate."""
    max_seconds: float = 1_800.0
    """Estimated seconds of one job."""
    settling_seconds: float = 1.0
    """What publishing and committing take, whatever the job's size."""
    min_bidding_left: float = 1.0
    """Seconds that must be left to get a bid mined."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the worker knows of a model that it has installed."""

    disputable: bool
    input_bytes: int
    """Bytes of one item."""
    output_bytes: int
    seconds_per_item: float
    """Measured here."""
    proves: Guarantee | None = None
    """The guarantee, hybrid or proven, that this worker can give for the model; None if it can't prove it."""
    seconds_per_proof: float = 0.0
    """Measured here, or, as long as it isn't, where the circuit was built."""
    most_proofs: int = MAX_PROVEN_ITEMS
    """That one transaction takes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The worker itself, when it decides."""

    worker: Address
    free_stake: Amount
    open_jobs: int
    backlog_seconds: float
    bidding_left: float | None = None
    """Seconds until bidding closes; None when nobody bids: for a quote and for a reassignment."""
    bond_reserved: Amount = NOTHING
    """Free stake that bonds not locked yet will need: open quotes, sent bids."""
    proving_seconds: float = 0.0
    """Of proofs that are taken on and not made."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and on what grounds. `price` is in payment-token base units, None for a skipped job."""

    reason: Reason
    price: Amount | None
    estimated_seconds: float
    inputs: Mapping[str, Any]
    """The numbers that decided, as JSON: enough to see afterwards why."""

    @property
    def takes(self) -> bool:
        return self.price is not None


def decide(rfp: Rfp, model: ModelFacts | None, standing: Standing, policy: Policy) -> Decision:
    """The price that this worker asks for the job, or why it skips it. `model` is None when it isn't installed here."""
    seconds = 0.0 if model is None else estimate(rfp, model)
    reason = _refusal(rfp, model, standing, policy, seconds)
    price: Amount | None = None
    if reason is None:
        price = _price(rfp, policy.terms[rfp.token], seconds)
        reason = Reason.PRICE_TOO_LOW if price is None else Reason.COST
    return Decision(reason, price, seconds, _grounds(rfp, model, standing, policy, seconds))


def estimate(rfp: Rfp, model: ModelFacts) -> float:
    """Seconds that executing the job, and proving it where that is asked for, takes by measurement."""
    return execution_seconds(rfp, model) + proving_seconds(rfp, model)


def execution_seconds(rfp: Rfp, model: ModelFacts) -> float:
    """Seconds that executing the job takes by measurement."""
    return rfp.item_count * model.seconds_per_item


def proving_seconds(rfp: Rfp, model: ModelFacts) -> float:
    """Seconds that the job's proofs take by measurement: none for an optimistic one."""
    return proof_count(rfp) * model.seconds_per_proof


def proof_count(rfp: Rfp) -> int:
    """How many proofs the job needs: one for each item, unless it is optimistic."""
    return 0 if rfp.guarantee is Guarantee.OPTIMISTIC else rfp.item_count


def on_grid(price: int, max_price: Amount) -> Amount:
    """The least whole basis points of `max_price`, rounded up to base units, that are not below `price`.

    Above `max_price` nothing is on the grid, and `price` itself is returned.
    """
    if price > max_price:
        return Amount(price)
    points = -(-price * BASIS_POINTS // max_price) if max_price else 0
    return grid_price(points, max_price)


def grid_price(points: int, max_price: Amount) -> Amount:
    """The price at `points` basis points of `max_price`, rounded up."""
    return Amount(-(-max_price * points // BASIS_POINTS))


def _price(rfp: Rfp, terms: Terms, seconds: float) -> Amount | None:
    """The price to ask; None where the RFP pays less."""
    asked = asking_price(rfp, terms, seconds)
    if asked > rfp.max_price:
        return None
    return on_grid(asked, rfp.max_price) if rfp.kind is Kind.AUCTION else asked


def asking_price(rfp: Rfp, terms: Terms, seconds: float) -> Amount:
    """What the job has to pay by `terms`, whatever its RFP offers; in payment-token base units."""
    # Whole milliseconds keep the money in integers.
    timed = -(-round(seconds * 1000) * terms.per_second // 1000)
    return Amount(terms.base + rfp.item_count * terms.per_item + proof_count(rfp) * terms.per_proof + timed)


def _refusal(rfp: Rfp, model: ModelFacts | None, standing: Standing, policy: Policy, seconds: float) -> Reason | None:
    """The first reason not to take the job, what can't change before what can; None if there is none."""
    if rfp.requester == standing.worker:
        return Reason.OWN_RFP
    if model is None:
        return Reason.MODEL_UNKNOWN
    # A result that is proven whole is final at once: nobody needs to dispute it.
    if not (model.disputable or policy.accept_undisputable or rfp.guarantee is Guarantee.PROVEN):
        return Reason.MODEL_UNDISPUTABLE
    if rfp.guarantee not in (Guarantee.OPTIMISTIC, model.proves) or rfp.guarantee is Guarantee.NONE:
        return Reason.GUARANTEE_UNSUPPORTED
    if rfp.token not in policy.terms:
        return Reason.TOKEN_NOT_ACCEPTED
    return (
        _size_refusal(rfp, model, policy)
        or _time_refusal(rfp, standing, policy, seconds)
        or _capacity_refusal(rfp, standing, policy, seconds)
    )


def _size_refusal(rfp: Rfp, model: ModelFacts, policy: Policy) -> Reason | None:
    most = policy.max_items if proof_count(rfp) == 0 else min(policy.max_items, MAX_PROVEN_ITEMS, model.most_proofs)
    if rfp.item_count > most:
        return Reason.TOO_MANY_ITEMS
    if rfp.item_count * model.input_bytes > policy.max_input_bytes:
        return Reason.INPUT_TOO_LARGE
    if rfp.item_count * model.output_bytes > policy.max_output_bytes:
        return Reason.OUTPUT_TOO_LARGE
    return None


def _time_refusal(rfp: Rfp, standing: Standing, policy: Policy, seconds: float) -> Reason | None:
    if rfp.challenge_window > policy.max_challenge_window:
        return Reason.WINDOW_TOO_LONG
    if seconds + policy.settling_seconds > _usable_seconds(rfp, policy):
        return Reason.TIMEOUT_TOO_SHORT
    if seconds > policy.max_seconds:
        return Reason.TOO_MUCH_WORK
    if standing.bidding_left is not None and standing.bidding_left < policy.min_bidding_left:
        return Reason.BIDDING_TOO_SHORT
    return None


def _capacity_refusal(rfp: Rfp, standing: Standing, policy: Policy, seconds: float) -> Reason | None:
    if standing.open_jobs >= policy.max_open_jobs:
        return Reason.NO_CAPACITY
    ahead = standing.backlog_seconds + (standing.proving_seconds if proof_count(rfp) else 0.0)
    if ahead + seconds + policy.settling_seconds > _usable_seconds(rfp, policy):
        return Reason.NO_CAPACITY
    if policy.max_job_bond is not None and rfp.job_bond > policy.max_job_bond:
        return Reason.BOND_TOO_HIGH
    if rfp.job_bond > standing.free_stake - standing.bond_reserved:
        return Reason.BOND_OVER_FREE_STAKE
    return None


def _usable_seconds(rfp: Rfp, policy: Policy) -> float:
    """The part of the execution timeout that work may fill by estimate."""
    return rfp.execution_timeout * policy.time_share / BASIS_POINTS


def _grounds(
    rfp: Rfp, model: ModelFacts | None, standing: Standing, policy: Policy, seconds: float
) -> Mapping[str, Any]:
    """The numbers behind a decision; amounts as decimal strings, since other readers hold numbers as float64."""
    terms = policy.terms.get(rfp.token)
    found: dict[str, Any] = {
        "model": to_hex(rfp.model_id),
        "items": rfp.item_count,
        "guarantee": rfp.guarantee.name.lower(),
        "token": rfp.token,
        "max_price": str(rfp.max_price),
        "job_bond": str(rfp.job_bond),
        "execution_timeout": rfp.execution_timeout,
        "estimated_seconds": round(seconds, 4),
        "backlog_seconds": round(standing.backlog_seconds, 4),
        "proving_seconds": round(standing.proving_seconds, 4),
        "open_jobs": standing.open_jobs,
        "free_stake": str(standing.free_stake),
        "bond_reserved": str(standing.bond_reserved),
    }
    if standing.bidding_left is not None:
        found["bidding_left"] = round(standing.bidding_left, 3)
    if terms is not None and model is not None:
        found["asked"] = str(asking_price(rfp, terms, seconds))
    return MappingProxyType(found)
