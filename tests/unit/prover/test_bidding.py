"""The pricing policy: what is skipped and why, and what is asked."""

import json
from dataclasses import replace

import pytest

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.primitives import Address, Amount, ModelId
from atomic_verify.protocol.types import Guarantee, Kind, Rfp
from prover.bidding import Decision, ModelFacts, Policy, Reason, Standing, Terms, decide, on_grid

REQUESTER = Address("0x" + "11" * 20)
WORKER = Address("0x" + "22" * 20)
TOKEN = Address("0x" + "33" * 20)

RFP = Rfp(
    requester=REQUESTER,
    nonce=1,
    model_id=ModelId(bytes([4]) * 32),
    input_root=Digest(bytes([5]) * 32),
    item_count=10,
    token=TOKEN,
    max_price=Amount(1_000_000),
    job_bond=Amount(500),
    bidding_time=10,
    reveal_time=10,
    execution_timeout=60,
    challenge_window=60,
    guarantee=Guarantee.OPTIMISTIC,
    kind=Kind.AUCTION,
)
MODEL = ModelFacts(disputable=True, input_bytes=8192, output_bytes=856, seconds_per_item=0.5)
HEAD = replace(MODEL, proves=Guarantee.HYBRID, seconds_per_proof=4.0)
WHOLE = replace(MODEL, proves=Guarantee.PROVEN, seconds_per_proof=4.0)
HYBRID = replace(RFP, guarantee=Guarantee.HYBRID, item_count=3)
STANDING = Standing(worker=WORKER, free_stake=Amount(500), open_jobs=0, backlog_seconds=0.0, bidding_left=8.0)
POLICY = Policy(
    terms={TOKEN: Terms(base=Amount(1_000), per_item=Amount(3_000), per_second=Amount(20_000))},
    max_items=100,
    max_input_bytes=100 * 8192,
    max_output_bytes=100 * 856,
    max_challenge_window=3600,
    max_open_jobs=2,
)


def test_a_job_that_fits_is_priced_at_its_cost() -> None:
    decision = decide(RFP, MODEL, STANDING, POLICY)
    assert (decision.reason, decision.price) == (Reason.COST, 1_000 + 10 * 3_000 + 5 * 20_000)
    assert decision.takes
    assert decision.estimated_seconds == 5.0


@pytest.mark.parametrize(
    ("reason", "decision"),
    [
        (Reason.OWN_RFP, decide(RFP, MODEL, replace(STANDING, worker=REQUESTER), POLICY)),
        (Reason.MODEL_UNKNOWN, decide(RFP, None, STANDING, POLICY)),
        (Reason.MODEL_UNDISPUTABLE, decide(RFP, replace(MODEL, disputable=False), STANDING, POLICY)),
        (Reason.GUARANTEE_UNSUPPORTED, decide(replace(RFP, guarantee=Guarantee.PROVEN), MODEL, STANDING, POLICY)),
        (Reason.GUARANTEE_UNSUPPORTED, decide(replace(RFP, guarantee=Guarantee.PROVEN), HEAD, STANDING, POLICY)),
        (Reason.GUARANTEE_UNSUPPORTED, decide(replace(RFP, guarantee=Guarantee.NONE), MODEL, STANDING, POLICY)),
        (Reason.MODEL_UNDISPUTABLE, decide(RFP, replace(WHOLE, disputable=False), STANDING, POLICY)),
        (Reason.TOO_MANY_ITEMS, decide(replace(HYBRID, item_count=9), HEAD, STANDING, POLICY)),
        (Reason.TOO_MANY_ITEMS, decide(HYBRID, replace(HEAD, most_proofs=2), STANDING, POLICY)),
        (Reason.TIMEOUT_TOO_SHORT, decide(HYBRID, replace(HEAD, seconds_per_proof=10.0), STANDING, POLICY)),
        (Reason.NO_CAPACITY, decide(HYBRID, HEAD, replace(STANDING, proving_seconds=15.6), POLICY)),
        (Reason.TOKEN_NOT_ACCEPTED, decide(replace(RFP, token=REQUESTER), MODEL, STANDING, POLICY)),
        (Reason.TOO_MANY_ITEMS, decide(replace(RFP, item_count=101), MODEL, STANDING, POLICY)),
        (Reason.INPUT_TOO_LARGE, decide(RFP, replace(MODEL, input_bytes=81_921), STANDING, POLICY)),
        (Reason.OUTPUT_TOO_LARGE, decide(RFP, replace(MODEL, output_bytes=8_561), STANDING, POLICY)),
        (Reason.WINDOW_TOO_LONG, decide(replace(RFP, challenge_window=3_601), MODEL, STANDING, POLICY)),
        (Reason.TIMEOUT_TOO_SHORT, decide(replace(RFP, execution_timeout=11), MODEL, STANDING, POLICY)),
        (Reason.TOO_MUCH_WORK, decide(RFP, MODEL, STANDING, replace(POLICY, max_seconds=4.9))),
        (Reason.BIDDING_TOO_SHORT, decide(RFP, MODEL, replace(STANDING, bidding_left=0.9), POLICY)),
        (Reason.NO_CAPACITY, decide(RFP, MODEL, replace(STANDING, open_jobs=2), POLICY)),
        (Reason.NO_CAPACITY, decide(RFP, MODEL, replace(STANDING, backlog_seconds=24.1), POLICY)),
        (Reason.BOND_TOO_HIGH, decide(RFP, MODEL, STANDING, replace(POLICY, max_job_bond=Amount(499)))),
        (Reason.BOND_OVER_FREE_STAKE, decide(RFP, MODEL, replace(STANDING, free_stake=Amount(499)), POLICY)),
        (Reason.BOND_OVER_FREE_STAKE, decide(RFP, MODEL, replace(STANDING, bond_reserved=Amount(1)), POLICY)),
        (Reason.PRICE_TOO_LOW, decide(replace(RFP, max_price=Amount(130_999)), MODEL, STANDING, POLICY)),
    ],
)
def test_a_job_is_skipped_for_its_reason(reason: Reason, decision: Decision) -> None:
    assert (decision.reason, decision.price, decision.takes) == (reason, None, False)


def test_every_reason_has_its_case() -> None:
    marks = test_a_job_is_skipped_for_its_reason.pytestmark  # type: ignore[attr-defined]
    tested = {case[0] for case in marks[0].args[1]}
    assert tested == {reason for reason in Reason if not reason.takes}


def test_a_job_with_proofs_takes_their_time_and_costs_their_gas() -> None:
    terms = replace(POLICY.terms[TOKEN], per_proof=Amount(50_000))
    decision = decide(HYBRID, HEAD, STANDING, replace(POLICY, terms={TOKEN: terms}))
    assert decision.estimated_seconds == 3 * 0.5 + 3 * 4.0
    assert decision.price == 1_000 + 3 * 3_000 + 13.5 * 20_000 + 3 * 50_000
    assert (decision.inputs["guarantee"], decision.inputs["proving_seconds"]) == ("hybrid", 0.0)
    optimistic = decide(replace(HYBRID, guarantee=Guarantee.OPTIMISTIC), HEAD, STANDING, POLICY)
    assert optimistic.estimated_seconds == 1.5


def test_a_job_without_proofs_does_not_wait_for_those_of_others() -> None:
    busy = replace(STANDING, proving_seconds=1_000.0)
    assert decide(RFP, HEAD, busy, POLICY).takes
    assert not decide(HYBRID, HEAD, busy, POLICY).takes
    assert decide(HYBRID, HEAD, replace(STANDING, proving_seconds=15.0), POLICY).takes


def test_a_model_that_is_proven_whole_needs_no_disputes() -> None:
    model = replace(WHOLE, disputable=False)
    assert decide(replace(HYBRID, guarantee=Guarantee.PROVEN), model, STANDING, POLICY).takes


@pytest.mark.parametrize("limit", ["max_items", "max_open_jobs"])
def test_limits_themselves_are_allowed(limit: str) -> None:
    standing = replace(STANDING, open_jobs=1)
    rfp = replace(RFP, item_count=100, execution_timeout=200) if limit == "max_items" else RFP
    assert decide(rfp, replace(MODEL, seconds_per_item=0.01), standing, POLICY).takes


def test_an_undisputable_model_is_taken_where_the_setting_allows_it() -> None:
    assert decide(RFP, replace(MODEL, disputable=False), STANDING, replace(POLICY, accept_undisputable=True)).takes


def test_a_quote_is_priced_exactly_and_a_bid_on_the_grid() -> None:
    policy = replace(POLICY, terms={TOKEN: Terms(base=Amount(1_001))})
    quote = replace(RFP, kind=Kind.QUOTE, bidding_time=0, reveal_time=0)
    assert decide(quote, MODEL, replace(STANDING, bidding_left=None), policy).price == 1_001
    assert decide(RFP, MODEL, STANDING, policy).price == 1_100


def test_the_grid_never_lies_below_the_price_nor_above_the_maximum() -> None:
    for max_price in (1, 7, 9_999, 10_001, 10**18):
        for price in {0, 1, max_price // 3, max_price - 1, max_price}:
            assert price <= on_grid(price, Amount(max_price)) <= max_price


def test_the_grounds_of_a_decision_are_json_and_tell_the_price_asked() -> None:
    decision = decide(replace(RFP, max_price=Amount(130_999)), MODEL, STANDING, POLICY)
    grounds = json.loads(json.dumps(dict(decision.inputs)))
    assert grounds["asked"] == "131000"
    assert grounds["max_price"] == "130999"
