"""Events in ranges: limits of nodes, blocks that are replaced while they are read, strangers' strings."""

from collections.abc import Iterator
from typing import Any

import pytest

from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import ChainMoved, RpcRefused
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.chain.rpc import Rpc
from tests.integration.chain.conftest import Bench
from tests.integration.chain.support import Proxy, proxied


@pytest.fixture
def busy_chain(bench: Bench) -> Iterator[tuple[Chain, Proxy]]:
    """Twelve announcements, each in a block of its own, seen through a proxy."""
    sender = bench.sender()
    for index in range(12):
        sender.send(f"announce:{index}", bench.chain().calls.announce(f"http://127.0.0.1:{index}"))
    with proxied(bench.anvil.url) as (url, proxy):
        yield bench.chain(url), proxy


def endpoints(chain: Chain) -> list[str]:
    return [event.args["endpoint"] for event in chain.events(0, chain.head().number)]


EXPECTED = [f"http://127.0.0.1:{index}" for index in range(12)]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (1, "block range is too wide"),
        (3, "query returned more than 10000 results"),
        (5, "Log response size exceeded"),
        (8, "query timeout"),
    ],
)
def test_a_range_that_is_too_large_is_halved(busy_chain: tuple[Chain, Proxy], limit: int, words: str) -> None:
    chain, proxy = busy_chain

    def limited(asked: dict[str, Any]) -> Any:
        if asked["method"] != "eth_getLogs":
            return None
        query = asked["params"][0]
        wide = int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1 > limit
        return {"error": {"code": -32005, "message": words}} if wide else None

    proxy.rule = limited
    assert endpoints(chain) == EXPECTED
    assert endpoints(chain) == EXPECTED


def test_a_node_that_refuses_a_single_block_is_told(busy_chain: tuple[Chain, Proxy]) -> None:
    chain, proxy = busy_chain
    refusal = {"error": {"code": -32601, "message": "method not found"}}
    proxy.rule = lambda asked: refusal if asked["method"] == "eth_getLogs" else None
    with pytest.raises(RpcRefused, match="method not found"):
        chain.events(0, 5)


def test_an_empty_range_has_no_events(bench: Bench) -> None:
    assert bench.chain().events(3, 2) == []
    assert bench.chain().events(0, 5) == []


def test_blocks_that_are_not_there_are_told(bench: Bench) -> None:
    with pytest.raises(ChainMoved, match="has no block"):
        bench.chain().events(0, 1_000_000)


def test_blocks_replaced_while_they_are_read_are_noticed(bench: Bench, busy_chain: tuple[Chain, Proxy]) -> None:
    chain, proxy = busy_chain
    head = chain.head().number
    moved: list[Any] = []

    def reorg_after_logs(asked: dict[str, Any]) -> Any:
        if asked["method"] == "eth_getLogs" and not moved:
            moved.append(bench.anvil.request("eth_getLogs", *asked["params"]))
            bench.anvil.reorg(3)
            return {"result": moved[0]}
        return None

    proxy.rule = reorg_after_logs
    with pytest.raises(ChainMoved):
        chain.events(0, head)
    assert [event.args["endpoint"] for event in chain.events(0, head)] == EXPECTED[:-3]


def test_what_was_learnt_is_not_asked_again(busy_chain: tuple[Chain, Proxy]) -> None:
    chain, proxy = busy_chain
    first = chain.events(0, 20)
    asked = len(proxy.methods)
    assert chain.events(0, 20) == first
    assert proxy.methods[asked:] == ["eth_getLogs"]


def test_a_strangers_string_never_stops_the_reader(bench: Bench) -> None:
    chain = bench.chain()
    call = chain.calls.announce("x" * 32)
    odd = call.data.replace(b"x" * 32, b"\xff\xfe\x00\x80" * 8)
    bench.sender().send("announce", type(call)(call.name, call.to, odd))
    [event] = chain.events(0, 10)
    assert "\ufffd" in event.args["endpoint"]


def test_a_receipts_reader_needs_nothing_but_a_url(bench: Bench) -> None:
    reader = ReceiptChain(Rpc(bench.anvil.url))
    assert reader.chain_id() == 31_337
    assert reader.results_of(bench.deployment.market) == bench.deployment.results
    assert reader.transaction_events("0x" + "12" * 32, {"Results": bench.deployment.results}) == []
    assert reader.block_hash(3) == bench.chain().block_hash(3)
    assert reader.block_hash(10**9) is None
