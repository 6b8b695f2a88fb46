"""Models as they mean: the canonical program of each installed model, lowered once and held against its manifest.

Life cycle: challenge window. Anyone can publish any roots beside any ONNX file, so nothing is judged, claimed or
refuted by a program that wasn't derived here from the file itself.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.identity import identity_of
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.openings import ProgramTrees
from atomic_verify.canonical.program import Program
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments.tensors import Array
from atomic_verify.errors import AtomicError
from atomic_verify.models import InstalledModel
from atomic_verify.models.derivation import program_entry
from atomic_verify.models.errors import ModelUnknown, ProgramMismatch, VoidOnlyMissing
from atomic_verify.models.library import read_pinned
from atomic_verify.models.manifest import Manifest
from atomic_verify.protocol.primitives import ModelId

TRACE_MEMORY = 2**28
"""Bytes of a trace that are held in memory; the rest goes to files."""


@dataclass(eq=False)
class Meaning:
    """A disputable model's program, ready to run. Threads may share it; evaluations take turns."""

    model: InstalledModel
    program: Program
    scratch: Path | None = None
    """Where the large traces lie while they are in use; the system's temporary folder by default."""
    _prepared: PreparedProgram | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def trees(self) -> ProgramTrees:
        """The trees over the program's records and weights."""
        return ProgramTrees(self.program)

    @property
    def manifest(self) -> Manifest:
        return self.model.manifest

    def evaluate(self, inputs: Mapping[str, Array], keep: Keep | Iterable[int] = Keep.OUTPUTS) -> Trace:
        """The canonical evaluation of one item. Close the trace when done. Raises EvaluationFailed."""
        with self._lock:
            if self._prepared is None:
                self._prepared = PreparedProgram(self.program)
            return self._prepared.evaluate(inputs, keep, memory_limit=TRACE_MEMORY, directory=self.scratch)


class Meanings:
    """The meanings of the installed models, each derived when it is first asked for. Threads may share it."""

    def __init__(self, models: Mapping[ModelId, InstalledModel], scratch: Path | None = None) -> None:
        self._models = dict(models)
        self._scratch = scratch
        self._found: dict[ModelId, Meaning | AtomicError] = {}
        self._lock = threading.Lock()

    def knows(self, model_id: ModelId) -> bool:
        """Whether the model is installed here and claims to have a canonical program."""
        model = self._models.get(model_id)
        return model is not None and model.manifest.disputable

    def of(self, model_id: ModelId) -> Meaning:
        """The model's meaning; takes as long as lowering does, the first time.

        Raises ModelUnknown for a model that isn't installed or has no program, ProgramMismatch and VoidOnlyMissing for
        one whose manifest says something else than its file, Unsupported, ModelFileMissing, ModelDigestMismatch.
        """
        with self._lock:
            found = self._found.get(model_id)
            if found is None:
                found = self._derived(model_id)
                self._found[model_id] = found
        if isinstance(found, AtomicError):
            raise found
        return found

    def _derived(self, model_id: ModelId) -> Meaning | AtomicError:
        try:
            return derive(self._models.get(model_id), self._scratch)
        except AtomicError as error:
            return error


def derive(model: InstalledModel | None, scratch: Path | None = None) -> Meaning:
    """Lowers the model's ONNX file and holds what comes out against the manifest. Raises what `Meanings.of` does."""
    if model is None or not model.manifest.disputable:
        raise ModelUnknown("The model isn't installed here, or has no canonical program")
    manifest = model.manifest
    shapes = {spec.name: spec.shape for spec in manifest.input_specs}
    lowered = lower(read_pinned(model.directory, manifest.onnx), shapes)
    found = identity_of(lowered)
    outputs = tuple(output.spec for output in lowered.program.outputs)
    is_same = program_entry(found) == manifest.program and outputs == manifest.output_specs
    if not is_same or lowered.program.inputs != manifest.input_specs:
        raise ProgramMismatch(
            f"{manifest.name}: the program of the ONNX file isn't the manifest's",
            hint="Don't rely on this model: whoever published it says something else of it than its file.",
            model=manifest.name,
        )
    if found.decisions and not manifest.void_only:
        raise VoidOnlyMissing(f"In {manifest.name} a float decides, but its manifest lets results be slashed")
    return Meaning(model, lowered.program, scratch)
