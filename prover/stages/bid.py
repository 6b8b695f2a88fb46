"""Bid: decide whether to take the job and at what price, hold its input, seal the price.

Life cycle: bid. The decision and its reason are recorded before anything is sent, and a recorded price stands: whatever
the worker measures later, it seals what it decided. A worker that is stopping takes nothing on.
"""

from atomic_verify.protocol.lifecycle import deadlines
from atomic_verify.protocol.primitives import Amount, JobId
from atomic_verify.protocol.types import BidStatus, JobState
from prover.belongings import Own
from prover.bidding import decide
from prover.tools import Tools
from prover.views import View

NAME = "bid"
TAKEN = "taken"
SKIPPED = "skipped"


def due(view: View, own: Own) -> bool:
    """Whether bidding is open and the worker hasn't bid. Free stake is the policy's to judge."""
    if view.state is not JobState.POSTED or view.situation.bid.status is not BidStatus.NONE:
        return False
    at = view.situation
    span = deadlines(at.rfp, at.job, at.params, at.claim_reveal_time).bid
    return span is not None and span.contains(view.now)


def act(view: View, own: Own, tools: Tools) -> None:
    """Bids, or notes why not. Raises what the sender raises."""
    if tools.is_stopping:
        return
    job, rfp = view.record.id, view.record.rfp
    decision = decide(rfp, tools.facts(rfp.model_id), tools.standing(view), tools.policy)
    if decision.price is None:
        tools.note(NAME, job, SKIPPED, decision.reason, decision.inputs)
        return
    if not own.input_held:
        return
    price = recorded_price(job, tools) or decision.price
    details = {**decision.inputs, "price": str(price)}
    tools.note(NAME, job, TAKEN, decision.reason, details)
    tools.submit(NAME, view, tools.calls.bid(rfp, tools.sealer.seal(job, price)))
    tools.take_on(view, rfp.job_bond)


def wants_input(view: View, tools: Tools) -> bool:
    """Whether the worker would bid if it held the input."""
    if tools.is_stopping or not due(view, Own()):
        return False
    rfp = view.record.rfp
    return decide(rfp, tools.facts(rfp.model_id), tools.standing(view), tools.policy).takes


def recorded_price(job: JobId, tools: Tools) -> Amount | None:
    """The price that was decided on earlier, or None."""
    last = next((found for found in reversed(tools.decisions.of(job, NAME)) if found.outcome == TAKEN), None)
    return None if last is None else Amount(int(last.details["price"]))
