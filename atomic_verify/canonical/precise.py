"""exp, log, pow, sin, cos, atan and erf of one float64 to some 80 digits, as fractions.

What `law` measures a committed value against where the law has a tolerance. By the standard library's decimals, of
which exp and ln are correctly rounded; the others are sums of series in them. Domains and saturation are the laws'.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache, wraps

from atomic_verify.canonical.program import LARGEST

# An angle of 2^32 loses ten digits to its reduction, a power 3 to its exponent: all keep 80 and more.
_DIGITS = 100
_TRIGONOMETRY_LIMIT = 2**32
_TOP = Fraction(LARGEST)
_ONE_BEYOND = 16  # 1 - erf(16) is below 1e-112
_HALVINGS = 4


@contextmanager
def _precision() -> Iterator[None]:
    with localcontext(Context(prec=_DIGITS, Emax=999_999, Emin=-999_999)):
        yield


def _precise(law: Callable[..., Decimal | Fraction]) -> Callable[..., Fraction]:
    """Runs with our precision instead of the caller's; the result saturates."""

    @wraps(law)
    def run(*operands: float) -> Fraction:
        with _precision():
            return max(-_TOP, min(_TOP, Fraction(law(*operands))))

    return run


@_precise
def exp(x: float) -> Decimal | Fraction:
    """e^x, saturating."""
    return _exp(Decimal(x))


def _exp(x: Decimal) -> Decimal | Fraction:
    if x > 710:
        return _TOP
    return Decimal(0) if x < -1000 else x.exp()


@_precise
def log(x: float) -> Decimal | Fraction:
    """The natural logarithm; minus the largest finite for x <= 0."""
    return -_TOP if x <= 0 else Decimal(x).ln()


@_precise
def power(base: float, exponent: float) -> Decimal | Fraction:
    """base^exponent; 0 for a negative base and a fraction, and for 0 and a negative exponent."""
    if exponent == 0:
        return Decimal(1)
    if base == 0 or (base < 0 and not exponent.is_integer()):
        return Decimal(0)
    size = _exp(Decimal(exponent) * Decimal(abs(base)).ln())
    return -size if base < 0 and exponent % 2 == 1 else size


@_precise
def sin(x: float) -> Decimal:
    """The sine of radians; 0 for |x| >= 2^32."""
    return _circular(x, 0)


@_precise
def cos(x: float) -> Decimal:
    """The cosine of radians; 0 for |x| >= 2^32."""
    return _circular(x, 1)


def _circular(x: float, quarters: int) -> Decimal:
    """sin(x + quarters * pi / 2)."""
    if abs(x) >= _TRIGONOMETRY_LIMIT:
        return Decimal(0)
    half_pi = _pi() / 2
    turns = int((Decimal(x) / half_pi).to_integral_value())
    rest = Decimal(x) - turns * half_pi
    place = (turns + quarters) % 4
    return _alternating(rest, cosine=place % 2 == 1) * (-1 if place >= 2 else 1)


def _alternating(x: Decimal, cosine: bool) -> Decimal:
    """sin x or cos x by its series; |x| < 0.8."""
    term, n = (Decimal(1), 1) if cosine else (x, 2)
    total = term
    while _matters(term, total):
        term *= -x * x / (n * (n + 1))
        total += term
        n += 2
    return total


@_precise
def atan(x: float) -> Decimal:
    """The arc tangent in radians."""
    size = abs(Decimal(x))
    inverted = size > 1
    if inverted:
        size = 1 / size
    for _ in range(_HALVINGS):  # atan x = 2 atan(x / (1 + sqrt(1 + x^2)))
        size /= 1 + (1 + size * size).sqrt()
    result = _arctangent(size) * (1 << _HALVINGS)
    if inverted:
        result = _pi() / 2 - result
    return -result if x < 0 else result


def _arctangent(x: Decimal) -> Decimal:
    """atan x by its series; |x| < 0.07."""
    odd_power, total, n = x, x, 1
    while _matters(odd_power, total):
        odd_power *= -x * x
        n += 2
        total += odd_power / n
    return total


@_precise
def erf(x: float) -> Decimal:
    """The error function, by 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (2n+1)!!, whose terms don't cancel."""
    if abs(x) > _ONE_BEYOND:
        return Decimal(1 if x > 0 else -1)
    value = Decimal(x)
    term, total, n = value, value, 1
    while _matters(term, total):
        n += 2
        term *= 2 * value * value / n
        total += term
    return total * 2 * (-value * value).exp() / _pi().sqrt()


def _matters(term: Decimal, total: Decimal) -> bool:
    """Whether a series' last term was large enough for the next to count."""
    return bool(term) and term.adjusted() >= total.adjusted() - _DIGITS


@cache
def _pi() -> Decimal:
    """By Machin's formula."""
    scale: int = 10 ** (_DIGITS + 20)

    def inverse_arctangent(n: int) -> int:
        term: int = scale // n
        total, k, sign = term, 1, -1
        while term:
            term //= n * n
            k += 2
            total += sign * (term // k)
            sign = -sign
        return total

    with _precision():
        return Decimal(4 * (4 * inverse_arctangent(5) - inverse_arctangent(239))) / scale
