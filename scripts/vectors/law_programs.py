"""Which steps laws.py writes: every opcode at ranks 0 to 10, reductions of many shapes, and edge values."""

import itertools
import random
from collections.abc import Iterator

from scripts.vectors.law_numbers import FLOAT, INFINITY, INT, LARGEST, MINUS, NAN, nearest, of_float, of_int
from scripts.vectors.law_steps import (
    CONCAT,
    COPY,
    DOT,
    GATHER,
    MAX,
    MIN,
    STEP,
    SUM,
    WEIGHT,
    WHERE,
    Access,
    Case,
    Maker,
)

TOP = nearest(LARGEST)
REDUCTIONS = ((), (1,), (3,), (4,), (7,), (2, 3), (3, 1, 4), (1, 5), (65,), (130,))
# Segments whose floats cancel, vanish, overflow or meet zero.
SEGMENTS: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
    ((0.0, 1e-200, 1.0), (1e308, 1e-108, 1e-300)),
    ((1e308, 1e-300, 0.0), (0.0, 1e-8, 1e308)),
    ((1.0, 1e-17, -1.0), (1.0, 1.0, 1.0)),
    ((1e300, 1.0, -1e300), (1e8, 1.0, 1e8)),
    ((1e200, 1e200), (1e200, 1e200)),
    ((-1e200, -1e200), (1e200, 1e-300)),
    ((5e-324, 5e-324), (1.0, -1.0)),
    ((5e-324, 5e-324, 5e-324), (0.5, 0.5, 0.5)),
    ((1e-200, -3e-200), (1e-200, 1e-150)),
    ((2.0**512, 2.0**-537, 1.0), (2.0**511, 2.0**-537, 2.0**-1074)),
    ((0.0, -0.0), (-0.0, 5.0)),
    ((1.7976931348623157e308, 1.7976931348623157e308), (1.0, 1.0)),
    ((1.7976931348623157e308, -1.7976931348623157e308, 1.0), (2.0, 2.0, 1.0)),
)
# ONNX code, bytes, bits, the word that it is read as, its type.
LOADS = (
    (1, 4, 0x3FC00000, of_float(1.5), FLOAT), (1, 4, 0x00000001, of_float(2.0**-149), FLOAT),
    (1, 4, 0x7FC00000, 0, FLOAT), (1, 4, 0x7F800000, TOP, FLOAT), (1, 4, 0xFF800000, TOP | MINUS, FLOAT),
    (1, 4, 0xFF7FFFFF, of_float(-3.4028234663852886e38), FLOAT), (1, 4, 0x80000000, 0, FLOAT),
    (2, 1, 0xFF, 255, INT), (3, 1, 0x80, of_int(-128), INT), (4, 2, 0xFFFE, 65534, INT),
    (5, 2, 0xFFFE, of_int(-2), INT), (6, 4, 0x80000000, of_int(-(2**31)), INT), (7, 8, MINUS, MINUS, INT),
    (9, 1, 0, 0, INT), (9, 1, 1, 1, INT), (9, 1, 0x40, 1, INT), (10, 2, 0x3C00, of_float(1.0), FLOAT),
    (10, 2, 0x0001, of_float(2.0**-24), FLOAT), (10, 2, 0xFBFF, of_float(-65504.0), FLOAT), (10, 2, 0x7C00, TOP, FLOAT),
    (10, 2, 0xFC01, 0, FLOAT), (11, 8, 1, 1, FLOAT), (11, 8, NAN, 0, FLOAT),
    (11, 8, INFINITY | MINUS, TOP | MINUS, FLOAT), (11, 8, TOP, TOP, FLOAT), (12, 4, 0xFFFFFFFF, 2**32 - 1, INT),
    (13, 8, 2**64 - 1, of_int(-1), INT),
    (16, 2, 0x3F80, of_float(1.0), FLOAT), (16, 2, 0x8001, of_float(-(2.0**-133)), FLOAT), (16, 2, 0x7F80, TOP, FLOAT),
    (16, 2, 0xFFC0, 0, FLOAT),
)  # fmt: skip


def steps(dice: random.Random) -> Iterator[Case]:
    """Steps to judge. Where an access may read outside its tensor, another is drawn."""
    maker = Maker(dice)
    for code, size, raw, wide, dtype in LOADS:
        yield maker.loaded(code, size, raw, wide, dtype)
    for opcode, dtype, reduction in itertools.product((DOT, SUM, MAX, MIN), (FLOAT, INT), REDUCTIONS):
        rank = dice.randint(0, min(4, 10 - len(reduction)))
        yield maker.reduction(opcode, dtype, rank, reduction)
    for function, rank in itertools.product((1, 2, 3, 4, 17, WHERE), range(11)):
        yield maker.mapped(function, rank)
    for left, right in SEGMENTS:
        yield _segments(maker, left, right)
    for opcode, dtype, rank in itertools.product((COPY, GATHER, CONCAT), (FLOAT, INT), range(11)):
        if opcode != CONCAT or rank:
            yield maker.moved(opcode, dtype, rank)
            yield maker.moved(opcode, dtype, min(rank, 3) or 1)


def _segments(maker: Maker, left: tuple[float, ...], right: tuple[float, ...]) -> Case:
    """A dot of two given segments that start in the middle of their tensors."""
    accesses = tuple(
        Access(source, FLOAT, p, (*[1] * 61, *map(of_float, row)), base=61, strides=(0, 1))
        for p, (source, row) in enumerate(((STEP, left), (WEIGHT, right)))
    )
    return maker.reduced(DOT, FLOAT, (1,), (len(left),), accesses)
