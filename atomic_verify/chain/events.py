"""Events of the contracts, read in ranges of blocks, with what their receipts add.

Life cycle: all steps; the indexer lives on it. A range that a node finds too large is halved until it fits. Everything
told about an event is of one block: logs, header and receipt must agree on its hash, or the range is read again.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from atomic_verify.chain.artifacts import CONTRACTS
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import ChainMoved, RpcRefused
from atomic_verify.chain.interface import Interface, interface
from atomic_verify.chain.rpc import Rpc
from atomic_verify.protocol.events import ChainEvent

MAX_RANGE: Final = 5_000
"""Blocks asked for at once at first."""
CACHED: Final = 20_000
EMITTERS: Final = tuple(name for name in CONTRACTS if name not in ("UtilityToken", "Referee", "Examiner"))
"""The contracts whose events are read. The utility token's transfers are everybody's own affair."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the block and the receipt say about one transaction."""

    timestamp: int
    sender: str
    gas_used: int


class EventReader:
    """Reads and decodes logs; keeps what it learnt of blocks and transactions by hash. Threads may share it."""

    def __init__(self, rpc: Rpc, deployment: Deployment, *, max_range: int = MAX_RANGE) -> None:
        self._rpc = rpc
        self._emitters: dict[str, Interface] = {
            deployment.address(name).lower(): interface(name) for name in EMITTERS if name in deployment.contracts
        }
        self._range = max_range
        self._max_range = max_range
        self._contexts: OrderedDict[tuple[str, str], Context] = OrderedDict()
        self._lock = Lock()

    def read(self, first: int, last: int) -> list[ChainEvent]:
        """All events in blocks `first` to `last`, both included, in chain order.

        Raises ChainMoved when a re-org happened meanwhile, ChainUnavailable, RpcRefused.
        """
        found: list[ChainEvent] = []
        start = first
        while start <= last:
            end = min(last, start + self._range - 1)
            logs = self._logs(start, end)
            if logs is None:
                self._range = max(1, (end - start + 1) // 2)
                continue
            found += self._decoded(logs)
            start = end + 1
            self._range = min(self._max_range, self._range * 2)
        return sorted(found, key=lambda event: event.position)

    def _logs(self, first: int, last: int) -> Sequence[Mapping[str, Any]] | None:
        """The logs of a range, or None when the node finds it too large."""
        query = {"address": list(self._emitters), "fromBlock": hex(first), "toBlock": hex(last)}
        try:
            found: Sequence[Mapping[str, Any]] = self._rpc.call("eth_getLogs", [query])
        except RpcRefused:
            # Nodes word a limit on blocks, results, bytes or time each in their own way; one block is always allowed.
            if first < last:
                return None
            if self._rpc.call("eth_getBlockByNumber", [hex(first), False]) is None:
                raise ChainMoved(
                    f"The node has no block {first}", hint="Read again up to its newest block.", block=first
                ) from None
            raise
        return [log for log in found if not log.get("removed")]

    def _decoded(self, logs: Sequence[Mapping[str, Any]]) -> list[ChainEvent]:
        contexts = self._contexts_of(logs)
        return decode_logs(logs, self._emitters, lambda log: contexts[_place(log)])

    def _contexts_of(self, logs: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Context]:
        """Block and receipt facts of the logs' transactions, by (block hash, transaction hash)."""
        wanted = {_place(log) for log in logs}
        with self._lock:
            known = {pair: self._contexts[pair] for pair in wanted if pair in self._contexts}
        missing = sorted(wanted - known.keys())
        blocks = sorted({block for block, _ in missing})
        headers = self._rpc.batch([("eth_getBlockByHash", [block, False]) for block in blocks])
        receipts = self._rpc.batch([("eth_getTransactionReceipt", [tx]) for _, tx in missing])
        times = dict(zip(blocks, headers, strict=True))
        for pair, receipt in zip(missing, receipts, strict=True):
            block, _ = pair
            header = times[block]
            if header is None or receipt is None or str(receipt["blockHash"]).lower() != block:
                raise ChainMoved("Blocks were replaced while they were being read", hint="Read again.", block=block)
            known[pair] = transaction_context(header, receipt)
        self._keep({pair: known[pair] for pair in missing})
        return known

    def _keep(self, contexts: Mapping[tuple[str, str], Context]) -> None:
        with self._lock:
            self._contexts.update(contexts)
            while len(self._contexts) > CACHED:
                self._contexts.popitem(last=False)


def decode_logs(
    logs: Sequence[Mapping[str, Any]],
    emitters: Mapping[str, Interface],
    context_of: Callable[[Mapping[str, Any]], Context],
) -> list[ChainEvent]:
    """Logs as events; those that no ABI knows are left out. `emitters` are interfaces by lower-case address."""
    events = []
    for log in logs:
        face = emitters[str(log["address"]).lower()]
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        decoded = face.decode_log(topics, bytes.fromhex(log["data"][2:]))
        if decoded is None:
            continue
        block_hash, tx_hash = _place(log)
        context = context_of(log)
        events.append(
            ChainEvent(
                block_number=int(log["blockNumber"], 16),
                block_hash=block_hash,
                timestamp=context.timestamp,
                tx_hash=tx_hash,
                tx_index=int(log["transactionIndex"], 16),
                log_index=int(log["logIndex"], 16),
                sender=context.sender,
                gas_used=context.gas_used,
                contract=face.contract,
                name=decoded[0],
                args=decoded[1],
            )
        )
    return events


def transaction_context(block: Mapping[str, Any], receipt: Mapping[str, Any]) -> Context:
    """What a block and a receipt, in a node's JSON, say about the receipt's transaction."""
    return Context(int(block["timestamp"], 16), str(receipt["from"]).lower(), int(receipt["gasUsed"], 16))


def _place(log: Mapping[str, Any]) -> tuple[str, str]:
    """Block hash and transaction hash of a log."""
    return str(log["blockHash"]).lower(), str(log["transactionHash"]).lower()
