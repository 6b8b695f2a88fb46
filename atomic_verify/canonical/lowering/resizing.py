"""Resize and Upsample, axis by axis: nearest reads by index, linear and cubic are products with a constant matrix."""

import numpy as np

from atomic_verify.canonical.emitter import memory_order
from atomic_verify.canonical.lowering.context import NodeContext, as_float32
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.resampling import (
    COORDINATES,
    NEAREST,
    AxisResize,
    cubic,
    linear,
    nearest,
    outside,
)
from atomic_verify.canonical.lowering.sizing import resized_axes, scaled_axes
from atomic_verify.canonical.lowering.windows import MAX_CONSTANT
from atomic_verify.canonical.program import Array, DType64, Function
from atomic_verify.canonical.views import View

_MAX_NEAREST = 2**20
_MODES = ("nearest", "linear", "cubic")


@rule("Upsample")
def upsample(node: NodeContext) -> View:
    return _simple(node)


@rule("Resize", since=10)
def resize_by_scale(node: NodeContext) -> View:
    """Opset 10, which names no coordinates: those of Upsample. How it shrinks by nearest elements nobody says."""
    return _simple(node)


def _simple(node: NodeContext) -> View:
    x, mode = node.view(0), str(node.attr("mode", "nearest"))
    scales = node.attr("scales") if node.declares("scales") else node.known(1).tolist()
    axes = scaled_axes(node, x.shape, list(range(x.rank)), scales)
    if mode == "nearest" and any(axis.scale < 1 and axis.size % axis.count for axis in axes):
        raise node.unsupported("shrinking to nearest elements isn't defined before opset 11", "scales")
    mode = "linear" if mode == "bilinear" else mode
    for place, axis in enumerate(axes):
        if mode == "nearest":
            x = _by_index(node, x, place, axis, "asymmetric", "floor")
        else:
            x = _interpolated(node, x, place, axis, mode, "asymmetric")
    return x


@rule("Resize", since=11)
def resize(node: NodeContext) -> View:
    x = node.view(0)
    mode, coordinates = str(node.attr("mode", "nearest")), str(node.attr("coordinate_transformation_mode"))
    rounding = str(node.attr("nearest_mode"))
    if mode not in _MODES or coordinates not in COORDINATES or rounding not in NEAREST:
        raise node.unsupported(f"{mode!r}, {coordinates!r}, {rounding!r} aren't all known", "mode")
    axes = resized_axes(node, x.shape, cropped=coordinates == "tf_crop_and_resize")
    _refuse_ambiguous(node, axes, mode, coordinates)
    missing = as_float32(node.attr("extrapolation_value", 0.0))
    node.attr("cubic_coeff_a"), node.attr("exclude_outside")
    beyond: list[tuple[int, Array]] = []
    for place, axis in enumerate(axes):
        if coordinates == "tf_crop_and_resize" and outside(axis, coordinates).any():
            beyond.append((place, outside(axis, coordinates)))
        if axis.identity:
            continue
        if mode == "nearest":
            x = _by_index(node, x, place, axis, coordinates, rounding)
        else:
            x = _interpolated(node, x, place, axis, mode, coordinates)
    for place, mask in beyond:
        wide = node.builder.weight(mask.astype(np.int64)).unsqueeze([d for d in range(x.rank) if d != place])
        x = node.map(Function.WHERE, wide, View.immediate(missing, x.dtype), x)
    return x


def _refuse_ambiguous(node: NodeContext, axes: list[AxisResize], mode: str, coordinates: str) -> None:
    """What ONNX's text, its reference and onnxruntime don't agree on."""
    if coordinates == "align_corners" and any(not axis.whole for axis in axes):
        raise node.unsupported("align_corners with a scale that gives no whole size", "scales", "give sizes")
    if mode == "cubic" and coordinates == "pytorch_half_pixel" and any(a.count == 1 < a.size for a in axes):
        raise node.unsupported("pytorch_half_pixel to a single element", "coordinate_transformation_mode")
    if node.declares("antialias") and node.attr("antialias") and any(axis.scale < 1 for axis in axes):
        raise node.unsupported("an antialiasing filter isn't supported", "antialias")


def _by_index(node: NodeContext, x: View, place: int, axis: AxisResize, coordinates: str, rounding: str) -> View:
    if axis.identity:
        return x
    if axis.count > _MAX_NEAREST:
        raise node.unsupported(f"axis {place} from {axis.size} to {axis.count} elements", "sizes")
    chosen = nearest(axis, coordinates, rounding)
    if chosen is None:
        raise node.unsupported(
            f"axis {place} from {axis.size} to {axis.count}: the nearest element depends on float rounding",
            "nearest_mode",
            "choose another size or nearest_mode",
        )
    times = axis.count // axis.size
    if axis.count % axis.size == 0 and (chosen == np.arange(axis.count) // times).all():
        wide = x.unsqueeze([place + 1]).expand((*x.shape[: place + 1], times, *x.shape[place + 1 :]))
        return node.builder.reshape(wide, (*x.shape[:place], axis.count, *x.shape[place + 1 :]))
    return node.builder.gather(x, node.builder.weight(chosen), place)


def _interpolated(node: NodeContext, x: View, place: int, axis: AxisResize, mode: str, coordinates: str) -> View:
    if axis.identity:
        return x
    if x.dtype is not DType64.FLOAT:
        raise node.unsupported("integers are interpolated by nearest only", "mode")
    if axis.count * axis.size > MAX_CONSTANT:
        raise node.unsupported(f"axis {place} from {axis.size} to {axis.count} elements", "sizes")
    if mode == "linear":
        weights = linear(axis, coordinates)
    else:
        a, alone = as_float32(node.attr("cubic_coeff_a", -0.75)), bool(node.attr("exclude_outside", 0))
        weights = cubic(axis, coordinates, a, alone)
    if axis.size == 1:
        return x.expand((*x.shape[:place], axis.count, *x.shape[place + 1 :]))
    # The result lies in memory as the input does.
    order = list(memory_order([x]))
    kept = order.index(place)
    rows = x.perm([*(d for d in order if d != place), place]).unsqueeze([kept])
    columns = node.builder.weight(weights).unsqueeze([d for d in range(x.rank) if d != kept])
    made = node.builder.dot(rows, columns)
    return made.perm([order.index(d) for d in range(x.rank)])
