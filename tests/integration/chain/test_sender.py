"""The sender on a chain that behaves: once per key, refusals told before they cost gas, one owner of a key."""

import subprocess
import sys
from pathlib import Path

import pytest

from atomic_verify.chain.calls import transfer
from atomic_verify.chain.errors import (
    FeeCapExceeded,
    GasFundsMissing,
    IntentConflict,
    SenderBusy,
    TransactionPending,
)
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.reverts import Reverted
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.protocol.intents import IntentState
from tests.integration.chain.conftest import Bench, MakeBench
from tests.integration.chain.support import FRIEND, MemoryStore


def test_a_call_is_made_once_however_often_it_is_asked_for(bench: Bench) -> None:
    store = MemoryStore()
    sender = bench.sender(store)
    first = sender.send("pay", transfer(FRIEND, 5))
    again = sender.send("pay", transfer(FRIEND, 5))
    assert first == again
    assert first.succeeded
    assert bench.chain().coin_of(FRIEND) == 5
    assert bench.raw_nonces() == [0]
    assert [one.state for one in store.history] == [
        IntentState.INTENDED,
        IntentState.SIGNED,
        IntentState.SENT,
        IntentState.MINED,
    ]
    assert all(one.raw is not None for one in store.history if one.state is IntentState.SIGNED)


def test_a_mined_intent_is_final_under_enough_blocks(bench: Bench) -> None:
    sender = bench.sender(confirmations=3)
    sender.send("pay", transfer(FRIEND, 5))
    bench.anvil.mine_blocks(1)
    sender.poll()
    found = sender.intent("pay")
    assert found is not None
    assert found.state is IntentState.MINED
    bench.anvil.mine_blocks(1)
    assert [one.state for one in sender.poll()] == [IntentState.FINAL]
    assert sender.unfinished() == []
    assert sender.send("pay", transfer(FRIEND, 5)).succeeded
    assert bench.chain().coin_of(FRIEND) == 5


def test_the_same_key_with_another_call_is_refused(bench: Bench) -> None:
    sender = bench.sender()
    sender.send("pay", transfer(FRIEND, 5))
    with pytest.raises(IntentConflict):
        sender.send("pay", transfer(FRIEND, 6))
    assert bench.chain().coin_of(FRIEND) == 5


def test_the_note_is_kept_from_the_first_moment(bench: Bench) -> None:
    store = MemoryStore()
    bench.sender(store).send("pay", transfer(FRIEND, 5), note='{"salt": 1}')
    assert {one.note for one in store.history} == {'{"salt": 1}'}


def test_many_intents_take_the_nonces_one_by_one(make_bench: MakeBench) -> None:
    bench = make_bench(block_time=1, mixed=True)
    sender = bench.sender()
    for index in range(5):
        sender.submit(f"pay:{index}", transfer(FRIEND, 1))
    for index in range(5):
        assert sender.wait(f"pay:{index}").succeeded
    assert bench.raw_nonces() == [0, 1, 2, 3, 4]


def test_a_call_that_would_revert_costs_no_gas_and_tells_why(bench: Bench) -> None:
    sender, chain = bench.sender(), bench.chain()
    before = chain.coin_of(sender.address)
    with pytest.raises(Reverted) as caught:
        sender.send("withdraw", chain.calls.withdraw(bench.deployment.utility_token))
    assert caught.value.code == "revert-nothing-to-withdraw"
    assert caught.value.error_args["account"] == sender.address.lower()
    assert chain.coin_of(sender.address) == before
    found = sender.intent("withdraw")
    assert found is not None
    assert (found.state, found.nonce, found.error_code) == (IntentState.FAILED, None, "revert-nothing-to-withdraw")


def test_a_failed_intent_is_tried_anew_when_asked_for_again(bench: Bench) -> None:
    sender, chain = bench.sender(), bench.chain()
    token = bench.deployment.utility_token
    stake = chain.calls.stake(10**18)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        sender.send("stake", stake)
    bench.sender(index=0).send("gift", chain.calls.transfer_token(token, sender.address, 10**18))
    sender.send("approve", chain.calls.approve(token, 10**18))
    assert sender.send("stake", stake).succeeded
    assert chain.stake_of(sender.address).total == 10**18


def test_a_transaction_that_reverts_on_the_chain_fails_with_its_reason(make_bench: MakeBench) -> None:
    # Both pass the trial, one after the other they can't: the second finds nothing left to send.
    bench = make_bench(mine=True)
    giver, chain = bench.sender(index=0), bench.chain()
    token = bench.deployment.utility_token
    sender = bench.sender(simulate_at="latest")
    giver.send("gift", chain.calls.transfer_token(token, sender.address, 7))
    bench.anvil.request("evm_setAutomine", False)
    sender.submit("first", chain.calls.transfer_token(token, FRIEND, 7))
    sender.submit("second", chain.calls.transfer_token(token, FRIEND, 7))
    bench.anvil.mine_blocks(1)
    assert sender.wait("first").succeeded
    with pytest.raises(Reverted) as caught:
        sender.wait("second")
    assert caught.value.code == "revert-erc20-insufficient-balance"
    bench.anvil.mine_blocks(3)
    sender.poll()
    found = sender.intent("second")
    assert found is not None
    assert found.state is IntentState.FAILED
    assert found.gas_used


def test_two_senders_of_one_key_are_refused_in_one_process_and_in_two(bench: Bench) -> None:
    sender = bench.sender()
    with pytest.raises(SenderBusy):
        bench.sender()
    script = (
        "import sys; from pathlib import Path; from filelock import FileLock, Timeout\n"
        "try: FileLock(Path(sys.argv[1]), timeout=0).acquire()\n"
        "except Timeout: sys.exit(7)"
    )
    lock = next((bench.folder / "locks").iterdir())
    assert subprocess.run([sys.executable, "-c", script, str(lock)], check=False).returncode == 7
    sender.close()
    assert bench.sender().send("pay", transfer(FRIEND, 1)).succeeded


def test_a_lock_ends_with_its_process(bench: Bench, tmp_path: Path) -> None:
    bench.sender(index=2)  # makes the folder
    lock = bench.folder / "locks" / f"31337-{bench.signer().address.lower()}.lock"
    script = (
        "import sys, os, signal; from filelock import FileLock\n"
        "lock = FileLock(sys.argv[1]); lock.acquire(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(lock)], check=False).returncode == -9
    assert bench.sender().send("pay", transfer(FRIEND, 1)).succeeded


def test_an_account_without_coin_waits_and_goes_on_when_it_has_some(bench: Bench) -> None:
    poor = Signer.from_key(b"\x07" * 32)
    sender = TransactionSender(bench.chain(), poor, MemoryStore(), bench.folder, clock=lambda: bench.now)
    bench.senders.append(sender)
    with pytest.raises(GasFundsMissing):
        sender.send("announce", bench.chain().calls.announce("http://127.0.0.1:1"))
    found = sender.intent("announce")
    assert found is not None
    assert found.is_unfinished
    assert found.error_code == "gas-funds-missing"
    bench.anvil.fund(poor.address)
    assert sender.send("announce", bench.chain().calls.announce("http://127.0.0.1:1")).succeeded


def test_gas_above_the_cap_waits_until_it_is_cheaper(bench: Bench) -> None:
    sender = bench.sender(fee_cap=10)
    with pytest.raises(FeeCapExceeded):
        sender.send("pay", transfer(FRIEND, 5))
    assert bench.raw_nonces() == []
    found = sender.intent("pay")
    assert found is not None
    assert found.state is IntentState.INTENDED
    assert found.error_code == "fee-cap-exceeded"
    sender.close()
    assert bench.sender().send("pay", transfer(FRIEND, 5)).succeeded


def test_no_receipt_in_time_is_not_a_failure(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.anvil.request("evm_setAutomine", False)
    sender = bench.sender()
    with pytest.raises(TransactionPending):
        sender.send("pay", transfer(FRIEND, 5), timeout=0.05)
    bench.anvil.mine_blocks(1)
    assert sender.send("pay", transfer(FRIEND, 5)).succeeded
    assert bench.raw_nonces() == [0]


def test_an_intent_can_be_given_up_only_before_it_is_signed(bench: Bench) -> None:
    sender = bench.sender(fee_cap=10)
    with pytest.raises(FeeCapExceeded):
        sender.send("pay", transfer(FRIEND, 5))
    assert sender.abandon("pay")
    assert sender.poll() == []
    sender.close()
    sender = bench.sender()
    sender.send("other", transfer(FRIEND, 5))
    assert not sender.abandon("other")
    assert not sender.abandon("never heard of")
