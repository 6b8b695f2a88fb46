"""The records of a job and of those who do it, field by field those of contracts/src/types and IMarket.

Used at every step. Times are unix seconds or seconds, prices and escrows base units of the job's payment token, bonds
and stakes base units of the utility token.
"""

from dataclasses import dataclass
from enum import IntEnum

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.codecs import U8, U16, U32, U40, U64, U104, U256, Amount128, DynamicBytes
from atomic_verify.protocol.primitives import Address, Amount, JobId, ModelId
from atomic_verify.protocol.structs import AbiStruct


class Kind(IntEnum):
    """How the worker of an RFP is found, fixed when the RFP is born."""

    NONE = 0
    AUCTION = 1
    QUOTE = 2


class Guarantee(IntEnum):
    """How a result is secured."""

    NONE = 0
    OPTIMISTIC = 1
    HYBRID = 2
    PROVEN = 3


class JobState(IntEnum):
    """The life of a job; `lifecycle` says which states are terminal and what leads from one to another."""

    NONE = 0
    POSTED = 1
    AWARDED = 2
    COMMITTED = 3
    FINAL = 4
    SLASHED = 5
    CANCELLED = 6
    EXPIRED = 7


class BidStatus(IntEnum):
    """What became of a worker's bid on a job."""

    NONE = 0
    SEALED = 1
    REVEALED = 2
    SPENT = 3
    """Was awarded; it does not take part in a reassignment."""
    FORFEITED = 4
    """Never revealed; its bond is burned."""


class Outcome(IntEnum):
    """How a claim ended."""

    NONE = 0
    REJECTED = 1
    VOID = 2
    SLASH = 3


@dataclass(frozen=True, slots=True)
class Rfp(AbiStruct):
    """The terms of a job. The chain keeps only their hash; the `RfpPosted` event keeps them whole."""

    requester: Address
    nonce: U64
    model_id: ModelId
    input_root: Digest
    """Batch root of the input tensors."""
    item_count: U32
    token: Address
    max_price: Amount128
    """Escrowed in full. For a quote it is the price itself."""
    job_bond: Amount128
    """In utility tokens; locked by every bidder and by the worker of a quote."""
    bidding_time: U32
    """Zero for a quote."""
    reveal_time: U32
    """Zero for a quote."""
    execution_timeout: U32
    challenge_window: U32
    guarantee: Guarantee
    kind: Kind


@dataclass(frozen=True, slots=True)
class Job(AbiStruct):
    """What the chain keeps of a job."""

    worker: Address
    state: JobState
    attempt: U8
    """One for the first worker, one more with every reassignment."""
    sealed_count: U8
    revealed_count: U8
    spent_count: U8
    """Bids spent on an award, the current one included."""
    time: U40
    """POSTED: when posted. AWARDED: the deadline to commit. COMMITTED: when committed."""
    rebate: Amount128
    """The RFP's max price less the price to pay."""


@dataclass(frozen=True, slots=True)
class Bid(AbiStruct):
    """A worker's bid as the market shows it; weight, tie and price are zero unless it is revealed and not spent."""

    status: BidStatus
    weight: U16
    """Reputation weight in basis points, fixed at the reveal."""
    tie: U104
    """The highest 104 bits of the seal: the order of equal scores."""
    price: Amount128


@dataclass(frozen=True, slots=True)
class Quote(AbiStruct):
    """A worker's offer to do one job at its price; signed as EIP-712 typed data, see `quotes`."""

    job: JobId
    worker: Address
    price: Amount128
    expiry: U40
    """The quote may be awarded before this second."""


@dataclass(frozen=True, slots=True)
class VerdictRecord(AbiStruct):
    """What a job's dispute phase found: Solidity's `Verdict`. All zero: good in all items."""

    slashed: bool
    void_items: U32
    challenger: Address
    """Who convicted the worker; if nobody did, who voided the first item. Zero if and only if all items are good."""
    costs: Amount128
    """What voiding cost the challengers, in utility tokens; taken from the job bond when each item was voided."""


@dataclass(frozen=True, slots=True)
class Result(AbiStruct):
    """What the chain keeps of a committed result."""

    root: Digest
    """Batch root of the output tensors; zero before the commit."""
    open_claims: U32
    void_items: U32
    slashed: bool
    challenger: Address
    """Who is rewarded if the job is slashed: who convicted the worker, or else who voided the first item."""
    costs: Amount128
    """What was taken from the job bond for the challengers' costs of voiding, at most half of it."""


@dataclass(frozen=True, slots=True)
class Submission(AbiStruct):
    """What a worker shows of a batch that is proven: payloads of all items, and a proof for each."""

    spec: DynamicBytes
    """The model's abi.encode(ModelSpec)."""
    verifier: Address
    """Any contract whose code is the one that the spec pins."""
    inputs: DynamicBytes
    """The job's input payload if all of the model is proven, empty for a head."""
    outputs: DynamicBytes
    proofs: tuple[DynamicBytes, ...]


@dataclass(frozen=True, slots=True)
class ProvenBatch(AbiStruct):
    """What the chain computed of a submission."""

    input_root: Digest
    """Zero for a head, whose circuit doesn't read the inputs."""
    output_root: Digest
    decisions: U256
    """32 bits for each item; see `proofs.unpack`."""


@dataclass(frozen=True, slots=True)
class Stake(AbiStruct):
    """A worker's deposit; `locked` is the part bound in bids and jobs."""

    total: Amount128
    locked: Amount128

    @property
    def free(self) -> Amount:
        """What can back a new bond, in utility-token base units."""
        return Amount(max(0, self.total - self.locked))


@dataclass(frozen=True, slots=True)
class Unbonding(AbiStruct):
    """Stake on its way out; it backs no new bond."""

    amount: Amount128
    ready_at: U40


@dataclass(frozen=True, slots=True)
class Reputation(AbiStruct):
    """Counters of what became of a worker's jobs; each job counts in one of the four."""

    final_jobs: U32
    """Jobs that ended with every item good."""
    void_jobs: U32
    """Jobs that ended with at least one void item."""
    slashed_jobs: U32
    missed_jobs: U32
    settled_value: Amount128
    """Sum of the prices of final jobs, in utility-token base units by the market's fixed rates."""


@dataclass(frozen=True, slots=True)
class Strikes(AbiStruct):
    """A worker's last two strikes: jobs settled with void items of a model that isn't void-only.

    Each is the job's ordinal among the worker's settled jobs, counted from one; zero for none.
    """

    previous: U64
    last: U64


@dataclass(frozen=True, slots=True)
class TokenPolicy(AbiStruct):
    """What a market demands of RFPs in one payment token; the token is allowed if and only if `min_price` > 0."""

    min_price: Amount128
    bond_rate: Amount128
    """Utility-token base units of bond per 10^18 base units of price."""


@dataclass(frozen=True, slots=True)
class MarketParams(AbiStruct):
    """A market's constants, in seconds, basis points and base units; fixed when it is deployed."""

    min_bidding_time: U32
    min_reveal_time: U32
    min_execution_timeout: U32
    min_challenge_window: U32
    max_time: U32
    """Upper bound of each of the four times."""
    accept_time: U32
    """For how long each runner-up has the first right to a reassignment before the next may take it."""
    fee_bps: U16
    min_job_bond: Amount128
    fee_recipient: Address
