"""Taking a request: from a client's body to a plan on record and a transaction under way.

Life cycle: post. Order matters: the input is stored, then the plan is written, then the transaction is sent; after a
crash in between, the driver goes on from the plan.
"""

import json
import secrets
import time
from hashlib import sha256

from atomic_verify.errors import AtomicError
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.errors import ModelNotPublished
from atomic_verify.gateway.guarantees import execution_seconds, require_offered
from atomic_verify.gateway.inputs import PreparedInputs, prepare_inputs
from atomic_verify.gateway.plans import Plan
from atomic_verify.gateway.quoting import choose_quote
from atomic_verify.gateway.schemas import JobRequest
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.terms import check_terms, minimum_bond
from atomic_verify.protocol.types import (
    Address,
    Amount,
    JobId,
    Kind,
    ModelRecord,
    Rfp,
    parse_address,
    to_hex,
)
from atomic_verify.storage.requests import RequestItem, RequestState, SubmittedRequest

APPROVED = Amount(2**256 - 1)
"""The market only ever takes the escrow of RFPs that the requester itself posts."""


def submit(gateway: Gateway, request: JobRequest, key: str | None) -> JobId:
    """Takes a request and starts it; under a key that was used for the same request, the job that it made.

    Raises what is wrong with it: ModelUnknown, InputMismatch, TermsRefused, RecordConflict, NoQuote, Reverted, ...
    """
    body_hash = sha256(json.dumps(request.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
    known = gateway.requests.get(key) if key is not None else None
    if known is None:
        known = _plan(gateway, request, key or f"auto:{secrets.token_hex(16)}", body_hash)
    else:
        known, _ = gateway.requests.begin(known.key, body_hash, {}, time.time())
    if known.state is RequestState.PLANNED:
        launch(gateway, known)
    if known.job is None:  # a plan always has its job
        raise RuntimeError("a request without a job")
    return known.job


def launch(gateway: Gateway, request: SubmittedRequest) -> None:
    """Sends the request's transaction, or goes on with it. Raises why it can't be; what is final is put on record."""
    plan = Plan.from_json(request.plan)
    key = f"post:{to_hex(request.job or b'')}"
    if gateway.sender.intent(key) is None:
        _approve(gateway, plan.rfp)
    try:
        gateway.sender.submit(key, plan.call(gateway.chain.calls))
    except AtomicError as error:
        if error.code.startswith("revert-"):
            refuse(gateway, request, error)
        raise


def refuse(gateway: Gateway, request: SubmittedRequest, error: AtomicError) -> None:
    """Puts on record that a request failed for good, and why."""
    plan = {**request.plan, "error": {"code": error.code, "message": error.message, "hint": error.hint}}
    gateway.requests.move(request.key, RequestState.REFUSED, time.time(), plan=plan)


def _plan(gateway: Gateway, request: JobRequest, key: str, body_hash: str) -> SubmittedRequest:
    model = gateway.models.get(request.model)
    published = _require_published(gateway, model)
    require_offered(model.name, published.critical, request.guarantee_value, request.item_count)
    prepared = prepare_inputs(request, model, gateway.blobs.get)
    digest = sha256(prepared.payload).hexdigest()
    rfp = _terms(gateway, request, model, prepared)
    uri = f"{gateway.public_url}/v1/blobs/{digest}"
    check_terms(
        rfp,
        uri,
        params=gateway.constants.params,
        policy=gateway.chain.policy_of(rfp.token),
        model=published,
        chain_id=gateway.constants.chain_id,
        has_disputes=gateway.constants.has_disputes,
    )
    gateway.blobs.put(prepared.payload)
    plan = Plan(rfp, uri)
    if rfp.kind is Kind.QUOTE:
        quote, signature = choose_quote(gateway, rfp, uri)
        plan = Plan(rfp, uri, quote, signature)
    constants = gateway.constants
    job = job_id(constants.chain_id, constants.market, rfp)
    items = _items(prepared, model)
    return gateway.requests.begin(key, body_hash, plan.to_json(), time.time(), job=job, items=items)[0]


def _require_published(gateway: Gateway, model: InstalledModel) -> ModelRecord:
    record = gateway.chain.model_of(model.model_id)
    if not record.published:
        raise ModelNotPublished(
            f"The model {model.name} is not published on chain {gateway.constants.chain_id}.",
            hint=f"Publish it: atomic model publish {model.name}",
            model=to_hex(model.model_id),
        )
    return record


def _terms(gateway: Gateway, request: JobRequest, model: InstalledModel, prepared: PreparedInputs) -> Rfp:
    constants = gateway.constants
    token: Address = constants.utility_token if request.token is None else parse_address(request.token)
    price = Amount(request.max_price)
    least = minimum_bond(price, constants.params, gateway.chain.policy_of(token))
    is_quote, items = request.kind_value is Kind.QUOTE, prepared.batch.item_count
    execution = request.times.execution
    if execution is None:
        execution = execution_seconds(model, request.guarantee_value, items, constants.params.max_time)
    return Rfp(
        requester=gateway.requester,
        nonce=secrets.randbits(64),
        model_id=model.model_id,
        input_root=prepared.batch.root,
        item_count=items,
        token=token,
        max_price=price,
        job_bond=least if request.job_bond is None else Amount(request.job_bond),
        bidding_time=0 if is_quote else request.times.bidding,
        reveal_time=0 if is_quote else request.times.reveal,
        execution_timeout=execution,
        challenge_window=request.times.window,
        guarantee=request.guarantee_value,
        kind=request.kind_value,
    )


def _items(prepared: PreparedInputs, model: InstalledModel) -> list[RequestItem]:
    codec = model.manifest.codec.name
    return [
        RequestItem(number, item.digest, item.size, codec, {} if item.name is None else {"name": item.name})
        for number, item in enumerate(prepared.items)
    ]


def _approve(gateway: Gateway, rfp: Rfp) -> None:
    """Lets the market take escrows in this token, once."""
    if gateway.chain.allowance_of(gateway.requester, rfp.token) < rfp.max_price:
        gateway.sender.send(f"approve:{rfp.token}", gateway.chain.calls.approve(rfp.token, APPROVED))
