"""Hardening finds where float32 cancels by itself, and changes nothing else."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.models.hardening import harden

WIDTH = 256


def _model(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray] | None = None) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, WIDTH])],
        [numpy_helper.from_array(values, name) for name, values in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _layer_norm() -> onnx.ModelProto:
    """The ill-conditioned way: E[x^2] - E[x]^2."""
    node = helper.make_node
    return _model(
        [
            node("ReduceMean", ["x"], ["mean"], axes=[1]),
            node("Mul", ["x", "x"], ["square"]),
            node("ReduceMean", ["square"], ["mean_square"], axes=[1]),
            node("Mul", ["mean", "mean"], ["square_mean"]),
            node("Sub", ["mean_square", "square_mean"], ["variance"]),
            node("Max", ["variance", "zero"], ["positive"]),
            node("Add", ["positive", "epsilon"], ["safe"]),
            node("Sqrt", ["safe"], ["deviation"]),
            node("Sub", ["x", "mean"], ["centred"]),
            node("Div", ["centred", "deviation"], ["y"]),
        ],
        {"zero": np.array(0, np.float32), "epsilon": np.array(1e-6, np.float32)},
    )


def _run(graph: bytes, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = onnxruntime.InferenceSession(graph).run(None, {"x": x})[0]
    return found


def test_a_cancelling_layer_norm_is_computed_in_float64() -> None:
    model = _layer_norm()
    hardened = harden(model)
    assert {"ReduceMean#0", "Mul#1", "ReduceMean#2", "Mul#3", "Sub#4", "Sqrt#7"} <= set(hardened.nodes)
    # Nearly constant: the variance is lost in the squares' rounding.
    x = (100 + np.random.default_rng(1).normal(0, 1e-3, (1, WIDTH))).astype(np.float32)
    wide = x.astype(np.float64)
    meant = (wide - wide.mean()) / np.sqrt(wide.var() + np.float32(1e-6))
    plain_drift = np.abs(_run(model.SerializeToString(), x) - meant).max()
    hardened_drift = np.abs(_run(hardened.graph, x) - meant).max()
    assert plain_drift > 0.1
    assert hardened_drift < plain_drift / 1000


def test_hardening_keeps_the_interface_and_the_file() -> None:
    model = _layer_norm()
    before = model.SerializeToString()
    made = onnx.load_model_from_string(harden(model).graph)
    assert model.SerializeToString() == before
    onnx.checker.check_model(made, full_check=True)
    assert [one.name for one in made.graph.input] == ["x"]
    assert [one.name for one in made.graph.output] == ["y"]
    assert made.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("Softmax", ["x"], ["y"], axis=1)],
        [
            helper.make_node("Exp", ["x"], ["e"]),
            helper.make_node("ReduceSum", ["e"], ["s"]),
            helper.make_node("Div", ["e", "s"], ["y"]),
        ],
        [helper.make_node("Relu", ["x"], ["y"])],
    ],
)
def test_what_does_not_cancel_is_left_alone(nodes: list[onnx.NodeProto]) -> None:
    model = _model(nodes)
    hardened = harden(model)
    assert hardened.nodes == ()
    assert hardened.graph == model.SerializeToString(deterministic=True)


def test_a_whole_layer_normalization_node_is_widened() -> None:
    weights = {"scale": np.ones(WIDTH, np.float32), "bias": np.zeros(WIDTH, np.float32)}
    model = _model([helper.make_node("LayerNormalization", ["x", "scale", "bias"], ["y"], axis=-1)], weights)
    hardened = harden(model)
    assert hardened.nodes == ("LayerNormalization#0",)
    x = np.random.default_rng(2).normal(size=(1, WIDTH)).astype(np.float32)
    assert np.allclose(_run(hardened.graph, x), _run(model.SerializeToString(), x), atol=1e-5)
