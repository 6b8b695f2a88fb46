"""Manifests: everything that is known of a model beside its bytes, in one JSON file.

Used when a model is built, published and installed. The part that defines the model on the chain becomes a ModelSpec,
whose hash is the model id; the rest (licence, source, codec, answer schema, stacking) serves people and programs and
can be changed without another id. Canonical form: RFC 8785 JSON.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from atomic_verify.commitments import CommitmentError, Digest, DType, Signature, TensorSpec
from atomic_verify.models.answers import require_schema
from atomic_verify.models.errors import ManifestInvalid, ModelError, ModelFileMissing
from atomic_verify.models.tolerances import ToleranceEntry, require_rules, zero_tolerance
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.model_types import CriticalStep, ModelSpec, TensorSig
from atomic_verify.protocol.primitives import ZERO_WORD, ModelId

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 256 * 1024
MAX_OPTIONS = 32

# The contract's bounds on a signature.
MAX_TENSORS = 16
MAX_NAME_BYTES = 128
MAX_ELEMENTS = 2**31
MAX_COUNT = 2**32 - 1
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


class CriticalEntry(Part):
    """The step that a zk-SNARK proves: digests of circuit, verification key and verifier code, and scales."""

    circuit: Hex32
    verification_key: Hex32
    verifier_code: Hex32
    input_scale: int = Field(ge=0, le=2**32 - 1)
    output_scale: int = Field(ge=0, le=2**32 - 1)


class Manifest(Part):
    """A model's manifest. `execution` is the hardened graph that workers run, if it isn't the ONNX file itself."""

    schema_version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")]
    title: Line
    licence: Line
    source: Source
    onnx: FilePin
    execution: FilePin | None = None
    inputs: Annotated[tuple[TensorEntry, ...], Field(min_length=1, max_length=MAX_TENSORS, strict=False)]
    outputs: Annotated[tuple[OutputEntry, ...], Field(min_length=1, max_length=MAX_TENSORS, strict=False)]
    program: ProgramEntry | None = None
    void_only: bool = False
    critical: CriticalEntry | None = None
    codec: CodecEntry
    answer_schema: Mapping[str, Any]
    stacking: Stacking = Stacking()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for entries in (self.inputs, self.outputs):
            if len({entry.name for entry in entries}) < len(entries):
                raise ValueError("two inputs or two outputs have the same name")
        for output in self.outputs:
            require_rules(output.dtype, output.accept, output.slash, self.disputable)
        if len({pin.file for pin in self.files} | {MANIFEST_NAME}) <= len(self.files):
            raise ValueError("two files of the model have the same name")
        try:
            require_schema(self.answer_schema)
        except ModelError as error:
            raise ValueError(error.message) from error
        return self

    @classmethod
    def parse(cls, text: bytes | str) -> "Manifest":
        """The manifest that `text` writes as JSON. Raises ManifestInvalid naming the first wrong field."""
        if len(text) > MAX_MANIFEST_BYTES:
            raise ManifestInvalid(f"a manifest has at most {MAX_MANIFEST_BYTES} bytes", bytes=len(text))
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ManifestInvalid(f"the manifest is wrong at {place or 'the top'}: {first['msg']}", at=place) from error

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """The manifest in a file. Raises ModelFileMissing, ManifestInvalid."""
        try:
            with path.open("rb") as stream:
                return cls.parse(stream.read(MAX_MANIFEST_BYTES + 1))
        except OSError as error:
            raise ModelFileMissing("there is no manifest", path=str(path)) from error

    @property
    def disputable(self) -> bool:
        """Whether the model has a canonical program that a result can be judged by."""
        return self.program is not None

    @property
    def files(self) -> tuple[FilePin, ...]:
        """Every file that an installed model has beside its manifest."""
        return (self.onnx, *((self.execution,) if self.execution else ()), *self.codec.tables)

    @property
    def graph(self) -> FilePin:
        """The file that workers run."""
        return self.execution or self.onnx

    @property
    def input_specs(self) -> tuple[TensorSpec, ...]:
        return tuple(entry.spec() for entry in self.inputs)

    @property
    def output_specs(self) -> tuple[TensorSpec, ...]:
        return tuple(entry.spec() for entry in self.outputs)

    @property
    def input_signature(self) -> Signature:
        return Signature(self.input_specs)

    @property
    def output_signature(self) -> Signature:
        return Signature(self.output_specs)

    def spec(self) -> ModelSpec:
        """What defines the model on the chain."""
        program = self.program
        return ModelSpec(
            program_root=_word(program.root if program else None),
            weights_root=_word(program.weights_root if program else None),
            lowering_version=program.lowering_version if program else 0,
            steps=program.steps if program else 0,
            weight_count=program.weight_count if program else 0,
            depth=program.depth if program else 0,
            void_only=self.void_only,
            onnx_digest=_word(self.onnx.sha256),
            execution_digest=_word(self.graph.sha256),
            inputs=tuple(_tensor_sig(spec) for spec in self.input_specs),
            outputs=tuple(_tensor_sig(spec) for spec in self.output_specs),
            tolerances=tuple(ToleranceEntry.pair(output.accept, output.slash) for output in self.outputs),
            critical=_critical(self.critical),
        )

    @property
    def model_id(self) -> ModelId:
        """The id under which the chain knows the model."""
        return model_id(self.spec())

    def canonical(self) -> bytes:
        """The manifest as RFC 8785 JSON."""
        return rfc8785.dumps(self.model_dump(mode="json"))


def _word(digits: str | None) -> Digest:
    return Digest(bytes.fromhex(digits) if digits else ZERO_WORD)


def _tensor_sig(spec: TensorSpec) -> TensorSig:
    return TensorSig(spec.name, int(spec.dtype), spec.shape)


def _critical(entry: CriticalEntry | None) -> CriticalStep:
    if entry is None:
        return CriticalStep(_word(None), _word(None), _word(None), 0, 0)
    return CriticalStep(
        circuit=_word(entry.circuit),
        verification_key=_word(entry.verification_key),
        verifier_code=_word(entry.verifier_code),
        input_scale=entry.input_scale,
        output_scale=entry.output_scale,
    )
