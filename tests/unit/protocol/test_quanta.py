"""Quantising: halves, limits, what isn't finite, and what a circuit can't have given."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from atomic_verify.protocol.errors import NotWholeQuanta
from atomic_verify.protocol.quanta import FIELD, field_of, from_field, is_cut, quantise, values_of, whole

LIMIT = 2**20


def floats(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def test_halves_round_away_from_zero() -> None:
    found = quantise(floats(0.5, -0.5, 1.5, -1.5, 2.5, 0.4999, -0.4999, 0.0, -0.0), 0, LIMIT)
    assert found.tolist() == [1, -1, 2, -2, 3, 0, 0, 0, 0]


def test_what_is_not_finite_or_too_large_is_cut() -> None:
    found = quantise(floats(np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45), 11, LIMIT)
    assert found.tolist() == [0, LIMIT, -LIMIT, LIMIT, -LIMIT, 0]


@pytest.mark.parametrize("limit", [1, LIMIT, 2**53])
def test_it_is_told_whether_anything_was_cut(limit: int) -> None:
    beyond = np.nextafter(np.float32(limit), np.float32(np.inf)) if limit > 2**23 else np.float32(limit + 1)
    for sign in (1, -1):
        assert not is_cut(floats(sign * limit, np.nan, 0.0), 0, limit)
        assert is_cut(floats(0.0, sign * float(beyond)), 0, limit)
        assert is_cut(floats(sign * np.inf), 0, limit)


@pytest.mark.parametrize("scale", [0, 7, 11, 13, 24, 32])
def test_it_is_the_exact_value_rounded(scale: int) -> None:
    random = np.random.default_rng(scale)
    bits = random.integers(0, 2**32, 3000, dtype=np.uint32)
    values = bits.view(np.float32)
    limit = 2**53
    for value, found in zip(values, quantise(values, scale, limit), strict=True):
        if not np.isfinite(value):
            continue
        exact = abs(Fraction(float(value))) * 2**scale
        size = min(int(exact + Fraction(1, 2)), limit)
        assert found == (-size if value < 0 else size)


def test_whole_quanta_survive_a_float() -> None:
    quanta = np.array([0, 1, -1, 2**24 - 1, -(2**24) + 1, 20_000], dtype=np.int64)
    assert whole(values_of(quanta, 11), 11).tolist() == quanta.tolist()


@pytest.mark.parametrize("value", [0.3, np.nan, np.inf, -np.inf, 2.0**13, 3e38, 2.0**-12])
def test_other_scores_are_refused(value: float) -> None:
    with pytest.raises(NotWholeQuanta) as caught:
        whole(floats(1.0, value), 11)
    assert caught.value.details["element"] == 1


def test_too_many_quanta_are_refused() -> None:
    with pytest.raises(NotWholeQuanta):
        values_of(np.array([2**24], dtype=np.int64), 0)


def test_field_elements_count_down_from_the_modulus() -> None:
    assert [field_of(one) for one in (0, 5, -5)] == [0, 5, FIELD - 5]
    assert [from_field(one) for one in (0, 5, FIELD - 5)] == [0, 5, -5]
