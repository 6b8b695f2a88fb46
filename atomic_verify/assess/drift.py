"""How far onnxruntime lies from what a model means, output by output, on one item."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.commitments.tensors import Array


@dataclass(frozen=True, slots=True)
class Drift:
    """The worst of one or many items. `absolute` in the output's unit; `relative` to the largest canonical element."""

    absolute: float = 0.0
    relative: float = 0.0
    mismatches: int = 0
    """Elements of integer and bool outputs that differ: a float inside the model decided otherwise."""

    def worst(self, other: "Drift") -> "Drift":
        """The worse of both in each respect."""
        return Drift(
            max(self.absolute, other.absolute),
            max(self.relative, other.relative),
            max(self.mismatches, other.mismatches),
        )


def canonical_outputs(program: PreparedProgram, item: Mapping[str, Array]) -> dict[str, Array]:
    """What the item's outputs mean: float64 or int64 by name."""
    with program.evaluate(item, Keep.OUTPUTS) as trace:
        return {name: np.array(values) for name, values in trace.outputs().items()}


def drift_of(found: Mapping[str, Array], meant: Mapping[str, Array]) -> Drift:
    """The drift of one item's outputs from their meaning. A NaN or an infinity is infinitely far away."""
    worst = Drift()
    for name, canonical in meant.items():
        worst = worst.worst(_drift(np.asarray(found[name]), canonical))
    return worst


def _drift(found: Array, canonical: Array) -> Drift:
    if canonical.dtype.kind != "f":
        return Drift(mismatches=int(np.count_nonzero(found.astype(np.int64) != canonical)))
    if canonical.size == 0:
        return Drift()
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.abs(found.astype(np.float64) - canonical)
    absolute = float(np.max(np.where(np.isnan(away), np.inf, away)))
    largest = float(np.max(np.abs(canonical)))
    return Drift(absolute, absolute / largest if largest else (0.0 if absolute == 0 else float("inf")))
