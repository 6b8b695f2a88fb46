"""The scalar functions of `map`, vectorised over float64 and int64 arrays, as total laws.

Used by the evaluator for every map step and by the builder to fold constants. No operation gives a NaN or an infinity:
each runs at full speed first, and only where the result isn't finite is the law's own case applied. `-0` is never
told from `+0`. The same laws for single elements, in exact arithmetic, are in `law`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from atomic_verify.canonical.erf import erf
from atomic_verify.canonical.program import LARGEST, Array, DType64, Function

_F, _I = DType64.FLOAT, DType64.INT
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
TRIGONOMETRY_LIMIT = 2.0**32

_Types = dict[tuple[DType64, ...], DType64]
_BOTH_2: _Types = {(_F, _F): _F, (_I, _I): _I}
_BOTH_1: _Types = {(_F,): _F, (_I,): _I}
_FLOAT_1: _Types = {(_F,): _F}
_INTS: _Types = {(_I, _I): _I}
_COMPARISON: _Types = {(_F, _F): _I, (_I, _I): _I}

SIGNATURES: dict[Function, _Types] = {
    **dict.fromkeys((Function.ADD, Function.SUB, Function.MUL, Function.DIV), _BOTH_2),
    **dict.fromkeys((Function.MIN, Function.MAX, Function.MOD, Function.FMOD), _BOTH_2),
    **dict.fromkeys((Function.NEG, Function.ABS), _BOTH_1),
    **dict.fromkeys((Function.SQRT, Function.EXP, Function.LOG, Function.ERF, Function.ATAN), _FLOAT_1),
    **dict.fromkeys((Function.SIN, Function.COS, Function.FLOOR, Function.CEIL, Function.ROUND), _FLOAT_1),
    **dict.fromkeys((Function.AND, Function.OR, Function.XOR, Function.SHIFT_LEFT, Function.SHIFT_RIGHT), _INTS),
    **dict.fromkeys((Function.EQ, Function.LT, Function.LE), _COMPARISON),
    Function.POW: {(_F, _F): _F},
    Function.WHERE: {(_I, _F, _F): _F, (_I, _I, _I): _I},
    Function.INT_TO_FLOAT: {(_I,): _F},
    Function.FLOAT_TO_INT: {(_F,): _I},
}
"""Result type of each function by its operands' types; anything else is invalid."""

APPROXIMATE = frozenset(
    {Function.EXP, Function.LOG, Function.ERF, Function.SIN, Function.COS, Function.POW, Function.ATAN}
)
"""Functions with a tolerance. All others give the same bits everywhere, so only those may be folded."""


def apply(function: Function, *operands: Array) -> Array:
    """The function of broadcastable float64 or int64 arrays (types as in SIGNATURES) in a new array.

    Operands must be finite; the result is.
    """
    with np.errstate(all="ignore"):
        return _APPLY[function](*operands)


def saturate(values: Array) -> Array:
    """`values` with each infinity replaced, in place, by the largest finite of its sign."""
    return np.clip(values, -LARGEST, LARGEST, out=values)


def all_finite(values: Array) -> bool:
    """Whether no element is NaN or infinite; may say no where all are finite but their sum isn't.

    A sum is the fastest pass over an array, and a NaN or an infinity always survives it.
    """
    return bool(np.isfinite(np.add.reduce(values, axis=None)))


def _saturating(operation: Callable[..., Any]) -> Callable[..., Array]:
    def run(*operands: Array) -> Array:
        result = np.asarray(operation(*operands))
        if result.dtype.kind == "f" and not all_finite(result):
            saturate(result)
        return result

    return run


def _divide(left: Array, right: Array) -> Array:
    if left.dtype.kind == "i":
        return _divide_ints(left, right)
    result = np.asarray(np.divide(left, right))
    if not all_finite(result):
        saturate(result)
        by_zero = np.broadcast_to(right == 0, result.shape)
        signs = np.broadcast_to(np.sign(left), result.shape)
        np.copyto(result, signs * LARGEST, where=by_zero)
    return result


def _divide_ints(left: Array, right: Array) -> Array:
    quotient = np.asarray(np.floor_divide(left, right))
    # floor rounds down where the signs differ, truncation up. numpy itself gives 0 for x/0 and wraps the least by -1.
    inexact = (np.remainder(left, right) != 0) & ((left < 0) != (right < 0)) & (right != 0)
    return np.asarray(quotient + inexact)


def _modulo(operation: Callable[..., Any]) -> Callable[..., Array]:
    def run(left: Array, right: Array) -> Array:
        result = np.asarray(operation(left, right))
        if result.dtype.kind == "f" and not all_finite(result):
            np.copyto(result, 0.0, where=~np.isfinite(result))
        return result

    return run


def _sqrt(values: Array) -> Array:
    result = np.asarray(np.sqrt(values))
    if not all_finite(result):
        np.copyto(result, 0.0, where=values < 0)
    return result


def _log(values: Array) -> Array:
    result = np.asarray(np.log(values))
    if not all_finite(result):
        np.copyto(result, -LARGEST, where=values <= 0)
    return result


def _trigonometric(operation: Callable[..., Any]) -> Callable[..., Array]:
    def run(values: Array) -> Array:
        result = np.asarray(operation(values))
        np.copyto(result, 0.0, where=np.abs(values) >= TRIGONOMETRY_LIMIT)
        return result

    return run


def _power(base: Array, exponent: Array) -> Array:
    result = np.asarray(np.power(base, exponent))
    if not all_finite(result):
        outside = np.isnan(result) | ((base == 0) & (exponent < 0))
        saturate(result)
        np.copyto(result, 0.0, where=outside)
    return result


def _comparison(operation: Callable[..., Any]) -> Callable[..., Array]:
    def run(left: Array, right: Array) -> Array:
        return np.asarray(operation(left, right)).astype(np.int64)

    return run


def _where(condition: Array, then: Array, other: Array) -> Array:
    return np.where(condition != 0, then, other)


def _int_to_float(values: Array) -> Array:
    return np.asarray(values).astype(np.float64)


def _float_to_int(values: Array) -> Array:
    # 2^63 itself isn't an int64, and the float below it is 1024 less: both ends saturate by comparison.
    result = np.asarray(values).astype(np.int64)
    np.copyto(result, INT_MAX, where=values >= 2.0**63)
    np.copyto(result, INT_MIN, where=values <= -(2.0**63))
    return result


def _shift(operation: Callable[..., Any]) -> Callable[..., Array]:
    def run(values: Array, by: Array) -> Array:
        inside = (by >= 0) & (by <= 63)
        amount = np.where(inside, by, 0).astype(np.uint64)
        shifted = operation(np.asarray(values).astype(np.int64).view(np.uint64), amount).view(np.int64)
        return np.where(inside, shifted, 0)

    return run


_APPLY: dict[Function, Callable[..., Array]] = {
    Function.ADD: _saturating(np.add),
    Function.SUB: _saturating(np.subtract),
    Function.MUL: _saturating(np.multiply),
    Function.DIV: _divide,
    Function.NEG: _saturating(np.negative),
    Function.ABS: _saturating(np.absolute),
    Function.SQRT: _sqrt,
    Function.EXP: _saturating(np.exp),
    Function.LOG: _log,
    Function.ERF: erf,
    Function.SIN: _trigonometric(np.sin),
    Function.COS: _trigonometric(np.cos),
    Function.POW: _power,
    Function.FLOOR: _saturating(np.floor),
    Function.CEIL: _saturating(np.ceil),
    Function.ROUND: _saturating(np.rint),
    Function.MIN: _saturating(np.minimum),
    Function.MAX: _saturating(np.maximum),
    Function.AND: _saturating(np.bitwise_and),
    Function.OR: _saturating(np.bitwise_or),
    Function.MOD: _modulo(np.remainder),
    Function.FMOD: _modulo(np.fmod),
    Function.EQ: _comparison(np.equal),
    Function.LT: _comparison(np.less),
    Function.LE: _comparison(np.less_equal),
    Function.WHERE: _where,
    Function.INT_TO_FLOAT: _int_to_float,
    Function.FLOAT_TO_INT: _float_to_int,
    Function.SHIFT_LEFT: _shift(np.left_shift),
    Function.SHIFT_RIGHT: _shift(np.right_shift),
    Function.XOR: _saturating(np.bitwise_xor),
    Function.ATAN: _saturating(np.arctan),
}
