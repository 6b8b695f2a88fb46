"""Whether a manifest may call decisions certain: its circuit's files against the model's own critical part.

Life cycle: before a model with a critical step is published, and before a worker, watcher or gateway uses one. Anybody
can publish any circuit beside any model, and call any decision certain. What can't be known without EZKL is whether the
verification key belongs to the network and the settings: `atomic circuit check` makes it anew from them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from atomic_verify.models.check import CheckLimits
from atomic_verify.models.check.parse import parse
from atomic_verify.models.circuit import CircuitManifest, require_agreement
from atomic_verify.models.critical.bounds import (
    MOST_ROOM,
    Reading,
    Scales,
    least_accept,
    margin_of,
    most_quanta,
    output_scale,
    score_error,
)
from atomic_verify.models.critical.network import Layer, layers_of
from atomic_verify.models.critical.part import Part
from atomic_verify.models.errors import CircuitNotOfModel, MarginUnderstated, NetworkUnsupported
from atomic_verify.models.manifest import Manifest
from atomic_verify.models.parts import MAX_SCALE, CriticalEntry
from atomic_verify.models.pinned import read_pinned
from atomic_verify.protocol.quanta import MAX_WHOLE

MAX_MULTIPLIER = 16
MAX_BASE, MAX_LEGS = 2**28, 64
VISIBILITY: Mapping[str, str] = {
    "input_visibility": "Public", "output_visibility": "Public", "param_visibility": "Fixed",
}  # fmt: skip
"""Weights that aren't fixed are the prover's to choose, and what isn't public isn't proven."""
LAWS = 1.25
"""Accept over accept and what the laws' tolerances move, which is a quarter of it at most."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the files of a circuit allow a manifest to say."""

    error: float
    """No score is further from the canonical one, in the scores' unit."""
    certain_margin: int
    """The least, in quanta of the scores."""
    accept: float
    """The least absolute tolerance of a head's scores."""


def require_critical(manifest: Manifest, directory: Path, part: Part | None) -> None:
    """Refuse an installed model whose critical step isn't what its files give. Nothing is asked of others.

    Raises CircuitInvalid, CircuitMismatch, CircuitNotOfModel, NetworkUnsupported, MarginUnderstated, ModelFileMissing,
    ModelDigestMismatch.
    """
    entry = manifest.critical
    if entry is None:
        return
    circuit = CircuitManifest.parse(read_pinned(directory, entry.files.circuit))
    _require_files(entry, circuit)
    network, settings = (read_pinned(directory, pin) for pin in (entry.files.network, entry.files.settings))
    layers, scales = read_network(network, settings, part)
    require_circuit(circuit, layers, scales)
    found = bounds_of(manifest, entry.limit, layers, scales, part)
    if entry.certain_margin < found.certain_margin:
        raise MarginUnderstated(
            f"{manifest.name} calls decisions certain that lead by {entry.certain_margin} quanta",
            hint="don't use this model; if it is yours, prepare it again",
            least=found.certain_margin,
        )
    if entry.kind == "head" and manifest.outputs[-1].accept.atol < found.accept:
        raise MarginUnderstated(
            f"the scores of {manifest.name} are accepted within {manifest.outputs[-1].accept.atol:.3g}",
            hint="an honest hybrid result could be void over its scores; prepare the model again",
            least=found.accept,
        )


def _require_files(entry: CriticalEntry, circuit: CircuitManifest) -> None:
    """Refuse an entry that isn't about this circuit. Raises CircuitMismatch, CircuitNotOfModel."""
    require_agreement(entry, circuit, entry.files.circuit.sha256)
    files = entry.files
    pinned = (files.network, files.settings, files.srs, files.verifier_source, files.verifier_code)
    for ours, theirs in zip(pinned, circuit.files, strict=True):
        if ours.sha256 != theirs.sha256:
            raise CircuitNotOfModel(
                f"{ours.file} isn't the file that the circuit {circuit.name} was made with",
                hint="don't use this model; if it is yours, prepare it again",
                expected=theirs.sha256,
                found=ours.sha256,
            )


def read_network(network: bytes, settings: bytes, part: Part | None) -> tuple[tuple[Layer, ...], Scales]:
    """The layers and scales of a circuit, if its network is the model's critical part.

    Raises CircuitNotOfModel, NetworkUnsupported.
    """
    if part is None:
        raise NetworkUnsupported(
            "the model has no critical part that consists of layers",
            hint="cut the model so that what is proven is made of Gemm, MatMul, Add of constants, and Relu",
        )
    found = sha256(network).hexdigest()
    if found != part.sha256:
        raise CircuitNotOfModel(
            "the circuit's network isn't the critical part of the model's own ONNX file",
            hint="don't use this model; if it is yours, make its circuit again",
            expected=part.sha256,
            found=found,
        )
    return layers_of(parse(network, CheckLimits())), read_scales(settings)


def read_scales(settings: bytes) -> Scales:
    """The scales of a circuit, by its settings file. Raises CircuitNotOfModel, also if they leave a prover a choice."""
    try:
        found = json.loads(settings)
        run = found["run_args"]
        scales = [run["input_scale"], run["param_scale"], run["scale_rebase_multiplier"]]
        plain = run["rebase_scale"] is None and run["rebase_frac_zero_constants"] is False
        if not plain or not all(_is_count(one, MAX_SCALE) for one in scales) or not 1 <= scales[2] <= MAX_MULTIPLIER:
            raise ValueError("other scales than these bounds are for")
        if any(run[name] != wanted for name, wanted in VISIBILITY.items()) or range_of(run) > MOST_ROOM:
            raise ValueError("what is proven would be the prover's to choose")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CircuitNotOfModel("the circuit's settings can't be read", reason=str(error)[:200]) from error
    return Scales(scales[0], scales[1], scales[2], range_of(run))


def range_of(run: Mapping[str, Any]) -> int:
    """What EZKL's range checks let through by its run arguments: numbers below this on both sides of zero.

    Raises ValueError, KeyError.
    """
    base, legs = run["decomp_base"], run["decomp_legs"]
    if not (_is_count(base, MAX_BASE) and _is_count(legs, MAX_LEGS)):
        raise ValueError("no decomposition")
    return int(base**legs)


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def require_circuit(circuit: CircuitManifest, layers: Sequence[Layer], scales: Scales) -> None:
    """Refuse a circuit whose manifest has other counts or scales than its files give. Raises CircuitNotOfModel."""
    found = (layers[0].weight.shape[0], scales.read, layers[-1].weight.shape[1], output_scale(layers, scales))
    told = (circuit.inputs.count, circuit.inputs.scale, circuit.outputs.count, circuit.outputs.scale)
    if found != told:
        raise CircuitNotOfModel(
            f"the circuit {circuit.name} has other counts or scales than its network and settings give",
            hint="don't use this model; if it is yours, make its circuit again",
            expected=list(found),
            found=list(told),
        )


def _require_sizes(manifest: Manifest, layers: Sequence[Layer]) -> None:
    """Refuse layers that the model applies to several rows at once: the chain would ask for a proof of all of them."""
    read = manifest.outputs[0] if len(manifest.outputs) > 1 else manifest.inputs[0]
    found = (layers[0].weight.shape[0], layers[-1].weight.shape[1])
    wanted = (read.spec().elements, manifest.outputs[-1].spec().elements)
    if found != wanted:
        raise CircuitNotOfModel(
            f"the critical part of {manifest.name} reads and gives other counts than its tensors have",
            hint="no item of this model could be proven; if it is yours, give its tensors one row",
            expected=list(wanted),
            found=list(found),
        )


def bounds_of(manifest: Manifest, limit: int, layers: tuple[Layer, ...], scales: Scales, part: Part | None) -> Bounds:
    """What a manifest may say of a circuit with these layers and scales, which cuts what it reads to `limit` quanta.

    Raises CircuitNotOfModel (tensors of another size), NetworkUnsupported, MarginUnderstated (the limit cuts what the
    circuit may be given).
    """
    _require_sizes(manifest, layers)
    quantum = 2.0**-scales.read
    if part is not None and part.largest is not None and part.norm is not None:
        features = manifest.outputs[0].accept
        # A claimed trace may lie off the canonical one by what the laws tolerate.
        away = LAWS * (features.atol + features.rtol * part.largest)
        reading = taken = Reading(part.largest, part.norm, away)
    else:
        limits = manifest.inputs[0].range
        if limits is None:
            raise NetworkUnsupported("the input has no range", hint="declare low and high of the input")
        # Of a whole model the bound holds for all that isn't cut, inside and outside of the declared range.
        # What is less than half a quantum beyond the limit is rounded to it.
        reading = _reading((limit + 0.5) * quantum, layers)
        taken = _reading(max(abs(one) for one in limits), layers)
    most = taken.largest + taken.away
    if most / quantum > limit:
        raise MarginUnderstated(
            f"the circuit cuts what it reads to {limit * quantum:g}, and it may be given {most:g}",
            hint="a circuit that reads something else proves nothing about the model; make one with a larger limit",
            limit=limit,
        )
    error = score_error(layers, reading, scales)
    _require_room(layers, taken, scales)
    scale = output_scale(layers, scales)
    return Bounds(error, margin_of(error, scale), least_accept(error))


def _reading(largest: float, layers: Sequence[Layer]) -> Reading:
    """Any numbers up to `largest`."""
    return Reading(largest, largest * layers[0].weight.shape[0] ** 0.5, 0.0)


def _require_room(layers: Sequence[Layer], taken: Reading, scales: Scales) -> None:
    """Refuse a circuit that can't prove some item which a worker would take, to lose its bond over it."""
    found = most_quanta(layers, taken, scales)
    if max(found) >= scales.room or found[-1] >= MAX_WHOLE:
        raise NetworkUnsupported(
            f"the circuit may give {max(found):.3g} quanta, a score of {found[-1]:.3g}: more than can be proven",
            hint="make the circuit with a smaller scale, or with more room (decomposition_base, decomposition_legs)",
            room=float(scales.room),
            most=MAX_WHOLE,
        )
