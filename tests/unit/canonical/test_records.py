"""Roots over records, weights and traces, and a record byte by byte."""

import numpy as np

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import Fault
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.program import (
    MAX_CONCAT,
    MAX_GUARDS,
    MAX_RANK,
    DType64,
    Function,
    Guard,
    Opcode,
    Operand,
    Program,
    Source,
    Step,
)
from atomic_verify.canonical.records import (
    MAX_RECORD_BYTES,
    decode_step,
    encode_outputs,
    encode_program,
    encode_step,
    program_root,
    step_root,
    trace_root,
    weights_root,
)
from atomic_verify.canonical.validity import record_fault
from atomic_verify.commitments import DType, UpperTree, tensor_root


def test_a_record_byte_by_byte() -> None:
    guard = Guard(-1, (1,), 3)
    first = Operand(Source.WEIGHT, DType64.FLOAT, 7, 5, -2, (1,), (guard,), 1.5)
    step = Step(
        Opcode.MAP, DType64.FLOAT, (6,), (first, Operand(Source.IMMEDIATE, DType64.FLOAT, fill=-2.0)), Function.MUL
    )
    expected = (
        "02 03 01 01 00 02 00000006"
        "02 01 00000007 0000000005 01 3ff8000000000000 fffffffffffffffe 0000000000000001"
        "ffffffffffffffff 0000000000000001 0000000000000003"
        "00 01 00000000 0000000000 00 c000000000000000"
    )
    assert encode_step(step) == bytes.fromhex(expected)
    assert decode_step(encode_step(step)) == step


def test_what_gather_and_concat_add() -> None:
    data = Operand(Source.STEP, DType64.INT, 0, 9, 0, (0,))
    gather = Step(Opcode.GATHER, DType64.INT, (2,), (data, data), stride=-3, limit=2**33)
    assert encode_step(gather)[-13:] == bytes.fromhex("fffffffffffffffd 0200000000")
    concat = Step(Opcode.CONCAT, DType64.INT, (2,), (data, data), axis=0, splits=(1, 2))
    assert encode_step(concat)[-9:] == bytes.fromhex("00 00000001 00000002")
    assert decode_step(encode_step(gather)) == gather
    assert decode_step(encode_step(concat)) == concat


def small() -> Program:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (2, 3))
    y = builder.matmul(x, builder.weight(np.arange(6.0).reshape(3, 2)))
    z = builder.map(Function.FLOAT_TO_INT, y)
    return builder.finish([("y", y, DType.FLOAT, (2, 2)), ("z", z, DType.INT64, (2, 2))])


def test_the_program_root_covers_the_outputs_too() -> None:
    program = small()
    records = encode_program(program)
    assert records[-1] == encode_outputs([output.step for output in program.outputs])
    assert program_root(program) == UpperTree(records).root
    swapped = Program(program.inputs, program.weights, program.steps, program.outputs[::-1])
    assert program_root(swapped) != program_root(program)


def test_the_weights_root() -> None:
    weights = (np.arange(3.0), np.arange(4))
    program = Program((), weights, (), ())
    entries = [tensor_root(w.tobytes()) + bytes([n + 1]) + w.size.to_bytes(5, "big") for n, w in enumerate(weights)]
    assert weights_root(program) == UpperTree(entries).root
    assert weights_root(Program((), (), (), ())) == bytes(32)


def test_the_trace_root() -> None:
    program = small()
    trace = evaluate(program, {"x": np.ones((2, 3), np.float32)})
    tensors = [trace.tensor(number) for number in range(len(program.steps))]
    assert trace_root(tensors) == UpperTree([tensor_root(tensor.tobytes()) for tensor in tensors]).root
    assert step_root(tensors[0].reshape(2, 3).T) == tensor_root(tensors[0].reshape(2, 3).T.tobytes())


def test_two_builds_give_the_same_program() -> None:
    assert program_root(small()) == program_root(small())
    assert weights_root(small()) == weights_root(small())


def test_the_name_of_a_node_stands_in_no_record() -> None:
    named = Builder()
    named.node = "Conv_1"
    y = named.map(Function.NEG, named.input("x", DType.FLOAT, (3,)))
    plain = Builder()
    z = plain.map(Function.NEG, plain.input("x", DType.FLOAT, (3,)))
    roots = {program_root(b.finish([("y", v, DType.FLOAT, (3,))])) for b, v in ((named, y), (plain, z))}
    assert len(roots) == 1


def test_the_longest_valid_record_is_as_long_as_it_is_said_to_be() -> None:
    guards = (Guard(0, (1, *(0,) * 9), 99),) * MAX_GUARDS
    part = Operand(Source.STEP, DType64.FLOAT, 0, 16, 0, (1, *(0,) * 9), guards, 1.0)
    parts, splits = (part,) * MAX_CONCAT, tuple(range(1, MAX_CONCAT + 1))
    step = Step(Opcode.CONCAT, DType64.FLOAT, (MAX_CONCAT, *(1,) * 9), parts, splits=splits)
    record = encode_step(step)
    assert record_fault(record, 1) is None
    assert len(record) == MAX_RECORD_BYTES
    # Every field of a record that may be more than one is at its most there.
    assert (len(step.shape), len(step.operands), len(part.guards)) == (MAX_RANK, MAX_CONCAT, MAX_GUARDS)
    assert record_fault(record + b"\x00", 1) is Fault.FORM
    assert len(encode_outputs(range(255))) < MAX_RECORD_BYTES
