"""Reassign: take a job over whose worker missed its deadline, as a runner-up whose turn has come.

Life cycle: reassign. The policy decides anew, as for a bid: the pay by the remaining bids may not be worth it any more,
or the worker may be busy. The input is held before, as for a bid.
"""

from dataclasses import replace

from atomic_verify.protocol.auction import payment_of
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.primitives import Amount
from prover.belongings import Own
from prover.bidding import decide
from prover.tools import Tools
from prover.views import View

NAME = "reassign"
TAKEN = "taken"
SKIPPED = "skipped"


def due(view: View, own: Own) -> bool:
    return own.input_held and not view.is_mine and view.legal(Act.REASSIGN) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Takes the job over, or notes why not. Raises what the sender raises."""
    if tools.is_stopping:
        return
    job, rfp, pay = view.record.id, view.record.rfp, payment(view)
    decision = decide(replace(rfp, max_price=pay), tools.facts(rfp.model_id), tools.standing(view), tools.policy)
    outcome = TAKEN if decision.takes else SKIPPED
    tools.note(NAME, job, outcome, decision.reason, {**decision.inputs, "attempt": view.attempt + 1})
    if decision.takes:
        bidders = [ranked.worker for ranked in view.ranking]
        tools.submit(NAME, view, tools.calls.reassign(rfp, bidders), key=f"reassign-{view.attempt + 1}")
        tools.take_on(view, rfp.job_bond)


def payment(view: View) -> Amount:
    """What the worker would be paid, by the rule of the auction over the remaining bids."""
    place = view.situation.rank or 0
    following = view.ranking[place + 1].score if place + 1 < len(view.ranking) else None
    return payment_of(view.record.rfp.max_price, view.ranking[place].weight, following)
