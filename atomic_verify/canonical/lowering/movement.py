"""Tensors moved without arithmetic: reshapes, transposes, slices, joins. Most cost no step, only another access."""

import math

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import Made, rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View

_LONGEST = 2**24


@rule("Reshape")
def reshape(node: NodeContext) -> View:
    """0 keeps a dimension (unless `allowzero`), -1 takes what is left."""
    x, wanted = node.view(0), node.ints(1, "shape") or []
    keep = not node.attr("allowzero", 0)
    if keep and any(size == 0 and place >= x.rank for place, size in enumerate(wanted)):
        raise node.unsupported(f"0 beyond the input's rank in {wanted}", "shape")
    shape = [x.shape[place] if size == 0 and keep else size for place, size in enumerate(wanted)]
    return node.builder.reshape(x, _inferred(node, shape, x.size))


def _inferred(node: NodeContext, shape: list[int], size: int) -> list[int]:
    open_places = [place for place, length in enumerate(shape) if length == -1]
    others = math.prod(length for length in shape if length != -1)
    if len(open_places) > 1 or any(length < -1 for length in shape) or others == 0 or size % others:
        raise node.unsupported(f"{size} elements don't fit {shape}", "shape")
    return [size // others if length == -1 else length for length in shape]


@rule("Flatten")
def flatten(node: NodeContext) -> View:
    x, axis = node.view(0), int(node.attr("axis"))
    if not -x.rank <= axis <= x.rank:
        raise node.unsupported(f"{axis} is no axis of rank {x.rank}", "axis")
    axis += x.rank if axis < 0 else 0
    return node.builder.reshape(x, [math.prod(x.shape[:axis]), math.prod(x.shape[axis:])])


@rule("Transpose")
def transpose(node: NodeContext) -> View:
    x = node.view(0)
    order = node.attr("perm")
    if order is None:
        order = list(range(x.rank))[::-1]
    if sorted(order) != list(range(x.rank)):
        raise node.unsupported(f"{list(order)} isn't an order of {x.rank} axes", "perm")
    return x.perm(order)


@rule("Squeeze")
def squeeze(node: NodeContext) -> View:
    x, axes = node.view(0), node.ints(1, "axes")
    if axes is None:
        return x.squeeze([axis for axis, size in enumerate(x.shape) if size == 1])
    return x.squeeze(node.axes(axes, x.rank))


@rule("Unsqueeze")
def unsqueeze(node: NodeContext) -> View:
    x, axes = node.view(0), node.ints(1, "axes") or []
    return x.unsqueeze(node.axes(axes, x.rank + len(axes)))


@rule("Expand")
def expand(node: NodeContext) -> View:
    x = node.view(0)
    return x.expand(np.broadcast_shapes(x.shape, tuple(node.ints(1) or ())))


@rule("Tile")
def tile(node: NodeContext) -> View:
    x, repeats = node.view(0), node.ints(1) or []
    if len(repeats) != x.rank or any(count < 1 for count in repeats):
        raise node.unsupported(f"{repeats} repeats of rank {x.rank}", "repeats")
    spread = x.unsqueeze([2 * axis for axis in range(x.rank)])
    shape = [n for pair in zip(repeats, x.shape, strict=True) for n in pair]
    return node.builder.reshape(spread.expand(shape), [a * b for a, b in zip(repeats, x.shape, strict=True)])


@rule("Concat")
def concat(node: NodeContext) -> View:
    """Parts without elements are left out."""
    places = [place for place in range(len(node.inputs)) if 0 not in node.shape(place)]
    if not places:
        raise node.unsupported("nothing to join has elements", "inputs")
    views = [node.view(place) for place in places]
    axis = node.axis(int(node.attr("axis")), views[0].rank)
    others = {(*view.shape[:axis], *view.shape[axis + 1 :]) for view in views}
    if len(others) > 1 or len({view.dtype for view in views}) > 1:
        raise node.unsupported("parts of shapes or types that don't fit each other", "inputs")
    return node.builder.concat(views, axis)


@rule("Split")
def split(node: NodeContext) -> list[Made]:
    """Given sizes, or equal ones with a shorter last."""
    x = node.view(0)
    axis = node.axis(int(node.attr("axis")), x.rank)
    sizes, size = node.ints(1, "split"), x.shape[axis]
    count = node.attr("num_outputs", len(node.node.output))
    if count != len(node.node.output):
        raise node.unsupported(f"{count} parts for {len(node.node.output)} outputs", "num_outputs")
    if sizes is None:
        each = -(-size // count)
        sizes = [min(each, size - place * each) for place in range(count)]
    if sum(sizes) != size or any(part < 0 for part in sizes):
        raise node.unsupported(f"{sizes} don't add up to {size}", "split")
    starts = np.cumsum([0, *sizes]).tolist()
    return [_part(node, x, axis, start, part) for start, part in zip(starts, sizes, strict=False)]


def _part(node: NodeContext, x: View, axis: int, start: int, size: int) -> Made:
    shape = [size if other == axis else length for other, length in enumerate(x.shape)]
    return x.take(axis, start, size) if size else Value.empty(node.dtype(), shape)


@rule("Slice")
def cut(node: NodeContext) -> Made:
    """Ends are clamped as numpy clamps them; a negative step walks backwards."""
    x = node.view(0)
    starts, ends = node.ints(1, "starts") or [], node.ints(2, "ends") or []
    axes = node.ints(3, "axes")
    steps = node.ints(4) if not node.declares("starts") else None
    axes = node.axes(axes if axes is not None else range(len(starts)), x.rank)
    steps = steps if steps is not None else [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise node.unsupported("starts, ends, axes and steps don't match", "starts")
    begin, stride, sizes = [0] * x.rank, [1] * x.rank, list(x.shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        # -1 as an end is the last element; only what lies before the first means "to the beginning".
        last = None if step < 0 and end < -x.shape[axis] else end
        first, stop, by = slice(start, last, step).indices(x.shape[axis])
        begin[axis], stride[axis], sizes[axis] = first, by, len(range(first, stop, by))
    if 0 in sizes:
        return Value.empty(node.dtype(), sizes)
    return x.slice(begin, stride, sizes)


@rule("Trilu")
def trilu(node: NodeContext) -> View:
    """The upper or lower triangle, zeros elsewhere."""
    x = node.view(0)
    shift = int(node.number(1)) if node.has(1) else 0
    if x.rank < 2 or math.prod(x.shape[-2:]) > _LONGEST:
        raise node.unsupported(f"shape {x.shape} holds no matrices, or too large ones", "input")
    ones = np.ones(x.shape[-2:], dtype=np.int64)
    kept = np.triu(ones, shift) if node.attr("upper") else np.tril(ones, shift)
    return node.map(Function.WHERE, node.builder.weight(kept), x, View.immediate(0, x.dtype))


@rule("DepthToSpace")
def depth_to_space(node: NodeContext) -> View:
    x, block = node.view(0), int(node.attr("blocksize"))
    mode = node.attr("mode", "DCR")
    batch, channels, height, width = x.shape
    if block < 1 or channels % (block * block):
        raise node.unsupported(f"{channels} channels don't make blocks of {block}", "blocksize")
    depth = channels // (block * block)
    if mode == "DCR":
        split_up = node.builder.reshape(x, [batch, block, block, depth, height, width]).perm([0, 3, 4, 1, 5, 2])
    elif mode == "CRD":
        split_up = node.builder.reshape(x, [batch, depth, block, block, height, width]).perm([0, 1, 4, 2, 5, 3])
    else:
        raise node.unsupported(f"{mode!r} isn't known", "mode")
    return node.builder.reshape(split_up, [batch, depth, height * block, width * block])


@rule("SpaceToDepth")
def space_to_depth(node: NodeContext) -> View:
    x, block = node.view(0), int(node.attr("blocksize"))
    mode = node.attr("mode", "DCR")
    batch, channels, height, width = x.shape
    if block < 1 or height % block or width % block:
        raise node.unsupported(f"{height} x {width} elements don't make blocks of {block}", "blocksize")
    blocks = node.builder.reshape(x, [batch, channels, height // block, block, width // block, block])
    if mode not in ("DCR", "CRD"):
        raise node.unsupported(f"{mode!r} isn't known", "mode")
    moved = blocks.perm([0, 3, 5, 1, 2, 4] if mode == "DCR" else [0, 1, 3, 5, 2, 4])
    return node.builder.reshape(moved, [batch, channels * block * block, height // block, width // block])


@rule("ReverseSequence")
def reverse_sequence(node: NodeContext) -> View:
    """The first elements along the time axis, as many as each batch entry says, in reverse."""
    x, lengths = node.view(0), node.ints(1) or []
    batch, time = int(node.attr("batch_axis")), int(node.attr("time_axis"))
    if sorted((batch % x.rank, time % x.rank)) != [0, 1] or len(lengths) != x.shape[batch]:
        raise node.unsupported("batch and time must be the first two axes", "batch_axis")
    rows = []
    for entry, length in enumerate(lengths):
        row = x.take(batch, entry, 1)
        if not 0 <= length <= x.shape[time]:
            raise node.unsupported(f"length {length} of {x.shape[time]}", "sequence_lens")
        turned = [row.take(time, length - 1, length, -1)] if length else []
        rest = [row.take(time, length, x.shape[time] - length)] if length < x.shape[time] else []
        rows.append(node.builder.concat([*turned, *rest], time))
    return node.builder.concat(rows, batch)


@rule("Compress")
def compress(node: NodeContext) -> View:
    """The elements along an axis (of the flattened tensor without one) where a known condition holds."""
    x, axis = node.view(0), node.attr("axis")
    kept = np.flatnonzero(node.known(1))
    if axis is None:
        x, axis = node.builder.reshape(x, [x.size]), 0
    axis = node.axis(axis, x.rank)
    if not kept.size or kept[-1] >= x.shape[axis]:
        raise node.unsupported("selects nothing, or beyond the end", "condition")
    return node.builder.gather(x, node.builder.weight(kept.astype(np.int64)), axis)
