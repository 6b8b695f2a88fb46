"""Conv, ConvInteger and ConvTranspose.

The transposed convolution is a convolution of the input, spread out with zeros between its elements, by the flipped
kernel; where stride and kernel are of one size its windows don't overlap, and one dot without zeros does it.
"""

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.lowering.windows import MAX_CONSTANT, auto_pad, padded_sides, per_axis, windows
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType


@rule("Conv")
def conv(node: NodeContext) -> View:
    return _biased(node, convolved(node, node.view(0), node.view(1)), 2)


@rule("ConvInteger", since=10)
def conv_integer(node: NodeContext) -> Value:
    x, kernel = node.view(0), node.view(1)
    if node.has(2):
        x = node.builder.map(Function.SUB, x, node.builder.reshape(node.view(2), ()))
    if node.has(3):
        zero = node.view(3)
        if zero.size not in (1, kernel.shape[0]):
            raise node.unsupported(f"shape {zero.shape} for {kernel.shape[0]} filters", "w_zero_point")
        shape = (zero.size,) + (1,) * (kernel.rank - 1)
        kernel = node.builder.map(Function.SUB, kernel, node.builder.reshape(zero, shape))
    made = convolved(node, x, kernel)
    return Value.seen(wrapped(node.builder, made, DType.INT32), DType.INT32)


def convolved(node: NodeContext, x: View, kernel: View) -> View:
    """The convolution with the node's attributes, without bias."""
    rank = x.rank - 2
    groups = int(node.attr("group", 1))
    _check(node, x, kernel, groups)
    if x.shape[1] != kernel.shape[1] * groups or kernel.shape[0] % groups:
        raise node.unsupported(f"input {x.shape}, kernel {kernel.shape}, group {groups} don't fit", "group")
    axes = windows(node, x.shape[2:], kernel.shape[2:])
    padded = node.builder.pad(x, *padded_sides(axes), 0)
    return node.builder.conv(padded, kernel, per_axis(node, "strides", rank), per_axis(node, "dilations", rank), groups)


def _check(node: NodeContext, x: View, kernel: View, groups: int) -> None:
    if x.rank < 3 or kernel.rank != x.rank or groups < 1:
        raise node.unsupported(f"input {x.shape}, kernel {kernel.shape}, group {groups} don't fit")
    given = node.attr("kernel_shape")
    if given is not None and tuple(given) != kernel.shape[2:]:
        raise node.unsupported(f"{list(given)}, but the kernel is {kernel.shape[2:]}", "kernel_shape")


def _biased(node: NodeContext, view: View, place: int) -> View:
    if not node.has(place):
        return view
    bias = node.view(place)
    if bias.shape != (view.shape[1],):
        raise node.unsupported(f"shape {bias.shape} for {view.shape[1]} channels", "input B")
    return node.builder.map(Function.ADD, view, bias.unsqueeze([0, *range(2, view.rank)]))


@rule("ConvTranspose")
def conv_transpose(node: NodeContext) -> View:
    x, kernel = node.view(0), node.view(1)
    rank = x.rank - 2
    groups = int(node.attr("group", 1))
    _check(node, x, kernel, groups)
    if x.shape[1] != kernel.shape[0] or x.shape[1] % groups:
        raise node.unsupported(f"input {x.shape}, kernel {kernel.shape}, group {groups} don't fit", "group")
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    low, sizes = _transposed_sizes(node, x.shape[2:], kernel.shape[2:], strides, dilations)
    if not 1 <= min(sizes) <= max(sizes) <= MAX_CONSTANT:
        raise node.unsupported(f"an output of {sizes}", "pads")
    if groups == 1 and tuple(strides) == kernel.shape[2:] and max(dilations) == 1:
        made = _without_overlap(node, x, kernel)
        high = [size - made.shape[2 + axis] + low[axis] for axis, size in enumerate(sizes)]
        made = node.builder.pad(made, [0, 0, *(-side for side in low)], [0, 0, *high], 0.0)
    else:
        spread = _spread(node, x, strides)
        spans = [dilation * (taps - 1) + 1 for dilation, taps in zip(dilations, kernel.shape[2:], strict=True)]
        before = [span - 1 - side for span, side in zip(spans, low, strict=True)]
        after = [
            size + span - 1 - there - side
            for size, span, there, side in zip(sizes, spans, spread.shape[2:], before, strict=True)
        ]
        padded = node.builder.pad(spread, [0, 0, *before], [0, 0, *after], 0.0)
        made = node.builder.conv(padded, _flipped(node, kernel, groups), [1] * rank, dilations, groups)
    return _biased(node, made, 2)


def _transposed_sizes(
    node: NodeContext, spatial: tuple[int, ...], kernel: tuple[int, ...], strides: list[int], dilations: list[int]
) -> tuple[list[int], list[int]]:
    """What is cut off before each spatial axis, and the output's sizes."""
    rank = len(spatial)
    added = per_axis(node, "output_padding", rank, 0)
    auto, wanted = auto_pad(node), node.attr("output_shape")
    pads = [int(pad) for pad in node.attr("pads") or [0] * 2 * rank]
    if len(pads) != 2 * rank:
        raise node.unsupported(f"{pads} isn't two numbers per spatial axis", "pads")
    if wanted is not None and len(wanted) == rank + 2:
        wanted = wanted[2:]
    if wanted is None and auto.startswith("SAME"):
        wanted = [size * stride for size, stride in zip(spatial, strides, strict=True)]
    full = [
        strides[axis] * (spatial[axis] - 1) + added[axis] + dilations[axis] * (kernel[axis] - 1) + 1
        for axis in range(rank)
    ]
    if wanted is None:
        return pads[:rank], [full[axis] - pads[axis] - pads[axis + rank] for axis in range(rank)]
    total = [there - size for there, size in zip(full, wanted, strict=True)]
    if min(total) < (-1 if auto == "NOTSET" else 0):
        # One element more has its place at the end; of several nobody says how they are shared between the sides.
        raise node.unsupported(f"{list(wanted)} is larger than what the kernel reaches", "output_shape")
    if node.opset < 11 and any(side % 2 and side > 0 for side in total):
        raise node.unsupported("an odd padding has no agreed side before opset 11", "output_shape")
    return [side // 2 if auto == "SAME_UPPER" else side - side // 2 for side in total], [int(n) for n in wanted]


def _spread(node: NodeContext, x: View, strides: list[int]) -> View:
    """(N, C, *S) with `stride - 1` zeros between neighbours."""
    for axis, stride in enumerate(strides, 2):
        size = x.shape[axis]
        if stride == 1 or size == 1:
            continue
        sides = [stride - 1 if place == axis + 1 else 0 for place in range(x.rank + 1)]
        wide = node.builder.pad(x.unsqueeze([axis + 1]), [0] * (x.rank + 1), sides, 0.0)
        x = node.builder.reshape(wide, (*x.shape[:axis], size * stride, *x.shape[axis + 1 :]))
        x = x.take(axis, 0, (size - 1) * stride + 1)
    return x


def _flipped(node: NodeContext, kernel: View, groups: int) -> View:
    """(C, M/g, *K) as the kernel (M, C/g, *K) of the convolution that it transposes."""
    channels, filters, *taps = kernel.shape
    turned = kernel.slice([0, 0, *(n - 1 for n in taps)], [1, 1, *(-1 for _ in taps)], kernel.shape)
    split = node.builder.reshape(turned, (groups, channels // groups, filters, *taps))
    return node.builder.reshape(
        split.perm([0, 2, 1, *range(3, split.rank)]), (groups * filters, channels // groups, *taps)
    )


def _without_overlap(node: NodeContext, x: View, kernel: View) -> View:
    """Each input element makes a block of the output: (N, *S, M, *K) by one dot, then blocks side by side."""
    rank = x.rank - 2
    batch, channels, *sizes = x.shape
    _, filters, *taps = kernel.shape
    shape = (batch, *sizes, filters, *taps, channels)
    left = x.perm([0, *range(2, rank + 2), 1]).unsqueeze(range(rank + 1, 2 * rank + 2)).expand(shape)
    right = kernel.perm([1, *range(2, rank + 2), 0]).unsqueeze(range(rank + 1)).expand(shape)
    blocks = node.builder.dot(left, right)
    pairs = [place for axis in range(rank) for place in (1 + axis, rank + 2 + axis)]
    whole = tuple(size * tap for size, tap in zip(sizes, taps, strict=True))
    return node.builder.reshape(blocks.perm([0, rank + 1, *pairs]), (batch, filters, *whole))
