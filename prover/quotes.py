"""Quotes: the worker's signed word to do a job at the price that its requester offers, if the policy would take that.

Life cycle: award by quote. A quote is a commitment until it expires: its bond is reserved and its seconds count, and it
is on record before it leaves. As for a bid, the worker holds the input first. Used by the threads of the HTTP door.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from atomic_verify.chain.constants import Constants
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.primitives import Amount, JobId, to_hex
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import Kind, Quote, Rfp
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.fetch import FetchPolicy
from prover import inputs
from prover.bidding import Policy, Standing, decide, proving_seconds
from prover.decisions import OwnDecisions
from prover.errors import QuoteRefused, WorkerNotReady
from prover.load import Moment, Share
from prover.seals import TypedDataSigner
from prover.workshop import Workshop

KIND = "quote"
SIGNED = "signed"
FETCHES_AT_ONCE = 4
FETCH_SECONDS = 8.0
"""How long the input of a quote may take, and how long a request waits for its turn to fetch."""
MAX_OPEN = 1000
"""Signed quotes remembered from before a restart."""


@dataclass(frozen=True, slots=True)
class SignedQuote:
    """A quote and its 65-byte signature."""

    quote: Quote
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        return {"quote": self.quote.to_json(), "signature": to_hex(self.signature)}


@dataclass(frozen=True, slots=True)
class _Open:
    share: Share
    expiry: int


class QuoteDesk:
    """Signs quotes by the pricing policy. Threads may share it."""

    def __init__(
        self,
        signer: TypedDataSigner,
        constants: Constants,
        policy: Policy,
        workshop: Workshop,
        blobs: BlobStore,
        fetch_policy: FetchPolicy,
        decisions: OwnDecisions,
        *,
        seconds: int,
        moment: Callable[[], Moment],
        clock: Callable[[], float],
    ) -> None:
        """`seconds`: how long a quote is valid; `moment`: the worker's last look."""
        self._signer = signer
        self._constants = constants
        self._policy = policy
        self._workshop = workshop
        self._blobs = blobs
        self._fetch_policy = fetch_policy
        self._decisions = decisions
        self._seconds = seconds
        self._moment = moment
        self._clock = clock
        self._lock = threading.Lock()
        self._fetches = threading.BoundedSemaphore(FETCHES_AT_ONCE)
        self._open = {one.share.job: one for one in self._remembered()}

    def quote(self, rfp: Rfp, input_uri: str) -> SignedQuote:
        """A quote at the RFP's price. Raises QuoteRefused, WorkerNotReady, and what fetching the input raises."""
        self._require_auctionless(rfp)
        job = job_id(self._constants.chain_id, self._constants.market, rfp)
        self._judge(job, rfp)
        model = self._workshop.model(rfp.model_id)
        if model is not None:
            self._obtain(rfp, input_uri, model)
        with self._lock:
            # Judged again: while the input was fetched, others may have got quotes.
            seconds, details = self._judge(job, rfp)
            expiry = self._moment().now + self._seconds
            quote = Quote(job, self._signer.address, rfp.max_price, expiry)
            facts = self._workshop.facts(rfp.model_id)
            proving = 0.0 if facts is None else proving_seconds(rfp, facts)
            share = Share(job, seconds - proving + self._policy.settling_seconds, rfp.job_bond, proving)
            details |= {"expiry": expiry, "seconds": share.seconds, "bond": str(share.bond), "proving": proving}
            self._note(job, SIGNED, "cost", details)
            self._open[job] = _Open(share, expiry)
        data = typed_data(self._constants.chain_id, self._constants.market, quote)
        return SignedQuote(quote, self._signer.sign_typed_data(data))

    def _obtain(self, rfp: Rfp, input_uri: str, model: InstalledModel) -> None:
        """Gets the input, a few at a time and quickly: somebody waits for the answer."""
        if not self._fetches.acquire(timeout=FETCH_SECONDS):
            raise WorkerNotReady("The worker fetches as many inputs as it may", hint="Ask again in a moment.")
        try:
            policy = replace(self._fetch_policy, timeout=FETCH_SECONDS)
            inputs.obtain(rfp, input_uri, model, self._blobs, policy)
        finally:
            self._fetches.release()

    def tidy(self, now: int, awarded: Collection[JobId]) -> None:
        """Forgets quotes that expired by the chain's time `now`, and those that were awarded: they count as jobs."""
        with self._lock:
            self._open = {job: one for job, one in self._open.items() if now < one.expiry and job not in awarded}

    def _judge(self, job: JobId, rfp: Rfp) -> tuple[float, dict[str, Any]]:
        """Estimated seconds and the grounds of a decision to quote. Raises QuoteRefused, WorkerNotReady."""
        moment = self._moment()
        if not moment.is_ready:
            raise WorkerNotReady("The worker takes nothing on at the moment", hint="Ask another worker, or later.")
        load = moment.load
        for one in tuple(self._open.values()):
            load = load.plus(one.share) if moment.now < one.expiry else load
        load = load.without(job)
        standing = Standing(
            worker=self._signer.address,
            free_stake=moment.free_stake,
            open_jobs=load.open_jobs,
            backlog_seconds=load.seconds,
            bond_reserved=load.bond_reserved,
            proving_seconds=load.proving,
        )
        decision = decide(rfp, self._workshop.facts(rfp.model_id), standing, self._policy)
        if not decision.takes:
            raise QuoteRefused(
                f"No quote for these terms: {decision.reason}",
                hint="The details say what was asked and what stands in the way.",
                reason=str(decision.reason),
                asked=decision.inputs.get("asked"),
            )
        return decision.estimated_seconds, dict(decision.inputs)

    def _require_auctionless(self, rfp: Rfp) -> None:
        if rfp.kind is not Kind.QUOTE or rfp.bidding_time or rfp.reveal_time:
            raise QuoteRefused(
                "The RFP is not of kind quote", hint="Its kind is 2, its bidding and reveal times are 0.", reason="kind"
            )

    def _note(self, job: JobId, outcome: str, reason: str, details: dict[str, Any]) -> None:
        self._decisions.add(Decision(KIND, job, outcome, reason, self._clock(), details))

    def _remembered(self) -> list[_Open]:
        """The quotes signed before a restart; those that expired are dropped at the first look."""
        found = []
        for decision in self._decisions.recent(MAX_OPEN, KIND):
            details = decision.details
            proving = float(details.get("proving", 0.0))
            share = Share(decision.job, float(details["seconds"]), Amount(int(details["bond"])), proving)
            found.append(_Open(share, int(details["expiry"])))
        return found
