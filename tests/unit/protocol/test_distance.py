"""The distance rule at its edges, against Python's own floats and against plain sentences."""

import random
import struct
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from atomic_verify.commitments.tensors import DType
from atomic_verify.protocol.distance import FORMATS, INFINITE, clamped, distance, limit, outcome_of
from atomic_verify.protocol.errors import FieldMalformed
from atomic_verify.protocol.types import Outcome, OutputTolerance, Tolerance, float_bits

EXACT = OutputTolerance(Tolerance(0, 0), Tolerance(0, 0))
NUMPY: dict[DType, Any] = {
    DType.FLOAT16: np.float16, DType.BFLOAT16: ml_dtypes.bfloat16, DType.FLOAT: np.float32, DType.DOUBLE: np.float64,
}  # fmt: skip


def tolerance(atol: float, rtol: float, factor: float = 8.0) -> OutputTolerance:
    accept, slash = (Tolerance(float_bits(atol * by), float_bits(rtol * by)) for by in (1.0, factor))
    return OutputTolerance(accept, slash)


def raw(dtype: DType, value: float) -> bytes:
    return bytes(np.asarray(value, NUMPY[dtype]).tobytes())


@pytest.mark.parametrize("dtype", NUMPY)
def test_a_format_reads_every_bit_pattern_as_numpy_does(dtype: DType) -> None:
    width, dice = 8 * dtype.itemsize, random.Random(3)
    patterns = range(1 << 16) if width == 16 else [dice.getrandbits(width) for _ in range(3_000)]
    for bits in patterns:
        value = float(np.frombuffer(bits.to_bytes(width // 8, "little"), NUMPY[dtype])[0])
        expected = Fraction(value) if np.isfinite(value) else None
        assert FORMATS[dtype].value(bits) == expected


@pytest.mark.parametrize("dtype", NUMPY)
def test_at_the_limit_is_within_and_the_next_number_is_beyond(dtype: DType) -> None:
    close = tolerance(0.25, 0.0)
    one = float_bits(1.0)
    next_up = float(np.nextafter(np.asarray(1.25, NUMPY[dtype]), np.asarray(2, NUMPY[dtype])))
    assert outcome_of(dtype, raw(dtype, 1.25), one, close, void_only=False) is Outcome.NONE
    assert outcome_of(dtype, raw(dtype, next_up), one, close, void_only=False) is Outcome.VOID
    assert outcome_of(dtype, raw(dtype, 3.0), one, close, void_only=False) is Outcome.VOID
    assert outcome_of(dtype, raw(dtype, 3.25), one, close, void_only=False) is Outcome.SLASH
    assert outcome_of(dtype, raw(dtype, 3.25), one, close, void_only=True) is Outcome.VOID


def test_the_limit_is_not_rounded() -> None:
    found = limit(tolerance(0.1, 0.2).accept, Fraction(0.3))
    assert found == Fraction(0.1) + Fraction(0.2) * Fraction(0.3)
    assert found != Fraction(0.1 + 0.2 * 0.3)


@pytest.mark.parametrize("dtype", NUMPY)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_infinitely_far_away(dtype: DType, value: float) -> None:
    loosest = tolerance(1e300, 0.1)
    assert distance(dtype, raw(dtype, value), float_bits(1.0)) is INFINITE
    assert outcome_of(dtype, raw(dtype, value), float_bits(1.0), loosest, void_only=False) is Outcome.SLASH
    assert outcome_of(dtype, raw(dtype, value), float_bits(1.0), loosest, void_only=True) is Outcome.VOID


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nobody_can_claim_that_the_canonical_value_is_no_number(value: float) -> None:
    assert distance(DType.FLOAT, raw(DType.FLOAT, 1.0), float_bits(value)) is None
    found = outcome_of(DType.FLOAT, raw(DType.FLOAT, 1.0), float_bits(value), tolerance(0.1, 0.0), void_only=False)
    assert found is Outcome.NONE


@pytest.mark.parametrize("dtype", [DType.FLOAT16, DType.BFLOAT16, DType.FLOAT])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_canonical_value_beyond_the_type_s_range_is_cut_to_it(dtype: DType, sign: int) -> None:
    largest = float(FORMATS[dtype].largest) * sign
    canonical = float_bits(1e300 * sign)
    assert clamped(dtype, canonical) == Fraction(largest)
    assert distance(dtype, raw(dtype, largest), canonical) == 0


def test_minus_zero_is_zero() -> None:
    assert distance(DType.FLOAT, raw(DType.FLOAT, -0.0), float_bits(0.0)) == 0
    assert distance(DType.FLOAT, raw(DType.FLOAT, 0.0), float_bits(-0.0)) == 0


@pytest.mark.parametrize(
    ("dtype", "committed", "canonical", "equal"),
    [
        (DType.INT8, -1, -1, True),
        (DType.INT8, -1, 255, True),
        (DType.INT8, 1, -1, False),
        (DType.UINT8, 255, 255, True),
        (DType.UINT8, 255, -1, True),
        (DType.INT32, -5, -5, True),
        (DType.INT64, -(2**63), -(2**63), True),
        (DType.INT64, 7, 8, False),
        (DType.UINT64, 2**64 - 1, -1, True),
        (DType.BOOL, 1, 1, True),
        (DType.BOOL, 0, 1, False),
        (DType.BOOL, 2, 2, False),
        (DType.BOOL, 255, 1, False),
    ],
)
def test_integers_are_equal_or_infinitely_far_apart(dtype: DType, committed: int, canonical: int, equal: bool) -> None:
    data = (committed % (1 << 8 * dtype.itemsize)).to_bytes(dtype.itemsize, "little")
    found = outcome_of(dtype, data, canonical % (1 << 64), EXACT, void_only=False)
    assert found is (Outcome.NONE if equal else Outcome.SLASH)


@pytest.mark.parametrize("data", [b"", bytes(3), bytes(8)])
def test_an_element_has_its_type_s_size(data: bytes) -> None:
    with pytest.raises(FieldMalformed):
        distance(DType.FLOAT, data, 0)


@pytest.mark.parametrize("canonical", [-1, 1 << 64])
def test_a_canonical_element_is_64_bits(canonical: int) -> None:
    with pytest.raises(FieldMalformed):
        distance(DType.FLOAT, struct.pack("<f", 1.0), canonical)
