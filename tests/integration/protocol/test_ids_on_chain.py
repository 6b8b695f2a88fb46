"""Ids, seals and quotes: the market computes and takes the same as the pure protocol."""

import random
from dataclasses import replace

from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.protocol.errors import QuoteExpired
from atomic_verify.protocol.ids import bid_seal, job_id, model_id
from atomic_verify.protocol.quotes import check_quote, quote_digest, typed_data
from atomic_verify.protocol.types import (
    Amount,
    JobId,
    Kind,
    Quote,
    Rfp,
)
from tests.integration.protocol.plays import REQUESTER, WORKERS, ask, post, spec, would_pass


def test_a_quote_is_taken_until_it_expires_and_only_for_its_job(chain: Chain) -> None:
    rfp = replace(post(chain, random.Random(7)).rfp, kind=Kind.QUOTE, bidding_time=0, reveal_time=0)
    market, now = chain.deployment.market, chain.timestamp()
    quote = Quote(job_id(chain.chain_id, market, rfp), WORKERS[0], rfp.max_price, now + 100)

    def passes(asked: Rfp, offered: Quote, at: int, *, key: int = 3, on: int = chain.chain_id) -> bool:
        signature = development_signer(key).sign_typed_data(typed_data(on, market, offered))
        call = chain.calls.award_quote(asked, offered, signature, "http://localhost/v1/blobs/0")
        return would_pass(chain, REQUESTER, call, at)

    for at in (now, now + 99, now + 100, now + 101):
        legal = True
        try:
            check_quote(chain.chain_id, market, rfp, quote, at)
        except QuoteExpired:
            legal = False
        assert passes(rfp, quote, at) is legal is (at < quote.expiry)
    assert not passes(replace(rfp, nonce=rfp.nonce ^ 1), quote, now)
    assert not passes(rfp, replace(quote, price=Amount(quote.price - 1)), now)
    assert not passes(rfp, quote, now, key=4)
    assert not passes(rfp, quote, now, on=1)


def test_the_contracts_compute_the_same_ids(chain: Chain) -> None:
    market, dice = chain.deployment.market, random.Random(11)
    rfp, job, salt = post(chain, dice).rfp, JobId(dice.randbytes(32)), dice.randbytes(32)
    quote = Quote(job, WORKERS[1], Amount(2**128 - 1), 2**40 - 1)
    seal = bid_seal(chain.chain_id, market, job, WORKERS[1], Amount(5), salt)
    assert ask(chain, "Market", "jobIdOf", rfp.to_abi()) == job_id(chain.chain_id, market, rfp)
    assert ask(chain, "Market", "sealOf", job, WORKERS[1], 5, salt) == seal
    assert ask(chain, "Market", "quoteDigest", quote.to_abi()) == quote_digest(chain.chain_id, market, quote)
    assert ask(chain, "Models", "modelIdOf", spec().to_abi()) == model_id(spec())
