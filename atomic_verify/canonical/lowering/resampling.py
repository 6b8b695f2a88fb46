"""Where the elements of a resized axis are read: exact coordinates, nearest indices, interpolation weights.

A coordinate is exact, a Fraction: onnxruntime computes it in float32, and where that rounds to another nearest index
than the exact one, the axis is refused rather than judged by a meaning that no worker computes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from atomic_verify.canonical.program import Array

_HALF = Fraction(1, 2)
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)


@dataclass(frozen=True, slots=True)
class AxisResize:
    """One axis of `size` elements resized to `count`. `scale` is count / size, or the (float32) scale given, whose
    product with `size` may not be whole. `start` and `end` are the region of tf_crop_and_resize."""

    size: int
    count: int
    scale: Fraction
    start: Fraction = Fraction(0)
    end: Fraction = Fraction(1)

    @property
    def identity(self) -> bool:
        return self.size == self.count and self.scale == 1 and self.start == 0 and self.end == 1

    @property
    def whole(self) -> bool:
        """Whether the scale is exactly the ratio of the sizes."""
        return self.scale * self.size == self.count


def coordinates(axis: AxisResize, mode: str) -> list[Fraction]:
    """Per element of the result its place on the original axis."""
    return [_coordinate(axis, mode, Fraction(place)) for place in range(axis.count)]


def _coordinate(axis: AxisResize, mode: str, place: Fraction) -> Fraction:
    last = axis.size - 1
    if mode == "asymmetric":
        return place / axis.scale
    if mode == "align_corners":
        return place * last / (axis.count - 1) if axis.count > 1 else Fraction(0)
    if mode == "tf_half_pixel_for_nn":
        return (place + _HALF) / axis.scale
    if mode == "tf_crop_and_resize":
        if axis.count == 1:
            return (axis.start + axis.end) * last / 2
        return axis.start * last + place * (axis.end - axis.start) * last / (axis.count - 1)
    if mode == "pytorch_half_pixel" and axis.count == 1:
        return Fraction(0)
    offset = Fraction(0)
    if mode == "half_pixel_symmetric":
        offset = Fraction(axis.size, 2) * (1 - axis.count / (axis.scale * axis.size))
    return offset + (place + _HALF) / axis.scale - _HALF


def nearest(axis: AxisResize, mode: str, rounding: str) -> Array | None:
    """Per element of the result the index that it shows; None where float32 arithmetic finds others."""
    exact = [_rounded(place, rounding) for place in coordinates(axis, mode)]
    single = [_rounded(Fraction(float(place)), rounding) for place in _single(axis, mode)]
    last = axis.size - 1
    found = np.clip(np.array(exact, dtype=np.int64), 0, last)
    return found if (found == np.clip(np.array(single, dtype=np.int64), 0, last)).all() else None


def _rounded(place: Fraction, rounding: str) -> int:
    if rounding == "floor":
        return math.floor(place)
    if rounding == "ceil":
        return math.ceil(place)
    return math.ceil(place - _HALF) if rounding == "round_prefer_floor" else math.floor(place + _HALF)


def _single(axis: AxisResize, mode: str) -> Array:
    """The coordinates as onnxruntime computes them, in float32."""
    f = np.float32
    place = np.arange(axis.count, dtype=f)
    scale, last = f(float(axis.scale)), f(axis.size - 1)
    if axis.identity:
        return place
    if mode == "asymmetric":
        return np.asarray(place / scale)
    if mode == "tf_half_pixel_for_nn":
        return np.asarray((place + f(0.5)) / scale)
    if mode in ("half_pixel", "pytorch_half_pixel") and not (mode == "pytorch_half_pixel" and axis.count == 1):
        return np.asarray((place + f(0.5)) / scale - f(0.5))
    if mode == "align_corners" and axis.count > 1:
        return np.asarray(place * last / f(axis.count - 1))
    if mode == "tf_crop_and_resize" and axis.count > 1:
        start, end = f(float(axis.start)), f(float(axis.end))
        return np.asarray(start * last + place * (end - start) * last / f(axis.count - 1))
    return np.array([float(item) for item in coordinates(axis, mode)], dtype=f)


def linear(axis: AxisResize, mode: str) -> Array:
    """(count, size) weights of linear interpolation; beyond the ends the last element counts."""
    return _weights(axis, mode, lambda ratio: [1 - ratio, ratio], first=0)


def cubic(axis: AxisResize, mode: str, a: float, exclude_outside: bool) -> Array:
    """(count, size) weights of cubic interpolation with coefficient `a`. Elements beyond the ends are the last ones,
    or don't count at all."""
    c = Fraction(a)

    def near(t: Fraction) -> Fraction:
        return ((c + 2) * t - (c + 3)) * t * t + 1

    def far(t: Fraction) -> Fraction:
        return ((c * t - 5 * c) * t + 8 * c) * t - 4 * c

    def taps(t: Fraction) -> list[Fraction]:
        return [far(1 + t), near(t), near(1 - t), far(2 - t)]

    return _weights(axis, mode, taps, first=-1, exclude_outside=exclude_outside)


def _weights(
    axis: AxisResize,
    mode: str,
    taps: Callable[[Fraction], list[Fraction]],
    first: int,
    exclude_outside: bool = False,
) -> Array:
    """`taps` gives the weights of the elements from `floor(coordinate) + first` on, by the coordinate's fraction."""
    rows = np.zeros((axis.count, axis.size))
    for row, place in enumerate(coordinates(axis, mode)):
        left = math.floor(place)
        weights = taps(place - left)
        places = [left + first + number for number in range(len(weights))]
        inside = [0 <= index < axis.size for index in places]
        if exclude_outside:
            weights = [weight if there else Fraction(0) for weight, there in zip(weights, inside, strict=True)]
            total = sum(weights) or Fraction(1)
            weights = [weight / total for weight in weights]
        for index, weight in zip(places, weights, strict=True):
            rows[row, min(max(index, 0), axis.size - 1)] += float(weight)
    return rows


def outside(axis: AxisResize, mode: str) -> Array:
    """(count,) which elements lie beyond the original axis."""
    return np.array([not 0 <= place <= axis.size - 1 for place in coordinates(axis, mode)])
