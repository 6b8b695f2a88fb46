"""exp, log, pow, sin, cos, atan and erf of one float64 to some 2^-130, as fractions.

What `law` measures a committed value against where the law has a tolerance. By the standard library's decimals, of
which exp and ln are correctly rounded; the others are sums of series in them. Domains and saturation are the laws'.
"""

from decimal import Context, Decimal
from fractions import Fraction
from functools import cache

from atomic_verify.canonical.program import LARGEST

_DIGITS = 40
# Series lose digits to cancellation, and reducing an angle of 2^32 costs ten: they run with as many more.
_GUARD_DIGITS = 60
_TRIGONOMETRY_LIMIT = 2**32
_TOP = Fraction(LARGEST)
_ONE_BEYOND = 12  # 1 - erf(12) is below 1e-63


@cache
def _context() -> Context:
    return Context(prec=_DIGITS + _GUARD_DIGITS, Emax=999_999, Emin=-999_999)


def _saturated(value: Decimal) -> Fraction:
    exact = Fraction(value)
    return max(-_TOP, min(_TOP, exact))


def exp(x: float) -> Fraction:
    """e^x, saturating."""
    return _exp(Decimal(x))


def _exp(x: Decimal) -> Fraction:
    if x > 710:
        return _TOP
    if x < -1000:
        return Fraction(0)
    return _saturated(_context().exp(x))


def log(x: float) -> Fraction:
    """The natural logarithm; minus the largest finite for x <= 0."""
    return -_TOP if x <= 0 else Fraction(_context().ln(Decimal(x)))


def power(base: float, exponent: float) -> Fraction:
    """base^exponent; 0 for a negative base and a fraction, and for 0 and a negative exponent."""
    if exponent == 0:
        return Fraction(1)
    if base == 0 or (base < 0 and not exponent.is_integer()):
        return Fraction(0)
    context = _context()
    size = _exp(context.multiply(Decimal(exponent), context.ln(Decimal(abs(base)))))
    return -size if base < 0 and exponent % 2 == 1 else size


def sin(x: float) -> Fraction:
    """The sine of radians; 0 for |x| >= 2^32."""
    return _circular(x, 0)


def cos(x: float) -> Fraction:
    """The cosine of radians; 0 for |x| >= 2^32."""
    return _circular(x, 1)


def _circular(x: float, quarters: int) -> Fraction:
    """sin(x + quarters * pi / 2)."""
    if abs(x) >= _TRIGONOMETRY_LIMIT:
        return Fraction(0)
    context = _context()
    half_pi = context.divide(_pi(), Decimal(2))
    turns = int(context.to_integral_value(context.divide(Decimal(x), half_pi)))
    rest = context.subtract(Decimal(x), context.multiply(Decimal(turns), half_pi))
    place = (turns + quarters) % 4
    result = _alternating(rest, start=place % 2)
    return -result if place >= 2 else result


def _alternating(x: Decimal, start: int) -> Fraction:
    """sin x (start 0) or cos x (start 1) by its series; |x| < 0.8."""
    context = _context()
    square = context.multiply(x, x)
    term = Decimal(1) if start else x
    total, n = term, 1 if start else 2
    while term and abs(term) > abs(total) * Decimal(10) ** -(_DIGITS + _GUARD_DIGITS):
        term = context.divide(context.multiply(-term, square), Decimal(n * (n + 1)))
        total = context.add(total, term)
        n += 2
    return Fraction(total)


def atan(x: float) -> Fraction:
    """The arc tangent in radians."""
    context = _context()
    size = Decimal(abs(x))
    inverted = size > 1
    if inverted:
        size = context.divide(Decimal(1), size)
    for _ in range(_HALVINGS):  # atan x = 2 atan(x / (1 + sqrt(1 + x^2)))
        root = context.sqrt(context.add(Decimal(1), context.multiply(size, size)))
        size = context.divide(size, context.add(Decimal(1), root))
    result = context.multiply(_arctangent(size), Decimal(2**_HALVINGS))
    if inverted:
        result = context.subtract(context.divide(_pi(), Decimal(2)), result)
    return Fraction(-result if x < 0 else result)


_HALVINGS = 4


def _arctangent(x: Decimal) -> Decimal:
    """atan x by its series; |x| < 0.07."""
    context = _context()
    square = context.multiply(x, x)
    power_of_x, total, n = x, x, 1
    while power_of_x and abs(power_of_x) > abs(total) * Decimal(10) ** -(_DIGITS + _GUARD_DIGITS):
        power_of_x = context.multiply(-power_of_x, square)
        n += 2
        total = context.add(total, context.divide(power_of_x, Decimal(n)))
    return total


def erf(x: float) -> Fraction:
    """The error function, by 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (2n+1)!!, whose terms don't cancel."""
    if abs(x) > _ONE_BEYOND:
        return Fraction(1 if x > 0 else -1)
    context = _context()
    value = Decimal(x)
    square = context.multiply(value, value)
    term, total, n = value, value, 1
    while term and abs(term) > abs(total) * Decimal(10) ** -(_DIGITS + _GUARD_DIGITS):
        n += 2
        term = context.divide(context.multiply(context.multiply(term, square), Decimal(2)), Decimal(n))
        total = context.add(total, term)
    scale = context.divide(context.multiply(Decimal(2), context.exp(-square)), context.sqrt(_pi()))
    return Fraction(context.multiply(total, scale))


@cache
def _pi() -> Decimal:
    """By Machin's formula."""
    digits = 10 ** (_DIGITS + 2 * _GUARD_DIGITS)

    def inverse_arctangent(n: int) -> int:
        term: int = digits // n
        total = term
        k, sign = 1, -1
        while term:
            term //= n * n
            k += 2
            total += sign * (term // k)
            sign = -sign
        return total

    return Decimal(4 * (4 * inverse_arctangent(5) - inverse_arctangent(239))) / Decimal(digits)
