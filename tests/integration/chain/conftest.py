"""A real chain for each test: an anvil with the contracts on it, and senders that don't wait long."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.client import Chain, ChainOptions
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import development
from atomic_verify.chain.rpc import RetryPolicy
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy
from tests.integration.chain.support import MemoryStore

QUICK = RetryPolicy(attempts=4, first_pause=0.01, longest_pause=0.05, total=2.0)


@dataclass
class Bench:
    """A chain, its deployment, and senders on it; `clock` is theirs and stands still."""

    anvil: Anvil
    deployment: Deployment
    folder: Path
    now: float = 1_800_000_000.0
    stores: list[MemoryStore] = field(default_factory=list)
    senders: list[TransactionSender] = field(default_factory=list)

    def chain(self, url: str | None = None, **options: Any) -> Chain:
        return Chain.connect(
            url or self.anvil.url, self.deployment, options=ChainOptions(retry=QUICK, stale_pause=0.01, **options)
        )

    def signer(self, index: int = 1) -> Signer:
        return development_signer(index)

    def sender(
        self,
        store: MemoryStore | None = None,
        *,
        chain: Chain | None = None,
        index: int = 1,
        folder: Path | None = None,
        **policy: Any,
    ) -> TransactionSender:
        defaults = {"confirmations": 3, "wait": 5.0, "poll": 0.01, "bump_after": 30.0, "gap_after": 30.0}
        made = TransactionSender(
            chain or self.chain(),
            self.signer(index),
            store or MemoryStore(),
            folder or self.folder,
            policy=SendPolicy(**{**defaults, **policy}),
            clock=lambda: self.now,
        )
        self.senders.append(made)
        return made

    def nonce(self, index: int = 1) -> int:
        return int(self.anvil.request("eth_getTransactionCount", self.signer(index).address, "latest"), 16)

    def raw_nonces(self, index: int = 1) -> list[int]:
        """The nonces of all transactions that this account has on the chain, in block order."""
        head = int(self.anvil.request("eth_blockNumber"), 16)
        blocks = [self.anvil.request("eth_getBlockByNumber", hex(number), True) for number in range(head + 1)]
        account = self.signer(index).address.lower()
        return [int(tx["nonce"], 16) for block in blocks for tx in block["transactions"] if tx["from"] == account]


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    made: list[Bench] = []

    def make(**options: Any) -> Bench:
        anvil = Anvil(AnvilOptions(**options)).start()
        try:
            deployment = deploy(anvil.rpc, development_signer(0), development())
        except BaseException:
            anvil.stop()
            raise
        made.append(Bench(anvil, deployment, tmp_path / "data"))
        return made[-1]

    yield make
    for bench in made:
        for sender in bench.senders:
            sender.close()
        bench.anvil.stop()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
