"""The sender on a chain that misbehaves: re-orgs, lost and outbid transactions, nonces that others take."""

import pytest

from atomic_verify.chain.calls import transfer
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.protocol.intents import Intent, IntentState
from tests.integration.chain.conftest import Bench, MakeBench
from tests.integration.chain.support import FRIEND, MemoryStore


def intent(sender: TransactionSender, key: str) -> Intent:
    found = sender.intent(key)
    assert found is not None
    return found


@pytest.mark.parametrize("depth", [1, 2, 10])
def test_a_reorg_takes_receipts_away_and_all_is_sent_again_once(bench: Bench, depth: int) -> None:
    bench.anvil.mine_blocks(12)
    store = MemoryStore()
    sender = bench.sender(store, confirmations=20)
    for index in range(depth):
        sender.send(f"pay:{index}", transfer(FRIEND, 10**index))
    bench.anvil.reorg(depth)
    assert bench.nonce() == 0
    sender.poll()
    for index in range(depth):
        assert sender.wait(f"pay:{index}").succeeded
    assert bench.chain().coin_of(FRIEND) == int("1" * depth)
    assert bench.raw_nonces() == list(range(depth))
    states = [one.state for one in store.history if one.key == "pay:0"]
    assert states[-3:] == [IntentState.MINED, IntentState.SENT, IntentState.MINED]


def test_a_reorg_deeper_than_the_confirmations_revives_what_was_final(bench: Bench) -> None:
    sender = bench.sender(confirmations=2)
    sender.send("pay", transfer(FRIEND, 5))
    bench.anvil.mine_blocks(2)
    sender.poll()
    assert intent(sender, "pay").state is IntentState.FINAL
    bench.anvil.reorg(3)
    assert bench.chain().coin_of(FRIEND) == 0
    assert [one.key for one in sender.poll()][:1] == ["pay"]
    bench.anvil.mine_blocks()
    sender.poll()
    assert intent(sender, "pay").state is IntentState.MINED
    assert bench.chain().coin_of(FRIEND) == 5
    assert bench.raw_nonces() == [0]


def test_a_new_act_after_a_deep_reorg_does_not_take_the_old_ones_nonce(bench: Bench) -> None:
    sender = bench.sender(confirmations=2)
    sender.send("pay", transfer(FRIEND, 5))
    bench.anvil.mine_blocks(2)
    sender.poll()
    bench.anvil.reorg(3)
    sender.send("more", transfer(FRIEND, 50))
    assert sender.send("pay", transfer(FRIEND, 5)).succeeded
    assert bench.chain().coin_of(FRIEND) == 55
    assert bench.raw_nonces() == [0, 1]


def test_a_dropped_transaction_is_broadcast_again(bench: Bench) -> None:
    bench.anvil.request("evm_setAutomine", False)
    sender = bench.sender()
    sent = sender.submit("pay", transfer(FRIEND, 5))
    bench.anvil.request("anvil_dropTransaction", sent.hashes[0])
    bench.anvil.mine_blocks(1)
    assert bench.nonce() == 0
    sender.poll()
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").tx_hash == sent.hashes[0]


def test_a_transaction_that_waits_too_long_is_replaced_at_a_higher_fee(bench: Bench) -> None:
    bench.anvil.request("evm_setAutomine", False)
    sender = bench.sender(bump_after=30)
    first = sender.submit("pay", transfer(FRIEND, 5))
    assert sender.poll() == []
    bench.now += 31
    [second] = sender.poll()
    assert second.nonce == first.nonce
    assert len(second.hashes) == 2
    assert (second.max_fee or 0) * 100 >= (first.max_fee or 0) * 110
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").tx_hash == second.hashes[1]
    assert bench.chain().coin_of(FRIEND) == 5


def test_the_first_version_may_be_the_one_that_is_mined(bench: Bench) -> None:
    bench.anvil.request("evm_setAutomine", False)
    sender = bench.sender()
    first = sender.submit("pay", transfer(FRIEND, 5))
    bench.now += 31
    [second] = sender.poll()
    bench.anvil.request("anvil_dropTransaction", second.hashes[1])
    bench.anvil.request("eth_sendRawTransaction", first.raw)
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").tx_hash == first.hashes[0]
    assert bench.chain().coin_of(FRIEND) == 5


def test_at_the_cap_a_transaction_just_waits(bench: Bench) -> None:
    bench.anvil.request("evm_setAutomine", False)
    sender = bench.sender(fee_cap=2 * 10**9)
    first = sender.submit("pay", transfer(FRIEND, 5))
    for _ in range(20):
        bench.now += 31
        sender.poll()
    held = intent(sender, "pay")
    assert (held.max_fee or 0) <= 2 * 10**9
    assert held.nonce == first.nonce
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").succeeded


def test_a_nonce_that_another_instance_took_is_given_up_and_the_act_done_with_the_next(bench: Bench) -> None:
    # The same key with a data folder of its own: the lock can't know of it, the chain does.
    bench.anvil.request("evm_setAutomine", False)
    store = MemoryStore()
    sender = bench.sender(store, confirmations=2)
    mine = sender.submit("pay", transfer(FRIEND, 5))
    bench.anvil.request("anvil_dropTransaction", mine.hashes[0])
    other = bench.sender(folder=bench.folder / "elsewhere")
    other.submit("rent", transfer(FRIEND, 1_000))
    bench.anvil.mine_blocks(1)
    sender.poll()
    assert intent(sender, "pay").nonce == 0, "one block is not enough to give a nonce up"
    bench.anvil.mine_blocks(1)
    sender.poll()
    assert intent(sender, "pay").nonce == 1
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").succeeded
    assert bench.chain().coin_of(FRIEND) == 1_005
    states = [one.state for one in store.history]
    assert IntentState.REPLACED in states


def test_a_foreign_transaction_in_the_pool_is_not_outbid(bench: Bench) -> None:
    bench.anvil.request("evm_setAutomine", False)
    other = bench.sender(folder=bench.folder / "elsewhere")
    other.submit("rent", transfer(FRIEND, 1_000))
    sender = bench.sender()
    mine = sender.submit("pay", transfer(FRIEND, 5))
    assert mine.nonce == 1
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").succeeded
    assert other.wait("rent").succeeded


def test_a_gap_left_by_a_foreign_transaction_is_filled(bench: Bench) -> None:
    bench.anvil.request("evm_setAutomine", False)
    other = bench.sender(folder=bench.folder / "elsewhere")
    theirs = other.submit("rent", transfer(FRIEND, 1_000))
    sender = bench.sender(gap_after=30, bump_after=1_000)
    mine = sender.submit("pay", transfer(FRIEND, 5))
    bench.anvil.request("anvil_dropTransaction", theirs.hashes[0])
    for _ in range(3):
        sender.poll()
        bench.anvil.mine_blocks(1)
    assert intent(sender, "pay").state is IntentState.SENT, "nonce 0 is missing"
    bench.now += 31
    sender.poll()
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").tx_hash == mine.hashes[0]
    assert bench.raw_nonces() == [0, 1]
    assert bench.chain().coin_of(FRIEND) == 5


def test_gas_that_spikes_after_signing_is_followed(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.anvil.request("evm_setAutomine", False)
    sender = bench.sender(bump_after=30)
    first = sender.submit("pay", transfer(FRIEND, 5))
    bench.anvil.request("anvil_setNextBlockBaseFeePerGas", hex(20 * (first.max_fee or 0)))
    bench.anvil.mine_blocks(1)
    assert bench.nonce() == 0, "the old fee is too low for this block"
    bench.now += 31
    sender.poll()
    bench.anvil.mine_blocks(1)
    assert sender.wait("pay").succeeded
