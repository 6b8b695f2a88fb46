"""What a worker does about outputs that aren't finite: it answers those items with their canonical values, rounded.

Life cycle: execute. A committed NaN or infinity is infinitely far from what the item means, so it would cost the bond
although the kernel erred in all innocence. The canonical value rounded is always a right answer.
"""

import hashlib
from dataclasses import replace

import numpy as np

from atomic_verify.commitments import Batch, Signature, encode_item
from atomic_verify.execution.record import Execution
from atomic_verify.protocol.distance import is_float
from prover.watching.meanings import Meaning


def items_not_finite(outputs: Signature, items: int, payload: bytes) -> tuple[int, ...]:
    """The items of an output payload that hold a NaN or an infinity."""
    rows = np.frombuffer(payload, dtype=np.uint8).reshape(items, -1)
    bad = np.zeros(items, dtype=bool)
    for spec, start in zip(outputs.specs, outputs.offsets, strict=True):
        if is_float(spec.dtype) and spec.nbytes:
            values = np.ascontiguousarray(rows[:, start : start + spec.nbytes]).view(spec.dtype.numpy)
            bad |= ~np.isfinite(values.astype(np.float64)).all(axis=1)
    return tuple(np.flatnonzero(bad).tolist())


def made_finite(execution: Execution, payload: bytes, meaning: Meaning) -> tuple[Execution, tuple[int, ...]]:
    """The execution of an input payload with finite outputs only, and the items that were answered canonically.

    Raises EvaluationFailed, MalformedBool.
    """
    outputs, count = execution.outputs, execution.record.items
    items = items_not_finite(outputs, count, execution.payload)
    if not items:
        return execution, ()
    made = bytearray(execution.payload)
    inputs = Batch.from_payload(meaning.manifest.input_specs, count, payload)
    for item in items:
        with meaning.evaluate(inputs.item(item)) as trace:
            made[item * outputs.nbytes : (item + 1) * outputs.nbytes] = encode_item(outputs.specs, trace.answer())
    record = replace(execution.record, output_sha256=hashlib.sha256(made).hexdigest())
    return replace(execution, payload=bytes(made), record=record), items
