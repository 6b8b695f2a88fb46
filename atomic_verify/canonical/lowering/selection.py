"""Which element is the largest: ArgMax, ArgMin, TopK, by comparing with the extreme and taking the first equal one."""

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import ordered
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

_F = Function
_MOST = 64
_LONGEST = 2**24


def places_along(node: NodeContext, shape: tuple[int, ...], axis: int) -> View:
    """0, 1, 2 ... along an axis, repeated over the others; int64."""
    if shape[axis] > _LONGEST:
        raise node.unsupported(f"an axis of {shape[axis]} elements; up to {_LONGEST} are supported", "axis")
    line = np.arange(shape[axis], dtype=np.int64)
    aligned = line.reshape([-1 if other == axis else 1 for other in range(len(shape))])
    return node.builder.weight(aligned).expand(shape)


def first_extreme(node: NodeContext, x: View, axis: int, opcode: Opcode, last: bool = False) -> tuple[View, View]:
    """All places along the axis, and the first (or last) place of the extreme, with the axis kept at size 1."""
    places = places_along(node, x.shape, axis)
    best = node.reduce(opcode, x, [axis], True)
    missing = -1 if last else x.shape[axis]
    candidates = node.map(_F.WHERE, node.map(_F.EQ, x, best), places, missing)
    return places, node.reduce(Opcode.MAX if last else Opcode.MIN, candidates, [axis], True)


@rule("ArgMax", "ArgMin")
def arg_extreme(node: NodeContext) -> View:
    x = ordered(node.builder, node.view(0), node.dtype())
    axis = node.axis(node.attr("axis"), x.rank)
    node.decides("which element is the largest or smallest", x)
    if x.rank == 0:
        raise node.unsupported("a scalar has no axis", "axis")
    opcode = Opcode.MAX if node.operator == "ArgMax" else Opcode.MIN
    _, found = first_extreme(node, x, axis, opcode, last=bool(node.attr("select_last_index", 0)))
    return found if node.attr("keepdims") else found.squeeze([axis])


@rule("TopK")
def top_k(node: NodeContext) -> list[Value]:
    """k times the first extreme of what is left. Ties: the lower index first; always sorted."""
    dtype = node.dtype()
    x = ordered(node.builder, node.view(0), dtype)
    axis = node.axis(node.attr("axis"), x.rank)
    count = int(node.attr("k")) if node.declares("k") else int(node.number(1))
    node.attr("sorted")
    if not 1 <= count <= min(_MOST, x.shape[axis]):
        hint = "take fewer, or rank outside the model"
        raise node.unsupported(f"k = {count} of {x.shape[axis]}; up to {_MOST} are supported", "k", hint)
    node.decides("which elements are the largest or smallest", x)
    values, indices = _best(node, x, axis, count, largest=bool(node.attr("largest", 1)))
    joined = ordered(node.builder, node.builder.concat(values, axis), dtype)
    return [Value.seen(joined, dtype), Value.seen(node.builder.concat(indices, axis), DType.INT64)]


def _best(node: NodeContext, x: View, axis: int, count: int, largest: bool) -> tuple[list[View], list[View]]:
    """Values and places; what was taken gets the worst value and a place behind all."""
    opcode = Opcode.MAX if largest else Opcode.MIN
    worst = (-LARGEST if largest else LARGEST) if x.dtype is DType64.FLOAT else (-(2**63) if largest else 2**63 - 1)
    size = x.shape[axis]
    places = left = places_along(node, x.shape, axis)
    values, indices = [], []
    for turn in range(count):
        best = node.reduce(opcode, x, [axis], True)
        candidates = node.map(_F.WHERE, node.map(_F.EQ, x, best), left, size)
        index = node.reduce(Opcode.MIN, candidates, [axis], True)
        values.append(best)
        indices.append(index)
        if turn + 1 < count:
            hit = node.map(_F.EQ, places, index)
            x, left = node.map(_F.WHERE, hit, worst, x), node.map(_F.WHERE, hit, size, left)
    return values, indices
