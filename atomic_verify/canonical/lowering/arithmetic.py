"""Elementwise arithmetic of floats and integers."""

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import ordered, to_float, wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.values import UNSIGNED, Value
from atomic_verify.canonical.program import DType64, Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

_PAIRS = {"Add": Function.ADD, "Sub": Function.SUB, "Mul": Function.MUL}


@rule("Add", "Sub", "Mul")
def pair(node: NodeContext) -> View:
    result = node.map(_PAIRS[node.operator], node.view(0), node.view(1))
    return wrapped(node.builder, result, node.dtype())


@rule("Div")
def div(node: NodeContext) -> View:
    """Integers truncate towards zero."""
    if node.dtype() is DType.UINT64:
        raise node.unsupported("uint64 division has no exact law", hint="use int64")
    return wrapped(node.builder, node.map(Function.DIV, node.view(0), node.view(1)), node.dtype())


_FLOAT_MODULO = 28


@rule("Mod")
def mod(node: NodeContext) -> View:
    """`fmod` 0: the divisor's sign (integers), 1: the dividend's."""
    if node.dtype() is DType.UINT64:
        raise node.unsupported("uint64 remainders have no exact law", hint="use int64")
    left, right = node.view(0), node.view(1)
    by_dividend = bool(node.attr("fmod", 0))
    if left.dtype is DType64.FLOAT and not by_dividend and node.opset < _FLOAT_MODULO:
        raise node.unsupported("fmod must be 1 for floats", "fmod")
    node.decides("a remainder jumps where the dividend crosses a multiple", left, right)
    return node.map(Function.FMOD if by_dividend else Function.MOD, left, right)


@rule("Neg")
def neg(node: NodeContext) -> View:
    return wrapped(node.builder, node.map(Function.NEG, node.view(0)), node.dtype())


@rule("Abs")
def absolute(node: NodeContext) -> View:
    if node.dtype() is DType.UINT64:
        return node.view(0)
    return wrapped(node.builder, node.map(Function.ABS, node.view(0)), node.dtype())


@rule("Sign")
def sign(node: NodeContext) -> View:
    x, zero = node.view(0), View.immediate(0, node.view(0).dtype)
    node.decides("the sign jumps at zero", x)
    wide = ordered(node.builder, x, node.dtype())
    still = ordered(node.builder, zero, node.dtype())
    positive, negative = node.map(Function.LT, still, wide), node.map(Function.LT, wide, still)
    result = node.map(Function.SUB, positive, negative)
    return node.map(Function.INT_TO_FLOAT, result) if x.dtype is DType64.FLOAT else result


@rule("Reciprocal")
def reciprocal(node: NodeContext) -> View:
    return node.map(Function.DIV, 1.0, node.view(0))


_UNARY = {"Sqrt": Function.SQRT, "Exp": Function.EXP, "Log": Function.LOG, "Erf": Function.ERF, "Sin": Function.SIN}
_UNARY |= {"Cos": Function.COS, "Atan": Function.ATAN}
_STEPS = {"Floor": Function.FLOOR, "Ceil": Function.CEIL, "Round": Function.ROUND}


@rule("Sqrt", "Exp", "Log", "Sin", "Cos", "Atan")
def unary(node: NodeContext) -> View:
    return node.map(_UNARY[node.operator], node.view(0))


@rule("Erf")
def erf(node: NodeContext) -> View:
    if node.view(0).dtype is not DType64.FLOAT:
        raise node.unsupported("erf of integers isn't defined", "input")
    return node.map(Function.ERF, node.view(0))


@rule("Floor", "Ceil", "Round")
def rounding(node: NodeContext) -> View:
    x = node.view(0)
    node.decides("rounding jumps at integers or halves", x)
    return node.map(_STEPS[node.operator], x)


@rule("Pow")
def power(node: NodeContext) -> View:
    """Integer bases or exponents go through float64, so only where the result is surely exact or a float."""
    base, exponent = node.view(0), node.view(1)
    if base.dtype is DType64.INT:
        return _integer_power(node, base)
    known = node.value(1).known(node.builder)
    if known is not None and known.size and (known == known.reshape(-1)[0]).all():
        simple = _simple_power(node, base, float(known.reshape(-1)[0]))
        if simple is not None:
            return simple.expand(np.broadcast_shapes(base.shape, exponent.shape))
    if exponent.dtype is DType64.INT:
        exponent = to_float(node.builder, exponent, node.dtype(1))
    return node.map(Function.POW, base, exponent)


def _simple_power(node: NodeContext, base: View, exponent: float) -> View | None:
    """Small powers as exact steps."""
    match exponent:
        case 1.0:
            return base
        case 2.0:
            return node.map(Function.MUL, base, base)
        case 3.0:
            return node.map(Function.MUL, node.map(Function.MUL, base, base), base)
        case 0.5:
            return node.map(Function.SQRT, base)
        case -1.0:
            return node.map(Function.DIV, 1.0, base)
        case _:
            return None


_MAX_INTEGER_EXPONENT = 64


def _integer_power(node: NodeContext, base: View) -> View:
    """By repeated squaring, for known exponents: those with the bit set multiply the square in."""
    known = node.known(1).astype(np.float64)
    if ((known != np.floor(known)) | (known < 0) | (known > _MAX_INTEGER_EXPONENT)).any():
        reason = f"an integer base to other powers than 0, 1 ... {_MAX_INTEGER_EXPONENT}"
        raise node.unsupported(reason, "Y", "cast the base to a float type")
    left = known.astype(np.int64)
    shape = np.broadcast_shapes(base.shape, left.shape)
    result, square = View.immediate(1, DType64.INT, shape), base.expand(shape)
    while left.any():
        chosen = node.builder.weight(left & 1)
        product = wrapped(node.builder, node.map(Function.MUL, result, square), node.dtype())
        result = node.map(Function.WHERE, chosen, product, result)
        left = left >> 1
        if left.any():
            square = wrapped(node.builder, node.map(Function.MUL, square, square), node.dtype())
    return result


@rule("Max", "Min")
def extreme(node: NodeContext) -> View:
    """Of one or more inputs; uint64 in unsigned order."""
    function = Function.MAX if node.operator == "Max" else Function.MIN
    dtype = node.dtype()
    views = [ordered(node.builder, node.view(place), dtype) for place in range(len(node.inputs))]
    result = views[0]
    for view in views[1:]:
        result = node.map(function, result, view)
    return ordered(node.builder, result, dtype)


@rule("Sum", "Mean")
def total(node: NodeContext) -> View:
    result = node.view(0)
    for place in range(1, len(node.inputs)):
        result = node.map(Function.ADD, result, node.view(place))
    count = float(len(node.inputs))
    return node.map(Function.DIV, result, count) if node.operator == "Mean" else result


@rule("Clip")
def clip(node: NodeContext) -> View:
    """Bounds are attributes before opset 11, then optional inputs that may depend on the item."""
    x, dtype = ordered(node.builder, node.view(0), node.dtype()), node.dtype()
    for place, (name, function) in enumerate((("min", Function.MAX), ("max", Function.MIN)), start=1):
        if node.declares(name):
            bound = View.immediate(node.attr(name), x.dtype)
        elif node.has(place):
            bound = ordered(node.builder, node.view(place).reshape(()) or node.view(place), dtype)
        else:
            continue
        x = node.map(function, x, bound)
    return ordered(node.builder, x, dtype)


@rule("BitShift")
def bit_shift(node: NodeContext) -> View:
    """Left: bits beyond the type are lost. Right: copies of the sign come in (no sign: zeros)."""
    x, by, dtype = node.view(0), node.view(1), node.dtype()
    if node.attr("direction") == "LEFT":
        return wrapped(node.builder, node.map(Function.SHIFT_LEFT, x, by), dtype)
    if dtype in UNSIGNED or dtype is DType.UINT64:
        return node.map(Function.SHIFT_RIGHT, x, by)
    # Of a negative x the complement is shifted, so that zeros coming in are ones; shifted out whole it is -1.
    flip = node.map(Function.SUB, 0, node.map(Function.LT, x, 0))
    return node.map(Function.XOR, node.map(Function.SHIFT_RIGHT, node.map(Function.XOR, x, flip), by), flip)


@rule("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(node: NodeContext) -> View:
    functions = {"BitwiseAnd": Function.AND, "BitwiseOr": Function.OR, "BitwiseXor": Function.XOR}
    return node.map(functions[node.operator], node.view(0), node.view(1))


@rule("BitwiseNot")
def bitwise_not(node: NodeContext) -> View:
    return wrapped(node.builder, node.map(Function.XOR, node.view(0), -1), node.dtype())


_BOOL_MASK = 10


@rule("Identity", "Dropout")
def identity(node: NodeContext) -> list[Value]:
    """Dropout in inference passes its input on; its mask is all true."""
    value = node.value(0)
    if node.operator == "Identity":
        return [value]
    for name in ("ratio", "seed", "training_mode"):
        node.attr(name)
    if node.has(1):
        node.value(1)
    if node.opset < _BOOL_MASK and node.outputs > 1:
        raise node.unsupported("its mask was of the input's type then", "output mask", "convert to opset 12")
    if node.has(2) and node.number(2):
        raise node.unsupported("training mode draws random numbers", "training_mode", "export for inference")
    mask = View.immediate(1, DType64.INT, value.shape)
    return [value, Value.seen(mask, DType.BOOL)]
