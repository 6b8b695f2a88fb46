"""ONNX graphs for tests, made by hand in a line or two, and executables of them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.commitments import DType, Signature, TensorSpec
from atomic_verify.models import Executable
from atomic_verify.models.parts import Stacking

OPSET, IR_VERSION = 17, 8
Tensor = tuple[str, int, Sequence[int | str]]
"""Name, ONNX element type, dimensions; a string is a dimension left open."""


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


def make(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Tensor] = (("x", TensorProto.FLOAT, (1, 4)),),
    outputs: Sequence[Tensor] = (("y", TensorProto.FLOAT, (1, 4)),),
    weights: Mapping[str, Any] | None = None,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """A model of these nodes; not checked in any way."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)


def signature(*tensors: tuple[str, DType, tuple[int, ...]]) -> Signature:
    return Signature(tuple(TensorSpec(*tensor) for tensor in tensors))


X = signature(("x", DType.FLOAT, (1, 4)))
Y = signature(("y", DType.FLOAT, (1, 4)))


def executable(
    model: onnx.ModelProto, inputs: Signature = X, outputs: Signature = Y, stacking: Stacking | None = None
) -> Executable:
    graph = model.SerializeToString()
    return Executable(
        "test", graph, hashlib.sha256(graph).hexdigest(), inputs, outputs, stacking or Stacking(cpu=1, cuda=1)
    )


def data_shaped() -> onnx.ModelProto:
    """y float32[1, 4 + the largest |x|]: of the declared shape only while |x| is 0."""
    nodes = [
        node("Abs", ["x"], ["a"]),
        node("Ceil", ["a"], ["c"]),
        node("ReduceMax", ["c"], ["m"], keepdims=0),
        node("Cast", ["m"], ["i"], to=TensorProto.INT64),
        node("Unsqueeze", ["i", "zero"], ["extra"]),
        node("Add", ["extra", "four"], ["length"]),
        node("Concat", ["one", "length"], ["s"], axis=0),
        node("ConstantOfShape", ["s"], ["y"]),
    ]
    weights = {"zero": np.array([0]), "four": np.array([4]), "one": np.array([1])}
    return make(nodes, outputs=[("y", TensorProto.FLOAT, (1, "m"))], weights=weights)
