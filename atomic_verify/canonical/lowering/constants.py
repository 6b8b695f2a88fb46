"""Tensors that are known before any item comes: constants, shapes, ranges, identity matrices; and static branches."""

import math
from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value, element_type
from atomic_verify.canonical.program import FLOATS, Array
from atomic_verify.commitments import DType

_NUMBERS = {"value_float": DType.FLOAT, "value_floats": DType.FLOAT, "value_int": DType.INT64}
_NUMBERS |= {"value_ints": DType.INT64}
_LONGEST = 2**22


@rule("Constant")
def constant(node: NodeContext) -> Value:
    name = next(iter(node.attributes), "")
    if name == "value":
        element_type(node.attributes[name].t.data_type)
        return Value.of(node.attr(name))
    if name not in _NUMBERS:
        raise node.unsupported("only dense tensors of numbers are supported", name or "value")
    return Value.of(np.asarray(node.attr(name)), _NUMBERS[name])


@rule("ConstantOfShape")
def constant_of_shape(node: NodeContext) -> Value:
    shape = tuple(node.ints(0) or ())
    given = node.attr("value")
    fill = np.zeros(1, np.float32) if given is None else np.asarray(given).reshape(-1)
    known = Value.of(fill)
    if fill.size != 1 or any(size < 0 for size in shape):
        raise node.unsupported(f"{fill.size} values for shape {shape}", "value")
    if 0 in shape:
        return Value.empty(known.dtype, shape)
    return Value.seen(node.builder.reshape(node.builder.weight(fill), ()).expand(shape), known.dtype)


@rule("Shape")
def shape_of(node: NodeContext) -> Value:
    """`start` and `end` as Python's slices clamp them."""
    shape = node.shape()
    start, end = node.attr("start", 0), node.attr("end", None)
    return Value.of(np.array(shape[start:end], dtype=np.int64))


@rule("Size")
def size_of(node: NodeContext) -> Value:
    return Value.of(np.array(math.prod(node.shape()), dtype=np.int64))


@rule("Range")
def progression(node: NodeContext) -> Value:
    """start + i * delta. Floats are counted in float64."""
    dtype = node.dtype()
    node.attr("stash_type")
    start, limit, delta = (node.number(place) for place in range(3))
    if delta == 0:
        raise node.unsupported("a step of zero", "delta")
    count = max(0, math.ceil((limit - start) / delta) if dtype in FLOATS else -((start - limit) // delta))
    if count > _LONGEST:
        raise node.unsupported(f"{count} elements; up to {_LONGEST} are supported", "limit")
    wide: Array = np.arange(count, dtype=np.float64 if dtype in FLOATS else np.int64)
    return Value.of(wide * delta + start, dtype)


@rule("EyeLike")
def eye_like(node: NodeContext) -> Value:
    shape = node.shape()
    if len(shape) != 2 or math.prod(shape) > _LONGEST:
        raise node.unsupported(f"shape {shape}", "input")
    code = node.attr("dtype", TensorProto.UNDEFINED)
    return Value.of(np.eye(*shape, k=node.attr("k")), element_type(code) if code else node.dtype())


@rule("If")
def branch(node: NodeContext) -> Sequence[Value]:
    """The branch that a known condition takes."""
    taken, other = ("then_branch", "else_branch") if node.number(0) else ("else_branch", "then_branch")
    node.attr(other)
    return node.lower_graph(node.attr(taken))
