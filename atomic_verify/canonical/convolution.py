"""Convolution and pooling as windows over padded views, laid out so that few copies are made.

A convolution reads channels-last: a window's taps along the innermost axis are then one contiguous segment of
taps x channels, and only the other kernel axes need partial sums. Its result lies channels-last too, which is how the
next one wants it; to the caller both are (N, C, *S) views.
"""

from collections.abc import Sequence

from atomic_verify.canonical import reductions
from atomic_verify.canonical.emitter import Emitter
from atomic_verify.canonical.program import Function, Opcode
from atomic_verify.canonical.views import View, certain

_MAX_TAPS_IN_CHAIN = 4
_PAIR = {Opcode.SUM: Function.ADD, Opcode.MAX: Function.MAX, Opcode.MIN: Function.MIN}


def conv(
    emitter: Emitter, x: View, kernel: View, strides: Sequence[int], dilations: Sequence[int], groups: int
) -> View:
    """See Builder.conv."""
    count = x.rank - 2
    sizes = kernel.shape[2:]
    spatial = list(range(2, 2 + count))
    each = x.shape[1] // groups
    if x.guards or any(size > 1 for size in sizes):
        x = _laid_out(emitter, x, channels_last=each > 1)
    for axis, size, stride, dilation in zip(spatial, sizes, strides, dilations, strict=True):
        x = certain(x.window(axis, size, stride, dilation))
    batch, out = x.shape[0], x.shape[2 : 2 + count]
    taps = list(range(2 + count, 2 + 2 * count))
    # (N, C, *O, *K) -> (N, *O, g, 1, *K, C/g)
    grouped = _split_axis(x.perm([0, *spatial, 1, *taps]), 1 + count, groups)
    shifted = [tap + 1 for tap in taps]
    left = grouped.perm([*range(2 + count), *shifted, 2 + count]).unsqueeze([2 + count])
    # (M, C/g, *K) -> (1, *1, g, M/g, *K, C/g)
    filters = kernel.shape[0]
    right = _split_axis(kernel, 0, groups).perm([0, 1, *range(3, 3 + count), 2]).unsqueeze(range(1 + count))
    shape = (batch, *out, groups, filters // groups, *sizes, each)
    result = reductions.dot(emitter, left.expand(shape), right.expand(shape), count + 1)
    channels = result.reshape((batch, *out, filters)) or emitter.copy(result).reshape((batch, *out, filters))
    return certain(channels).perm([0, count + 1, *range(1, count + 1)])


def _laid_out(emitter: Emitter, x: View, channels_last: bool) -> View:
    """(N, C, *S) unguarded and contiguous along channels, or along the last axis; copied if it isn't."""
    order = [0, *range(2, x.rank), 1] if channels_last else list(range(x.rank))
    there = x.perm(order)
    if there.guards or there.strides[-1] not in (0, 1) or not there.varies(there.rank - 1):
        there = emitter.copy(there)
    back = [order.index(axis) for axis in range(x.rank)]
    return there.perm(back)


def _split_axis(view: View, axis: int, count: int) -> View:
    """The axis as (count, rest)."""
    size = view.shape[axis] // count
    wide = view.unsqueeze([axis])
    if count == 1:
        return wide
    if size == 1:
        return view.unsqueeze([axis + 1])
    split = certain(view.window(axis, size, size))
    return split.perm([*range(axis + 1), split.rank - 1, *range(axis + 1, split.rank - 1)])


def pool(
    emitter: Emitter, opcode: Opcode, x: View, sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> View:
    """See Builder.pool. Axis by axis: few taps as a chain of maps, more as a reduction of windows."""
    first = x.rank - len(sizes)
    for axis, (size, stride, dilation) in enumerate(zip(sizes, strides, dilations, strict=True), first):
        windows = (x.shape[axis] - dilation * (size - 1) - 1) // stride + 1
        if size <= _MAX_TAPS_IN_CHAIN:
            parts = [x.take(axis, tap * dilation, windows, stride) for tap in range(size)]
            result = parts[0]
            for part in parts[1:]:
                result = emitter.map(_PAIR[opcode], result, part)
            x = result
        else:
            split = x.window(axis, size, stride, dilation) or emitter.copy(x).window(axis, size, stride, dilation)
            x = reductions.reduce(emitter, opcode, certain(split), 1)
    return x
