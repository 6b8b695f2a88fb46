"""Which act a transaction was, told from its events: events are all that an index has.

Life cycle: all steps. An *act* is named after the contract function that was called; where two contracts have a
function of one name, the act says more.
"""

from collections.abc import Iterable, Sequence

from atomic_verify.protocol.dispute_types import LineEnd
from atomic_verify.protocol.events import ChainEvent

LAPSED = "LineLapsed"
"""What `telling_name` calls the event of a line that went unanswered."""

# The event that tells an act, most telling first: what an act emits beside it stands further down.
_ACTS: Sequence[tuple[frozenset[str], str]] = tuple(
    (frozenset(names.split()), act)
    for names, act in (
        ("RfpPosted Awarded", "awardQuote"),
        ("AttemptMissed Awarded", "reassign"),
        ("RfpPosted", "post"),
        ("Awarded", "award"),
        ("Expired", "expire"),
        ("Cancelled", "cancel"),
        ("BidSealed", "bid"),
        ("BidRevealed", "reveal"),
        ("BidForfeited", "forfeit"),
        ("BidReleased", "releaseBid"),
        ("Committed Proven", "commitProven"),
        ("Committed", "commit"),
        ("Finalized", "finalize"),
        ("ClaimSealed", "seal"),
        ("SealBurned", "burnSeal"),
        ("ClaimRevealed", "revealClaim"),
        (LAPSED, "lapse"),
        ("ClaimRefuted", "refute"),
        ("ClaimUpheld", "uphold"),
        ("Demanded", "demand"),
        ("Answered", "answer"),
        ("LineClosed", "closeLine"),
        ("ClaimOpened", "openClaim"),
        ("ClaimClosed", "closeClaim"),
        ("Withdrawn", "withdraw"),
        ("StakeAdded", "stake"),
        ("UnbondingStarted", "unbond"),
        ("StakeRemoved", "withdrawStake"),
        ("Announced", "announce"),
        ("ModelPublished", "publish"),
    )
)


def act_of(names: Iterable[str]) -> str:
    """The act of a transaction with events of these telling names; the first of them if no act is known."""
    listed = list(names)
    found = frozenset(listed)
    return next((act for telling, act in _ACTS if telling <= found), listed[0] if listed else "")


def telling_name(event: ChainEvent) -> str:
    """The event's name, or more: a line is closed by the same event whether or not its time ran out."""
    if event.name == "LineClosed" and event.args.get("end") == LineEnd.UNANSWERED:
        return LAPSED
    return event.name
