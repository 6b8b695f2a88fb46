"""A chain as a receipt's check reads it: with nothing but an RPC URL, trusting no deployment file.

Life cycle: receipt. It implements `receipts.ReceiptChain`; which market to trust is the reader's choice there.
"""

from collections.abc import Sequence

from atomic_verify.chain.client import block_ref, chain_id_of
from atomic_verify.chain.errors import NotDeployed, RpcRefused
from atomic_verify.chain.events import decode_logs, transaction_context
from atomic_verify.chain.interface import AbiMismatch, interface
from atomic_verify.chain.rpc import Rpc
from atomic_verify.protocol.events import BlockRef, ChainEvent


class ReceiptReader:
    """Reads what a receipt claims from the node at an RPC URL."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def chain_id(self) -> int:
        return chain_id_of(self._rpc)

    def head(self) -> BlockRef:
        return block_ref(self._rpc.call("eth_getBlockByNumber", ["latest", False]))

    def block_hash(self, number: int) -> str | None:
        raw = self._rpc.call("eth_getBlockByNumber", [hex(number), False])
        return None if raw is None else block_ref(raw).hash

    def results_of(self, market: str) -> str:
        """The results contract that a market takes commits from. Raises NotDeployed when there is no such market."""
        face = interface("Market")
        try:
            answer = self._rpc.call(
                "eth_call", [{"to": market, "data": "0x" + face.encode_call("results").hex()}, "latest"]
            )
            return str(face.decode_answer("results", bytes.fromhex(answer[2:]))[0]).lower()
        except (RpcRefused, AbiMismatch):
            raise NotDeployed(
                f"There is no market at {market} on this chain", hint="Check the RPC URL and the market's address."
            ) from None

    def transaction_events(self, tx_hash: str, results: str) -> Sequence[ChainEvent]:
        """The events of `results` in one transaction; empty when the chain doesn't have it."""
        receipt = self._rpc.call("eth_getTransactionReceipt", [tx_hash])
        if receipt is None or receipt.get("blockHash") is None:
            return []
        block = self._rpc.call("eth_getBlockByHash", [receipt["blockHash"], False])
        if block is None:
            return []
        logs = [log for log in receipt["logs"] if str(log["address"]).lower() == results.lower()]
        context = transaction_context(block, receipt)
        return decode_logs(logs, {results.lower(): interface("Results")}, lambda _: context)
