"""Honest jobs, by auction and by quote."""

import time
from collections import Counter

import httpx

from atomic_verify.chain.presets import UNIT
from atomic_verify.commitments import Batch
from atomic_verify.protocol.primitives import Amount, to_hex
from atomic_verify.protocol.quotes import check_quote
from atomic_verify.protocol.types import JobState, Quote
from tests.integration.prover.town import STAKE, Town


def test_two_workers_bid_and_the_cheaper_one_is_paid(town: Town) -> None:
    cheap = town.hire(2, worker={"pricing": {"base_price": 10**16}, "sandbox": "auto"})
    dear = town.hire(3, worker={"pricing": {"base_price": 10**17}})
    payload = town.payload(items=5)
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))

    town.play(job, rfp, bids=2)

    settled = town.events(job, "Settled")[0]
    assert settled.args["worker"] == cheap.address.lower()
    counts = Counter(event.name for event in town.events(job))
    assert [counts[name] for name in ("BidSealed", "BidRevealed", "Awarded", "Committed", "Finalized")] == [
        2,
        2,
        1,
        1,
        1,
    ]
    # The second price: what the dear one asked, which is more than the cheap one did.
    assert settled.args["toWorker"] > 10**16
    committed = town.events(job, "Committed")[0]
    digest = committed.args["payloadDigest"][2:]
    output = httpx.get(f"{cheap.running.url}/v1/blobs/{digest}").raise_for_status().content
    assert to_hex(Batch.from_payload(town.mlp.manifest.output_specs, 5, output).root) == committed.args["root"]
    token = town.deployment.utility_token
    town.until(lambda: town.chain.balance_of(cheap.address, token) == settled.args["toWorker"], "the withdrawal")
    for worker in (cheap, dear):
        assert town.chain.free_stake_of(worker.address) == STAKE
    assert town.state(job) is JobState.FINAL


def test_a_quote_is_signed_awarded_and_done(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp, uri = town.quote_rfp(payload), town.host.put(payload)
    town.until(lambda: worker.running.tools.is_ready(time.monotonic()), "the worker's first look")

    answer = httpx.post(f"{worker.running.url}/v1/quotes", json={"rfp": rfp.to_json(), "inputUri": uri})
    signed = answer.raise_for_status().json()
    quote, signature = Quote.from_json(signed["quote"]), bytes.fromhex(signed["signature"][2:])
    check_quote(town.deployment.chain_id, town.deployment.market, rfp, quote, town.now())
    town.requester.send("award", town.chain.calls.award_quote(rfp, quote, signature, uri))
    job = town.id_of(rfp)
    town.play(job, rfp)

    assert town.events(job, "Settled")[0].args["worker"] == worker.address.lower()
    assert town.host.requests == 1, "the input was fetched once, before the quote was signed"


def test_terms_that_do_not_pay_get_no_quote(town: Town) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp, uri = town.quote_rfp(payload, max_price=Amount(UNIT // 1000)), town.host.put(payload)
    town.until(lambda: worker.running.tools.is_ready(time.monotonic()), "the worker's first look")

    answer = httpx.post(f"{worker.running.url}/v1/quotes", json={"rfp": rfp.to_json(), "inputUri": uri})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["details"]["reason"]) == ("quote-refused", "price-too-low")
    assert int(problem["details"]["asked"]) > UNIT // 1000
    assert town.host.requests == 0, "nothing is fetched for terms that are refused"


def test_two_workers_on_one_database_keep_their_own_past(town: Town) -> None:
    shared = f"sqlite:///{town.folder}/shared.sqlite"
    cheap = town.hire(2, database_url=shared, worker={"pricing": {"base_price": 10**16}})
    dear = town.hire(3, database_url=shared, worker={"pricing": {"base_price": 10**17}})
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))

    town.play(job, rfp, bids=2)

    prices = {event.args["worker"]: event.args["price"] for event in town.events(job, "BidRevealed")}
    assert prices[cheap.address.lower()] < prices[dear.address.lower()]
    for worker in (cheap, dear):
        taken = [one for one in worker.running.tools.decisions.of(job, "bid") if one.outcome == "taken"]
        assert [int(one.details["price"]) for one in taken] == [prices[worker.address.lower()]]
