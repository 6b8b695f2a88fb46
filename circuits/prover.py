"""Proving and verifying the critical step of one model: the interface behind which EZKL hides.

Life cycle: prove, verify. Values are float32 as the model computes them; a circuit reads them in quanta (integers:
times 2^scale, rounded, saturated) and gives scores in quanta. *Instances* are both, in this order, as field elements.
"""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Self

from atomic_verify.models.circuit import CircuitManifest, CircuitMismatch, read_circuit, require_agreement
from atomic_verify.models.critical.installed import KEYS_NAME
from atomic_verify.models.library import InstalledModel
from atomic_verify.models.pinned import read_pinned
from atomic_verify.protocol.quanta import FIELD, MAX_WHOLE, Floats, field_of, from_field, quantise
from circuits.errors import CircuitCrashed, CircuitRange, ProofInvalid
from circuits.keys import CircuitFiles, Keys, Progress, silent
from circuits.runner import ProverLimits, ask, require_ezkl

DEFAULT_LIMITS = ProverLimits()


@dataclass(frozen=True, slots=True)
class CircuitProof:
    """A proof that was verified. `outputs` are the scores in quanta; `peak_bytes` is the memory that it took."""

    proof: bytes
    outputs: tuple[int, ...]
    seconds: float
    peak_bytes: int


class Circuit:
    """A circuit that is ready to prove and to verify. Threads may share it; each call has a process of its own."""

    def __init__(self, manifest: CircuitManifest, keys: Keys, limits: ProverLimits) -> None:
        self.manifest, self._keys, self._limits = manifest, keys, limits

    @classmethod
    def open(
        cls,
        model: InstalledModel,
        limits: ProverLimits = DEFAULT_LIMITS,
        progress: Progress = silent,
        cache: Path | None = None,
    ) -> Self:
        """The circuit of an installed model. `cache` is the folder of the keys, `.circuit` beside the model's files.

        Raises CircuitMismatch for a model without a critical step or with another circuit, EzklMissing,
        EzklWrongVersion, CircuitInvalid, ModelFileMissing, ModelDigestMismatch.
        """
        entry = model.manifest.critical
        if entry is None:
            raise CircuitMismatch(
                f"{model.name} has no critical step", hint="Its results can't be proven", model=model.name
            )
        manifest, digest = read_circuit(model.directory)
        require_agreement(entry, manifest, digest)
        return cls.of(model.directory, limits, progress, cache)

    @classmethod
    def of(
        cls,
        folder: Path,
        limits: ProverLimits = DEFAULT_LIMITS,
        progress: Progress = silent,
        cache: Path | None = None,
    ) -> Self:
        """The circuit whose files are in a folder, whoever made them. Raises as `open`."""
        manifest, digest = read_circuit(folder)
        require_ezkl(manifest.ezkl.version)
        for pin in (manifest.network, manifest.settings, manifest.srs.pin):
            read_pinned(folder, pin)
        files = CircuitFiles(
            folder / manifest.network.file, folder / manifest.settings.file, folder / manifest.srs.pin.file
        )
        return cls(manifest, Keys(manifest, digest, files, cache or folder / KEYS_NAME, limits, progress), limits)

    def ensure_keys(self) -> None:
        """Make the keys if they aren't there. Raises as `Keys.ensure`."""
        self._keys.ensure()

    def prove(self, features: Floats, *, stop: Event | None = None) -> CircuitProof:
        """Prove the circuit's scores for one item's `features`, float32[inputs.count] in any shape.

        Takes tens of seconds; `stop` calls it off. Raises CircuitRange, CircuitTimeout, CircuitOutOfMemory,
        CircuitCrashed, CircuitStopped, CircuitMismatch, ProofInvalid.
        """
        taken = quantise(self._row(features), self.manifest.inputs.scale, self.manifest.inputs.limit)
        self._keys.ensure()
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="atomic-proof-") as name:
            folder = Path(name)
            # Quanta and their scale give back exactly what EZKL makes these quanta of.
            values = [int(one) / 2**self.manifest.inputs.scale for one in taken]
            (folder / "data").write_text(json.dumps({"input_data": [values]}))
            places = {key: str(folder / key) for key in ("data", "witness", "proof")}
            reply = ask("prove", places | self._places(), self._limits, stop=stop)
        proof, outputs = self._checked(reply.result, [field_of(int(one)) for one in taken])
        return CircuitProof(proof, outputs, time.monotonic() - started, reply.peak_bytes)

    def verify(self, proof: bytes, instances: Sequence[int]) -> None:
        """Refuse a proof that doesn't hold for these instances. Raises ProofInvalid, and what `ask` raises."""
        require_form(self.manifest, proof, instances)
        self._keys.ensure()
        with tempfile.TemporaryDirectory(prefix="atomic-proof-") as name:
            path = Path(name) / "proof"
            path.write_text(json.dumps(proof_file(proof, instances)))
            reply = ask("verify", {"proof": str(path)} | self._places(), self._limits)
        if reply.result.get("holds") is not True:
            raise ProofInvalid("The proof doesn't hold", reason=str(reply.result.get("reason", ""))[:500])

    def _row(self, features: Floats) -> Floats:
        row = features.reshape(-1)
        if row.size != self.manifest.inputs.count or str(row.dtype) != "float32":
            raise CircuitRange(
                f"The circuit reads {self.manifest.inputs.count} float32, not {row.size} {row.dtype}",
                found=f"{row.size} {row.dtype}",
            )
        return row

    def _places(self) -> dict[str, str]:
        keys = self._keys
        paths = {
            "compiled": keys.compiled,
            "pk": keys.proving,
            "vk": keys.verification,
            "settings": keys.files.settings,
            "srs": keys.files.srs,
        }
        return {name: str(path.resolve()) for name, path in paths.items()}

    def _checked(self, result: Mapping[str, Any], inputs: list[int]) -> tuple[bytes, tuple[int, ...]]:
        """Proof and scores of a reply. Raises CircuitCrashed, CircuitRange, ProofInvalid."""
        match result:
            case {"holds": bool(holds), "proof": str(digits), "instances": list(found)}:
                pass
            case _:
                raise CircuitCrashed("EZKL's process answered what it wasn't asked", act="prove")
        try:
            proof, instances = bytes.fromhex(digits), [int(one, 16) for one in found]
        except (ValueError, TypeError) as error:
            raise CircuitCrashed("EZKL's process answered what it wasn't asked", act="prove") from error
        if not holds or instances[: len(inputs)] != inputs:
            raise ProofInvalid("EZKL made a proof that doesn't hold for these inputs")
        require_form(self.manifest, proof, instances)
        outputs = tuple(from_field(one) for one in instances[len(inputs) :])
        if any(abs(one) >= MAX_WHOLE for one in outputs):
            raise CircuitRange("A score has too many quanta for a float32", limit=MAX_WHOLE)
        return proof, outputs


def require_form(manifest: CircuitManifest, proof: bytes, instances: Sequence[int]) -> None:
    """Refuse what is no proof by its form alone: EZKL doesn't mind bytes that follow one. Raises ProofInvalid."""
    if len(proof) != manifest.cost.proof_bytes:
        raise ProofInvalid("The proof is of another length than the circuit's", bytes=len(proof))
    if len(instances) != manifest.instance_count:
        raise ProofInvalid("The circuit has another number of instances", instances=len(instances))
    if not all(0 <= one < FIELD for one in instances):
        raise ProofInvalid("An instance isn't a field element")


def proof_file(proof: bytes, instances: Sequence[int]) -> dict[str, Any]:
    """A proof as EZKL reads it from a file."""
    return {"proof": list(proof), "instances": [[one.to_bytes(32, "little").hex() for one in instances]]}
