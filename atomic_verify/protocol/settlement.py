"""Who gets what when a job or an attempt ends, without a unit lost.

Used at settle, and wherever money of a job is foretold or checked; twin of contracts/src/libraries/Settlement.sol and
of Market.settle. Escrow: the RFP's max price, in payment-token base units. Bond: the job bond, in utility-token base
units. Costs: what voiding items cost the challengers; the bond pays it when an item is voided, and settling has the
void items' refund bear half of it. What doesn't divide evenly goes to the requester (escrow) or burns (bond).
"""

from dataclasses import dataclass

from atomic_verify.protocol.errors import SettlementImpossible
from atomic_verify.protocol.primitives import BASIS_POINTS, Amount
from atomic_verify.protocol.types import Job, JobState, Rfp, VerdictRecord

CHALLENGER_BPS = 2_000
"""A challenger's part of a slashed bond. At least half burns, so that convicting oneself never pays."""
VOIDABLE_BPS = 3_750
"""What all voids of an attempt may take of its bond: of the rest a slash burns four fifths, half of the whole."""
REQUESTER_BPS = 2_000
"""The requester's part of a bond lost to a missed deadline. Small, so that impossible jobs don't pay as traps."""


RATE_UNIT = 10**18
"""What a bond rate is a rate of: utility-token base units per this many base units of price."""


@dataclass(frozen=True, slots=True)
class EscrowSplit:
    """How a job's escrow is divided; the parts sum to the escrow."""

    to_worker: Amount
    to_requester: Amount
    fee: Amount

    @property
    def total(self) -> int:
        """The escrow that was divided."""
        return self.to_worker + self.to_requester + self.fee


@dataclass(frozen=True, slots=True)
class BondSplit:
    """How a job bond ends, or what voids left of it: given back, rewarded to who was wronged or convicted, burned."""

    released: Amount
    reward: Amount
    burned: Amount

    @property
    def total(self) -> int:
        """The bond that was divided."""
        return self.released + self.reward + self.burned


@dataclass(frozen=True, slots=True)
class Settlement:
    """All money of a job that ended, the state it ends in, and why."""

    state: JobState
    escrow: EscrowSplit
    bond: BondSplit
    reason: str


def charge(bond: Amount, costs: Amount, cost: Amount) -> Amount:
    """What a bond still pays of the cost of voiding an item, when it paid `costs` before; in utility tokens.

    At most its voidable part for all items of an attempt together. Raises SettlementImpossible.
    """
    left = voidable(bond) - costs
    if min(left, costs, cost) < 0:
        raise SettlementImpossible("Voids cost at most the voidable part", bond=bond, costs=costs, cost=cost)
    return Amount(min(cost, left))


def voidable(bond: Amount) -> Amount:
    """The part of a bond that voids may take."""
    return Amount(bond * VOIDABLE_BPS // BASIS_POINTS)


def shared_costs(costs: Amount, bond_rate: Amount) -> Amount:
    """The requester's half of what voiding cost, turned to payment tokens; zero for a token without a bond rate."""
    return Amount(costs // 2 * RATE_UNIT // bond_rate if bond_rate else 0)


def stands(
    escrow: Amount, price: Amount, item_count: int, void_items: int, fee_bps: int, shared: Amount = Amount(0)
) -> EscrowSplit:
    """The escrow of a job that stands but for its void items, which are paid back. Raises SettlementImpossible.

    `shared` is the requester's half of what voiding cost, in payment tokens: the void items' price bears it, as far as
    it goes, and the worker, whose bond paid it, gets it. It is no earning, so no fee is taken of it.
    """
    if not item_count > 0 or not 0 <= void_items <= item_count:
        raise SettlementImpossible("A job has no more void items than items", items=item_count, void=void_items)
    if not 0 <= price <= escrow:
        raise SettlementImpossible("A price is at most the escrow", price=price, escrow=escrow)
    if not 0 <= fee_bps <= BASIS_POINTS:
        raise SettlementImpossible("A fee is at most the whole", fee_bps=fee_bps)
    earned = price * (item_count - void_items) // item_count
    fee = earned * fee_bps // BASIS_POINTS
    if shared < 0:
        raise SettlementImpossible("Costs are not negative", shared=shared)
    back = min(shared, price - earned)
    return EscrowSplit(Amount(earned - fee + back), Amount(escrow - earned - back), Amount(fee))


def refunded(escrow: Amount) -> EscrowSplit:
    """The escrow of a job that was cancelled, expired or slashed: all of it to the requester."""
    return EscrowSplit(Amount(0), escrow, Amount(0))


def released(bond: Amount) -> BondSplit:
    """The bond of a worker whose job stands: all of it back."""
    return BondSplit(bond, Amount(0), Amount(0))


def slashed(bond: Amount) -> BondSplit:
    """The bond of a worker convicted of fraud, or what voids left of it: the challenger's reward, the rest burned."""
    return _lost(bond, CHALLENGER_BPS)


def missed(bond: Amount) -> BondSplit:
    """The bond of a worker that missed its deadline: the requester's part, the rest burned."""
    return _lost(bond, REQUESTER_BPS)


def forfeited(bond: Amount) -> BondSplit:
    """The bond of a bid that was not revealed in time: burned."""
    return BondSplit(Amount(0), Amount(0), bond)


def price_of(rfp: Rfp, job: Job) -> Amount:
    """What the job's current worker is to be paid for all items: max price less rebate. Raises SettlementImpossible."""
    if job.rebate > rfp.max_price:
        raise SettlementImpossible("A rebate is at most the escrow", rebate=job.rebate, escrow=rfp.max_price)
    return Amount(rfp.max_price - job.rebate)


def settle(
    rfp: Rfp, job: Job, verdict: VerdictRecord, *, fee_bps: int, bond_rate: Amount, strikes_out: bool = False
) -> Settlement:
    """The money of a committed job under `verdict`. A slash outweighs voids. Raises SettlementImpossible.

    `bond_rate` is the payment token's, from its policy. `strikes_out`: it is the worker's third strike, see `strikes`.
    The bond that is divided is what voids left of it: the job bond less the verdict's costs.
    """
    if job.state is not JobState.COMMITTED:
        raise SettlementImpossible("Only a committed job settles", state=job.state.name.lower())
    if verdict.void_items > rfp.item_count:
        raise SettlementImpossible("A job has no more void items than items", void=verdict.void_items)
    if verdict.costs > voidable(rfp.job_bond) or (verdict.costs and not verdict.void_items):
        raise SettlementImpossible("Only voids cost, and at most the voidable part of the bond", costs=verdict.costs)
    at_stake = Amount(rfp.job_bond - verdict.costs)
    if verdict.slashed or (strikes_out and verdict.void_items):
        why = "convicted by" if verdict.slashed else "the third void job among the worker's last 100, voided by"
        bond = slashed(at_stake)
        reason = f"{why} {verdict.challenger}: escrow refunded, {bond.reward} of the bond rewarded, rest burned"
        return Settlement(JobState.SLASHED, refunded(rfp.max_price), bond, reason)
    shared = shared_costs(verdict.costs, bond_rate)
    escrow = stands(rfp.max_price, price_of(rfp, job), rfp.item_count, verdict.void_items, fee_bps, shared)
    good = rfp.item_count - verdict.void_items
    reason = (
        f"{good} of {rfp.item_count} items stand: {escrow.to_worker} to the worker, fee {escrow.fee}, bond released"
    )
    return Settlement(JobState.FINAL, escrow, released(at_stake), reason)


def _lost(bond: Amount, reward_bps: int) -> BondSplit:
    reward = bond * reward_bps // BASIS_POINTS
    return BondSplit(Amount(0), Amount(reward), Amount(bond - reward))
