"""Money at a job's end, by hand."""

from dataclasses import replace

import pytest

from atomic_verify.protocol.errors import SettlementImpossible
from atomic_verify.protocol.settlement import (
    charge,
    forfeited,
    missed,
    price_of,
    refunded,
    released,
    settle,
    shared_costs,
    slashed,
    stands,
)
from atomic_verify.protocol.types import ZERO_ADDRESS, Address, Amount, Job, JobState, Rfp, VerdictRecord

RATE = Amount(10**18 // 2)
"""Two payment tokens are worth one utility token."""
GOOD = VerdictRecord(False, 0, ZERO_ADDRESS, Amount(0))


@pytest.fixture
def committed(rfp: Rfp, job: Job) -> Job:
    return replace(job, state=JobState.COMMITTED, attempt=1, rebate=Amount(rfp.max_price - 1_000))


def test_a_good_job_pays_its_price_less_the_fee(rfp: Rfp, committed: Job) -> None:
    found = settle(rfp, committed, GOOD, fee_bps=100, bond_rate=RATE)
    assert found.state is JobState.FINAL
    assert (found.escrow.to_worker, found.escrow.fee, found.escrow.to_requester) == (990, 10, rfp.max_price - 1_000)
    assert found.bond == released(rfp.job_bond)


def test_void_items_are_paid_back_with_what_does_not_divide(rfp: Rfp, committed: Job) -> None:
    found = settle(rfp, committed, VerdictRecord(False, 1, ZERO_ADDRESS, Amount(0)), fee_bps=100, bond_rate=RATE)
    assert found.state is JobState.FINAL
    assert (found.escrow.to_worker, found.escrow.fee) == (660, 6)
    assert found.escrow.total == rfp.max_price
    assert found.bond.released == rfp.job_bond
    assert found.reason.startswith("2 of 3 items stand")


def test_a_job_void_in_all_items_pays_nothing(rfp: Rfp, committed: Job) -> None:
    found = settle(rfp, committed, VerdictRecord(False, 3, ZERO_ADDRESS, Amount(0)), fee_bps=100, bond_rate=RATE)
    assert found.escrow == refunded(rfp.max_price)


def test_fraud_refunds_all_and_takes_the_bond(rfp: Rfp, committed: Job, stranger: Address) -> None:
    found = settle(rfp, committed, VerdictRecord(True, 2, stranger, Amount(0)), fee_bps=100, bond_rate=RATE)
    assert found.state is JobState.SLASHED
    assert found.escrow == refunded(rfp.max_price)
    assert found.bond == slashed(rfp.job_bond)
    assert (found.bond.reward, found.bond.burned) == (10**18, 4 * 10**18)


def test_voids_cost_the_worker_s_bond_and_half_of_it_the_void_items_refund(
    rfp: Rfp, committed: Job, stranger: Address
) -> None:
    cheap = settle(rfp, committed, VerdictRecord(False, 1, stranger, Amount(61)), fee_bps=100, bond_rate=RATE)
    # Half of 61 is 30, worth 60 payment tokens; one of three items was 334 of 1,000.
    assert (cheap.escrow.to_worker, cheap.escrow.fee) == (660 + 60, 6)
    assert cheap.escrow.to_requester == rfp.max_price - 666 - 60
    assert cheap.bond == released(Amount(rfp.job_bond - 61))
    dear = settle(rfp, committed, VerdictRecord(False, 1, stranger, Amount(10**18)), fee_bps=100, bond_rate=RATE)
    assert (dear.escrow.to_worker, dear.escrow.to_requester) == (660 + 334, rfp.max_price - 1_000)
    alone = settle(rfp, committed, VerdictRecord(False, 1, stranger, Amount(61)), fee_bps=100, bond_rate=Amount(0))
    assert alone.escrow.to_worker == 660


def test_a_bond_pays_for_voids_up_to_three_eighths() -> None:
    assert charge(Amount(101), Amount(0), Amount(36)) == 36
    assert charge(Amount(101), Amount(36), Amount(36)) == 1
    assert charge(Amount(101), Amount(37), Amount(36)) == 0
    assert (shared_costs(Amount(1), RATE), shared_costs(Amount(3), RATE)) == (0, 2)
    with pytest.raises(SettlementImpossible, match="voidable"):
        charge(Amount(101), Amount(38), Amount(0))
    with pytest.raises(SettlementImpossible, match="voidable"):
        charge(Amount(101), Amount(0), Amount(-1))


def test_a_slash_divides_what_voids_left_of_the_bond(rfp: Rfp, committed: Job, stranger: Address) -> None:
    verdict = VerdictRecord(True, 1, stranger, Amount(10**18))
    found = settle(rfp, committed, verdict, fee_bps=100, bond_rate=RATE)
    assert found.escrow == refunded(rfp.max_price)
    assert (found.bond.reward, found.bond.burned) == (8 * 10**17, 32 * 10**17)


def test_the_third_strike_is_settled_as_a_slash(rfp: Rfp, committed: Job, stranger: Address) -> None:
    verdict = VerdictRecord(False, 1, stranger, Amount(0))
    found = settle(rfp, committed, verdict, fee_bps=100, bond_rate=RATE, strikes_out=True)
    assert found.state is JobState.SLASHED
    assert (found.escrow, found.bond) == (refunded(rfp.max_price), slashed(rfp.job_bond))
    assert found.reason.startswith("the third void job")


def test_lost_bonds_burn_what_is_not_rewarded() -> None:
    assert (missed(Amount(9)).reward, missed(Amount(9)).burned) == (1, 8)
    assert (slashed(Amount(4)).reward, slashed(Amount(4)).burned) == (0, 4)
    assert forfeited(Amount(9)).burned == 9


def test_what_no_job_can_have_is_refused(rfp: Rfp, job: Job, committed: Job) -> None:
    with pytest.raises(SettlementImpossible, match="void"):
        settle(rfp, committed, VerdictRecord(False, 4, ZERO_ADDRESS, Amount(0)), fee_bps=0, bond_rate=RATE)
    with pytest.raises(SettlementImpossible, match="rebate"):
        price_of(rfp, replace(committed, rebate=Amount(rfp.max_price + 1)))
    with pytest.raises(SettlementImpossible, match="committed"):
        settle(rfp, job, GOOD, fee_bps=0, bond_rate=RATE)
    with pytest.raises(SettlementImpossible, match="price"):
        stands(Amount(1), Amount(2), 1, 0, 0)
    with pytest.raises(SettlementImpossible, match="void"):
        stands(Amount(1), Amount(1), 0, 0, 0)
    for void, costs in ((1, rfp.job_bond * 3 // 8 + 1), (0, 1)):
        verdict = VerdictRecord(False, void, ZERO_ADDRESS, Amount(costs))
        with pytest.raises(SettlementImpossible, match="voidable"):
            settle(rfp, committed, verdict, fee_bps=0, bond_rate=RATE)
    with pytest.raises(SettlementImpossible, match="negative"):
        stands(Amount(1), Amount(1), 1, 0, 0, Amount(-1))
    with pytest.raises(SettlementImpossible, match="fee"):
        stands(Amount(1), Amount(1), 1, 0, 10_001)
