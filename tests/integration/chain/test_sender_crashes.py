"""The sender killed at every write, before it is kept and after: the act is done once, whatever happens."""

import pytest

from atomic_verify.chain.calls import transfer
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.intents import Intent, IntentState
from tests.integration.chain.conftest import Bench
from tests.integration.chain.support import FRIEND, Killed, MemoryStore

WRITES = 5
"""Intended, signed, sent, mined, final."""


def live(bench: Bench, store: MemoryStore) -> None:
    """One life of a process that wants one payment made: it goes on with what it finds, asks again, sees it final."""
    sender = bench.sender(store)
    try:
        sender.recover()
        sender.send("pay", transfer(FRIEND, 5))
        bench.anvil.mine_blocks(3)
        sender.poll()
    finally:
        sender.close()  # the lock ends with the process


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_killed_at_any_write_it_pays_once(bench: Bench, write: int, kept: bool) -> None:
    store = MemoryStore()
    store.kill_at, store.kill_after_keeping = write, kept
    with pytest.raises(Killed):
        live(bench, store)
    live(bench, store)
    found = store.get(31_337, bench.signer().address, "pay")
    assert found is not None
    assert found.state is IntentState.FINAL
    assert bench.chain().coin_of(FRIEND) == 5
    assert bench.raw_nonces() == [0]


def test_killed_again_and_again_it_pays_once(bench: Bench) -> None:
    store = MemoryStore()
    deaths = 0
    for kept in (False, True) * WRITES:
        store.kill_at, store.kill_after_keeping = store.writes + 1, kept
        try:
            live(bench, store)
        except Killed:
            deaths += 1
    assert deaths >= WRITES
    assert bench.chain().coin_of(FRIEND) == 5
    assert bench.raw_nonces() == [0]


def test_recovering_alone_finishes_what_was_intended(bench: Bench) -> None:
    store = MemoryStore()
    store.kill_at, store.kill_after_keeping = 1, True
    with pytest.raises(Killed):
        live(bench, store)
    sender = bench.sender(store)
    assert [one.state for one in sender.recover()] == [IntentState.SENT]
    bench.anvil.mine_blocks()
    assert [one.state for one in sender.recover()] == [IntentState.MINED]
    assert bench.chain().coin_of(FRIEND) == 5


def test_several_intents_killed_in_the_middle_keep_their_order(bench: Bench) -> None:
    for write in range(2, 12, 3):
        store = MemoryStore()
        store.kill_at, store.kill_after_keeping = write, bool(write % 2)
        before = bench.chain().coin_of(FRIEND)
        first = bench.nonce()

        def life(store: MemoryStore = store) -> None:
            sender = bench.sender(store)
            try:
                sender.recover()
                for index in range(3):
                    sender.send(f"pay:{index}", transfer(FRIEND, 10**index))
            finally:
                sender.close()

        with pytest.raises(Killed):
            life()
        life()
        assert bench.chain().coin_of(FRIEND) - before == 111
        assert bench.nonce() - first == 3


def test_what_became_impossible_meanwhile_fails_and_costs_nothing(bench: Bench) -> None:
    store, chain = MemoryStore(), bench.chain()
    token = bench.deployment.utility_token
    bench.sender(index=0).send("gift", chain.calls.transfer_token(token, bench.signer().address, 7))
    store.kill_at, store.kill_after_keeping = 1, True
    sender = bench.sender(store)
    with pytest.raises(Killed):
        sender.submit("pay", chain.calls.transfer_token(token, FRIEND, 7))
    sender.close()
    elsewhere = bench.sender(folder=bench.folder / "elsewhere")
    elsewhere.send("spend", chain.calls.transfer_token(token, FRIEND, 7))
    nonce = bench.nonce()
    [found] = bench.sender(store).recover()
    assert (found.state, found.error_code) == (IntentState.FAILED, "revert-erc20-insufficient-balance")
    assert bench.nonce() == nonce


class FullDisk(MemoryStore):
    """Refuses the write of number `full_at` and takes all others."""

    full_at = 0

    def _keep(self, intent: Intent) -> None:
        if self.writes + 1 == self.full_at:
            self.full_at = 0
            raise RecordRefused("No space left on the device")
        super()._keep(intent)


class RecordRefused(AtomicError):
    """What a store raises that cannot write."""

    code = "record-refused"


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_full_disk_stops_nothing_twice_and_loses_nothing(bench: Bench, write: int) -> None:
    store = FullDisk()
    store.full_at = write
    sender = bench.sender(store)
    for _ in range(2):
        try:
            sender.send("pay", transfer(FRIEND, 5))
        except RecordRefused:
            bench.anvil.mine_blocks()  # what was broadcast is in a block a moment after the node took it
            assert bench.raw_nonces() == ([] if write <= 2 else [0])
    bench.anvil.mine_blocks(3)
    sender.poll()
    sender.poll()
    found = sender.intent("pay")
    assert found is not None
    assert found.state is IntentState.FINAL
    assert bench.chain().coin_of(FRIEND) == 5
    assert bench.raw_nonces() == [0]
