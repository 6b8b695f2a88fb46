"""What the auction promises to requesters and workers, for any bids."""

from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from atomic_verify.protocol.auction import award, rank, reassign, score_of, weight_of
from atomic_verify.protocol.types import Address, Amount, Bid, BidStatus, Reputation, parse_address

MAX = Amount(50)
"""Small, so that equal scores are common."""
COUNTS = st.integers(0, 2**32 - 1) | st.integers(0, 30)
WEIGHTS = st.integers(9_001, 11_000) | st.sampled_from([9_001, 10_000, 11_000])
TIES = st.integers(0, 3)
ADDRESSES = st.integers(0, 2**160 - 1).map(lambda number: parse_address(f"0x{number:040x}"))
BIDS = st.builds(
    Bid, status=st.just(BidStatus.REVEALED), weight=WEIGHTS, tie=TIES, price=st.integers(0, MAX).map(Amount)
)
MANY = st.dictionaries(ADDRESSES, BIDS, min_size=1, max_size=12)


@given(MANY)
def test_nobody_is_paid_more_than_the_max_price_or_less_than_it_asked(bids: dict[Address, Bid]) -> None:
    for worker, bid in bids.items():
        assert bid.price <= reassign(bids, worker, MAX).payment <= MAX
    first = award(bids, MAX)
    assert bids[first.worker].price <= first.payment <= MAX


@given(MANY)
def test_the_ranking_is_strict_and_its_own_only_order(bids: dict[Address, Bid]) -> None:
    ranking = rank(bids, MAX)
    keys = [(ranked.score, ranked.tie, int(ranked.worker, 16)) for ranked in ranking]
    assert all(first < second for first, second in pairwise(keys))
    assert {ranked.worker for ranked in ranking} == bids.keys()
    assert rank(dict(reversed(bids.items())), MAX) == ranking


@given(MANY, ADDRESSES, WEIGHTS, TIES, TIES, st.integers(0, MAX), st.integers(0, MAX))
@example({Address("0x" + "00" * 20): Bid(BidStatus.REVEALED, 9_001, 0, Amount(10))}, Address("0x" + "11" * 20), 11_000, 1, 0, 9, 8)  # fmt: skip  # noqa: E501
def test_no_bidder_gains_by_asking_for_anything_but_its_cost(
    others: dict[Address, Bid], worker: Address, weight: int, tie: int, other_tie: int, cost: int, asked: int
) -> None:
    others = {address: bid for address, bid in others.items() if address != worker}
    # The tie follows from the seal, so a lie comes with another one.
    honest = Bid(BidStatus.REVEALED, weight, tie, Amount(cost))
    lie = Bid(BidStatus.REVEALED, weight, other_tie, Amount(asked))
    assert gain(others, worker, lie, cost) <= gain(others, worker, honest, cost)


def gain(others: dict[Address, Bid], worker: Address, bid: Bid, cost: int) -> int:
    """What the worker earns above its cost, nothing if another wins."""
    decision = award({**others, worker: bid}, MAX)
    return decision.payment - cost if decision.worker == worker else 0


@given(MANY)
def test_the_winner_s_own_price_does_not_change_its_payment(bids: dict[Address, Bid]) -> None:
    first = award(bids, MAX)
    winner = bids[first.worker]
    cheaper = Bid(winner.status, winner.weight, winner.tie, Amount(winner.price // 2))
    assert award({**bids, first.worker: cheaper}, MAX).payment == first.payment


@given(MANY, ADDRESSES, BIDS)
def test_one_more_bid_never_raises_what_the_requester_pays_a_winner(
    bids: dict[Address, Bid], newcomer: Address, bid: Bid
) -> None:
    assume(newcomer not in bids)
    before, after = award(bids, MAX), award({**bids, newcomer: bid}, MAX)
    if after.worker == before.worker:
        assert after.payment <= before.payment


@given(MANY)
def test_reassignment_is_the_award_among_those_behind(bids: dict[Address, Bid]) -> None:
    ranking = rank(bids, MAX)
    for place, ranked in enumerate(ranking):
        behind = {other.worker: bids[other.worker] for other in ranking[place:]}
        assert reassign(bids, ranked.worker, MAX).payment == award(behind, MAX).payment


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_weights_stay_in_their_range_and_move_the_right_way(final: int, void: int, slashed: int, missed: int) -> None:
    def weight(*, more_final: int = 0, more_void: int = 0, more_slashed: int = 0, more_missed: int = 0) -> int:
        counts = (final + more_final, void + more_void, slashed + more_slashed, missed + more_missed)
        return weight_of(Reputation.from_abi([*(min(2**32 - 1, count) for count in counts), 0]))

    assert 9_001 <= weight() <= 11_000
    assert weight(more_final=1) <= weight()
    assert min(weight(more_void=1), weight(more_slashed=1), weight(more_missed=1)) >= weight()


@given(st.integers(0, 2**128 - 1), WEIGHTS)
def test_scores_are_exact(price: int, weight: int) -> None:
    assert divmod(score_of(price, weight), weight) == (price, 0)
