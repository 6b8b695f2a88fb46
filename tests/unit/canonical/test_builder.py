"""What the builder makes of operations: few steps, few copies, and typed refusals."""

import pickle

import numpy as np
import pytest

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode, Program, Source
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType


def finish(builder: Builder, view: View) -> Program:
    dtype = DType.DOUBLE if view.dtype is DType64.FLOAT else DType.INT64
    return builder.finish([("y", view, dtype, view.shape)])


def opcodes(program: Program) -> list[str]:
    return [step.opcode.name for step in program.steps]


def test_accesses_cost_no_step() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (4, 6))
    view = x.perm([1, 0]).take(0, 5, 3, -2).unsqueeze([1]).expand((2, 3, 5, 4))
    program = finish(builder, builder.map(Function.NEG, view))
    assert opcodes(program) == ["LOAD", "MAP"]


def test_equal_steps_are_emitted_once_and_unused_ones_dropped() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (4,))
    builder.map(Function.SQRT, builder.weight(np.arange(4.0)))
    builder.map(Function.ABS, x)
    total = builder.map(Function.ADD, builder.map(Function.NEG, x), builder.map(Function.NEG, x))
    program = finish(builder, total)
    assert opcodes(program) == ["LOAD", "MAP", "MAP"]
    assert program.weights == ()


def test_dimensions_are_merged() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (2, 3, 4, 5))
    y = builder.map(Function.ADD, x, builder.weight(np.arange(20.0).reshape(4, 5)))
    assert finish(builder, y).steps[-1].shape == (6, 20)


def test_constants_are_folded_by_exact_functions_only() -> None:
    builder = Builder()
    a = builder.map(Function.DIV, builder.weight(np.arange(4.0)), builder.scalar(3.0))
    value = builder.value(a)
    assert value is not None
    assert value.tolist() == (np.arange(4.0) / 3.0).tolist()
    assert builder.value(builder.map(Function.EXP, a)) is None
    assert builder.value(builder.reduce(Opcode.SUM, a, [0])) is None
    assert builder.map(Function.ADD, builder.scalar(2**63 - 1), builder.scalar(1)).fill == -(2**63)


def test_weights_are_widened_and_stored_once() -> None:
    builder = Builder()
    first = builder.weight(np.array([1.5, np.inf, -np.inf], np.float32))
    assert builder.weight(np.array([1.5, LARGEST, -LARGEST])) == first
    assert builder.value(builder.weight(np.array([2**64 - 1, 3], np.uint64))).tolist() == [-1, 3]  # type: ignore[union-attr]
    assert builder.weight(np.full((3, 4), 2, np.int8)) == View.immediate(2, DType64.INT, (3, 4))
    assert builder.weight(np.array([True, False])).dtype is DType64.INT
    assert len(builder.weights) == 3


def test_what_can_not_be_a_constant() -> None:
    builder = Builder()
    for array in (np.array([1.0, np.nan]), np.zeros((0, 3)), np.array(["a"]), np.array([1j])):
        with pytest.raises(Unsupported):
            builder.weight(array)


def test_matmul_by_a_weight_copies_nothing_at_run_time() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (3, 64))
    program = finish(builder, builder.matmul(x, builder.weight(np.arange(640.0).reshape(64, 10))))
    assert opcodes(program) == ["LOAD", "DOT"]


def test_long_sums_are_split_evenly_where_they_can() -> None:
    for terms, expected in ((512, [512]), (768, [384, 2]), (1536, [512, 3])):
        builder = Builder()
        x = builder.input("x", DType.FLOAT, (3, terms))
        program = finish(builder, builder.reduce(Opcode.SUM, x, [1]))
        assert [step.terms for step in program.steps if step.opcode is Opcode.SUM] == expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [(449, [449]), (450, [225]), (500, [250]), (512, [512]), (1000, [250]), (1024, [512]), (1021, [448, 125])],
)
def test_a_dot_reads_segments_of_at_most_eight_leaves(terms: int, expected: list[int]) -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (3, terms))
    weight = builder.weight(np.random.default_rng(terms).normal(size=(terms, 5)))
    program = finish(builder, builder.matmul(x, weight))
    dots = [step for step in program.steps if step.opcode is Opcode.DOT]
    assert [step.terms for step in dots] == expected
    for step in dots:
        for operand in step.operands:
            starts = {
                (operand.base + sum(s * i for s, i in zip(operand.strides, index, strict=False))) % 64
                for index in np.ndindex(*step.shape)
            }
            assert max(start + step.terms for start in starts) <= 8 * 64


def test_channels_last_convolutions_follow_each_other_with_one_copy_each() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (1, 32, 8, 8))
    for _ in range(3):
        x = builder.pad(x, [0, 0, 1, 1], [0, 0, 1, 1], 0.0)
        x = builder.conv(x, builder.weight(np.random.default_rng(1).normal(size=(32, 32, 3, 3))), [1, 1], [1, 1])
        x = builder.map(Function.MAX, x, builder.scalar(0.0))
    program = finish(builder, x)
    assert opcodes(program).count("COPY") == 3 + 1  # the last one makes the output row-major again
    assert opcodes(program).count("DOT") == 3


def test_a_one_by_one_convolution_needs_no_copy_after_another() -> None:
    builder = Builder()
    random = np.random.default_rng(2)
    x = builder.input("x", DType.FLOAT, (1, 8, 5, 5))
    x = builder.conv(x, builder.weight(random.normal(size=(16, 8, 1, 1))), [1, 1], [1, 1])
    x = builder.conv(x, builder.weight(random.normal(size=(4, 16, 1, 1))), [1, 1], [1, 1])
    program = finish(builder, builder.reduce(Opcode.MAX, x, [1]))
    assert opcodes(program) == ["LOAD", "COPY", "DOT", "DOT", "MAX"]


def test_more_than_sixteen_parts_are_joined_in_a_tree() -> None:
    builder = Builder()
    x = builder.input("x", DType.INT64, (40, 2))
    program = finish(builder, builder.concat([x.take(0, 39 - n, 1) for n in range(40)], 0))
    values = np.arange(80).reshape(40, 2)
    assert evaluate(program, {"x": values}).outputs()["y"].tolist() == values[::-1].tolist()


def test_more_than_three_padded_axes_take_a_copy() -> None:
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (2, 2, 2, 2, 2))
    program = finish(builder, builder.pad(x, [1] * 5, [0] * 5, 7.0))
    values = np.arange(32.0).reshape((2,) * 5)
    expected = np.pad(values, [(1, 0)] * 5, constant_values=7.0)
    assert evaluate(program, {"x": values}).outputs()["y"].tolist() == expected.tolist()


def test_known_indices_in_a_progression_are_a_slice() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (8,))
    taken = builder.gather(x, builder.weight(np.array([6, 4, 2])), 0)
    assert (taken.source, taken.strides, taken.base) == (Source.STEP, (-2,), 6)


def test_an_index_out_of_range_reads_zero() -> None:
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (3, 2))
    j = builder.input("j", DType.INT64, (4,))
    program = finish(builder, builder.gather(x, j, 0))
    found = evaluate(program, {"x": np.arange(1.0, 7.0).reshape(3, 2), "j": np.array([2, -1, 3, 0])})
    assert found.outputs()["y"].tolist() == [[5.0, 6.0], [0.0, 0.0], [0.0, 0.0], [1.0, 2.0]]


def test_a_rank_beyond_ten_is_refused_with_its_node() -> None:
    builder = Builder()
    builder.node = "Transpose_3"
    x = builder.input("x", DType.FLOAT, (2,) * 10)
    wide = x.perm(list(range(9, -1, -1))).unsqueeze([10]).expand((2,) * 10 + (3,))
    with pytest.raises(Unsupported) as caught:
        builder.map(Function.ADD, wide, builder.input("z", DType.FLOAT, (3,)))
    assert caught.value.node == "Transpose_3"


def test_functions_of_wrong_types_and_empty_tensors_are_refused() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (3,))
    with pytest.raises(Unsupported):
        builder.map(Function.ADD, x, builder.scalar(1))
    with pytest.raises(Unsupported):
        builder.map(Function.ADD, x, builder.weight(np.arange(4.0)))
    with pytest.raises(Unsupported):
        builder.dot(x, builder.weight(np.arange(3)))
    with pytest.raises(Unsupported):
        builder.gather(x, x)
    for wrong in (builder.full(1, (3,)), builder.full(1.0, (3, 1))):
        with pytest.raises(Unsupported):
            builder.concat([x, wrong], 0)
    with pytest.raises(Unsupported):
        builder.concat([x.unsqueeze([0]), builder.full(1.0, (1, 4))], 0)
    with pytest.raises(Unsupported):
        builder.input("e", DType.FLOAT, (0, 3))
    with pytest.raises(Unsupported):
        builder.finish([("y", x, DType.INT64, (3,))])
    with pytest.raises(Unsupported):
        builder.finish([("y", x, DType.FLOAT, (1, 3))])


def test_unsupported_tells_all_its_parts_and_survives_pickling() -> None:
    error = Unsupported("Conv", "Conv_7", "auto_pad", "SAME with dilations", hint="pad explicitly")
    assert str(error) == "Conv 'Conv_7' auto_pad: SAME with dilations"
    again = pickle.loads(pickle.dumps(error))
    assert (again.to_json(), again.attribute) == (error.to_json(), "auto_pad")
