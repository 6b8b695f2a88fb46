"""Reading a tensor through a guarded affine access as a numpy array, without index arrays where strides will do.

Used by the evaluator for every operand and by the builder to lay constants out. A guard that depends on one dimension
cuts the box of indices, so the elements that it lets through are again a strided view; only guards over several
dimensions need a mask.
"""

import math
from collections.abc import Sequence

import numpy as np

from atomic_verify.canonical.program import Array, Guard, Scalar

Range = tuple[int, int]

_ITEM_BYTES = 8


def box_of(shape: Sequence[int], guards: Sequence[Guard]) -> list[Range] | None:
    """Per dimension the indices `[low, high)` that the guards over at most one dimension let through; None for none."""
    box = [(0, size) for size in shape]
    for guard in guards:
        axes = [axis for axis, coefficient in enumerate(guard.c) if coefficient and shape[axis] > 1]
        if len(axes) > 1:
            continue
        if not axes:
            if not 0 <= guard.b < guard.n:
                return None
            continue
        (axis,) = axes
        low, high = _inside(guard.b, guard.c[axis], guard.n)
        box[axis] = max(box[axis][0], low), min(box[axis][1], high)
        if box[axis][0] >= box[axis][1]:
            return None
    return box


def _inside(b: int, c: int, n: int) -> Range:
    """The integers i with 0 <= b + c i < n."""
    if c < 0:
        # Mirror: -b' with i -> -i.
        low, high = _inside(b, -c, n)
        return 1 - high, 1 - low
    return -(b // c), -((b - n) // c)


class Access:
    """An access of float64 or int64 elements over all indices of a shape, worked out once and read often."""

    __slots__ = (
        *("_base", "_box", "_count", "_fill", "_inner", "_offset", "_shape", "_sizes", "_small", "_strides", "_wide"),
    )

    def __init__(
        self, base: int, strides: Sequence[int], shape: Sequence[int], guards: Sequence[Guard] = (), fill: Scalar = 0
    ) -> None:
        self._base, self._strides, self._shape, self._fill = base, tuple(strides), tuple(shape), fill
        columns = list(zip(strides, *(guard.c for guard in guards), strict=True))
        # Along other dimensions the access doesn't vary: what it reads is made once and repeated with stride 0.
        self._small = tuple(n if any(column) or not guards else 1 for n, column in zip(shape, columns, strict=True))
        self._box = box_of(self._small, guards)
        box = self._box or [(0, 0)] * len(self._small)
        self._wide = tuple(guard for guard in guards if _breadth(guard, self._small) > 1)
        self._inner = None if not guards else tuple(slice(low, high) for low, high in box)
        self._sizes = tuple(high - low for low, high in box)
        start = sum(stride * low for stride, (low, _) in zip(strides, box, strict=True))
        # How many elements a tensor has all of which are read, in order; -1 if this isn't such an access.
        self._count = math.prod(shape) if not guards and base == 0 and _is_row_major(strides, shape) else -1
        self._offset = _ITEM_BYTES * (base + start)
        self._strides = tuple(_ITEM_BYTES * stride for stride in strides)

    def read(self, flat: Array) -> Array:
        """An array of the whole shape: a view of `flat` if there is no guard, else a new one. `flat` is any row-major
        array of the tensor's elements.

        Where the access doesn't vary, the array has stride 0.
        """
        if self._inner is None:
            if flat.size == self._count:
                return flat.reshape(self._shape)
            return np.ndarray(self._sizes, flat.dtype, flat, self._offset, self._strides)
        result = np.empty(self._small, flat.dtype)
        self._fill_in(flat, result)
        return np.broadcast_to(result, self._shape)

    def write(self, flat: Array, out: Array) -> None:
        """Copy all elements into `out`, an array of the whole shape."""
        if self._inner is None or self._small != self._shape:
            out[...] = self.read(flat)
        else:
            self._fill_in(flat, out)

    def _fill_in(self, flat: Array, out: Array) -> None:
        out.fill(self._fill)
        if self._box is None or self._inner is None:
            return
        if not self._wide:
            out[self._inner] = np.ndarray(self._sizes, flat.dtype, flat, self._offset, self._strides)
            return
        strides = [stride // _ITEM_BYTES for stride in self._strides]
        address, inside = linear(self._base, strides, self._box), np.ones((1,) * len(self._box), dtype=bool)
        for guard in self._wide:
            place = linear(guard.b, guard.c, self._box)
            inside = inside & (place >= 0) & (place < guard.n)
        address, inside = np.broadcast_arrays(address, inside)
        out[self._inner] = np.where(inside, flat.reshape(-1)[np.where(inside, address, 0)], self._fill)


def _is_row_major(strides: Sequence[int], shape: Sequence[int]) -> bool:
    run = 1
    for stride, size in zip(reversed(strides), reversed(shape), strict=True):
        if size > 1 and stride != run:
            return False
        run *= size
    return True


def _breadth(guard: Guard, shape: Sequence[int]) -> int:
    """Over how many dimensions the guard depends."""
    return sum(1 for coefficient, size in zip(guard.c, shape, strict=True) if coefficient and size > 1)


def linear(constant: int, coefficients: Sequence[int], box: Sequence[Range]) -> Array:
    """`constant + coefficients . i` over the box, with size 1 along dimensions that don't matter."""
    total = np.full((1,) * len(box), constant, dtype=np.int64)
    for axis, (coefficient, (low, high)) in enumerate(zip(coefficients, box, strict=True)):
        if coefficient:
            line = np.arange(low, high, dtype=np.int64) * coefficient
            total = total + line.reshape([-1 if other == axis else 1 for other in range(len(box))])
    return total
