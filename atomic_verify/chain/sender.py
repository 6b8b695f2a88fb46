"""The one owner of a key's nonces: writes down what it will do, does it once, and goes on after any crash or re-org.

Life cycle: every transaction. An *intent* (see `protocol.intents`) is persisted before each act. Whether a transaction
took effect is read from the chain and never guessed from a time-out.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from atomic_verify.chain.calls import Call, transfer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import ChainUnavailable, IntentConflict, SenderBusy, TransactionPending
from atomic_verify.chain.flights import Flights
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.reverts import Reverted, refusal_of_record
from atomic_verify.chain.transactions import SendPolicy, TxReceipt
from atomic_verify.errors import AtomicError
from atomic_verify.observability import get_logger
from atomic_verify.protocol.intents import Intent, IntentState, IntentStore
from atomic_verify.protocol.primitives import Address

MAX_KEY = 200
MAX_NOTE = 10_000


class TransactionSender:
    """Sends the transactions of one account on one chain. A context manager; threads may share it.

    Only one sender of a key and chain can be open under one `data_dir`: it holds a lock file until it is closed or its
    process ends in any way.
    """

    def __init__(
        self,
        chain: Chain,
        signer: Signer,
        intents: IntentStore,
        data_dir: Path,
        *,
        policy: SendPolicy | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Takes the key. Raises SenderBusy."""
        self._chain = chain
        self._store = intents
        self._policy = policy or SendPolicy()
        self._clock = clock
        self._sleep = sleep
        self._address = signer.address
        self._lock = RLock()
        self._log = get_logger(__name__).bind(account=signer.address, chain_id=chain.chain_id)
        self._flights = Flights(chain, signer, intents, self._policy, clock, self._log)
        self._gap_since: dict[int, float] = {}
        self._file_lock = _take_key(data_dir, chain.chain_id, signer.address)

    @property
    def address(self) -> Address:
        return self._address

    def send(self, key: str, call: Call, *, note: str = "", timeout: float | None = None) -> TxReceipt:
        """Sees to it that `call` is made once, and returns when it is mined (final comes later).

        An intent of this key that exists is gone on with, never repeated; one that failed without effect is tried anew.
        Raises Reverted, IntentConflict, TransactionPending when no receipt came in time (the intent goes on),
        FeeCapExceeded, TransactionRefused, ChainUnavailable.
        """
        self.submit(key, call, note=note)
        return self.wait(key, timeout)

    def submit(self, key: str, call: Call, *, note: str = "") -> Intent:
        """Starts, or goes on with, the intent of this key and returns it without waiting for a block.

        `note` is kept with a new intent. Raises like `send`, but for TransactionPending.
        """
        with self._lock:
            known = self.intent(key)
            if known is None:
                if not 0 < len(key) <= MAX_KEY or len(note) > MAX_NOTE:
                    raise ValueError("an intent's key or note is too long")
                known = self._new(key, call, note)
                self._store.add(known)
            elif known.state is IntentState.FAILED:
                known = self._flights.begin_again(known, self._new(key, call, note))
            elif (known.to, known.data, known.value) != (call.to, "0x" + call.data.hex(), call.value):
                raise IntentConflict(
                    f"{key} is {known.state} with another call",
                    hint="Read the intent and go on with what it says; use another key for another act.",
                    key=key,
                    state=known.state.value,
                )
            return self._flights.launch(known) if known.state is IntentState.INTENDED else known

    def wait(self, key: str, timeout: float | None = None) -> TxReceipt:
        """Waits until the intent of `key` is mined. Raises Reverted, TransactionPending, and what made it fail."""
        # Not the passed clock: a wall clock that jumps would end the wait early or never.
        deadline = time.monotonic() + (self._policy.wait if timeout is None else timeout)
        while True:
            intent = self.intent(key)
            if intent is None:
                raise KeyError(key)
            if intent.state in (IntentState.MINED, IntentState.FINAL, IntentState.FAILED):
                if intent.succeeded:
                    return TxReceipt.of_intent(intent)
                raise self.failure(intent)
            if time.monotonic() >= deadline:
                raise TransactionPending(
                    f"{key} is {intent.state} and not mined yet",
                    hint="It goes on by itself: look at it again later. Don't send it by other means.",
                    key=key,
                    hashes=list(intent.hashes),
                    reason=intent.error,
                )
            moved: list[Intent] = []
            try:
                moved = self.poll()
            except ChainUnavailable as error:
                self._log.warning("chain_unavailable", key=key, reason=str(error))
            if not moved:
                self._sleep(self._policy.poll)

    def poll(self) -> list[Intent]:
        """Looks at all unfinished intents once and does what is due; returns those that moved.

        A failure of one doesn't keep others from going on: it is kept in the intent. Raises ChainUnavailable.
        """
        with self._lock:
            before = list(self._store.unfinished(self._chain.chain_id, self._address))
            moved = self._flights.revive_vanished()
            for intent in before:
                after = self._advance(intent)
                if after is not intent:
                    moved.append(after)
            self._fill_gap()
            return moved

    def recover(self) -> list[Intent]:
        """Goes on with every unfinished intent after a start, and returns them. Raises ChainUnavailable."""
        with self._lock:
            before = self._store.unfinished(self._chain.chain_id, self._address)
            if before:
                self._log.info("recovering", intents=len(before))
            self.poll()
            return [found for found in (self.intent(one.key) for one in before) if found is not None]

    def intent(self, key: str) -> Intent | None:
        """The intent of a key, as the store has it."""
        return self._store.get(self._chain.chain_id, self._address, key)

    def unfinished(self) -> Sequence[Intent]:
        return self._store.unfinished(self._chain.chain_id, self._address)

    def abandon(self, key: str) -> bool:
        """Gives an intent up if nothing has been signed for it; whether it is (or was) given up."""
        with self._lock:
            known = self.intent(key)
            if known is None or known.state is not IntentState.INTENDED:
                return known is not None and known.state is IntentState.FAILED
            self._flights.fail(known, "abandoned", "Given up by its owner before anything was signed")
            return True

    def failure(self, intent: Intent) -> AtomicError:
        """Why an intent failed, as the error that it was."""
        return refusal_of_record(intent.error_code or Reverted.code, intent.error or "The transaction had no effect")

    def close(self) -> None:
        """Lets the key go. Intents that are under way stay in the store."""
        self._file_lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new(self, key: str, call: Call, note: str) -> Intent:
        now = self._clock()
        return Intent(
            chain_id=self._chain.chain_id,
            account=self._address,
            key=key,
            name=call.name,
            to=call.to,
            data="0x" + call.data.hex(),
            value=call.value,
            created_at=now,
            updated_at=now,
            note=note,
        )

    def _advance(self, intent: Intent) -> Intent:
        """One step of one intent; what stands in its way is logged and kept, except that the chain is away."""
        try:
            return self._flights.advance(intent)
        except ChainUnavailable:
            raise
        except AtomicError as error:
            self._log.warning("intent_stuck", key=intent.key, code=error.code, reason=str(error))
            return self._store.get(*intent.identity) or intent

    def _fill_gap(self) -> None:
        """Sends an empty transaction for a nonce that intents wait behind and nobody fills.

        Such a gap comes from a foreign transaction that was counted on and vanished. To sign the waiting intents anew
        under lower nonces would be wrong: both versions could be mined.
        """
        gap = self._flights.gap()
        self._gap_since = {} if gap is None else {gap: self._gap_since.get(gap, self._clock())}
        if gap is not None and self._clock() - self._gap_since[gap] >= self._policy.gap_after:
            self._log.warning("filling_nonce_gap", nonce=gap)
            filler = self._new(f"fill:{gap}:{int(self._clock())}", transfer(self._address, 0), "")
            self._store.add(filler)
            self._flights.launch(filler, nonce=gap)
            self._gap_since = {}


def _take_key(data_dir: Path, chain_id: int, address: str) -> FileLock:
    folder = data_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{chain_id}-{address.lower()}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise SenderBusy(
            f"Another process sends with {address} on chain {chain_id}",
            hint="Stop the other one, or give this one a key of its own.",
            address=address,
            chain_id=chain_id,
        ) from None
    return lock
