"""A small model with features out of a layer norm and a head: deriving it once imports all that deriving ever needs."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.commitments import DType, Signature, TensorSpec

WIDTH = 4


def probe_head() -> tuple[bytes, Signature, Signature]:
    """The ONNX file, and the signature of its inputs and outputs."""
    shape = (1, WIDTH)
    nodes = [
        helper.make_node("LayerNormalization", ["x", "gamma", "beta"], ["features"], axis=-1),
        helper.make_node("MatMul", ["features", "weight"], ["scores"]),
    ]
    ones = np.ones(WIDTH, np.float32)
    weights = {"gamma": ones, "beta": ones, "weight": np.eye(WIDTH, dtype=np.float32)}
    graph = helper.make_graph(
        nodes,
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("features", "scores")],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    specs = [TensorSpec(name, DType.FLOAT, shape) for name in ("x", "features", "scores")]
    return bytes(model.SerializeToString()), Signature((specs[0],)), Signature(tuple(specs[1:]))
