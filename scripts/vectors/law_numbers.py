"""float64 and int64 as exact rationals, and the scalar laws in exact rationals or mpmath. Used by laws.py.

A word is the 64 bits of an element as an unsigned integer. An `Expected` law is a true value and a tolerance.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import mpmath

LARGEST = Fraction((2**53 - 1) * 2**971)
LEAST = Fraction(1, 2**1074)
INFINITY, NAN, MINUS = 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0001, 1 << 63
FLOAT, INT = 1, 2
PRECISION = 600  # bits; sines near a multiple of pi lose some hundred


@dataclass(frozen=True)
class Expected:
    """What an element must be: an integer exactly, or a number no further from `value` than `tolerance`."""

    dtype: int
    value: Fraction
    tolerance: Fraction = Fraction(0)
    floor: Fraction | None = None
    """Below which nothing is lawful."""

    def allows(self, word: int) -> bool:
        if self.dtype == INT:
            return to_int(word) == self.value
        if not is_finite(word) or (self.floor is not None and to_fraction(word) < self.floor):
            return False
        return abs(to_fraction(word) - self.value) <= self.tolerance


def is_finite(word: int) -> bool:
    return word & INFINITY != INFINITY


def to_fraction(word: int) -> Fraction:
    return Fraction(struct.unpack("<d", struct.pack("<Q", word))[0])


def to_int(word: int) -> int:
    return word - 2**64 if word >> 63 else word


def of_int(value: int) -> int:
    """The word of an integer modulo 2^64."""
    return value % 2**64


def of_float(value: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


def nearest(value: Fraction) -> int:
    """The float64 word nearest to an exact number, half to even, saturated."""
    size = min(abs(value), LARGEST)
    if size == 0:
        return 0
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    unit = max(exponent - 52, -1074)
    mantissa = round(size / Fraction(2) ** unit)  # Python rounds halves to even
    number = min(mantissa * Fraction(2) ** unit, LARGEST)
    return of_float(math.copysign(float(number), -1 if value < 0 else 1))


def neighbours(word: int) -> list[int]:
    """The next float64 on either side, without infinities."""
    key = -(word & ~MINUS) if word & MINUS else word
    found = [key - 1, key + 1]
    words = [(-near) | MINUS if near < 0 else near for near in found]
    return [near for near in words if is_finite(near)]


def lawful(law: Expected) -> list[int]:
    """Words within the law: the nearest to its value, and some close to the tolerance."""
    if law.dtype == INT:
        return [of_int(int(law.value))]
    words = [nearest(law.value)]
    if law.tolerance:
        words += [nearest(law.value + law.tolerance * share) for share in (Fraction(-9, 10), Fraction(9, 10))]
    if words[0] == 0:
        words.append(MINUS)
    return [word for word in dict.fromkeys(words) if law.allows(word)]


def broken(law: Expected) -> list[int]:
    """Words that break the law: neighbours where it is exact; where not, beyond one tolerance by a twentieth, as far as
    there are numbers, and beyond two; NaN and infinities."""
    if law.dtype == INT:
        return [of_int(int(law.value) + 1), of_int(int(law.value) ^ MINUS)]
    words = [NAN, INFINITY, INFINITY | MINUS]
    if not law.tolerance:
        words += neighbours(nearest(law.value))
    else:
        words += [_beyond(law, side * share) for side in (-1, 1) for share in (Fraction(21, 20), Fraction(2))]
    if law.floor is not None:
        words += [MINUS | 1, of_float(-1.0)]
    return [word for word in dict.fromkeys(words) if not law.allows(word)]


def _beyond(law: Expected, share: Fraction) -> int:
    """The first word at least `share` tolerances off; saturated where there is none."""
    word = nearest(law.value + share * law.tolerance)
    if abs(to_fraction(word) - law.value) < abs(share) * law.tolerance:
        word = neighbours(word)[0 if share < 0 else -1]
    return word


# The scalar functions


def _divide_floats(a: Fraction, b: Fraction) -> Fraction:
    if b == 0:
        return LARGEST if a > 0 else -LARGEST if a < 0 else Fraction(0)
    return a / b


def _truncated(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(math.trunc(a / b)) if b else Fraction(0)


def _fmod(a: Fraction, b: Fraction) -> Fraction:
    return a - b * math.trunc(a / b) if b else Fraction(0)


def _mod(a: Fraction, b: Fraction) -> Fraction:
    return a - b * math.floor(a / b) if b else Fraction(0)


def _root(a: Fraction) -> Fraction:
    """The square root to 200 bits, with something below the last where it isn't exact."""
    if a <= 0:
        return Fraction(0)
    scaled = a * 4**1500
    root = math.isqrt(scaled.numerator // scaled.denominator)
    exact = Fraction(root) ** 2 == scaled
    return Fraction(root, 2**1500) + (0 if exact else Fraction(1, 2**1501))


def _shift(a: int, b: int, left: bool) -> int:
    if not 0 <= b <= 63:
        return 0
    return (a % 2**64 << b) if left else (a % 2**64 >> b)


def _saturated_int(a: Fraction) -> Fraction:
    return Fraction(max(-(2**63), min(2**63 - 1, math.trunc(a))))


Exact = Callable[..., Fraction | int | bool]
BINARY: dict[int, Exact] = {
    1: lambda a, b: a + b,
    2: lambda a, b: a - b,
    3: lambda a, b: a * b,
    17: min,
    18: max,
    21: _mod,
    22: _fmod,
    23: lambda a, b: a == b,
    24: lambda a, b: a < b,
    25: lambda a, b: a <= b,
}
FLOAT_UNARY: dict[int, Exact] = {
    5: lambda a: -a,
    6: abs,
    7: _root,
    14: math.floor,
    15: math.ceil,
    16: round,
    28: _saturated_int,
}
INT_UNARY: dict[int, Exact] = {5: lambda a: -a, 6: abs, 27: lambda a: a}
INT_BINARY: dict[int, Exact] = {
    19: lambda a, b: int(a) & int(b),
    20: lambda a, b: int(a) | int(b),
    29: lambda a, b: _shift(int(a), int(b), True),
    30: lambda a, b: _shift(int(a), int(b), False),
    31: lambda a, b: int(a) ^ int(b),
    4: _truncated,
}
TO_INT = (23, 24, 25, 28)
APPROXIMATE = {8: "exp", 9: "log", 10: "erf", 11: "sin", 12: "cos", 13: "pow", 32: "atan"}


def exact_law(function: int, dtype: int, operands: list[int]) -> Expected:
    """The law of an exact function of words."""
    read = to_fraction if dtype == FLOAT else lambda word: Fraction(to_int(word))
    if function == 26:
        chosen = operands[1 if operands[0] else 2]
        return Expected(dtype, read(chosen))
    values = [read(word) for word in operands]
    if dtype == FLOAT:
        table = {**BINARY, 4: _divide_floats} if len(values) == 2 else FLOAT_UNARY
    else:
        table = {**BINARY, **INT_BINARY} if len(values) == 2 else INT_UNARY
    value = Fraction(table[function](*values))
    if function in TO_INT or (dtype == INT and function != 27):
        return Expected(INT, Fraction(to_int(of_int(int(value)))))
    return Expected(FLOAT, to_fraction(nearest(value)))


def true_value(function: int, a: Fraction, b: Fraction = Fraction(0)) -> Fraction:
    """exp, log, erf, sin, cos, pow, atan by mpmath, total and saturated as the laws are."""
    with mpmath.workprec(PRECISION):
        return max(-LARGEST, min(LARGEST, _true_value(function, a, b)))


def _true_value(function: int, a: Fraction, b: Fraction) -> Fraction:
    name = APPROXIMATE[function]
    x = mpmath.mpf(a.numerator) / a.denominator
    if name == "exp":
        return _exp(x)
    if name == "log":
        return _rational(mpmath.log(x)) if a > 0 else -LARGEST
    if name == "pow":
        return _pow(a, b)
    if name in ("sin", "cos") and abs(a) >= 2**32:
        return Fraction(0)
    return _rational(getattr(mpmath, name)(x))


def _exp(x: mpmath.mpf) -> Fraction:
    if x > 10_000:
        return 2 * LARGEST
    # Zero stands for what is far below the smallest float64.
    return Fraction(0) if x < -10_000 else _rational(mpmath.exp(x))


def _pow(a: Fraction, b: Fraction) -> Fraction:
    if b == 0:
        return Fraction(1)
    if a == 0 or (a < 0 and b.denominator != 1):
        return Fraction(0)
    size = abs(a)
    exponent = mpmath.mpf(b.numerator) / b.denominator * mpmath.log(mpmath.mpf(size.numerator) / size.denominator)
    value = _exp(exponent)
    return -value if a < 0 and b.numerator % 2 == 1 else value


def _rational(x: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = x._mpf_
    return (-1 if sign else 1) * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def approximate_law(function: int, operands: list[int]) -> Expected:
    """The law of a function with a tolerance."""
    value = true_value(function, *(to_fraction(word) for word in operands))
    floor = Fraction(0) if function == 8 else None
    return Expected(FLOAT, value, abs(value) / 2**44 + LEAST, floor)
