"""The parts of a manifest: files, tensors, program, critical step and the rest, each frozen, strict and closed."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from atomic_verify.commitments import CommitmentError, DType, TensorSpec
from atomic_verify.models.tolerances import ToleranceEntry, zero_tolerance

MAX_OPTIONS = 32

# The contract's bounds on a signature.
MAX_TENSORS = 16
MAX_NAME_BYTES = 128
MAX_ELEMENTS = 2**31
MAX_COUNT = 2**32 - 1
MAX_SCALE = 32
MAX_QUANTA = 2**53
NO_ROOT = "00" * 32

DTypeName = Literal[
    "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "bool", "float16", "double", "uint32", "uint64",
    "bfloat16",
]  # fmt: skip


def _plain_name(name: str) -> str:
    if PurePosixPath(name).name != name or "\\" in name or name.startswith("."):
        raise ValueError("a file of a model is named plainly, without folders")
    return name


FileName = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_plain_name)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Line = Annotated[str, Field(min_length=1, max_length=500)]
Measure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Part(BaseModel):
    """Base of a manifest's parts: frozen, strict, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=False)


class FilePin(Part):
    """One of the model's files by name, size and sha256."""

    file: FileName
    bytes: int = Field(ge=1, le=2**31 - 1)
    sha256: Hex32


class TensorEntry(Part):
    """A named tensor. `dtype` is ONNX's name of the element type, lower case; every dimension is concrete."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_BYTES)]
    dtype: DTypeName
    shape: Annotated[tuple[Annotated[int, Field(ge=1, le=MAX_ELEMENTS)], ...], Field(max_length=10, strict=False)]

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        try:
            spec = self.spec()
        except CommitmentError as error:
            raise ValueError(error.message) from error
        if len(self.name.encode()) > MAX_NAME_BYTES or spec.elements > MAX_ELEMENTS:
            raise ValueError(f"a tensor has a name of at most {MAX_NAME_BYTES} bytes and {MAX_ELEMENTS} elements")
        return self

    def spec(self) -> TensorSpec:
        return TensorSpec(self.name, DType[self.dtype.upper()], self.shape)


class InputEntry(TensorEntry):
    """An input tensor. Tolerances were measured between `low` and `high`; workers take no item with other elements."""

    low: float | None = Field(default=None, allow_inf_nan=False)
    high: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_range(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high are given together or not at all")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is at most high")
        return self

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest element, if they are limited."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class OutputEntry(TensorEntry):
    """An output tensor with its tolerances: beyond `accept` an item is void, beyond `slash` it is fraud."""

    accept: ToleranceEntry = Field(default_factory=zero_tolerance)
    slash: ToleranceEntry = Field(default_factory=zero_tolerance)


class Source(Part):
    """Where the model comes from: its files' origin and, of a downloaded archive, name and sha256."""

    kind: Literal["wheel", "script", "other"]
    location: Line
    archive: FileName | None = None
    archive_sha256: Hex32 | None = None
    members: Annotated[Mapping[FileName, Line], Field(max_length=MAX_OPTIONS)] = Field(default_factory=dict)
    """Of an archive: the path in it by file name."""


class CodecEntry(Part):
    """A built-in codec by name, its options, and which of the model's files are its tables."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    options: Annotated[Mapping[str, Any], Field(max_length=MAX_OPTIONS)] = Field(default_factory=dict)
    tables: Annotated[tuple[FilePin, ...], Field(max_length=16, strict=False)] = ()


class Stacking(Part):
    """How many items may run at once as one tensor; 1 where that gains nothing. A hint: it is checked before use."""

    cpu: int = Field(default=1, ge=1, le=4096)
    cuda: int = Field(default=1, ge=1, le=4096)


class ProgramEntry(Part):
    """The canonical program: what the model means, as its ONNX file was lowered."""

    lowering_version: int = Field(ge=1, le=MAX_COUNT)
    root: Hex32
    """Of the tree over the step records and the record of the outputs."""
    steps: int = Field(ge=1, le=MAX_COUNT)
    depth: int = Field(ge=1, le=MAX_COUNT)
    """Steps on the longest chain of steps, each of which reads the one before."""
    weights_root: Hex32
    """Of the tree over the weights; all zeros if there are none."""
    weight_count: int = Field(ge=0, le=MAX_COUNT)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.depth > self.steps:
            raise ValueError("no chain of steps is longer than the program")
        if (self.weight_count == 0) != (self.weights_root == NO_ROOT):
            raise ValueError("the weights' root is all zeros if there are no weights, and then only")
        return self


class OutputMeasure(Part):
    """What calibration found of one output; all but `margin` in the output's unit."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_BYTES)]
    drift: Measure
    """Of the execution graph from the canonical program, the worst over items and ways to run it."""
    expected: Measure
    """Drift that float32 arithmetic makes by itself, whatever the kernel: the root of the sum of its squares."""
    plain_drift: Measure
    """Of the ONNX file itself."""
    gain: Measure
    """What a liar gains by pushing every step by its law's tolerance."""
    margin: Measure | None = None
    """Plain drift over gain."""
    item_margin: Measure | None = None
    """The least margin on one and the same item."""


class CalibrationEntry(Part):
    """How tolerances were measured, for people; the same seed and versions on the same machine find the same."""

    seed: int = Field(ge=0, le=MAX_COUNT)
    evaluations: int = Field(ge=1, le=MAX_COUNT)
    items: int = Field(ge=1, le=MAX_COUNT)
    ways: Annotated[tuple[Line, ...], Field(max_length=64, strict=False)]
    hardened: int = Field(ge=0, le=MAX_COUNT)
    """Nodes that the execution graph runs in float64."""
    outputs: Annotated[tuple[OutputMeasure, ...], Field(max_length=MAX_TENSORS, strict=False)]


class CriticalFiles(Part):
    """The files of a circuit that are installed beside a model. Keys are derived from them on first use."""

    network: FilePin
    """The critical part of the model as an ONNX file."""
    circuit: FilePin
    """The circuit's artefact manifest."""
    settings: FilePin
    srs: FilePin
    verifier_source: FilePin
    verifier_code: FilePin
    """Creation code of the verifier contract, as hexadecimal text."""

    @property
    def all(self) -> tuple[FilePin, ...]:
        return (self.network, self.circuit, self.settings, self.srs, self.verifier_source, self.verifier_code)


class CriticalEntry(Part):
    """The step that a zk-SNARK proves: its kind, the circuit's name, digests and files, and how it counts.

    *Quanta* are integers: a number times two to the power of a scale, rounded.
    """

    kind: Literal["head", "whole"]
    """Of `head` the circuit reads the model's first output and gives the second, of `whole` its input and output."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    development: bool
    """Whether the keys come from a development SRS, whose secret somebody may know: for development chains only."""
    circuit: Hex32
    """sha256 of the circuit's artefact manifest."""
    verification_key: Hex32
    """sha256 of the verification key."""
    verifier_code: Hex32
    """keccak256 of the verifier's runtime code."""
    input_scale: int = Field(ge=0, le=MAX_SCALE)
    output_scale: int = Field(ge=0, le=MAX_SCALE)
    limit: int = Field(ge=1, le=MAX_QUANTA)
    """Quanta of what the circuit reads are cut to this on both sides."""
    certain_margin: int = Field(ge=0, le=MAX_QUANTA)
    """Quanta: a decision is certain if its score leads by more."""
    files: CriticalFiles

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.circuit != self.files.circuit.sha256:
            raise ValueError("the circuit's digest is that of its artefact manifest")
        return self
