"""QLinearMatMul and QLinearConv: exact integer sums, scaled and rounded to the output's quantum.

Known scales are combined in their own type, as onnxruntime combines them. The scaled sum isn't rounded to float32
before it is rounded to an integer, so next to a tie the two may differ by one: rounding decides, and is reported.
"""

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.convolution import convolved
from atomic_verify.canonical.lowering.integers import limits, wrapped
from atomic_verify.canonical.lowering.linear import product, shifted
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType


@rule("QLinearMatMul", since=10)
def q_linear_matmul(node: NodeContext) -> Value:
    left, right = node.view(0), node.view(3)
    left = shifted(node, left, node.view(2), left.rank - 2, "a_zero_point")
    right = shifted(node, right, node.view(5), right.rank - 1, "b_zero_point")
    if node.value(1).shape not in ((), (1,)):
        raise node.unsupported("a scale per row isn't supported", "input a_scale")
    made = product(node, left, right)
    return _requantised(node, made, _factor(node, (1, 4, 6)), made.rank - 1, 7)


@rule("QLinearConv", since=10)
def q_linear_conv(node: NodeContext) -> Value:
    kernel = node.view(3)
    x = node.builder.map(Function.SUB, node.view(0), node.builder.reshape(node.view(2), ()))
    kernel = shifted(node, kernel, node.view(5), 0, "w_zero_point")
    made = convolved(node, x, kernel)
    if node.has(8):
        if node.shape(8) != (made.shape[1],):
            raise node.unsupported(f"shape {node.shape(8)} for {made.shape[1]} channels", "input B")
        made = node.builder.map(Function.ADD, made, node.view(8).unsqueeze([0, *range(2, made.rank)]))
    return _requantised(node, made, _factor(node, (1, 4, 6)), 1, 7)


def _factor(node: NodeContext, places: tuple[int, int, int]) -> View:
    """The product of two scales over a third."""
    known = [node.value(place).known(node.builder) for place in places]
    first, second, third = known
    if first is not None and second is not None and third is not None:
        return node.builder.weight(np.asarray(first * second / third))
    views = [node.view(place) for place in places]
    return node.builder.map(Function.DIV, node.builder.map(Function.MUL, views[0], views[1]), views[2])


def _requantised(node: NodeContext, total: View, factor: View, axis: int, zero: int) -> Value:
    """round(total * factor) + zero point, saturating; `factor` is one number or one per index of the axis."""
    if factor.size == 1:
        factor = node.builder.reshape(factor, ())
    elif factor.shape == (total.shape[axis],):
        factor = factor.unsqueeze([place for place in range(total.rank) if place != axis])
    else:
        raise node.unsupported(f"{factor.shape} scales for {total.shape}", "input y_scale")
    total = node.map(Function.INT_TO_FLOAT, wrapped(node.builder, total, DType.INT32))
    scaled = node.builder.map(Function.MUL, total, factor)
    node.decides("rounding to a quantum", scaled)
    whole = node.map(Function.FLOAT_TO_INT, node.map(Function.ROUND, scaled))
    moved = node.builder.map(Function.ADD, whole, node.builder.reshape(node.view(zero), ()))
    low, high = limits(node.dtype(zero))
    return Value.seen(node.map(Function.MIN, node.map(Function.MAX, moved, low), high), node.dtype(zero))
