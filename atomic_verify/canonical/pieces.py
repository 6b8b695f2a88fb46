"""Cuts a step into smaller ones of the same law, so that a long tensor is looked at piece by piece in little memory.

Used to audit somebody else's trace, which may be larger than memory. A piece is a step of its own over a box of the
whole step's indices that is contiguous in its tensor. *Localised*: its operands number the arrays that it reads, each
cut to the addresses that the piece can reach.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from atomic_verify.canonical.access import box_of
from atomic_verify.canonical.program import Array, Guard, Opcode, Operand, Source, Step


@dataclass(frozen=True, slots=True)
class Piece:
    """Elements from flat element `first` on of a step, as a step of its own."""

    first: int
    step: Step


def pieces(step: Step, elements: int) -> Iterator[Piece]:
    """The step in pieces of at most `elements` elements (at least 1), in order."""
    yield from _cut(Piece(0, step), max(1, elements))


def _cut(piece: Piece, most: int) -> Iterator[Piece]:
    step = piece.step
    if step.elements <= most:
        yield piece
        return
    axis = next(axis for axis, size in enumerate(step.shape) if size > 1)
    row = step.elements // step.shape[axis]
    rows = max(1, most // row)
    for start in range(0, step.shape[axis], rows):
        size = min(rows, step.shape[axis] - start)
        yield from _cut(Piece(piece.first + start * row, part_of(step, axis, start, size)), most)


def part_of(step: Step, axis: int, start: int, size: int) -> Step:
    """The step over `start <= i[axis] < start + size` only."""
    shape = (*step.shape[:axis], size, *step.shape[axis + 1 :])
    if step.opcode is not Opcode.CONCAT or step.axis != axis:
        return replace(step, shape=shape, operands=tuple(_moved(operand, axis, start) for operand in step.operands))
    kept, splits = [], []
    low = 0
    for operand, high in zip(step.operands, step.splits, strict=True):
        if low < start + size and high > start:
            kept.append(_moved(operand, axis, start))
            splits.append(min(high - start, size))
        low = high
    if len(kept) == 1:
        return Step(Opcode.COPY, step.dtype, shape, tuple(kept))
    return replace(step, shape=shape, operands=tuple(kept), splits=tuple(splits))


def _moved(operand: Operand, axis: int, start: int) -> Operand:
    if operand.source is Source.IMMEDIATE:
        return operand
    guards = tuple(Guard(guard.b + start * guard.c[axis], guard.c, guard.n) for guard in operand.guards)
    return replace(operand, base=operand.base + start * operand.strides[axis], guards=guards)


Flat = Callable[[Operand, int, int], Array]
"""Elements of an operand's tensor from one address to before another, widened, flat."""


def localised(step: Step, flat: Flat) -> tuple[Step, list[Array]]:
    """The step reading arrays cut to what it can reach, and these arrays; `load` becomes `copy`."""
    arrays: list[Array] = []
    operands = []
    for number, operand in enumerate(step.operands):
        if operand.source is Source.IMMEDIATE:
            operands.append(operand)
            continue
        low, high = _reach(step, number)
        array = flat(operand, low, high)
        dtype = step.dtype if step.opcode is Opcode.LOAD else operand.dtype
        operands.append(
            replace(
                operand,
                source=Source.STEP,
                dtype=dtype,
                tensor=len(arrays),
                elements=array.size,
                base=operand.base - low,
            )
        )
        arrays.append(array)
    opcode = Opcode.COPY if step.opcode is Opcode.LOAD else step.opcode
    return replace(step, opcode=opcode, operands=tuple(operands)), arrays


def _reach(step: Step, number: int) -> tuple[int, int]:
    """The addresses `[low, high)` that an operand's guards over at most one dimension let through; one at least."""
    operand = step.operands[number]
    shape = (*step.shape, *step.reduction)
    box = box_of(shape, operand.guards)
    if box is not None and step.opcode is Opcode.CONCAT:
        start, end = box[step.axis]
        box[step.axis] = max(start, step.splits[number - 1] if number else 0), min(end, step.splits[number])
    if box is None or any(start >= end for start, end in box):
        return 0, 1
    low = high = operand.base
    for stride, (start, end) in zip(operand.strides, box, strict=True):
        if end - start > 1 or start:
            low += min(stride * start, stride * (end - 1))
            high += max(stride * start, stride * (end - 1))
    if step.opcode is Opcode.GATHER and number == 0:
        reach = step.stride * (step.limit - 1)
        low, high = low + min(0, reach), high + max(0, reach)
    return low, high + 1


def magnitudes(step: Step, arrays: list[Array]) -> tuple[Step, list[Array]]:
    """The same step over absolute values: of a dot or a sum that's what its tolerance is measured by."""
    operands = tuple(replace(operand, fill=abs(operand.fill)) for operand in step.operands)
    return replace(step, operands=operands), [np.abs(array) for array in arrays]
