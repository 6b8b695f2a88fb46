"""Values that break naive arithmetic, each through evaluator and law: nothing escapes judgement, and no committed value
is ever NaN or infinite."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import check_element, element_law
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode, Scalar
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

LEAST = 5e-324


def judged(builder: Builder, view: View, **inputs: Sequence[Scalar]) -> list[Scalar]:
    """The output's elements, once the law allows each and refuses NaN and the infinities in its place."""
    wide = DType.DOUBLE if view.dtype is DType64.FLOAT else DType.INT64
    program = builder.finish([("y", view, wide, view.shape)])
    types = {spec.name: spec.dtype.numpy for spec in program.inputs}
    item = {name: np.array(values, types[name]) for name, values in inputs.items() if name in types}
    trace = evaluate(program, item)
    for number in range(len(program.steps)):
        for element, committed in enumerate(trace.tensor(number).reshape(-1).tolist()):
            assert math.isfinite(committed)
            assert check_element(program, trace, number, element, committed)
            for hostile in (math.nan, math.inf, -math.inf):
                assert not check_element(program, trace, number, element, hostile)
    found: list[Scalar] = trace.outputs()["y"].reshape(-1).tolist()
    return found


def mapped(function: Function, *operands: Scalar) -> Scalar:
    """A function of single values that come as the job's inputs."""
    builder = Builder()
    views = [
        builder.input(f"x{n}", DType.DOUBLE if isinstance(x, float) else DType.INT64, (1,))
        for n, x in enumerate(operands)
    ]
    return judged(builder, builder.map(function, *views), **{f"x{n}": [x] for n, x in enumerate(operands)})[0]


def reduced(opcode: Opcode, *rows: Sequence[float]) -> Scalar:
    builder = Builder()
    views = [builder.input(f"x{n}", DType.DOUBLE, (len(row),)) for n, row in enumerate(rows)]
    view = builder.dot(*views) if opcode is Opcode.DOT else builder.reduce(opcode, views[0], [0])
    return judged(builder, view, **{f"x{n}": row for n, row in enumerate(rows)})[0]


def test_nan_and_infinities_of_an_input() -> None:
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (3,))
    assert judged(builder, x, x=[math.nan, math.inf, -math.inf]) == [0.0, LARGEST, -LARGEST]


def test_negative_zero() -> None:
    assert mapped(Function.DIV, 1.0, -0.0) == LARGEST
    assert mapped(Function.EQ, -0.0, 0.0) == 1
    assert mapped(Function.POW, -0.0, -1.0) == 0.0
    assert mapped(Function.LOG, -0.0) == -LARGEST
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (1,))
    program = builder.finish([("y", builder.map(Function.NEG, x), DType.DOUBLE, (1,))])
    trace = evaluate(program, {"x": np.zeros(1)})
    assert all(check_element(program, trace, len(program.steps) - 1, 0, zero) for zero in (0.0, -0.0))


def test_subnormals() -> None:
    assert mapped(Function.MUL, 2.0**-1022, 0.5) == 2.0**-1023
    assert mapped(Function.ADD, LEAST, LEAST) == 2 * LEAST
    assert mapped(Function.DIV, LEAST, 2.0) == 0.0
    assert mapped(Function.EXP, -745.0) == LEAST
    assert mapped(Function.SQRT, LEAST) == math.sqrt(LEAST)
    assert reduced(Opcode.DOT, [2.0**-1000, 2.0**-1000], [2.0**-60, 2.0**-60]) == 2.0**-1059
    assert reduced(Opcode.SUM, [LEAST] * 9) == 9 * LEAST


def test_largest_finite() -> None:
    assert mapped(Function.ADD, LARGEST, LARGEST) == LARGEST
    assert mapped(Function.SUB, -LARGEST, LARGEST) == -LARGEST
    assert mapped(Function.ADD, LARGEST, 1.0) == LARGEST
    assert reduced(Opcode.SUM, [LARGEST, LARGEST]) == LARGEST
    assert reduced(Opcode.DOT, [LARGEST, 1.0], [-LARGEST, 1.0]) == -LARGEST
    assert reduced(Opcode.MAX, [-LARGEST, LARGEST]) == LARGEST


def test_cancellation() -> None:
    assert mapped(Function.SUB, 1.0 + 2.0**-52, 1.0) == 2.0**-52
    assert mapped(Function.SUB, 1e300, 1e300) == 0.0
    assert reduced(Opcode.SUM, [1e16, 1.0, -1e16]) == pytest.approx(1.0, abs=1e2)
    assert reduced(Opcode.SUM, [LARGEST, LARGEST, -LARGEST, -LARGEST]) == 0.0


def test_zero_times_huge() -> None:
    assert mapped(Function.MUL, 0.0, LARGEST) == 0.0
    assert reduced(Opcode.DOT, [0.0, 3.0], [LARGEST, LEAST]) == 3 * LEAST
    assert reduced(Opcode.DOT, [0.0, 1.0, 0.0], [LARGEST, 2.0**-30, -LARGEST]) == 2.0**-30


def test_exp_overflow() -> None:
    assert mapped(Function.EXP, 709.79) == LARGEST
    assert mapped(Function.EXP, LARGEST) == LARGEST
    assert mapped(Function.EXP, -LARGEST) == 0.0


def test_log_of_zero_and_below() -> None:
    assert mapped(Function.LOG, 0.0) == -LARGEST
    assert mapped(Function.LOG, -5.0) == -LARGEST


def test_root_of_a_negative() -> None:
    assert mapped(Function.SQRT, -1.0) == 0.0
    assert mapped(Function.SQRT, -LEAST) == 0.0


def test_domain_of_pow() -> None:
    assert mapped(Function.POW, -8.0, 1.0 / 3.0) == 0.0
    assert mapped(Function.POW, 0.0, -1.0) == 0.0
    assert mapped(Function.POW, 0.0, 0.0) == 1.0
    assert mapped(Function.POW, -1.0, LARGEST) == 1.0
    assert mapped(Function.POW, -2.0, 1025.0) == -LARGEST
    assert mapped(Function.POW, LEAST, 0.5) == pytest.approx(math.sqrt(LEAST))


def test_division_by_zero() -> None:
    assert [mapped(Function.DIV, x, 0.0) for x in (3.0, -3.0, 0.0)] == [LARGEST, -LARGEST, 0.0]
    assert [mapped(Function.DIV, x, 0) for x in (3, -3, 0)] == [0, 0, 0]
    assert [mapped(f, x, type(x)(0)) for f in (Function.MOD, Function.FMOD) for x in (3, 3.5)] == [0, 0.0, 0, 0.0]


def test_integer_overflow() -> None:
    assert mapped(Function.ADD, 2**63 - 1, 1) == -(2**63)
    assert mapped(Function.MUL, 2**63 - 1, 2) == -2
    assert mapped(Function.DIV, -(2**63), -1) == -(2**63)
    assert mapped(Function.MOD, -(2**63), -1) == 0
    builder = Builder()
    x = builder.input("x", DType.INT64, (3,))
    assert judged(builder, builder.dot(x, x), x=[2**62, 2**40, 3]) == [2**80 % 2**64 + 9]


def test_casts_out_of_range() -> None:
    assert mapped(Function.FLOAT_TO_INT, 2.0**63) == 2**63 - 1
    assert mapped(Function.FLOAT_TO_INT, -LARGEST) == -(2**63)
    assert mapped(Function.FLOAT_TO_INT, -0.9) == 0
    assert mapped(Function.INT_TO_FLOAT, 2**63 - 1) == 2.0**63


def test_gather_out_of_range() -> None:
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (3,))
    j = builder.input("j", DType.INT64, (5,))
    found = judged(builder, builder.gather(x, j, 0), x=[1.0, 2.0, 3.0], j=[-1, 3, 2**63 - 1, -(2**63), 1])
    assert found == [0.0, 0.0, 0.0, 0.0, 2.0]


def test_angles_beyond_two_to_the_thirtysecond() -> None:
    assert mapped(Function.SIN, 2.0**32) == mapped(Function.COS, -(2.0**32)) == 0.0
    assert mapped(Function.SIN, math.pi) == pytest.approx(1.2246467991473532e-16, rel=2**-44)
    assert mapped(Function.COS, 2.0**32 - 1) == pytest.approx(math.cos(2.0**32 - 1), rel=2**-44)


def test_a_shift_that_makes_a_gather_leave_its_tensor_reads_zero_not_a_neighbour() -> None:
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (2, 3))
    j = builder.input("j", DType.INT64, (1,))
    assert judged(builder, builder.gather(x, j, 1), x=np.arange(6.0).reshape(2, 3).tolist(), j=[3]) == [0.0, 0.0]


def test_the_law_of_an_element_outside_the_step_is_an_error() -> None:
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (3,))
    program = builder.finish([("y", x, DType.DOUBLE, (3,))])
    trace = evaluate(program, {"x": np.zeros(3)})
    for element in (-1, 3):
        with pytest.raises(IndexError):
            element_law(program, trace, 0, element)
