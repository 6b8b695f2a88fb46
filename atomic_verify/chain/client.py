"""A chain as the rest of the program reads it: blocks, balances, and the records of the contracts.

Life cycle: all steps. Reads are of the newest block unless a block number is given; amounts are base units, times Unix
seconds by the chain's own clock. What is written goes through `sender`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.chain.calls import Call, Calls
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import NotDeployed, StaleHead, WrongChain
from atomic_verify.chain.events import EventReader
from atomic_verify.chain.heads import HeadMemory, Judgement
from atomic_verify.chain.reads import ContractReads, block_tag
from atomic_verify.chain.rpc import RetryPolicy, Rpc
from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.primitives import Address, Amount


@dataclass(frozen=True, slots=True)
class ChainOptions:
    """How patient a client is. Times in seconds."""

    timeout: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_head_age: float | None = None
    """Older newest blocks are stale; None for chains that only mine when there is something to mine."""
    stale_tries: int = 4
    stale_pause: float = 0.5


class Chain(ContractReads):
    """One chain and the contracts deployed on it. Threads may share it."""

    def __init__(
        self,
        rpc: Rpc,
        deployment: Deployment,
        *,
        options: ChainOptions | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(rpc, deployment)
        self.calls = Calls(deployment)
        self.options = options or ChainOptions()
        self._clock = clock
        self._sleep = sleep
        self._heads = HeadMemory()
        self._events = EventReader(rpc, deployment)

    @classmethod
    def connect(
        cls,
        url: str,
        deployment: Deployment,
        *,
        expected_chain_id: int | None = None,
        options: ChainOptions | None = None,
    ) -> "Chain":
        """A client that has seen the right chain and the contracts on it.

        Raises ChainUnavailable, WrongChain, NotDeployed.
        """
        options = options or ChainOptions()
        chain = cls(Rpc(url, timeout=options.timeout, policy=options.retry), deployment, options=options)
        chain.verify(expected_chain_id)
        return chain

    @property
    def chain_id(self) -> int:
        return self.deployment.chain_id

    def verify(self, expected_chain_id: int | None = None) -> None:
        """Asks the node for its chain id and for each contract's code. Raises WrongChain, NotDeployed."""
        found = chain_id_of(self.rpc)
        for expected in (self.chain_id, expected_chain_id):
            if expected is not None and found != expected:
                raise WrongChain(
                    f"The node at {self.rpc.place} serves chain {found}, not {expected}",
                    hint="Check the RPC URL, or name the deployment of that chain.",
                    found=found,
                    expected=expected,
                )
        addresses = {name: one.address for name, one in self.deployment.contracts.items()}
        codes = self.rpc.batch([("eth_getCode", [address, "latest"]) for address in addresses.values()])
        missing = [name for name, code in zip(addresses, codes, strict=True) if len(code) <= 2]
        if missing:
            raise NotDeployed(
                f"No code on chain {found} where the deployment says there is: {', '.join(missing)}",
                hint="The chain was reset, or the deployment file is of another one: deploy again.",
                missing=missing,
            )

    def close(self) -> None:
        """Closes the connections to the node."""
        self.rpc.close()

    # Blocks

    def head(self) -> BlockRef:
        """The newest block. Raises StaleHead when the node keeps telling an old one."""
        for attempt in range(self.options.stale_tries):
            head = block_ref(self.rpc.call("eth_getBlockByNumber", ["latest", False]))
            if self._heads.judge(head, self.block_hash) is Judgement.NEWEST and not self._is_old(head):
                return head
            if attempt + 1 < self.options.stale_tries:
                self._sleep(self.options.stale_pause)
        raise StaleHead(
            f"The node at {self.rpc.place} is behind: its newest block is {head.number} of {head.timestamp}",
            hint="Wait until it has caught up, or use another node. Check this machine's clock.",
            number=head.number,
            timestamp=head.timestamp,
        )

    def timestamp(self) -> int:
        """The chain's time: that of the newest block."""
        return self.head().timestamp

    def block(self, number: int) -> BlockRef | None:
        """A block of the canonical chain, or None when there is none of this number."""
        raw = self.rpc.call("eth_getBlockByNumber", [hex(number), False])
        return None if raw is None else block_ref(raw)

    def block_hash(self, number: int) -> str | None:
        """The hash of a block of the canonical chain, or None."""
        found = self.block(number)
        return None if found is None else found.hash

    def receipt(self, tx_hash: str) -> Mapping[str, Any] | None:
        """A transaction's receipt as the node tells it, numbers in hexadecimal; None when it isn't mined."""
        found: Mapping[str, Any] | None = self.rpc.call("eth_getTransactionReceipt", [tx_hash])
        return found

    def events(self, first: int, last: int) -> list[ChainEvent]:
        """All events of the contracts in blocks `first` to `last`, both included. Raises ChainMoved on a re-org."""
        return self._events.read(first, last)

    # Money

    def coin_of(self, account: Address) -> Amount:
        """The chain's coin that an account can pay gas with, in wei."""
        return Amount(int(self.rpc.call("eth_getBalance", [account, "latest"]), 16))

    def balance_of(self, account: Address, token: Address | None = None) -> Amount:
        """Tokens in an account's wallet; utility tokens by default."""
        at = token or self.deployment.utility_token
        return Amount(self._one("UtilityToken", "balanceOf", account, at=at))

    def allowance_of(self, account: Address, token: Address | None = None, spender: Address | None = None) -> Amount:
        """Tokens of an account that the market, or `spender`, may take."""
        at = token or self.deployment.utility_token
        return Amount(self._one("UtilityToken", "allowance", account, spender or self.deployment.market, at=at))

    def decimals_of(self, token: Address) -> int:
        return int(self._one("UtilityToken", "decimals", at=token))

    def credit_of(self, account: Address, token: Address | None = None) -> Amount:
        """What an account can withdraw from the market."""
        return Amount(self._one("Market", "creditOf", account, token or self.deployment.utility_token))

    # Calls

    def simulate(self, call: Call, sender: Address, block: int | None = None) -> bytes:
        """What a call would return if `sender` made it now. Raises Reverted."""
        fields = {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(call.value)}
        answer: str = self._asked("eth_call", [fields, block_tag(block)])
        return bytes.fromhex(answer[2:])

    def estimate_gas(self, call: Call, sender: Address, tag: str = "pending") -> int:
        """The gas that a call would need in the block of `tag`. Raises Reverted."""
        fields = {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(call.value)}
        return int(self._asked("eth_estimateGas", [fields, tag]), 16)

    def _is_old(self, head: BlockRef) -> bool:
        limit = self.options.max_head_age
        return limit is not None and self._clock() - head.timestamp > limit


def chain_id_of(rpc: Rpc) -> int:
    """The id of the chain that a node serves."""
    return int(rpc.call("eth_chainId", []), 16)


def block_ref(raw: Mapping[str, Any]) -> BlockRef:
    """The block in a node's JSON."""
    return BlockRef(int(raw["number"], 16), str(raw["hash"]).lower(), int(raw["timestamp"], 16))
