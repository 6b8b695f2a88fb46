"""Linear quantisation of 8- to 32-bit integers: exact in float64, and rounding decides."""

import math

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import limits, to_float
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value, element_type
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType


@rule("DequantizeLinear")
def dequantize(node: NodeContext) -> Value:
    """(x - zero point) * scale."""
    x = to_float(node.builder, node.view(0), node.dtype())
    code = node.attr("output_dtype", 0)
    if node.has(2):
        zero = to_float(node.builder, node.view(2), node.dtype(2))
        x = node.map(Function.SUB, x, _aligned(node, zero, x))
    result = node.map(Function.MUL, x, _aligned(node, node.view(1), x))
    return Value.seen(result, element_type(code) if code else node.dtype(1))


@rule("QuantizeLinear")
def quantize(node: NodeContext) -> Value:
    """round(x / scale) + zero point, half to even, saturating."""
    x = node.view(0)
    node.attr("saturate")
    code, precision = node.attr("output_dtype", 0), node.attr("precision", 0)
    if precision not in (0, 1):
        raise node.unsupported("only float32 division is known", "precision")
    target = node.dtype(2) if node.has(2) else element_type(code) if code else DType.UINT8
    scale = node.view(1)
    if scale.dtype is not x.dtype:
        raise node.unsupported("integer inputs aren't supported", "x")
    node.decides("rounding to a quantum", x)
    whole = node.map(Function.ROUND, node.map(Function.DIV, x, _aligned(node, scale, x)))
    result = node.map(Function.FLOAT_TO_INT, whole)
    if node.has(2):
        result = node.map(Function.ADD, result, _aligned(node, node.view(2), x))
    low, high = limits(target)
    return Value.seen(node.map(Function.MIN, node.map(Function.MAX, result, low), high), target)


@rule("DynamicQuantizeLinear")
def dynamic_quantize(node: NodeContext) -> Value:
    """Refused: the scale is computed from the item in float32, and in float64 other elements round up."""
    raise node.unsupported("its scale is a float32 of the item's range", hint="quantise with fixed scales")


def _aligned(node: NodeContext, part: View, x: View) -> View:
    """A scale or zero point as a tensor of x's shape: one for all, one per index of `axis`, or one per block."""
    axis, block = node.attr("axis", 1), node.attr("block_size", 0)
    if part.size == 1:
        return node.builder.reshape(part, ()).expand(x.shape)
    axis = node.axis(axis, x.rank)
    if not block:
        shape = [part.size if other == axis else 1 for other in range(x.rank)]
        return node.builder.reshape(part, shape).expand(x.shape)
    spread = part.unsqueeze([axis + 1])
    wide = spread.expand([*part.shape[: axis + 1], block, *part.shape[axis + 1 :]])
    merged = [*part.shape[:axis], part.shape[axis] * block, *part.shape[axis + 1 :]]
    if math.prod(merged) < x.size:
        raise node.unsupported("blocks don't cover the input", "block_size")
    return node.builder.reshape(wide, merged).take(axis, 0, x.shape[axis]).expand(x.shape)
