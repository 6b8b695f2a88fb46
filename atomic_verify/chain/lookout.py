"""Looking at the chain for the sake of one account's transactions; nothing here changes anything.

Life cycle: every transaction. What a look shows is a `Sight`; what follows from it is decided in `transactions`.
"""

from atomic_verify.chain.calls import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import ChainUnavailable, RpcRefused
from atomic_verify.chain.reverts import Reverted
from atomic_verify.chain.transactions import SendPolicy, Sight, TxReceipt
from atomic_verify.protocol.intents import Intent
from atomic_verify.protocol.primitives import Address


class Lookout:
    """Reads what concerns the transactions of `account`."""

    def __init__(self, chain: Chain, account: Address, policy: SendPolicy) -> None:
        self._chain = chain
        self._account = account
        self._policy = policy

    def sight(self, intent: Intent) -> Sight:
        """One look at the chain for one intent."""
        account, rpc = self._account, self._chain.rpc
        head = int(rpc.call("eth_blockNumber", []), 16)
        settled = max(0, head + 1 - self._policy.confirmations)
        # Nonces before receipts: a nonce seen as used must find its receipt, if it is ours.
        asked = [("eth_getTransactionCount", [account, block]) for block in ("latest", hex(settled))]
        asked += [("eth_getTransactionReceipt", [one]) for one in intent.hashes]
        asked += [("eth_getTransactionByHash", [one]) for one in intent.hashes]
        answers = rpc.batch(asked)
        receipts = answers[2 : 2 + len(intent.hashes)]
        waiting = answers[2 + len(intent.hashes) :]
        mined = next((TxReceipt.from_rpc(raw) for raw in receipts if raw is not None and raw.get("blockHash")), None)
        return Sight(
            head=head,
            next_nonce=int(answers[0], 16),
            settled_nonce=int(answers[1], 16),
            receipt=mined,
            in_pool=any(raw is not None and not raw.get("blockHash") for raw in waiting),
        )

    def reason(self, intent: Intent, receipt: TxReceipt) -> tuple[str, str]:
        """Why a mined transaction reverted: its call, tried again on the state before and after its block."""
        for block in (receipt.block_number - 1, receipt.block_number):
            try:
                self._chain.simulate(call_of(intent), self._account, block)
            except Reverted as error:
                return error.code, error.message
            except (RpcRefused, ChainUnavailable):
                break
        if intent.gas_limit is not None and receipt.gas_used >= intent.gas_limit * 98 // 100:
            return "revert-out-of-gas", "The transaction ran out of gas"
        return Reverted.code, "The transaction reverted for a reason that cannot be told any more"

    def fees(self) -> tuple[int, int]:
        """Base fee of the newest block and the priority fee that the node suggests, wei per gas."""
        block = self._chain.rpc.call("eth_getBlockByNumber", ["latest", False])
        try:
            tip = int(self._chain.rpc.call("eth_maxPriorityFeePerGas", []), 16)
        except RpcRefused:
            tip = 10**9  # the node doesn't know the method; one gwei is taken everywhere
        return int(block.get("baseFeePerGas") or "0x0", 16), max(1, tip)

    def nonce(self, block: str) -> int:
        """Transactions of the account up to a block, or with the node's pool ("pending"): its next nonce there."""
        return int(self._chain.rpc.call("eth_getTransactionCount", [self._account, block]), 16)


def call_of(intent: Intent) -> Call:
    """The call that an intent is about."""
    return Call(intent.name, Address(intent.to), bytes.fromhex(intent.data[2:]), intent.value)
