"""The terms that a market takes: Market.post's and awardQuote's checks, told before a transaction is paid for.

Used before posting (requester), before bidding or quoting (worker) and by whoever relays an RFP. *Policy*: what the
market demands of RFPs in one payment token.
"""

from types import MappingProxyType
from typing import Any

from atomic_verify.protocol.errors import TermsRefused
from atomic_verify.protocol.primitives import Amount
from atomic_verify.protocol.settlement import RATE_UNIT
from atomic_verify.protocol.types import CriticalKind, Guarantee, Kind, MarketParams, ModelRecord, Rfp, TokenPolicy

MAX_ITEMS = 2**20
MAX_PROVEN_ITEMS = 8
"""Items with a proof each: all of them are checked in one transaction, which a block has to hold."""
CRITICAL_OF = MappingProxyType({Guarantee.HYBRID: CriticalKind.HEAD, Guarantee.PROVEN: CriticalKind.WHOLE})
"""The kind of critical step that a model must have for a guarantee."""
MAX_URI_BYTES = 512
DEVELOPMENT_CHAINS = frozenset({31_337, 1337})


def minimum_bond(price: Amount, params: MarketParams, policy: TokenPolicy) -> Amount:
    """The least job bond for a job of this max price, in utility-token base units."""
    return Amount(max(price * policy.bond_rate // RATE_UNIT, params.min_job_bond))


def check_terms(
    rfp: Rfp,
    input_uri: str,
    *,
    params: MarketParams,
    policy: TokenPolicy,
    model: ModelRecord,
    chain_id: int,
    has_disputes: bool,
) -> None:
    """Refuses an RFP that the market would refuse, naming the field. Raises TermsRefused.

    `has_disputes` says whether the deployment has a disputes contract: Results.disputes() isn't zero.
    """
    _check_kind(rfp, params)
    # A lone surrogate has no UTF-8 form and no place in a URI; counted as one byte it is refused by whoever fetches.
    size = len(input_uri.encode(errors="replace"))
    _require(size <= MAX_URI_BYTES, "inputUri", f"The input's URI has at most {MAX_URI_BYTES} bytes", found=size)
    most = MAX_ITEMS if rfp.guarantee is Guarantee.OPTIMISTIC else MAX_PROVEN_ITEMS
    _require(0 < rfp.item_count <= most, "itemCount", f"Such a job has 1 to {most} items", found=rfp.item_count)
    _check_time("executionTimeout", rfp.execution_timeout, params.min_execution_timeout, params.max_time)
    _check_time("challengeWindow", rfp.challenge_window, params.min_challenge_window, params.max_time)
    _check_model(rfp, model)
    safe = rfp.guarantee is Guarantee.PROVEN or (model.disputable and has_disputes) or chain_id in DEVELOPMENT_CHAINS
    _require(safe, "modelId", "On a public chain nobody could dispute a result of this model on this market")
    _check_money(rfp, params, policy)


def _check_kind(rfp: Rfp, params: MarketParams) -> None:
    _require(rfp.kind is not Kind.NONE, "kind", "An RFP is of kind auction or quote")
    if rfp.kind is Kind.QUOTE:
        _require(not rfp.bidding_time, "biddingTime", "An RFP of kind quote has no bidding time")
        _require(not rfp.reveal_time, "revealTime", "An RFP of kind quote has no reveal time")
        return
    _check_time("biddingTime", rfp.bidding_time, params.min_bidding_time, params.max_time)
    _check_time("revealTime", rfp.reveal_time, params.min_reveal_time, params.max_time)


def _check_model(rfp: Rfp, model: ModelRecord) -> None:
    _require(model.published, "modelId", "No model of this id is published")
    _require(rfp.guarantee is not Guarantee.NONE, "guarantee", "An RFP names a guarantee")
    offered = rfp.guarantee is Guarantee.OPTIMISTIC or model.critical is CRITICAL_OF[rfp.guarantee]
    _require(offered, "guarantee", f"The model has no critical step for the guarantee {rfp.guarantee.name.lower()}")


def _check_money(rfp: Rfp, params: MarketParams, policy: TokenPolicy) -> None:
    _require(policy.min_price > 0, "token", "The market does not take this token", found=rfp.token)
    _require(
        rfp.max_price >= policy.min_price,
        "maxPrice",
        "The price is below the market's least",
        found=rfp.max_price,
        minimum=policy.min_price,
    )
    bond = minimum_bond(rfp.max_price, params, policy)
    _require(rfp.job_bond >= bond, "jobBond", "The job bond is too low for the price", found=rfp.job_bond, minimum=bond)


def _check_time(field: str, time: int, minimum: int, maximum: int) -> None:
    _require(minimum <= time <= maximum, field, f"{field} is {minimum} to {maximum} seconds", found=time)


def _require(condition: bool, field: str, message: str, **details: Any) -> None:
    if not condition:
        raise TermsRefused(message, field=field, **details)
