"""The records of claims and lines, field by field those of contracts/src/types/Dispute.sol.

Used from a claim's seal to its end, and by whoever demands or answers data. Times are unix seconds or seconds, amounts
base units of the utility token. *Claim*: that one element of one item of a committed result is wrong. *Line*: an
exchange of demands and answers about data that somebody should serve.
"""

from dataclasses import dataclass
from enum import IntEnum

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.codecs import U32, U40, U64, Amount96, Amount128, DynamicBytes
from atomic_verify.protocol.job_types import Outcome
from atomic_verify.protocol.primitives import Address, JobId
from atomic_verify.protocol.structs import AbiStruct


class ClaimState(IntEnum):
    """`NONE` is no claim; `OPEN` may still be refuted."""

    NONE = 0
    OPEN = 1
    REFUTED = 2
    UPHELD = 3


class Subject(IntEnum):
    """What a line asks for leaves of: a claim's trace from its claimer, or a result or input from the job's worker."""

    NONE = 0
    TRACE = 1
    RESULT = 2
    INPUT = 3


class Turn(IntEnum):
    """Whose move a line waits for."""

    NONE = 0
    ANSWERER = 1
    DEMANDER = 2
    CLOSED = 3


class LineEnd(IntEnum):
    """How a line ended."""

    NONE = 0
    UNANSWERED = 1
    """The answerer's clock ran out: the claim is dead, or the worker convicted."""
    LEFT = 2
    """Its opener closed it, or let its own clock run out."""
    MOOT = 3
    """What it asked about was decided otherwise."""


@dataclass(frozen=True, slots=True)
class DisputeParams(AbiStruct):
    """Constants of a disputes contract; fixed when it is deployed."""

    refute_window: U32
    """How long a revealed claim may be refuted before it can be upheld."""
    line_clock: U32
    """How long each side of a line may take for all its rounds together."""
    gas_price: Amount128
    """What a unit of gas is worth, calldata fees of a rollup included."""
    refute_reward: Amount128
    """What a refuter gets beside its gas."""
    line_bond: Amount128
    """Bond of a line on a claim; lost if the line ends while the claim lives."""


@dataclass(frozen=True, slots=True)
class ClaimTerms(AbiStruct):
    """What a claim says; its seal hides it."""

    job: JobId
    item: U32
    output: U32
    """Output tensor of the model's signature that is wrong."""
    element: U64
    """Row-major element of it."""
    trace: Digest
    """Root of the claimer's trace: the upper tree over the step tensors' roots."""
    trace_digest: Digest
    """sha256 of the trace's payload, all step tensors in order, which the claimer serves."""


@dataclass(frozen=True, slots=True)
class Opening(AbiStruct):
    """Elements of one tensor, opened: the whole leaves that hold them, their proof, and its root's path upward."""

    leaves: DynamicBytes
    proof: tuple[Digest, ...]
    path: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Exhibit(AbiStruct):
    """What shows, at the reveal, that committed and claimed element lie further apart than accept."""

    outputs_record: DynamicBytes
    outputs_path: tuple[Digest, ...]
    committed: Opening
    """In the committed result: its tensor's path leads to the item's root, `item_path` on to the batch's."""
    item_path: tuple[Digest, ...]
    canonical: Opening
    """In the trace, in the tensor of the output's step."""
    inputs: Digest
    """Root of the item's inputs."""
    inputs_path: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Claim(AbiStruct):
    """A revealed claim."""

    job: JobId
    trace: Digest
    inputs: Digest
    """Root of the item's inputs."""
    claimer: Address
    revealed_at: U40
    state: ClaimState
    outcome: Outcome
    """What it brings about if it is upheld."""
    open_lines: U32
    item: U32
    cost: Amount96
    """What making the claim cost in gas, in utility tokens."""
    reserve: Amount128
    """The part of the bond that pays for lines."""


@dataclass(frozen=True, slots=True)
class Run(AbiStruct):
    """A run of whole leaves of one tensor."""

    tensor: U32
    first: U40
    count: U32
    leaves: U40
    """Leaves of the whole tensor; the contract sets it."""


@dataclass(frozen=True, slots=True)
class StepProof(AbiStruct):
    """A step's record, which tells how many leaves its tensor has, and its path in the program."""

    record: DynamicBytes
    path: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Demand(AbiStruct):
    """What one round of a line asks for; the chain keeps its hash."""

    subject: Subject
    root: Digest
    """Of the trace, or of the batch."""
    item: U32
    item_count: U32
    """Of the batch; zero, as `item`, for a trace."""
    tensors: U32
    """In the trace, or in each item."""
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Answer(AbiStruct):
    """One opening for each run; of a result or an input the item's root and its path in the batch besides."""

    openings: tuple[Opening, ...]
    item_root: Digest
    item_path: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Line(AbiStruct):
    """A line, open or closed."""

    job: JobId
    demand: Digest
    """Hash of the open demand."""
    opener: Address
    since: U40
    """Since when the side whose turn it is may move."""
    subject: Subject
    turn: Turn
    rounds: U32
    opener_left: U32
    """Seconds left on the opener's clock, when its turn began."""
    answerer_left: U32
    max_rounds: U32
    """Twice the program's depth."""
    item: U32
    claim: U64
    """Zero unless the subject is a claim's trace."""
    prefund: Amount128
    """Prefunds the answer to the open demand."""
    spent: Amount128
    """What the opener's demands and their answers have cost it, in gas turned to utility tokens."""
