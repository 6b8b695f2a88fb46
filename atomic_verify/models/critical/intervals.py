"""Between which numbers every tensor of a canonical program lies, whatever the item: interval arithmetic over steps.

Used when a model with a critical step is prepared or checked: how far a circuit may be off depends on how large what it
reads can get. *Interval*: the smallest and the largest element that a step's tensor can have. Laws are taken exactly,
their results rounded to float64; what a trace gains within the laws' tolerances is part of `accept` (see `bounds`).
What isn't worth a rule of its own gets the whole range of its type.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from atomic_verify.canonical.access import Access
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode, Operand, Program, Source, Step
from atomic_verify.commitments import DType, TensorSpec
from atomic_verify.models.critical.normed import Normed, find_normed

Interval = tuple[float, float]

WIDER = 2.0**-39
"""Relative: more than what rounding adds, of the program and here."""
MOST_LISTED = 2**24
"""Elements of a weight operand that are looked at one by one."""
WHOLE: Mapping[DType64, Interval] = {DType64.FLOAT: (-LARGEST, LARGEST), DType64.INT: (-(2.0**63), 2.0**63)}
TRUTH = (0.0, 1.0)


def intervals_of(program: Program) -> tuple[list[Interval], dict[int, Normed]]:
    """The interval of each step's tensor, and the steps that hold normed numbers (see `normed`)."""
    found: list[Interval] = []
    normed: dict[int, Normed] = {}
    for number, step in enumerate(program.steps):
        limits = _widened(_interval(program, step, found), step)
        one = find_normed(program, number, found, normed)
        if one is not None:
            normed[number] = one
            limits = max(limits[0], -one.largest), min(limits[1], one.largest)
        found.append(limits)
    return found, normed


def _interval(program: Program, step: Step, found: Sequence[Interval]) -> Interval:
    operands = [_read(program, one, found) for one in step.operands]
    if step.opcode is Opcode.MAP:
        return _mapped(step, operands)
    if step.opcode is Opcode.DOT:
        return _dotted(program, step, operands)
    if step.opcode is Opcode.SUM:
        return step.terms * operands[0][0], step.terms * operands[0][1]
    if step.opcode is Opcode.GATHER:
        return _union([operands[0], (0.0, 0.0)])
    return _union(operands)


def _loaded(spec: TensorSpec) -> Interval:
    """All that an item may hold. A NaN is read as 0, an infinity as the largest finite number."""
    if spec.dtype is DType.BOOL:
        return TRUTH
    if spec.dtype.numpy.kind in "iu":
        limits = np.iinfo(spec.dtype.numpy)
        # An unsigned integer of 64 bits is read modulo 2^64.
        return WHOLE[DType64.INT] if limits.bits == 64 else (float(limits.min), float(limits.max))
    return WHOLE[DType64.FLOAT]


def _read(program: Program, operand: Operand, found: Sequence[Interval]) -> Interval:
    fill = (float(operand.fill), float(operand.fill))
    if operand.source is Source.IMMEDIATE:
        return fill
    if operand.source is Source.WEIGHT:
        values = program.weights[operand.tensor]
        limits = (float(np.min(values)), float(np.max(values)))
    elif operand.source is Source.INPUT:
        limits = _loaded(program.inputs[operand.tensor])
    else:
        limits = found[operand.tensor]
    return _union([limits, fill]) if operand.guards else limits


def _dotted(program: Program, step: Step, operands: Sequence[Interval]) -> Interval:
    """A weight's absolute row sums times the other operand's largest element."""
    sizes = [max(abs(low), abs(high)) for low, high in operands]
    largest = step.terms * sizes[0] * sizes[1]
    for number, operand in enumerate(step.operands):
        if operand.source is Source.WEIGHT:
            rows = _row_sum(program, step, operand)
            largest = min(largest, rows * sizes[1 - number]) if rows is not None else largest
    return -largest, largest


def _row_sum(program: Program, step: Step, operand: Operand) -> float | None:
    """The largest sum of absolute elements that one output element reads of a weight; None where it isn't worth it."""
    rank = len(step.shape)
    # Along other dimensions the weight doesn't vary, and neither does its sum.
    shape = [n if stride else 1 for n, stride in zip(step.shape, operand.strides[:rank], strict=True)]
    if operand.guards or math.prod(shape) * step.terms > MOST_LISTED:
        return None
    read = Access(operand.base, operand.strides, (*shape, *step.reduction)).read(program.weights[operand.tensor])
    axes = tuple(range(rank, rank + len(step.reduction)))
    with np.errstate(over="ignore"):
        return float(np.max(np.sum(np.abs(np.asarray(read, np.float64)), axis=axes)))


def _mapped(step: Step, operands: Sequence[Interval]) -> Interval:
    rule = ANY_RULES.get(step.function)
    if rule is None and step.dtype is DType64.FLOAT:
        rule = FLOAT_RULES.get(step.function)
    return WHOLE[step.dtype] if rule is None else rule(*operands)


def _union(intervals: Sequence[Interval]) -> Interval:
    return min(low for low, _ in intervals), max(high for _, high in intervals)


def _widened(limits: Interval, step: Step) -> Interval:
    """Outwards by more than any law's tolerance, inside the type's range; NaN (0 times infinity) means anything."""
    (low, high), (least, most) = limits, WHOLE[step.dtype]
    if math.isnan(low) or math.isnan(high):
        return least, most
    if step.dtype is DType64.INT:
        # Integers wrap around; the room is for float64, which doesn't hold all of them.
        low, high = low - WIDER * abs(low), high + WIDER * abs(high)
        return (low, high) if least <= low and high <= most else (least, most)
    low, high = (min(max(end, least), most) for end in (low, high))
    if step.opcode is Opcode.DOT or step.opcode is Opcode.SUM:
        # Their tolerance is relative to what is summed, others' to the element itself.
        room = WIDER * max(abs(low), abs(high))
        return max(low - room, least), min(high + room, most)
    return max(low - WIDER * abs(low), least), min(high + WIDER * abs(high), most)


def _product(one: Interval, other: Interval) -> Interval:
    ends = [a * b for a in one for b in other]
    return min(ends), max(ends)


def _quotient(one: Interval, other: Interval) -> Interval:
    if other[0] <= 0 <= other[1]:
        return WHOLE[DType64.FLOAT]
    ends = [_divided(a, b) for a in one for b in other]
    return min(ends), max(ends)


def _divided(a: float, b: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.clip(np.float64(a) / np.float64(b), -LARGEST, LARGEST))


def _power_of_e(one: Interval) -> Interval:
    low, high = one
    return math.exp(min(low, 709.0)), math.exp(high) if high < 709.0 else LARGEST


def _rising(function: Callable[[float], float]) -> Callable[..., Interval]:
    """The rule of a function that never falls."""
    return lambda one: (function(one[0]), function(one[1]))


def _absolute(one: Interval) -> Interval:
    least = 0.0 if one[0] <= 0 <= one[1] else min(abs(one[0]), abs(one[1]))
    return least, max(abs(one[0]), abs(one[1]))


def _between(size: float) -> Callable[..., Interval]:
    return lambda *_: (-size, size)


ANY_RULES: Mapping[Function, Callable[..., Interval]] = {
    Function.MIN: lambda one, other: (min(one[0], other[0]), min(one[1], other[1])),
    Function.MAX: lambda one, other: (max(one[0], other[0]), max(one[1], other[1])),
    Function.EQ: lambda *_: TRUTH,
    Function.LT: lambda *_: TRUTH,
    Function.LE: lambda *_: TRUTH,
    Function.WHERE: lambda _, one, other: _union([one, other]),
    Function.INT_TO_FLOAT: lambda one: one,
}
FLOAT_RULES: Mapping[Function, Callable[..., Interval]] = {
    Function.ADD: lambda one, other: (one[0] + other[0], one[1] + other[1]),
    Function.SUB: lambda one, other: (one[0] - other[1], one[1] - other[0]),
    Function.MUL: _product,
    Function.DIV: _quotient,
    Function.NEG: lambda one: (-one[1], -one[0]),
    Function.ABS: _absolute,
    Function.SQRT: _rising(lambda value: math.sqrt(max(value, 0.0))),
    Function.EXP: _power_of_e,
    Function.ERF: _rising(math.erf),
    Function.SIN: _between(1.0),
    Function.COS: _between(1.0),
    Function.ATAN: _between(math.pi / 2),
    Function.FLOOR: _rising(lambda value: float(np.floor(value))),
    Function.CEIL: _rising(lambda value: float(np.ceil(value))),
    Function.ROUND: _rising(lambda value: float(np.rint(value))),
}
