"""Running programs: what is kept, where it lies, what an item must be, and sums that overflow on the way."""

import math
from pathlib import Path

import numpy as np
import pytest

from atomic_verify.canonical import evaluate as module
from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import EvaluationFailed
from atomic_verify.canonical.evaluate import Keep, PreparedProgram, evaluate
from atomic_verify.canonical.law import element_law
from atomic_verify.canonical.program import LARGEST, Array, DType64, Function, Opcode, Operand, Program, Source, Step
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import DType


def small_program(size: int = 6) -> Program:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (size,))
    constant = builder.map(Function.EXP, builder.weight(np.arange(float(size))))
    y = builder.map(Function.ADD, builder.map(Function.MUL, x, constant), builder.scalar(1.0))
    return builder.finish([("y", y, DType.FLOAT, (size,))])


def item(size: int = 6) -> dict[str, Array]:
    return {"x": np.arange(size, dtype=np.float32)}


def obeys(program: Program, trace: Trace) -> bool:
    return all(
        element_law(program, trace, number, element).allows(committed)
        for number in range(len(program.steps))
        for element, committed in enumerate(trace.tensor(number).reshape(-1).tolist())
    )


def test_outputs_have_their_declared_shape_and_type() -> None:
    trace = evaluate(small_program(), item())
    expected = np.arange(6.0) * np.exp(np.arange(6.0)) + 1
    np.testing.assert_allclose(trace.outputs()["y"], expected, rtol=1e-15)
    assert trace.answer()["y"].dtype == np.float32


def test_keeping_only_outputs_frees_the_rest() -> None:
    program = small_program()
    trace = evaluate(program, item(), Keep.OUTPUTS)
    kept = [number for number, tensor in enumerate(trace.tensors) if tensor is not None]
    assert kept == [program.outputs[0].step]
    with pytest.raises(KeyError):
        trace.tensor(0)


def test_steps_without_inputs_run_once() -> None:
    prepared = PreparedProgram(small_program())
    exp = next(n for n, step in enumerate(prepared.program.steps) if step.function is Function.EXP)
    first, second = prepared.evaluate(item()), prepared.evaluate(item())
    assert np.shares_memory(first.tensor(exp), second.tensor(exp))
    assert not np.shares_memory(first.tensor(exp + 1), second.tensor(exp + 1))


def test_a_trace_beyond_the_memory_limit_lies_on_disk_and_goes_with_it(tmp_path: Path) -> None:
    program = small_program(5000)
    with PreparedProgram(program).evaluate(item(5000), memory_limit=50_000, directory=tmp_path) as trace:
        assert trace.storage.bytes_in_memory <= 50_000
        assert trace.storage.bytes_on_disk > 0
        assert trace.storage.bytes_in_memory + trace.storage.bytes_on_disk >= 3 * 40_000
        assert list(tmp_path.iterdir())
        expected = evaluate(program, item(5000))
        for number in range(len(program.steps)):
            assert trace.tensor(number).tobytes() == expected.tensor(number).tobytes()
    assert not list(tmp_path.iterdir())


def test_an_earlier_trace_is_never_overwritten() -> None:
    prepared = PreparedProgram(small_program(5000))
    first = prepared.evaluate(item(5000))
    view, copy = first.tensor(0)[10:20], first.tensor(0)[10:20].copy()
    del first
    for value in range(3):
        prepared.evaluate({"x": np.full(5000, value, np.float32)})
    assert view.tolist() == copy.tolist()


def test_a_trace_can_not_be_written_to() -> None:
    trace = evaluate(small_program(), item())
    with pytest.raises(ValueError, match="read-only"):
        trace.tensor(0)[0] = 1


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"x": np.zeros(6, np.float32), "z": np.zeros(1)},
        {"x": np.zeros(6, np.float64)},
        {"x": np.zeros(7, np.float32)},
        {"x": np.zeros((1, 6), np.float32)},
    ],
)
def test_an_item_must_be_exactly_the_signature(inputs: dict[str, Array]) -> None:
    with pytest.raises(EvaluationFailed):
        evaluate(small_program(), inputs)


def test_any_byte_order_and_layout_of_an_input_will_do() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (2, 3))
    program = builder.finish([("y", x.perm([1, 0]), DType.FLOAT, (3, 2))])
    values = np.arange(6, dtype=">f4").reshape(3, 2).T
    assert evaluate(program, {"x": values}).outputs()["y"].tolist() == values.T.tolist()


def test_a_process_that_flushes_subnormals_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_keeps_subnormals", lambda: False)
    with pytest.raises(EvaluationFailed, match="subnormal"):
        PreparedProgram(small_program())


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (DType.FLOAT, [np.nan, np.inf, -np.inf, -0.0, 1.5], [0.0, LARGEST, -LARGEST, 0.0, 1.5]),
        (DType.FLOAT16, [np.nan, np.inf, 65504.0, 6e-8, -1.0], [0.0, LARGEST, 65504.0, 5.960464477539063e-08, -1.0]),
        (DType.BFLOAT16, [np.nan, np.inf, 1.0, 3.0, -1.0], [0.0, LARGEST, 1.0, 3.0, -1.0]),
        (DType.UINT64, [2**64 - 1, 2**63, 1, 0, 5], [-1, -(2**63), 1, 0, 5]),
        (DType.INT8, [-128, 127, 0, 1, 2], [-128, 127, 0, 1, 2]),
        (DType.BOOL, [True, False, True, True, False], [1, 0, 1, 1, 0]),
    ],
)
def test_loads_widen_every_type(dtype: DType, values: list[float], expected: list[float]) -> None:
    builder = Builder()
    x = builder.input("x", dtype, (5,))
    wide = DType.DOUBLE if x.dtype is DType64.FLOAT else DType.INT64
    program = builder.finish([("y", x, wide, (5,))])
    found = evaluate(
        program,
        {"x": np.array(values).astype(dtype.numpy) if dtype is not DType.UINT64 else np.array(values, np.uint64)},
    )
    assert found.outputs()["y"].tolist() == expected


def reduction(opcode: Opcode, *rows: list[float]) -> float:
    """One element of a reduction over constants."""
    terms = len(rows[0])
    weights = tuple(np.array(row) for row in rows)
    dtype = DType64.FLOAT if weights[0].dtype.kind == "f" else DType64.INT
    fill = 0.0 if dtype is DType64.FLOAT else 0
    operands = tuple(Operand(Source.WEIGHT, dtype, n, terms, 0, (1,), (), fill) for n in range(len(rows)))
    step = Step(opcode, dtype, (), operands, reduction=(terms,))
    program = Program((), weights, (step,), ())
    trace = evaluate(program, {})
    assert obeys(program, trace)
    value: float = trace.tensor(0).item()
    return value


def test_sums_that_overflow_on_the_way_come_out_right() -> None:
    assert reduction(Opcode.SUM, [LARGEST, LARGEST, -LARGEST, -LARGEST, 1.0]) == pytest.approx(0.0, abs=1e296)
    assert reduction(Opcode.SUM, [LARGEST, LARGEST]) == LARGEST
    assert reduction(Opcode.SUM, [-LARGEST] * 20) == -LARGEST
    assert math.isfinite(reduction(Opcode.DOT, [1e200, 1e200, 3.0], [1e200, -1e200, 1.0]))
    assert reduction(Opcode.DOT, [1e200, 1e200], [1e200, 1e200]) == LARGEST
    assert reduction(Opcode.DOT, [LARGEST, 5e-324], [-LARGEST, 5e-324]) == -LARGEST
    assert reduction(Opcode.DOT, [5e-324] * 40, [0.5] * 40) >= 0


def test_integer_sums_wrap() -> None:
    assert reduction(Opcode.SUM, [2**63 - 1, 1]) == -(2**63)
    assert reduction(Opcode.DOT, [2**62, 2**40], [2, 2**40]) == -(2**63)
    assert reduction(Opcode.DOT, [3, -4], [5, 6]) == -9
    assert reduction(Opcode.MAX, [-(2**63), 5, 7]) == 7
    assert reduction(Opcode.MIN, [-(2**63), 5, 7]) == -(2**63)
