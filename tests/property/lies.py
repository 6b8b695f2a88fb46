"""Lies about a trace: elements moved beyond their law's tolerance, alone or with all that follows from them."""

import math
import struct
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.kernels import compile_step
from atomic_verify.canonical.law import Law, element_law
from atomic_verify.canonical.program import LARGEST, Array, DType64, Opcode, Scalar
from atomic_verify.canonical.traces import Trace


def lie_about(trace: Trace, step: int, element: int) -> Scalar | None:
    """The committed value, moved by twice its law's tolerance, or by the least that there is where that is exact.

    None where no finite number is that far away: a sum of the largest numbers, all cancelling.
    """
    honest: Scalar = trace.tensor(step).reshape(-1)[element].item()
    if trace.program.steps[step].dtype is DType64.INT:
        return honest + 1 if honest < 2**62 else honest - 1
    law = element_law(trace.program, trace, step, element)
    inwards = -math.copysign(1, honest) if honest else 1.0
    target = law.value + Fraction(inwards) * 2 * law.tolerance
    if abs(target) > Fraction(LARGEST):
        return None
    moved = float(target)
    return moved if not law.allows(moved) else math.nextafter(honest, inwards * math.inf)


def barely_wrong(law: Law, *, convicted: bool) -> float:
    """The smallest float above a float law's value that the contract is sure to convict, or else that is just not
    allowed: by bisection over the floats' bits."""
    wrong = law.convicts if convicted else lambda x: not law.allows(x)
    low, high = float(law.value), LARGEST
    while math.nextafter(low, math.inf) < high:
        middle = _between(low, high)
        low, high = (low, middle) if wrong(middle) else (middle, high)
    return high


def _between(low: float, high: float) -> float:
    """The float half way from one to the other, counted in floats."""
    places = [struct.unpack(">q", struct.pack(">d", x))[0] for x in (low + 0.0, high)]
    places = [place if place >= 0 else -(2**63) - place for place in places]
    middle = sum(places) // 2
    word = middle if middle >= 0 else -(2**63) - middle
    return float(struct.unpack(">d", struct.pack(">q", word))[0])


def falsified(trace: Trace, step: int, element: int, value: Scalar) -> Trace:
    """The trace with one element changed, and nothing else."""
    changed = np.array(trace.tensor(step))
    changed.reshape(-1)[element] = value
    tensors = [*trace.tensors[:step], changed, *trace.tensors[step + 1 :]]
    return replace(trace, tensors=tuple(tensors))


def evaluated_with(
    trace: Trace, lies: Mapping[tuple[int, int], Scalar], rounding: np.random.Generator | None = None
) -> Trace:
    """The trace with elements changed and everything after them evaluated on the changed ones; with `rounding` float
    sums are besides wrong by some units in the last place, as those taken in another order are."""
    tensors: list[Array] = []
    buffers = Buffers()
    with np.errstate(all="ignore"):
        for number, step in enumerate(trace.program.steps):
            out = np.empty(step.shape, step.dtype.numpy)
            compile_step(step, trace.program.weights)(trace.inputs, tensors, out, buffers)
            if rounding is not None and step.dtype is DType64.FLOAT and step.opcode in (Opcode.DOT, Opcode.SUM):
                out *= 1 + rounding.integers(-3, 4, step.shape) * 2.0**-52
            for (where, element), value in lies.items():
                if where == number:
                    out.reshape(-1)[element] = value
            tensors.append(out)
    return replace(trace, tensors=tuple(tensors))
