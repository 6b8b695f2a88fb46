"""Release: free the bond of a bid that came to nothing because nobody was awarded.

Life cycle: expire, release bid. Expiring an RFP is the requester's interest, but the worker's bond hangs on it too.
"""

from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.types import BidStatus, JobState
from prover.belongings import Own
from prover.tools import Tools
from prover.views import View

NAME = "release"


def due(view: View, own: Own) -> bool:
    if view.legal(Act.RELEASE_BID) is not None:
        return True
    has_bond = view.situation.bid.status is BidStatus.REVEALED
    return view.state is JobState.POSTED and has_bond and view.legal(Act.EXPIRE) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Expires the RFP, or releases the bond once it has expired. Raises what the sender raises."""
    rfp = view.record.rfp
    if view.legal(Act.RELEASE_BID) is not None:
        tools.submit(NAME, view, tools.calls.release_bid(rfp, tools.worker))
    else:
        tools.submit(NAME, view, tools.calls.expire(rfp), key="expire")
