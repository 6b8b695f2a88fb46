"""Money is neither made nor lost, for any job and verdict."""

from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.protocol.settlement import (
    charge,
    forfeited,
    missed,
    refunded,
    released,
    shared_costs,
    slashed,
    stands,
)
from atomic_verify.protocol.types import Amount

AMOUNTS = st.integers(0, 2**128 - 1) | st.integers(0, 20)
FEES = st.integers(0, 500)


@st.composite
def jobs(draw: st.DrawFn) -> tuple[Amount, Amount, int, int, int]:
    """Escrow, price, item count, void items and fee of a job that stands."""
    escrow, items = draw(AMOUNTS), draw(st.integers(1, 2**20) | st.integers(1, 5))
    price, void = draw(st.integers(0, escrow)), draw(st.integers(0, items))
    return Amount(escrow), Amount(price), items, void, draw(FEES)


@given(jobs())
def test_an_escrow_is_divided_to_the_unit(job: tuple[Amount, Amount, int, int, int]) -> None:
    escrow, price, items, void, fee_bps = job
    split = stands(escrow, price, items, void, fee_bps)
    assert split.total == escrow
    assert min(split.to_worker, split.to_requester, split.fee) >= 0
    assert split.to_worker + split.fee <= price
    assert split.fee * 10_000 <= (split.to_worker + split.fee) * fee_bps
    # Rounding costs the worker less than one unit of its share, and the fee less than one more.
    assert (split.to_worker + split.fee + 1) * items > price * (items - void)


@given(jobs())
def test_each_void_item_costs_the_worker_and_never_the_requester(job: tuple[Amount, Amount, int, int, int]) -> None:
    escrow, price, items, void, fee_bps = job
    if void < items:
        less, more = (stands(escrow, price, items, count, fee_bps) for count in (void, void + 1))
        assert more.to_worker <= less.to_worker
        assert more.to_requester >= less.to_requester
    assert stands(escrow, price, items, items, fee_bps) == refunded(escrow)


@given(AMOUNTS)
def test_a_bond_is_divided_to_the_unit(amount: int) -> None:
    bond = Amount(amount)
    for split in (released(bond), slashed(bond), missed(bond), forfeited(bond)):
        assert split.total == bond
        assert min(split.released, split.reward, split.burned) >= 0


@given(AMOUNTS)
def test_convicting_oneself_never_pays(amount: int) -> None:
    bond = Amount(amount)
    assert slashed(bond).burned * 2 >= bond
    assert missed(bond).burned * 2 >= bond


@given(jobs(), AMOUNTS)
def test_shared_costs_move_from_the_refund_to_the_worker_alone(
    job: tuple[Amount, Amount, int, int, int], shared: int
) -> None:
    escrow, price, items, void, fee_bps = job
    before = stands(escrow, price, items, void, fee_bps)
    after = stands(escrow, price, items, void, fee_bps, Amount(shared))
    assert after.total == escrow
    assert after.fee == before.fee
    moved = after.to_worker - before.to_worker
    assert before.to_requester - after.to_requester == moved
    # No more than what the void items would have cost: the requester pays for no more than it asked.
    assert moved == min(shared, price - before.to_worker - before.fee)
    assert after.to_requester >= escrow - price


@given(AMOUNTS, st.lists(AMOUNTS, max_size=8), AMOUNTS)
def test_voids_never_charge_more_than_half_of_a_bond(amount: int, costs: list[int], rate: int) -> None:
    bond, charged = Amount(amount), Amount(0)
    for cost in costs:
        charged = Amount(charged + charge(bond, charged, Amount(cost)))
    assert charged == min(sum(costs), bond * 3 // 8)
    assert released(Amount(bond - charged)).total + charged == bond
    assert slashed(Amount(bond - charged)).total + charged == bond
    assert shared_costs(charged, Amount(rate)) * rate <= charged // 2 * 10**18
