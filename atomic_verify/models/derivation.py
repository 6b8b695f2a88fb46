"""What a model's ONNX file gives by itself, to be compared with what its manifest says.

Life cycle: before a model is published, and before a worker, watcher or gateway uses one. Anybody can publish any roots
beside any file: a program that isn't the file's would convict honest workers, and so would an execution graph that
isn't the file's hardening. *Derivation*: roots and counts of the program, the digest of the execution graph, and what
the file gives of its critical part.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from atomic_verify.canonical.identity import ProgramIdentity, identity_of
from atomic_verify.canonical.lowering import LOWERING_VERSION, lower
from atomic_verify.commitments import Signature, TensorSpec
from atomic_verify.models.check import CheckLimits, check_model
from atomic_verify.models.check.parse import parse
from atomic_verify.models.critical.check import require_critical
from atomic_verify.models.critical.part import Part, derive_part
from atomic_verify.models.errors import ModelError, ProgramMismatch, VoidOnlyMissing
from atomic_verify.models.hardening import harden
from atomic_verify.models.manifest import DERIVATION_NAME, Manifest
from atomic_verify.models.parts import ProgramEntry
from atomic_verify.models.pinned import read_pinned

MAX_DECISIONS = 16
MAX_CACHE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Derivation:
    """What an ONNX file gives under one signature."""

    program: ProgramEntry
    execution_sha256: str
    """Of the hardened graph; of the file itself where nothing cancels."""
    decisions: tuple[str, ...]
    """Where a float decides, the first few."""
    part: Part | None = None
    """The critical part, where there is one that a circuit could prove."""

    def to_json(self) -> dict[str, Any]:
        return {
            "program": self.program.model_dump(),
            "execution_sha256": self.execution_sha256,
            "decisions": list(self.decisions),
            "part": None if self.part is None else self.part.to_json(),
        }

    @classmethod
    def from_json(cls, found: Any) -> "Derivation":
        """Raises ValueError, KeyError or TypeError for anything else than what `to_json` makes."""
        digest, decisions = found["execution_sha256"], found["decisions"]
        if not isinstance(digest, str) or not isinstance(decisions, list) or len(decisions) > MAX_DECISIONS:
            raise ValueError("not a derivation")
        part = None if found["part"] is None else Part.from_json(found["part"])
        program = ProgramEntry.model_validate(found["program"])
        return cls(program, digest[:64], tuple(str(one)[:300] for one in decisions), part)


Deriver = Callable[[bytes, Signature, Signature], Derivation]
"""`derive_model`, or the same behind walls."""


def derive_model(graph: bytes, inputs: Signature, outputs: Signature) -> Derivation:
    """Check, lower and harden an ONNX file. Only for files that this machine's owner trusts not to eat it up.

    Raises a subclass of OnnxRefused, Unsupported, ProgramMismatch (the program has another signature).
    """
    check_model(graph, inputs, outputs)
    lowered = lower(graph, {spec.name: spec.shape for spec in inputs.specs})
    found = identity_of(lowered)
    _require_signature("inputs", found.inputs, inputs)
    _require_signature("outputs", found.outputs, outputs)
    model = parse(graph, CheckLimits())
    made = harden(model)
    return Derivation(
        program=program_entry(found),
        execution_sha256=hashlib.sha256(made.graph if made.nodes else graph).hexdigest(),
        decisions=tuple(one[:300] for one in found.decisions[:MAX_DECISIONS]),
        part=derive_part(model, lowered.program, inputs, outputs),
    )


def program_entry(identity: ProgramIdentity) -> ProgramEntry:
    """A program's identity as a manifest has it."""
    return ProgramEntry(
        lowering_version=identity.lowering_version,
        root=identity.program_root.hex(),
        steps=identity.steps,
        depth=identity.depth,
        weights_root=identity.weights_root.hex(),
        weight_count=identity.weight_count,
    )


def require_match(manifest: Manifest, found: Derivation) -> None:
    """Refuse a manifest whose program, execution graph or void-only flag isn't what the ONNX file gives.

    Raises ProgramMismatch, VoidOnlyMissing. A model without a program can't be judged, so there is nothing to match.
    """
    program = manifest.program
    if program is None:
        return
    if program.lowering_version != found.program.lowering_version:
        raise ProgramMismatch(
            f"{manifest.name} was lowered by version {program.lowering_version}, this is {LOWERING_VERSION}",
            hint="use the version of Atomic that prepared the model, or prepare it again as a new model",
            field="lowering_version",
        )
    for field in ("root", "steps", "depth", "weights_root", "weight_count"):
        _require_equal(manifest.name, field, getattr(program, field), getattr(found.program, field))
    _require_equal(manifest.name, "execution", manifest.graph.sha256, found.execution_sha256)
    if found.decisions and not manifest.void_only:
        raise VoidOnlyMissing(
            f"in {manifest.name} a float decides, but its manifest lets results be slashed",
            hint="prepare the model again; don't use it before that",
            decides=found.decisions[0],
        )


def require_derived(manifest: Manifest, directory: Path, derive_graph: Deriver) -> None:
    """Refuse an installed model unless its program and its critical part are what its own ONNX file gives.

    The derivation is kept beside the model's files and done anew only when the file, its signature, the lowering or
    the `onnx` package changes. Nothing is asked of a model that has neither. Raises ProgramMismatch, VoidOnlyMissing,
    CircuitNotOfModel, NetworkUnsupported, MarginUnderstated, ModelFileMissing, ModelDigestMismatch, and what
    `derive_graph` raises.
    """
    if not manifest.disputable and manifest.critical is None:
        return
    found = kept_derivation(manifest, directory)
    if found is None:
        graph = read_pinned(directory, manifest.onnx)
        found = derive_graph(graph, manifest.input_signature, manifest.output_signature)
        _keep(manifest, directory, found)
    require_match(manifest, found)
    require_critical(manifest, directory, found.part)


def is_derived(manifest: Manifest, directory: Path) -> bool:
    """Whether a derivation is kept that says what the manifest says."""
    found = kept_derivation(manifest, directory)
    if found is None or not (manifest.disputable or manifest.critical):
        return False
    try:
        require_match(manifest, found)
        require_critical(manifest, directory, found.part)
    except ModelError:
        return False
    return True


def kept_derivation(manifest: Manifest, directory: Path) -> Derivation | None:
    """What was derived before from exactly this file by exactly these versions; None if nothing was."""
    try:
        with (directory / DERIVATION_NAME).open("rb") as stream:
            found = json.loads(stream.read(MAX_CACHE_BYTES))
        return Derivation.from_json(found) if found["of"] == _key(manifest) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(manifest: Manifest, directory: Path, found: Derivation) -> None:
    staged = directory / f".{DERIVATION_NAME}"
    try:
        staged.write_text(json.dumps({"of": _key(manifest)} | found.to_json(), indent=2) + "\n")
        staged.replace(directory / DERIVATION_NAME)
    except OSError:
        # A library that can't be written to is derived from each time.
        return


def _key(manifest: Manifest) -> dict[str, Any]:
    signature = [[one.name, one.dtype, list(one.shape)] for one in (*manifest.inputs, *manifest.outputs)]
    return {
        "onnx_sha256": manifest.onnx.sha256,
        "signature": signature,
        "lowering_version": LOWERING_VERSION,
        "onnx": onnx.__version__,
    }


def _require_signature(what: str, found: tuple[TensorSpec, ...], declared: Signature) -> None:
    if found != declared.specs:
        raise ProgramMismatch(
            f"the program's {what} aren't the manifest's",
            hint="name them in the manifest as the ONNX file does, in its order",
            field=what,
            found=[f"{one.name}: {one.dtype.name.lower()} {list(one.shape)}" for one in found],
        )


def _require_equal(name: str, field: str, declared: object, found: object) -> None:
    if declared != found:
        raise ProgramMismatch(
            f"the manifest of {name} doesn't tell what its ONNX file means: {field}",
            hint="don't use this model; if it is yours, prepare it again",
            field=field,
            declared=declared,
            found=found,
        )
