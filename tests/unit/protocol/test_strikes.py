"""Which void jobs slash, by hand."""

from dataclasses import replace

import pytest

from atomic_verify.protocol.strikes import STRIKE_SPAN, is_strike, next_ordinal, strike
from atomic_verify.protocol.types import ZERO_ADDRESS, Amount, ModelRecord, Reputation, Strikes, VerdictRecord

NEWCOMER = Reputation(0, 0, 0, 0, Amount(0))
VOID = VerdictRecord(False, 1, ZERO_ADDRESS, Amount(0))


def test_the_third_of_three_jobs_slashes() -> None:
    strikes, reputation = Strikes(0, 0), NEWCOMER
    for count in range(3):
        strikes, is_third = strike(strikes, reputation)
        assert is_third == (count == 2)
        reputation = replace(reputation, void_jobs=reputation.void_jobs + 1)
    assert strikes == Strikes(2, 3)


@pytest.mark.parametrize(("ordinal", "slashes"), [(99, True), (100, True), (101, False)])
def test_only_the_last_hundred_count(ordinal: int, slashes: bool) -> None:
    assert STRIKE_SPAN == 100
    reputation = replace(NEWCOMER, void_jobs=2, final_jobs=ordinal - 3)
    assert next_ordinal(reputation) == ordinal
    assert strike(Strikes(1, 2), reputation) == (Strikes(2, ordinal), slashes)


def test_who_was_slashed_is_slashed_again_for_the_next_soon_after() -> None:
    reputation = replace(NEWCOMER, void_jobs=2, slashed_jobs=1)
    assert strike(Strikes(2, 3), reputation) == (Strikes(3, 4), True)


def test_missed_jobs_are_not_settled() -> None:
    assert next_ordinal(replace(NEWCOMER, missed_jobs=9)) == 1


def test_what_strikes(model: ModelRecord) -> None:
    assert is_strike(VOID, model)
    assert not is_strike(VOID, replace(model, void_only=True))
    assert not is_strike(replace(VOID, void_items=0), model)
    assert not is_strike(replace(VOID, slashed=True), model)
