"""Reductions over axes: all Reduce*."""

import math
from collections.abc import Sequence

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import ordered, wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import DType64, Function, Opcode
from atomic_verify.canonical.views import View

_F = Function


def reduced_axes(node: NodeContext, rank: int) -> list[int]:
    """Axes of the attribute or input; none given means all, or none if `noop_with_empty_axes`."""
    given = node.ints(1, "axes")
    noop = bool(node.attr("noop_with_empty_axes", 0))
    if not given:
        return [] if noop else list(range(rank))
    return node.axes(given, rank)


def _plan(node: NodeContext, floats_only: bool = False) -> tuple[View, list[int], bool]:
    x = node.view(0)
    if floats_only and x.dtype is not DType64.FLOAT:
        raise node.unsupported("not defined to the bit for integers", "data", "cast to a float type")
    return x, reduced_axes(node, x.rank), bool(node.attr("keepdims", 1))


def _total(node: NodeContext, x: View, axes: Sequence[int], keep: bool) -> View:
    return wrapped(node.builder, node.reduce(Opcode.SUM, x, axes, keep), node.dtype())


@rule("ReduceSum")
def reduce_sum(node: NodeContext) -> View:
    return _total(node, *_plan(node))


@rule("ReduceMean")
def reduce_mean(node: NodeContext) -> View:
    x, axes, keep = _plan(node, floats_only=True)
    return mean(node, x, axes, keep)


def mean(node: NodeContext, x: View, axes: Sequence[int], keep: bool = True) -> View:
    """The sum over axes divided by their size."""
    count = math.prod(x.shape[axis] for axis in axes)
    result = node.reduce(Opcode.SUM, x, axes, keep)
    return result if count == 1 else node.map(_F.DIV, result, float(count))


@rule("ReduceMax", "ReduceMin")
def reduce_extreme(node: NodeContext) -> View:
    x, axes, keep = _plan(node)
    opcode = Opcode.MAX if node.operator == "ReduceMax" else Opcode.MIN
    result = node.reduce(opcode, ordered(node.builder, x, node.dtype()), axes, keep)
    return ordered(node.builder, result, node.dtype())


@rule("ReduceProd")
def reduce_prod(node: NodeContext) -> View:
    """A tree of products: there is no law for long ones."""
    x, axes, keep = _plan(node)
    for axis in axes:
        while x.shape[axis] > 1:
            half = x.shape[axis] // 2
            product = node.map(_F.MUL, x.take(axis, 0, half), x.take(axis, half, half))
            product = wrapped(node.builder, product, node.dtype())
            rest = [x.take(axis, 2 * half, 1)] if x.shape[axis] % 2 else []
            x = node.builder.concat([product, *rest], axis)
    return x if keep else x.squeeze(axes)


@rule("ReduceL1")
def reduce_l1(node: NodeContext) -> View:
    x, axes, keep = _plan(node)
    return _total(node, node.map(_F.ABS, x), axes, keep)


@rule("ReduceSumSquare")
def reduce_sum_square(node: NodeContext) -> View:
    x, axes, keep = _plan(node)
    return _total(node, node.map(_F.MUL, x, x), axes, keep)


@rule("ReduceL2")
def reduce_l2(node: NodeContext) -> View:
    x, axes, keep = _plan(node, floats_only=True)
    return node.map(_F.SQRT, node.reduce(Opcode.SUM, node.map(_F.MUL, x, x), axes, keep))


@rule("ReduceLogSum")
def reduce_log_sum(node: NodeContext) -> View:
    x, axes, keep = _plan(node, floats_only=True)
    return node.map(_F.LOG, node.reduce(Opcode.SUM, x, axes, keep))


@rule("ReduceLogSumExp")
def reduce_log_sum_exp(node: NodeContext) -> View:
    """The largest is taken out first, so that exp can't overflow."""
    x, axes, keep = _plan(node, floats_only=True)
    largest = node.reduce(Opcode.MAX, x, axes, True)
    total = node.reduce(Opcode.SUM, node.map(_F.EXP, node.map(_F.SUB, x, largest)), axes, True)
    result = node.map(_F.ADD, largest, node.map(_F.LOG, total))
    return result if keep else result.squeeze(axes)
