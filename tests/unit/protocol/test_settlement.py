"""Money at a job's end, by hand."""

from dataclasses import replace

import pytest

from atomic_verify.protocol.errors import SettlementImpossible
from atomic_verify.protocol.settlement import (
    forfeited,
    missed,
    price_of,
    refunded,
    released,
    settle,
    slashed,
    stands,
)
from atomic_verify.protocol.types import ZERO_ADDRESS, Address, Amount, Job, JobState, Rfp, VerdictRecord

GOOD = VerdictRecord(False, 0, ZERO_ADDRESS, Amount(0))


@pytest.fixture
def committed(rfp: Rfp, job: Job) -> Job:
    return replace(job, state=JobState.COMMITTED, attempt=1, rebate=Amount(rfp.max_price - 1_000))


def test_a_good_job_pays_its_price_less_the_fee(rfp: Rfp, committed: Job) -> None:
    found = settle(rfp, committed, GOOD, fee_bps=100)
    assert found.state is JobState.FINAL
    assert (found.escrow.to_worker, found.escrow.fee, found.escrow.to_requester) == (990, 10, rfp.max_price - 1_000)
    assert found.bond == released(rfp.job_bond)


def test_void_items_are_paid_back_with_what_does_not_divide(rfp: Rfp, committed: Job) -> None:
    found = settle(rfp, committed, VerdictRecord(False, 1, ZERO_ADDRESS, Amount(0)), fee_bps=100)
    assert found.state is JobState.FINAL
    assert (found.escrow.to_worker, found.escrow.fee) == (660, 6)
    assert found.escrow.total == rfp.max_price
    assert found.bond.released == rfp.job_bond
    assert found.reason.startswith("2 of 3 items stand")


def test_a_job_void_in_all_items_pays_nothing(rfp: Rfp, committed: Job) -> None:
    found = settle(rfp, committed, VerdictRecord(False, 3, ZERO_ADDRESS, Amount(0)), fee_bps=100)
    assert found.escrow == refunded(rfp.max_price)


def test_fraud_refunds_all_and_takes_the_bond(rfp: Rfp, committed: Job, stranger: Address) -> None:
    found = settle(rfp, committed, VerdictRecord(True, 2, stranger, Amount(0)), fee_bps=100)
    assert found.state is JobState.SLASHED
    assert found.escrow == refunded(rfp.max_price)
    assert found.bond == slashed(rfp.job_bond)
    assert (found.bond.reward, found.bond.burned) == (10**18, 4 * 10**18)


def test_lost_bonds_burn_what_is_not_rewarded() -> None:
    assert (missed(Amount(9)).reward, missed(Amount(9)).burned) == (1, 8)
    assert (slashed(Amount(4)).reward, slashed(Amount(4)).burned) == (0, 4)
    assert forfeited(Amount(9)).burned == 9


def test_what_no_job_can_have_is_refused(rfp: Rfp, job: Job, committed: Job) -> None:
    with pytest.raises(SettlementImpossible, match="void"):
        settle(rfp, committed, VerdictRecord(False, 4, ZERO_ADDRESS, Amount(0)), 0)
    with pytest.raises(SettlementImpossible, match="rebate"):
        price_of(rfp, replace(committed, rebate=Amount(rfp.max_price + 1)))
    with pytest.raises(SettlementImpossible, match="committed"):
        settle(rfp, job, GOOD, 0)
    with pytest.raises(SettlementImpossible, match="price"):
        stands(Amount(1), Amount(2), 1, 0, 0)
    with pytest.raises(SettlementImpossible, match="void"):
        stands(Amount(1), Amount(1), 0, 0, 0)
    with pytest.raises(SettlementImpossible, match="fee"):
        stands(Amount(1), Amount(1), 1, 0, 10_001)
