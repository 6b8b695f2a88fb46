"""Casts between element types.

Floats are float64 throughout: a cast between float types changes nothing. A float becomes an integer by truncation,
saturating at the ends of the type (ONNX leaves that open); an integer keeps its low bits.
"""

from onnx import TensorProto

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import limits, to_float, truth, wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value, element_type
from atomic_verify.canonical.program import FLOATS, Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

_TWO_63 = 2.0**63


@rule("Cast")
def cast(node: NodeContext) -> Value:
    _modes(node)
    return converted(node, node.view(0), node.dtype(), element_type(node.attr("to", TensorProto.UNDEFINED)))


@rule("CastLike")
def cast_like(node: NodeContext) -> Value:
    _modes(node)
    if 0 in node.shape():
        return Value.empty(node.dtype(1), node.shape())
    return converted(node, node.view(0), node.dtype(), node.dtype(1))


@rule("BitCast")
def bit_cast(node: NodeContext) -> Value:
    """Between integers of one width; a float's bits are nothing that a law can name."""
    source, target = node.dtype(), element_type(node.attr("to"))
    if source.itemsize != target.itemsize or {source, target} & FLOATS or target is DType.BOOL:
        raise node.unsupported(f"{source.name.lower()} as {target.name.lower()}", "to", "use Cast")
    return Value.seen(wrapped(node.builder, node.view(0), target), target)


def _modes(node: NodeContext) -> None:
    """Attributes that concern float8 only."""
    for name in ("saturate", "round_mode"):
        node.attr(name)


def converted(node: NodeContext, view: View, source: DType, target: DType) -> Value:
    """The view of ONNX type `source` as `target`."""
    builder = node.builder
    if target in FLOATS:
        return Value.seen(view if source in FLOATS else to_float(builder, view, source), target)
    if source in FLOATS:
        node.decides(f"a float becomes {target.name.lower()}", view)
    if target is DType.BOOL:
        return Value.seen(view if source is DType.BOOL else truth(builder, view), target)
    if source not in FLOATS:
        return Value.seen(wrapped(builder, view, target), target)
    if target is DType.UINT64:
        return Value.seen(_to_uint64(node, view), target)
    low, high = limits(target)
    whole = builder.map(Function.FLOAT_TO_INT, view)
    if target is not DType.INT64:
        whole = node.map(Function.MIN, node.map(Function.MAX, whole, low), high)
    return Value.seen(whole, target)


def _to_uint64(node: NodeContext, view: View) -> View:
    """Below 2^63 as int64, above by its distance from 2^63; saturates at both ends."""
    positive = node.map(Function.MAX, view, 0.0)
    small = node.map(Function.FLOAT_TO_INT, positive)
    above = node.map(Function.SUB, positive, _TWO_63)
    large = node.map(Function.ADD, node.map(Function.FLOAT_TO_INT, above), -(2**63))
    return node.map(Function.WHERE, node.map(Function.LT, positive, _TWO_63), small, large)
