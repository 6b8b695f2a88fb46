"""Elements read by index: Gather, GatherElements, GatherND, OneHot, TensorScatter.

A negative index counts from the end. One beyond the axis is an error in ONNX, and no worker can answer it; here it
reads 0, so that a program is total. In a tuple of GatherND, a component beyond its axis may read another element.
"""

import math

import numpy as np

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.windows import MAX_CONSTANT
from atomic_verify.canonical.program import DType64, Function, Opcode, Source, Step
from atomic_verify.canonical.views import View


def counted(node: NodeContext, indices: View, size: int) -> View:
    """Indices with negative ones counted from the end of an axis of `size`."""
    if indices.constant:
        known = node.builder.value(indices)
        if known is not None and (known >= 0).all():
            return indices
    negative = node.map(Function.LT, indices, 0)
    return node.map(Function.WHERE, negative, node.map(Function.ADD, indices, size), indices)


def gather_along(builder: Builder, data: View, indices: View, axis: int) -> View:
    """numpy's take_along_axis; other axes of `indices` may be shorter than the data's."""
    sizes = [data.shape[d] if d == axis else size for d, size in enumerate(indices.shape)]
    data = data.slice([0] * data.rank, [1] * data.rank, sizes)
    return _gathered(builder, data, data.take(axis, 0, 1).expand(indices.shape), indices, axis)


def gather_batched(builder: Builder, data: View, indices: View, batch: int) -> View:
    """data (*B, P, *R) and indices (*B, *M) of `batch` common axes give (*B, *M, *R)."""
    own = range(batch, indices.rank)
    shape = (*indices.shape, *data.shape[batch + 1 :])
    first = data.take(batch, 0, 1).squeeze([batch]).unsqueeze(own).expand(shape)
    return _gathered(builder, data, first, indices.unsqueeze(range(indices.rank, len(shape))).expand(shape), batch)


def _gathered(builder: Builder, data: View, first: View, places: View, axis: int) -> View:
    """`first` is the data at index 0 of the axis, laid out as the result; `places` are the indices, likewise."""
    step = Step(Opcode.GATHER, data.dtype, (), (), stride=data.strides[axis], limit=data.shape[axis])
    return builder.emit(Opcode.GATHER, data.dtype, [first, places], range(places.rank), step=step)


def _readable(builder: Builder, data: View, axis: int) -> View:
    """The data itself if a gather can read along the axis, else a copy."""
    return builder.copy(data) if data.source is Source.IMMEDIATE or any(g.c[axis] for g in data.guards) else data


@rule("Gather")
def gather(node: NodeContext) -> View:
    data, indices = node.view(0), node.view(1)
    axis = node.axis(node.attr("axis", 0), data.rank)
    return node.builder.gather(data, counted(node, indices, data.shape[axis]), axis)


@rule("GatherElements", since=11)
def gather_elements(node: NodeContext) -> View:
    data, indices = node.view(0), node.view(1)
    axis = node.axis(node.attr("axis", 0), data.rank)
    if indices.rank != data.rank:
        raise node.unsupported(f"indices of shape {indices.shape} don't fit data of shape {data.shape}", "indices")
    data = _readable(node.builder, data, axis)
    return gather_along(node.builder, data, counted(node, indices, data.shape[axis]), axis)


@rule("GatherND", since=11)
def gather_nd(node: NodeContext) -> View:
    data, indices = node.view(0), node.view(1)
    batch = int(node.attr("batch_dims", 0)) if node.declares("batch_dims") else 0
    count = indices.shape[-1]
    if not 0 <= batch < min(data.rank, indices.rank) or batch + count > data.rank:
        raise node.unsupported(f"tuples of {count} into data of shape {data.shape}", "batch_dims")
    if data.shape[:batch] != indices.shape[:batch]:
        raise node.unsupported(f"{indices.shape} and {data.shape} differ in the batch", "batch_dims")
    walked = data.shape[batch : batch + count]
    place: View | None = None
    for number, size in enumerate(walked):
        part = counted(node, indices.take(indices.rank - 1, number, 1).squeeze([indices.rank - 1]), size)
        scaled = node.map(Function.MUL, part, math.prod(walked[number + 1 :]))
        place = scaled if place is None else node.builder.map(Function.ADD, place, scaled)
    if place is None:
        raise node.unsupported("tuples of no index", "indices")
    flat = node.builder.reshape(data, (*data.shape[:batch], math.prod(walked), *data.shape[batch + count :]))
    if batch == 0:
        return node.builder.gather(flat, place, 0)
    return gather_batched(node.builder, _readable(node.builder, flat, batch), place, batch)


@rule("OneHot", since=9)
def one_hot(node: NodeContext) -> View:
    indices, values = node.view(0), node.view(2)
    depth = int(np.asarray(node.known(1)).reshape(-1)[0])
    if not 1 <= depth <= MAX_CONSTANT or values.shape != (2,):
        raise node.unsupported(f"depth {depth} and values of shape {values.shape}", "depth")
    axis = node.axis(node.attr("axis", -1), indices.rank + 1)
    if indices.dtype is DType64.FLOAT:
        node.decides("which place is hot", indices)
        indices = node.map(Function.FLOAT_TO_INT, indices)
    if node.opset >= 11:
        indices = counted(node, indices, depth)
    line = node.builder.weight(np.arange(depth)).unsqueeze([d for d in range(indices.rank + 1) if d != axis])
    hot = node.builder.map(Function.EQ, indices.unsqueeze([axis]), line)
    off, on = (values.take(0, place, 1).squeeze([0]) for place in range(2))
    return node.builder.map(Function.WHERE, hot, on, off)


@rule("TensorScatter", since=24)
def tensor_scatter(node: NodeContext) -> View:
    """Read from the cache's side: a place shows the update that lands there, or what it held."""
    cache, update = node.view(0), node.view(1)
    axis, mode = node.axis(node.attr("axis", -2), cache.rank), node.attr("mode", "linear")
    if axis == 0 or mode not in ("linear", "circular"):
        raise node.unsupported(f"axis {axis}, mode {mode!r}", "mode")
    size, length = cache.shape[axis], update.shape[axis]
    if length > size or update.shape != (*cache.shape[:axis], length, *cache.shape[axis + 1 :]):
        raise node.unsupported(f"an update of shape {update.shape} for a cache of shape {cache.shape}", "update")
    line = node.builder.weight(np.arange(size)).unsqueeze([d for d in range(cache.rank) if d != axis])
    if node.has(2):
        if node.shape(2) != (cache.shape[0],):
            raise node.unsupported(f"shape {node.shape(2)} for a batch of {cache.shape[0]}", "write_indices")
        start = node.view(2).unsqueeze(range(1, cache.rank))
        line = node.builder.map(Function.SUB, line, start)
    if mode == "circular":
        line = node.map(Function.MOD, line, size)
    inside = node.builder.map(
        Function.AND, node.map(Function.LE, node.builder.scalar(0), line), node.map(Function.LT, line, length)
    )
    update = _readable(node.builder, update, axis)
    written = gather_along(node.builder, update, line.expand(cache.shape), axis)
    return node.builder.map(Function.WHERE, inside, written, cache)
