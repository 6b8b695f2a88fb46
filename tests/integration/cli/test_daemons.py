"""Worker, gateway and chain as commands: what they refuse to start with, and how they end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from atomic_verify.chain.anvil import Anvil, AnvilOptions, free_port
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deployment import Deployment
from atomic_verify.cli.amounts import TOKEN
from atomic_verify.protocol.primitives import parse_address
from tests.integration.cli.conftest import Shell

FRIEND = parse_address("0x" + "a1ce" * 10)
DAEMONS = ["worker", "gateway"]


@pytest.fixture
def person(make_shell: Callable[[int], Shell]) -> Shell:
    """Somebody with coin, but without stake."""
    return make_shell(4)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_needs_its_chain(person: Shell, daemon: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert "error chain-unavailable:" in person(daemon, "run", "--rpc", nobody, code=1).stderr


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_needs_the_right_chain(person: Shell, daemon: str) -> None:
    with Anvil(AnvilOptions(chain_id=1337)) as other:
        assert "error wrong-chain:" in person(daemon, "run", "--rpc", other.url, code=1).stderr


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_needs_contracts(person: Shell, daemon: str) -> None:
    assert "error deployment-missing:" in person(daemon, "run", "--chain-id", "77", code=1).stderr
    with Anvil(AnvilOptions()) as empty:
        assert "error not-deployed:" in person(daemon, "run", "--rpc", empty.url, code=1).stderr


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_needs_a_key(person: Shell, daemon: str, tmp_path: Path) -> None:
    assert "error keystore-missing:" in person(daemon, "run", "--keystore", "nowhere.json", code=1).stderr
    (tmp_path / "wrong").write_text("no\n")
    shown = person(daemon, "run", "--password-file", str(tmp_path / "wrong"), code=1)
    assert "error keystore-password-wrong:" in shown.stderr
    del person.environment["ATOMIC_KEYSTORE"]
    shown = person(daemon, "run", code=1)
    assert "error keystore-" in shown.stderr
    assert "atomic key new" in shown.stderr


def test_a_worker_needs_stake(person: Shell) -> None:
    shown = person("worker", "run", code=1)
    assert "error worker-stake-missing:" in shown.stderr
    assert "atomic stake add" in shown.stderr


def test_a_worker_needs_a_model(bank: Shell, tmp_path: Path) -> None:
    bank("stake", "add", "10")
    shown = bank("worker", "run", "--models", str(tmp_path / "none"), code=1)
    assert "error worker-no-models:" in shown.stderr


def test_a_gateway_that_others_reach_needs_a_write_key(person: Shell) -> None:
    shown = person("gateway", "run", "--host", "0.0.0.0", code=1)
    assert "error config-invalid:" in shown.stderr
    assert "write key" in shown.stderr


def test_a_worker_whose_port_is_taken_says_so(bank: Shell) -> None:
    bank("stake", "add", "10")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shown = bank("worker", "run", "--port", str(taken.getsockname()[1]), code=1)
    assert shown.stderr.startswith("error ")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_development_chain_runs_until_it_is_stopped(tmp_path: Path, ending: signal.Signals) -> None:
    port = free_port()
    arguments = ["chain", "--port", str(port), "--deployments", str(tmp_path), "--fund", FRIEND, "--tokens", "7"]
    command = subprocess.Popen(
        [sys.executable, "-m", "atomic_verify.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert command.stdout is not None
    lines: list[str] = []
    while "Ctrl-C" not in (line := command.stdout.readline()):
        assert line, lines
        lines.append(line)
    (node,) = psutil.Process(command.pid).children()
    deployment = Deployment.load(tmp_path, 31_337)
    chain = Chain.connect(f"http://127.0.0.1:{port}", deployment)
    assert chain.balance_of(chain.deployment.address("Market")) == 0
    assert chain.balance_of(FRIEND) == 7 * TOKEN
    assert any(deployment.market in line for line in lines)
    assert any(f"http://127.0.0.1:{port}" in line for line in lines)
    command.send_signal(ending)
    assert (command.wait(20) == 0) == (ending is not signal.SIGKILL)
    command.stdout.close()
    deadline = time.monotonic() + 10
    while node.is_running() and node.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the node outlived the command"
        time.sleep(0.05)


def test_a_kept_chain_goes_on_where_it_stopped(bank: Shell, tmp_path: Path) -> None:
    """Stopped and started again with the same state file, the contracts and balances are still there."""
    arguments = ["chain", "--deployments", str(tmp_path), "--state", str(tmp_path / "state.json")]
    records = []
    for fund in (["--fund", FRIEND, "--tokens", "3"], []):
        command = subprocess.Popen(
            [sys.executable, "-m", "atomic_verify.cli", *arguments, "--port", str(port := free_port()), *fund],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert command.stdout is not None
        while "Ctrl-C" not in (line := command.stdout.readline()):
            assert line
        records.append((tmp_path / "31337.json").read_text())
        chain = Chain.connect(f"http://127.0.0.1:{port}", Deployment.load(tmp_path, 31_337))
        assert chain.balance_of(FRIEND) == 3 * TOKEN
        command.send_signal(signal.SIGINT)
        assert command.wait(20) == 0
        command.stdout.close()
    assert records[0] == records[1]
