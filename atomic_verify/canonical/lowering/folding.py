"""Arithmetic on tensors that are known already, in ONNX's own types, by onnx's reference implementation.

Shapes, axes and scales are computed in models by ordinary nodes: `Floor(Mul(Cast(Shape), 0.7))` must round in float32
as it does in onnxruntime. Only small tensors and only operations that IEEE 754 and integer arithmetic determine to the
bit are done so; everything else becomes steps, since everybody must derive the same program.
"""

import math
import warnings
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import Array

_ELEMENTS = 4096
_RESULT = 2**20
_MOVES = {"Concat", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "Reshape", "ScatterElements"}
_MOVES |= {"ScatterND", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze", "Where", "Compress", "NonZero"}
_EXACT = {"Abs", "Add", "And", "Cast", "Ceil", "Clip", "Div", "Equal", "Floor", "Greater", "GreaterOrEqual", "Less"}
_EXACT |= {"LessOrEqual", "Max", "Min", "Mul", "Neg", "Not", "Or", "Reciprocal", "Round", "Sign", "Sqrt", "Sub", "Xor"}
_INTEGER = {"CumSum", "Mod", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "ArgMax", "ArgMin"}


def fold(node: NodeContext) -> list[Value] | None:
    """The outputs, if all inputs are known and small and the operation is exact; else None."""
    arrays = _arrays(node)
    if arrays is None or not _exact(node, arrays):
        return None
    try:
        results = _run(node, arrays)
    except Exception:
        return None  # a node that contradicts its inputs: the rule says what is wrong
    if any(result.dtype.kind == "f" and not np.isfinite(result).all() for result in results):
        return None
    return [Value.of(result) for result in results]


def _arrays(node: NodeContext) -> dict[str, Array] | None:
    found: dict[str, Array] = {}
    # However inputs are broadcast or indexed by each other, the result is no larger than all their sizes multiplied.
    largest = math.prod(max(1, math.prod(value.shape)) for value in node.inputs if value is not None)
    if largest > _RESULT:
        return None
    for name, value in zip(node.node.input, node.inputs, strict=True):
        if value is None:
            continue
        known = value.known(node.builder) if math.prod(value.shape) <= _ELEMENTS else None
        if known is None:
            return None
        found[name] = known
    return found or None


def _exact(node: NodeContext, arrays: dict[str, Array]) -> bool:
    operator = node.operator
    if operator in _MOVES:
        return True
    if operator == "Cast" and node.attributes["to"].i not in (TensorProto.FLOAT, TensorProto.DOUBLE):
        # A float outside the integers' range is undefined in ONNX; the rule of Cast saturates.
        return all(array.dtype.kind != "f" or (np.abs(array) < 2**31).all() for array in arrays.values())
    if operator == "Div" and any(array.dtype.kind in "iu" and (array <= 0).any() for array in arrays.values()):
        return False
    integers = all(array.dtype.kind in "iub" for array in arrays.values())
    return operator in _EXACT or (operator in _INTEGER and integers)


def _run(node: NodeContext, arrays: dict[str, Array]) -> list[Array]:
    def info(name: str, array: Array | None) -> Any:
        code = TensorProto.UNDEFINED if array is None else helper.np_dtype_to_tensor_dtype(array.dtype)
        return helper.make_tensor_value_info(name, code, None)

    copy = type(node.node)()
    copy.CopyFrom(node.node)
    del copy.attribute[:]
    copy.attribute.extend(node.attributes.values())
    copy.input[:] = [name if name in arrays else "" for name in node.node.input]
    outputs = [name for name in node.node.output if name]
    graph = helper.make_graph(
        [copy],
        "fold",
        [info(*pair) for pair in arrays.items()],
        [helper.make_empty_tensor_value_info(o) for o in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", node.opset)])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [np.asarray(result) for result in ReferenceEvaluator(model).run(None, arrays)]
