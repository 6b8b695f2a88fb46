"""Tensors of an ONNX graph while it is lowered: a view of the program, an array known already, or both.

Known: the tensor's elements don't depend on the item, so they are held in their ONNX type. Shapes, axes and pads are
known, and arithmetic on them is done here and now, in ONNX's own types: what a shape is must never differ from what
onnxruntime makes of it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.program import FLOATS, Array, widened
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

SIGNED = {DType.INT8: 8, DType.INT16: 16, DType.INT32: 32}
UNSIGNED = {DType.UINT8: 8, DType.UINT16: 16, DType.UINT32: 32}
_KNOWN_ELEMENTS = 2**22


def element_type(code: int) -> DType:
    """The element type with an ONNX code. Raises Unsupported for strings, complex and sub-byte numbers, float8."""
    try:
        return DType(code)
    except ValueError:
        known = TensorProto.DataType.Name(code) if code in TensorProto.DataType.values() else str(code)
        raise Unsupported(
            attribute=f"element type {known}",
            reason="programs hold bool, 8- to 64-bit integers, bfloat16, float16, float32 and float64",
            hint="export the model with one of these types",
        ) from None


def type_of(array: Array) -> DType:
    """The element type of an array. Raises Unsupported like `element_type`."""
    for dtype in DType:
        if dtype.numpy == array.dtype.newbyteorder("<"):
            return dtype
    raise Unsupported(attribute=f"element type {array.dtype}", reason="not a type that a program can hold")


class Value:
    """A tensor: its ONNX type and shape, and where its elements are. Has a view or known elements, or both."""

    __slots__ = ("_known", "_view", "dtype", "shape")

    def __init__(self, dtype: DType, shape: tuple[int, ...], view: View | None, known: Array | None) -> None:
        self.dtype, self.shape, self._view, self._known = dtype, shape, view, known

    @classmethod
    def of(cls, array: Any, dtype: DType | None = None) -> "Value":
        """Known elements; `dtype` converts them."""
        known = np.asarray(array) if dtype is None else np.asarray(array).astype(dtype.numpy)
        return cls(dtype or type_of(known), known.shape, None, known)

    @classmethod
    def empty(cls, dtype: DType, shape: Sequence[int]) -> "Value":
        """A tensor without elements: no step can hold it, but a join may leave it out."""
        return cls(dtype, tuple(shape), None, np.zeros(tuple(shape), dtype.numpy))

    @classmethod
    def seen(cls, view: View, dtype: DType) -> "Value":
        """What a view shows, of an ONNX type that is widened to the view's. Raises Unsupported otherwise."""
        if widened(dtype) is not view.dtype:
            raise Unsupported(attribute=f"element type {dtype.name}", reason="not for this operator")
        return cls(dtype, view.shape, view, None)

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    def view(self, builder: Builder) -> View:
        """The tensor in the program; a known one becomes a constant. Raises Unsupported for one without elements."""
        if self._view is None:
            if self._known is None:
                raise RuntimeError("a value has neither a view nor known elements")
            self._view = builder.weight(self._known)
        return self._view

    def known(self, builder: Builder) -> Array | None:
        """The elements in the ONNX type, or None if they depend on the item."""
        if self._known is None and self._view is not None and self._view.constant:
            if self._view.size > _KNOWN_ELEMENTS:
                return None
            wide = builder.value(self._view)
            with np.errstate(over="ignore"):  # what saturated in float64 becomes the infinity that it was
                self._known = None if wide is None else wide.astype(self.dtype.numpy)
        return self._known
