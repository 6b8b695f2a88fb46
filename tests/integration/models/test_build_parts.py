"""What build scripts share: files out of a wheel, and a circuit's files beside the model."""

import zipfile
from pathlib import Path

import pytest

from atomic_verify.models import wheels
from atomic_verify.models.critical.copying import copy_circuit
from tests.support.circuit_files import write_circuit


def wheel_of(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "some-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_files_come_out_of_a_wheel_in_order_and_empty_ones_not(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, {"b/two": b"2", "a/": b"", "a/none": b"", "a/one": b"1"})
    assert list(wheels.members(wheel).items()) == [("a/one", b"1"), ("b/two", b"2")]


def test_a_wheel_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "MAX_MEMBER_BYTES", 10)
    with pytest.raises(ValueError, match="more than 10"):
        wheels.members(wheel_of(tmp_path, {"large": bytes(11)}))


def test_a_circuits_files_are_copied_but_its_network_is_the_scripts(tmp_path: Path) -> None:
    circuit, out = tmp_path / "circuit", tmp_path / "out"
    circuit.mkdir()
    out.mkdir()
    copy_circuit(circuit, out)
    assert not list(out.iterdir())
    write_circuit(circuit, b"network", 4, 2)
    (circuit / "recipe.json").write_text("{}")
    copy_circuit(circuit, out)
    wanted = {"circuit.json", "settings.json", "srs", "verifier.sol", "verifier.bin"}
    assert {path.name for path in out.iterdir()} == wanted
    assert all((out / name).read_bytes() == (circuit / name).read_bytes() for name in wanted)
