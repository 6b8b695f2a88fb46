"""`atomic model prepare`: check, harden, calibrate, and write into a manifest what the chain has to know of the model.

Life cycle: before publishing. A *source folder* holds manifest.json and either build.py or the model's files
themselves. Written are the canonical program's roots and counts, the execution graph's digest, the inputs' ranges, the
outputs' tolerances, whether results may be slashed, the critical step of a model with a circuit, and what was measured.
The same seed and versions on the same machine write the same manifest. Items to measure on lie beside it: `examples/`,
raw items as people send them, and `adversarial/`, payload bytes of items that are known to drift.
"""

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomic_verify.assess.calibrate import Calibrator, Effort, Progress
from atomic_verify.assess.check import check_file
from atomic_verify.assess.critical import SubjectCircuit, read_subject_circuit, with_critical
from atomic_verify.assess.errors import ModelUnfit, ModelUnsound
from atomic_verify.assess.findings import LEAST_MARGIN, Calibration, OutputFindings
from atomic_verify.assess.search import Item
from atomic_verify.commitments import decode_item
from atomic_verify.execution.providers import Provider
from atomic_verify.execution.runtime import Runtime
from atomic_verify.models.build import SCRIPT_NAME, gather
from atomic_verify.models.derivation import Derivation, Deriver
from atomic_verify.models.library import InstalledModel
from atomic_verify.models.manifest import MANIFEST_NAME, Manifest
from atomic_verify.models.pinned import read_pinned
from atomic_verify.models.writing import write_manifest

EXECUTION_NAME = "execution.onnx"
MAX_REASONS = 16
ZERO = {"atol": 0.0, "rtol": 0.0}


@dataclass(frozen=True, slots=True)
class Prepared:
    """The manifest as it was written, and all that was measured."""

    manifest: Manifest
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Means:
    """What preparing works with: the ways to run models, how to derive a stranger's, and whom to tell."""

    runtime: Runtime
    derive: Deriver
    providers: Sequence[Provider] = (Provider.CPU,)
    progress: Progress = lambda _: None


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of a folder, read: its manifest, the bytes of its ONNX file, and the items that lie beside it."""

    manifest: Manifest
    graph: bytes
    examples: Sequence[Item]
    circuit: SubjectCircuit | None = None

    def calibrator(self, means: Means) -> Calibrator:
        """A calibrator for it. Raises what `Calibrator` raises."""
        shapes = {spec.name: spec.shape for spec in self.manifest.input_specs}
        ranges = declared_ranges(self.manifest)
        return Calibrator(self.graph, shapes, means.runtime, means.providers, means.progress, ranges)


def read_subject(source: Path) -> Subject:
    """The model of a source folder, or an installed one in its folder.

    Raises ManifestInvalid, ModelFileMissing, ModelDigestMismatch, ModelBuildFailed, CodecUnknown, ItemRefused (an
    example), PayloadSizeError, CircuitInvalid.
    """
    manifest = Manifest.load(source / MANIFEST_NAME)
    with tempfile.TemporaryDirectory(prefix="prepare-") as scratch:
        folder = Path(scratch)
        gather(source, manifest, folder)
        graph = read_pinned(folder, manifest.onnx)
        examples = examples_of(source, InstalledModel.open(folder))
        return Subject(manifest, graph, examples, read_subject_circuit(folder))


def prepare(source: Path, means: Means, effort: Effort) -> Prepared:
    """Prepares the model of a source folder, or an installed one in its folder.

    Raises what `read_subject` and `with_critical` raise, a subclass of OnnxRefused, Unsupported, ProgramMismatch,
    ModelUnfit, ModelUnsound, and what running the model raises.
    """
    means.progress("building")
    subject = read_subject(source)
    manifest, graph = subject.manifest, subject.graph
    means.progress("lowering")
    derived = means.derive(graph, manifest.input_signature, manifest.output_signature)
    _require_fit(manifest, graph, means)
    calibrator = subject.calibrator(means)
    found = calibrator.calibrate(effort, subject.examples)
    _require_measured(found)
    execution = calibrator.execution if calibrator.hardened.nodes else None
    content = _content(source / MANIFEST_NAME, derived, found, execution)
    if subject.circuit is not None:
        content = with_critical(content, subject.circuit, derived.part)
    if execution is not None and not (source / SCRIPT_NAME).exists():
        (source / EXECUTION_NAME).write_bytes(execution)
    return Prepared(write_manifest(source / MANIFEST_NAME, content), found)


def declared_ranges(manifest: Manifest) -> dict[str, tuple[float, float]]:
    """The ranges that the manifest gives its inputs."""
    return {entry.name: entry.range for entry in manifest.inputs if entry.range is not None}


def examples_of(source: Path, model: InstalledModel) -> list[Item]:
    """The items beside a manifest, in order of their names. Raises ItemRefused, PayloadSizeError."""
    found: list[Item] = []
    for path in _files(source / "examples"):
        with path.open("rb") as raw:
            found.append(model.encode(raw))
    found += [decode_item(model.manifest.input_specs, path.read_bytes()) for path in _files(source / "adversarial")]
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def _require_fit(manifest: Manifest, graph: bytes, means: Means) -> None:
    shapes = {spec.name: spec.shape for spec in manifest.input_specs}
    found = check_file(graph, shapes, means.progress, ranges=declared_ranges(manifest))
    if not found.is_good:
        drift = "" if found.drift is None else f"onnxruntime lies {found.drift:.3g} from what it means"
        raise ModelUnfit(
            f"the model can't be used: {found.reason or drift}",
            hint="see docs/canonical.md for what is supported; `atomic model explain` shows what the model means",
            drift=found.drift,
        )


def _require_measured(found: Calibration) -> None:
    for one in found.outputs:
        if not math.isfinite(one.drift):
            raise ModelUnfit(
                f"output {one.name!r}: honest float32 answers some items with NaN or infinity",
                hint="declare the range of each input in the manifest: low and high",
            )
    if not found.is_sound:
        raise ModelUnsound(
            f"the soundness margin is {found.margin:.3g}; {LEAST_MARGIN:g} is the least",
            hint="a liar could hide in the laws' tolerances; declare narrower ranges, or shorten the model's sums",
            margin=found.margin,
        )


def _content(path: Path, derived: Derivation, found: Calibration, execution: bytes | None) -> dict[str, Any]:
    """The manifest's content with all that was found."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    for name in ("execution", "void_reasons"):
        content.pop(name, None)
    content["critical"] = None
    if execution is not None:
        pin = {"file": EXECUTION_NAME, "bytes": len(execution), "sha256": found.execution_sha256}
        content["execution"] = pin
    ranges = {name: {"low": low, "high": high} for name, low, high in found.ranges}
    content["inputs"] = [entry | ranges[entry["name"]] for entry in content["inputs"]]
    outputs = {one.name: _tolerances(one) for one in found.outputs}
    content["outputs"] = [entry | outputs[entry["name"]] for entry in content["outputs"]]
    content["program"] = derived.program.model_dump()
    content["void_only"] = found.void_only
    if found.reasons:
        content["void_reasons"] = [reason[:500] for reason in found.reasons[:MAX_REASONS]]
    content["calibration"] = found.entry().model_dump(exclude_none=True)
    return content


def _tolerances(one: OutputFindings) -> Mapping[str, Any]:
    return {"accept": ZERO, "slash": ZERO} if one.tolerances is None else one.tolerances.to_json()
