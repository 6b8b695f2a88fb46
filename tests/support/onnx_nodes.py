"""One ONNX node, lowered and evaluated, against onnxruntime."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from onnx import ModelProto, helper, numpy_helper

from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.validity import program_fault

Arrays = Mapping[str, np.ndarray | None]


def one_node(
    operator: str, inputs: Arrays, constants: Arrays, outputs: list[str], opset: int, attributes: Mapping[str, Any]
) -> ModelProto:
    """A model of one node; `inputs` and `constants` in the node's order by the inputs' names, None for one left out."""
    given = {**inputs, **constants}
    node = helper.make_node(
        operator, [name if given[name] is not None else "" for name in sorted(given)], outputs, name="n", **attributes
    )
    graph = helper.make_graph(
        [node],
        "g",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in inputs.items()
            if array is not None
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs if name],
        [numpy_helper.from_array(array, name) for name, array in constants.items() if array is not None],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def answers(model: ModelProto, inputs: Arrays) -> list[np.ndarray]:
    """The outputs of the canonical program, whose records the referee would take."""
    program = lower(model).program
    assert program_fault(program) is None
    names = {spec.name for spec in program.inputs}
    given = {name: array for name, array in inputs.items() if name in names and array is not None}
    named = evaluate(program, given).answer()
    return [named[output.name] for output in model.graph.output]


def expected(model: ModelProto, inputs: Arrays) -> list[np.ndarray]:
    """onnxruntime's outputs, unoptimised on one thread."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found: list[np.ndarray] = session.run(None, {name: array for name, array in inputs.items() if array is not None})
    return found


def agree(
    operator: str,
    inputs: Arrays,
    constants: Arrays | None = None,
    *,
    outputs: str = "y",
    opset: int = 21,
    tolerance: float = 2e-6,
    **attributes: Any,
) -> list[np.ndarray]:
    """The canonical answers, after making sure that they are onnxruntime's: types, shapes and integers exactly, floats
    within `tolerance` of the largest. Inputs are named so that their alphabetical order is the node's; `outputs` are
    separated by spaces, `_` for one left out."""
    names = [name if name != "_" else "" for name in outputs.split()]
    model = one_node(operator, inputs, constants or {}, names, opset, attributes)
    made, wanted = answers(model, inputs), expected(model, inputs)
    for got, truth in zip(made, wanted, strict=True):
        assert (got.shape, got.dtype) == (truth.shape, truth.dtype)
        if truth.dtype.kind in "iub":
            np.testing.assert_array_equal(got, truth)
        else:
            scale = max(1e-30, float(np.abs(truth).max(initial=0)))
            assert np.abs(got.astype(np.float64) - truth.astype(np.float64)).max(initial=0) <= tolerance * scale
    return made


def numbers(seed: int, *shape: int, dtype: Any = np.float32) -> np.ndarray:
    """Normal floats, or integers from the type's small range."""
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return random.standard_normal(shape).astype(kind)
    return random.integers(0 if kind.kind == "u" else -100, 100, shape).astype(kind)
