"""Cases of the scalar functions for laws.py: every function on every edge of its types, and at random."""

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction

from scripts.vectors.law_numbers import (
    APPROXIMATE,
    BINARY,
    FLOAT,
    FLOAT_UNARY,
    INT,
    INT_BINARY,
    INT_UNARY,
    MINUS,
    Expected,
    approximate_law,
    exact_law,
    is_finite,
    of_float,
    of_int,
    to_fraction,
    true_value,
)

FLOAT_EDGES = [
    of_float(x)
    for x in (0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, -0.5, 3.0, 5e-324, -5e-324, 2.2250738585072014e-308,
              2.225073858507201e-308, 1.7976931348623157e308, -1.7976931348623157e308, 1e300, 1e-300, 0.1,
              9007199254740993.0, 4503599627370495.5, 9.223372036854775e18, 9.223372036854775807e18, -9.3e18, 1e-20)
]  # fmt: skip
INT_EDGES = [of_int(x) for x in (0, 1, -1, 2, 3, -3, 7, 63, 64, -64, 2**53 + 1, 2**62, 2**63 - 1, -(2**63))]
DOMAINS = {
    8: (0.0, 1.0, -1.0, 1e-17, 709.78, 709.79, 710.0, 1e300, -745.1, -745.2, -746.0, -1e300, 5e-324, -708.4, -740.0),
    9: (0.0, -0.0, -1.0, 5e-324, 1.0, 0.9999999999999999, 1.0000000000000002, 1.7976931348623157e308, 1e-300, 2.0,
        2.718281828459045, 0.7071067811865476, 0.7071067811865475),
    10: (0.0, 5e-324, -1e-300, 1e-8, 0.1, 0.84375, 1.0, -1.25, 2.857, 5.9, 6.4, 6.5, -6.6, 30.0, 1e300),
    11: (0.0, 5e-324, 1e-20, 3.141592653589793, -6.283185307179586, 1.5707963267948966, 4294967295.999999,
         4294967296.0, -4294967296.0, 1e300, 884279719.0035553, 0.7853981633974483, 1e-6, 100.0),
    12: (0.0, 5e-324, 1e-20, 3.141592653589793, 1.5707963267948966, 4.71238898038469, 4294967295.999999, 4294967296.0,
         -1e300, 884279719.0035553, 0.7853981633974483, 1e-6, 100.0),
    32: (0.0, 5e-324, -1e-300, 0.015625, 0.015, 1.0, -1.0, 0.9999999999999999, 1.0000000000000002, 1e16, -1e300, 2.4),
}  # fmt: skip
POWERS = (
    (0.0, 0.0), (0.0, 2.0), (0.0, -2.0), (-0.0, -3.0), (-8.0, 0.0), (-2.0, 3.0), (-2.0, 4.0), (-2.0, 0.5), (-2.0, -3.0),
    (-1.0, 9007199254740993.0), (-1.0, 9007199254740991.0), (-1.0, 1e300), (2.0, 1023.9999), (2.0, 1024.0),
    (-2.0, 1025.0), (2.0, -1074.0), (2.0, -1075.5), (-2.0, -1075.0), (1.0, 1e300), (0.9999999999999999, 1e16),
    (1.0000000000000002, 3.1e18), (5e-324, 0.5), (5e-324, 2.0), (1.7976931348623157e308, 1.0), (10.0, -300.0),
    (3.0, 1e-300), (0.5, -5e-324), (-1e-300, 3.0), (1e300, 2.0), (-1e300, 3.0), (1e300, -1e300), (2.5, -0.0),
)  # fmt: skip
CASES_EACH = 10

Operands = tuple[int, int, list[int]]
MapCase = tuple[int, int, list[int], Expected]


def maps(dice: random.Random) -> Iterator[MapCase]:
    """Function, dtype of the last operand, operands, law."""
    for function, dtype, operands in itertools.chain(_of_one(dice), _of_two(dice), _choices(dice)):
        yield function, dtype, operands, exact_law(function, dtype, operands)
    for function in APPROXIMATE:
        for operands in _arguments(dice, function):
            yield function, FLOAT, operands, approximate_law(function, operands)


def _of_one(dice: random.Random) -> Iterator[Operands]:
    for function in FLOAT_UNARY:
        for a in (*FLOAT_EDGES, *_floats(dice, CASES_EACH)):
            yield function, FLOAT, [a]
    for function in INT_UNARY:
        for a in (*INT_EDGES, *_ints(dice, CASES_EACH)):
            yield function, INT, [a]


def _of_two(dice: random.Random) -> Iterator[Operands]:
    for function in (*BINARY, 4):
        for pair in _pairs(dice, FLOAT_EDGES, _floats(dice, 4 * CASES_EACH)):
            yield function, FLOAT, pair
    for function in (*BINARY, *INT_BINARY):
        for pair in _pairs(dice, INT_EDGES, _ints(dice, 2 * CASES_EACH)):
            yield function, INT, pair


def _choices(dice: random.Random) -> Iterator[Operands]:
    for dtype, edges in ((FLOAT, FLOAT_EDGES), (INT, INT_EDGES)):
        for condition in (0, 1, of_int(-1), 2**32, MINUS):
            yield 26, dtype, [condition, *dice.sample(edges, 2)]


def values(dice: random.Random) -> Iterator[tuple[int, list[int], int, int]]:
    """Function, operands, mantissa with its sign and exponent of the true value; only where it is a plain number."""
    for function in APPROXIMATE:
        for operands in (*_arguments(dice, function), *(_argument(dice, function) for _ in range(3 * CASES_EACH))):
            value = true_value(function, *(to_fraction(word) for word in operands))
            if value and Fraction(1, 2**1100) < abs(value) < Fraction(2) ** 1000:
                exponent = abs(value).numerator.bit_length() - abs(value).denominator.bit_length() - 126
                yield function, operands, round(value / Fraction(2) ** exponent), exponent


def _floats(dice: random.Random, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        if dice.random() < 0.5:
            word = dice.getrandbits(64)
        else:
            word = of_float(dice.choice((-1, 1)) * dice.uniform(0.5, 1) * 2.0 ** dice.randint(-60, 70))
        if is_finite(word):
            found.append(word)
    return found


def _ints(dice: random.Random, count: int) -> list[int]:
    sizes = [dice.getrandbits(64) >> dice.randint(0, 63) for _ in range(count)]
    return [of_int(size if dice.getrandbits(1) else -size) for size in sizes]


def _pairs(dice: random.Random, edges: list[int], some: list[int]) -> Iterator[list[int]]:
    """Some pairs of edges, random pairs, and pairs that are close to one another: cancellation and ties."""
    crossed = list(itertools.product(edges, repeat=2))
    for left, right in dice.sample(crossed, 3 * CASES_EACH):
        yield [left, right]
    for left, right in zip(some[::2], some[1::2], strict=True):
        yield [left, right]
        near = left ^ dice.getrandbits(3)
        yield [left, near]


def _arguments(dice: random.Random, function: int) -> list[list[int]]:
    if function == 13:
        edges = [[of_float(a), of_float(b)] for a, b in POWERS]
    else:
        edges = [[of_float(a)] for a in DOMAINS[function]]
    return edges + [_argument(dice, function) for _ in range(2 * CASES_EACH)]


def _argument(dice: random.Random, function: int) -> list[int]:
    name = APPROXIMATE[function]
    if name == "exp":
        return [of_float(dice.choice((dice.uniform(-750, 715), dice.uniform(-2, 2), dice.gauss(0, 1e-6))))]
    if name == "log":
        return [of_float(dice.choice((1 + dice.gauss(0, 1e-9), 2.0 ** dice.uniform(-1074, 1023), dice.uniform(0, 4))))]
    if name in ("sin", "cos"):
        return [of_float(dice.choice((dice.uniform(-10, 10), dice.uniform(-(2**32), 2**32), dice.gauss(0, 1e-9))))]
    if name == "pow":
        base = 2.0 ** dice.uniform(-40, 40) * dice.choice((1, 1, -1))
        power = float(dice.randint(-20, 20)) if base < 0 or dice.random() < 0.2 else dice.uniform(-25, 25)
        return [of_float(base), of_float(power)]
    return [of_float(dice.choice((dice.uniform(-7, 7), dice.gauss(0, 1e-5), 2.0 ** dice.uniform(-200, 200))))]
