"""Award: make the winner's award, when the winner is this worker.

Life cycle: award. Anybody may award and only the winner gains by it, so it is the one that pays for the transaction.
"""

from atomic_verify.protocol.lifecycle import Act
from prover.belongings import Own
from prover.tools import Tools
from prover.views import View

NAME = "award"


def due(view: View, own: Own) -> bool:
    return view.situation.rank == 0 and view.legal(Act.AWARD) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Awards. Raises what the sender raises; that somebody else was faster is a refusal like any other."""
    bidders = [ranked.worker for ranked in view.ranking]
    tools.submit(NAME, view, tools.calls.award(view.record.rfp, bidders))
