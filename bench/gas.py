"""Gas of real transactions on a development chain: each call, whole jobs, and per item.

A whole job counts every transaction that it needs, the worker's withdrawal included. What a requester gets back stays
as credit, from which its next escrow is taken. "First" is with accounts that never had a job, so that each first write
to a storage slot is paid; "later" is what every job after that costs.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from atomic_verify.chain.presets import UNIT
from atomic_verify.commitments import Digest
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.auction import award
from atomic_verify.protocol.ids import bid_seal, job_id
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import Amount, BidStatus, Guarantee, Kind, Quote, Rfp
from bench.figures import Figure
from bench.town import REQUESTER, WORKERS, Town, town

PRICE = Amount(10 * UNIT)
SPAN = 60
URI = "https://gateway.example/v1/blobs/" + "ab" * 32
GOALS = {"quote": 400_000.0, "auction": 650_000.0, "Results.commit": 95_000.0}
ITEM_COUNTS = (1, 100, 10_000)


def measure(root: Path) -> Iterator[Figure]:
    """Every figure of the market's gas."""
    model = build_model(root / "models" / "mlp", root / "build" / "models")
    with town(model) as found:
        first_quote, first_auction = _quote_job(found, model, 1), _auction_job(found, model, 2)
        found.gas.clear()
        quote, auction = _quote_job(found, model, 3), _auction_job(found, model, 4)
        yield Figure("gas", "job by quote, first", first_quote, "gas")
        yield Figure("gas", "job by quote, later", quote, "gas", GOALS["quote"])
        yield Figure("gas", "job by auction with two bids, first", first_auction, "gas")
        yield Figure("gas", "job by auction with two bids, later", auction, "gas", GOALS["auction"])
        for name, costs in sorted(found.gas.items()):
            yield Figure("gas", name, max(costs), "gas", GOALS.get(name))
        for number, items in enumerate(ITEM_COUNTS):
            each = _quote_job(found, model, 10 + number, items) / items
            goal = 100.0 if items == 10_000 else None
            yield Figure("gas", f"per item of a job of {items:,} by quote", each, "gas", goal)


def _rfp(town: Town, model: InstalledModel, nonce: int, kind: Kind, items: int) -> Rfp:
    is_auction = kind is Kind.AUCTION
    return Rfp(
        requester=town.address(REQUESTER),
        # As random as a real one: zero bytes are cheaper.
        nonce=int.from_bytes(sha256(bytes([nonce])).digest()[:8], "big"),
        model_id=model.model_id,
        input_root=Digest(sha256(b"input" + bytes([nonce])).digest()),
        item_count=items,
        token=town.deployment.utility_token,
        max_price=PRICE,
        job_bond=PRICE,
        bidding_time=SPAN if is_auction else 0,
        reveal_time=SPAN if is_auction else 0,
        execution_timeout=SPAN,
        challenge_window=SPAN,
        guarantee=Guarantee.OPTIMISTIC,
        kind=kind,
    )


def _quote_job(town: Town, model: InstalledModel, nonce: int, items: int = 1) -> int:
    calls, deployment, worker = town.chain.calls, town.deployment, WORKERS[0]
    rfp = _rfp(town, model, nonce, Kind.QUOTE, items)
    job = job_id(deployment.chain_id, deployment.market, rfp)
    quote = Quote(job, town.address(worker), rfp.max_price, town.chain.timestamp() + 3600)
    signature = town.signers[worker].sign_typed_data(typed_data(deployment.chain_id, deployment.market, quote))
    spent = town.send(REQUESTER, calls.award_quote(rfp, quote, signature, URI))
    return spent + _finish(town, rfp)


def _auction_job(town: Town, model: InstalledModel, nonce: int) -> int:
    calls, deployment = town.chain.calls, town.deployment
    rfp = _rfp(town, model, nonce, Kind.AUCTION, 1)
    job = job_id(deployment.chain_id, deployment.market, rfp)
    spent = town.send(REQUESTER, calls.post(rfp, URI))
    # The first worker asks less, whatever the weights, so that it is always the one that `_finish` speaks for.
    offers = {
        worker: (Amount(PRICE // (4 - 2 * place)), sha256(bytes([worker])).digest())
        for place, worker in enumerate(WORKERS)
    }
    for worker, (price, salt) in offers.items():
        seal = bid_seal(deployment.chain_id, deployment.market, job, town.address(worker), price, salt)
        spent += town.send(worker, calls.bid(rfp, seal))
    town.pass_time(SPAN)
    for worker, (price, salt) in offers.items():
        spent += town.send(worker, calls.reveal(rfp, price, salt))
    bids = {town.address(worker): town.chain.bid_of(job, town.address(worker)) for worker in WORKERS}
    assert all(bid.status is BidStatus.REVEALED for bid in bids.values())
    spent += town.send(REQUESTER, calls.award(rfp, award(bids, rfp.max_price).bidders))
    return spent + _finish(town, rfp)


def _finish(town: Town, rfp: Rfp) -> int:
    """Commit, finalize, withdraw, by the first worker."""
    calls, worker = town.chain.calls, WORKERS[0]
    root, payload = Digest(sha256(b"root").digest()), Digest(sha256(b"payload").digest())
    spent = town.send(worker, calls.commit(rfp, root, payload))
    town.pass_time(SPAN + 10)
    spent += town.send(worker, calls.finalize(rfp))
    return spent + town.send(worker, calls.withdraw(rfp.token))
