"""The acts behind `sender`: try a call, sign it, broadcast it, look for it, and persist each step before the next.

Life cycle: every transaction. The caller holds the sender's lock. The order of persisting and acting is what makes a
crash between any two lines harmless; each line that persists says why it stands where it stands.
"""

from collections.abc import Callable, Sequence
from typing import Any

from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import (
    ChainUnavailable,
    FeeCapExceeded,
    GasFundsMissing,
    RpcRefused,
    TransactionRefused,
)
from atomic_verify.chain.fees import Fees, choose, raised
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.lookout import Lookout, call_of
from atomic_verify.chain.reverts import Reverted
from atomic_verify.chain.transactions import Refusal, SendPolicy, Step, TxReceipt, classify_refusal, decide
from atomic_verify.protocol.intents import Intent, IntentState, IntentStore

MAX_ERROR = 1_000


class Flights:
    """Moves intents of one account from state to state."""

    def __init__(
        self,
        chain: Chain,
        signer: Signer,
        store: IntentStore,
        policy: SendPolicy,
        clock: Callable[[], float],
        log: Any,
    ) -> None:
        self._chain = chain
        self._signer = signer
        self._store = store
        self._policy = policy
        self._clock = clock
        self._log = log
        self._lookout = Lookout(chain, signer.address, policy)

    # From INTENDED to SENT

    def begin_again(self, failed: Intent, fresh: Intent) -> Intent:
        """Makes a failed intent a new one of the same key: nothing of the old one can take effect any more."""
        again = failed.moved(
            IntentState.INTENDED,
            self._clock(),
            name=fresh.name,
            to=fresh.to,
            data=fresh.data,
            value=fresh.value,
            note=fresh.note,
            **_unsigned(),
        )
        self._store.update(again)
        return again

    def launch(self, intent: Intent, nonce: int | None = None) -> Intent:
        """Tries the call, signs and broadcasts it. Raises Reverted and leaves the intent failed if it would revert."""
        gas = self._trial(intent)
        try:
            fees = choose(*self._lookout.fees(), self._policy.fee_cap)
        except FeeCapExceeded as error:
            raise self._stuck(intent, error) from None
        taken = self._next_nonce() if nonce is None else nonce
        signed = self._signed(intent, taken, self._policy.with_margin(gas), fees, tries=intent.tries + 1)
        return self._broadcast(signed)

    def _trial(self, intent: Intent) -> int:
        """The gas that the call would use now. Raises Reverted, the intent left failed, if it would revert."""
        try:
            try:
                return self._chain.estimate_gas(call_of(intent), self._signer.address, self._policy.simulate_at)
            except RpcRefused:
                # Some nodes don't know the pending block.
                return self._chain.estimate_gas(call_of(intent), self._signer.address, "latest")
        except Reverted as error:
            self.fail(intent, error.code, error.message)
            raise
        except RpcRefused as error:
            if classify_refusal(error.message) is Refusal.NO_FUNDS:
                raise self._stuck(intent, self._no_funds()) from None
            raise

    def fail(self, intent: Intent, code: str, message: str) -> Intent:
        """Notes that an intent had no effect."""
        failed = intent.moved(IntentState.FAILED, self._clock(), error_code=code, error=message[:MAX_ERROR])
        self._store.update(failed)
        self._log.info("intent_failed", key=intent.key, code=code, reason=message[:MAX_ERROR])
        return failed

    def _signed(self, intent: Intent, nonce: int, gas: int, fees: Fees, tries: int) -> Intent:
        """Signs and persists: from here on the store knows every hash that could ever be mined for this intent."""
        raw, tx_hash = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": intent.chain_id,
                "nonce": nonce,
                "to": intent.to,
                "data": intent.data,
                "value": intent.value,
                "gas": gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.priority_fee,
            }
        )
        signed = intent.moved(
            IntentState.SIGNED,
            self._clock(),
            nonce=nonce,
            gas_limit=gas,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
            raw=raw,
            hashes=(*intent.hashes, tx_hash),
            tries=tries,
            error=None,
            error_code=None,
        )
        self._store.update(signed)
        return signed

    def _broadcast(self, intent: Intent) -> Intent:
        """Gives the signed bytes to the node. If it can't be reached the intent stays as it is: a later look tells."""
        try:
            self._chain.rpc.call("eth_sendRawTransaction", [intent.raw])
        except ChainUnavailable as error:
            self._log.warning("broadcast_unknown", key=intent.key, reason=str(error))
            return intent
        except RpcRefused as error:
            return self._refused(intent, error)
        return self._note_sent(intent)

    def _note_sent(self, intent: Intent) -> Intent:
        if intent.state is IntentState.SENT and intent.error is None:
            return intent
        now = self._clock()
        sent = intent.moved(IntentState.SENT, now, sent_at=now, error=None, error_code=None)
        self._store.update(sent)
        self._log.info("transaction_sent", key=intent.key, name=intent.name, nonce=intent.nonce, tx=intent.hashes[-1])
        return sent

    def _refused(self, intent: Intent, error: RpcRefused) -> Intent:
        """What follows from a node's refusal of the bytes."""
        refusal = classify_refusal(error.message)
        if refusal is Refusal.KNOWN:
            return self._note_sent(intent)
        if refusal is Refusal.NONCE_USED:
            return intent  # by one of ours or by another's: the next look tells which
        if refusal is Refusal.NO_FUNDS:
            raise self._stuck(intent, self._no_funds())
        if refusal is Refusal.FEE_TOO_LOW:
            return self._bumped(intent)
        ours = self._lookout.sight(intent).in_pool
        if refusal is Refusal.UNDERPRICED_REPLACEMENT:
            # A foreign transaction of this nonce is waited for: to outbid it would undo what another instance did.
            return self._bumped(intent) if ours else intent
        if intent.sent_at is None and not ours:
            self.fail(intent.moved(intent.state, self._clock(), **_unsigned()), TransactionRefused.code, error.message)
            raise TransactionRefused("The node refused the transaction", hint=error.message, key=intent.key)
        return intent

    # From SENT to FINAL

    def advance(self, intent: Intent) -> Intent:
        """Looks at one unfinished intent and takes the step that is due; the same object when nothing was."""
        if intent.state is IntentState.REPLACED:
            intent = self._freed(intent)
        if intent.state is IntentState.INTENDED:
            return self.launch(intent)
        sight = self._lookout.sight(intent)
        step = decide(intent, sight, self._clock(), self._policy)
        if step is Step.MINE and sight.receipt is not None:
            return self._mined(intent, sight.receipt)
        if step is Step.FINISH:
            return self._finished(intent)
        if step is Step.GIVE_UP_NONCE:
            return self.launch(self._freed(self._replaced(intent)))
        if intent.state is IntentState.MINED and sight.receipt is None:
            intent = self._vanished(intent)
        if step is Step.RESEND:
            return self._broadcast(intent)
        return self._bumped(intent) if step is Step.BUMP else intent

    def revive_vanished(self) -> list[Intent]:
        """Sends final intents again whose transactions a re-org, deeper than waited for, took out of the chain."""
        next_nonce = self._lookout.nonce("latest")
        held = self._store.with_nonce_from(self._chain.chain_id, self._signer.address, next_nonce)
        return [self._broadcast(self._vanished(one)) for one in held if one.state is IntentState.FINAL]

    def gap(self) -> int | None:
        """The account's next nonce, if unfinished intents wait behind it and neither they nor the pool fill it."""
        held = [one.nonce for one in self._unfinished() if one.nonce is not None]
        if not held:
            return None
        next_nonce = self._lookout.nonce("latest")
        if max(held) <= next_nonce or next_nonce in held or self._lookout.nonce("pending") > next_nonce:
            return None
        return next_nonce

    def _mined(self, intent: Intent, receipt: TxReceipt) -> Intent:
        code, why = (None, None) if receipt.succeeded else self._lookout.reason(intent, receipt)
        mined = intent.moved(
            IntentState.MINED,
            self._clock(),
            tx_hash=receipt.tx_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            gas_used=receipt.gas_used,
            gas_price=receipt.gas_price,
            succeeded=receipt.succeeded,
            error_code=code,
            error=why,
        )
        self._store.update(mined)
        self._log.info(
            "transaction_mined", key=intent.key, tx=receipt.tx_hash, block=receipt.block_number, ok=receipt.succeeded
        )
        return mined

    def _finished(self, intent: Intent) -> Intent:
        if not intent.succeeded:
            return self.fail(intent, intent.error_code or Reverted.code, intent.error or "It reverted")
        final = intent.moved(IntentState.FINAL, self._clock())
        self._store.update(final)
        return final

    def _vanished(self, intent: Intent) -> Intent:
        """The block with the receipt was replaced."""
        back = intent.moved(IntentState.SENT, self._clock(), sent_at=self._clock(), **_unmined())
        self._store.update(back)
        self._log.warning("receipt_vanished", key=intent.key, tx=intent.tx_hash)
        return back

    def _replaced(self, intent: Intent) -> Intent:
        replaced = intent.moved(IntentState.REPLACED, self._clock(), **_unmined())
        self._store.update(replaced)
        self._log.warning("nonce_taken_by_another", key=intent.key, nonce=intent.nonce)
        return replaced

    def _freed(self, replaced: Intent) -> Intent:
        """A replaced intent, to be tried and signed anew: none of its transactions can be mined any more."""
        freed = replaced.moved(IntentState.INTENDED, self._clock(), **_unsigned())
        self._store.update(freed)
        return freed

    def _bumped(self, intent: Intent) -> Intent:
        """Signs the same act under the same nonce at a higher fee; of all versions at most one can be mined."""
        if intent.nonce is None or intent.gas_limit is None:
            return intent
        old = Fees(intent.max_fee or 0, intent.priority_fee or 0)
        fees = raised(old, *self._lookout.fees(), self._policy.bump_percent, self._policy.fee_cap)
        if fees is None:
            self._log.warning("fee_cap_reached", key=intent.key, max_fee=old.max_fee, cap=self._policy.fee_cap)
            return intent
        return self._broadcast(self._signed(intent, intent.nonce, intent.gas_limit, fees, tries=intent.tries))

    # Helpers

    def _next_nonce(self) -> int:
        """The next nonce that neither the chain, the node's pool, nor an unfinished intent has."""
        self.revive_vanished()  # or a new act would take the nonce of one that was final and needs it again
        held = [one.nonce for one in self._unfinished() if one.nonce is not None]
        return max([self._lookout.nonce("latest"), self._lookout.nonce("pending"), *(nonce + 1 for nonce in held)])

    def _unfinished(self) -> Sequence[Intent]:
        return self._store.unfinished(self._chain.chain_id, self._signer.address)

    def _stuck(self, intent: Intent, error: FeeCapExceeded | GasFundsMissing) -> FeeCapExceeded | GasFundsMissing:
        """Keeps with the intent what stands in its way."""
        told = intent.moved(intent.state, self._clock(), error_code=error.code, error=error.message[:MAX_ERROR])
        self._store.update(told)
        return error

    def _no_funds(self) -> GasFundsMissing:
        address = self._signer.address
        return GasFundsMissing(f"{address} has too little coin for gas", hint="Send it some.", address=address)


def _unmined() -> dict[str, Any]:
    """The fields that a receipt sets, empty."""
    names = ("tx_hash", "block_number", "block_hash", "gas_used", "gas_price", "succeeded", "error_code", "error")
    return dict.fromkeys(names)


def _unsigned() -> dict[str, Any]:
    """The fields that signing and a receipt set, empty."""
    names = ("nonce", "gas_limit", "max_fee", "priority_fee", "raw", "sent_at")
    return {**dict.fromkeys(names), "hashes": (), **_unmined()}
