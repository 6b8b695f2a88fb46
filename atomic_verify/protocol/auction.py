"""The reverse second-price auction: who wins a job, what it is paid, and why.

Used at award and reassignment; twin of contracts/src/libraries/Auction.sol and of Market's ranking. Weight: a factor in
basis points from a worker's record, 11,000 for a newcomer, towards 9,000 with a long good one. Score: price * weight;
the lowest wins. Tie: the highest bits of a bid's seal, the order of equal scores. Payment: what would just have matched
the next score, at most the RFP's max price; nobody gains by asking for anything but its own cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from atomic_verify.protocol.errors import RankingImpossible
from atomic_verify.protocol.primitives import Address, Amount, address_value
from atomic_verify.protocol.types import Bid, BidStatus, Reputation

WORST_WEIGHT = 11_000
WEIGHT_RANGE = 2_000
MAX_BIDS = 32
TIE_BITS = 104


@dataclass(frozen=True, slots=True)
class RankedBid:
    """A bid in its place; rank 0 is the best. `price` is what it asks, in payment-token base units."""

    rank: int
    worker: Address
    price: Amount
    weight: int
    tie: int
    score: int
    reason: str


@dataclass(frozen=True, slots=True)
class Award:
    """Who gets a job, at what payment (payment-token base units), out of which ranking, and why."""

    worker: Address
    payment: Amount
    rank: int
    ranking: tuple[RankedBid, ...]
    reason: str

    @property
    def bidders(self) -> tuple[Address, ...]:
        """The list that Market.award and Market.reassign take: all remaining bidders, best first."""
        return tuple(bid.worker for bid in self.ranking)


def weight_of(reputation: Reputation) -> int:
    """A worker's weight in basis points, from 9,001 (best) to 11,000 (newcomer or bad record)."""
    good = reputation.final_jobs
    bad = 10 * (reputation.void_jobs + reputation.missed_jobs) + 100 * reputation.slashed_jobs
    return WORST_WEIGHT - WEIGHT_RANGE * good // (good + 10 + bad)


def score_of(price: int, weight: int) -> int:
    """price * weight: base units times basis points, never divided, so equal only if truly equal."""
    return price * weight


def tie_of(seal: bytes) -> int:
    """The order of equal scores: the highest 104 bits of the seal that the bid was made with."""
    return int.from_bytes(seal[: TIE_BITS // 8], "big")


def payment_of(max_price: Amount, weight: int, next_score: int | None) -> Amount:
    """What a winner of this weight is paid when the next bid scores `next_score`; None: no other bid, the max price."""
    if next_score is None:
        return max_price
    return Amount(min(max_price, next_score // weight))


def rank(bids: Mapping[Address, Bid] | Iterable[tuple[Address, Bid]], max_price: Amount) -> tuple[RankedBid, ...]:
    """The revealed bids from best to worst: by score, then tie, then the worker's address as a number.

    Raises RankingImpossible for a bid that isn't revealed or asks more than `max_price`, or a worker named twice.
    """
    pairs = list(bids.items()) if isinstance(bids, Mapping) else list(bids)
    if len({worker for worker, _ in pairs}) != len(pairs):
        raise RankingImpossible("A worker has one bid on a job")
    if len(pairs) > MAX_BIDS:
        raise RankingImpossible(f"A job has at most {MAX_BIDS} bids", found=len(pairs))
    for worker, bid in pairs:
        _check_bid(worker, bid, max_price)
    pairs.sort(key=lambda pair: (score_of(pair[1].price, pair[1].weight), pair[1].tie, address_value(pair[0])))
    return tuple(_ranked(place, pairs) for place in range(len(pairs)))


def award(bids: Mapping[Address, Bid] | Iterable[tuple[Address, Bid]], max_price: Amount) -> Award:
    """The award of a job to the best of all revealed bids. Raises RankingImpossible, also for no bids."""
    ranking = rank(bids, max_price)
    if not ranking:
        raise RankingImpossible("No revealed bid: nobody to award to", hint="The RFP expires and refunds its escrow")
    return _award_at(ranking, 0, max_price)


def reassign(
    remaining: Mapping[Address, Bid] | Iterable[tuple[Address, Bid]], acceptor: Address, max_price: Amount
) -> Award:
    """The reassignment of a missed job to `acceptor`, one of the revealed bids that no award has spent.

    It is paid by the next score after its own, as if those before it had not bid. Raises RankingImpossible.
    """
    ranking = rank(remaining, max_price)
    place = next((bid.rank for bid in ranking if bid.worker == acceptor), None)
    if place is None:
        raise RankingImpossible("Only a worker with a remaining revealed bid can take a job over", worker=acceptor)
    return _award_at(ranking, place, max_price)


def _award_at(ranking: Sequence[RankedBid], place: int, max_price: Amount) -> Award:
    winner = ranking[place]
    following = ranking[place + 1] if place + 1 < len(ranking) else None
    payment = payment_of(max_price, winner.weight, None if following is None else following.score)
    return Award(winner.worker, payment, place, tuple(ranking), _why_paid(winner, following, payment, max_price))


def _check_bid(worker: Address, bid: Bid, max_price: Amount) -> None:
    if bid.status is not BidStatus.REVEALED:
        raise RankingImpossible("Only revealed bids are ranked", worker=worker, status=bid.status.name.lower())
    if bid.price > max_price:
        raise RankingImpossible("The bid asks more than the RFP's max price", worker=worker, price=bid.price)
    if bid.weight == 0:
        raise RankingImpossible("A revealed bid has a weight", worker=worker)


def _ranked(place: int, pairs: Sequence[tuple[Address, Bid]]) -> RankedBid:
    worker, bid = pairs[place]
    score = score_of(bid.price, bid.weight)
    reason = f"price {bid.price} at weight {bid.weight / 10_000:.4f} scores {score}"
    if place > 0:
        reason += "; " + _why_behind(pairs[place - 1], pairs[place])
    return RankedBid(place, worker, bid.price, bid.weight, bid.tie, score, reason)


def _why_behind(better: tuple[Address, Bid], worse: tuple[Address, Bid]) -> str:
    (worker, first), (_, second) = better, worse
    if score_of(first.price, first.weight) != score_of(second.price, second.weight):
        return f"behind {worker} by score"
    if first.tie != second.tie:
        return f"behind {worker} at equal score by the order of their seals"
    return f"behind {worker} at equal score and seal order by address"


def _why_paid(winner: RankedBid, following: RankedBid | None, payment: Amount, max_price: Amount) -> str:
    who = "has the lowest score" if winner.rank == 0 else f"takes the job over at rank {winner.rank}"
    if following is None:
        return f"{winner.worker} {who}; no bid comes after it, so it is paid the max price {payment}"
    if following.score // winner.weight > max_price:
        return f"{winner.worker} {who}; the next score {following.score} caps at the max price {payment}"
    return (
        f"{winner.worker} {who}; it is paid {payment}, "
        f"the next score {following.score} of {following.worker} over its own weight {winner.weight}"
    )
