"""One call of a contract: what `calls` builds and `sender` sends.

Life cycle: all steps that write the chain. A *call* is what a transaction will do, without nonce, fee or signature.
"""

from dataclasses import dataclass
from typing import Any

from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.interface import interface
from atomic_verify.protocol.primitives import Address


@dataclass(frozen=True, slots=True)
class Call:
    """What to call: `name` such as "Market.bid" for people, `data` selector and arguments, `value` in wei."""

    name: str
    to: Address
    data: bytes
    value: int = 0


def call_to(deployment: Deployment, contract: str, function: str, *values: Any) -> Call:
    """A call of one of a deployment's contracts. Raises AbiMismatch, and NoDisputes where there are none."""
    data = interface(contract).encode_call(function, *values)
    return Call(f"{contract}.{function}", deployment.address(contract), data)
