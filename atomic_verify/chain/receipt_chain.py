"""A chain as the checker of a receipt needs it: an RPC URL and the addresses in the receipt, no deployment record.

Life cycle: receipt. Implements `receipts.ReceiptChain`. Nothing of the receipt is believed: the market is asked which
results contract it takes, and events count only if that contract emitted them.
"""

from collections.abc import Mapping, Sequence

from atomic_verify.chain.client import block_ref, chain_id_of
from atomic_verify.chain.errors import ChainMoved, NotDeployed, RpcRefused
from atomic_verify.chain.events import decode_logs, transaction_context
from atomic_verify.chain.interface import AbiMismatch, interface
from atomic_verify.chain.rpc import Rpc
from atomic_verify.chain.verifiers import code_hash_of, is_proven
from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.primitives import Address, parse_address


class ReceiptChain:
    """Reads what a receipt claims from one node. Raises ChainUnavailable, RpcRefused in every method."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def chain_id(self) -> int:
        return chain_id_of(self._rpc)

    def head(self) -> BlockRef:
        """The newest block."""
        return block_ref(self._rpc.call("eth_getBlockByNumber", ["latest", False]))

    def block_hash(self, number: int) -> str | None:
        """The hash of a block of the canonical chain, or None."""
        raw = self._rpc.call("eth_getBlockByNumber", [hex(number), False])
        return None if raw is None else block_ref(raw).hash

    def results_of(self, market: str) -> Address:
        """The results contract that a market takes commits from. Raises NotDeployed when there is no such market."""
        face = interface("Market")
        data = "0x" + face.encode_call("results").hex()
        try:
            answer = self._rpc.call("eth_call", [{"to": market, "data": data}, "latest"])
            return parse_address(face.decode_answer("results", bytes.fromhex(answer[2:]))[0])
        except (RpcRefused, AbiMismatch):
            raise NotDeployed(
                f"There is no market at {market} on this chain", hint="Check the RPC URL and the market's address."
            ) from None

    def transaction_events(self, tx_hash: str, contracts: Mapping[str, str]) -> Sequence[ChainEvent]:
        """The events of contracts (addresses by name) in one transaction that succeeded; empty when the chain doesn't
        have it.

        Raises ChainMoved when the block was replaced while it was read.
        """
        receipt = self._rpc.call("eth_getTransactionReceipt", [tx_hash])
        if receipt is None or int(receipt["status"], 16) != 1:
            return []
        header = self._rpc.call("eth_getBlockByHash", [receipt["blockHash"], False])
        if header is None:
            raise ChainMoved("The transaction's block was replaced while it was read", hint="Check again.")
        emitters = {address.lower(): interface(name) for name, address in contracts.items()}
        logs = [log for log in receipt["logs"] if str(log["address"]).lower() in emitters]
        context = transaction_context(header, receipt)
        return decode_logs(logs, emitters, lambda _: context)

    def code_hash(self, address: str) -> bytes | None:
        """keccak256 of the code at an address; None where there is none."""
        return code_hash_of(self._rpc, address)

    def is_proven(self, verifier: str, snark: bytes, instances: Sequence[int]) -> bool:
        """Whether a verifier contract takes the SNARK about these instances."""
        return is_proven(self._rpc, verifier, snark, instances)
