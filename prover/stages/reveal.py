"""Reveal: open the sealed bid. A bid that isn't revealed in time loses its bond, so this goes before everything else.

Life cycle: reveal. Price and salt follow from the worker's key and the seal on the chain, see `prover.seals`.
"""

from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.primitives import parse_word
from prover.belongings import Own
from prover.errors import BidNotOurs
from prover.stages import bid
from prover.tools import Tools
from prover.views import View

NAME = "reveal"


def due(view: View, own: Own) -> bool:
    return view.legal(Act.REVEAL) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Reveals. Raises BidNotOurs, and what the sender raises."""
    job, rfp, own_bid = view.record.id, view.record.rfp, view.bid
    if own_bid is None:
        return
    guess = bid.recorded_price(job, tools)
    price = tools.sealer.open(job, parse_word(own_bid.seal), rfp.max_price, guess)
    if price is None:
        raise BidNotOurs(
            "The account's sealed bid can't be opened: it was not made by this worker's rules",
            hint="If another program bids with this key, reveal there, before the reveal time ends.",
        )
    tools.submit(NAME, view, tools.calls.reveal(rfp, price, tools.sealer.salt(job)))
