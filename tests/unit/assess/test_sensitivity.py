"""Slopes against finite differences of the evaluator, over every way in which steps read each other."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.assess.sensitivity import movement, slopes_of
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.program import Opcode

node = helper.make_node
RNG = np.random.default_rng(5)
WEIGHTS = {
    "w": RNG.normal(size=(6, 5)),
    "kernel": RNG.normal(size=(3, 2, 3, 3)),
    "places": np.array([3, 0, 3, 1]),
    "scale": RNG.normal(size=6),
    "bias": RNG.normal(size=6),
}
GRAPHS: dict[str, tuple[tuple[int, ...], list[onnx.NodeProto]]] = {
    "softmax": ((3, 6), [node("MatMul", ["x", "w"], ["m"]), node("Softmax", ["m"], ["y"], axis=-1)]),
    "layer norm": ((3, 6), [node("LayerNormalization", ["x", "scale", "bias"], ["n"]), node("Gelu", ["n"], ["y"])]),
    "attention": (
        (4, 6),
        [
            node("Transpose", ["x"], ["t"], perm=[1, 0]),
            node("MatMul", ["x", "t"], ["m"]),
            node("Softmax", ["m"], ["s"], axis=-1),
            node("MatMul", ["s", "x"], ["y"]),
        ],
    ),
    "convolution": (
        (1, 2, 6, 6),
        [
            node("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
            node("AveragePool", ["c"], ["a"], kernel_shape=[2, 2], pads=[1, 1, 0, 0]),
            node("MaxPool", ["c"], ["b"], kernel_shape=[2, 2], pads=[1, 1, 0, 0]),
            node("Concat", ["a", "b", "c"], ["y"], axis=1),
        ],
    ),
    "gather": ((4, 3), [node("Gather", ["x", "places"], ["g"], axis=0), node("Sin", ["g"], ["y"])]),
    "pole": ((2, 3), [node("Abs", ["x"], ["a"]), node("Sqrt", ["a"], ["s"]), node("Reciprocal", ["s"], ["y"])]),
    "reductions": (
        (2, 3, 4),
        [
            node("ReduceLogSumExp", ["x"], ["l"], keepdims=1),
            node("ReduceMean", ["x"], ["m"], keepdims=1),
            node("Div", ["x", "l"], ["d"]),
            node("Where", ["positive", "d", "m"], ["y"]),
        ],
    ),
}


def _model(shape: tuple[int, ...], nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    weights = [
        numpy_helper.from_array(v.astype(np.float64) if v.dtype.kind == "f" else v, n) for n, v in WEIGHTS.items()
    ]
    weights.append(numpy_helper.from_array(np.arange(24).reshape(2, 3, 4) % 3 > 0, "positive"))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, shape)],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, None)],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


@pytest.mark.parametrize("name", GRAPHS)
def test_slopes_are_those_of_finite_differences(name: str) -> None:
    shape, nodes = GRAPHS[name]
    program = lower(_model(shape, nodes)).program
    x = np.random.default_rng(3).normal(size=shape)
    trace = evaluate(program, {"x": x})
    load = next(number for number, step in enumerate(program.steps) if step.opcode is Opcode.LOAD)
    for element in (0, trace.outputs()["y"].size - 1):
        slopes = next(slope for number, slope, _ in slopes_of(trace, 0, element) if number == load)
        for place in range(x.size):
            moved = []
            for by in (1e-6, -1e-6):
                changed = x.copy()
                changed.reshape(-1)[place] += by
                moved.append(evaluate(program, {"x": changed}).outputs()["y"].reshape(-1)[element])
            assert slopes[place] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_the_gain_of_one_dot_is_its_tolerance() -> None:
    program = lower(_model((1, 6), [node("MatMul", ["x", "w"], ["y"])])).program
    x = np.random.default_rng(3).normal(size=(1, 6))
    sizes = np.abs(x[0] * WEIGHTS["w"][:, 2]).sum()
    assert movement(evaluate(program, {"x": x}), 0, 2).gain == pytest.approx((6 + 8) * 2.0**-52 * sizes)


def test_exact_steps_give_nothing_away() -> None:
    program = lower(_model((2, 3), [node("Abs", ["x"], ["y"])])).program
    assert movement(evaluate(program, {"x": np.ones((2, 3))}), 0, 0).gain == 0
