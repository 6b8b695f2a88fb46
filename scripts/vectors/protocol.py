"""Writes tests/vectors/protocol.json: what Python and Solidity must agree on about ids, quotes, auctions and money.

Run `python scripts/vectors/protocol.py` after a rule changed, and `--check` to see whether the file is current. Every
section holds columns of equal length, whose row i is one case; `rankings` is a list of such sections. Integers are
decimal strings, structs are their ABI encoding: both as forge's `vm.parseJson...Array` reads them.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol import auction, ids, quotes, settlement
from atomic_verify.protocol.strikes import strike
from atomic_verify.protocol.types import (
    Address,
    Amount,
    Bid,
    BidStatus,
    CriticalKind,
    CriticalStep,
    Guarantee,
    JobId,
    Kind,
    ModelId,
    ModelSpec,
    OutputTolerance,
    Quote,
    Reputation,
    Rfp,
    Strikes,
    TensorSig,
    Tolerance,
    float_bits,
    parse_address,
    to_hex,
)

FILE = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "protocol.json"
U128 = 2**128 - 1
U32 = 2**32 - 1
CHAINS = (1, 31_337, 11_155_111, 2**63 - 1)
"""Up to the largest that forge can play."""


def main() -> int:
    """Writes the vectors, or with --check says whether the file holds them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is not current")
    arguments = parser.parse_args()
    text = render()
    if arguments.check:
        current = FILE.exists() and FILE.read_text() == text
        print("current" if current else f"{FILE} is not what this script writes")
        return 0 if current else 1
    FILE.write_text(text)
    print(f"wrote {FILE}")
    return 0


def render() -> str:
    """The file's text."""
    return json.dumps(build(), indent=1) + "\n"


def build() -> dict[str, Any]:
    """All sections, the same on every run."""
    dice = random.Random(20_240_229)
    return {
        "jobs": columns(job_cases(dice)),
        "models": columns(model_cases()),
        "seals": columns(seal_cases(dice)),
        "quotes": columns(quote_cases(dice)),
        "weights": columns(weight_cases(dice)),
        "payments": columns(payment_cases(dice)),
        "rankings": [ranking_case(dice, count) for count in (1, 2, 3, 5, 8, 13, 32)],
        "stands": columns(stands_cases(dice)),
        "bonds": columns(bond_cases(dice)),
        "costs": columns(cost_cases(dice)),
        "strikes": columns(strike_cases(dice)),
    }


def columns(rows: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Rows of equal keys as one list of strings per key."""
    table: dict[str, list[str]] = {}
    for row in rows:
        for key, value in row.items():
            table.setdefault(key, []).append(to_hex(value) if isinstance(value, bytes) else str(value))
    return table


def job_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """RFPs: usual, all zero, all at their largest."""
    low = Rfp.from_abi([addr(0), 0, bytes(32), bytes(32), 0, addr(0), 0, 0, 0, 0, 0, 0, 0, 0])
    top_word, top_address = b"\xff" * 32, addr(2**160 - 1)
    top32 = 2**32 - 1
    high = Rfp.from_abi(
        [top_address, 2**64 - 1, top_word, top_word, top32, top_address, U128, U128, top32, top32, top32, top32, 3, 2]
    )
    for index, rfp in enumerate([low, high, *(some_rfp(dice) for _ in range(6))]):
        chain, market = CHAINS[index % len(CHAINS)], some_address(dice)
        yield {
            "chainId": chain,
            "market": market,
            "rfp": encode([Rfp.abi_type()], [rfp.to_abi()]),
            "id": ids.job_id(chain, market, rfp),
        }


def model_cases() -> Iterable[dict[str, Any]]:
    """Models: without a canonical program, with one, with a critical step, with many tensors and a scalar."""
    nothing = CriticalStep.none()
    exact = OutputTolerance(Tolerance(0, 0), Tolerance(0, 0))
    close = OutputTolerance(Tolerance(float_bits(1e-5), 0), Tolerance(float_bits(8e-5), 0))
    image = TensorSig("image", 1, (1, 3, 224, 224))
    scores, label = TensorSig("scores", 1, (1, 1000)), TensorSig("label", 7, (1,))
    bare = ModelSpec(word(0), word(0), 0, 0, 0, 0, False, word(1), word(1), (image,), (scores,), (exact,), nothing)
    full = ModelSpec(
        word(2), word(3), 1, 9, 4, 6, True, word(4), word(5), (image,), (scores, label), (close, exact), nothing
    )
    step = CriticalStep(CriticalKind.WHOLE, True, word(6), word(7), word(8), 7, 14, 2**53, 3)
    proven = ModelSpec(word(2), word(0), 1, 1, 0, 1, False, word(4), word(5), (image,), (scores,), (close,), step)
    many = tuple(TensorSig(f"tensor ü {i}", 11, tuple(range(i))) for i in range(11))
    wide = ModelSpec(word(2), word(3), U32, U32, U32, U32, False, word(4), word(5), many, many, (close,) * 11, step)
    for spec in (bare, full, proven, wide):
        yield {"spec": encode([ModelSpec.abi_type()], [spec.to_abi()]), "id": ids.model_id(spec)}


def seal_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """Sealed bids."""
    for index, price in enumerate([0, 1, 10**18, U128, *(dice.getrandbits(128) for _ in range(4))]):
        chain, market, worker = CHAINS[index % len(CHAINS)], some_address(dice), some_address(dice)
        job, salt = JobId(dice.randbytes(32)), dice.randbytes(32)
        seal = ids.bid_seal(chain, market, job, worker, Amount(price), salt)
        row = {"chainId": chain, "market": market, "job": job, "worker": worker, "price": price, "salt": salt}
        yield row | {"seal": seal, "tie": auction.tie_of(seal)}


def quote_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """Quotes and their EIP-712 digests."""
    for index, price in enumerate([0, 1, 10**18, U128, *(dice.getrandbits(128) for _ in range(4))]):
        chain, market = CHAINS[index % len(CHAINS)], some_address(dice)
        quote = Quote(JobId(dice.randbytes(32)), some_address(dice), Amount(price), dice.getrandbits(40))
        row = {"chainId": chain, "market": market, "job": quote.job, "worker": quote.worker, "price": price}
        yield row | {"expiry": quote.expiry, "digest": quotes.quote_digest(chain, market, quote)}


def weight_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """Reputations and their weights."""
    top = 2**32 - 1
    edges = [(0, 0, 0, 0), (1, 0, 0, 0), (10, 0, 0, 0), (top, 0, 0, 0), (top, top, top, top), (0, top, top, top)]
    some = [tuple(dice.getrandbits(dice.choice((3, 8, 16, 32))) for _ in range(4)) for _ in range(14)]
    for final, void, slashed, missed in [*edges, *some]:
        weight = auction.weight_of(Reputation(final, void, slashed, missed, Amount(0)))
        yield {
            "finalJobs": final,
            "voidJobs": void,
            "slashedJobs": slashed,
            "missedJobs": missed,
            "weight": weight,
        }


def payment_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """What winners are paid."""
    edges = [(U128, 9_001, U128 * 11_000), (U128, 11_000, U128 * 9_001), (1, 11_000, 10_999), (0, 9_001, 0)]
    some = [(dice.getrandbits(90), dice.randint(9_001, 11_000), dice.getrandbits(103)) for _ in range(12)]
    for max_price, weight, next_score in [*edges, *some]:
        payment = auction.payment_of(Amount(max_price), weight, next_score)
        yield {"maxPrice": max_price, "weight": weight, "nextScore": next_score, "payment": payment}


def ranking_case(dice: random.Random, count: int) -> dict[str, Any]:
    """Bids in any order, with equal prices and equal ties among them; their order, and what each rank is paid."""
    max_price = Amount(1_000 if count % 2 else U128)
    prices = [dice.randint(1, max_price) for _ in range(max(1, count // 2))]
    bids = {
        some_address(dice): Bid(
            BidStatus.REVEALED, dice.choice((9_001, 10_000, 11_000)), dice.choice((0, 1, 2**104 - 1)), Amount(price)
        )
        for price in (dice.choice(prices) for _ in range(count))
    }
    ranking = auction.rank(bids, max_price)
    return {
        "maxPrice": str(max_price),
        "worker": list(bids),
        "weight": [str(bid.weight) for bid in bids.values()],
        "tie": [str(bid.tie) for bid in bids.values()],
        "price": [str(bid.price) for bid in bids.values()],
        "order": [bid.worker for bid in ranking],
        "payment": [str(auction.reassign(bids, bid.worker, max_price).payment) for bid in ranking],
    }


def stands_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """Escrows of jobs that stand."""
    edges = [(U128, U128, 2**20, 0, 500, 0), (U128, U128, 3, 1, 500, 0), (100, 99, 7, 7, 500, 0), (1, 0, 1, 0, 0, 0)]
    # Shared costs: up to the void items' price, beyond it, and without a void item, where there is nothing to share.
    edges += [(100, 99, 7, 7, 500, 98), (100, 99, 7, 7, 500, 99), (100, 99, 7, 2, 500, U128), (100, 99, 7, 0, 500, 5)]
    edges += [(U128, U128, 3, 1, 500, U128 * 10**18)]
    for _ in range(12):
        escrow, items = dice.getrandbits(dice.choice((10, 60, 128))), dice.randint(1, 2**20)
        price = dice.randint(0, escrow)
        edges.append((escrow, price, items, dice.randint(0, items), dice.randint(0, 500), dice.randint(0, price)))
    for escrow, price, items, void, fee_bps, shared in edges:
        split = settlement.stands(Amount(escrow), Amount(price), items, void, fee_bps, Amount(shared))
        row = {"escrow": escrow, "price": price, "itemCount": items, "voidItems": void, "feeBps": fee_bps}
        row |= {"shared": shared, "toWorker": split.to_worker, "toRequester": split.to_requester, "fee": split.fee}
        yield row


def cost_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """What bonds pay of the cost of a void, and the requester's half of what voids cost."""
    edges = [(0, 0, 1, 1), (1, 0, 1, 1), (2, 0, 1, 0), (3, 1, 1, U128), (100, 30, 7, 1), (100, 30, 8, 10**18)]
    edges += [(100, 37, 1, 10**18 - 1), (U128, 0, U128, 1), (U128, U128 * 3 // 8, U128, U128), (100, 0, 0, 10**18)]
    for _ in range(12):
        bond, rate = dice.getrandbits(dice.choice((10, 60, 128))), dice.getrandbits(dice.choice((1, 60, 128)))
        costs = dice.randint(0, settlement.voidable(Amount(bond)))
        edges.append((bond, costs, dice.getrandbits(dice.choice((10, 60, 128))), rate))
    for bond, costs, cost, rate in edges:
        charged = settlement.charge(Amount(bond), Amount(costs), Amount(cost))
        shared = settlement.shared_costs(Amount(costs + charged), Amount(rate))
        row = {"bond": bond, "costs": costs, "cost": cost, "bondRate": rate}
        yield row | {"charged": charged, "shared": shared}


def strike_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """Strikes after some jobs, of workers with none, one and two before."""
    edges = [(0, 0, 0, 0, 0), (0, 1, 0, 0, 1), (0, 2, 0, 1, 2), (97, 2, 0, 1, 2), (98, 2, 0, 1, 2), (98, 2, 0, 1, 100)]
    edges += [(90, 2, 7, 1, 2), (90, 2, 8, 1, 2), (U32, U32, U32, 3 * U32 - 98, 3 * U32), (U32, U32, U32, 1, 2)]
    for _ in range(12):
        final, void, slashed = dice.randint(0, 200), dice.randint(2, 9), dice.randint(0, 3)
        last = dice.randint(2, final + void + slashed)
        edges.append((final, void, slashed, dice.randint(1, last - 1), last))
    for final, void, slashed, previous, last in edges:
        after, is_third = strike(Strikes(previous, last), Reputation(final, void, slashed, 0, Amount(0)))
        row = {"finalJobs": final, "voidJobs": void, "slashedJobs": slashed, "previous": previous, "last": last}
        yield row | {"nextPrevious": after.previous, "nextLast": after.last, "isThird": int(is_third)}


def bond_cases(dice: random.Random) -> Iterable[dict[str, Any]]:
    """Bonds that are slashed or missed."""
    for bond in [0, 1, 4, 5, 9_999, U128, *(dice.getrandbits(128) for _ in range(6))]:
        slashed, missed = settlement.slashed(Amount(bond)), settlement.missed(Amount(bond))
        yield {
            "bond": bond,
            "slashedReward": slashed.reward,
            "slashedBurned": slashed.burned,
            "missedReward": missed.reward,
            "missedBurned": missed.burned,
        }


def some_rfp(dice: random.Random) -> Rfp:
    """An RFP as a requester might post it."""
    return Rfp(
        requester=some_address(dice),
        nonce=dice.getrandbits(64),
        model_id=ModelId(dice.randbytes(32)),
        input_root=Digest(dice.randbytes(32)),
        item_count=dice.randint(1, 100_000),
        token=some_address(dice),
        max_price=Amount(dice.getrandbits(80)),
        job_bond=Amount(dice.getrandbits(80)),
        bidding_time=dice.randint(30, 600),
        reveal_time=dice.randint(30, 600),
        execution_timeout=dice.randint(60, 86_400),
        challenge_window=dice.randint(60, 86_400),
        guarantee=Guarantee.OPTIMISTIC,
        kind=dice.choice((Kind.AUCTION, Kind.QUOTE)),
    )


def some_address(dice: random.Random) -> Address:
    return addr(dice.getrandbits(160))


def addr(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


def word(number: int) -> Digest:
    return Digest(number.to_bytes(32, "big"))


if __name__ == "__main__":
    sys.exit(main())
