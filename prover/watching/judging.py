"""What one committed item is worth beside its canonical evaluation: passed, void, or fraud, and which element shows it.

Life cycle: challenge window, claim. The rule is the contract's, in exact arithmetic (`protocol.distance`); it is asked
about the few elements that float64 arithmetic finds furthest away, of which there is one that decides if any does.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from atomic_verify.canonical.program import Output
from atomic_verify.canonical.traces import Trace
from atomic_verify.canonical.widening import narrow
from atomic_verify.commitments import Signature
from atomic_verify.commitments.digests import Bytes
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.tolerances import ToleranceEntry
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.distance import FORMATS, is_float, outcome_of
from atomic_verify.protocol.types import Outcome

ASKED = 8
"""Elements of each output about which the exact rule is asked: not one, since float64 could mistake their order."""
NEARLY = 1.0 - 1e-9
"""Of a limit: float64 arithmetic errs by far less."""


class Tolerances(Protocol):
    """Of an output of the model."""

    @property
    def accept(self) -> ToleranceEntry: ...

    @property
    def slash(self) -> ToleranceEntry: ...


def judge(
    item: int, entries: Sequence[Tolerances], void_only: bool, trace: Trace, signature: Signature, committed: Bytes
) -> Wrong | None:
    """What is gravest about one item, or None if all its outputs lie within accept.

    `trace` is the item's canonical evaluation, `committed` the item's payload under the outputs' `signature`.
    """
    worst: Wrong | None = None
    parts = zip(trace.program.outputs, entries, signature.split(committed), strict=True)
    for number, (output, entry, (_, data)) in enumerate(parts):
        meant = trace.tensor(output.step).reshape(-1)
        for element in suspicious_elements(output, entry, np.frombuffer(data, dtype=np.uint8), meant):
            outcome = element_outcome(entry, void_only, output, data, meant, element)
            if outcome is not Outcome.NONE and (worst is None or outcome > worst.outcome):
                worst = Wrong(item, number, element, outcome)
    return worst


def element_outcome(
    entry: Tolerances, void_only: bool, output: Output, data: Bytes, meant: Array, element: int
) -> Outcome:
    """What the exact rule says of one element: NONE within accept."""
    size = output.dtype.itemsize
    committed = bytes(data[element * size : (element + 1) * size])
    bits = int(meant[element : element + 1].view(np.uint64)[0])
    tolerance = ToleranceEntry.pair(entry.accept, entry.slash)
    return outcome_of(output.dtype, committed, bits, tolerance, void_only=void_only)


def suspicious_elements(output: Output, entry: Tolerances, data: Array, meant: Array) -> list[int]:
    """The elements that lie furthest from their canonical values, by slash and by accept, of those that may be beyond.

    `data` is the tensor's bytes, `meant` its canonical values, flat.
    """
    if meant.size == 0:
        return []
    if not is_float(output.dtype):
        right = np.ascontiguousarray(narrow(meant, output.dtype)).view(np.uint8).reshape(meant.size, -1)
        wrong = np.flatnonzero((data.reshape(meant.size, -1) != right).any(axis=1))
        return [int(place) for place in wrong[:1]]
    values = data.view(output.dtype.numpy).astype(np.float64)
    largest = float(FORMATS[output.dtype].largest)
    clamped = np.clip(meant, -largest, largest)
    found: list[int] = []
    with np.errstate(all="ignore"):
        away = np.abs(values - clamped)
        for tolerance in (entry.slash, entry.accept):
            ratio = np.where(away == 0.0, 0.0, away / (tolerance.atol + tolerance.rtol * np.abs(clamped)))
            ratio[~np.isfinite(values) | np.isnan(ratio)] = np.inf
            count = min(ASKED, ratio.size)
            top = np.argpartition(ratio, -count)[-count:]
            top = top[np.argsort(-ratio[top], kind="stable")]
            found.extend(int(place) for place in top if ratio[place] > NEARLY)
    return list(dict.fromkeys(found))
