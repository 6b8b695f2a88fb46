"""Trigonometric and hyperbolic functions and their inverses, of exp, log, sqrt, sin, cos and atan."""

import math

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View

_F = Function


@rule("Tan")
def tan(node: NodeContext) -> View:
    x = node.view(0)
    return node.map(_F.DIV, node.map(_F.SIN, x), node.map(_F.COS, x))


@rule("Asin")
def asin(node: NodeContext) -> View:
    return _arcsine(node, node.view(0))


@rule("Acos")
def acos(node: NodeContext) -> View:
    return node.map(_F.SUB, math.pi / 2, _arcsine(node, node.view(0)))


def _arcsine(node: NodeContext, x: View) -> View:
    """atan(x / sqrt((1 - x)(1 + x))); at 1 the quotient saturates and atan gives pi / 2."""
    product = node.map(_F.MUL, node.map(_F.SUB, 1.0, x), node.map(_F.ADD, x, 1.0))
    return node.map(_F.ATAN, node.map(_F.DIV, x, node.map(_F.SQRT, product)))


@rule("Sinh", "Cosh")
def hyperbolic(node: NodeContext) -> View:
    x = node.view(0)
    rising, falling = node.map(_F.EXP, x), node.map(_F.EXP, node.map(_F.NEG, x))
    joined = node.map(_F.SUB if node.operator == "Sinh" else _F.ADD, rising, falling)
    return node.map(_F.MUL, joined, 0.5)


@rule("Asinh")
def asinh(node: NodeContext) -> View:
    """Of |x|, where nothing cancels, with the sign put back."""
    x = node.view(0)
    root = node.map(_F.SQRT, node.map(_F.ADD, node.map(_F.MUL, x, x), 1.0))
    positive = node.map(_F.LOG, node.map(_F.ADD, node.map(_F.ABS, x), root))
    return node.map(_F.WHERE, node.map(_F.LT, x, 0.0), node.map(_F.NEG, positive), positive)


@rule("Acosh")
def acosh(node: NodeContext) -> View:
    x = node.view(0)
    product = node.map(_F.MUL, node.map(_F.SUB, x, 1.0), node.map(_F.ADD, x, 1.0))
    return node.map(_F.LOG, node.map(_F.ADD, x, node.map(_F.SQRT, product)))


@rule("Atanh")
def atanh(node: NodeContext) -> View:
    x = node.view(0)
    ratio = node.map(_F.DIV, node.map(_F.ADD, x, 1.0), node.map(_F.SUB, 1.0, x))
    return node.map(_F.MUL, node.map(_F.LOG, ratio), 0.5)
