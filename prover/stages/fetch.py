"""Fetch: get the input of a job that the worker has taken on, or would bid on, and check it.

Life cycle: fetch input. It runs in the background and is tried again, with longer and longer pauses, for as long as the
job can still be done; a failure is recorded and never ends the worker.
"""

from atomic_verify.protocol.types import JobState
from prover import inputs
from prover.belongings import Own
from prover.stages import bid
from prover.tools import Tools
from prover.views import View

NAME = "fetch"


def due(view: View, own: Own) -> bool:
    """Whether the job's input is missing and may be needed. What bidding needs is asked for in `act`."""
    # What is proven whole is committed with its input; any other is done with it once it is executed.
    is_done = own.executed is not None and not view.is_proven_whole
    if own.input_held or is_done:
        return False
    return view.may_need_input or bid.due(view, own)


def act(view: View, own: Own, tools: Tools) -> None:
    """Starts fetching, if the worker has or would take the job, knows its model, and a slot is free."""
    if view.state is JobState.POSTED and not view.may_need_input and not bid.wants_input(view, tools):
        return
    rfp = view.record.rfp
    model = tools.workshop.model(rfp.model_id)
    if model is None:
        tools.note(NAME, view.record.id, "failed", "model-unknown")
        return
    uri = view.record.input_uri
    tools.inputs.start(view.record.id, lambda: inputs.obtain(rfp, uri, model, tools.blobs, tools.fetch_policy))
