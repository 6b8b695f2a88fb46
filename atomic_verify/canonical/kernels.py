"""Each step of a program as a function over numpy arrays, worked out once and run often.

Small steps take a few microseconds, so all that doesn't depend on the item (strides, guards, dimension kinds, views of
weights) is decided when a program is prepared.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from atomic_verify.canonical import functions
from atomic_verify.canonical.access import Access
from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.dots import Dot, as_rows
from atomic_verify.canonical.gathers import Gather
from atomic_verify.canonical.program import REDUCTIONS, Array, DType64, Guard, Opcode, Operand, Source, Step
from atomic_verify.canonical.widening import widen

Tensors: TypeAlias = Sequence[Array | None]
Kernel: TypeAlias = Callable[[Sequence[Array], Tensors, Array, Buffers], None]
"""Writes a step's tensor: the item's arrays, the tensors so far, the array to fill, scratch memory. The caller
silences numpy's warnings."""

_Reader: TypeAlias = Callable[[Sequence[Array], Tensors], Array]

# Nanoseconds: numpy's own reduction takes 20 for each result; else one pass over the results for each term.
_REDUCTION, _RESULT, _PASS = 3000, 20, 700
_SCALE = 2.0**-13


def compile_step(step: Step, weights: Sequence[Array]) -> Kernel:
    """The kernel of a valid step."""
    match step.opcode:
        case Opcode.LOAD | Opcode.COPY:
            return _copy(step, weights)
        case Opcode.MAP:
            return _map(step, weights)
        case Opcode.DOT:
            return _dot(step, weights)
        case Opcode.SUM:
            return _reduction(step, weights, _sum)
        case Opcode.MAX:
            return _reduction(step, weights, lambda values, out: _fold(np.maximum, values, out))
        case Opcode.MIN:
            return _reduction(step, weights, lambda values, out: _fold(np.minimum, values, out))
        case Opcode.GATHER:
            return _gather(step, weights)
        case Opcode.CONCAT:
            return _concat(step, weights)


def _access(step: Step, operand: Operand) -> Access:
    """The operand over all indices of the step: (*shape), or (*shape, terms) of a reduction."""
    if step.opcode not in REDUCTIONS:
        return Access(operand.base, operand.strides, step.shape, operand.guards, operand.fill)
    # The reduction dimensions are one contiguous segment.
    rank = len(step.shape)
    guards = [Guard(guard.b, (*guard.c[:rank], 0), guard.n) for guard in operand.guards]
    return Access(operand.base, (*operand.strides[:rank], 1), (*step.shape, step.terms), guards, operand.fill)


def _source(operand: Operand, weights: Sequence[Array]) -> _Reader:
    """The operand's whole source, row-major."""
    number = operand.tensor
    if operand.source is Source.WEIGHT:
        weight = weights[number]
        return lambda items, tensors: weight
    if operand.source is Source.INPUT:
        return lambda items, tensors: widen(items[number].reshape(-1))
    # A tensor is freed only after its last reader.
    return lambda items, tensors: tensors[number]  # type: ignore[return-value]


def _reader(step: Step, number: int, weights: Sequence[Array]) -> _Reader:
    """All elements that the step reads through an operand."""
    operand = step.operands[number]
    if operand.source is Source.IMMEDIATE:
        constant = np.array(operand.fill)
        return lambda items, tensors: constant
    read = _access(step, operand).read
    if operand.source is Source.WEIGHT and not operand.guards:
        view = read(weights[operand.tensor])
        return lambda items, tensors: view
    if operand.source is Source.STEP:
        tensor = operand.tensor
        return lambda items, tensors: read(tensors[tensor])  # type: ignore[arg-type]
    source = _source(operand, weights)
    return lambda items, tensors: read(source(items, tensors))


def _copy(step: Step, weights: Sequence[Array]) -> Kernel:
    operand = step.operands[0]
    if operand.source is Source.IMMEDIATE:
        return lambda items, tensors, out, buffers: out.fill(operand.fill)
    source, write = _source(operand, weights), _access(step, operand).write
    return lambda items, tensors, out, buffers: write(source(items, tensors), out)


def _map(step: Step, weights: Sequence[Array]) -> Kernel:
    law = functions.LAWS[step.function]
    readers = [_reader(step, number, weights) for number in range(len(step.operands))]
    if len(readers) == 2:
        left, right = readers
        return lambda items, tensors, out, buffers: law(left(items, tensors), right(items, tensors), out)
    return lambda items, tensors, out, buffers: law(*[read(items, tensors) for read in readers], out)


def _dot(step: Step, weights: Sequence[Array]) -> Kernel:
    left, right = (_reader(step, number, weights) for number in range(2))
    along_left, along_right = (
        [any((operand.strides[d], *(guard.c[d] for guard in operand.guards))) for d in range(len(step.shape))]
        for operand in step.operands
    )
    dot = Dot(along_left, along_right, step.shape, step.terms)

    def run(items: Sequence[Array], tensors: Tensors, out: Array, buffers: Buffers) -> None:
        dot.run(left(items, tensors), right(items, tensors), out, buffers)

    guarded = any(operand.guards for operand in step.operands)
    return run if dot.plain is None or guarded or step.dtype is DType64.INT else _product(step, weights, dot, run)


def _product(step: Step, weights: Sequence[Array], dot: Dot, otherwise: Kernel) -> Kernel:
    """A dot that is one matrix product; `otherwise` does it where that isn't finite."""
    operands = reversed(step.operands) if dot.swapped else step.operands
    lefts, rights = (
        _matrix(step, operand, dims, weights) for operand, dims in zip(operands, dot.plain or (), strict=True)
    )

    def run(items: Sequence[Array], tensors: Tensors, out: Array, buffers: Buffers) -> None:
        left, right = lefts(tensors, buffers), rights(tensors, buffers)
        np.matmul(left, right.T, out=out.reshape(len(left), len(right)))
        if not functions.all_finite(out):
            otherwise(items, tensors, out, buffers)

    return run


def _matrix(
    step: Step, operand: Operand, dims: Sequence[int], weights: Sequence[Array]
) -> Callable[[Tensors, Buffers], Array]:
    """The segments of an unguarded operand along the output dimensions `dims`, as rows."""
    strides, sizes = [operand.strides[d] for d in dims], [step.shape[d] for d in dims]
    rows = math.prod(sizes)
    merged = all(strides[d] == sizes[d + 1] * strides[d + 1] for d in range(len(dims) - 1))
    if merged:
        strides, sizes = strides[-1:] or [step.terms], [rows]
    read = Access(operand.base, (*strides, 1), (*sizes, step.terms)).read
    shape, tensor = (rows, step.terms), operand.tensor
    if operand.source is Source.WEIGHT:
        matrix = as_rows(read(weights[tensor]), shape, Buffers(0))
        return lambda tensors, buffers: matrix
    if merged and strides[0] >= step.terms:
        return lambda tensors, buffers: read(tensors[tensor])  # type: ignore[arg-type]
    return lambda tensors, buffers: as_rows(read(tensors[tensor]), shape, buffers)  # type: ignore[arg-type]


def _reduction(step: Step, weights: Sequence[Array], law: Callable[[Array, Array], None]) -> Kernel:
    read = _reader(step, 0, weights)
    return lambda items, tensors, out, buffers: law(read(items, tensors), out)


def _sum(values: Array, out: Array) -> None:
    _fold(np.add, values, out)
    if out.dtype.kind == "f" and not functions.all_finite(out):
        # An intermediate sum overflowed: at a smaller scale none can, and what it loses is far below the tolerance.
        scaled = np.empty(out.shape)
        _fold(np.add, values * _SCALE, scaled)
        np.copyto(out, functions.saturate(scaled / _SCALE), where=~np.isfinite(out))


def _fold(operation: np.ufunc, values: Array, out: Array) -> None:
    """Reduce the last axis."""
    terms, results = values.shape[-1], out.size
    if _REDUCTION + (_RESULT + terms) * results < terms * (_PASS + results):
        operation.reduce(values, axis=-1, out=out)
        return
    out[...] = values[..., 0]
    for term in range(1, terms):
        operation(out, values[..., term], out=out)


def _gather(step: Step, weights: Sequence[Array]) -> Kernel:
    data, places = _source(step.operands[0], weights), _reader(step, 1, weights)
    run = Gather(step).run
    return lambda items, tensors, out, buffers: run(data(items, tensors), places(items, tensors), out)


def _concat(step: Step, weights: Sequence[Array]) -> Kernel:
    parts = []
    start = 0
    for operand, end in zip(step.operands, step.splits, strict=True):
        place = tuple(slice(start, end) if d == step.axis else slice(None) for d in range(len(step.shape)))
        parts.append((place, _part(step, operand, start, end - start, weights)))
        start = end

    def run(items: Sequence[Array], tensors: Tensors, out: Array, buffers: Buffers) -> None:
        for place, read in parts:
            out[place] = read(items, tensors)

    return run


def _part(step: Step, operand: Operand, start: int, size: int, weights: Sequence[Array]) -> _Reader:
    """What a concat reads through one operand: only its own part of the axis."""
    if operand.source is Source.IMMEDIATE:
        constant = np.array(operand.fill)
        return lambda items, tensors: constant
    shape = (*step.shape[: step.axis], size, *step.shape[step.axis + 1 :])
    base = operand.base + start * operand.strides[step.axis]
    guards = [Guard(guard.b + start * guard.c[step.axis], guard.c, guard.n) for guard in operand.guards]
    read, source = Access(base, operand.strides, shape, guards, operand.fill).read, _source(operand, weights)
    return lambda items, tensors: read(source(items, tensors))
