"""What a receipt says of the chain, held against the chain: the commit, each void item, and the end of the job.

Life cycle: receipt. An item is *good* only if all void items of its job are named and it isn't among them: whoever
hands a receipt out can leave voids out, but can't make up for their number.
"""

from collections.abc import Mapping
from typing import Any

from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.primitives import parse_address
from atomic_verify.protocol.types import JobState, Outcome
from atomic_verify.receipts.errors import ReceiptRefused
from atomic_verify.receipts.receipt import Commitment, Finality, Receipt, Void
from atomic_verify.receipts.report import ReceiptChain, Verdict, require

Told = tuple[Verdict, list[str], list[str]]
"""The verdict, what was verified about it, and what wasn't, in words."""


def check_voids(receipt: Receipt, item_count: int) -> None:
    """Whether the void items can be true, without a chain. Raises ReceiptRefused."""
    items = [void.item for void in receipt.voids]
    require(len(set(items)) == len(items), "it names an item as void twice")
    require(all(item < item_count for item in items), "an item that it calls void lies beyond the job's item count")
    stated = receipt.finality
    if stated is not None:
        require(len(items) <= stated.void_items <= item_count, "it misstates how many items are void")
        require(not stated.slashed or stated.state == "slashed", "a worker that was convicted is slashed")


def check_commitment(receipt: Receipt, chain: ReceiptChain) -> None:
    """Holds the commit against the chain. Raises ReceiptRefused."""
    stated = receipt.commitment
    args = event_at(chain, receipt, ("Results", "Committed"), stated).args
    require(parse_address(args["worker"]) == parse_address(stated.worker), "another worker committed the result")
    require(args["attempt"] == stated.attempt, "the result is of another attempt")
    require(args["root"] == stated.root, "the chain holds another root for this job")
    require(args["payloadDigest"] == stated.payload_digest, "the chain holds another payload digest")
    require(args["finalAt"] == stated.final_at, "the chain holds another time of finality")


def check_verdict(receipt: Receipt, chain: ReceiptChain) -> Told:
    """What the chain says of the item. Raises ReceiptRefused."""
    for void in receipt.voids:
        _check_void(receipt, chain, void)
    stated = receipt.finality
    if stated is not None:
        _check_end(receipt, chain, stated)
        if stated.state == "slashed":
            why = "a claim convicted it" if stated.slashed else "too many of its jobs had void items"
            words = f"The worker was slashed for this job ({why}): the result does NOT stand and was paid back."
            return Verdict.SLASHED, [words], []
    own = receipt.own_void
    if own is not None:
        words = f"A claim of {own.challenger} showed this item to be wrong (block {own.block_number}): it is VOID."
        return Verdict.VOID, [words], []
    if stated is None:
        due = receipt.commitment.final_at
        return Verdict.OPEN, [], [f"Finality: the job was not final when the receipt was made (due at {due})."]
    if len(receipt.voids) < stated.void_items:
        return Verdict.UNKNOWN, [], ["Whether this item is among the void ones of its job."]
    words = f"The result became final in block {stated.block_number} and stands"
    others = f" in this item; {stated.void_items} others are void." if stated.void_items else "."
    return Verdict.GOOD, [words + others], []


def _check_void(receipt: Receipt, chain: ReceiptChain, void: Void) -> None:
    event = event_at(chain, receipt, ("Results", "ClaimClosed"), void, item=void.item, outcome=int(Outcome.VOID))
    same = parse_address(event.args["challenger"]) == parse_address(void.challenger)
    require(same, f"another account showed item {void.item} to be wrong")


def _check_end(receipt: Receipt, chain: ReceiptChain, stated: Finality) -> None:
    event = event_at(chain, receipt, ("Results", "Finalized"), stated)
    verdict: Mapping[str, Any] = event.args["verdict"]
    require(event.args["root"] == receipt.commitment.root, "another root became final")
    require(verdict["slashed"] == stated.slashed, "it misstates whether the worker was convicted")
    require(verdict["voidItems"] == stated.void_items, "it misstates how many items are void")
    settled = event_at(chain, receipt, ("Market", "Settled"), stated)
    state = JobState.SLASHED if stated.state == "slashed" else JobState.FINAL
    require(settled.args["state"] == state, "it misstates how the job ended")


def event_at(
    chain: ReceiptChain, receipt: Receipt, kind: tuple[str, str], place: Commitment | Void | Finality, **wanted: object
) -> ChainEvent:
    """The job's event of this contract and name, at the place (transaction, block) that the receipt says.

    Raises ReceiptRefused.
    """
    contracts = {"Market": receipt.contracts.market, "Results": receipt.contracts.results}
    for event in chain.transaction_events(place.transaction, contracts):
        if (event.contract, event.name) != kind or event.args.get("job") != receipt.job:
            continue
        if any(event.args.get(name) != value for name, value in wanted.items()):
            continue
        require(event.block_number == place.block_number, f"its {event.name} transaction is in another block")
        require(event.block_hash == place.block_hash, f"the block of its {event.name} transaction has another hash")
        canonical = chain.block_hash(place.block_number)
        gone = f"the block of its {event.name} transaction is no longer on the chain"
        require(canonical == place.block_hash, gone)
        return event
    raise ReceiptRefused(
        f"The receipt is wrong: transaction {place.transaction} holds no {kind[1]} event for this job."
    )
