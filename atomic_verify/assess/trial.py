"""A worker's own look at a manifest's tolerances, on a few items: could an honest worker live with them?

Life cycle: before a model is published, and before a worker takes work for it. Anybody can publish tolerances that no
honest worker keeps. This is no calibration, whose search takes minutes: it refuses what is wrong on a few items
already, run the way that this worker runs them. What was found good is kept beside the model's files.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

import numpy as np
import onnx

from atomic_verify.assess.errors import TolerancesTooTight
from atomic_verify.assess.inputs import make_item, ranges_of
from atomic_verify.assess.search import Item, domains, drawn
from atomic_verify.assess.sensitivity import worst_movement
from atomic_verify.assess.tolerances import ROOM, ROUNDING
from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import DType, encode_item
from atomic_verify.commitments.tensors import Array
from atomic_verify.execution.record import Execution
from atomic_verify.models.hardening import harden
from atomic_verify.models.library import InstalledModel
from atomic_verify.models.manifest import TRIAL_NAME
from atomic_verify.models.parts import OutputEntry
from atomic_verify.models.pinned import read_pinned
from atomic_verify.models.tolerances import FLOAT_TYPES

USUAL, ODD = 2, 6
SEED = 11
ATTACKED_BYTES = 2**28
"""Larger traces are left to the calibration: a worker's start would take minutes."""
MAX_KEPT_BYTES = 4096


class Engine(Protocol):
    """Runs batches of one model, as this worker does."""

    def run_payload(self, item_count: int, payload: bytes, input_sha256: str | None = None) -> Execution:
        """The output of a batch."""
        ...


def require_livable(model: InstalledModel, engine: Engine) -> None:
    """Refuse tolerances that an honest worker would come near to. Nothing is asked of models that can't be judged.

    Of a void-only model drift isn't judged: it may be voided, and everybody knows. Raises TolerancesTooTight, and what
    reading, lowering and running the model raise.
    """
    if not model.manifest.disputable:
        return
    signature = model.manifest.input_signature
    record = engine.run_payload(1, bytes(signature.nbytes)).record
    tried = {"model": model.model_id.hex(), "provider": record.provider, "runtime": record.runtime}
    if _kept(model) != tried:
        _try(model, engine)
        _keep(model, tried)


def _try(model: InstalledModel, engine: Engine) -> None:
    manifest = model.manifest
    graph = onnx.load_model_from_string(read_pinned(model.directory, manifest.onnx))
    program = PreparedProgram(lower(graph, {spec.name: spec.shape for spec in manifest.input_specs}).program)
    is_small = program.program.trace_bytes <= ATTACKED_BYTES
    for number, item in enumerate(_items(model, graph)):
        payload = encode_item(manifest.input_specs, item)
        found = engine.run_payload(1, payload).commit().item(0)
        is_attacked = number == 0 and is_small
        with program.evaluate(item, Keep.ALL if is_attacked else Keep.OUTPUTS) as trace:
            _judge(model, trace.outputs(), found)
            if is_attacked:
                _attack(model, trace, harden(graph).nodes)


def _items(model: InstalledModel, graph: onnx.ModelProto) -> Iterable[Item]:
    """A few usual items, and one of each odd family."""
    specs, rng = model.manifest.input_specs, np.random.default_rng(SEED)
    declared = {entry.name: entry.range for entry in model.manifest.inputs if entry.range is not None}
    yield from (make_item(graph, specs, rng, declared) for _ in range(USUAL))
    yield from (item for _, item in islice(drawn(domains(specs, ranges_of(graph, specs, declared)), rng), ODD))


def _judge(model: InstalledModel, meant: Mapping[str, Array], found: Mapping[str, Array]) -> None:
    """How far this machine's outputs of one item lie from what they mean."""
    for entry in model.manifest.outputs:
        if model.manifest.void_only:
            return
        canonical = meant[entry.name]
        if entry.dtype not in FLOAT_TYPES:
            differing = int(np.count_nonzero(found[entry.name].astype(np.int64) != canonical))
            if differing:
                _refuse(model, entry, f"{differing} integer elements differ from what they mean")
            continue
        quarter = (entry.accept.atol + entry.accept.rtol * np.abs(canonical)) / ROOM
        away = np.abs(found[entry.name].astype(np.float64) - canonical)
        if not bool(np.all(away <= quarter)):
            _refuse(model, entry, f"this machine drifts by {float(np.max(away)):.3g}")


def _attack(model: InstalledModel, trace: Trace, exact: tuple[str, ...]) -> None:
    """What the laws leave open, and how far honest arithmetic drifts by itself, at each output's largest element."""
    for number, entry in enumerate(model.manifest.outputs):
        if entry.dtype not in FLOAT_TYPES:
            continue
        rounding = ROUNDING[DType[entry.dtype.upper()]]
        moved = worst_movement(trace, number, exact, rounding, most=1)
        largest = float(np.max(np.abs(trace.outputs()[entry.name]), initial=0.0))
        room = (entry.accept.atol + entry.accept.rtol * largest) / ROOM
        if rounding * largest + moved.gain > room:
            _refuse(model, entry, f"rounding and the laws move it by {rounding * largest + moved.gain:.3g}")
        if not model.manifest.void_only and moved.expected > room:
            _refuse(model, entry, f"honest arithmetic drifts by {moved.expected:.3g}")


def _kept(model: InstalledModel) -> Any:
    try:
        with (model.directory / TRIAL_NAME).open("rb") as stream:
            return json.loads(stream.read(MAX_KEPT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None


def _keep(model: InstalledModel, tried: Mapping[str, str]) -> None:
    # A library that can't be written to is tried each time.
    with suppress(OSError):
        staged = model.directory / f".{TRIAL_NAME}"
        staged.write_text(json.dumps(tried) + "\n")
        staged.replace(model.directory / TRIAL_NAME)


def _refuse(model: InstalledModel, entry: OutputEntry, why: str) -> None:
    raise TolerancesTooTight(
        f"{model.name}: output {entry.name!r} is accepted within {entry.accept.atol:.3g}, and {why}",
        hint="don't use this model; if it is yours, prepare it again",
        output=entry.name,
        accept=entry.accept.atol,
    )
