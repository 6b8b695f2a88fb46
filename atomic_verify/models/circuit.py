"""The manifest of a circuit, circuit.json: everything that its proofs and its verifier follow from, by digest.

Life cycle: made when a circuit is built, read when a model with a critical step is published, proven or verified. A
*circuit* is EZKL's arithmetic circuit of a small ONNX network, with which a worker proves the *critical step* of a
model. *Quanta* are integers: a number times 2^scale. An *SRS* is the structured reference string of the proof system;
whoever knows the secret behind it can prove anything, so a development one is worth nothing on a public chain.
Nothing here needs EZKL.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from pydantic import Field, ValidationError

from atomic_verify.models.errors import ModelError, ModelFileMissing
from atomic_verify.models.parts import (
    MAX_ELEMENTS,
    MAX_OPTIONS,
    MAX_QUANTA,
    MAX_SCALE,
    CriticalEntry,
    FilePin,
    Hex32,
    Measure,
    Part,
)
from atomic_verify.protocol.terms import DEVELOPMENT_CHAINS

CIRCUIT_NAME: Final = "circuit.json"
MAX_CIRCUIT_BYTES: Final = 64 * 1024
MAX_CODE_BYTES: Final = 24_576
"""No chain takes a larger contract (EIP-170)."""

CREATE2_DEPLOYER: Final = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
"""The deterministic deployment proxy that stands at this address of every chain; anybody may use it."""


class CircuitInvalid(ModelError):
    """A circuit's manifest is malformed, out of bounds, or contradicts itself."""

    code = "circuit-invalid"


class CircuitMismatch(ModelError):
    """A circuit, its keys or its verifier aren't the ones that are pinned."""

    code = "circuit-mismatch"


class DevelopmentSrs(ModelError):
    """A circuit with a development SRS was to be used on a public chain."""

    code = "development-srs"


class SrsEntry(Part):
    """The structured reference string: its file, for circuits of 2^k rows, and where it comes from."""

    pin: FilePin
    k: int = Field(ge=1, le=28)
    kind: Literal["development", "ceremony"]


class EzklEntry(Part):
    """The EZKL that made the circuit, and what it was told."""

    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.+-]{1,32}$")]
    run_args: Annotated[Mapping[str, bool | int | float | str], Field(max_length=MAX_OPTIONS)]


class SolcEntry(Part):
    """The compiler of the verifier, and its settings as in its standard JSON."""

    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.+-]{1,64}$")]
    settings: Annotated[Mapping[str, Any], Field(max_length=MAX_OPTIONS)]


class VerifierEntry(Part):
    """The contract that checks proofs: EZKL's source, its creation code as hexadecimal text, and its runtime code."""

    source: FilePin
    creation: FilePin
    code_hash: Hex32
    """keccak256 of the runtime code: an address's code hash."""
    runtime_bytes: int = Field(ge=1, le=MAX_CODE_BYTES)


class CircuitInputs(Part):
    """What the circuit reads: so many float32 as quanta, saturated to -limit and +limit."""

    count: int = Field(ge=1, le=MAX_ELEMENTS)
    scale: int = Field(ge=0, le=MAX_SCALE)
    limit: int = Field(ge=1, le=MAX_QUANTA)


class CircuitOutputs(Part):
    """What the circuit gives: so many scores in quanta."""

    count: int = Field(ge=2, le=MAX_ELEMENTS)
    scale: int = Field(ge=0, le=MAX_SCALE)


class AccuracyEntry(Part):
    """The circuit's scores against onnxruntime's on the calibration data, in the scores' own unit."""

    items: int = Field(ge=1, le=MAX_ELEMENTS)
    max_difference: Measure
    mean_difference: Measure
    label_agreement: float = Field(ge=0, le=1)
    """Share of items on which both have their largest score at the same place."""


class CostEntry(Part):
    """What one proof cost on the machine that built the circuit, for people."""

    prove_seconds: Measure
    peak_mb: int = Field(ge=1, le=2**31 - 1)
    proof_bytes: int = Field(ge=1, le=2**20)
    verify_gas: int = Field(ge=1, le=2**63 - 1)
    """Of the call to the verifier alone: without the transaction's base and calldata."""


class CircuitManifest(Part):
    """All that is pinned of a circuit. Instances of a proof are its inputs in quanta, then its outputs in quanta."""

    schema_version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    network: FilePin
    settings: FilePin
    srs: SrsEntry
    ezkl: EzklEntry
    solc: SolcEntry
    verification_key: Hex32
    """sha256 of the verification key's file."""
    verifier: VerifierEntry
    inputs: CircuitInputs
    outputs: CircuitOutputs
    accuracy: AccuracyEntry
    cost: CostEntry

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """The manifest that `text` writes as JSON. Raises CircuitInvalid naming the first wrong field."""
        if len(text) > MAX_CIRCUIT_BYTES:
            raise CircuitInvalid(f"A circuit's manifest has at most {MAX_CIRCUIT_BYTES} bytes", bytes=len(text))
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise CircuitInvalid(
                f"The circuit's manifest is wrong at {place or 'the top'}: {first['msg']}", at=place
            ) from error

    @property
    def files(self) -> tuple[FilePin, ...]:
        """Every file that belongs to the circuit, beside circuit.json itself."""
        return (self.network, self.settings, self.srs.pin, self.verifier.source, self.verifier.creation)

    @property
    def is_development(self) -> bool:
        """Whether somebody may know the secret behind the SRS."""
        return self.srs.kind == "development"

    @property
    def instance_count(self) -> int:
        return self.inputs.count + self.outputs.count

    def require_ceremony(self, chain_id: int) -> None:
        """Refuse a development SRS on any chain but a development one. Raises DevelopmentSrs."""
        if self.is_development and chain_id not in DEVELOPMENT_CHAINS:
            raise DevelopmentSrs(
                f"The circuit {self.name} has a development SRS and can't be used on chain {chain_id}",
                hint="Build it with a ceremony's file: atomic circuit build FOLDER --srs PATH --srs-sha256 DIGEST",
                circuit=self.name,
                chain_id=chain_id,
            )

    def text(self) -> str:
        """The manifest as circuit.json has it."""
        return self.model_dump_json(indent=2) + "\n"


def read_circuit(folder: Path) -> tuple[CircuitManifest, str]:
    """The circuit of a folder, and the sha256 of its circuit.json. Raises ModelFileMissing, CircuitInvalid."""
    path = folder / CIRCUIT_NAME
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_CIRCUIT_BYTES + 1)
    except OSError as error:
        raise ModelFileMissing("There is no circuit.json", hint="Build the model again", path=str(path)) from error
    return CircuitManifest.parse(text), hashlib.sha256(text).hexdigest()


def require_agreement(entry: CriticalEntry, circuit: CircuitManifest, digest: str) -> None:
    """Refuse a model whose critical entry isn't about this circuit. `digest` is circuit.json's sha256.

    Raises CircuitMismatch naming the first field that differs.
    """
    wanted = {
        "circuit": digest,
        "development": circuit.is_development,
        "verification_key": circuit.verification_key,
        "verifier_code": circuit.verifier.code_hash,
        "input_scale": circuit.inputs.scale,
        "output_scale": circuit.outputs.scale,
        "limit": circuit.inputs.limit,
    }
    for name, value in wanted.items():
        found = getattr(entry, name)
        if found != value:
            raise CircuitMismatch(
                f"The model's critical step isn't the circuit {circuit.name}: another {name}",
                hint="Build the model again with this circuit, or take the circuit that it was built with",
                field=name,
                circuit=value,
                model=found,
            )


def code_hash(code: bytes) -> str:
    """keccak256 of a contract's runtime code, as hexadecimal digits."""
    return bytes(keccak(code)).hex()


def verifier_address(creation: bytes) -> str:
    """Where the contract with this creation code stands on every chain: CREATE2 with salt 0 by the common deployer."""
    digest = keccak(b"\xff" + CREATE2_DEPLOYER + bytes(32) + keccak(creation))
    return str(to_checksum_address(digest[12:]))
