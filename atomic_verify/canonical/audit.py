"""Finds the elements of somebody else's trace that break their law, wherever they are.

What a watcher does with a claim that it doesn't believe: each step is evaluated on the *claimed* operands by the
evaluator's own kernels, piece by piece, and what lies too far from that is decided exactly by `law`. An honest trace
passes in whatever order its sums were taken: the law's tolerance covers all orders, and only the exact law accuses,
and only where the referee contract is sure to convict: else a liar could set an element between the two, so that
who refutes by it fails and never gets to the real lie.

Memory is bounded by the pieces, not by the trace, which may be a memory map.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.functions import APPROXIMATE
from atomic_verify.canonical.kernels import compile_step
from atomic_verify.canonical.law import element_law
from atomic_verify.canonical.pieces import Piece, localised, magnitudes, pieces
from atomic_verify.canonical.program import REDUCTIONS, Array, DType64, Opcode, Operand, Program, Source, Step
from atomic_verify.canonical.traces import Trace
from atomic_verify.canonical.widening import widen

AT_ONCE = 2**18
_TERMS_AT_ONCE = 2**22
# An element beyond its tolerance is further than half of it from what any order of summation gives, ours included.
_SUSPICIOUS = 0.4
_FUNCTION_UNIT = 2.0**-44
_DOT_UNIT = 2.0**-52
_LEAST = 5e-324


@dataclass(frozen=True, slots=True)
class Place:
    """A flat element of a step."""

    step: int
    element: int


def audit(program: Program, trace: Trace, *, at_once: int = AT_ONCE) -> Place | None:
    """An element that breaks its law, in the first step that has one; None if all are lawful.

    At most `at_once` elements are evaluated at once. Raises KeyError for a trace that lacks a step's tensor.
    """
    return next(broken_elements(program, trace, at_once=at_once), None)


def broken_elements(program: Program, trace: Trace, *, at_once: int = AT_ONCE) -> Iterator[Place]:
    """All elements that break their law, step by step, given the operands as the trace has them.

    Ends with the first step that holds a NaN or an infinity, as no law speaks of what reads them.
    """
    auditor = _Auditor(program, trace, at_once)
    for number in range(len(program.steps)):
        finite = True
        for place, law_applies in auditor.step(number):
            finite = finite and law_applies
            yield place
        if not finite:
            return


class _Auditor:
    def __init__(self, program: Program, trace: Trace, at_once: int) -> None:
        self._program = program
        self._trace = trace
        self._at_once = at_once
        self._buffers = Buffers()

    def step(self, number: int) -> Iterator[tuple[Place, bool]]:
        """The step's broken elements, and whether each is at least finite."""
        step = self._program.steps[number]
        tensor = self._trace.tensor(number).reshape(-1)
        terms = step.terms if step.opcode in REDUCTIONS else 1
        for piece in pieces(step, min(self._at_once, _TERMS_AT_ONCE // terms)):
            committed = tensor[piece.first : piece.first + piece.step.elements]
            if step.dtype is DType64.FLOAT and not np.isfinite(committed).all():
                for element in np.flatnonzero(~np.isfinite(committed)).tolist():
                    yield Place(number, piece.first + element), False
                continue
            for element in self._suspects(piece, committed).tolist():
                value = committed[element].item()
                if element_law(self._program, self._trace, number, piece.first + element).convicts(value):
                    yield Place(number, piece.first + element), True

    def _suspects(self, piece: Piece, committed: Array) -> Array:
        """Elements of a piece that may break their law, the worst first."""
        with np.errstate(all="ignore"):
            step, arrays = localised(piece.step, self._flat)
            own = self._run(step, arrays)
            different = np.flatnonzero(committed != own)
            if different.size == 0 or not _has_tolerance(step):
                return different
            allowed = self._tolerances(step, arrays, own)[different]
            excess = np.abs(committed[different] - own[different]) / allowed
            order = np.argsort(-excess, kind="stable")
            return np.asarray(different[order][excess[order] > _SUSPICIOUS])

    def _tolerances(self, step: Step, arrays: list[Array], own: Array) -> Array:
        if step.opcode is Opcode.MAP:
            return np.asarray(_FUNCTION_UNIT * np.abs(own) + _LEAST)
        return np.asarray((step.terms + 8) * _DOT_UNIT * self._run(*magnitudes(step, arrays)) + step.terms * _LEAST)

    def _run(self, step: Step, arrays: list[Array]) -> Array:
        out = np.empty(step.shape, step.dtype.numpy)
        compile_step(step, ())((), arrays, out, self._buffers)
        return out.reshape(-1)

    def _flat(self, operand: Operand, low: int, high: int) -> Array:
        if operand.source is Source.STEP:
            return self._trace.tensor(operand.tensor).reshape(-1)[low:high]
        if operand.source is Source.WEIGHT:
            return self._program.weights[operand.tensor][low:high]
        return widen(self._trace.inputs[operand.tensor].reshape(-1)[low:high])


def _has_tolerance(step: Step) -> bool:
    if step.opcode is Opcode.MAP:
        return step.function in APPROXIMATE
    return step.dtype is DType64.FLOAT and step.opcode in (Opcode.DOT, Opcode.SUM)
