"""MatMul, MatMulInteger and Gemm."""

from atomic_verify.canonical.lowering.context import NodeContext, as_float32
from atomic_verify.canonical.lowering.integers import wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import DType64, Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType


@rule("MatMul")
def matmul(node: NodeContext) -> View:
    return wrapped(node.builder, product(node, node.view(0), node.view(1)), node.dtype())


def product(node: NodeContext, left: View, right: View) -> View:
    """numpy's matmul. Raises Unsupported for shapes that don't fit."""
    inner = left.shape[-1:], right.shape[-2:][:1]
    if left.rank == 0 or right.rank == 0 or inner[0] != inner[1]:
        raise node.unsupported(f"shapes {left.shape} and {right.shape} don't fit")
    return node.builder.matmul(left, right)


@rule("MatMulInteger", since=10)
def matmul_integer(node: NodeContext) -> Value:
    left, right = node.view(0), node.view(1)
    if node.has(2):
        left = shifted(node, left, node.view(2), left.rank - 2, "a_zero_point")
    if node.has(3):
        right = shifted(node, right, node.view(3), right.rank - 1, "b_zero_point")
    return Value.seen(wrapped(node.builder, product(node, left, right), DType.INT32), DType.INT32)


def shifted(node: NodeContext, view: View, zero: View, axis: int, name: str) -> View:
    """Less the zero point: one number, one per index of `axis`, or what broadcasts as it stands."""
    if zero.size == 1:
        zero = node.builder.reshape(zero, ())
    elif zero.rank == 1 and axis >= 0 and zero.shape == (view.shape[axis],):
        zero = zero.unsqueeze([place for place in range(view.rank) if place != axis])
    elif zero.rank != view.rank or node.builder.broadcast(zero, view) != view.shape:
        raise node.unsupported(f"shape {zero.shape} for {view.shape}", name)
    return node.builder.map(Function.SUB, view, zero)


@rule("Gemm")
def gemm(node: NodeContext) -> View:
    left, right = node.view(0), node.view(1)
    if left.rank != 2 or right.rank != 2:
        raise node.unsupported(f"matrices expected, not shapes {left.shape} and {right.shape}")
    left = left.perm([1, 0]) if node.attr("transA") else left
    right = right.perm([1, 0]) if node.attr("transB") else right
    made = _scaled(node, product(node, left, right), "alpha")
    if node.has(2):
        made = node.builder.map(Function.ADD, made, _scaled(node, node.view(2).expand(made.shape), "beta"))
    elif "beta" in node.attributes:
        node.attr("beta")
    return wrapped(node.builder, made, node.dtype())


def _scaled(node: NodeContext, view: View, name: str) -> View:
    factor = as_float32(node.attr(name, 1.0))
    if factor == 1.0:
        return view
    if view.dtype is DType64.INT:
        if factor != int(factor):
            raise node.unsupported(f"{factor} times integers", name)
        return node.map(Function.MUL, view, int(factor))
    return node.map(Function.MUL, view, factor)
