"""One element of one step from its operands: what the referee contract computes, in exact arithmetic.

A watcher uses it to find the element that refutes a claim, and tests to hold evaluator and contract to one meaning.
Operands come from the committed trace: a law says nothing about whether they are right themselves.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from atomic_verify.canonical.functions import APPROXIMATE
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode, Operand, Program, Scalar, Source, Step
from atomic_verify.canonical.scalars import scalar, wrapped
from atomic_verify.canonical.traces import Trace

LEAST = Fraction(1, 2**1074)
"""The smallest positive float64."""

Elements = Callable[[Operand, int, int], Sequence[Scalar]]
"""Elements of an operand's tensor from a flat element on, so many, widened: where a law reads."""

_CONTRACT_ERROR = Fraction(1, 2**12)
"""Bounds what the contract's own evaluation adds to a tolerance, as a share of it: 2^-58 of a function's value beside
2^-44 (Closeness.sol), 2^-113 of a sum's absolute terms beside 2^-49 (Dot.sol), and some units of 2^-1138 to each."""

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

    def convicts(self, committed: Scalar) -> bool:
        """Whether the referee contract is sure to convict a committed element: it lies further from the law than
        tolerance and evaluation error together. What neither is allowed nor convicts, no one should stake a bond on."""
        reach = self.tolerance * (1 + _CONTRACT_ERROR)
        return not math.isfinite(committed) or abs(Fraction(committed) - self.value) > reach


def check_element(program: Program, trace: Trace, step: int, element: int, committed: Scalar) -> bool:
    """Whether `committed` may stand as element `element` (flat) of a step, given the trace's other tensors."""
    return element_law(program, trace, step, element).allows(committed)


def element_law(program: Program, trace: Trace, step: int, element: int) -> Law:
    """The law of a flat element of a step, with the operands that the trace holds.

    Raises IndexError for an element outside the step, KeyError for an operand that the trace didn't keep.
    """
    return law_of(program.steps[step], element, trace.elements)


def law_of(step: Step, element: int, elements: Elements) -> Law:
    """The law of a flat element, with operands from anywhere. Raises IndexError for an element outside the step, and
    what `elements` raises."""
    if not 0 <= element < step.elements:
        raise IndexError(element)
    index = unravel(element, step.shape)
    match step.opcode:
        case Opcode.MAP if step.function is Function.WHERE:
            chosen = step.operands[1 if _read(elements, step.operands[0], index) else 2]
            return Law(Fraction(_read(elements, chosen, index)))
        case Opcode.MAP:
            return map_law(step, [_read(elements, operand, index) for operand in step.operands])
        case Opcode.DOT | Opcode.SUM | Opcode.MAX | Opcode.MIN:
            segments = [_segment(elements, step.terms, operand, index) for operand in step.operands]
            return reduction_law(step.opcode, step.dtype, segments)
        case Opcode.GATHER:
            place = _read(elements, step.operands[1], index)
            if not 0 <= place < step.limit:
                return Law(Fraction(0))
            return Law(Fraction(_read(elements, step.operands[0], index, int(place) * step.stride)))
        case Opcode.CONCAT:
            part = next(number for number, end in enumerate(step.splits) if index[step.axis] < end)
            return Law(Fraction(_read(elements, step.operands[part], index)))
        case _:
            return Law(Fraction(_read(elements, step.operands[0], index)))


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


def _read(elements: Elements, operand: Operand, index: Sequence[int], offset: int = 0) -> Scalar:
    place = address(operand, index)
    return operand.fill if place is None else elements(operand, place + offset, 1)[0]


def _segment(elements: Elements, terms: int, operand: Operand, index: Sequence[int]) -> Sequence[Scalar]:
    first = address(operand, index)
    return [operand.fill] * terms if first is None else elements(operand, first, terms)
