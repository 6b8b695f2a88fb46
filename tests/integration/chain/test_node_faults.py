"""Nodes as they are: busy, slow, cut off, behind, limited, of the wrong chain, or not there at all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from atomic_verify.chain.anvil import Anvil, AnvilOptions, free_port
from atomic_verify.chain.calls import transfer
from atomic_verify.chain.client import Chain, ChainOptions
from atomic_verify.chain.deploy import ORDER
from atomic_verify.chain.errors import ChainUnavailable, NotDeployed, RpcRefused, StaleHead, WrongChain
from atomic_verify.chain.rpc import RetryPolicy, Rpc
from tests.integration.chain.conftest import QUICK, Bench
from tests.integration.chain.support import FRIEND, Proxy, proxied


@pytest.fixture
def node(bench: Bench) -> Iterator[tuple[str, Proxy]]:
    with proxied(bench.anvil.url) as found:
        yield found


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_node_is_asked_again(bench: Bench, node: tuple[str, Proxy], status: int) -> None:
    url, proxy = node
    proxy.plan = [proxy.busy(status), proxy.busy(status)]
    assert Rpc(url, policy=QUICK).call("eth_chainId", []) == hex(31_337)
    assert proxy.requests == 3


def test_a_connection_that_is_cut_is_tried_again(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    proxy.plan = [proxy.cut, proxy.cut_after, proxy.text(b"<html>"), proxy.text(b'{"odd": 1}')]
    policy = RetryPolicy(attempts=6, first_pause=0.01, longest_pause=0.02)
    assert Rpc(url, policy=policy).call("eth_chainId", []) == hex(31_337)
    assert proxy.requests == 5


def test_a_slow_node_is_given_up_and_asked_again(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    proxy.plan = [proxy.slow(1.0)]
    assert Rpc(url, policy=QUICK, timeout=0.2).call("eth_chainId", []) == hex(31_337)


def test_words_of_a_rate_limit_count_as_busy(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    limited = json.dumps({"jsonrpc": "2.0", "id": 0, "error": {"code": -32005, "message": "rate limit exceeded"}})
    proxy.plan = [proxy.text(limited.encode())]
    assert Rpc(url, policy=QUICK).call("eth_chainId", []) == hex(31_337)
    assert proxy.requests == 2


def test_trying_again_ends(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    proxy.plan = [proxy.busy(503)] * 50
    with pytest.raises(ChainUnavailable, match="does not answer"):
        Rpc(url, policy=QUICK).call("eth_chainId", [])
    assert proxy.requests == QUICK.attempts


def test_the_pause_that_a_node_asks_for_is_kept_within_bounds(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    pauses: list[float] = []
    policy = RetryPolicy(attempts=3, first_pause=0.01, longest_pause=2.0)
    proxy.plan = [proxy.busy(429, Retry_After="1"), proxy.busy(429, Retry_After="86400")]
    assert Rpc(url, policy=policy, sleep=pauses.append).call("eth_chainId", []) == hex(31_337)
    assert pauses == [1.0, 2.0]


def test_a_dead_node_is_told_without_the_urls_secret() -> None:
    url = f"http://user:pass@127.0.0.1:{free_port()}/v3/secret-key"
    with pytest.raises(ChainUnavailable) as caught:
        Rpc(url, policy=QUICK).call("eth_chainId", [])
    told = json.dumps(caught.value.details) + str(caught.value)
    assert "secret" not in told
    assert "pass" not in told


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8545", "http://127.0.0.1:99999", "http://", "::"])
def test_a_malformed_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ChainUnavailable):
        Rpc(url, policy=QUICK).call("eth_chainId", [])


def test_an_endless_answer_is_cut_off(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    proxy.plan = [proxy.text(b" " * 100_000)]
    with pytest.raises(RpcRefused, match="larger"):
        Rpc(url, policy=QUICK, max_bytes=50_000).call("eth_chainId", [])


def test_a_node_that_takes_no_batches_is_asked_one_by_one(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    refusal = b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "batch not supported"}}'
    proxy.plan = [proxy.text(refusal)]
    rpc = Rpc(url, policy=QUICK)
    asked: list[tuple[str, list[Any]]] = [("eth_chainId", []), ("eth_blockNumber", [])]
    for _ in range(2):
        assert rpc.batch(asked) == [hex(31_337), hex(len(ORDER))]
    assert proxy.methods == ["eth_chainId", "eth_blockNumber"] * 3
    assert proxy.requests == 5


def test_a_node_of_another_chain_is_refused(bench: Bench) -> None:
    with Anvil(AnvilOptions(chain_id=1_337)) as other, pytest.raises(WrongChain) as caught:
        bench.chain(other.url)
    assert caught.value.details["found"] == 1_337
    with pytest.raises(WrongChain):
        Chain.connect(bench.anvil.url, bench.deployment, expected_chain_id=1)


def test_a_chain_that_was_reset_has_no_contracts(bench: Bench) -> None:
    with Anvil() as other, pytest.raises(NotDeployed) as caught:
        bench.chain(other.url)
    assert sorted(caught.value.details["missing"]) == sorted(ORDER)


def test_a_head_that_falls_behind_is_stale(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    old = bench.anvil.request("eth_getBlockByNumber", "latest", False)
    bench.anvil.mine_blocks(3)
    chain = bench.chain(url)
    assert chain.head().number == len(ORDER) + 3
    told = [old, old]

    def behind(asked: dict[str, Any]) -> Any:
        latest = asked["method"] == "eth_getBlockByNumber" and asked["params"][0] == "latest"
        return {"result": told.pop()} if latest and told else None

    proxy.rule = behind
    assert chain.head().number == len(ORDER) + 3, "asked again, another of the nodes behind the URL answers"
    assert told == []
    told = [old] * 50
    with pytest.raises(StaleHead):
        chain.head()


def test_a_late_head_is_known_by_an_earlier_one(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    fresh = bench.chain(url)
    fresh.head()
    bench.anvil.mine_blocks(3)
    fresh.head()
    late = bench.anvil.request("eth_getBlockByNumber", hex(len(ORDER) + 1), False)

    def behind(asked: dict[str, Any]) -> Any:
        latest = asked["method"] == "eth_getBlockByNumber" and asked["params"][0] == "latest"
        return {"result": late} if latest else None

    proxy.rule = behind
    with pytest.raises(StaleHead):
        fresh.head()


def test_a_chain_that_was_reset_is_believed_in_the_end(bench: Bench, node: tuple[str, Proxy]) -> None:
    chain = bench.chain()
    bench.anvil.mine_blocks(50)
    chain.head()
    with Anvil() as other:
        chain.rpc = Rpc(other.url)
        for _ in range(4):
            with pytest.raises(StaleHead):
                chain.head()
        assert chain.head().number == 0


def test_a_shorter_head_of_another_branch_is_a_reorg_and_taken(bench: Bench) -> None:
    chain = bench.chain()
    snapshot = bench.anvil.request("evm_snapshot")
    bench.anvil.mine_blocks(1)
    chain.head()
    bench.anvil.mine_blocks(4)
    chain.head()
    bench.anvil.request("evm_revert", snapshot)
    bench.anvil.mine_blocks(2, seconds=1_000)
    assert chain.head().number == len(ORDER) + 2


def test_an_old_head_is_stale_where_blocks_must_come(bench: Bench) -> None:
    chain = Chain(
        Rpc(bench.anvil.url),
        bench.deployment,
        options=ChainOptions(max_head_age=60, stale_tries=2),
        clock=lambda: bench.chain().head().timestamp + 61.0,
        sleep=lambda _: None,
    )
    with pytest.raises(StaleHead):
        chain.head()


def test_a_transaction_lands_though_its_answer_is_lost(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    sender = bench.sender(chain=bench.chain(url))

    def lose(asked: dict[str, Any]) -> Any:
        if asked["method"] == "eth_sendRawTransaction":
            bench.anvil.request(asked["method"], *asked["params"])
            proxy.plan = [proxy.busy(503)] * (QUICK.attempts - 1)
            return {"error": {"code": 429, "message": "too many requests"}}
        return None

    proxy.rule = lose
    assert sender.send("pay", transfer(FRIEND, 5)).succeeded
    assert bench.raw_nonces() == [0]


def test_a_node_that_dies_in_the_middle_leaves_an_intent_that_goes_on(bench: Bench, node: tuple[str, Proxy]) -> None:
    url, proxy = node
    sender = bench.sender(chain=bench.chain(url))
    for at in range(1, 8):
        bench.anvil.mine_blocks(1)
        proxy.plan = [proxy.forward] * (at - 1) + [proxy.busy(503)] * QUICK.attempts
        try:
            receipt = sender.send(f"pay:{at}", transfer(FRIEND, 1))
        except ChainUnavailable:
            proxy.plan = []
            sender.recover()
            receipt = sender.send(f"pay:{at}", transfer(FRIEND, 1))
        assert receipt.succeeded
    assert bench.chain().coin_of(FRIEND) == 7
    assert bench.raw_nonces() == list(range(7))


@pytest.mark.parametrize(
    "words",
    ["already known", "nonce too low", "AlreadyKnown", "nonce too low: next nonce 1, tx nonce 0"],
)
def test_a_refusal_that_only_means_too_late_is_no_failure(bench: Bench, node: tuple[str, Proxy], words: str) -> None:
    url, proxy = node

    def refuse(asked: dict[str, Any]) -> Any:
        if asked["method"] != "eth_sendRawTransaction":
            return None
        bench.anvil.request(asked["method"], *asked["params"])
        return {"error": {"code": -32000, "message": words}}

    proxy.rule = refuse
    assert bench.sender(chain=bench.chain(url)).send("pay", transfer(FRIEND, 5)).succeeded
    assert bench.chain().coin_of(FRIEND) == 5
