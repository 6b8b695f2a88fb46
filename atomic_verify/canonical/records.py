"""Records: the exact bytes of each step, and the roots over them that a model publishes.

One record per step, and a last one that names the outputs (docs/canonical.md, "Records"). The referee reads the same
bytes, so encoding is unique: a record decodes to one step and encodes to the same bytes again.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from atomic_verify.canonical.errors import Fault, RecordInvalid
from atomic_verify.canonical.program import (
    FLOATS,
    MAX_CONCAT,
    MAX_GUARDS,
    MAX_RANK,
    Array,
    DType64,
    Function,
    Guard,
    Opcode,
    Operand,
    Program,
    Scalar,
    Source,
    Step,
)
from atomic_verify.commitments import Digest, DType, UpperTree, tensor_root

OUTPUTS = 255
"""Opcode of the last record, which names the output steps."""

MAX_RECORD_BYTES = 6447
"""The longest valid record: a concat of 16 operands of rank 10 with 3 guards each."""


_Code = TypeVar("_Code", Opcode, Function, DType64, DType, Source)


def invalid(fault: Fault, message: str) -> RecordInvalid:
    """The error of a fault."""
    return RecordInvalid(f"{message} ({fault.value})", reason=fault.value)


def encode_step(step: Step) -> bytes:
    """The record of a step. Raises struct.error for a number that doesn't fit its field."""
    operands = b"".join(_encode_operand(operand) for operand in step.operands)
    head = struct.pack(
        ">6B",
        step.opcode,
        step.function,
        step.dtype,
        len(step.shape),
        len(step.reduction),
        len(step.operands),
    )
    dims = struct.pack(f">{len(step.shape) + len(step.reduction)}I", *step.shape, *step.reduction)
    return head + dims + operands + _encode_rest(step)


def _encode_rest(step: Step) -> bytes:
    if step.opcode is Opcode.GATHER:
        return struct.pack(">q", step.stride) + step.limit.to_bytes(5, "big")
    if step.opcode is Opcode.CONCAT:
        return struct.pack(f">B{len(step.splits)}I", step.axis, *step.splits)
    return b""


def _encode_operand(operand: Operand) -> bytes:
    head = struct.pack(">BBI", operand.source, operand.dtype, operand.tensor)
    head += operand.elements.to_bytes(5, "big") + struct.pack(">B", len(operand.guards)) + _encode_fill(operand.fill)
    if operand.source is Source.IMMEDIATE:
        return head
    rank = len(operand.strides)
    guards = b"".join(struct.pack(f">{rank + 2}q", guard.b, *guard.c, guard.n) for guard in operand.guards)
    return head + struct.pack(f">{rank + 1}q", operand.base, *operand.strides) + guards


def _encode_fill(fill: Scalar) -> bytes:
    return struct.pack(">d", fill) if isinstance(fill, float) else struct.pack(">q", fill)


@dataclass(slots=True)
class _Reader:
    """Takes fields off a record's front; raises RecordInvalid at its end."""

    data: bytes
    place: int = 0

    def bytes(self, count: int) -> bytes:
        taken = self.data[self.place : self.place + count]
        if len(taken) != count:
            raise invalid(Fault.FORM, "the record ends too early")
        self.place += count
        return taken

    def numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack(f">{form}", self.bytes(struct.calcsize(f">{form}")))

    def u40(self) -> int:
        return int.from_bytes(self.bytes(5), "big")


def decode_step(record: bytes) -> Step:
    """The step of a record: only its form is checked here. Raises RecordInvalid."""
    reader = _Reader(record)
    code, function, dtype, rank, reduction, count = reader.numbers("6B")
    opcode = _known(Opcode, code, Fault.OPCODE)
    if rank + reduction > MAX_RANK:
        raise invalid(Fault.RANK, f"rank {rank}+{reduction} is above {MAX_RANK}")
    if not 1 <= count <= MAX_CONCAT:
        raise invalid(Fault.OPERANDS, f"{count} operands")
    dims = reader.numbers(f"{rank + reduction}I")
    operands = tuple(_decode_operand(reader, rank + reduction) for _ in range(count))
    stride = limit = axis = 0
    splits: tuple[int, ...] = ()
    if opcode is Opcode.GATHER:
        (stride,), limit = reader.numbers("q"), reader.u40()
    elif opcode is Opcode.CONCAT:
        axis, *ends = reader.numbers(f"B{count}I")
        splits = tuple(ends)
    if reader.place != len(record):
        raise invalid(Fault.FORM, "bytes follow the record")
    known = _known(Function, function, Fault.FUNCTION)
    result = _known(DType64, dtype, Fault.DTYPE)
    return Step(opcode, result, dims[:rank], operands, known, dims[rank:], stride, limit, axis, splits)


def _known(kind: type[_Code], code: int, fault: Fault) -> _Code:
    try:
        return kind(code)
    except ValueError:
        raise invalid(fault, f"unknown {kind.__name__} {code}") from None


def _operand_dtype(source: Source, code: int) -> DType64 | DType:
    return _known(DType, code, Fault.DTYPE) if source is Source.INPUT else _known(DType64, code, Fault.DTYPE)


def _decode_operand(reader: _Reader, rank: int) -> Operand:
    code, dtype, tensor = reader.numbers("BBI")
    source = _known(Source, code, Fault.SOURCE)
    elements = reader.u40()
    (count,) = reader.numbers("B")
    if count > MAX_GUARDS:
        raise invalid(Fault.GUARDS, f"{count} guards, {MAX_GUARDS} are the limit")
    kind = _operand_dtype(source, dtype)
    form = ">d" if kind is DType64.FLOAT or kind in FLOATS else ">q"
    fill: Scalar = struct.unpack(form, reader.bytes(8))[0]
    if source is Source.IMMEDIATE:
        if tensor or elements or count:
            raise invalid(Fault.IMMEDIATE, "an immediate with a tensor or guards")
        return Operand(source, kind, fill=fill)
    base, *strides = reader.numbers(f"{rank + 1}q")
    guards = []
    for _ in range(count):
        b, *rest = reader.numbers(f"{rank + 2}q")
        guards.append(Guard(b, tuple(rest[:-1]), rest[-1]))
    return Operand(source, kind, tensor, elements, base, tuple(strides), tuple(guards), fill)


def encode_outputs(steps: Sequence[int]) -> bytes:
    """The last record: which steps are the model's outputs."""
    return struct.pack(f">BB{len(steps)}I", OUTPUTS, len(steps), *steps)


def decode_outputs(record: bytes) -> tuple[int, ...]:
    """Output steps of the last record. Raises RecordInvalid."""
    reader = _Reader(record)
    code, count = reader.numbers("BB")
    if code != OUTPUTS:
        raise invalid(Fault.OPCODE, f"opcode {code} in the place of the outputs")
    steps = reader.numbers(f"{count}I")
    if reader.place != len(record) or not count:
        raise invalid(Fault.FORM, "an outputs record of another length than its count")
    return steps


def encode_program(program: Program) -> list[bytes]:
    """All records in order, the outputs' last."""
    records = [encode_step(step) for step in program.steps]
    return [*records, encode_outputs([output.step for output in program.outputs])]


def program_tree(program: Program) -> UpperTree:
    """The tree over all records."""
    return UpperTree(encode_program(program))


def program_root(program: Program) -> Digest:
    """Root over all records: with the weights' root, the whole meaning of a model."""
    return program_tree(program).root


def weight_entry(weight: Array) -> bytes:
    """What stands in the weights' tree for one weight: `root || u8 dtype || u40 elements`."""
    dtype = DType64.FLOAT if weight.dtype.kind == "f" else DType64.INT
    return step_root(weight) + bytes([dtype]) + weight.size.to_bytes(5, "big")


def weights_tree(program: Program) -> UpperTree:
    """The tree over all weights."""
    return UpperTree([weight_entry(weight) for weight in program.weights])


def weights_root(program: Program) -> Digest:
    """Root over the weights; 32 zero bytes if there are none."""
    return weights_tree(program).root


def step_root(tensor: Array) -> Digest:
    """Root of one float64 or int64 tensor."""
    flat = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<")).reshape(-1)
    return tensor_root(flat.view(np.uint8).data)


def trace_tree(tensors: Sequence[Array]) -> UpperTree:
    """The tree over the roots of all step tensors in order."""
    return UpperTree([step_root(tensor) for tensor in tensors])


def trace_root(tensors: Sequence[Array]) -> Digest:
    """Root of a whole trace: what a claim commits to."""
    return trace_tree(tensors).root
