"""What a liar could gain inside the laws' tolerances: reverse-mode differentiation over a program's steps.

Every committed element may be off by its law's tolerance without being convicted. The *gradient-sign attack* pushes
each element of each step by its whole tolerance in the direction that moves one output element most. To first order it
moves it by the sum over all elements of |d output / d element| * tolerance: the *gain*.

The same derivatives tell how far honest float32 drifts, whatever the kernel: every element is rounded to 24 bits, on
its own, so the drifts of all elements add up by their squares. The root of that sum is the *expected drift*.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from atomic_verify.assess.derivatives import derivative
from atomic_verify.canonical.access import Access, linear
from atomic_verify.canonical.functions import APPROXIMATE
from atomic_verify.canonical.program import REDUCTIONS, Array, DType64, Function, Guard, Opcode, Operand, Source, Step
from atomic_verify.canonical.traces import Trace

DOT_UNIT, FUNCTION_UNIT = 2.0**-52, 2.0**-44
FLOAT32_UNIT = 2.0**-24
CHOOSING = frozenset({Function.NEG, Function.ABS, Function.MIN, Function.MAX, Function.WHERE})
"""Functions whose result needs no rounding."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How far one output element can be moved, in the output's unit."""

    gain: float = 0.0
    """By a liar inside the laws' tolerances."""
    expected: float = 0.0
    """By float32 arithmetic that is honest."""

    def worst(self, other: "Movement") -> "Movement":
        """The larger of both in each respect."""
        return Movement(max(self.gain, other.gain), max(self.expected, other.expected))


@dataclass(frozen=True, slots=True)
class _Read:
    """What a step reads through an operand, over the axes along which it varies; the last axis of a reduction is K."""

    operand: Operand
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    """Of all axes of the step."""
    values: Array
    """One axis for each of `axes`."""

    def over_all(self) -> Array:
        """The values, broadcastable to `shape`."""
        return self.values.reshape([size if axis in self.axes else 1 for axis, size in enumerate(self.shape)])

    def scatter(self, slopes: Array, into: Array, offsets: Array | None = None) -> None:
        """Add slopes (like `values`, or over all axes with `offsets`) at the addresses that they were read from."""
        sizes = [size if axis in self.axes or offsets is not None else 1 for axis, size in enumerate(self.shape)]
        box = [(0, size) for size in sizes]
        address = linear(self.operand.base, self.operand.strides, box)
        inside = np.ones((1,) * len(box), dtype=bool)
        for guard in self.operand.guards:
            place = linear(guard.b, guard.c, box)
            inside = inside & (place >= 0) & (place < guard.n)
        if offsets is not None:
            address, inside = address + np.maximum(offsets, 0), inside & (offsets >= 0)
        address, inside = np.broadcast_to(address, sizes), np.broadcast_to(inside, sizes)
        weights = np.where(inside, slopes.reshape(sizes), 0.0)
        places = np.where(inside, address, 0)
        into += np.bincount(places.reshape(-1), weights.reshape(-1), minlength=into.size)


def movement(
    trace: Trace, output: int, element: int, exact: Sequence[str] = (), unit: float = FLOAT32_UNIT
) -> Movement:
    """How far flat element `element` of output number `output` can be moved. The trace keeps all tensors.

    Steps of the ONNX nodes named `exact` run in float64 and add nothing to the expected drift; `unit` is what all
    others are rounded by, relative.
    """
    gain = squares = 0.0
    with np.errstate(all="ignore"):
        for number, slope, reads in slopes_of(trace, output, element):
            step = trace.program.steps[number]
            sizes = _sizes(step, reads, trace.tensor(number))
            if sizes is None:
                continue
            moved = np.abs(slope) * sizes.reshape(-1)
            gain += float(np.sum(moved)) * _tolerance(step)
            if not _is_of(step.node, exact):
                squares += float(np.sum(np.square(moved * unit)))
    return Movement(_number(gain), _number(math.sqrt(squares)))


def worst_movement(
    trace: Trace, output: int, exact: Sequence[str] = (), unit: float = FLOAT32_UNIT, most: int = 4
) -> Movement:
    """The worst of the output's largest elements, at most so many."""
    values = np.abs(trace.tensor(trace.program.outputs[output].step).reshape(-1))
    worst = Movement()
    for element in np.argsort(-values, kind="stable")[:most]:
        worst = worst.worst(movement(trace, output, int(element), exact, unit))
    return worst


def _number(value: float) -> float:
    """What overflows is infinite, and so is what can't be told any more."""
    return math.inf if math.isnan(value) else value


def _is_of(node: str, nodes: Sequence[str]) -> bool:
    """Whether a step came from one of these nodes, or from the body of one that is a function."""
    return any(node == one or node.startswith(f"{one}/") for one in nodes)


def slopes_of(trace: Trace, output: int, element: int) -> Iterator[tuple[int, Array, Sequence[_Read]]]:
    """From the output backwards the steps that it depends on: number, d output / d element (flat), what it reads."""
    steps = trace.program.steps
    last = trace.program.outputs[output].step
    slopes: list[Array | None] = [None] * len(steps)
    slopes[last] = _one_hot(steps[last].elements, element)
    for number in range(last, -1, -1):
        slope, step = slopes[number], steps[number]
        if slope is None or step.dtype is not DType64.FLOAT:
            continue
        reads = [_read(trace, step, operand) for operand in step.operands] if step.opcode is not Opcode.LOAD else []
        yield number, slope, reads
        for place, one in enumerate(reads):
            if one.operand.source is Source.STEP and one.operand.dtype is DType64.FLOAT:
                into = slopes[one.operand.tensor]
                if into is None:
                    into = slopes[one.operand.tensor] = np.zeros(one.operand.elements)
                _pass_back(step, reads, place, slope.reshape(step.shape), trace.tensor(number), into)
        slopes[number] = None


def _one_hot(elements: int, element: int) -> Array:
    found = np.zeros(elements)
    found[element] = 1.0
    return found


def _read(trace: Trace, step: Step, operand: Operand) -> _Read:
    rank = len(step.shape)
    shape = step.shape
    if step.opcode in REDUCTIONS:
        # The reduction dimensions are one contiguous segment.
        shape = (*shape, step.terms)
        guards = tuple(Guard(guard.b, (*guard.c[:rank], 0), guard.n) for guard in operand.guards)
        if operand.source is not Source.IMMEDIATE:
            operand = replace(operand, strides=(*operand.strides[:rank], 1), guards=guards)
    if operand.source is Source.IMMEDIATE:
        return _Read(operand, (), shape, np.asarray(operand.fill))
    columns = zip(operand.strides, *(guard.c for guard in operand.guards), strict=True)
    axes = tuple(axis for axis, column in enumerate(columns) if any(column))
    sizes = [size if axis in axes else 1 for axis, size in enumerate(shape)]
    flat = _flat(trace, operand)
    if (step.opcode is Opcode.GATHER and operand is step.operands[0]) or step.opcode is Opcode.CONCAT:
        # Addresses are offset by the index, or belong to a part of the box: not read here.
        return _Read(operand, axes, shape, np.zeros(()))
    values = Access(operand.base, operand.strides, sizes, operand.guards, operand.fill).read(flat)
    return _Read(operand, axes, shape, values.reshape([shape[axis] for axis in axes]))


def _flat(trace: Trace, operand: Operand) -> Array:
    if operand.source is Source.STEP:
        return trace.tensor(operand.tensor).reshape(-1)
    return trace.program.weights[operand.tensor]


def _tolerance(step: Step) -> float:
    """The law's tolerance, relative to `_sizes`."""
    if step.opcode is Opcode.MAP:
        return FUNCTION_UNIT if step.function in APPROXIMATE else 0.0
    return (step.terms + 8) * DOT_UNIT


def _sizes(step: Step, reads: Sequence[_Read], result: Array) -> Array | None:
    """What an element's rounding is relative to: of a sum the sum of all sizes; None of steps that round nothing."""
    if step.opcode is Opcode.MAP and step.function not in CHOOSING:
        return np.abs(result)
    if step.opcode not in (Opcode.DOT, Opcode.SUM):
        return None
    sizes = [replace(one, values=np.abs(one.values)) for one in reads]
    return np.broadcast_to(_product(sizes, None, tuple(range(len(step.shape)))), step.shape)


def _product(reads: Sequence[_Read], slope: Array | None, axes: Sequence[int]) -> Array:
    """The product of all that is read (and the slope, over the output's axes), summed over all but `axes`.

    Axes along which nothing varies are counted by a factor, and come out with size 1.
    """
    shape = reads[0].shape
    parts: list[object] = []
    seen: set[int] = set()
    for one in reads:
        parts += [one.values, list(one.axes)]
        seen.update(one.axes)
    if slope is not None:
        parts += [slope, list(range(slope.ndim))]
        seen.update(range(slope.ndim))
    kept = [axis for axis in axes if axis in seen]
    product = cast(Array, np.einsum(*parts, kept, optimize=True))  # type: ignore[call-overload]
    missing = [size for axis, size in enumerate(shape) if axis not in seen and axis not in axes]
    return product.reshape([shape[axis] if axis in seen else 1 for axis in axes]) * float(np.prod(missing))


def _pass_back(step: Step, reads: Sequence[_Read], place: int, slope: Array, result: Array, into: Array) -> None:
    """Add to `into` what the slope of a step means for the tensor that its operand number `place` reads."""
    one = reads[place]
    match step.opcode:
        case Opcode.DOT | Opcode.SUM:
            others = [other for number, other in enumerate(reads) if number != place] or [_ones(one)]
            found = _product(others, slope, one.axes)
            one.scatter(np.broadcast_to(found, one.values.shape), into)
        case Opcode.MAX | Opcode.MIN:
            chosen = (one.over_all() == result[..., None]) * slope[..., None]
            one.scatter(_summed(chosen, one), into)
        case Opcode.MAP:
            part = derivative(step.function, place, [other.over_all() for other in reads], result)
            if part is not None:
                one.scatter(_summed(part * slope, one), into)
        case Opcode.GATHER if place == 0:
            index = np.broadcast_to(reads[1].over_all(), step.shape)
            offsets = np.where((index >= 0) & (index < step.limit), index * step.stride, -1)
            if step.stride >= 0:
                one.scatter(slope, into, offsets)
        case Opcode.CONCAT:
            start, end = step.splits[place - 1] if place else 0, step.splits[place]
            _part(one, step.axis, start, end).scatter(
                _summed(np.take(slope, range(start, end), step.axis), _part(one, step.axis, start, end)), into
            )
        case Opcode.COPY:
            one.scatter(_summed(slope, one), into)


def _ones(one: _Read) -> _Read:
    return replace(one, axes=(), values=np.ones(()))


def _summed(slopes: Array, one: _Read) -> Array:
    """Slopes over all axes, summed over those along which the operand doesn't vary."""
    full = np.broadcast_to(slopes, one.shape)
    return np.asarray(np.sum(full, axis=tuple(axis for axis in range(len(one.shape)) if axis not in one.axes)))


def _part(one: _Read, axis: int, start: int, end: int) -> _Read:
    """The read of a concat's operand, over its own part of the box."""
    operand = one.operand
    shape = tuple(end - start if number == axis else size for number, size in enumerate(one.shape))
    guards = tuple(Guard(guard.b + start * guard.c[axis], guard.c, guard.n) for guard in operand.guards)
    return replace(
        one, operand=replace(operand, base=operand.base + start * operand.strides[axis], guards=guards), shape=shape
    )
