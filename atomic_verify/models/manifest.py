"""Manifests: everything that is known of a model beside its bytes, in one JSON file.

Used when a model is built, published and installed. The part that defines the model on the chain becomes a ModelSpec,
whose hash is the model id; the rest (licence, source, codec, answer schema, stacking) serves people and programs and
can be changed without another id. Canonical form: RFC 8785 JSON.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import rfc8785
from pydantic import Field, ValidationError, model_validator

from atomic_verify.commitments import Digest, Signature, TensorSpec
from atomic_verify.models.answers import require_schema
from atomic_verify.models.errors import ManifestInvalid, ModelError, ModelFileMissing
from atomic_verify.models.parts import (
    MAX_TENSORS,
    CalibrationEntry,
    CodecEntry,
    CriticalEntry,
    FilePin,
    InputEntry,
    Line,
    OutputEntry,
    Part,
    ProgramEntry,
    Source,
    Stacking,
)
from atomic_verify.models.tolerances import ToleranceEntry, require_rules
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.model_types import CriticalKind, CriticalStep, ModelSpec, TensorSig
from atomic_verify.protocol.primitives import ZERO_WORD, ModelId

MANIFEST_NAME = "manifest.json"
DERIVATION_NAME, TRIAL_NAME = "derivation.json", "trial.json"
"""What was derived and tried out here is kept beside the model's files under these names, and believed."""
RESERVED = frozenset({MANIFEST_NAME, DERIVATION_NAME, TRIAL_NAME})
MAX_MANIFEST_BYTES = 256 * 1024


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
    inputs: Annotated[tuple[InputEntry, ...], Field(min_length=1, max_length=MAX_TENSORS, strict=False)]
    outputs: Annotated[tuple[OutputEntry, ...], Field(min_length=1, max_length=MAX_TENSORS, strict=False)]
    program: ProgramEntry | None = None
    void_only: bool = False
    void_reasons: Annotated[tuple[Line, ...], Field(max_length=16, strict=False)] = ()
    """Why results are never slashed, for people."""
    calibration: CalibrationEntry | None = None
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
        names = {pin.file for pin in self.files}
        if len(names) < len(self.files):
            raise ValueError("two files of the model have the same name")
        # Some file systems don't tell capitals.
        if not RESERVED.isdisjoint(name.casefold() for name in names):
            raise ValueError("a file of the model has the name of one that is made here")
        if self.critical is not None:
            _require_provable(self.critical, self.inputs, self.outputs, self.disputable)
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
            raise ModelFileMissing(
                f"there is no {path}",
                hint="name a folder that has one; a plain name is looked for in models/ of the current folder",
                path=str(path),
            ) from error

    @property
    def disputable(self) -> bool:
        """Whether the model has a canonical program that a result can be judged by."""
        return self.program is not None

    @property
    def files(self) -> tuple[FilePin, ...]:
        """Every file that an installed model has beside its manifest."""
        critical = self.critical.files.all if self.critical else ()
        return (self.onnx, *((self.execution,) if self.execution else ()), *self.codec.tables, *critical)

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


def _require_provable(
    entry: CriticalEntry, inputs: Sequence[InputEntry], outputs: Sequence[OutputEntry], disputable: bool
) -> None:
    """Raise ValueError unless the contract would take this critical step beside this signature."""
    if entry.kind == "head":
        if not disputable or len(outputs) != 2:
            raise ValueError("a model with a proven head is disputable and has two outputs, features and scores")
    elif len(inputs) != 1 or len(outputs) != 1:
        raise ValueError("a model that is proven whole has one input and one output")
    read = outputs[0] if entry.kind == "head" else inputs[0]
    if read.dtype != "float" or outputs[-1].dtype != "float":
        raise ValueError("a circuit reads and gives float32")
    if outputs[-1].spec().elements < 2:
        raise ValueError("a decision is between two scores at least")


def _word(digits: str | None) -> Digest:
    return Digest(bytes.fromhex(digits) if digits else ZERO_WORD)


def _tensor_sig(spec: TensorSpec) -> TensorSig:
    return TensorSig(spec.name, int(spec.dtype), spec.shape)


def _critical(entry: CriticalEntry | None) -> CriticalStep:
    if entry is None:
        return CriticalStep.none()
    return CriticalStep(
        kind=CriticalKind[entry.kind.upper()],
        development=entry.development,
        circuit=_word(entry.circuit),
        verification_key=_word(entry.verification_key),
        verifier_code=_word(entry.verifier_code),
        input_scale=entry.input_scale,
        output_scale=entry.output_scale,
        limit=entry.limit,
        certain_margin=entry.certain_margin,
    )
