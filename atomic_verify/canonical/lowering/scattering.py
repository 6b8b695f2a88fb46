"""ScatterElements, Scatter and ScatterND with indices known without the item, and Col2Im.

With known indices it is known which update each element of the result shows, so a scatter is a gather from the data
and the updates side by side. With a reduction, the first updates of all elements are combined at once, then the second
ones, and so on.
"""

import math

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import ordered, wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.windows import MAX_CONSTANT, windows
from atomic_verify.canonical.program import Array, Function
from atomic_verify.canonical.views import View

_REDUCTIONS = {"add": Function.ADD, "mul": Function.MUL, "max": Function.MAX, "min": Function.MIN}
_MAX_ROUNDS = 64


def _normal(node: NodeContext, indices: Array, sizes: Array) -> Array:
    """Non-negative indices; raises Unsupported for one beyond its axis."""
    if ((indices < -sizes) | (indices >= sizes)).any():
        raise node.unsupported("an index lies beyond the data", "indices")
    return np.where(indices < 0, indices + sizes, indices)


@rule("ScatterElements", "Scatter")
def scatter_elements(node: NodeContext) -> View:
    data, updates = node.view(0), node.view(2)
    axis = node.axis(node.attr("axis", 0), data.rank)
    indices = np.asarray(node.known(1)).astype(np.int64)
    if indices.shape != updates.shape or indices.ndim != data.rank:
        raise node.unsupported(f"{indices.shape} for updates of shape {updates.shape}", "indices")
    places: list[Array] = list(np.indices(indices.shape))
    places[axis] = _normal(node, indices, np.asarray(data.shape[axis]))
    if any((place >= size).any() for place, size in zip(places, data.shape, strict=True)):
        raise node.unsupported(f"updates of shape {updates.shape} for data of shape {data.shape}", "updates")
    return _scattered(node, data, updates, np.asarray(np.ravel_multi_index(tuple(places), data.shape)))


@rule("ScatterND", since=11)
def scatter_nd(node: NodeContext) -> View:
    data, updates = node.view(0), node.view(2)
    indices = np.asarray(node.known(1)).astype(np.int64)
    count = indices.shape[-1]
    if count > data.rank or updates.shape != (*indices.shape[:-1], *data.shape[count:]):
        raise node.unsupported(f"{indices.shape} for updates of shape {updates.shape}", "indices")
    indices = _normal(node, indices, np.asarray(data.shape[:count], dtype=np.int64))
    first = np.ravel_multi_index(tuple(np.moveaxis(indices, -1, 0)), data.shape[:count]) if count else np.zeros((), int)
    rest = math.prod(data.shape[count:])
    return _scattered(node, data, updates, np.asarray(first)[..., None] * rest + np.arange(rest))


def _scattered(node: NodeContext, data: View, updates: View, places: Array) -> View:
    """`places` are the updates' places in the flattened data, in the updates' order."""
    reduction = str(node.attr("reduction", "none")) if node.declares("reduction") else "none"
    flat, new = node.builder.reshape(data, (data.size,)), node.builder.reshape(updates, (updates.size,))
    rounds = _rounds(node, places.reshape(-1), data.size, reduction)
    if reduction == "none":
        made = _replaced(node, flat, new, rounds[0])
    elif reduction in _REDUCTIONS:
        made = _combined(node, _REDUCTIONS[reduction], flat, new, rounds)
    else:
        raise node.unsupported(f"{reduction!r} isn't known", "reduction")
    return node.builder.reshape(made, data.shape)


def _rounds(node: NodeContext, places: Array, size: int, reduction: str) -> list[Array]:
    """Arrays (size,): of each element its first update, its second ..., or -1."""
    order = np.argsort(places, kind="stable")
    targets = places[order]
    starts = np.searchsorted(targets, targets, side="left")
    turns = np.arange(targets.size) - starts
    most = int(turns.max()) + 1
    if most > (1 if reduction == "none" else _MAX_ROUNDS):
        raise node.unsupported(f"{most} updates of one element with reduction {reduction!r}", "indices")
    if most * size > MAX_CONSTANT:
        raise node.unsupported(f"{most} updates of {size} elements", "indices")
    found = np.full((most, size), -1, dtype=np.int64)
    found[turns, targets] = order
    return list(found)


@rule("Col2Im", since=18)
def col2im(node: NodeContext) -> View:
    """Blocks added where they overlap: pixel by pixel the first block's element, then the second's."""
    x, image, block = node.view(0), node.ints(1) or [], node.ints(2) or []
    rank = len(image)
    if x.rank != 3 or not image or len(block) != rank or x.shape[1] % math.prod(block):
        raise node.unsupported(f"blocks {block} of an image {image} in shape {x.shape}", "block_shape")
    axes = windows(node, tuple(image), tuple(block))
    if math.prod(axis.count for axis in axes) != x.shape[2]:
        raise node.unsupported(f"{x.shape[2]} blocks, the image has {[axis.count for axis in axes]}", "image_shape")
    taps = np.indices((*block, *(axis.count for axis in axes))).reshape(2 * rank, -1)
    lines = [taps[rank + d] * axis.stride + taps[d] * axis.dilation - axis.low for d, axis in enumerate(axes)]
    sizes = np.array(image)[:, None]
    inside = ((np.stack(lines) >= 0) & (np.stack(lines) < sizes)).all(axis=0)
    places = np.ravel_multi_index(tuple(line[inside] for line in lines), tuple(image))
    flat = node.builder.reshape(x, (x.shape[0], x.shape[1] // math.prod(block), taps.shape[1]))
    made: View | None = None
    for chosen in _rounds(node, np.asarray(places), math.prod(image), "add"):
        sources = np.where(chosen >= 0, np.flatnonzero(inside)[chosen], -1)
        taken = node.builder.gather(flat, node.builder.weight(sources), 2)
        made = taken if made is None else node.builder.map(Function.ADD, made, taken)
    if made is None:
        raise node.unsupported("no block lies on the image", "pads")
    return node.builder.reshape(made, (*flat.shape[:2], *image))


def _replaced(node: NodeContext, flat: View, new: View, chosen: Array) -> View:
    builder = node.builder
    if (chosen >= 0).all():
        return builder.gather(new, builder.weight(chosen), 0)
    sources = np.where(chosen >= 0, chosen + flat.size, np.arange(flat.size))
    return builder.gather(builder.concat([flat, new], 0), builder.weight(sources), 0)


def _combined(node: NodeContext, function: Function, flat: View, new: View, rounds: list[Array]) -> View:
    builder, dtype = node.builder, node.dtype()
    compared = function in (Function.MIN, Function.MAX)
    if compared:
        flat, new = ordered(builder, flat, dtype), ordered(builder, new, dtype)
    for chosen in rounds:
        taken = builder.gather(new, builder.weight(np.maximum(chosen, 0)), 0)
        both = builder.map(function, flat, taken)
        hit = builder.weight((chosen >= 0).astype(np.int64))
        flat = builder.map(Function.WHERE, hit, both, flat)
    return ordered(builder, flat, dtype) if compared else wrapped(builder, flat, dtype)
