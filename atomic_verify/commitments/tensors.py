"""Tensors as declared and as bytes: element types, bounded shapes, canonical bytes.

Canonical bytes: the elements in row-major order, little-endian, without gaps; a bool is one byte, 0 or 1. Element type
codes are ONNX's TensorProto codes. Signature: the ordered tensor specs of a model's inputs or outputs.
"""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from atomic_verify.commitments.digests import Bytes
from atomic_verify.commitments.errors import MalformedBool, TensorMismatch, TensorSpecError
from atomic_verify.commitments.trees import depth_of

Array: TypeAlias = "NDArray[Any]"

LEAF_BYTES = 512
MAX_RANK = 10
MAX_DIMENSION = 2**31 - 1
MAX_TENSOR_BYTES = 2**32
MAX_NAME_BYTES = 256


class DType(IntEnum):
    """Element types, with ONNX's stable codes."""

    FLOAT = 1
    UINT8 = 2
    INT8 = 3
    UINT16 = 4
    INT16 = 5
    INT32 = 6
    INT64 = 7
    BOOL = 9
    FLOAT16 = 10
    DOUBLE = 11
    UINT32 = 12
    UINT64 = 13
    BFLOAT16 = 16

    @property
    def numpy(self) -> "np.dtype[Any]":
        """The little-endian numpy type of an element."""
        return _NUMPY[self]

    @property
    def itemsize(self) -> int:
        """Bytes of an element; divides a leaf, so no element straddles two."""
        return _NUMPY[self].itemsize


_NUMPY: dict[DType, "np.dtype[Any]"] = {
    DType.FLOAT: np.dtype("<f4"),
    DType.UINT8: np.dtype("u1"),
    DType.INT8: np.dtype("i1"),
    DType.UINT16: np.dtype("<u2"),
    DType.INT16: np.dtype("<i2"),
    DType.INT32: np.dtype("<i4"),
    DType.INT64: np.dtype("<i8"),
    DType.BOOL: np.dtype("?"),
    DType.FLOAT16: np.dtype("<f2"),
    DType.DOUBLE: np.dtype("<f8"),
    DType.UINT32: np.dtype("<u4"),
    DType.UINT64: np.dtype("<u8"),
    DType.BFLOAT16: np.dtype(ml_dtypes.bfloat16),
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor as declared: a name, an element type, and a concrete shape (an empty shape is one element).

    Raises TensorSpecError for a name that isn't 1 to 256 printable characters' bytes, an unknown element type, a rank
    above 10, a dimension outside 0..2^31-1, or more than 2^32 bytes.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.name.isprintable() or not 1 <= len(self.name.encode(errors="replace")) <= MAX_NAME_BYTES:
            raise TensorSpecError(f"a tensor's name is 1 to {MAX_NAME_BYTES} printable bytes", name=self.name[:64])
        if not isinstance(self.dtype, DType):
            raise TensorSpecError(f"unknown element type {self.dtype!r}", name=self.name)
        if len(self.shape) > MAX_RANK:
            raise TensorSpecError(f"rank {len(self.shape)} is above {MAX_RANK}", name=self.name)
        for dimension in self.shape:
            if type(dimension) is not int or not 0 <= dimension <= MAX_DIMENSION:
                raise TensorSpecError(f"dimension {dimension!r} is not in 0..{MAX_DIMENSION}", name=self.name)
        if self.nbytes > MAX_TENSOR_BYTES:
            raise TensorSpecError(f"{self.nbytes} bytes are more than {MAX_TENSOR_BYTES}", name=self.name)

    @property
    def elements(self) -> int:
        """Number of elements; 0 if any dimension is 0."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Length of the canonical bytes."""
        return self.elements * self.dtype.itemsize

    @property
    def leaves(self) -> int:
        """Leaves of the tensor tree; 1 for an empty tensor."""
        return leaf_count(self.nbytes)

    @property
    def depth(self) -> int:
        """Levels of the tensor tree above its leaves."""
        return depth_of(self.leaves)


def leaf_count(nbytes: int) -> int:
    """Leaves of a tensor tree over `nbytes` bytes; at least 1."""
    return max(1, -(-nbytes // LEAF_BYTES))


def encode_tensor(spec: TensorSpec, array: Array) -> bytes:
    """Canonical bytes of an array of exactly the declared element type and shape; any byte order and memory layout.

    Raises TensorMismatch, MalformedBool.
    """
    array = np.asarray(array)
    if array.dtype.newbyteorder("<") != spec.dtype.numpy or array.shape != spec.shape:
        raise TensorMismatch(
            f"tensor {spec.name!r} is {array.dtype} {array.shape}, declared {spec.dtype.numpy} {spec.shape}",
            name=spec.name,
        )
    data = array.astype(spec.dtype.numpy, order="C", copy=False).tobytes()
    require_canonical(spec, data)
    return data


def decode_tensor(spec: TensorSpec, data: Bytes) -> Array:
    """A fresh array of the declared shape from canonical bytes. Raises TensorMismatch, MalformedBool."""
    require_canonical(spec, data)
    return np.frombuffer(data, dtype=spec.dtype.numpy).reshape(spec.shape).copy()


def require_canonical(spec: TensorSpec, data: Bytes) -> None:
    """Raise TensorMismatch for a wrong length and MalformedBool for a bool byte above 1."""
    if len(data) != spec.nbytes:
        raise TensorMismatch(f"tensor {spec.name!r} has {len(data)} bytes, declared {spec.nbytes}", name=spec.name)
    element = first_malformed_bool(spec, data)
    if element is not None:
        raise MalformedBool(
            f"element {element} of bool tensor {spec.name!r} is neither 0 nor 1", name=spec.name, element=element
        )


def first_malformed_bool(spec: TensorSpec, data: Bytes) -> int | None:
    """Flat index of the first element of a bool tensor whose byte is neither 0 nor 1; None if there is none."""
    if spec.dtype is not DType.BOOL:
        return None
    wrong = np.frombuffer(data, dtype=np.uint8) > 1
    return int(wrong.argmax()) if wrong.any() else None
