"""The referee contract on a real chain, asked by eth_call."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from atomic_verify.canonical.evidence import Case
from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.artifacts import load
from atomic_verify.chain.interface import build
from atomic_verify.chain.rpc import Rpc

RULINGS = ("none", "lawful", "broken", "invalid")


@dataclass
class RefereeOnChain:
    """Asks the contract for its ruling."""

    rpc: Rpc
    address: str

    def judge(self, case: Case, step: int, element: int) -> str:
        face = build(load("Referee"))
        data = face.encode_call("judge", case.evaluation(), case.evidence(step, element).to_abi())
        answer = self.rpc.call("eth_call", [{"to": self.address, "data": "0x" + data.hex()}, "latest"])
        return RULINGS[face.decode_answer("judge", bytes.fromhex(answer[2:]))[0]]


@pytest.fixture(scope="session")
def referee() -> Iterator[RefereeOnChain]:
    """The contract, deployed once; it is stateless."""
    with Anvil(AnvilOptions()) as anvil:
        sender = development_signer(0).address
        sent = anvil.request(
            "eth_sendTransaction", {"from": sender, "data": "0x" + load("Referee").bytecode.hex(), "gas": "0x1000000"}
        )
        # A busy machine mines a moment after it answered.
        receipt = None
        while receipt is None:
            receipt = anvil.request("eth_getTransactionReceipt", sent)
        yield RefereeOnChain(anvil.rpc, receipt["contractAddress"])
