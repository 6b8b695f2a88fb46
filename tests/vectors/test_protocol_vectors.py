"""The protocol package against the committed vectors, which forge reads too."""

import json
import runpy
from pathlib import Path
from typing import Any

from eth_abi.abi import decode

from atomic_verify.protocol import auction, ids, quotes, settlement
from atomic_verify.protocol.strikes import strike
from atomic_verify.protocol.types import (
    Address,
    Amount,
    Bid,
    BidStatus,
    JobId,
    ModelSpec,
    Quote,
    Reputation,
    Rfp,
    Strikes,
    parse_word,
    to_hex,
)

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/protocol.json").read_text())


def rows(section: str) -> list[dict[str, str]]:
    """The section's columns as rows; all columns are of one length."""
    columns = VECTORS[section]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_the_file_is_what_the_script_writes() -> None:
    render = runpy.run_path(str(ROOT / "scripts/vectors/protocol.py"))["render"]
    assert (ROOT / "tests/vectors/protocol.json").read_text() == render()


def test_jobs() -> None:
    for row in rows("jobs"):
        (values,) = decode([Rfp.abi_type()], bytes.fromhex(row["rfp"][2:]))
        assert to_hex(ids.job_id(int(row["chainId"]), Address(row["market"]), Rfp.from_abi(values))) == row["id"]


def test_models() -> None:
    for row in rows("models"):
        (values,) = decode([ModelSpec.abi_type()], bytes.fromhex(row["spec"][2:]))
        assert to_hex(ids.model_id(ModelSpec.from_abi(values))) == row["id"]


def test_seals() -> None:
    for row in rows("seals"):
        job, worker, price = JobId(parse_word(row["job"])), Address(row["worker"]), Amount(int(row["price"]))
        market, salt = Address(row["market"]), parse_word(row["salt"])
        seal = ids.bid_seal(int(row["chainId"]), market, job, worker, price, salt)
        assert (to_hex(seal), auction.tie_of(seal)) == (row["seal"], int(row["tie"]))


def test_quotes() -> None:
    for row in rows("quotes"):
        job, worker = JobId(parse_word(row["job"])), Address(row["worker"])
        quote = Quote(job, worker, Amount(int(row["price"])), int(row["expiry"]))
        assert to_hex(quotes.quote_digest(int(row["chainId"]), Address(row["market"]), quote)) == row["digest"]


def test_weights() -> None:
    for row in rows("weights"):
        counts = [int(row[name]) for name in ("finalJobs", "voidJobs", "slashedJobs", "missedJobs")]
        assert auction.weight_of(Reputation.from_abi([*counts, 0])) == int(row["weight"])


def test_payments() -> None:
    for row in rows("payments"):
        max_price, weight, next_score = Amount(int(row["maxPrice"])), int(row["weight"]), int(row["nextScore"])
        assert auction.payment_of(max_price, weight, next_score) == int(row["payment"])


def test_rankings() -> None:
    for case in VECTORS["rankings"]:
        columns = (case["worker"], case["weight"], case["tie"], case["price"])
        bids = {
            Address(worker): Bid(BidStatus.REVEALED, int(weight), int(tie), Amount(int(price)))
            for worker, weight, tie, price in zip(*columns, strict=True)
        }
        max_price = Amount(int(case["maxPrice"]))
        assert list(auction.award(bids, max_price).bidders) == case["order"]
        paid = [auction.reassign(bids, Address(worker), max_price).payment for worker in case["order"]]
        assert paid == [int(payment) for payment in case["payment"]]


def test_stands() -> None:
    for row in rows("stands"):
        escrow, price = Amount(int(row["escrow"])), Amount(int(row["price"]))
        split = settlement.stands(
            escrow, price, int(row["itemCount"]), int(row["voidItems"]), int(row["feeBps"]), Amount(int(row["shared"]))
        )
        found = (split.to_worker, split.to_requester, split.fee)
        assert found == (int(row["toWorker"]), int(row["toRequester"]), int(row["fee"]))


def test_bonds() -> None:
    for row in rows("bonds"):
        slashed, missed = settlement.slashed(Amount(int(row["bond"]))), settlement.missed(Amount(int(row["bond"])))
        assert (slashed.reward, slashed.burned) == (int(row["slashedReward"]), int(row["slashedBurned"]))
        assert (missed.reward, missed.burned) == (int(row["missedReward"]), int(row["missedBurned"]))


def test_costs() -> None:
    for row in rows("costs"):
        bond, costs, cost, rate = (Amount(int(row[name])) for name in ("bond", "costs", "cost", "bondRate"))
        charged = settlement.charge(bond, costs, cost)
        assert charged == int(row["charged"])
        assert settlement.shared_costs(Amount(costs + charged), rate) == int(row["shared"])


def test_strikes() -> None:
    for row in rows("strikes"):
        counts = [int(row[name]) for name in ("finalJobs", "voidJobs", "slashedJobs")]
        strikes = Strikes(int(row["previous"]), int(row["last"]))
        after, is_third = strike(strikes, Reputation.from_abi([*counts, 0, 0]))
        assert (after.previous, after.last) == (int(row["nextPrevious"]), int(row["nextLast"]))
        assert is_third == bool(int(row["isThird"]))
