"""What to do next about a transaction, decided from what the chain shows; nothing here talks to it.

Life cycle: every transaction. A *sight* is what one look at the chain showed about one intent. A *refusal* is a node's
error answer to a broadcast, whose wording differs between nodes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from atomic_verify.protocol.intents import Intent, IntentState

TRANSACTION_GAS = 2**24
"""What a transaction may have at most on chains with EIP-7825, which refuse one with a higher limit."""


@dataclass(frozen=True, slots=True)
class TxReceipt:
    """A transaction that was mined. `gas_price` is the effective wei per gas."""

    tx_hash: str
    block_number: int
    block_hash: str
    gas_used: int
    gas_price: int
    succeeded: bool

    @classmethod
    def from_rpc(cls, raw: Mapping[str, Any]) -> "TxReceipt":
        """The receipt in a node's JSON."""
        return cls(
            tx_hash=str(raw["transactionHash"]).lower(),
            block_number=int(raw["blockNumber"], 16),
            block_hash=str(raw["blockHash"]).lower(),
            gas_used=int(raw["gasUsed"], 16),
            gas_price=int(raw.get("effectiveGasPrice") or "0x0", 16),
            succeeded=int(raw["status"], 16) == 1,
        )

    @classmethod
    def of_intent(cls, intent: Intent) -> "TxReceipt":
        """The receipt that a mined intent remembers."""
        return cls(
            tx_hash=intent.tx_hash or "",
            block_number=intent.block_number or 0,
            block_hash=intent.block_hash or "",
            gas_used=intent.gas_used or 0,
            gas_price=intent.gas_price or 0,
            succeeded=bool(intent.succeeded),
        )


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How transactions are sent. Times in seconds, fees in wei per gas."""

    confirmations: int = 3
    """Blocks, the transaction's own included, after which it is final; 1 or more."""
    wait: float = 180.0
    """How long `send` waits for a receipt; the intent goes on without it."""
    poll: float = 0.25
    bump_after: float = 30.0
    """A transaction that a node holds for longer is sent again at a higher fee."""
    bump_percent: int = 15
    fee_cap: int = 500 * 10**9
    gas_margin_percent: int = 20
    """Added to the estimate: what a call meets when it is mined may differ from what it was tried on."""
    gap_after: float = 30.0
    """A nonce that nobody fills for longer is filled with an empty transaction."""
    simulate_at: str = "pending"
    """The block that calls are tried on before they are paid for."""

    def with_margin(self, gas: int) -> int:
        """The limit of a transaction that is estimated to need `gas`.

        A margin that isn't used costs nothing, but a limit above the chain's own would keep the transaction out. Eight
        proofs need that much: 14.4 M are wanted, 12.1 M used.
        """
        limit = gas + gas * self.gas_margin_percent // 100
        return min(limit, TRANSACTION_GAS) if gas <= TRANSACTION_GAS else limit


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: all fields are of one batch of requests."""

    head: int
    """Number of the newest block."""
    next_nonce: int
    """Transactions of the account in the newest block and below."""
    settled_nonce: int
    """The same, in the newest block that is final and below."""
    receipt: TxReceipt | None
    """Of whichever of the intent's transactions was mined."""
    in_pool: bool
    """Whether the node holds one of the intent's transactions that waits."""


class Step(Enum):
    """What to do about an intent that has a nonce."""

    WAIT = auto()
    MINE = auto()
    """Note the receipt."""
    FINISH = auto()
    """Enough blocks lie above: it is final, or it failed."""
    RESEND = auto()
    """No node holds it: broadcast the same bytes."""
    BUMP = auto()
    """It waits for too long: sign it anew at a higher fee."""
    GIVE_UP_NONCE = auto()
    """Another transaction took the nonce for good."""


def decide(intent: Intent, sight: Sight, now: float, policy: SendPolicy) -> Step:
    """The next step for an intent in state SIGNED, SENT or MINED."""
    if sight.receipt is not None:
        if intent.state is not IntentState.MINED or intent.block_hash != sight.receipt.block_hash:
            return Step.MINE
        deep = sight.head - sight.receipt.block_number + 1 >= policy.confirmations
        return Step.FINISH if deep else Step.WAIT
    if intent.nonce is None:
        return Step.WAIT
    if sight.settled_nonce > intent.nonce:
        return Step.GIVE_UP_NONCE
    if sight.next_nonce > intent.nonce:
        return Step.WAIT  # taken, by ours or another's; the next look tells, or it is settled
    if not sight.in_pool:
        return Step.RESEND
    since = intent.sent_at if intent.sent_at is not None else intent.updated_at
    return Step.BUMP if now - since >= policy.bump_after else Step.WAIT


class Refusal(Enum):
    """What a node means by refusing a broadcast."""

    KNOWN = auto()
    """It has this transaction already."""
    NONCE_USED = auto()
    UNDERPRICED_REPLACEMENT = auto()
    """It holds another transaction of this nonce that pays as much."""
    FEE_TOO_LOW = auto()
    NO_FUNDS = auto()
    OTHER = auto()


_WORDS: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    (Refusal.KNOWN, re.compile(r"already (known|imported|exists|in)|known transaction|alreadyknown", re.I)),
    (Refusal.NONCE_USED, re.compile(r"nonce (is )?too low|nonce has already been used|oldnonce|invalid nonce", re.I)),
    (Refusal.UNDERPRICED_REPLACEMENT, re.compile(r"replacement|could not replace|another transaction with same", re.I)),
    (Refusal.NO_FUNDS, re.compile(r"insufficient (funds|balance)|not enough funds|upfront cost|overshot", re.I)),
    (
        Refusal.FEE_TOO_LOW,
        re.compile(r"underpriced|fee ?cap|block base fee|fee ?per ?gas|fee ?too ?low", re.I),
    ),
)


def classify_refusal(message: str) -> Refusal:
    """The meaning of a node's words."""
    return next((refusal for refusal, words in _WORDS if words.search(message)), Refusal.OTHER)
