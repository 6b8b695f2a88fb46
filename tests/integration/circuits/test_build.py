"""Building and checking circuits: twice gives the same, what differs is found, and a chain has what is pinned."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atomic_verify.chain.anvil import Anvil, AnvilOptions
from atomic_verify.cli import app
from atomic_verify.models.circuit import (
    CIRCUIT_NAME,
    CREATE2_DEPLOYER,
    CircuitInvalid,
    CircuitMismatch,
    DevelopmentSrs,
    read_circuit,
)
from atomic_verify.models.errors import ModelDigestMismatch
from circuits.build import build
from circuits.check import check, check_deployed
from circuits.errors import CircuitFailed, SrsMismatch
from circuits.keys import sha256_of
from circuits.material import Material, material_of
from circuits.recipe import Recipe
from circuits.solidity import calldata, compile_verifier
from circuits.srs import CeremonyFile
from tests.integration.circuits.conftest import ROOT, Tiny, network, rows

CIRCUITS = ROOT / "circuits"


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny circuit's folder."""
    return shutil.copytree(tiny_folder, tmp_path / "tiny", ignore=shutil.ignore_patterns(".circuit"))


def pinned(folder: Path, name: str, content: bytes) -> None:
    """Change a file of a circuit, and its pin with it, as a liar would."""
    whole = json.loads((folder / CIRCUIT_NAME).read_text())
    pins = {
        "settings.json": whole["settings"],
        "srs": whole["srs"]["pin"],
        "verifier.sol": whole["verifier"]["source"],
        "verifier.bin": whole["verifier"]["creation"],
        "network.onnx": whole["network"],
    }
    (folder / name).write_bytes(content)
    pins[name].update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / CIRCUIT_NAME).write_text(json.dumps(whole))


@pytest.mark.parametrize("name", ["penguins", "magika-head"])
def test_a_circuit_of_the_repository_follows_from_what_is_pinned(name: str) -> None:
    # magika-head takes some 20 s, most of it for its keys.
    found = check(CIRCUITS / name, material_of(Recipe.load(CIRCUITS / name).source).network)
    assert [one for one in found.findings if not one.is_right] == []


def test_building_again_gives_the_same_and_writes_nothing(folder: Path) -> None:
    before = {path.name: sha256_of(path) for path in folder.iterdir()}
    again = build(folder, Material(network(0), rows(3)))
    assert again.unchanged
    assert {path.name: sha256_of(path) for path in folder.iterdir()} == before


def test_another_network_gives_another_circuit(folder: Path) -> None:
    before, _ = read_circuit(folder)
    again = build(folder, Material(network(1), rows(3)))
    assert not again.unchanged
    assert again.manifest.verification_key != before.verification_key
    assert again.manifest.srs == before.srs
    assert read_circuit(folder)[0] == again.manifest


def test_an_srs_of_another_size_or_digest_is_refused(folder: Path) -> None:
    small = folder / "small"
    small.write_bytes((10).to_bytes(4, "little") + bytes(64))
    for file in (CeremonyFile(small, sha256_of(small)), CeremonyFile(folder / "srs", "ab" * 32)):
        with pytest.raises(SrsMismatch):
            build(folder, Material(network(0), rows(3)), ceremony=file)


def test_the_development_srs_of_the_circuit_passes_for_no_ceremony(folder: Path) -> None:
    whole = json.loads((folder / CIRCUIT_NAME).read_text())
    whole["srs"]["kind"] = "development"
    (folder / CIRCUIT_NAME).write_text(json.dumps(whole))
    with pytest.raises(SrsMismatch, match="development"):
        build(folder, Material(network(0), rows(3)), ceremony=CeremonyFile(folder / "srs", sha256_of(folder / "srs")))


@pytest.mark.parametrize("name", ["settings.json", "srs"])
def test_a_damaged_artefact_is_not_made_anew(name: str, folder: Path) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    before = {path.name: sha256_of(path) for path in folder.iterdir()}
    with pytest.raises(CircuitMismatch, match=name):
        build(folder, Material(network(0), rows(3)))
    assert {path.name: sha256_of(path) for path in folder.iterdir()} == before


def test_a_ceremony_circuit_never_falls_back_to_a_development_srs(folder: Path) -> None:
    whole = json.loads((folder / CIRCUIT_NAME).read_text())
    whole["srs"].update(k=whole["srs"]["k"] + 1, kind="ceremony")
    (folder / CIRCUIT_NAME).write_text(json.dumps(whole))
    with pytest.raises(SrsMismatch, match="ceremony"):
        build(folder, Material(network(0), rows(3)))


def test_a_network_with_an_operator_that_ezkl_refuses_is_a_coded_error(folder: Path) -> None:
    with pytest.raises(CircuitFailed):
        build(folder, Material(b"no onnx file", rows(3)))


@pytest.mark.parametrize("name", ["verifier.sol", "verifier.bin"])
def test_a_verifier_that_does_not_follow_is_found(name: str, folder: Path) -> None:
    other = {"verifier.sol": b"contract Halo2Verifier {}", "verifier.bin": b"6000600055\n"}[name]
    pinned(folder, name, other)
    found = check(folder)
    assert not found.is_right
    assert {one.what for one in found.findings if not one.is_right} == {
        {"verifier.sol": "verifier source", "verifier.bin": "verifier creation code"}[name]
    }


@pytest.mark.parametrize(
    ("what", "field", "value"),
    [
        ("weights", "param_visibility", "Private"),
        ("inputs", "input_visibility", "Private"),
        ("range checks", "decomp_legs", 64),
    ],
)
def test_settings_that_bind_too_little_are_found(what: str, field: str, value: object, folder: Path) -> None:
    settings = json.loads((folder / "settings.json").read_text())
    settings["run_args"][field] = value
    pinned(folder, "settings.json", json.dumps(settings).encode())
    assert what in {one.what for one in check(folder).findings if not one.is_right}


@pytest.mark.parametrize(
    ("name", "content"), [("settings.json", b'{"run_args": []}'), ("settings.json", b"\xff"), ("verifier.bin", b"0xzz")]
)
def test_a_file_of_the_wrong_kind_is_refused(name: str, content: bytes, folder: Path) -> None:
    pinned(folder, name, content)
    with pytest.raises(CircuitInvalid):
        check(folder)


def test_another_key_than_the_pinned_is_found(folder: Path) -> None:
    pinned(folder, "network.onnx", network(2))
    wrong = {one.what for one in check(folder).findings if not one.is_right}
    assert wrong == {"verification key", "verifier source", "verifier creation code", "verifier code"}


def test_a_file_that_is_not_the_pinned_one_is_refused(folder: Path) -> None:
    (folder / "settings.json").write_text("{}")
    with pytest.raises(ModelDigestMismatch):
        check(folder)


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with Anvil() as running:
        yield running


def test_the_verifier_stands_where_it_belongs_and_takes_the_proof(chain: Anvil, tiny: Tiny) -> None:
    found = check(tiny.folder)
    assert not check_deployed(found, chain.rpc, 31_337).is_right
    creation = bytes.fromhex((tiny.folder / "verifier.bin").read_text())
    sender = chain.request("eth_accounts")[0]
    data = "0x" + (bytes(32) + creation).hex()
    chain.request("eth_sendTransaction", {"from": sender, "to": "0x" + CREATE2_DEPLOYER.hex(), "data": data})
    chain.mine_blocks()
    assert check_deployed(found, chain.rpc, 31_337).is_right
    assert not check_deployed(found, chain.rpc, 31_337, sender).is_right
    call = {"to": found.address, "data": "0x" + calldata(tiny.proof.proof, tiny.instances).hex()}
    assert int(chain.request("eth_call", call, "latest"), 16) == 1


def test_a_development_srs_is_refused_on_a_public_chain() -> None:
    with Anvil(AnvilOptions(chain_id=1)) as public:
        found = check(CIRCUITS / "penguins", material_of("models/penguins").network)
        with pytest.raises(DevelopmentSrs):
            check_deployed(found, public.rpc, 1)


def test_a_verifier_that_is_too_large_is_refused() -> None:
    body = " ".join(f"function f{n}(uint x) public pure returns (uint) {{ return x * {n + 2}; }}" for n in range(900))
    with pytest.raises(CircuitFailed, match="24576"):
        compile_verifier(f"pragma solidity ^0.8.0; contract Halo2Verifier {{ {body} }}", {})


def test_the_command_line_checks_and_wants_a_digest_with_an_srs(tiny_folder: Path) -> None:
    shown = CliRunner().invoke(app, ["circuit", "check", str(tiny_folder), "--json"])
    assert (shown.exit_code, json.loads(shown.stdout)["right"]) == (0, True)
    only = CliRunner().invoke(app, ["circuit", "build", str(tiny_folder), "--srs", str(tiny_folder / "srs")])
    assert only.exit_code == 2
