"""MaxPool, AveragePool, LpPool and their global kin.

A window that lies on nothing but padding has no maximum and no average: it is refused. Averages divide by the taps on
the data, or on data and padding (count_include_pad); what a rounded-up size overhangs never counts.
"""

import math
from functools import reduce

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import Made, rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.lowering.windows import MAX_CONSTANT, AxisWindows, auto_pad, padded_sides, windows
from atomic_verify.canonical.program import LARGEST, Array, DType64, Function, Opcode
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

_LEAST = -(2**63)
_BEYOND = 2**62


def _spatial(node: NodeContext) -> View:
    """The input (N, C, *S), with at least one spatial axis."""
    x = node.view(0)
    if x.rank < 3:
        raise node.unsupported(f"an input of shape {x.shape} has no spatial axes", "input X")
    return x


def _windows(node: NodeContext, x: View) -> list[AxisWindows]:
    kernel = tuple(int(size) for size in node.attr("kernel_shape"))
    if min(kernel, default=0) < 1:
        raise node.unsupported(f"{list(kernel)} has no taps", "kernel_shape")
    axes = windows(node, x.shape[2:], kernel)
    if auto_pad(node).startswith("SAME") and any(axis.surplus for axis in axes):
        # The formula's padding is negative; onnxruntime then cuts on both sides, others don't.
        raise node.unsupported("windows that skip elements at the end", "auto_pad", "give pads")
    return axes


def _pooled(node: NodeContext, opcode: Opcode, x: View, axes: list[AxisWindows], fill: float | int) -> View:
    padded = node.builder.pad(x, *padded_sides(axes), fill)
    sizes, strides, dilations = ([getattr(a, name) for a in axes] for name in ("taps", "stride", "dilation"))
    return node.builder.pool(opcode, padded, sizes, strides, dilations)


def _refuse_empty(node: NodeContext, axes: list[AxisWindows]) -> None:
    if any((axis.inside(padding=False) == 0).any() for axis in axes):
        raise node.unsupported("a window lies on padding only", "pads")


@rule("MaxPool")
def max_pool(node: NodeContext) -> list[Made]:
    x = _spatial(node)
    axes = _windows(node, x)
    _refuse_empty(node, axes)
    fill = -LARGEST if x.dtype is DType64.FLOAT else _LEAST
    column_major = bool(node.attr("storage_order", 0))
    best = _pooled(node, Opcode.MAX, x, axes, fill)
    if node.outputs < 2:
        return [best]
    return [best, Value.seen(_places(node, x, best, axes, column_major), DType.INT64)]


def _places(node: NodeContext, x: View, best: View, axes: list[AxisWindows], column_major: bool) -> View:
    """Where each maximum stands in the flattened input: the first of equal ones in the window's row-major order."""
    builder = node.builder
    node.decides("which of the window's elements is the largest", x)
    spatial = x.shape[2:]
    order = np.arange(math.prod(spatial)).reshape(spatial)
    # The number that breaks ties is the row-major one, whichever is asked for.
    first = _taken(node, x, best, axes, builder.weight(order[None, None]))
    if column_major and len(spatial) > 1:
        named = np.arange(math.prod(spatial)).reshape(spatial, order="F").reshape(-1)
        first = builder.gather(builder.weight(named), first)
    offsets = np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2] + (1,) * len(spatial)) * math.prod(spatial)
    return builder.map(Function.ADD, first, builder.weight(offsets))


def _taken(node: NodeContext, x: View, best: View, axes: list[AxisWindows], numbers: View) -> View:
    """The least number among those of the taps that hold the maximum."""
    builder = node.builder
    low, high = padded_sides(axes)
    x = builder.pad(x, low, high, 0)
    numbers = builder.pad(numbers, low, high, _BEYOND)
    for place, axis in enumerate(axes, 2):
        x = builder.window(x, place, axis.taps, axis.stride, axis.dilation)
        numbers = builder.window(numbers, place, axis.taps, axis.stride, axis.dilation)
    wide = best.unsqueeze(range(best.rank, best.rank + len(axes)))
    hit = builder.map(Function.WHERE, builder.map(Function.EQ, x, wide), numbers, builder.scalar(_BEYOND))
    return builder.reduce(Opcode.MIN, hit, range(best.rank, best.rank + len(axes)))


@rule("AveragePool")
def average_pool(node: NodeContext) -> View:
    x = _spatial(node)
    axes = _windows(node, x)
    padding = bool(node.attr("count_include_pad", 0))
    if not padding:
        _refuse_empty(node, axes)
    if math.prod(axis.count for axis in axes) > MAX_CONSTANT:
        raise node.unsupported(f"{[axis.count for axis in axes]} windows", "pads")
    total = _pooled(node, Opcode.SUM, x, axes, 0.0)
    return node.builder.map(Function.DIV, total, node.builder.weight(_counts(axes, padding)))


def _counts(axes: list[AxisWindows], padding: bool) -> Array:
    """(1, 1, *O) float64: how many elements each window averages."""
    counted: Array = reduce(np.multiply.outer, [axis.inside(padding).astype(np.float64) for axis in axes])
    return counted[None, None]


@rule("LpPool")
def lp_pool(node: NodeContext) -> View:
    x = _spatial(node)
    axes = _windows(node, x)
    order = _norm(node)
    return root(node, _pooled(node, Opcode.SUM, power(node, x, order), axes, 0.0), order)


@rule("GlobalLpPool")
def global_lp_pool(node: NodeContext) -> View:
    x, order = _spatial(node), _norm(node)
    return root(node, node.reduce(Opcode.SUM, power(node, x, order), range(2, x.rank), keepdims=True), order)


@rule("GlobalAveragePool")
def global_average_pool(node: NodeContext) -> View:
    x = _spatial(node)
    total = node.reduce(Opcode.SUM, x, range(2, x.rank), keepdims=True)
    return node.map(Function.DIV, total, float(math.prod(x.shape[2:])))


@rule("GlobalMaxPool")
def global_max_pool(node: NodeContext) -> View:
    x = _spatial(node)
    return node.reduce(Opcode.MAX, x, range(2, x.rank), keepdims=True)


def _norm(node: NodeContext) -> int:
    order = int(node.attr("p", 2))
    if order < 1:
        raise node.unsupported(f"{order} is no norm", "p")
    return order


def power(node: NodeContext, x: View, order: int) -> View:
    """abs(x) ** order."""
    if order == 2:
        return node.map(Function.MUL, x, x)
    size = node.map(Function.ABS, x)
    return size if order == 1 else node.map(Function.POW, size, float(order))


def root(node: NodeContext, total: View, order: int) -> View:
    """total ** (1 / order)."""
    if order == 1:
        return total
    return node.map(Function.SQRT, total) if order == 2 else node.map(Function.POW, total, 1.0 / order)
