"""The critical step of a model that is prepared: its entry in the manifest, worked out from the circuit's files.

Life cycle: before publishing, after the tolerances of the features are known. How far the circuit may be off decides
by how much a score has to lead, and how widely a proven head's scores are accepted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomic_verify.models.circuit import CIRCUIT_NAME, CircuitManifest, read_circuit
from atomic_verify.models.critical.check import Bounds, bounds_of, read_network, require_circuit
from atomic_verify.models.critical.part import Part
from atomic_verify.models.manifest import Manifest
from atomic_verify.models.parts import CriticalEntry, CriticalFiles, FilePin
from atomic_verify.models.pinned import read_pinned

SLASH_OVER_BOUND = 2.0
"""Slash over accept of a proven head's scores. The circuit's error is known, so little room is needed between them."""
ROUNDED_UP = 1.05
"""So that two digits of it, however they are rounded, aren't below."""


@dataclass(frozen=True, slots=True)
class SubjectCircuit:
    """The circuit that lies beside a model: its manifest and the files that bounds are worked out from."""

    manifest: CircuitManifest
    pin: FilePin
    """Of circuit.json."""
    network: bytes
    settings: bytes


def read_subject_circuit(folder: Path) -> SubjectCircuit | None:
    """The circuit in the folder of a model that was built; None if there is none, and the model has no critical step.

    Raises CircuitInvalid, ModelFileMissing, ModelDigestMismatch.
    """
    if not (folder / CIRCUIT_NAME).exists():
        return None
    manifest, digest = read_circuit(folder)
    for pin in manifest.files:
        read_pinned(folder, pin)
    pin = FilePin(file=CIRCUIT_NAME, bytes=(folder / CIRCUIT_NAME).stat().st_size, sha256=digest)
    network, settings = (read_pinned(folder, one) for one in (manifest.network, manifest.settings))
    return SubjectCircuit(manifest, pin, network, settings)


def with_critical(content: dict[str, Any], circuit: SubjectCircuit, part: Part | None) -> dict[str, Any]:
    """A manifest's content, whose tolerances are measured, with its critical step.

    Raises CircuitNotOfModel, NetworkUnsupported, MarginUnderstated (the limit cuts what the circuit may be given).
    """
    layers, scales = read_network(circuit.network, circuit.settings, part)
    require_circuit(circuit.manifest, layers, scales)
    measured = Manifest.parse(json.dumps(content | {"critical": None}))
    bounds = bounds_of(measured, circuit.manifest.inputs.limit, layers, scales, part)
    entry = _entry(circuit, bounds, is_head=len(measured.outputs) == 2)
    made = content | {"critical": entry.model_dump(mode="json")}
    if entry.kind == "head":
        made["outputs"] = [*content["outputs"][:-1], _accepting(content["outputs"][-1], bounds.accept)]
    return made


def _entry(circuit: SubjectCircuit, bounds: Bounds, *, is_head: bool) -> CriticalEntry:
    made = circuit.manifest
    network, settings, srs, source, code = made.files
    files = CriticalFiles(
        network=network, circuit=circuit.pin, settings=settings, srs=srs, verifier_source=source, verifier_code=code
    )
    return CriticalEntry(
        kind="head" if is_head else "whole",
        name=made.name,
        development=made.is_development,
        circuit=circuit.pin.sha256,
        verification_key=made.verification_key,
        verifier_code=made.verifier.code_hash,
        input_scale=made.inputs.scale,
        output_scale=made.outputs.scale,
        limit=made.inputs.limit,
        certain_margin=bounds.certain_margin,
        files=files,
    )


def _accepting(output: Mapping[str, Any], least: float) -> dict[str, Any]:
    """An output with an absolute tolerance of at least `least`, by two digits."""
    if output["accept"]["atol"] >= least:
        return dict(output)
    atol = float(f"{ROUNDED_UP * least:.1e}")
    return dict(output) | {
        "accept": output["accept"] | {"atol": atol},
        "slash": output["slash"] | {"atol": SLASH_OVER_BOUND * atol},
    }
