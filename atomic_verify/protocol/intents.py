"""Intents: what an account means to do on the chain, written down before it is done.

Life cycle: every transaction of every step. `chain` drives an intent from state to state and `storage` keeps it;
neither imports the other, so the record and what a store must do stand here.

Terms: an intent's *key* says what it is for ("bid:0x<job>") and is unique for one account on one chain; at most one
transaction of an intent ever takes effect. *Final* means that enough blocks lie above the transaction's block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, Self


class IntentState(StrEnum):
    """How far an intent has come. Each state is on disk before the act that it announces."""

    INTENDED = "intended"
    """The call is decided; nothing is signed."""
    SIGNED = "signed"
    """Nonce, hash and raw transaction are fixed; it may or may not have been broadcast."""
    SENT = "sent"
    """A node took the transaction."""
    MINED = "mined"
    """A receipt was seen; its block may still be replaced."""
    FINAL = "final"
    """It took effect, and enough blocks lie above it."""
    FAILED = "failed"
    """It had no effect: it reverted and that is final, or it would revert and was never signed."""
    REPLACED = "replaced"
    """Another transaction of the same account, not one of this intent's, took its nonce for good: it had no effect."""


TRANSITIONS: Mapping[IntentState, frozenset[IntentState]] = MappingProxyType(
    {
        IntentState.INTENDED: frozenset({IntentState.SIGNED, IntentState.FAILED}),
        # SIGNED -> SIGNED and SENT -> SIGNED: signed anew at a higher fee under the same nonce.
        IntentState.SIGNED: frozenset(
            {IntentState.SIGNED, IntentState.SENT, IntentState.MINED, IntentState.REPLACED, IntentState.FAILED}
        ),
        IntentState.SENT: frozenset({IntentState.SIGNED, IntentState.SENT, IntentState.MINED, IntentState.REPLACED}),
        # MINED -> SENT: the block was replaced and the receipt is gone. MINED -> MINED: it moved to another block.
        IntentState.MINED: frozenset(
            {IntentState.SENT, IntentState.MINED, IntentState.FINAL, IntentState.FAILED, IntentState.REPLACED}
        ),
        # Out of FINAL only when a re-org goes deeper than the confirmations that were waited for.
        IntentState.FINAL: frozenset({IntentState.SENT}),
        # Tried again when its owner asks for it again: nothing has happened.
        IntentState.FAILED: frozenset({IntentState.INTENDED}),
        IntentState.REPLACED: frozenset({IntentState.INTENDED}),
    }
)

UNFINISHED = frozenset(
    {IntentState.INTENDED, IntentState.SIGNED, IntentState.SENT, IntentState.MINED, IntentState.REPLACED}
)
"""States that a sender must go on from after a restart."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One intended transaction of one account. Times are Unix seconds, amounts wei, bytes lower-case 0x-hex.

    The identity is (chain_id, account, key). `account` and `to` have their EIP-55 checksums.
    """

    chain_id: int
    account: str
    key: str
    name: str
    """Contract and function, such as "Market.bid"; for people and logs."""
    to: str
    data: str
    value: int
    created_at: float
    updated_at: float
    note: str = ""
    """JSON that the owner keeps with the intent, such as a sealed bid's price and salt. Opaque here."""
    state: IntentState = IntentState.INTENDED
    tries: int = 0
    """How often a nonce was taken for it: 1 unless an earlier try failed or was replaced."""
    nonce: int | None = None
    gas_limit: int | None = None
    max_fee: int | None = None
    """Wei per gas, the priority fee included."""
    priority_fee: int | None = None
    raw: str | None = None
    """The newest signed transaction."""
    hashes: tuple[str, ...] = ()
    """Hashes of all transactions signed under `nonce`, oldest first: any one of them may be mined, at most one will."""
    sent_at: float | None = None
    """When `raw` was first taken by a node."""
    tx_hash: str | None = None
    """The hash that was mined."""
    block_number: int | None = None
    block_hash: str | None = None
    gas_used: int | None = None
    gas_price: int | None = None
    """The effective wei per gas paid."""
    succeeded: bool | None = None
    """Whether the mined transaction took effect."""
    error_code: str | None = None
    error: str | None = None
    """Why it failed, or what stands in the way now; at most 1,000 characters."""

    @property
    def identity(self) -> tuple[int, str, str]:
        return (self.chain_id, self.account, self.key)

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    def moved(self, state: IntentState, now: float, **changes: Any) -> Self:
        """The intent in `state`, changed. Raises ValueError for a move that TRANSITIONS doesn't list."""
        if state is not self.state and state not in TRANSITIONS[self.state]:
            raise ValueError(f"an intent does not go from {self.state} to {state}")
        return replace(self, state=state, updated_at=now, **changes)


class IntentStore(Protocol):
    """Where intents outlive a process. `add` and `update` return only when the record would survive a power cut."""

    def get(self, chain_id: int, account: str, key: str) -> Intent | None:
        """The intent of this identity, or None."""
        ...

    def add(self, intent: Intent) -> None:
        """Keeps a new intent; raises AtomicError of any code when one of its identity exists."""
        ...

    def update(self, intent: Intent) -> None:
        """Replaces the intent of the same identity; raises AtomicError of any code when there is none."""
        ...

    def unfinished(self, chain_id: int, account: str) -> Sequence[Intent]:
        """The account's intents in an UNFINISHED state: by nonce, then those without one by creation."""
        ...

    def with_nonce_from(self, chain_id: int, account: str, nonce: int) -> Sequence[Intent]:
        """The account's intents, in any state, that hold `nonce` or a higher one, by nonce."""
        ...

    def recent(self, chain_id: int, account: str, limit: int) -> Sequence[Intent]:
        """The account's newest intents by `created_at`, at most `limit`, newest first; for people."""
        ...
