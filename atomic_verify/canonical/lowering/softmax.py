"""Softmax, LogSoftmax and Hardmax: before opset 13 over all axes from `axis` on, since then over one."""

from collections.abc import Sequence

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.selection import first_extreme
from atomic_verify.canonical.program import Function, Opcode
from atomic_verify.canonical.views import View

_F = Function
_ONE_AXIS = 13


def softmax(node: NodeContext, x: View, axes: Sequence[int]) -> View:
    """exp(x - max) / sum(exp(x - max)) over axes."""
    powers = node.map(_F.EXP, _below_largest(node, x, axes))
    return node.map(_F.DIV, powers, node.reduce(Opcode.SUM, powers, axes, True))


def _below_largest(node: NodeContext, x: View, axes: Sequence[int]) -> View:
    return node.map(_F.SUB, x, node.reduce(Opcode.MAX, x, axes, True))


def _axes(node: NodeContext, x: View) -> list[int]:
    axis = node.axis(node.attr("axis"), x.rank)
    if node.opset >= _ONE_AXIS:
        return [axis] if x.rank else []
    return list(range(axis, x.rank))


@rule("Softmax")
def _softmax(node: NodeContext) -> View:
    return softmax(node, node.view(0), _axes(node, node.view(0)))


@rule("LogSoftmax")
def _log_softmax(node: NodeContext) -> View:
    x = node.view(0)
    axes = _axes(node, x)
    low = _below_largest(node, x, axes)
    return node.map(_F.SUB, low, node.map(_F.LOG, node.reduce(Opcode.SUM, node.map(_F.EXP, low), axes, True)))


@rule("Hardmax")
def _hardmax(node: NodeContext) -> View:
    """1 at the first largest element, else 0."""
    x = node.view(0)
    axes = _axes(node, x)
    node.decides("which element is the largest", x)
    shape = (*x.shape[: axes[0]], -1, *x.shape[axes[-1] + 1 :]) if axes else x.shape
    sizes = [x.size // max(1, _product(shape)) if size == -1 else size for size in shape]
    flat = node.builder.reshape(x, sizes)
    axis = axes[0] if axes else 0
    places, best = first_extreme(node, flat, axis, Opcode.MAX)
    hit = node.map(_F.INT_TO_FLOAT, node.map(_F.EQ, places, best))
    return node.builder.reshape(hit, x.shape)


def _product(shape: Sequence[int]) -> int:
    result = 1
    for size in shape:
        result *= abs(size)
    return result
