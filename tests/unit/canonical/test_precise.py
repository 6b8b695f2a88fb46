"""The law's own exp, log, pow, sin, cos, atan and erf against mpmath, far beyond the laws' tolerance."""

import math
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from atomic_verify.canonical import precise

LARGEST = float(np.finfo(np.float64).max)
POINTS = (
    *(5e-324, 2.2250738585072014e-308, 1e-300, 1e-30, 1e-8, 0.1, 0.5, 0.84375, 1.0, 1.25, math.pi / 2, math.pi, 2.75),
    *(
        6.0,
        7.5,
        22.0,
        100.0,
        355.0,
        708.9,
        744.4,
        1e6,
        2.0**31 + 0.25,
        2.0**32 - 0.5,
        6381956970095103.0,
        1e300,
        LARGEST,
    ),
)
SIGNED = tuple(sign * point for point in POINTS for sign in (1.0, -1.0))


def exactly(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    scale = Fraction(2**exponent) if exponent >= 0 else Fraction(1, 2**-exponent)
    return Fraction(-mantissa if sign else mantissa) * scale


def agree(found: Fraction, value: mpmath.mpf) -> None:
    expected = max(-Fraction(LARGEST), min(Fraction(LARGEST), exactly(value)))
    assert abs(found - expected) <= abs(expected) / 2**200 + Fraction(1, 2**1200), (float(found), value)


@pytest.mark.parametrize(
    ("found", "known"),
    [(precise.atan, mpmath.atan), (precise.erf, mpmath.erf)],
)
def test_functions_of_all_floats(found: Callable[[float], Fraction], known: Callable[[float], mpmath.mpf]) -> None:
    with mpmath.workprec(600):
        for x in SIGNED:
            agree(found(x), known(mpmath.mpf(x)))


@pytest.mark.parametrize(("found", "known"), [(precise.sin, mpmath.sin), (precise.cos, mpmath.cos)])
def test_functions_of_angles(found: Callable[[float], Fraction], known: Callable[[float], mpmath.mpf]) -> None:
    with mpmath.workprec(600):
        for x in SIGNED:
            if abs(x) < 2.0**32:
                agree(found(x), known(mpmath.mpf(x)))
            else:
                assert found(x) == 0


def test_exp_and_log() -> None:
    with mpmath.workprec(600):
        for x in SIGNED:
            if abs(x) < 1000:
                agree(precise.exp(x), mpmath.exp(mpmath.mpf(x)))
        for x in POINTS:
            agree(precise.log(x), mpmath.log(mpmath.mpf(x)))
    assert precise.exp(1e300) == Fraction(LARGEST)
    assert precise.exp(-1e300) == 0
    assert precise.log(0.0) == precise.log(-1.0) == -Fraction(LARGEST)


def test_powers() -> None:
    with mpmath.workprec(600):
        for base in POINTS:
            for exponent in (0.5, -0.5, 3.0, -3.0, 1e-3, 200.25):
                if abs(exponent * math.log(base)) < 900:
                    agree(precise.power(base, exponent), mpmath.mpf(base) ** mpmath.mpf(exponent))


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (0.0, 0.0, 1.0),
        (-3.0, 0.0, 1.0),
        (0.0, 2.0, 0.0),
        (0.0, -2.0, 0.0),
        (-2.0, 3.0, -8.0),
        (-2.0, 2.0, 4.0),
        (-2.0, 0.5, 0.0),
        (-1.0, 2.0**53 + 2, 1.0),
        (10.0, 400.0, LARGEST),
        (-10.0, 401.0, -LARGEST),
        (0.5, 1e300, 0.0),
    ],
)
def test_domains_of_pow(base: float, exponent: float, expected: float) -> None:
    assert float(precise.power(base, exponent)) == pytest.approx(expected, rel=1e-15)
