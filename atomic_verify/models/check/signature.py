"""The graph's inputs and outputs against the manifest's, and the sizes of what the graph computes.

A dimension that the graph leaves open gets the manifest's value; shapes are then inferred through the whole graph.
"""

import math
from collections.abc import Sequence

import onnx

from atomic_verify.commitments import DType, Signature, TensorSpec
from atomic_verify.models.check.limits import CheckLimits
from atomic_verify.models.errors import OnnxGraphBroken, OnnxSignatureMismatch, OnnxTooLarge

KEPT_WEIGHT_BYTES = 4096
"""Weights up to this size may be shapes, which inference reads; of larger ones it gets only the type."""


def check_signature(graph: onnx.GraphProto, inputs: Signature, outputs: Signature) -> None:
    """Raise OnnxSignatureMismatch unless names, element types, ranks and fixed dimensions are the manifest's."""
    weights = {tensor.name for tensor in graph.initializer}
    _check_side("input", [value for value in graph.input if value.name not in weights], inputs.specs)
    _check_side("output", list(graph.output), outputs.specs)


def _check_side(side: str, found: Sequence[onnx.ValueInfoProto], wanted: Sequence[TensorSpec]) -> None:
    by_name = {value.name: value for value in found}
    names = {spec.name for spec in wanted}
    if by_name.keys() != names or len(found) != len(wanted):
        raise OnnxSignatureMismatch(
            f"the graph's {side}s aren't the manifest's", graph=sorted(by_name)[:16], manifest=sorted(names)
        )
    for spec in wanted:
        _check_value(side, by_name[spec.name], spec)


def _check_value(side: str, value: onnx.ValueInfoProto, spec: TensorSpec) -> None:
    if value.type.WhichOneof("value") != "tensor_type":
        raise OnnxSignatureMismatch(f"{side} {spec.name!r} isn't a tensor")
    tensor = value.type.tensor_type
    if tensor.elem_type != int(spec.dtype):
        raise OnnxSignatureMismatch(
            f"{side} {spec.name!r} has another element type than the manifest's", graph=tensor.elem_type
        )
    if not tensor.HasField("shape"):
        if side == "input":
            raise OnnxSignatureMismatch(f"{side} {spec.name!r} leaves even its rank open")
        return
    fixed = [entry.dim_value if entry.HasField("dim_value") else None for entry in tensor.shape.dim]
    agrees = len(fixed) == len(spec.shape) and all(
        graph in {None, manifest} for graph, manifest in zip(fixed, spec.shape, strict=True)
    )
    if not agrees:
        raise OnnxSignatureMismatch(
            f"{side} {spec.name!r} has another shape than the manifest's", graph=fixed[:16], manifest=list(spec.shape)
        )


def check_shapes(model: onnx.ModelProto, inputs: Signature, outputs: Signature, limits: CheckLimits) -> tuple[int, int]:
    """Bytes of all computed tensors of known shape, and how many others there are.

    Raises OnnxTooLarge, OnnxGraphBroken, OnnxSignatureMismatch.
    """
    sketch = _sketch(model, inputs)
    try:
        inferred = onnx.shape_inference.infer_shapes(sketch, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:
        # A C++ error class of onnx that derives from RuntimeError in some versions only.
        raise OnnxGraphBroken("the graph's types or shapes don't fit together", reason=str(error)[:500]) from error
    total = unknown = 0
    for value in (*inferred.graph.value_info, *inferred.graph.output):
        nbytes = _size(value)
        if nbytes is None:
            unknown += 1
            continue
        total += nbytes
        if nbytes > limits.tensor_bytes or total > limits.computed_bytes:
            raise OnnxTooLarge(
                f"tensor {value.name[:80]!r} brings what the graph computes beyond the limits",
                bytes=nbytes,
                total=total,
            )
    wanted = {spec.name: spec for spec in outputs.specs}
    for value in inferred.graph.output:
        _check_value("output", value, wanted[value.name])
    return total, unknown


def _sketch(model: onnx.ModelProto, inputs: Signature) -> onnx.ModelProto:
    """The model with the manifest's input shapes, without what it claims of other shapes and without large weights."""
    sketch = onnx.ModelProto(ir_version=model.ir_version)
    sketch.opset_import.extend(model.opset_import)
    graph = sketch.graph
    graph.name = "sketch"
    graph.node.extend(model.graph.node)
    for spec in inputs.specs:
        graph.input.append(onnx.helper.make_tensor_value_info(spec.name, int(spec.dtype), spec.shape))
    for tensor in model.graph.initializer:
        if tensor.ByteSize() <= KEPT_WEIGHT_BYTES:
            graph.initializer.append(tensor)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    for value in model.graph.output:
        output = graph.output.add(name=value.name)
        output.type.tensor_type.elem_type = value.type.tensor_type.elem_type
    return sketch


def _size(value: onnx.ValueInfoProto) -> int | None:
    """Bytes of a computed tensor; None if its shape depends on data or it is no tensor."""
    tensor = value.type.tensor_type
    if value.type.WhichOneof("value") != "tensor_type" or not tensor.HasField("shape"):
        return None
    if not all(entry.HasField("dim_value") for entry in tensor.shape.dim):
        return None
    known = tensor.elem_type in {int(dtype) for dtype in DType}
    itemsize = DType(tensor.elem_type).itemsize if known else 16
    return itemsize * math.prod(int(entry.dim_value) for entry in tensor.shape.dim)
