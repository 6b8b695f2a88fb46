"""The auction by hand: weights, order, payments, reasons, and what can't be ranked."""

import pytest

from atomic_verify.protocol.auction import award, payment_of, rank, reassign, weight_of
from atomic_verify.protocol.errors import RankingImpossible
from atomic_verify.protocol.types import Address, Amount, Bid, BidStatus, Reputation, parse_address

MAX = Amount(1_000)


def account(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


def bid(price: int, weight: int = 10_000, tie: int = 0, status: BidStatus = BidStatus.REVEALED) -> Bid:
    return Bid(status, weight, tie, Amount(price))


@pytest.mark.parametrize(
    ("final", "void", "slashed", "missed", "weight"),
    [
        (0, 0, 0, 0, 11_000),
        (10, 0, 0, 0, 10_000),
        (30, 0, 0, 0, 9_500),
        (10, 1, 0, 0, 10_334),
        (10, 0, 0, 1, 10_334),
        (10, 0, 1, 0, 10_834),
        (0, 50, 50, 50, 11_000),
        (2**32 - 1, 0, 0, 0, 9_001),
    ],
)
def test_weight(final: int, void: int, slashed: int, missed: int, weight: int) -> None:
    assert weight_of(Reputation(final, void, slashed, missed, Amount(0))) == weight


def test_the_lowest_score_wins_and_is_paid_by_the_second() -> None:
    bids = {account(1): bid(100, 11_000), account(2): bid(110, 9_500), account(3): bid(200, 10_000)}
    decision = award(bids, MAX)
    assert decision.worker == account(2)
    assert decision.payment == 1_100_000 // 9_500 == 115
    assert decision.bidders == (account(2), account(1), account(3))
    assert decision.reason.endswith(f"the next score 1100000 of {account(1)} over its own weight 9500")


def test_a_lone_bidder_is_paid_the_max_price() -> None:
    decision = award({account(1): bid(1)}, MAX)
    assert decision.payment == MAX
    assert "no bid comes after it" in decision.reason


def test_the_payment_is_capped() -> None:
    decision = award({account(1): bid(900, 9_001), account(2): bid(1_000, 11_000)}, MAX)
    assert decision.payment == MAX
    assert "caps" in decision.reason
    assert payment_of(MAX, 10_000, 10_000_000) == MAX
    assert payment_of(MAX, 10_000, 9_999_999) == 999


def test_equal_scores_go_by_seal_and_then_by_address() -> None:
    bids = {account(9): bid(100, tie=5), account(3): bid(100, tie=7), account(2): bid(100, tie=7)}
    ranking = rank(bids, MAX)
    assert [ranked.worker for ranked in ranking] == [account(9), account(2), account(3)]
    assert [ranked.rank for ranked in ranking] == [0, 1, 2]
    assert "order of their seals" in ranking[1].reason
    assert "by address" in ranking[2].reason


def test_addresses_are_ordered_as_numbers_and_not_as_checksummed_text() -> None:
    low, high = parse_address("0x" + "0a" * 20), parse_address("0x" + "b0" * 20)
    upper, lower = parse_address("0x" + "f" * 40), parse_address("0x" + "e" * 40)
    assert [ranked.worker for ranked in rank({high: bid(1), low: bid(1)}, MAX)] == [low, high]
    assert [ranked.worker for ranked in rank({upper: bid(1), lower: bid(1)}, MAX)] == [lower, upper]


def test_a_reassignment_is_paid_by_the_bid_behind_the_acceptor() -> None:
    remaining = {account(1): bid(100), account(2): bid(200), account(3): bid(300)}
    assert reassign(remaining, account(1), MAX).payment == 200
    second = reassign(remaining, account(2), MAX)
    assert (second.rank, second.payment) == (1, 300)
    assert second.bidders == (account(1), account(2), account(3))
    assert reassign(remaining, account(3), MAX).payment == MAX


def test_a_stranger_cannot_take_a_job_over() -> None:
    with pytest.raises(RankingImpossible, match="take a job over"):
        reassign({account(1): bid(100)}, account(2), MAX)


@pytest.mark.parametrize("status", [BidStatus.NONE, BidStatus.SEALED, BidStatus.SPENT, BidStatus.FORFEITED])
def test_only_revealed_bids_are_ranked(status: BidStatus) -> None:
    with pytest.raises(RankingImpossible, match="revealed"):
        rank({account(1): bid(100), account(2): bid(100, status=status)}, MAX)


def test_what_cannot_be_ranked() -> None:
    with pytest.raises(RankingImpossible, match="nobody"):
        award({}, MAX)
    with pytest.raises(RankingImpossible, match="one bid"):
        rank([(account(1), bid(1)), (account(1), bid(2))], MAX)
    with pytest.raises(RankingImpossible, match="max price"):
        rank({account(1): bid(1_001)}, MAX)
    with pytest.raises(RankingImpossible, match="weight"):
        rank({account(1): bid(1, weight=0)}, MAX)
    with pytest.raises(RankingImpossible, match="at most 32"):
        rank({account(n): bid(1) for n in range(33)}, MAX)


def test_a_free_bid_is_a_bid() -> None:
    assert award({account(1): bid(0), account(2): bid(0, tie=1)}, MAX).payment == 0
