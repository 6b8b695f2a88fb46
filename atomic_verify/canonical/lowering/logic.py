"""Comparisons and the logical operators; bools are 0 and 1."""

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import negated, ordered
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View

_COMPARISONS = {
    "Equal": (Function.EQ, False),
    "Less": (Function.LT, False),
    "LessOrEqual": (Function.LE, False),
    "Greater": (Function.LT, True),
    "GreaterOrEqual": (Function.LE, True),
}


@rule("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
def comparison(node: NodeContext) -> View:
    function, swapped = _COMPARISONS[node.operator]
    views = [node.view(0), node.view(1)]
    node.decides("a comparison of floats", *views)
    left, right = (ordered(node.builder, view, node.dtype()) for view in (reversed(views) if swapped else views))
    return node.map(function, left, right)


@rule("And", "Or", "Xor")
def logical(node: NodeContext) -> View:
    functions = {"And": Function.AND, "Or": Function.OR, "Xor": Function.XOR}
    return node.map(functions[node.operator], node.view(0), node.view(1))


@rule("Not")
def logical_not(node: NodeContext) -> View:
    return negated(node.builder, node.view(0))


@rule("Where")
def where(node: NodeContext) -> Value:
    return Value.seen(node.map(Function.WHERE, node.view(0), node.view(1), node.view(2)), node.dtype(1))


@rule("IsNaN")
def is_nan(node: NodeContext) -> Value:
    """Never: `load` reads NaN as 0, and no law makes one. The model that asks means to branch on it."""
    raise node.unsupported("a program holds no NaN to ask for", hint="remove the node")


@rule("IsInf")
def is_inf(node: NodeContext) -> Value:
    raise node.unsupported("a program holds no infinity to ask for", hint="remove the node")
