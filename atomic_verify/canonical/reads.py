"""What the law of one element reads: which elements of which tensors, in the order in which the referee wants them.

Shared by whoever opens evidence and whoever asks a claimer for the operands of a disputed element. Control: an operand
whose value decides what else is read (gather's index, the condition of `where`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from atomic_verify.canonical.law import address, unravel
from atomic_verify.canonical.program import Function, Opcode, Operand, Scalar, Source, Step


@dataclass(frozen=True, slots=True)
class Read:
    """`count` elements from flat element `first` on of a tensor, read through operand number `operand`."""

    operand: int
    source: Source
    tensor: int
    first: int
    count: int


Value = Callable[[Operand, int], Scalar]
"""The element at an address of the operand's tensor, widened."""


def reads(step: Step, element: int, value: Value) -> Iterator[Read]:
    """The reads of a flat element; immediates and operands whose guards fail aren't read. `value` is asked for controls
    only."""
    index = unravel(element, step.shape)
    operands = step.operands
    if step.opcode is Opcode.GATHER:
        yield from _read(step, 1, index)
        place = _value(operands[1], index, value)
        if 0 <= place < step.limit:
            yield from _read(step, 0, index, offset=int(place) * step.stride)
    elif step.opcode is Opcode.CONCAT:
        yield from _read(step, next(part for part, end in enumerate(step.splits) if index[step.axis] < end), index)
    elif step.function is Function.WHERE:
        yield from _read(step, 0, index)
        yield from _read(step, 1 if _value(operands[0], index, value) else 2, index)
    else:
        for number in range(len(operands)):
            yield from _read(step, number, index, count=step.terms)


def control(step: Step) -> int | None:
    """The number of the step's control, if it has one."""
    if step.opcode is Opcode.GATHER:
        return 1
    return 0 if step.function is Function.WHERE else None


def _read(step: Step, number: int, index: Sequence[int], *, offset: int = 0, count: int = 1) -> Iterator[Read]:
    operand = step.operands[number]
    place = address(operand, index)
    if place is not None:
        yield Read(number, operand.source, operand.tensor, place + offset, count)


def _value(operand: Operand, index: Sequence[int], value: Value) -> Scalar:
    place = address(operand, index)
    return operand.fill if place is None else value(operand, place)
