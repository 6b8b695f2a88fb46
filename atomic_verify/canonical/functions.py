"""The scalar functions of `map`, vectorised over float64 and int64 arrays, as total laws.

Used by the evaluator for every map step and by the builder to fold constants. No operation gives a NaN or an infinity:
each runs at full speed first, and only where the result isn't finite is the law's own case applied. `-0` is never
told from `+0`. The same laws for single elements, in exact arithmetic, are in `law`.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from atomic_verify.canonical.erf import erf
from atomic_verify.canonical.program import LARGEST, Array, DType64, Function

_F, _I = DType64.FLOAT, DType64.INT
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
TRIGONOMETRY_LIMIT = 2.0**32
_LARGE = 2**13  # from here on BLAS would use threads, whose start costs more than the sum

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


def apply(function: Function, operands: Sequence[Array], out: Array) -> Array:
    """Write the function of float64 or int64 arrays that broadcast to `out` (types as in SIGNATURES) into `out`.

    Operands must be finite; the result is. `out` may be one of the operands.
    """
    with np.errstate(all="ignore"):
        LAWS[function](*(x.copy() if x is out else x for x in operands), out)
    return out


def saturate(values: Array) -> Array:
    """`values` with each infinity replaced, in place, by the largest finite of its sign."""
    values = np.asarray(values)  # numpy turns arrays of rank 0 into scalars at many places
    return np.clip(values, -LARGEST, LARGEST, out=values)


def all_finite(values: Array) -> bool:
    """Whether no element is NaN or infinite; may say no where all are finite but the sum of their squares isn't.

    Such a sum is the fastest pass over an array, and a NaN or an infinity always survives it. The caller silences
    numpy's warnings.
    """
    if values.size > _LARGE:
        return math.isfinite(np.add.reduce(values, axis=None))
    flat = values.reshape(-1)
    return math.isfinite(flat.dot(flat))


Law = Callable[..., None]


def _plain(operation: np.ufunc) -> Law:
    def run(*operands_and_out: Array) -> None:
        *operands, out = operands_and_out
        operation(*operands, out=out)

    return run


def _saturating(operation: np.ufunc) -> Law:
    def run(*operands_and_out: Array) -> None:
        *operands, out = operands_and_out
        operation(*operands, out=out)
        if out.dtype.kind == "f" and not all_finite(out):
            saturate(out)

    return run


def _patched(operation: np.ufunc, outside: Callable[..., Array], value: float) -> Law:
    """An operation that isn't finite outside its domain, where its law has a value of its own."""

    def run(values: Array, out: Array) -> None:
        wrong = outside(values)
        operation(values, out=out)
        np.copyto(out, value, where=wrong)

    return run


def _beyond_trigonometry(values: Array) -> Array:
    return np.asarray(np.abs(values) >= TRIGONOMETRY_LIMIT)


def _divide(left: Array, right: Array, out: Array) -> None:
    if left.dtype.kind == "i":
        # floor rounds down where the signs differ, truncation up. numpy itself gives 0 for x/0 and wraps the least
        # by -1.
        inexact = (np.remainder(left, right) != 0) & ((left < 0) != (right < 0)) & (right != 0)
        np.add(np.floor_divide(left, right), inexact, out=out)
        return
    np.divide(left, right, out=out)
    if not all_finite(out):
        # By the sign of what is divided, whatever the zero's; 0/0 is 0.
        np.copyto(out, np.sign(left) * LARGEST, where=right == 0)
        saturate(out)


def _modulo(operation: np.ufunc) -> Law:
    def run(left: Array, right: Array, out: Array) -> None:
        by_zero = right == 0
        operation(left, right, out=out)
        np.copyto(out, 0, where=by_zero)

    return run


def _power(base: Array, exponent: Array, out: Array) -> None:
    outside = (base == 0) & (exponent < 0)
    np.power(base, exponent, out=out)
    if not all_finite(out):
        np.copyto(out, 0.0, where=np.isnan(out) | outside)
        saturate(out)


def _where(condition: Array, then: Array, other: Array, out: Array) -> None:
    chosen = condition != 0
    if out is then:
        np.copyto(out, other, where=~chosen)
        return
    if out is not other:
        out[...] = other
    np.copyto(out, then, where=chosen)


def _convert(values: Array, out: Array) -> None:
    np.copyto(out, values, casting="unsafe")


def _float_to_int(values: Array, out: Array) -> None:
    np.copyto(out, values, casting="unsafe")
    # 2^63 itself isn't an int64, and the float below it is 1024 less: both ends saturate by comparison.
    np.copyto(out, INT_MAX, where=values >= 2.0**63)
    np.copyto(out, INT_MIN, where=values <= -(2.0**63))


def _shift(operation: np.ufunc) -> Law:
    def run(values: Array, by: Array, out: Array) -> None:
        outside = (by < 0) | (by > 63)
        amount = np.where(outside, 0, by).astype(np.uint64)
        operation(values.astype(np.uint64), amount, out=out.view(np.uint64))
        np.copyto(out, 0, where=outside)

    return run


LAWS: dict[Function, Law] = {
    Function.ADD: _saturating(np.add),
    Function.SUB: _saturating(np.subtract),
    Function.MUL: _saturating(np.multiply),
    Function.DIV: _divide,
    Function.NEG: _plain(np.negative),
    Function.ABS: _plain(np.absolute),
    Function.SQRT: _patched(np.sqrt, lambda x: x < 0, 0.0),
    Function.EXP: _saturating(np.exp),
    Function.LOG: _patched(np.log, lambda x: x <= 0, -LARGEST),
    Function.ERF: erf,
    Function.SIN: _patched(np.sin, _beyond_trigonometry, 0.0),
    Function.COS: _patched(np.cos, _beyond_trigonometry, 0.0),
    Function.POW: _power,
    Function.FLOOR: _plain(np.floor),
    Function.CEIL: _plain(np.ceil),
    Function.ROUND: _plain(np.rint),
    Function.MIN: _plain(np.minimum),
    Function.MAX: _plain(np.maximum),
    Function.AND: _plain(np.bitwise_and),
    Function.OR: _plain(np.bitwise_or),
    Function.MOD: _modulo(np.remainder),
    Function.FMOD: _modulo(np.fmod),
    Function.EQ: _plain(np.equal),
    Function.LT: _plain(np.less),
    Function.LE: _plain(np.less_equal),
    Function.WHERE: _where,
    Function.INT_TO_FLOAT: _convert,
    Function.FLOAT_TO_INT: _float_to_int,
    Function.SHIFT_LEFT: _shift(np.left_shift),
    Function.SHIFT_RIGHT: _shift(np.right_shift),
    Function.XOR: _plain(np.bitwise_xor),
    Function.ATAN: _plain(np.arctan),
}
"""Each function as `law(*operands, out)`, for callers that silence numpy's warnings themselves; `out` is none of the
operands."""
