"""Every transaction of a chain with its name and gas, read from the chain itself: nothing can be left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.interface import interface
from atomic_verify.chain.rpc import Rpc


@dataclass(frozen=True, slots=True)
class PaidTransaction:
    """`name` is contract and function, such as "Market.bid"; `gas` what the whole transaction used."""

    name: str
    gas: int


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """A transaction of the chain: hash and sender in lower case, what it did, and whether that worked."""

    hash: str
    sender: str
    name: str
    gas: int
    succeeded: bool


def all_transactions(rpc: Rpc, deployment: Deployment) -> list[PaidTransaction]:
    """All transactions since the chain's first block, in their order. For short development chains."""
    return [PaidTransaction(one.name, one.gas) for one in sent_transactions(rpc, deployment)]


def sent_transactions(rpc: Rpc, deployment: Deployment) -> list[SentTransaction]:
    """The same, each with its hash and its sender."""
    head = int(rpc.call("eth_blockNumber", []), 16)
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), True]) for number in range(head + 1)])
    found = [transaction for block in blocks for transaction in block["transactions"]]
    receipts = rpc.batch([("eth_getTransactionReceipt", [one["hash"]]) for one in found])
    names = _names(deployment)
    return [
        SentTransaction(
            hash=str(one["hash"]).lower(),
            sender=str(one["from"]).lower(),
            name=_name(one, receipt, deployment, names),
            gas=int(receipt["gasUsed"], 16),
            succeeded=int(receipt["status"], 16) == 1,
        )
        for one, receipt in zip(found, receipts, strict=True)
    ]


def _names(deployment: Deployment) -> dict[tuple[str, str], str]:
    """Names of functions by contract address and selector."""
    return {
        (one.address.lower(), entry.digest[:4].hex()): f"{name}.{entry.name}"
        for name, one in deployment.contracts.items()
        for entry in interface(name).functions.values()
    }


def _name(
    transaction: Mapping[str, Any],
    receipt: Mapping[str, Any],
    deployment: Deployment,
    names: Mapping[tuple[str, str], str],
) -> str:
    if transaction["to"] is None:
        created = str(receipt["contractAddress"]).lower()
        by_address = {one.address.lower(): name for name, one in deployment.contracts.items()}
        return f"deploy {by_address.get(created, created)}"
    to, selector = str(transaction["to"]).lower(), str(transaction["input"])[2:10]
    return names.get((to, selector), "transfer of coin" if not selector else f"{to} {selector}")
