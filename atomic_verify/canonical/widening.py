"""Between the model's ONNX types and the program's two: reading an item's inputs, and rounding its outputs.

Widening is exact and total (the law of `load`). Narrowing is how an answer in the declared type is made from canonical
values: rounded half to even, saturating to the type's range.
"""

import numpy as np

from atomic_verify.canonical.functions import all_finite, saturate
from atomic_verify.canonical.program import FLOATS, Array
from atomic_verify.commitments import DType


def widen(array: Array) -> Array:
    """float64 or int64 elements of an item's tensor: a NaN is read as 0, an infinity as the largest finite, an
    unsigned 64-bit integer modulo 2^64."""
    if array.dtype == np.uint64:
        return array.astype(np.uint64).view(np.int64)
    if array.dtype.kind in "biu":
        return array.astype(np.int64)
    with np.errstate(all="ignore"):
        wide = array.astype(np.float64)
        if not all_finite(wide):
            np.copyto(wide, 0.0, where=np.isnan(wide))
            saturate(wide)
    return wide


def narrow(array: Array, dtype: DType) -> Array:
    """Canonical values in the declared type: floats rounded half to even, integers modulo the type's width, bools by
    being non-zero. A float beyond the type's range becomes its largest finite value."""
    if dtype is DType.BOOL:
        return np.asarray(array != 0)
    if dtype in FLOATS and dtype is not DType.DOUBLE:
        with np.errstate(over="ignore"):
            rounded = array.astype(dtype.numpy)
        beyond = ~np.isfinite(rounded.astype(np.float64))
        if beyond.any():
            limit = float(np.finfo(dtype.numpy).max) if dtype is not DType.BFLOAT16 else 3.3895313892515355e38
            rounded[beyond] = (np.sign(array[beyond]) * limit).astype(dtype.numpy)
        return rounded
    return array.astype(dtype.numpy)
