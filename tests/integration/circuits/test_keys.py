"""Keys: made once, made again when they aren't what was made, whatever killed the making."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from atomic_verify.models.circuit import CircuitMismatch
from circuits.keys import COMPILED, NAMES, PROVING, RECORD, VERIFICATION, CircuitFiles, Keys, sha256_of
from circuits.prover import Circuit
from circuits.runner import ProverLimits
from tests.integration.circuits.conftest import Tiny, network

ROOT = Path(__file__).resolve().parents[3]
Open = Callable[..., Circuit]


def times(folder: Path) -> list[int]:
    return [(folder / name).stat().st_mtime_ns for name in NAMES]


def test_keys_are_made_once_and_are_the_pinned_ones(opened: Open, tmp_path: Path) -> None:
    said: list[str] = []
    circuit = opened(said.append)
    circuit.ensure_keys()
    first = times(tmp_path / "keys")
    assert sha256_of(tmp_path / "keys" / VERIFICATION) == circuit.manifest.verification_key
    circuit.ensure_keys()
    opened(said.append).ensure_keys()
    assert times(tmp_path / "keys") == first
    assert said == ["Making the keys of tiny"]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", [COMPILED, PROVING, VERIFICATION, RECORD])
@pytest.mark.parametrize("harm", [Path.unlink, cut_short, flip])
def test_damaged_keys_are_made_again(name: str, harm: Callable[[Path], None], opened: Open, tmp_path: Path) -> None:
    circuit = opened()
    circuit.ensure_keys()
    harm(tmp_path / "keys" / name)
    for one in (circuit, opened()):
        one.ensure_keys()
        record = json.loads((tmp_path / "keys" / RECORD).read_text())
        assert record["files"] == {key: sha256_of(tmp_path / "keys" / key) for key in NAMES}


def test_a_wrong_proving_key_is_found_by_its_digest_and_does_not_hang(opened: Open, tiny: Tiny, tmp_path: Path) -> None:
    circuit = opened()
    circuit.ensure_keys()
    other = Keys(circuit.manifest, "other", _of_another_network(circuit, tmp_path), tmp_path / "x", ProverLimits())
    with pytest.raises(CircuitMismatch, match="another verification key"):
        other.ensure()
    wrong = tmp_path / "x" / "new" / PROVING
    assert wrong.stat().st_size == (tmp_path / "keys" / PROVING).stat().st_size
    wrong.replace(tmp_path / "keys" / PROVING)
    assert circuit.prove(tiny.item).outputs == tiny.proof.outputs


def _of_another_network(circuit: Circuit, tmp_path: Path) -> CircuitFiles:
    path = tmp_path / "other.onnx"
    path.write_bytes(network(7))
    files = circuit._keys.files
    return CircuitFiles(path, files.settings, files.srs)


def test_leftovers_of_a_killed_making_do_not_matter(opened: Open, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    (folder / "new").mkdir(parents=True)
    (folder / "new" / PROVING).write_bytes(b"half")
    (folder / PROVING).write_bytes(b"old")
    opened().ensure_keys()
    assert not (folder / "new").exists()
    assert (folder / PROVING).stat().st_size > 1000


@pytest.mark.parametrize("moment", ["new", "new/network.compiled", "new/pk.key"])
def test_kill_9_while_keys_are_made(moment: str, opened: Open, tiny_folder: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from circuits.prover import Circuit\n"
        f"Circuit.of(Path({str(tiny_folder)!r}), cache=Path({str(tmp_path / 'keys')!r})).ensure_keys()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 30
    while not (tmp_path / "keys" / moment).exists() and owner.poll() is None:
        assert time.monotonic() < deadline
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    circuit = opened()
    circuit.ensure_keys()
    assert sha256_of(tmp_path / "keys" / VERIFICATION) == circuit.manifest.verification_key


def test_several_may_ask_at_once(opened: Open, tmp_path: Path) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=opened(said.append).ensure_keys) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert said == ["Making the keys of tiny"]
