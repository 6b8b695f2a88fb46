"""What is known of one execution: kept by the worker with the result, for operators and for disputes.

Made at the execute step. It proves nothing to anybody else; the commitment does.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from atomic_verify.commitments import Batch, DType, Signature

FLOATS = frozenset({DType.FLOAT, DType.FLOAT16, DType.DOUBLE})
"""Element types that can hold NaN, of those that onnxruntime takes and gives through numpy."""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One batch run by one session. Digests are sha256 in hexadecimal, times in seconds."""

    model: str
    graph_sha256: str
    provider: str
    runtime: str
    """Name and version of what ran the graph."""
    settings: Mapping[str, Any]
    """The session's settings and the provider's options."""
    isolation: Mapping[str, Any]
    """Empty for a session in this process; else the sandbox's limits and which of its walls stand."""
    items: int
    stack: int
    """Most items that were run as one tensor."""
    seconds: float
    """Wall-clock time from the first item's input to the last one's output."""
    input_sha256: str
    output_sha256: str
    not_finite: Mapping[str, int]
    """Elements that are NaN or infinite, by output; only outputs that have any."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """A batch's output payload and its record."""

    payload: bytes
    outputs: Signature
    record: ExecutionRecord

    def commit(self) -> Batch:
        """The output batch; its root is what the worker commits."""
        return Batch.from_payload(self.outputs.specs, self.record.items, self.payload)


def count_not_finite(outputs: Signature, items: int, payload: bytes) -> dict[str, int]:
    """Elements of a batch that are NaN or infinite, by tensor name; only of tensors that have any."""
    floats = [(spec, start) for spec, start in zip(outputs.specs, outputs.offsets, strict=True) if spec.dtype in FLOATS]
    rows = np.frombuffer(payload, dtype=np.uint8).reshape(items, -1)
    found = {}
    for spec, start in floats:
        values = np.ascontiguousarray(rows[:, start : start + spec.nbytes]).view(spec.dtype.numpy)
        finite = np.isfinite(values)
        if not finite.all():
            found[spec.name] = int(finite.size - finite.sum())
    return found
