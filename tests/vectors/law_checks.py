"""Holds laws, records and evaluator to vectors of exact rationals and mpmath, which forge reads too."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import Law, element_law, map_law
from atomic_verify.canonical.program import (
    Array,
    DType64,
    Function,
    Opcode,
    Operand,
    Output,
    Program,
    Scalar,
    Source,
    Step,
)
from atomic_verify.canonical.records import decode_step
from atomic_verify.canonical.validity import record_fault
from atomic_verify.commitments import DType, TensorSpec

Vectors = dict[str, Any]
"""The file as laws.py describes it."""

INDEX = 3


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def number(word: bytes, dtype: int) -> Scalar:
    value: Scalar = struct.unpack(">d" if dtype == DType64.FLOAT else ">q", word)[0]
    return value


def words(data: bytes) -> list[bytes]:
    return [data[start : start + 8] for start in range(0, len(data), 8)]


def holds(law: Law, word: bytes, dtype: int) -> bool:
    return law.allows(number(word, dtype))


def check_maps(vectors: Vectors) -> int:
    """Scalar functions; how many cases there are."""
    for row in map(raw, vectors["maps"]):
        code, dtype, count, lawful, result = row[:5]
        found = words(row[5:])
        types = [DType64.INT if code == Function.WHERE and p == 0 else dtype for p in range(count)]
        operands = [number(word, kind) for word, kind in zip(found[:count], types, strict=True)]
        sources = tuple(Operand(Source.IMMEDIATE, DType64(kind), fill=0) for kind in types)
        law = map_law(Step(Opcode.MAP, DType64(result), (), sources, Function(code)), operands)
        for place, word in enumerate(found[count:]):
            assert holds(law, word, result) == (place < lawful) or _is_exp_below_zero(code, word), row.hex()
    return len(vectors["maps"])


def _is_exp_below_zero(code: int, word: bytes) -> bool:
    """No evaluator makes one; only the contract asks."""
    return code == Function.EXP and word[0] >> 7 == 1


def check_records(vectors: Vectors) -> int:
    """Which records are valid; how many there are."""
    for row in map(raw, vectors["records"]):
        assert (record_fault(row[1:], INDEX) is None) == (row[0] == 1), row.hex()
    return len(vectors["records"])


def _steps(vectors: Vectors) -> Iterator[tuple[Program, dict[str, Array], int, list[bytes], list[bytes]]]:
    """The program of each case, its inputs, the judged element, and what is lawful there and what isn't."""
    columns = vectors["steps"]
    for row in zip(*(columns[name] for name in ("record", "tensors", "element", "lawful", "broken")), strict=True):
        record, tensors, element, lawful, broken = row
        step = decode_step(raw(record))
        program, inputs = _program(step, list(_tensors(raw(tensors))))
        yield program, inputs, int(element), words(raw(lawful)), words(raw(broken))


def _tensors(data: bytes) -> Iterator[tuple[Source, int, int, bytes]]:
    while data:
        source, dtype, tensor, _, length = struct.unpack(">4BH", data[:6])
        yield Source(source), dtype, tensor, data[6 : 6 + length]
        data = data[6 + length :]


def _program(step: Step, tensors: list[tuple[Source, int, int, bytes]]) -> tuple[Program, dict[str, Array]]:
    """Four steps: the last is `step`, the others copy weights, so that each tensor is what the case says."""
    weights: list[Array] = [np.zeros(1)] * 7
    made = [_copy_of(weights[0], 4)] * INDEX
    specs, inputs = [], {}
    for source, dtype, tensor, data in tensors:
        if source is Source.INPUT:
            kind = DType(dtype)
            inputs["x"] = np.frombuffer(data, kind.numpy)
            specs.append(TensorSpec("x", kind, inputs["x"].shape))
            continue
        array = np.frombuffer(data, "<f8" if dtype == DType64.FLOAT else "<i8")
        if source is Source.WEIGHT:
            weights[tensor] = array
        elif source is Source.STEP:
            weights[4 + tensor] = array
            made[tensor] = _copy_of(array, 4 + tensor)
    outputs = (Output("y", INDEX, DType.DOUBLE, step.shape),)
    return Program(tuple(specs), tuple(weights), (*made, step), outputs), inputs


def _copy_of(array: Array, weight: int) -> Step:
    dtype = DType64.FLOAT if array.dtype.kind == "f" else DType64.INT
    source = Operand(Source.WEIGHT, dtype, weight, array.size, strides=(1,))
    return Step(Opcode.COPY, dtype, (array.size,), (source,))


def check_steps(vectors: Vectors) -> int:
    """Steps of all kinds, and that the evaluator's element is lawful; how many there are."""
    for program, inputs, element, lawful, broken in _steps(vectors):
        step = program.steps[INDEX]
        with evaluate(program, inputs) as trace:
            law = element_law(program, trace, INDEX, element)
            assert all(holds(law, word, step.dtype) for word in lawful), step
            assert not any(holds(law, word, step.dtype) for word in broken), step
            assert law.allows(trace.tensor(INDEX).reshape(-1)[element].item()), step
    return len(vectors["steps"]["record"])
