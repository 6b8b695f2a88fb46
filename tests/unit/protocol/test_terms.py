"""Terms that a market takes, and each of those that it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from atomic_verify.protocol.errors import TermsRefused
from atomic_verify.protocol.terms import check_terms, minimum_bond
from atomic_verify.protocol.types import (
    Amount,
    CriticalKind,
    Guarantee,
    Kind,
    MarketParams,
    ModelRecord,
    Rfp,
    TokenPolicy,
)

URI = "https://requester.example/v1/blobs/" + "0" * 64


def test_good_terms_pass(rfp: Rfp, params: MarketParams, policy: TokenPolicy, model: ModelRecord) -> None:
    check_terms(rfp, URI, params=params, policy=policy, model=model, chain_id=1, has_disputes=True)
    quote = replace(rfp, kind=Kind.QUOTE, bidding_time=0, reveal_time=0)
    check_terms(quote, URI, params=params, policy=policy, model=model, chain_id=1, has_disputes=True)


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("kind", "kind", Kind.NONE),
        ("item_count", "itemCount", 0),
        ("item_count", "itemCount", 2**20 + 1),
        ("bidding_time", "biddingTime", 9),
        ("bidding_time", "biddingTime", 7 * 86_400 + 1),
        ("reveal_time", "revealTime", 9),
        ("execution_timeout", "executionTimeout", 59),
        ("challenge_window", "challengeWindow", 59),
        ("challenge_window", "challengeWindow", 7 * 86_400 + 1),
        ("guarantee", "guarantee", Guarantee.HYBRID),
        ("guarantee", "guarantee", Guarantee.PROVEN),
        ("guarantee", "guarantee", Guarantee.NONE),
        ("max_price", "maxPrice", Amount(0)),
        ("job_bond", "jobBond", Amount(5 * 10**18 - 1)),
        ("kind", "biddingTime", Kind.QUOTE),
    ],
)
def test_a_term_out_of_bounds_is_refused_by_name(
    rfp: Rfp, params: MarketParams, policy: TokenPolicy, model: ModelRecord, field: str, name: str, value: Any
) -> None:
    with pytest.raises(TermsRefused) as caught:
        check_terms(
            replace(rfp, **{field: value}),
            URI,
            params=params,
            policy=policy,
            model=model,
            chain_id=1,
            has_disputes=True,
        )
    assert caught.value.details["field"] == name


def test_each_bound_itself_is_taken(rfp: Rfp, params: MarketParams, policy: TokenPolicy, model: ModelRecord) -> None:
    edge = replace(
        rfp, item_count=2**20, bidding_time=10, reveal_time=7 * 86_400, execution_timeout=60, challenge_window=60
    )
    check_terms(edge, "u" * 512, params=params, policy=policy, model=model, chain_id=1, has_disputes=True)
    with pytest.raises(TermsRefused, match="URI"):
        check_terms(edge, "u" * 513, params=params, policy=policy, model=model, chain_id=1, has_disputes=True)
    with pytest.raises(TermsRefused, match="URI"):
        check_terms(edge, "ü" * 257, params=params, policy=policy, model=model, chain_id=1, has_disputes=True)


def test_a_token_without_a_policy_is_refused(rfp: Rfp, params: MarketParams, model: ModelRecord) -> None:
    with pytest.raises(TermsRefused, match="token"):
        check_terms(
            rfp,
            URI,
            params=params,
            policy=TokenPolicy(Amount(0), Amount(0)),
            model=model,
            chain_id=1,
            has_disputes=True,
        )


def test_an_undisputable_model_is_for_development_chains(
    rfp: Rfp, params: MarketParams, policy: TokenPolicy, model: ModelRecord
) -> None:
    bare = replace(model, disputable=False)
    for chain in (31_337, 1_337):
        check_terms(rfp, URI, params=params, policy=policy, model=bare, chain_id=chain, has_disputes=False)
    for chain in (1, 10, 8_453):
        with pytest.raises(TermsRefused, match="dispute"):
            check_terms(rfp, URI, params=params, policy=policy, model=bare, chain_id=chain, has_disputes=True)
        with pytest.raises(TermsRefused, match="dispute"):
            check_terms(rfp, URI, params=params, policy=policy, model=model, chain_id=chain, has_disputes=False)
    with pytest.raises(TermsRefused, match="published"):
        check_terms(
            rfp,
            URI,
            params=params,
            policy=policy,
            model=replace(model, published=False),
            chain_id=31_337,
            has_disputes=True,
        )


@pytest.mark.parametrize(
    ("guarantee", "critical"), [(Guarantee.HYBRID, CriticalKind.HEAD), (Guarantee.PROVEN, CriticalKind.WHOLE)]
)
def test_a_guarantee_takes_a_critical_step_of_its_kind(
    rfp: Rfp,
    params: MarketParams,
    policy: TokenPolicy,
    model: ModelRecord,
    guarantee: Guarantee,
    critical: CriticalKind,
) -> None:
    for kind in CriticalKind:
        terms = replace(rfp, guarantee=guarantee)
        offering = replace(model, critical=kind)
        if kind is critical:
            check_terms(terms, URI, params=params, policy=policy, model=offering, chain_id=1, has_disputes=True)
            continue
        with pytest.raises(TermsRefused, match="no critical step") as caught:
            check_terms(terms, URI, params=params, policy=policy, model=offering, chain_id=1, has_disputes=True)
        assert caught.value.details["field"] == "guarantee"


def test_only_a_few_items_are_proven_at_once(
    rfp: Rfp, params: MarketParams, policy: TokenPolicy, model: ModelRecord
) -> None:
    offering = replace(model, critical=CriticalKind.HEAD)
    most = replace(rfp, guarantee=Guarantee.HYBRID, item_count=8)
    check_terms(most, URI, params=params, policy=policy, model=offering, chain_id=1, has_disputes=True)
    with pytest.raises(TermsRefused, match="1 to 8 items"):
        check_terms(
            replace(most, item_count=9),
            URI,
            params=params,
            policy=policy,
            model=offering,
            chain_id=1,
            has_disputes=True,
        )


def test_what_is_proven_as_a_whole_needs_no_disputes(
    rfp: Rfp, params: MarketParams, policy: TokenPolicy, model: ModelRecord
) -> None:
    whole = replace(model, critical=CriticalKind.WHOLE, disputable=False)
    proven = replace(rfp, guarantee=Guarantee.PROVEN)
    check_terms(proven, URI, params=params, policy=policy, model=whole, chain_id=1, has_disputes=False)
    head = replace(model, critical=CriticalKind.HEAD)
    hybrid = replace(rfp, guarantee=Guarantee.HYBRID)
    with pytest.raises(TermsRefused, match="dispute"):
        check_terms(hybrid, URI, params=params, policy=policy, model=head, chain_id=1, has_disputes=False)


def test_the_bond_follows_price_and_rate_down_to_the_minimum(params: MarketParams, policy: TokenPolicy) -> None:
    assert minimum_bond(Amount(10 * 10**18), params, policy) == 5 * 10**18
    assert minimum_bond(Amount(1), params, policy) == params.min_job_bond
    assert minimum_bond(Amount(2**128 - 1), params, TokenPolicy(Amount(1), Amount(2**128 - 1))) > 2**128
