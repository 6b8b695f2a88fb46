"""The `dot` step over whole tensors: by BLAS where it pays, saturating like its law.

Output dimensions fall into batch (both operands vary), rows (only the left one does) and columns (only the right one):
what remains is a batched matrix product. Sums may run in any order: the law's tolerance covers all of them.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.functions import all_finite, saturate
from atomic_verify.canonical.program import Array

_MAX_ELEMENTWISE_TERMS = 16
_EXACT_IN_FLOAT = 2**53
_SCALED_EXPONENT = 500
# Multiply-adds of one product of a batch from which on a call of its own is cheap.
_LARGE_PRODUCT = 2**16
_KINDS = ((True, True), (True, False), (False, True))


class Dot:
    """How one dot step is computed: which output dimensions are batch, rows and columns, worked out once.

    `swapped`: rows are the right operand's.
    """

    __slots__ = ("_elementwise", "_lead", "_left", "_out", "_right", "_size", "plain", "swapped")

    def __init__(self, left: Sequence[bool], right: Sequence[bool], shape: Sequence[int], terms: int) -> None:
        """`left` and `right` tell along which dimensions of the output the operands vary."""
        sizes = [d for d, size in enumerate(shape) if size > 1]
        kinds = {d: (left[d], right[d]) for d in sizes}
        batch, rows, columns = ([d for d in sizes if kinds[d] == kind] for kind in _KINDS)
        few = not (rows and columns) and bool(batch) and terms <= _MAX_ELEMENTWISE_TERMS
        self._elementwise = few or len(batch) + len(rows) + len(columns) < len(sizes)
        self.swapped = bool(rows and columns and columns[0] < rows[0])
        if self.swapped:
            rows, columns = columns, rows
        rank = len(shape)
        self._out = _Order([*batch, *rows, *columns], rank)
        self._left, self._right = _Order([*batch, *rows, rank], rank + 1), _Order([*batch, *columns, rank], rank + 1)
        self._lead = tuple(shape[d] for d in batch)
        self._size = math.prod(shape[d] for d in rows), math.prod(shape[d] for d in columns), terms
        # The output dimensions of rows and of columns, where one matrix product in this order is all there is to do.
        in_order = sizes == [*rows, *columns] and not self._elementwise
        self.plain = (tuple(rows), tuple(columns)) if in_order else None

    def run(self, left: Array, right: Array, out: Array, buffers: Buffers) -> None:
        """Write `sum_k left[..., k] * right[..., k]` into `out`, saturating.

        Both have the shape of `out` and one last axis of terms, and stride 0 where they don't vary.
        """
        if out.dtype.kind == "i":
            self._run_ints(left, right, out, buffers)
            return
        self._run(left, right, out, buffers)
        if not all_finite(out):
            self._rescue(left, right, out, buffers)

    def _run(self, left: Array, right: Array, out: Array, buffers: Buffers) -> None:
        if self._elementwise:
            _elementwise(left, right, out, buffers)
            return
        if self.swapped:
            left, right = right, left
        self._products(self._left.of(left), self._right.of(right), self._out.of(out), buffers)

    def _products(self, left: Array, right: Array, target: Array, buffers: Buffers) -> None:
        """Matrix products: (*batch, *rows, K) by (*batch, *columns, K) into (*batch, *rows, *columns)."""
        rows, columns, terms = self._size
        count = math.prod(self._lead)
        if count > 1 and rows * columns * terms < _LARGE_PRODUCT:
            a, b = as_rows(left, (count, rows, terms), buffers), as_rows(right, (count, columns, terms), buffers)
            product = np.matmul(a, b.transpose(0, 2, 1), out=buffers.empty((count, rows, columns), target.dtype))
            target[...] = product.reshape(target.shape)
            return
        for index in itertools.product(*map(range, self._lead)):
            a, b = as_rows(left[index], (rows, terms), buffers), as_rows(right[index], (columns, terms), buffers)
            place: tuple[Any, ...] = (*index, ...)  # the dots keep rank 0 an array
            part = target[place]
            if part.flags.c_contiguous:
                np.matmul(a, b.T, out=part.reshape(rows, columns))
            else:
                product = np.matmul(a, b.T, out=buffers.empty((rows, columns), target.dtype))
                part[...] = product.reshape(part.shape)

    def _run_ints(self, left: Array, right: Array, out: Array, buffers: Buffers) -> None:
        """Exact modulo 2^64: in float64 where no partial sum can leave its integers, else in int64."""
        bound = _largest(left) * _largest(right) * left.shape[-1]
        if bound >= _EXACT_IN_FLOAT:
            self._run(left, right, out, buffers)
            return
        exact = buffers.empty(out.shape, np.dtype(np.float64))
        self._run(_as_float(left), _as_float(right), exact, buffers)
        out[...] = exact

    def _rescue(self, left: Array, right: Array, out: Array, buffers: Buffers) -> None:
        """Recompute what overflowed on the way: scaled by powers of two, then scaled back, saturating.

        Only elements that weren't finite are replaced: their terms are so large that what the scaling loses is far
        below the tolerance.
        """
        scaled = np.empty(out.shape)
        exponents = [math.frexp(float(np.abs(_unrepeated(x)).max()))[1] - _SCALED_EXPONENT for x in (left, right)]
        low, high = (
            np.broadcast_to(np.ldexp(_unrepeated(side), -exponent), side.shape)
            for side, exponent in zip((left, right), exponents, strict=True)
        )
        self._run(low, high, scaled, buffers)
        saved = saturate(np.ldexp(scaled, sum(exponents)))
        np.copyto(out, saved, where=~np.isfinite(out))


def _largest(values: Array) -> int:
    small = _unrepeated(values)
    return max(abs(int(small.min())), abs(int(small.max())))


def _unrepeated(values: Array) -> Array:
    return values[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in values.strides)]


def _as_float(values: Array) -> Array:
    return np.broadcast_to(_unrepeated(values).astype(np.float64), values.shape)


class _Order:
    """A view with some axes in a given order; the others are dropped."""

    __slots__ = ("_index", "_order")

    def __init__(self, axes: Sequence[int], rank: int) -> None:
        ascending = sorted(axes)
        dropped = len(axes) < rank
        self._index = tuple(slice(None) if d in axes else 0 for d in range(rank)) if dropped else None
        self._order = None if list(axes) == ascending else [ascending.index(d) for d in axes]

    def of(self, values: Array) -> Array:
        small = values if self._index is None else values[(*self._index, ...)]
        return small if self._order is None else small.transpose(self._order)


def _elementwise(left: Array, right: Array, out: Array, buffers: Buffers) -> None:
    """Term by term over whole tensors, in the order in which the larger operand lies in memory."""
    guide = left if left.strides.count(0) <= right.strides.count(0) else right
    order = sorted(range(out.ndim), key=lambda axis: (-abs(guide.strides[axis]), axis))
    back = sorted(range(out.ndim), key=order.__getitem__)
    shape = tuple(out.shape[axis] for axis in order)
    total, product = (buffers.empty(shape, out.dtype).transpose(back) for _ in range(2))
    np.multiply(left[..., 0], right[..., 0], out=total)
    for term in range(1, left.shape[-1]):
        np.multiply(left[..., term], right[..., term], out=product)
        np.add(total, product, out=total)
    np.copyto(out, total)


def as_rows(values: Array, shape: tuple[int, ...], buffers: Buffers) -> Array:
    """Reshaped for BLAS, copied only where it must be: rows may lie apart, but not overlap."""
    try:
        merged = values.reshape(shape, copy=False)
    except ValueError:
        merged = values
    if merged.shape == shape and (shape[-2] == 1 or merged.strides[-2] >= shape[-1] * values.itemsize):
        return merged
    copied = buffers.empty(shape, values.dtype)
    copied.reshape(values.shape)[...] = values
    return copied
