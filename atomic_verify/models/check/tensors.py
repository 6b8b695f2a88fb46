"""Weights and constants: inside the file, of the size that their shape says, and none of them NaN.

Infinities are counted, not refused: exporters use them as masks and as the start of a maximum. The canonical program
reads them as the largest finite value.
"""

import math

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto

from atomic_verify.commitments import DType
from atomic_verify.models.check.limits import CheckLimits
from atomic_verify.models.errors import OnnxExternalData, OnnxMalformed, OnnxTooLarge, OnnxWeightIsNan

_TYPED_FIELDS = {
    DType.FLOAT: "float_data",
    DType.DOUBLE: "double_data",
    DType.INT64: "int64_data",
    DType.UINT64: "uint64_data",
    DType.UINT32: "uint64_data",
}
_SMALL_FIELD = "int32_data"
"""Holds every narrower type, one entry per element; 16-bit floats as bit patterns."""

_FLOATS = {
    DType.FLOAT: np.dtype("<f4"),
    DType.DOUBLE: np.dtype("<f8"),
    DType.FLOAT16: np.dtype("<f2"),
    DType.BFLOAT16: np.dtype(ml_dtypes.bfloat16),
}


def check_tensor(tensor: TensorProto, limits: CheckLimits) -> tuple[int, int, int]:
    """Elements, bytes and infinite elements of a tensor that is whole.

    Raises OnnxExternalData, OnnxMalformed, OnnxTooLarge, OnnxWeightIsNan.
    """
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        # Neither opened nor resolved: a path out of the folder, a link or a huge offset is never looked at.
        raise OnnxExternalData(
            f"tensor {tensor.name[:80]!r} keeps its data outside the file",
            hint="a model's id covers one file: save the model with its weights inside",
        )
    if tensor.HasField("segment"):
        raise OnnxMalformed(f"tensor {tensor.name[:80]!r} is cut into segments")
    try:
        dtype = DType(tensor.data_type)
    except ValueError as error:
        raise OnnxMalformed(
            f"tensor {tensor.name[:80]!r} has the element type {tensor.data_type}", hint="only numbers and bools"
        ) from error
    if any(dimension < 0 for dimension in tensor.dims):
        raise OnnxMalformed(f"tensor {tensor.name[:80]!r} has a negative dimension", shape=list(tensor.dims)[:16])
    elements = math.prod(tensor.dims)
    nbytes = elements * dtype.itemsize
    if nbytes > limits.tensor_bytes:
        raise OnnxTooLarge(
            f"tensor {tensor.name[:80]!r} has {nbytes} bytes, the limit is {limits.tensor_bytes}", bytes=nbytes
        )
    return elements, nbytes, _check_data(tensor, dtype, elements, nbytes)


def _check_data(tensor: TensorProto, dtype: DType, elements: int, nbytes: int) -> int:
    """How many elements are infinite; raises OnnxMalformed, OnnxWeightIsNan."""
    field = _TYPED_FIELDS.get(dtype, _SMALL_FIELD)
    values = getattr(tensor, field)
    has_raw = tensor.HasField("raw_data") and (len(tensor.raw_data) > 0 or not len(values))
    found = len(tensor.raw_data) if has_raw else len(values)
    if found != (nbytes if has_raw else elements):
        raise OnnxMalformed(
            f"tensor {tensor.name[:80]!r} doesn't have the data that its shape says", shape=list(tensor.dims)[:16]
        )
    if dtype not in _FLOATS:
        return 0
    if has_raw:
        array = np.frombuffer(tensor.raw_data, dtype=_FLOATS[dtype])
    elif field == _SMALL_FIELD:
        array = np.asarray(values, dtype=np.int32).astype(np.uint16).view(_FLOATS[dtype])
    else:
        array = np.asarray(values, dtype=_FLOATS[dtype])
    if np.isnan(array).any():
        raise OnnxWeightIsNan(f"tensor {tensor.name[:80]!r} holds NaN", name=tensor.name[:80])
    return int(np.isinf(array).sum())


def check_attribute(attribute: onnx.AttributeProto, node: str) -> None:
    """Refuse an attribute that holds NaN, is a sparse tensor, or belongs to a function."""
    if math.isnan(attribute.f) or any(math.isnan(value) for value in attribute.floats):
        raise OnnxWeightIsNan(f"attribute {attribute.name[:80]!r} of node {node!r} holds NaN")
    if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
        raise OnnxMalformed(f"attribute {attribute.name[:80]!r} of node {node!r} is a sparse tensor")
    if attribute.ref_attr_name:
        raise OnnxMalformed(f"attribute {attribute.name[:80]!r} of node {node!r} refers to a function's attribute")
