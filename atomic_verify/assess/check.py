"""`atomic model check`: can this ONNX file be used here, and how far does onnxruntime drift from what it means?

Life cycle: before anything else is done with a model. The file is a stranger's: it is checked structurally, lowered
here (pure Python over bounded data), and run by onnxruntime in the sandbox only.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import onnx

from atomic_verify.assess.drift import Drift, canonical_outputs, drift_of
from atomic_verify.assess.inputs import Range, make_item
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.lowering import Lowered, lower
from atomic_verify.commitments import Batch, Signature, encode_item
from atomic_verify.errors import AtomicError
from atomic_verify.execution.sandbox import SandboxedSession
from atomic_verify.models import Executable
from atomic_verify.models.parts import Stacking

MAX_DRIFT = 1e-3
ITEMS = 4
SEED = 7

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What was found. `drift` is max|onnxruntime - canonical| / max|canonical|; None if it couldn't be measured."""

    supported: bool
    reason: str | None
    steps: int
    trace_bytes: int
    drift: float | None
    mismatches: int
    discontinuities: tuple[str, ...]
    seconds: float

    @property
    def is_good(self) -> bool:
        """Supported, and close enough to what it means."""
        return self.supported and self.drift is not None and self.drift <= MAX_DRIFT

    def to_json(self) -> dict[str, Any]:
        # JSON has no infinity; what is infinitely far away has a reason.
        drift = self.drift if self.drift is not None and math.isfinite(self.drift) else None
        return asdict(self) | {"drift": drift, "discontinuities": list(self.discontinuities)}


def check_file(
    graph: bytes,
    shapes: Mapping[str, Sequence[int]],
    progress: Progress = lambda _: None,
    items: int = ITEMS,
    ranges: Mapping[str, Range] | None = None,
) -> ModelCheck:
    """Checks an ONNX file on a few random items. A model that can't be used is a finding, not an error."""
    began = time.perf_counter()
    try:
        progress("lowering")
        lowered = lower(graph, shapes)
    except Unsupported as error:
        return _finding(began, None, None, f"{error.message}" + (f" ({error.hint})" if error.hint else ""))
    try:
        progress("running")
        found = _measured(graph, lowered, items, ranges)
    except AtomicError as error:
        return _finding(began, lowered, None, f"{error.code}: {error.message}")
    return _finding(began, lowered, found, None)


def _measured(graph: bytes, lowered: Lowered, items: int, ranges: Mapping[str, Range] | None) -> Drift:
    """The worst drift over random items, each run by onnxruntime in the sandbox."""
    program = lowered.program
    inputs, outputs = Signature(program.inputs), Signature(tuple(output.spec for output in program.outputs))
    executable = Executable("checked", graph, sha256(graph).hexdigest(), inputs, outputs, Stacking())
    model = onnx.load_model_from_string(graph)
    prepared, rng, worst = PreparedProgram(program), np.random.default_rng(SEED), Drift()
    with SandboxedSession(executable) as session:
        for _ in range(items):
            item = make_item(model, program.inputs, rng, ranges)
            payload = encode_item(program.inputs, item)
            execution = session.run(Batch.from_payload(program.inputs, 1, payload))
            worst = worst.worst(drift_of(execution.commit().item(0), canonical_outputs(prepared, item)))
    return worst


def _finding(began: float, lowered: Lowered | None, drift: Drift | None, reason: str | None) -> ModelCheck:
    if drift is not None and math.isinf(drift.relative):
        reason = "onnxruntime answers with NaN or infinity, or where the model means zero"
    elif drift is not None and drift.relative > MAX_DRIFT:
        reason = f"onnxruntime drifts by more than {MAX_DRIFT:g}: harden the model"
    return ModelCheck(
        supported=lowered is not None and drift is not None,
        reason=reason,
        steps=0 if lowered is None else len(lowered.program.steps),
        trace_bytes=0 if lowered is None else lowered.trace_bytes,
        drift=None if drift is None else drift.relative,
        mismatches=0 if drift is None else drift.mismatches,
        discontinuities=() if lowered is None else tuple(str(one) for one in lowered.discontinuities),
        seconds=time.perf_counter() - began,
    )
