"""Layer norms are recognised in canonical programs, however they are written, and nothing else is taken for one."""

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.program import Program
from atomic_verify.models.critical.part import feature_range
from tests.support.onnx_graphs import make, node

WIDTH = 64
GAMMA = np.linspace(-1.5, 2, WIDTH).astype(np.float32)
BETA = np.linspace(0.5, -0.25, WIDTH).astype(np.float32)
SIZES = np.abs(GAMMA) * WIDTH**0.5 + np.abs(BETA)
EXACTLY = pytest.approx(float(SIZES.max()), rel=1e-9)
NORM = float(2 * WIDTH**0.5 + np.linalg.norm(BETA.astype(np.float64)))
WEIGHTS = {
    "gamma": GAMMA, "beta": BETA, "zero": np.float32(0), "epsilon": np.float32(1e-5), "share": np.float32(1 / WIDTH),
}  # fmt: skip


def program(nodes: Sequence[onnx.NodeProto], rows: int = 1, **changes: np.float32 | np.ndarray) -> Program:
    shape = (rows, WIDTH)
    inputs, outputs = [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)]
    model = make(nodes, inputs, outputs, WEIGHTS | changes)
    return lower(model.SerializeToString()).program


def one_pass(
    centre: str = "t", of: str = "t", mean: str = "mean", squares: str = "squares", axis: int = 1, last: str = "z"
) -> list[onnx.NodeProto]:
    """E[x^2] - E[x]^2 of t = tanh(x), with places to get it wrong."""
    return [
        node("Tanh", ["x"], ["t"]),
        node("Mul", ["t", "t"], ["squares"]),
        node("Mul", ["t", "x"], ["products"]),
        node("ReduceSum", [of, "axes"], ["sum"]),
        node("Mul", ["sum", "share"], ["mean"]),
        node("ReduceSum", [squares, "axes"], ["total"]),
        node("Mul", ["total", "share"], ["of_squares"]),
        node("Mul", ["mean", mean], ["square"]),
        node("Sub", ["of_squares", "square"], ["difference"]),
        node("Max", ["zero", "difference"], ["variance"]),
        node("Add", ["variance", "epsilon"], ["safe"]),
        node("Sqrt", ["safe"], ["deviation"]),
        node("Reciprocal", ["deviation"], ["inverse"]),
        node("Mul", ["inverse", "gamma"], ["factor"]),
        node("Sub", [centre, "mean"], ["centred"]),
        node("Mul", ["centred", "factor"], ["z"]),
        node("Add", [last, "beta"], ["y"]),
    ]


AXES = {"axes": np.array([1])}
FUSED = [node("LayerNormalization", ["x", "gamma", "beta"], ["y"], axis=-1)]


@pytest.mark.parametrize(("nodes", "weights"), [(one_pass(), AXES), (FUSED, {})])
def test_features_behind_a_layer_norm_have_its_bounds(nodes: list[onnx.NodeProto], weights: dict) -> None:
    made = program(nodes, **weights)
    largest, norm = feature_range(made, made.outputs[0].step)
    assert largest == EXACTLY
    assert norm == pytest.approx(NORM, rel=1e-6)


@pytest.mark.parametrize(("nodes", "weights"), [(one_pass(), AXES), (FUSED, {})])
def test_no_item_goes_beyond_them(nodes: list[onnx.NodeProto], weights: dict) -> None:
    made = program(nodes, **weights)
    largest, norm = feature_range(made, made.outputs[0].step)
    random, run = np.random.default_rng(4), PreparedProgram(made)
    spike = np.zeros((1, WIDTH), np.float32)
    spike[0, int(np.argmax(SIZES))] = 1e3
    nearly = 1 + random.normal(0, 1e-7, (1, WIDTH))
    found = []
    for x in (spike, -spike, nearly, nearly * 1e6, random.normal(0, 1e30, (1, WIDTH)), np.ones((1, WIDTH))):
        with run.evaluate({"x": x.astype(np.float32)}) as trace:
            y = trace.outputs()["y"]
        found.append(float(np.abs(y).max()))
        assert found[-1] <= largest
        assert float(np.linalg.norm(y)) <= norm
    # The bound is the least one that holds: a single spike comes to it.
    assert max(found) > 0.98 * largest


def test_every_row_counts_for_the_norm() -> None:
    made = program(one_pass(), rows=3, **AXES)
    largest, norm = feature_range(made, made.outputs[0].step)
    assert largest == EXACTLY
    assert norm == pytest.approx(2 * (3 * WIDTH) ** 0.5 + float(np.linalg.norm(np.tile(BETA, 3))), rel=1e-6)


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        pytest.param(one_pass(of="x"), AXES, id="mean of something else"),
        pytest.param(one_pass(mean="sum"), AXES, id="mean times sum"),
        pytest.param(one_pass(squares="products"), AXES, id="other squares"),
        pytest.param(one_pass(centre="x"), AXES, id="something else centred"),
        pytest.param(one_pass(), AXES | {"share": np.float32(2 / WIDTH)}, id="not the mean"),
        pytest.param(one_pass(), AXES | {"epsilon": np.float32(0)}, id="no epsilon"),
        pytest.param(one_pass(), AXES | {"epsilon": np.float32(1e-15)}, id="epsilon below what float64 loses"),
    ],
)
def test_what_is_no_layer_norm_has_no_such_bounds(nodes: list[onnx.NodeProto], weights: dict) -> None:
    made = program(nodes, rows=WIDTH, **weights)
    largest, _ = feature_range(made, made.outputs[0].step)
    assert largest > 1.1 * float(SIZES.max())


def test_cancellation_of_large_numbers_is_not_trusted() -> None:
    """Without the tanh nothing bounds x, and E[x^2] - E[x]^2 loses all."""
    nodes = [one if one.op_type != "Tanh" else node("Identity", ["x"], ["t"]) for one in one_pass()]
    made = program(nodes, **AXES)
    largest, _ = feature_range(made, made.outputs[0].step)
    assert largest > 1e30
    x = np.full((1, WIDTH), 1e8, np.float32)
    x[0, 0] = np.nextafter(np.float32(1e8), np.float32(2e8))
    with PreparedProgram(made).evaluate({"x": x}) as trace:
        assert float(np.abs(trace.outputs()["y"]).max()) > SIZES.max()


@pytest.mark.parametrize(
    ("nodes", "largest"),
    [
        ([node("Tanh", ["x"], ["y"])], 1.0),
        ([node("Sigmoid", ["x"], ["y"])], 1.0),
        ([node("Erf", ["x"], ["y"])], 1.0),
        ([node("Tanh", ["x"], ["t"]), node("Add", ["t", "beta"], ["y"])], 1.5),
        ([node("Clip", ["x", "zero", "epsilon"], ["y"])], 1e-5),
        ([node("Softmax", ["x"], ["y"], axis=1)], None),
    ],
)
def test_other_features_are_bounded_where_their_function_is(nodes: list[onnx.NodeProto], largest: float | None) -> None:
    made = program(nodes)
    found, norm = feature_range(made, made.outputs[0].step)
    if largest is not None:
        assert found == pytest.approx(largest, rel=1e-6)
        assert norm == pytest.approx(largest * WIDTH**0.5, rel=1e-6)
