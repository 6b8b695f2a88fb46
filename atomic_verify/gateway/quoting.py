"""Finding a worker for an RFP of kind quote: ask those that could do it, take the best that signs, and record why.

Life cycle: award a signed quote. The requester names its price; workers sign for exactly these terms or decline. Among
those that sign, the one with the best record wins: the price is the same for all.
"""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from atomic_verify.errors import AtomicError
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.errors import NoQuote
from atomic_verify.protocol.auction import weight_of
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.quotes import check_quote
from atomic_verify.protocol.types import Amount, Quote, Reputation, Rfp
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.fetch import FetchPolicy, post_json
from atomic_verify.storage.views import WorkerView

MAX_ASKED = 16
MAX_ANSWER_BYTES = 16_384
ANSWER_SECONDS = 10.0
MIN_VALIDITY = 15
"""A quote that expires sooner might not be mined in time; seconds."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker that was asked, and what it said."""

    worker: WorkerView
    weight: int
    quote: Quote | None = None
    signature: bytes = b""
    refusal: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "worker": self.worker.books.address,
            "endpoint": self.worker.books.endpoint,
            "weight": self.weight,
            "signed": self.quote is not None,
            "refusal": self.refusal,
        }


def choose_quote(gateway: Gateway, rfp: Rfp, input_uri: str) -> tuple[Quote, bytes]:
    """The chosen worker's quote and its signature. Raises NoQuote, with what each worker said."""
    askable = [_candidate(worker) for worker in gateway.queries.workers() if _could(worker, rfp)]
    askable.sort(key=lambda candidate: (candidate.weight, candidate.worker.books.address))
    asked = askable[:MAX_ASKED]
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda candidate: _asked(gateway, candidate, rfp, input_uri), asked))
    chosen = next((answer for answer in answers if answer.quote is not None), None)
    _record(gateway, rfp, answers, chosen)
    if chosen is None or chosen.quote is None:
        raise NoQuote(
            f"None of {len(asked)} workers signed a quote for these terms.",
            hint="Offer a higher price or more time, or use an auction.",
            workers=[answer.to_json() for answer in answers],
        )
    return chosen.quote, chosen.signature


def _could(worker: WorkerView, rfp: Rfp) -> bool:
    return worker.books.endpoint is not None and worker.books.free >= rfp.job_bond


def _candidate(worker: WorkerView) -> Candidate:
    reputation = Reputation(
        final_jobs=worker.final_jobs,
        void_jobs=worker.void_jobs,
        slashed_jobs=worker.slashed_jobs,
        missed_jobs=worker.missed_jobs,
        settled_value=Amount(0),
    )
    return Candidate(worker, weight_of(reputation))


def _asked(gateway: Gateway, candidate: Candidate, rfp: Rfp, input_uri: str) -> Candidate:
    """The candidate with its answer; any failure is a refusal."""
    policy = FetchPolicy(MAX_ANSWER_BYTES, ANSWER_SECONDS, gateway.settings.allow_private_inputs)
    url = f"{(candidate.worker.books.endpoint or '').rstrip('/')}/v1/quotes"
    body = json.dumps({"rfp": rfp.to_json(), "inputUri": input_uri}).encode()
    try:
        quote, signature = _parse(post_json(url, body, policy))
        constants = gateway.constants
        check_quote(constants.chain_id, constants.market, rfp, quote, int(time.time()) + MIN_VALIDITY)
        if quote.worker != candidate.worker.books.address:
            return Candidate(candidate.worker, candidate.weight, refusal="it signed for another worker")
        return Candidate(candidate.worker, candidate.weight, quote, signature)
    except AtomicError as error:
        return Candidate(candidate.worker, candidate.weight, refusal=f"{error.code}: {error.message}"[:300])


def _parse(raw: bytes) -> tuple[Quote, bytes]:
    try:
        answer: Mapping[str, Any] = json.loads(raw)
        return Quote.from_json(answer["quote"]), bytes.fromhex(answer["signature"][2:])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoQuote("The worker's answer is no signed quote.") from error


def _record(gateway: Gateway, rfp: Rfp, answers: Sequence[Candidate], chosen: Candidate | None) -> None:
    constants = gateway.constants
    reason = (
        "no worker signed"
        if chosen is None
        else f"lowest weight ({chosen.weight}) among {sum(a.quote is not None for a in answers)} that signed"
    )
    gateway.decisions.add(
        Decision(
            kind="choose",
            job=job_id(constants.chain_id, constants.market, rfp),
            outcome="none" if chosen is None else chosen.worker.books.address,
            reason=reason,
            at=time.time(),
            details={"candidates": [answer.to_json() for answer in answers]},
        )
    )
