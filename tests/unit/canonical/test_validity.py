"""Records that the referee would refuse, one for each rule."""

from dataclasses import replace

import numpy as np
import pytest

from atomic_verify.canonical.errors import Fault, RecordInvalid
from atomic_verify.canonical.program import (
    DType64,
    Function,
    Guard,
    Opcode,
    Operand,
    Output,
    Program,
    Source,
    Step,
)
from atomic_verify.canonical.records import decode_outputs, encode_outputs, encode_step
from atomic_verify.canonical.validity import program_fault, record_fault, require_valid, step_fault
from atomic_verify.commitments import DType, TensorSpec

FLOAT, INT = DType64.FLOAT, DType64.INT
X = Operand(Source.STEP, FLOAT, 0, 12, 0, (4, 1), (), 0.0)
J = Operand(Source.STEP, INT, 1, 12, 0, (4, 1), (), 0)
NUMBER = Operand(Source.IMMEDIATE, FLOAT, fill=1.5)
COPY = Step(Opcode.COPY, FLOAT, (3, 4), (X,))
ADD = Step(Opcode.MAP, FLOAT, (3, 4), (X, NUMBER), Function.ADD)
SUM = Step(Opcode.SUM, FLOAT, (3,), (X,), reduction=(4,))
DOT = Step(Opcode.DOT, FLOAT, (3,), (X, X), reduction=(4,))
GATHER = Step(Opcode.GATHER, FLOAT, (3, 4), (replace(X, strides=(0, 1)), J), stride=4, limit=3)
CONCAT = Step(Opcode.CONCAT, FLOAT, (3, 4), (X, X), axis=0, splits=(1, 3))
LOAD = Step(Opcode.LOAD, FLOAT, (3, 4), (Operand(Source.INPUT, DType.FLOAT16, 0, 12, 0, (4, 1), (), 0.0),))


def with_x(step: Step, **changes: object) -> Step:
    first = replace(step.operands[0], **changes)
    return replace(step, operands=(first, *step.operands[1:]))


@pytest.mark.parametrize("step", [COPY, ADD, SUM, DOT, GATHER, CONCAT, LOAD], ids=lambda step: step.opcode.name)
def test_the_steps_that_the_others_are_made_from_are_valid(step: Step) -> None:
    assert step_fault(step, 2) is None
    assert record_fault(encode_step(step), 2) is None


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (replace(COPY, shape=(1,) * 9 + (3, 4)), Fault.RANK),
        (replace(COPY, reduction=(1,)), Fault.RANK),
        (replace(COPY, shape=(3, 0)), Fault.DIMENSION),
        (replace(COPY, shape=(2**20, 2**21)), Fault.DIMENSION),
        (replace(SUM, reduction=(4097,)), Fault.TERMS),
        (replace(COPY, operands=(X, X)), Fault.OPERANDS),
        (replace(ADD, operands=(X,)), Fault.OPERANDS),
        (replace(CONCAT, operands=(X,), splits=(3,)), Fault.OPERANDS),
        (replace(COPY, function=Function.ADD), Fault.FUNCTION),
        (replace(ADD, function=Function.NONE), Fault.FUNCTION),
        (replace(ADD, dtype=INT), Fault.DTYPE),
        (replace(ADD, function=Function.AND), Fault.DTYPE),
        (replace(COPY, dtype=INT), Fault.DTYPE),
        (with_x(COPY, source=Source.INPUT), Fault.SOURCE),
        (with_x(LOAD, source=Source.STEP, dtype=FLOAT), Fault.SOURCE),
        (with_x(COPY, tensor=2), Fault.ORDER),
        (with_x(SUM, source=Source.IMMEDIATE), Fault.IMMEDIATE),
        (replace(SUM, operands=(NUMBER,)), Fault.IMMEDIATE),
        (replace(GATHER, operands=(NUMBER, J)), Fault.IMMEDIATE),
        (with_x(COPY, fill=1.0), Fault.FILL),
        (with_x(COPY, fill=-0.0), Fault.FILL),
        (replace(ADD, operands=(X, replace(NUMBER, fill=float("nan")))), Fault.FILL),
        (replace(ADD, operands=(X, replace(NUMBER, fill=float("inf")))), Fault.FILL),
        (with_x(COPY, guards=(Guard(0, (1, 0), 3),) * 4), Fault.GUARDS),
        (with_x(COPY, strides=(4, 1, 1)), Fault.FORM),
        (with_x(COPY, base=1), Fault.ADDRESS),
        (with_x(COPY, base=-1), Fault.ADDRESS),
        (with_x(COPY, elements=11), Fault.ADDRESS),
        (with_x(COPY, strides=(-4, 1)), Fault.ADDRESS),
        # Over two dimensions a guard proves nothing.
        (with_x(COPY, strides=(4, 2), guards=(Guard(0, (4, 2), 12),)), Fault.ADDRESS),
        (with_x(SUM, strides=(4, 2)), Fault.SEGMENT),
        (with_x(SUM, guards=(Guard(0, (0, 1), 3),)), Fault.SEGMENT),
        (replace(SUM, shape=(3,), reduction=(2, 2), operands=(replace(X, strides=(4, 1, 2)),)), Fault.SEGMENT),
        (replace(GATHER, limit=4), Fault.GATHER),
        (replace(GATHER, limit=0), Fault.GATHER),
        (replace(GATHER, stride=-4), Fault.GATHER),
        (replace(CONCAT, splits=(1, 2)), Fault.SPLITS),
        (replace(CONCAT, splits=(0, 3)), Fault.SPLITS),
        (replace(CONCAT, axis=2), Fault.SPLITS),
    ],
)
def test_each_rule_has_its_fault(step: Step, fault: Fault) -> None:
    assert step_fault(step, 2) is fault


@pytest.mark.parametrize(
    "step",
    [
        # A guard over one dimension cuts the box, so what lies outside doesn't matter.
        with_x(COPY, base=-4, guards=(Guard(-1, (1, 0), 2),)),
        with_x(COPY, base=12, guards=(Guard(-9, (0, 1), 9),)),
        with_x(COPY, base=11, strides=(-4, -1)),
        with_x(COPY, base=8, strides=(-4, 1), guards=(Guard(2, (-1, 0), 3),)),
        # A dimension of size 1 counts for nothing.
        replace(COPY, shape=(1, 4), operands=(replace(X, strides=(99, 1), guards=(Guard(0, (7, 1), 4),)),)),
        replace(SUM, shape=(3, 1), operands=(replace(X, strides=(4, 0, 1)),)),
        # Each part of a concat is read only in its part.
        replace(CONCAT, operands=(X, replace(X, base=-4))),
        replace(GATHER, operands=(replace(GATHER.operands[0], base=8), J), stride=-4),
    ],
)
def test_what_can_be_shown_to_stay_inside_is_valid(step: Step) -> None:
    assert step_fault(step, 2) is None


def test_malformed_bytes_are_refused() -> None:
    record = encode_step(ADD)
    assert record_fault(record[:-1], 2) is Fault.FORM
    assert record_fault(record + b"\x00", 2) is Fault.FORM
    assert record_fault(b"", 2) is Fault.FORM
    assert record_fault(bytes([77]) + record[1:], 2) is Fault.OPCODE
    assert record_fault(record[:1] + bytes([99]) + record[2:], 2) is Fault.FUNCTION
    assert record_fault(record[:2] + bytes([3]) + record[3:], 2) is Fault.DTYPE
    assert record_fault(record[:5] + bytes([0]) + record[6:], 2) is Fault.OPERANDS
    immediate = encode_step(replace(ADD, operands=(NUMBER, NUMBER)))
    assert record_fault(immediate[:16] + b"\x01" + immediate[17:], 2) is Fault.IMMEDIATE


def test_the_outputs_record() -> None:
    assert encode_outputs([3, 70000]) == bytes.fromhex("ff02 00000003 00011170")
    assert decode_outputs(encode_outputs([3, 70000])) == (3, 70000)
    for record in (b"", b"\xff\x00", b"\xff\x01\x00", b"\x01\x01\x00\x00\x00\x00", encode_outputs([1]) + b"\x00"):
        with pytest.raises(RecordInvalid):
            decode_outputs(record)


def program(step: Step) -> Program:
    load = replace(LOAD, operands=(replace(LOAD.operands[0], dtype=DType.FLOAT),))
    index = Step(Opcode.LOAD, INT, (3, 4), (Operand(Source.INPUT, DType.BOOL, 1, 12, 0, (4, 1)),))
    inputs = (TensorSpec("x", DType.FLOAT, (12,)), TensorSpec("j", DType.BOOL, (3, 4)))
    return Program(inputs, (np.arange(5.0),), (load, index, step), (Output("y", 2, DType.FLOAT, step.shape),))


def test_a_program_is_checked_against_the_tensors_that_it_names() -> None:
    require_valid(program(COPY))
    weight = Operand(Source.WEIGHT, FLOAT, 0, 5, 0, (0, 1), (), 0.0)
    assert program_fault(program(replace(COPY, operands=(weight,)))) is None
    for wrong in (
        with_x(COPY, elements=13),
        with_x(COPY, tensor=1),
        replace(COPY, operands=(replace(weight, elements=6),)),
        replace(COPY, operands=(replace(weight, tensor=1),)),
        replace(COPY, dtype=INT, operands=(replace(weight, dtype=INT, fill=0),)),
    ):
        assert program_fault(program(wrong)) == (2, Fault.REFERENCE)
    with pytest.raises(RecordInvalid) as caught:
        require_valid(program(with_x(COPY, base=1)))
    assert caught.value.details["reason"] == "address"


def test_outputs_are_checked_too() -> None:
    good = program(COPY)
    for output, fault in (
        (Output("y", 3, DType.FLOAT, (3, 4)), Fault.ORDER),
        (Output("y", 2, DType.FLOAT, (3, 5)), Fault.REFERENCE),
        (Output("y", 2, DType.INT64, (3, 4)), Fault.REFERENCE),
    ):
        assert program_fault(replace(good, outputs=(output,))) == (3, fault)
