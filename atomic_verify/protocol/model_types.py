"""What defines a model on the chain, field by field contracts/src/types/Model.sol.

Used when a model is published and whenever its id is re-derived. The model id is the hash of a ModelSpec's ABI
encoding. Tolerances are bit patterns of float64 numbers; `float_bits` and `bits_float` convert.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.codecs import U8, U32, U40, U64
from atomic_verify.protocol.structs import AbiStruct


def float_bits(value: float) -> int:
    """The bit pattern of a float64 number as an unsigned integer."""
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits


def bits_float(bits: int) -> float:
    """The float64 number of a 64-bit pattern."""
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


@dataclass(frozen=True, slots=True)
class TensorSig(AbiStruct):
    """A named tensor of a model's signature: Solidity's `TensorSpec`."""

    name: str
    dtype: U8
    """ONNX's TensorProto code."""
    shape: tuple[U32, ...]
    """Every dimension is concrete."""


@dataclass(frozen=True, slots=True)
class Tolerance(AbiStruct):
    """|difference| <= atol + rtol * |canonical value|; both bit patterns of non-negative finite float64 numbers."""

    atol: U64
    rtol: U64


@dataclass(frozen=True, slots=True)
class OutputTolerance(AbiStruct):
    """Beyond `accept` an item is void, beyond `slash` it is fraud. All zero for outputs that compare exactly."""

    accept: Tolerance
    slash: Tolerance


class CriticalKind(IntEnum):
    """Which part of a model a zk-SNARK proves."""

    NONE = 0
    HEAD = 1
    """The circuit reads the first of the model's two outputs and gives the second. For `hybrid` jobs."""
    WHOLE = 2
    """The circuit reads the model's only input and gives its only output. For `proven` jobs."""


@dataclass(frozen=True, slots=True)
class CriticalStep(AbiStruct):
    """The step of a model that is proven by a zk-SNARK. All zero when the model has none.

    *Quanta* are integers: a number times two to the power of its scale, rounded; see `quanta`.
    """

    kind: CriticalKind
    development: bool
    """Whether the keys come from a development SRS, whose secret somebody may know."""
    circuit: Digest
    """sha256 of the circuit's artefact manifest."""
    verification_key: Digest
    """sha256 of the verification key."""
    verifier_code: Digest
    """keccak256 of the verifier's runtime code."""
    input_scale: U32
    output_scale: U32
    limit: U64
    """What the circuit reads is cut to this many quanta on both sides of zero."""
    certain_margin: U64
    """A decision is certain if its score leads by more than this many quanta."""

    @classmethod
    def none(cls) -> "CriticalStep":
        """That of a model without one."""
        return cls(CriticalKind.NONE, False, Digest(bytes(32)), Digest(bytes(32)), Digest(bytes(32)), 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ModelSpec(AbiStruct):
    """All that defines a model on the chain. All up to `depth` is zero if it has no canonical program."""

    program_root: Digest
    weights_root: Digest
    """Zero also if the program has no weights."""
    lowering_version: U32
    steps: U32
    """How many steps the program has: the program tree holds one record more, that of the outputs."""
    weight_count: U32
    depth: U32
    """Steps on the longest chain of steps, each of which reads the one before."""
    void_only: bool
    onnx_digest: Digest
    """sha256 of the ONNX file."""
    execution_digest: Digest
    """sha256 of the hardened execution graph; the ONNX file's own digest when nothing was hardened."""
    inputs: tuple[TensorSig, ...]
    outputs: tuple[TensorSig, ...]
    tolerances: tuple[OutputTolerance, ...]
    """One for each output."""
    critical: CriticalStep


@dataclass(frozen=True, slots=True)
class ModelRecord(AbiStruct):
    """What the chain keeps of a published model."""

    published: bool
    disputable: bool
    void_only: bool
    critical: CriticalKind
    published_at: U40
