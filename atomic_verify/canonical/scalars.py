"""The law of each scalar function for one element, in Python's own exact integers and correctly rounded floats.

Says the same as `functions` by other means: nothing here is vectorised, and functions with a tolerance are computed to
far more than double precision.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from atomic_verify.canonical import precise
from atomic_verify.canonical.program import LARGEST, Function, Scalar

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def scalar(function: Function, *operands: Scalar) -> Scalar | Fraction:
    """The function of finite operands: an int or a float if the law is exact, else a fraction."""
    values = [x + 0.0 if isinstance(x, float) else x for x in operands]  # -0 is read as +0
    result = _LAWS[function](*values)
    if isinstance(result, float):
        return max(-LARGEST, min(LARGEST, result))
    return wrapped(result) if isinstance(result, int) else result


def wrapped(value: int) -> int:
    """An integer modulo 2^64, as an int64."""
    return (value - INT_MIN) % 2**64 + INT_MIN


def _divide(a: Scalar, b: Scalar) -> Scalar:
    if isinstance(a, int) and isinstance(b, int):
        return 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    if b == 0:
        return 0.0 if a == 0 else math.copysign(LARGEST, a)
    return a / b


def _fmod(a: Scalar, b: Scalar) -> Scalar:
    if isinstance(a, int) and isinstance(b, int):
        return 0 if b == 0 else abs(a) % abs(b) * (-1 if a < 0 else 1)
    return 0.0 if b == 0 else math.fmod(a, b)


def _mod(a: Scalar, b: Scalar) -> Scalar:
    rest = _fmod(a, b)
    return rest + b if rest and (rest < 0) != (b < 0) else rest


def _float_to_int(x: float) -> int:
    return max(INT_MIN, min(INT_MAX, int(x)))


def _shift_left(a: int, by: int) -> int:
    return a << by if 0 <= by <= 63 else 0


def _shift_right(a: int, by: int) -> int:
    return (a % 2**64) >> by if 0 <= by <= 63 else 0


def _whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(rounding(x))


_LAWS: dict[Function, Callable[..., Scalar | Fraction]] = {
    Function.ADD: lambda a, b: a + b,
    Function.SUB: lambda a, b: a - b,
    Function.MUL: lambda a, b: a * b,
    Function.DIV: _divide,
    Function.NEG: lambda a: -a,
    Function.ABS: abs,
    Function.SQRT: lambda a: math.sqrt(a) if a > 0 else 0.0,
    Function.EXP: precise.exp,
    Function.LOG: precise.log,
    Function.ERF: precise.erf,
    Function.SIN: precise.sin,
    Function.COS: precise.cos,
    Function.POW: precise.power,
    Function.FLOOR: _whole(math.floor),
    Function.CEIL: _whole(math.ceil),
    Function.ROUND: _whole(round),
    Function.MIN: min,
    Function.MAX: max,
    Function.AND: lambda a, b: a & b,
    Function.OR: lambda a, b: a | b,
    Function.MOD: _mod,
    Function.FMOD: _fmod,
    Function.EQ: lambda a, b: int(a == b),
    Function.LT: lambda a, b: int(a < b),
    Function.LE: lambda a, b: int(a <= b),
    Function.WHERE: lambda c, a, b: a if c != 0 else b,
    Function.INT_TO_FLOAT: float,
    Function.FLOAT_TO_INT: _float_to_int,
    Function.SHIFT_LEFT: _shift_left,
    Function.SHIFT_RIGHT: _shift_right,
    Function.XOR: lambda a, b: a ^ b,
    Function.ATAN: precise.atan,
}
