"""Normalizations: batch (inference), instance, group, layer and RMS, over channels (LRN), by mean and by norm.

Statistics are float64, so `stash_type`, the type that they are to be computed in, decides nothing. Variances are means
of squared differences from the mean: nothing cancels.
"""

import math
from collections.abc import Iterable

from atomic_verify.canonical.lowering.context import NodeContext, as_float32
from atomic_verify.canonical.lowering.registry import Made, rule
from atomic_verify.canonical.lowering.values import Value, element_type
from atomic_verify.canonical.program import Function, Opcode
from atomic_verify.canonical.views import View

# The constant by which ONNX defines MeanVarianceNormalization, a float32.
_MEAN_VARIANCE_EPSILON = as_float32(1e-9)


def mean(node: NodeContext, x: View, axes: Iterable[int]) -> View:
    """The mean over axes, which stay as size 1."""
    axes = list(axes)
    return node.map(Function.DIV, node.reduce(Opcode.SUM, x, axes, keepdims=True), _count(x, axes))


def mean_of_squares(node: NodeContext, x: View, axes: Iterable[int]) -> View:
    """The mean of x * x over axes, which stay as size 1; one dot."""
    axes = list(axes)
    kept = [axis for axis in range(x.rank) if axis not in axes]
    rows = x.perm([*kept, *axes])
    total = node.builder.dot(rows, rows, len(axes)).unsqueeze(axes)
    return node.map(Function.DIV, total, _count(x, axes))


def _count(x: View, axes: Iterable[int]) -> float:
    return float(math.prod(x.shape[axis] for axis in axes))


def _epsilon(node: NodeContext) -> float:
    return as_float32(node.attr("epsilon", 1e-5))


def _deviation(node: NodeContext, mean_square: View) -> View:
    return node.map(Function.SQRT, node.map(Function.ADD, mean_square, _epsilon(node)))


def _per_channel(view: View, rank: int) -> View:
    """(C,) against (N, C, *S)."""
    return view.unsqueeze([0, *range(2, rank)])


@rule("BatchNormalization")
def batch_normalization(node: NodeContext) -> View:
    x = node.view(0)
    if node.declares("training_mode") and node.attr("training_mode", 0):
        raise node.unsupported("training isn't supported", "training_mode", "export the model for inference")
    if node.outputs > 1:
        raise node.unsupported("statistics are outputs of training only", "output mean")
    if node.declares("spatial") and not node.attr("spatial", 1):
        raise node.unsupported("statistics per element aren't supported", "spatial")
    node.attr("momentum")
    scale, bias, centre, variance = (node.view(place) for place in range(1, 5))
    if x.rank < 2 or any(view.shape != (x.shape[1],) for view in (scale, bias, centre, variance)):
        raise node.unsupported(f"statistics of shape {scale.shape} don't fit an input of shape {x.shape}")
    factor = node.map(Function.DIV, scale, _deviation(node, variance))
    offset = node.map(Function.SUB, bias, node.map(Function.MUL, centre, factor))
    scaled = node.map(Function.MUL, x, _per_channel(factor, x.rank))
    return node.map(Function.ADD, scaled, _per_channel(offset, x.rank))


def _standardized(node: NodeContext, x: View, axes: list[int]) -> tuple[View, View, View]:
    """(x - mean) / deviation, the mean and the deviation."""
    centre = mean(node, x, axes)
    centred = node.map(Function.SUB, x, centre)
    deviation = _deviation(node, mean_of_squares(node, centred, axes))
    return node.map(Function.DIV, centred, deviation), centre, deviation


def _affine(node: NodeContext, x: View, scale: View, bias: View | None) -> View:
    for view in (scale, bias):
        if view is not None and node.builder.broadcast(view, x) != x.shape:
            raise node.unsupported(f"a scale or bias of shape {view.shape} for {x.shape}", "input Scale")
    scaled = node.map(Function.MUL, x, scale)
    return scaled if bias is None else node.map(Function.ADD, scaled, bias)


@rule("InstanceNormalization")
def instance_normalization(node: NodeContext) -> View:
    x = node.view(0)
    if x.rank < 3:
        raise node.unsupported(f"an input of shape {x.shape} has no spatial axes", "input")
    normal, _, _ = _standardized(node, x, list(range(2, x.rank)))
    return _affine(node, normal, _per_channel(node.view(1), x.rank), _per_channel(node.view(2), x.rank))


@rule("GroupNormalization", since=18)
def group_normalization(node: NodeContext) -> View:
    """Since 21 scale and bias are per channel, before that per group."""
    x, groups = node.view(0), int(node.attr("num_groups"))
    node.attr("stash_type")
    batch, channels = x.shape[:2]
    if groups < 1 or channels % groups:
        raise node.unsupported(f"{channels} channels in {groups} groups", "num_groups")
    wide = node.builder.reshape(x, (batch, groups, channels // groups, *x.shape[2:]))
    normal, _, _ = _standardized(node, wide, list(range(2, wide.rank)))
    scale, bias = node.view(1), node.view(2)
    if node.opset < 21:
        scale, bias = (view.unsqueeze([0, *range(2, wide.rank)]) for view in (scale, bias))
    else:
        shape = (1, groups, channels // groups) + (1,) * (x.rank - 2)
        scale, bias = (node.builder.reshape(view, shape) for view in (scale, bias))
    return node.builder.reshape(_affine(node, normal, scale, bias), x.shape)


@rule("LayerNormalization", since=17)
def layer_normalization(node: NodeContext) -> list[Made]:
    x = node.view(0)
    axes = list(range(node.axis(node.attr("axis", -1), x.rank), x.rank))
    stash = element_type(node.attr("stash_type"))
    normal, centre, deviation = _standardized(node, x, axes)
    made: list[Made] = [_affine(node, normal, node.view(1), node.view(2) if node.has(2) else None)]
    if node.outputs > 1:
        made.append(Value.seen(centre, stash))
    if node.outputs > 2:
        made.append(Value.seen(node.map(Function.DIV, node.builder.scalar(1.0), deviation), stash))
    return made


@rule("RMSNormalization", since=23)
def rms_normalization(node: NodeContext) -> View:
    x = node.view(0)
    axes = range(node.axis(node.attr("axis", -1), x.rank), x.rank)
    node.attr("stash_type")
    return _affine(
        node, node.map(Function.DIV, x, _deviation(node, mean_of_squares(node, x, axes))), node.view(1), None
    )


@rule("MeanVarianceNormalization", since=9)
def mean_variance_normalization(node: NodeContext) -> View:
    x = node.view(0)
    axes = node.axes(node.attr("axes", [0, 2, 3]), x.rank)
    centred = node.map(Function.SUB, x, mean(node, x, axes))
    deviation = node.map(Function.SQRT, mean_of_squares(node, centred, axes))
    return node.map(Function.DIV, centred, node.map(Function.ADD, deviation, _MEAN_VARIANCE_EPSILON))


@rule("LpNormalization")
def lp_normalization(node: NodeContext) -> View:
    """A vector of zeros stays one."""
    x = node.view(0)
    axis, order = node.axis(node.attr("axis", -1), x.rank), int(node.attr("p", 2))
    if order not in (1, 2):
        raise node.unsupported(f"{order} is neither 1 nor 2", "p")
    if order == 1:
        return node.map(Function.DIV, x, node.reduce(Opcode.SUM, node.map(Function.ABS, x), [axis], keepdims=True))
    rows = x.perm([*(place for place in range(x.rank) if place != axis), axis])
    norm = node.map(Function.SQRT, node.builder.dot(rows, rows)).unsqueeze([axis])
    return node.map(Function.DIV, x, norm)


@rule("LRN")
def lrn(node: NodeContext) -> View:
    """Each element over a power of the squares in the channels around its own."""
    x, size = node.view(0), int(node.attr("size"))
    if x.rank < 2 or size < 1:
        raise node.unsupported(f"{size} channels around each of an input of shape {x.shape}", "size")
    alpha, beta, bias = (as_float32(node.attr(name)) for name in ("alpha", "beta", "bias"))
    squares = node.map(Function.MUL, x, x)
    if size > 1:
        low, high = [0] * x.rank, [0] * x.rank
        low[1], high[1] = (min(side, x.shape[1] - 1) for side in ((size - 1) // 2, size // 2))
        padded = node.builder.pad(squares, low, high, 0.0)
        squares = node.builder.pool(Opcode.SUM, padded, *_along_channels(x.rank, low[1] + high[1] + 1))
    base = node.map(Function.ADD, node.map(Function.MUL, squares, alpha / size), bias)
    return node.map(Function.DIV, x, node.map(Function.POW, base, beta))


def _along_channels(rank: int, size: int) -> tuple[list[int], list[int], list[int]]:
    """Sizes, strides and dilations of windows over the channels."""
    ones = [1] * (rank - 1)
    return [size, *ones[1:]], ones, ones
