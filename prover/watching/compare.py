"""Fast outputs against committed ones: which items of a batch need their canonical evaluation.

Life cycle: challenge window. All items are compared at once, and nearly all end here: honest ones at no more than the
cost of executing them.

Why half of accept: the fast outputs of this machine lie within accept/4 of the canonical ones, which is what a model's
calibration sees to. So an output that differs from ours by accept/2 or less lies within accept, and an honest one, made
elsewhere within accept/4 as well, hardly ever differs by more. A model for which calibration couldn't reach that is
void-only; there an output just beyond accept may pass here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from atomic_verify.commitments import Signature, TensorSpec
from atomic_verify.commitments.digests import Bytes
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.tolerances import FLOAT_TYPES, ToleranceEntry

SHARE = 0.5
"""Of accept: what lies further from our fast output is a suspect."""
_ELEMENTS_AT_ONCE = 2**21


@dataclass(frozen=True, slots=True)
class Comparison:
    """`suspects` are item numbers, the furthest first: there a fraud would be, and the first one decides the result.

    `worst` is the largest difference of the others, as a share of accept.
    """

    suspects: tuple[int, ...]
    worst: float


def compare(
    outputs: Signature, accepts: Sequence[ToleranceEntry], items: int, committed: Bytes, own: Bytes
) -> Comparison:
    """Compares two output payloads of `items` items; `accepts` has the tolerance of each output tensor.

    What isn't finite, and any difference of an integer or bool output, makes a suspect. Raises PayloadSizeError.
    """
    outputs.require_payload(items, len(committed))
    outputs.require_payload(items, len(own))
    theirs, ours = _rows(committed, items), _rows(own, items)
    ratios = np.zeros(items)
    for spec, start, accept in zip(outputs.specs, outputs.offsets, accepts, strict=True):
        step = max(1, _ELEMENTS_AT_ONCE // max(1, spec.elements))
        for first in range(0, items, step):
            part = slice(first, min(items, first + step))
            columns = [rows[part, start : start + spec.nbytes] for rows in (theirs, ours)]
            found = _ratios(spec, accept, columns[0], columns[1])
            ratios[part] = np.maximum(ratios[part], found)
    suspects = np.flatnonzero(ratios > SHARE)
    furthest = suspects[np.argsort(-ratios[suspects], kind="stable")]
    return Comparison(tuple(furthest.tolist()), float(ratios[ratios <= SHARE].max(initial=0.0)))


def _rows(payload: Bytes, items: int) -> Array:
    return np.frombuffer(payload, dtype=np.uint8).reshape(items, -1)


def _ratios(spec: TensorSpec, accept: ToleranceEntry, theirs: Array, ours: Array) -> Array:
    """Per item the largest difference of one tensor as a share of accept; infinite for one that can't be measured."""
    if spec.nbytes == 0:
        return np.zeros(len(theirs))
    if spec.dtype.name.lower() not in FLOAT_TYPES:
        return np.where((theirs == ours).all(axis=1), 0.0, np.inf)
    left, right = (np.ascontiguousarray(rows).view(spec.dtype.numpy).astype(np.float64) for rows in (theirs, ours))
    with np.errstate(all="ignore"):
        away = np.abs(left - right)
        ratio = np.where(away == 0.0, 0.0, away / (accept.atol + accept.rtol * np.abs(right)))
    # Where both are infinite the difference is NaN; where ours alone is, the limit is infinite too.
    ratio[~(np.isfinite(left) & np.isfinite(right))] = np.inf
    found: Array = np.where(np.isnan(ratio), np.inf, ratio).max(axis=1)
    return found
