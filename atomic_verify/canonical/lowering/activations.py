"""Activation functions, composed of few scalar functions so that they neither overflow nor lose the answer."""

import math

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import DType64, Function
from atomic_verify.canonical.views import View

_F = Function


def sigmoid(node: NodeContext, x: View) -> View:
    """1 / (1 + exp(-x)); exp saturates, and its reciprocal is then 0 to all that matters."""
    return node.map(_F.DIV, 1.0, node.map(_F.ADD, node.map(_F.EXP, node.map(_F.NEG, x)), 1.0))


def tanh(node: NodeContext, x: View) -> View:
    """1 - 2 / (exp(2 x) + 1): within 2^-53 of tanh, absolutely."""
    double = node.map(_F.EXP, node.map(_F.MUL, x, 2.0))
    return node.map(_F.SUB, 1.0, node.map(_F.DIV, 2.0, node.map(_F.ADD, double, 1.0)))


def softplus(node: NodeContext, x: View) -> View:
    """log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)), which can't overflow."""
    small = node.map(_F.EXP, node.map(_F.NEG, node.map(_F.ABS, x)))
    return node.map(_F.ADD, node.map(_F.MAX, x, 0.0), node.map(_F.LOG, node.map(_F.ADD, small, 1.0)))


def exponential(node: NodeContext, x: View, alpha: float) -> View:
    """x where positive, else alpha (exp(x) - 1)."""
    bent = node.map(_F.SUB, node.map(_F.EXP, node.map(_F.MIN, x, 0.0)), 1.0)
    return node.map(_F.ADD, node.map(_F.MAX, x, 0.0), node.map(_F.MUL, bent, alpha))


def hard_sigmoid(node: NodeContext, x: View, alpha: float, beta: float) -> View:
    line = node.map(_F.ADD, node.map(_F.MUL, x, alpha), beta)
    return node.map(_F.MAX, node.map(_F.MIN, line, 1.0), 0.0)


def leaky(node: NodeContext, x: View, alpha: float) -> View:
    """x where positive, else alpha x."""
    bent = node.map(_F.MUL, x, alpha)
    if 0 <= alpha <= 1:
        return node.map(_F.MAX, x, bent)
    return node.map(_F.WHERE, node.map(_F.LT, x, 0.0), bent, x)


def softsign(node: NodeContext, x: View) -> View:
    """x / (1 + |x|)."""
    return node.map(_F.DIV, x, node.map(_F.ADD, node.map(_F.ABS, x), 1.0))


@rule("Relu")
def _relu(node: NodeContext) -> View:
    return node.map(_F.MAX, node.view(0), 0)


@rule("Sigmoid")
def _sigmoid(node: NodeContext) -> View:
    return sigmoid(node, node.view(0))


@rule("Tanh")
def _tanh(node: NodeContext) -> View:
    return tanh(node, node.view(0))


@rule("Softplus")
def _softplus(node: NodeContext) -> View:
    return softplus(node, node.view(0))


@rule("Softsign")
def _softsign(node: NodeContext) -> View:
    return softsign(node, node.view(0))


@rule("Elu")
def _elu(node: NodeContext) -> View:
    return exponential(node, node.view(0), node.attr("alpha"))


@rule("Selu")
def _selu(node: NodeContext) -> View:
    return node.map(_F.MUL, exponential(node, node.view(0), node.attr("alpha")), node.attr("gamma"))


@rule("Celu")
def _celu(node: NodeContext) -> View:
    """max(x, 0) + min(0, alpha (exp(x / alpha) - 1))."""
    x, alpha = node.view(0), node.attr("alpha")
    if alpha == 0:
        raise node.unsupported("division by alpha = 0", "alpha")
    bent = node.map(_F.SUB, node.map(_F.EXP, node.map(_F.DIV, x, alpha)), 1.0)
    low = node.map(_F.MIN, node.map(_F.MUL, bent, alpha), 0.0)
    return node.map(_F.ADD, node.map(_F.MAX, x, 0.0), low)


@rule("LeakyRelu")
def _leaky_relu(node: NodeContext) -> View:
    return leaky(node, node.view(0), node.attr("alpha"))


@rule("PRelu")
def _prelu(node: NodeContext) -> View:
    x, slope = node.view(0), node.view(1)
    bent = wrapped(node.builder, node.map(_F.MUL, x, slope), node.dtype())
    return node.map(_F.WHERE, node.map(_F.LT, x, 0), bent, x)


@rule("ThresholdedRelu")
def _thresholded_relu(node: NodeContext) -> View:
    x = node.view(0)
    node.decides("the result jumps at alpha", x)
    return node.map(_F.WHERE, node.map(_F.LT, View.immediate(node.attr("alpha"), x.dtype), x), x, 0.0)


@rule("HardSigmoid")
def _hard_sigmoid(node: NodeContext) -> View:
    return hard_sigmoid(node, node.view(0), node.attr("alpha"), node.attr("beta"))


@rule("HardSwish")
def _hard_swish(node: NodeContext) -> View:
    x = node.view(0)
    return node.map(_F.MUL, x, hard_sigmoid(node, x, 1 / 6, 0.5))


@rule("Swish")
def _swish(node: NodeContext) -> View:
    x, alpha = node.view(0), node.attr("alpha")
    scaled = x if alpha == 1.0 else node.map(_F.MUL, x, alpha)
    return node.map(_F.MUL, x, sigmoid(node, scaled))


@rule("Gelu")
def _gelu(node: NodeContext) -> View:
    x = node.view(0)
    match node.attr("approximate", "none"):
        case "none":
            inner = node.map(_F.ERF, node.map(_F.MUL, x, math.sqrt(0.5)))
        case "tanh":
            cube = node.map(_F.MUL, node.map(_F.MUL, x, x), x)
            line = node.map(_F.ADD, node.map(_F.MUL, cube, 0.044715), x)
            inner = tanh(node, node.map(_F.MUL, line, math.sqrt(2 / math.pi)))
        case other:
            raise node.unsupported(f"{other!r} isn't known", "approximate")
    return node.map(_F.MUL, node.map(_F.MUL, x, 0.5), node.map(_F.ADD, inner, 1.0))


@rule("Mish")
def _mish(node: NodeContext) -> View:
    x = node.view(0)
    return node.map(_F.MUL, x, tanh(node, softplus(node, x)))


@rule("Shrink")
def _shrink(node: NodeContext) -> View:
    """x + bias below -lambd, x - bias above lambd, else 0."""
    x, bias, edge = node.view(0), node.attr("bias"), node.attr("lambd")
    if x.dtype is not DType64.FLOAT:
        raise node.unsupported("integers aren't supported", "input", "cast to a float type")
    node.decides("the result jumps at lambd", x)
    low, high = node.map(_F.LT, x, -edge), node.map(_F.LT, View.immediate(edge, x.dtype), x)
    inner = node.map(_F.WHERE, high, node.map(_F.SUB, x, bias), 0.0)
    return node.map(_F.WHERE, low, node.map(_F.ADD, x, bias), inner)
