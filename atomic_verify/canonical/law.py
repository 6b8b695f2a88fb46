"""One element of one step from its operands: what the referee contract computes, in exact arithmetic.

A watcher uses it to find the element that refutes a claim, and tests to hold evaluator and contract to one meaning.
Operands come from the committed trace: a law says nothing about whether they are right themselves.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from atomic_verify.canonical.functions import APPROXIMATE
from atomic_verify.canonical.program import LARGEST, DType64, Opcode, Operand, Program, Scalar, Source, Step
from atomic_verify.canonical.scalars import scalar, wrapped
from atomic_verify.canonical.traces import Trace
from atomic_verify.canonical.widening import widen

LEAST = Fraction(1, 2**1074)
"""The smallest positive float64."""

_DOT_UNIT = Fraction(1, 2**52)
_FUNCTION_UNIT = Fraction(1, 2**44)


@dataclass(frozen=True, slots=True)
class Law:
    """What an element must be: exactly `value`, or no further from it than `tolerance`."""

    value: Fraction
    tolerance: Fraction = Fraction(0)

    def allows(self, committed: Scalar) -> bool:
        """Whether a committed element is within the tolerance; never so for a NaN or an infinity."""
        return math.isfinite(committed) and abs(Fraction(committed) - self.value) <= self.tolerance


def check_element(program: Program, trace: Trace, step: int, element: int, committed: Scalar) -> bool:
    """Whether `committed` may stand as element `element` (flat) of a step, given the trace's other tensors."""
    return element_law(program, trace, step, element).allows(committed)


def element_law(program: Program, trace: Trace, step: int, element: int) -> Law:
    """The law of a flat element of a step, with the operands that the trace holds.

    Raises IndexError for an element outside the step, KeyError for an operand that the trace didn't keep.
    """
    made = program.steps[step]
    if not 0 <= element < made.elements:
        raise IndexError(element)
    index = unravel(element, made.shape)
    match made.opcode:
        case Opcode.MAP:
            return map_law(made, [_read(program, trace, operand, index) for operand in made.operands])
        case Opcode.DOT | Opcode.SUM | Opcode.MAX | Opcode.MIN:
            segments = [_segment(program, trace, made, operand, index) for operand in made.operands]
            return reduction_law(made.opcode, made.dtype, segments)
        case Opcode.GATHER:
            place = _read(program, trace, made.operands[1], index)
            if not 0 <= place < made.limit:
                return Law(Fraction(0))
            return Law(Fraction(_read(program, trace, made.operands[0], index, int(place) * made.stride)))
        case Opcode.CONCAT:
            part = next(number for number, end in enumerate(made.splits) if index[made.axis] < end)
            return Law(Fraction(_read(program, trace, made.operands[part], index)))
        case _:
            return Law(Fraction(_read(program, trace, made.operands[0], index)))


def map_law(step: Step, operands: Sequence[Scalar]) -> Law:
    """The law of a map step's element with these operands."""
    value = Fraction(scalar(step.function, *operands))
    return Law(value, _FUNCTION_UNIT * abs(value) + LEAST if step.function in APPROXIMATE else Fraction(0))


def reduction_law(opcode: Opcode, dtype: DType64, segments: Sequence[Sequence[Scalar]]) -> Law:
    """The law of a dot (two segments), sum, max or min (one) of these terms."""
    if opcode is Opcode.MAX:
        return Law(Fraction(max(segments[0])))
    if opcode is Opcode.MIN:
        return Law(Fraction(min(segments[0])))
    left = [Fraction(x) for x in segments[0]]
    terms = [a * Fraction(b) for a, b in zip(left, segments[1], strict=True)] if len(segments) > 1 else left
    total, size = _exact_sums(terms)
    if dtype is DType64.INT:
        return Law(Fraction(wrapped(int(total))))
    largest = Fraction(LARGEST)
    count = len(terms)
    return Law(max(-largest, min(largest, total)), (count + 8) * _DOT_UNIT * size + count * LEAST)


def _exact_sums(terms: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """The sum, and the sum of absolute values; over one power-of-two denominator, which spares reducing each sum."""
    denominator = max(term.denominator for term in terms)
    scaled = [term.numerator * (denominator // term.denominator) for term in terms]
    return Fraction(sum(scaled), denominator), Fraction(sum(map(abs, scaled)), denominator)


def unravel(element: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The index vector of a flat row-major element."""
    index = []
    for size in reversed(shape):
        element, place = divmod(element, size)
        index.append(place)
    return tuple(reversed(index))


def address(operand: Operand, index: Sequence[int]) -> int | None:
    """The operand's element of its tensor at an index vector (missing trailing dimensions are 0); None where a guard
    fails, or of an immediate."""
    if operand.source is Source.IMMEDIATE:
        return None
    for guard in operand.guards:
        if not 0 <= guard.b + sum(c * i for c, i in zip(guard.c, index, strict=False)) < guard.n:
            return None
    return operand.base + sum(s * i for s, i in zip(operand.strides, index, strict=False))


def _read(program: Program, trace: Trace, operand: Operand, index: Sequence[int], offset: int = 0) -> Scalar:
    place = address(operand, index)
    if place is None:
        return operand.fill
    return _elements(program, trace, operand, place + offset, 1)[0]


def _segment(program: Program, trace: Trace, step: Step, operand: Operand, index: Sequence[int]) -> list[Scalar]:
    first = address(operand, index)
    if first is None:
        return [operand.fill] * step.terms
    return _elements(program, trace, operand, first, step.terms)


def _elements(program: Program, trace: Trace, operand: Operand, first: int, count: int) -> list[Scalar]:
    """Elements of the operand's tensor, widened."""
    if operand.source is Source.STEP:
        flat = trace.tensor(operand.tensor).reshape(-1)
    elif operand.source is Source.WEIGHT:
        flat = program.weights[operand.tensor]
    else:
        flat = trace.inputs[operand.tensor].reshape(-1)
    taken: list[Scalar] = widen(np.asarray(flat[first : first + count])).tolist()
    return taken
