"""Receipts' chains as lists of events, for tests of receipts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.primitives import parse_address, to_hex

CHAIN_ID = 31337
MARKET = parse_address("0x" + "11" * 20)
RESULTS = parse_address("0x" + "22" * 20)
CHALLENGER = parse_address("0x" + "66" * 20)
WORKER = parse_address("0x" + "33" * 20)


@dataclass
class RecordedChain:
    """A chain as a list of events: what a node would answer, so that each answer can be falsified."""

    events: list[ChainEvent]
    id: int = CHAIN_ID
    results: str = RESULTS
    forgotten: bool = False
    codes: dict[str, bytes] = field(default_factory=dict)
    """Hashes of code by lower-case address."""
    proofs: list[tuple[bytes, tuple[int, ...]]] = field(default_factory=list)
    """What any verifier takes: SNARKs and their instances."""

    def chain_id(self) -> int:
        return self.id

    def head(self) -> BlockRef:
        return BlockRef(100, "0x" + "99" * 32, 1000)

    def block_hash(self, number: int) -> str | None:
        return None if self.forgotten else next((e.block_hash for e in self.events if e.block_number == number), None)

    def results_of(self, market: str) -> str:
        return self.results

    def transaction_events(self, tx_hash: str, contracts: Mapping[str, str]) -> list[ChainEvent]:
        assert contracts == {"Market": MARKET, "Results": RESULTS}
        return [event for event in self.events if event.tx_hash == tx_hash]

    def code_hash(self, address: str) -> bytes | None:
        return self.codes.get(address.lower())

    def is_proven(self, verifier: str, snark: bytes, instances: Sequence[int]) -> bool:
        return (snark, tuple(instances)) in self.proofs


def event_of(name: str, number: int, args: dict[str, Any], contract: str = "Results") -> ChainEvent:
    return ChainEvent(
        block_number=number,
        block_hash=to_hex(bytes([number]) * 32),
        timestamp=1000 + number,
        tx_hash=to_hex(bytes([number + 100]) * 32),
        tx_index=0,
        log_index=0,
        sender=WORKER.lower(),
        gas_used=50_000,
        contract=contract,
        name=name,
        args=args,
    )


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places in JSON at which there is a plain value."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*path, key))
    elif isinstance(value, list) and value:
        for index, entry in enumerate(value):
            yield from leaves(entry, (*path, index))
    else:
        yield path


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value.startswith("0x"):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    if isinstance(value, str) and value.isdigit():
        return str(int(value) + 1)
    return ("B" if value[:1] != "B" else "C") + value[1:] if isinstance(value, str) else ["0x" + "00" * 32]
