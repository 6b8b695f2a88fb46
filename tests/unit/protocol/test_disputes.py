"""Amounts, windows and clocks of claims and lines, as numbers written by hand."""

import pytest

from atomic_verify.protocol.disputes import (
    BOND_FACTOR,
    REFUTATION_GAS,
    ROUND_GAS,
    answer_prefund,
    cost_cap,
    delays,
    line_reserve,
    max_rounds,
    reveal_span,
    seal_bond,
    time_to_finality,
    undisputed_finality,
    upholdable_at,
    window_end,
)
from atomic_verify.protocol.lifecycle import Span
from atomic_verify.protocol.types import Amount, DisputeParams

HOUR = 3_600
PUBLIC = DisputeParams(36 * HOUR, 36 * HOUR, Amount(10**9), Amount(10**15), Amount(10**16))


def test_the_bond_is_ten_refutations_and_the_reserve_pays_every_round() -> None:
    assert seal_bond(PUBLIC) == 10 * 3_000_000 * 10**9 == BOND_FACTOR * REFUTATION_GAS * PUBLIC.gas_price
    assert line_reserve(PUBLIC, 7) == 2 * 7 * 4_000_000 * 10**9 == max_rounds(7) * ROUND_GAS * PUBLIC.gas_price
    assert line_reserve(PUBLIC, 0) == 0
    assert cost_cap(PUBLIC) == 3_000_000 * 10**9
    assert answer_prefund(PUBLIC) == 2_750_000 * 10**9


def test_a_seal_is_revealed_in_a_later_second_and_within_r() -> None:
    assert reveal_span(1_000, 600) == Span(1_001, 1_600)
    assert not reveal_span(1_000, 1).contains(1_001)
    assert window_end(500, 36 * HOUR) == 500 + 36 * HOUR
    assert upholdable_at(500, PUBLIC) == 500 + 36 * HOUR


def test_finality_without_a_dispute_is_window_and_r() -> None:
    assert undisputed_finality(48 * HOUR, 900).seconds == 48 * HOUR + 900


def test_the_longest_way_to_finality_runs_every_clock_to_its_end() -> None:
    found = time_to_finality(PUBLIC, 36 * HOUR, 900)
    assert [part.seconds for part in found.parts] == [36 * HOUR, 72 * HOUR, 36 * HOUR, 72 * HOUR]
    assert found.hours == 216


def test_the_time_to_reveal_counts_where_it_is_longer_than_a_line() -> None:
    seconds = DisputeParams(20, 5, Amount(1), Amount(0), Amount(300_000))
    found = time_to_finality(seconds, 60, 30)
    assert [part.seconds for part in found.parts] == [60, 30, 20, 10]


@pytest.mark.parametrize("depth", [1, 40, 5_000])
def test_every_delay_has_a_price_and_the_longest_costs_a_claim_s_bond(depth: int) -> None:
    found = {delay.name: delay for delay in delays(PUBLIC, depth, 900)}
    assert len(found) == 6
    least = Amount(440_000 * PUBLIC.gas_price)
    for delay in found.values():
        assert delay.price >= least
        assert delay.seconds <= 2 * PUBLIC.line_clock
    lost = 30_000_000 * 10**9 + line_reserve(PUBLIC, depth) - 3_000_000 * 10**9 - 10**15
    longest = max(found.values(), key=lambda delay: delay.seconds)
    assert (longest.seconds, longest.price) == (72 * HOUR - 900, lost + least)
    assert found["a false claim, its trace withheld"].price == lost
    assert found["an unrevealed seal"].price == seal_bond(PUBLIC)


def test_no_delay_goes_beyond_the_longest_way_to_finality() -> None:
    bound = time_to_finality(PUBLIC, 36 * HOUR, 900).seconds - undisputed_finality(36 * HOUR, 900).seconds
    assert all(delay.seconds <= bound for delay in delays(PUBLIC, 3, 900))
