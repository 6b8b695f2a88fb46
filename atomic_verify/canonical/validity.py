"""Whether a record is a step that the referee would judge, and if not, which rule it breaks.

An invalid record, shown on-chain, kills every claim on its model, so workers check a program before they bid, and the
builder's programs are always valid. The rules are those of docs/canonical.md and of the contract.
"""

import itertools
import math
import struct
from collections.abc import Callable

from atomic_verify.canonical.errors import Fault, RecordInvalid
from atomic_verify.canonical.functions import SIGNATURES
from atomic_verify.canonical.program import (
    FLOATS,
    LARGEST,
    MAX_CONCAT,
    MAX_ELEMENTS,
    MAX_GUARDS,
    MAX_RANK,
    MAX_REDUCTION,
    REDUCTIONS,
    DType64,
    Function,
    Opcode,
    Operand,
    Program,
    Source,
    Step,
    widened,
)
from atomic_verify.canonical.records import decode_step, invalid
from atomic_verify.commitments import DType

_COUNTS = {
    Opcode.LOAD: 1,
    Opcode.DOT: 2,
    Opcode.SUM: 1,
    Opcode.MAX: 1,
    Opcode.MIN: 1,
    Opcode.GATHER: 2,
    Opcode.COPY: 1,
}


def record_fault(record: bytes, index: int) -> Fault | None:
    """What is wrong with a record as step `index`, by itself; None if it is valid."""
    try:
        return step_fault(decode_step(record), index)
    except RecordInvalid as error:
        return Fault(error.details["reason"])


def step_fault(step: Step, index: int) -> Fault | None:
    """What is wrong with a step at `index`, by itself; None if it is valid. The first broken rule of these, in order:
    dimensions, types, then each operand's."""
    return next((fault for check in _CHECKS if (fault := check(step, index))), None)


def program_fault(program: Program) -> tuple[int, Fault] | None:
    """The first step that is invalid by itself or against the tensors that it names (or the outputs, as the step
    after the last); None if the program is valid."""
    for index, step in enumerate(program.steps):
        fault = step_fault(step, index) or reference_fault(program, step)
        if fault:
            return index, fault
    for output in program.outputs:
        if not 0 <= output.step < len(program.steps):
            return len(program.steps), Fault.ORDER
        made = program.steps[output.step]
        if made.elements != output.spec.elements or made.dtype is not widened(output.dtype):
            return len(program.steps), Fault.REFERENCE
    return None


def require_valid(program: Program) -> None:
    """Raise RecordInvalid for a program with a fault."""
    found = program_fault(program)
    if found:
        raise invalid(found[1], f"step {found[0]} can't be judged")


def reference_fault(program: Program, step: Step) -> Fault | None:
    """Whether each operand has the type and the number of elements of the tensor that it names."""
    for operand in step.operands:
        known = _named(program, operand)
        if known is not None and known != (operand.dtype, operand.elements):
            return Fault.REFERENCE
    return None


def _named(program: Program, operand: Operand) -> tuple[DType64 | DType | None, int] | None:
    tensor = operand.tensor
    if operand.source is Source.IMMEDIATE:
        return None
    if operand.source is Source.STEP:
        return (program.steps[tensor].dtype, program.steps[tensor].elements)
    if operand.source is Source.WEIGHT:
        if tensor >= len(program.weights):
            return None, 0
        weight = program.weights[tensor]
        return (DType64.FLOAT if weight.dtype.kind == "f" else DType64.INT), weight.size
    if tensor >= len(program.inputs):
        return None, 0
    return program.inputs[tensor].dtype, program.inputs[tensor].elements


def _dimensions(step: Step, _: int) -> Fault | None:
    dims = (*step.shape, *step.reduction)
    if len(dims) > MAX_RANK or (step.reduction and step.opcode not in REDUCTIONS):
        return Fault.RANK
    if min(dims, default=1) < 1 or math.prod(dims) > MAX_ELEMENTS:
        return Fault.DIMENSION
    return Fault.TERMS if step.terms > MAX_REDUCTION else None


def _operand_count(step: Step, _: int) -> Fault | None:
    count = len(step.operands)
    if step.opcode is Opcode.CONCAT:
        return None if 2 <= count <= MAX_CONCAT else Fault.OPERANDS
    if step.opcode is Opcode.MAP:
        if step.function is Function.NONE:
            return Fault.FUNCTION
        return None if count == len(next(iter(SIGNATURES[step.function]))) else Fault.OPERANDS
    if step.function is not Function.NONE:
        return Fault.FUNCTION
    return None if count == _COUNTS[step.opcode] else Fault.OPERANDS


def _sources(step: Step, index: int) -> Fault | None:
    for number, operand in enumerate(step.operands):
        if (operand.source is Source.INPUT) != (step.opcode is Opcode.LOAD):
            return Fault.SOURCE
        if operand.source is Source.STEP and operand.tensor >= index:
            return Fault.ORDER
        if operand.source is Source.IMMEDIATE:
            stored = operand.tensor or operand.elements or operand.guards or operand.strides or operand.base
            read_in_rows = step.opcode in REDUCTIONS or (step.opcode is Opcode.GATHER and number == 0)
            if stored or read_in_rows:
                return Fault.IMMEDIATE
    return None


def _types(step: Step, _: int) -> Fault | None:
    types = [_wide(operand) for operand in step.operands]
    if step.opcode is Opcode.MAP:
        matches = SIGNATURES[step.function].get(tuple(types)) is step.dtype
    elif step.opcode is Opcode.GATHER:
        matches = types == [step.dtype, DType64.INT]
    else:
        matches = all(dtype is step.dtype for dtype in types)
    return None if matches else Fault.DTYPE


def _wide(operand: Operand) -> DType64:
    return operand.dtype if isinstance(operand.dtype, DType64) else widened(operand.dtype)


def _fills(step: Step, _: int) -> Fault | None:
    for operand in step.operands:
        is_float = operand.dtype is DType64.FLOAT or operand.dtype in FLOATS
        if isinstance(operand.fill, float) != is_float or not abs(operand.fill) <= (LARGEST if is_float else 2**63):
            return Fault.FILL
        unused = operand.source is not Source.IMMEDIATE and not operand.guards
        if unused and (operand.fill != 0 or (is_float and struct.pack(">d", operand.fill) != bytes(8))):
            return Fault.FILL
    return None


def _extra(step: Step, _: int) -> Fault | None:
    if step.opcode is Opcode.GATHER:
        return None if step.limit >= 1 else Fault.GATHER
    if step.opcode is not Opcode.CONCAT:
        return None
    ends = (0, *step.splits)
    ascending = all(low < high for low, high in itertools.pairwise(ends))
    fits = len(step.splits) == len(step.operands) and step.axis < len(step.shape)
    return None if fits and ascending and step.splits[-1] == step.shape[step.axis] else Fault.SPLITS


def _accesses(step: Step, _: int) -> Fault | None:
    rank = len(step.shape) + len(step.reduction)
    for number, operand in enumerate(step.operands):
        if operand.source is Source.IMMEDIATE:
            continue
        if len(operand.guards) > MAX_GUARDS:
            return Fault.GUARDS
        if len(operand.strides) != rank or any(len(guard.c) != rank for guard in operand.guards):
            return Fault.FORM
        if not _is_segment(step, operand):
            return Fault.SEGMENT
        if not _is_inside(step, number, operand):
            return Fault.GATHER if step.opcode is Opcode.GATHER and number == 0 else Fault.ADDRESS
    return None


def _is_segment(step: Step, operand: Operand) -> bool:
    first, run = len(step.shape), 1
    for axis in range(len(operand.strides) - 1, first - 1, -1):
        size = step.reduction[axis - first]
        if size == 1:
            continue  # nothing moves along it
        if operand.strides[axis] != run or any(guard.c[axis] for guard in operand.guards):
            return False
        run *= size
    return True


def _is_inside(step: Step, number: int, operand: Operand) -> bool:
    """Whether all addresses of the box that one-dimensional guards leave lie in the tensor."""
    box = _box(step, number, operand)
    if box is None:
        return True
    low = high = operand.base
    for stride, (first, last) in zip(operand.strides, box, strict=True):
        low += min(stride * first, stride * last)
        high += max(stride * first, stride * last)
    if step.opcode is Opcode.GATHER and number == 0:
        reach = step.stride * (step.limit - 1)
        low, high = low + min(0, reach), high + max(0, reach)
    return low >= 0 and high < operand.elements


def _box(step: Step, number: int, operand: Operand) -> list[tuple[int, int]] | None:
    """First and last index of each dimension that the guards over at most one dimension let through; None for none.

    A dimension of size 1 counts for nothing.
    """
    dims = (*step.shape, *step.reduction)
    box = [(0, size - 1) for size in dims]
    if step.opcode is Opcode.CONCAT:
        box[step.axis] = (step.splits[number - 1] if number else 0), step.splits[number] - 1
    for guard in operand.guards:
        axes = [axis for axis, coefficient in enumerate(guard.c) if coefficient and dims[axis] > 1]
        if len(axes) > 1:
            continue
        if not axes:
            if not 0 <= guard.b < guard.n:
                return None
            continue
        (axis,) = axes
        low, high = _cut(guard.b, guard.c[axis], guard.n)
        box[axis] = max(box[axis][0], low), min(box[axis][1], high)
        if box[axis][0] > box[axis][1]:
            return None
    return box


def _cut(b: int, c: int, n: int) -> tuple[int, int]:
    """First and last integer i with 0 <= b + c i <= n - 1."""
    if c > 0:
        return -(b // c), (n - 1 - b) // c
    return -((n - 1 - b) // -c), b // -c


_CHECKS: tuple[Callable[[Step, int], Fault | None], ...] = (
    _dimensions,
    _operand_count,
    _sources,
    _types,
    _fills,
    _extra,
    _accesses,
)
