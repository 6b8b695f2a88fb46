"""A job's life through the calls, reads and events of this package, against the real contracts."""

import pytest

from atomic_verify.chain.reverts import Reverted
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.ids import bid_seal, job_id, model_id
from atomic_verify.protocol.primitives import Amount
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import BidStatus, JobState, Kind, Quote, Rfp
from tests.integration.chain.conftest import Bench
from tests.integration.chain.jobs import UNIT, fund, model, rfp

ROOT = Digest(b"\x0a" * 32)
PAYLOAD = Digest(b"\x0b" * 32)


def test_an_auction_from_post_to_withdrawal(bench: Bench) -> None:
    chain = bench.chain()
    deployer, worker, requester = bench.sender(index=0), bench.sender(index=1), bench.sender(index=2)
    fund(deployer, chain, worker, requester)
    terms = rfp(requester.address, bench.deployment.utility_token)
    job = job_id(31_337, bench.deployment.market, terms)
    assert chain.model_of(model_id(model())).published
    assert chain.free_stake_of(worker.address) == 10 * UNIT

    posted = requester.send("post", chain.calls.post(terms, "http://127.0.0.1/v1/blobs/" + "00" * 32))
    assert chain.job_of(job).state is JobState.POSTED
    salt = b"\x05" * 32
    seal = bid_seal(31_337, bench.deployment.market, job, worker.address, Amount(UNIT // 2), salt)
    worker.send("bid", chain.calls.bid(terms, seal))
    assert chain.bid_of(job, worker.address).status is BidStatus.SEALED
    assert chain.stake_of(worker.address).locked == UNIT

    with pytest.raises(Reverted) as early:
        worker.send("reveal", chain.calls.reveal(terms, Amount(UNIT // 2), salt))
    assert early.value.code == "revert-too-early"
    assert early.value.error_args["opensAt"] > early.value.error_args["nowAt"]
    bench.anvil.mine_blocks(1, seconds=100)
    worker.send("reveal", chain.calls.reveal(terms, Amount(UNIT // 2), salt))
    assert chain.bid_of(job, worker.address).price == UNIT // 2

    requester.send("award", chain.calls.award(terms, [worker.address]))
    awarded = chain.job_of(job)
    assert (awarded.state, awarded.worker, awarded.attempt) == (JobState.AWARDED, worker.address, 1)
    worker.send("commit", chain.calls.commit(terms, ROOT, PAYLOAD))
    assert chain.result_of(job).root == ROOT
    final_at = chain.final_at(terms)
    assert final_at == chain.job_of(job).time + terms.challenge_window + chain.claim_reveal_time()

    with pytest.raises(Reverted) as early:
        worker.send("finalize", chain.calls.finalize(terms))
    assert early.value.code == "revert-not-final-yet"
    bench.anvil.mine_blocks(1, seconds=60)
    worker.send("finalize", chain.calls.finalize(terms))
    assert chain.job_of(job).state is JobState.FINAL
    credit = chain.credit_of(worker.address)
    assert credit == UNIT - UNIT // 100, "a lone bidder gets the maximum price, less one per cent"
    before = chain.balance_of(worker.address)
    worker.send("withdraw", chain.calls.withdraw(terms.token))
    assert chain.balance_of(worker.address) - before == credit
    assert chain.reputation_of(worker.address).final_jobs == 1
    check_events(bench, terms, posted.block_number)


def check_events(bench: Bench, terms: Rfp, posted: int) -> None:
    """The events tell the same story, with what the receipts add."""
    chain = bench.chain()
    job = "0x" + job_id(31_337, bench.deployment.market, terms).hex()
    events = chain.events(posted, chain.head().number)
    names = [f"{event.contract}.{event.name}" for event in events]
    story = ["RfpPosted", "BidSealed", "BidRevealed", "Awarded", "Settled", "Withdrawn"]
    assert [name.split(".")[1] for name in names if name.split(".")[1] in story] == story
    first = events[0]
    assert (first.name, first.args["job"]) == ("RfpPosted", job)
    assert Rfp.from_json(first.args["rfp"]) == terms
    assert first.args["inputUri"].endswith("00")
    assert first.sender == terms.requester.lower()
    assert first.gas_used > 50_000
    block = chain.block(first.block_number)
    assert block == first.block
    committed = next(event for event in events if event.name == "Committed")
    assert committed.contract == "Results"
    assert committed.args["root"] == "0x" + ROOT.hex()
    assert committed.args["payloadDigest"] == "0x" + PAYLOAD.hex()
    assert [event.position for event in events] == sorted({event.position for event in events})


def test_a_quote_in_one_transaction(bench: Bench) -> None:
    chain = bench.chain()
    deployer, worker, requester = bench.sender(index=0), bench.sender(index=1), bench.sender(index=2)
    fund(deployer, chain, worker, requester)
    market = bench.deployment.market
    terms = rfp(requester.address, bench.deployment.utility_token, Kind.QUOTE)
    job = job_id(31_337, market, terms)
    quote = Quote(job, worker.address, terms.max_price, chain.timestamp() + 1_000)
    signature = bench.signer(1).sign_typed_data(typed_data(31_337, market, quote))

    forged = bench.signer(3).sign_typed_data(typed_data(31_337, market, quote))
    elsewhere = bench.signer(1).sign_typed_data(typed_data(1, market, quote))
    for wrong in (forged, elsewhere, b"", signature[:-1]):
        with pytest.raises(Reverted) as refused:
            requester.send("award", chain.calls.award_quote(terms, quote, wrong, "http://127.0.0.1/x"))
        assert refused.value.code == "revert-bad-quote-signature"
    requester.send("award", chain.calls.award_quote(terms, quote, signature, "http://127.0.0.1/x"))
    assert chain.job_of(job).worker == worker.address
    with pytest.raises(Reverted) as replayed:
        requester.send("again", chain.calls.award_quote(terms, quote, signature, "http://127.0.0.1/x"))
    assert replayed.value.code == "revert-wrong-state"


def test_a_bid_without_free_stake_is_refused_with_the_amounts(bench: Bench) -> None:
    chain = bench.chain()
    deployer, requester, poor = bench.sender(index=0), bench.sender(index=2), bench.sender(index=4)
    fund(deployer, chain, requester)
    terms = rfp(requester.address, bench.deployment.utility_token)
    requester.send("post", chain.calls.post(terms, "http://127.0.0.1/x"))
    with pytest.raises(Reverted) as refused:
        poor.send("bid", chain.calls.bid(terms, b"\x01" * 32))
    assert refused.value.code == "revert-insufficient-free-stake"
    assert refused.value.error_args == {"worker": poor.address.lower(), "free": 0, "needed": UNIT}
    assert refused.value.hint
