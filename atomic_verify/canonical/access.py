"""Reading a tensor through a guarded affine access as a numpy array, without index arrays where strides will do.

Used by the evaluator for every operand and by the builder to lay constants out. A guard that depends on one dimension
cuts the box of indices, so the elements that it lets through are again a strided view; only guards over several
dimensions need a mask.
"""

from collections.abc import Sequence

import numpy as np

from atomic_verify.canonical.program import Array, Guard, Scalar

Range = tuple[int, int]


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


def strided(flat: Array, base: int, strides: Sequence[int], shape: Sequence[int]) -> Array:
    """The view of a contiguous `flat` array with element strides; a stride of 0 repeats. Nothing is copied."""
    return np.ndarray(
        tuple(shape),
        flat.dtype,
        buffer=flat,
        offset=base * flat.itemsize,
        strides=tuple(stride * flat.itemsize for stride in strides),
    )


def read(
    flat: Array, base: int, strides: Sequence[int], shape: Sequence[int], guards: Sequence[Guard], fill: Scalar
) -> Array:
    """All elements of an access as an array of `shape`: a view of `flat` if there is no guard, else a new array.

    Where the access doesn't vary, the array has stride 0.
    """
    if not guards:
        return strided(flat, base, strides, shape)
    columns = zip(shape, strides, *(guard.c for guard in guards), strict=True)
    small = [size if any(column) else 1 for size, *column in columns]
    return np.broadcast_to(_guarded(flat, base, strides, small, guards, fill), tuple(shape))


def _guarded(
    flat: Array, base: int, strides: Sequence[int], shape: Sequence[int], guards: Sequence[Guard], fill: Scalar
) -> Array:
    result = np.full(tuple(shape), fill, flat.dtype)
    box = box_of(shape, guards)
    if box is None:
        return result
    starts, sizes = [low for low, _ in box], [high - low for low, high in box]
    inner = tuple(slice(low, high) for low, high in box)
    wide = [guard for guard in guards if sum(1 for c, size in zip(guard.c, shape, strict=True) if c and size > 1) > 1]
    if not wide:
        base += sum(stride * start for stride, start in zip(strides, starts, strict=True))
        result[inner] = strided(flat, base, strides, sizes)
        return result
    address, inside = linear(base, strides, box), np.ones((1,) * len(box), dtype=bool)
    for guard in wide:
        place = linear(guard.b, guard.c, box)
        inside = inside & (place >= 0) & (place < guard.n)
    address, inside = np.broadcast_arrays(address, inside)
    taken = flat[np.where(inside, address, 0)]
    taken[~inside] = fill
    result[inner] = taken
    return result


def linear(constant: int, coefficients: Sequence[int], box: Sequence[Range]) -> Array:
    """`constant + coefficients . i` over the box, with size 1 along dimensions that don't matter."""
    total = np.full((1,) * len(box), constant, dtype=np.int64)
    for axis, (coefficient, (low, high)) in enumerate(zip(coefficients, box, strict=True)):
        if coefficient:
            line = np.arange(low, high, dtype=np.int64) * coefficient
            total = total + line.reshape([-1 if other == axis else 1 for other in range(len(box))])
    return total
