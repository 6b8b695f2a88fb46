"""The sizes that Resize gives its axes: from scales or sizes, of all axes or some, keeping the aspect ratio or not."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.resampling import AxisResize

_LONGEST = 2**16
_POLICIES = ("stretch", "not_larger", "not_smaller")


def resized_axes(node: NodeContext, shape: tuple[int, ...], cropped: bool) -> list[AxisResize]:
    """All axes of a Resize since opset 11. `cropped`: its region (roi) counts."""
    rank = len(shape)
    named = node.attr("axes") if node.declares("axes") else None
    places = list(range(rank)) if named is None else node.axes(named, rank)
    scales, sizes = _given(node, 2), _given(node, 3)
    policy = str(node.attr("keep_aspect_ratio_policy")) if node.declares("keep_aspect_ratio_policy") else "stretch"
    if (scales is None) == (sizes is None):
        raise node.unsupported("either scales or sizes must be given", "scales")
    if policy not in _POLICIES:
        raise node.unsupported(f"{policy!r} is none of {', '.join(_POLICIES)}", "keep_aspect_ratio_policy")
    if scales is not None:
        axes = scaled_axes(node, shape, places, scales)
    else:
        axes = _sized(node, shape, places, [int(size) for size in sizes or []], policy)
    if not cropped:
        if node.has(1):
            node.value(1)
        return axes
    region = _given(node, 1)
    if region is None or len(region) != 2 * len(places):
        raise node.unsupported("a start and an end per axis expected", "roi")
    for number, place in enumerate(places):
        start, end = Fraction(float(region[number])), Fraction(float(region[number + len(places)]))
        if scales is not None and (start != 0 or end != 1):
            raise node.unsupported("a region with scales isn't supported", "roi", "give sizes")
        axes[place] = AxisResize(shape[place], axes[place].count, axes[place].scale, start, end)
    return axes


def _given(node: NodeContext, index: int) -> list[float] | None:
    """The elements of an optional input; None if it isn't given or empty."""
    if not node.has(index) or node.value(index).shape == (0,):
        return None
    found: list[float] = node.known(index).reshape(-1).tolist()
    return found


def scaled_axes(
    node: NodeContext, shape: tuple[int, ...], places: Sequence[int], scales: Sequence[float]
) -> list[AxisResize]:
    """Axes with a scale each for `places`; the others stay."""
    if len(scales) != len(places) or min(scales, default=1) <= 0:
        raise node.unsupported(f"{list(scales)} for {len(places)} axes", "scales")
    axes = [AxisResize(size, size, Fraction(1)) for size in shape]
    for place, number in zip(places, scales, strict=True):
        scale = Fraction(float(np.float32(number)))
        count = math.floor(shape[place] * scale)
        _some(node, count)
        if count != int(np.float32(number) * np.float32(shape[place])):
            raise node.unsupported(f"axis {place}: the size depends on float rounding", "scales", "give sizes")
        axes[place] = AxisResize(shape[place], _some(node, count), scale)
    return axes


def _sized(
    node: NodeContext, shape: tuple[int, ...], places: Sequence[int], sizes: Sequence[int], policy: str
) -> list[AxisResize]:
    if len(sizes) != len(places):
        raise node.unsupported(f"{list(sizes)} for {len(places)} axes", "sizes")
    ratios = [Fraction(size, shape[place]) for place, size in zip(places, sizes, strict=True)]
    axes = [AxisResize(size, size, Fraction(1)) for size in shape]
    for place, size, own in zip(places, sizes, ratios, strict=True):
        if policy == "stretch":
            axes[place] = AxisResize(shape[place], _some(node, size), own)
        else:
            scale = min(ratios) if policy == "not_larger" else max(ratios)
            count = math.floor(scale * shape[place] + Fraction(1, 2))
            axes[place] = AxisResize(shape[place], _some(node, count), scale)
    return axes


def _some(node: NodeContext, count: int) -> int:
    if not 1 <= count <= _LONGEST:
        raise node.unsupported(f"an axis of {count} elements; 1 to {_LONGEST} are supported", "sizes")
    return count
