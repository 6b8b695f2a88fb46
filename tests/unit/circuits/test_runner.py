"""What becomes of a request whose child fails, hangs, dies or talks nonsense; the child here isn't EZKL's."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer

import pytest

from atomic_verify.errors import AtomicError
from circuits.errors import (
    CircuitCrashed,
    CircuitFailed,
    CircuitOutOfMemory,
    CircuitRange,
    CircuitStopped,
    CircuitTimeout,
    EzklMissing,
    EzklWrongVersion,
)
from circuits.runner import ProverLimits, ask, require_ezkl

ROOT = Path(__file__).resolve().parents[3]
FAKE = "tests.unit.circuits.fake_child"
LIMITS = ProverLimits(prove_seconds=60)


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_reply_comes_back_as_it_was_given() -> None:
    reply = ask("echo", {"x": [1, "two"]}, LIMITS, child=FAKE)
    assert (reply.result, reply.seconds, reply.peak_bytes) == ({"x": [1, "two"]}, 0.5, 7)


@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        ("fail", CircuitFailed),
        ("panic", CircuitCrashed),
        ("crash", CircuitCrashed),
        ("silent", CircuitCrashed),
        ("garbage", CircuitCrashed),
        ("deep", CircuitCrashed),
        ("other", CircuitCrashed),
        ("list", CircuitCrashed),
        ("memory-error", CircuitOutOfMemory),
        ("threads", CircuitOutOfMemory),
        ("abort", CircuitOutOfMemory),
        ("killed", CircuitOutOfMemory),
        ("range", CircuitRange),
    ],
)
def test_whatever_happens_to_the_child_is_a_coded_error(act: str, wanted: type[AtomicError]) -> None:
    with pytest.raises(CircuitFailed) as caught:
        ask(act, {}, LIMITS, child=FAKE)
    assert type(caught.value) is wanted
    assert caught.value.details["act"] == act


def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CircuitTimeout):
        ask("sleep", {"pid": str(tmp_path / "pid")}, LIMITS, seconds=1.0, child=FAKE)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_proof_can_be_called_off(tmp_path: Path) -> None:
    stop = Event()
    Timer(0.7, stop.set).start()
    with pytest.raises(CircuitStopped):
        ask("sleep", {"pid": str(tmp_path / "pid")}, LIMITS, stop=stop, child=FAKE)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_child_sees_no_settings_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOMIC_DATABASE_URL", "postgresql://user:secret@host/atomic")
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = ask("walls", {"port": server.getsockname()[1]}, LIMITS, child=FAKE).result
    assert found["secrets"] == []
    # Where the kernel doesn't let it leave, it is still in this network.
    stayed = found["left"] == str(Path("/proc/self/ns/net").readlink())
    assert found["reached"] is stayed


def test_a_child_dies_with_its_owner(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    code = (
        "from circuits.runner import *\n"
        f"ask('sleep', {{'pid': {str(place)!r}}}, ProverLimits(prove_seconds=60), child={FAKE!r})"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    until(lambda: place.exists() and place.read_text() != "")
    child = int(place.read_text())
    assert is_alive(child)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    until(lambda: not is_alive(child))


def test_without_ezkl_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'ezkl': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "import importlib.util as util; found = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'ezkl' else found(name, *more)\n"
        "import circuits.build, circuits.check, circuits.prover\n"
        "from circuits.runner import is_available, require_ezkl\n"
        "assert not is_available()\n"
        "try: require_ezkl()\n"
        "except Exception as error: print(error.code, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == 'ezkl-missing pip install "atomic-verify[zk]"\n'
    assert EzklMissing.code == "ezkl-missing"


def test_another_version_of_ezkl_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circuits.runner.is_available", lambda: True)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "22.1.0")
    with pytest.raises(EzklWrongVersion) as caught:
        require_ezkl("23.0.5")
    assert caught.value.details == {"wanted": "23.0.5", "found": "22.1.0"}
