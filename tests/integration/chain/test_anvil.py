"""The embedded chain: it starts on a free port, keeps time when asked to, and never outlives its starter."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer, find_anvil
from atomic_verify.chain.errors import AnvilFailed, AnvilMissing

FOREVER = "import sys, time\nfrom atomic_verify.chain.anvil import Anvil\nchain = Anvil().start()\n"


def gone(pid: int, within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_starter(how: signal.Signals) -> None:
    code = FOREVER + "print(chain.pid, flush=True)\ntime.sleep(60)"
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert psutil.pid_exists(pid)
    os.kill(starter.pid, how)
    starter.wait()
    starter.stdout.close()
    assert gone(pid)


def test_the_end_of_the_block_ends_it_and_all_it_started() -> None:
    with Anvil() as anvil:
        pid = anvil.pid
        assert pid is not None
        children = psutil.Process().children(recursive=True)
        assert pid in [child.pid for child in children]
    assert gone(pid)
    anvil.stop()


def test_a_taken_port_is_told() -> None:
    with Anvil() as first, pytest.raises(AnvilFailed):
        Anvil(AnvilOptions(port=first.port, chain_id=1_337)).start(timeout=5)


def test_a_missing_binary_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("atomic_verify.chain.anvil._native", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AnvilMissing):
        find_anvil()


def test_mixed_mining_lets_time_pass_on_a_quiet_chain() -> None:
    with Anvil(AnvilOptions(block_time=1, mixed=True)) as anvil:
        deadline = time.monotonic() + 20
        while int(anvil.request("eth_blockNumber"), 16) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert int(anvil.request("eth_blockNumber"), 16) >= 2


def test_accounts_are_funded_and_more_can_be() -> None:
    with Anvil(AnvilOptions(accounts=3, balance=7)) as anvil:
        assert int(anvil.request("eth_getBalance", development_signer(2).address, "latest"), 16) == 7 * 10**18
        anvil.fund("0x" + "12" * 20, 5)
        assert int(anvil.request("eth_getBalance", "0x" + "12" * 20, "latest"), 16) == 5


def test_a_state_file_outlives_the_chain(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Anvil(AnvilOptions(state=state)) as anvil:
        anvil.mine_blocks(3)
    with Anvil(AnvilOptions(state=state)) as anvil:
        assert int(anvil.request("eth_blockNumber"), 16) == 3
