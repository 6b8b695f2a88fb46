"""The manifests of circuits: those in the repository hold, and wrong ones are refused. Without EZKL."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.models.circuit import (
    CIRCUIT_NAME,
    MAX_CIRCUIT_BYTES,
    CircuitInvalid,
    CircuitManifest,
    CircuitMismatch,
    DevelopmentSrs,
    read_circuit,
    require_agreement,
)
from atomic_verify.models.errors import ModelBuildFailed, ModelFileMissing
from atomic_verify.models.parts import CriticalEntry, CriticalFiles, FilePin
from atomic_verify.models.pinned import read_pinned
from circuits.errors import SrsMismatch
from circuits.material import material_of
from circuits.recipe import Recipe
from circuits.srs import CeremonyFile, read_ceremony, require_size

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("magika-head", "penguins")
PENGUINS = ROOT / "circuits" / "penguins"
TEXT = (PENGUINS / CIRCUIT_NAME).read_text()


def changed(path: str, value: Any) -> str:
    """circuit.json of the penguins with one field set to another value."""
    whole = json.loads(TEXT)
    place = whole
    *above, last = path.split(".")
    for name in above:
        place = place[name]
    place[last] = value
    return json.dumps(whole)


@pytest.mark.parametrize("name", NAMES)
def test_the_artefacts_in_the_repository_are_the_pinned_ones(name: str) -> None:
    folder = ROOT / "circuits" / name
    manifest, digest = read_circuit(folder)
    assert manifest.name == name
    assert digest == hashlib.sha256(manifest.text().encode()).hexdigest()
    for pin in manifest.files:
        # The network is made by the model's build script.
        if pin != manifest.network:
            read_pinned(folder, pin)
    require_size((folder / manifest.srs.pin.file).read_bytes(), manifest.srs.k)


@pytest.mark.parametrize("name", NAMES)
def test_a_circuit_is_what_its_recipe_says_and_reaches_its_goals(name: str) -> None:
    folder = ROOT / "circuits" / name
    manifest, recipe = read_circuit(folder)[0], Recipe.load(folder)
    assert dict(manifest.ezkl.run_args) == recipe.run_args()
    assert (manifest.inputs.scale, manifest.inputs.limit) == (recipe.scale, recipe.limit)
    assert manifest.accuracy.label_agreement == 1
    assert manifest.cost.prove_seconds <= 60
    assert manifest.cost.peak_mb <= 8000
    assert manifest.cost.verify_gas <= {"magika-head": 1_400_000, "penguins": 800_000}[name]


def test_the_srs_files_are_small_together() -> None:
    assert sum((ROOT / "circuits" / name / "srs").stat().st_size for name in NAMES) <= 20 * 10**6


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 2),
        ("name", "../penguins"),
        ("srs.kind", "borrowed"),
        ("srs.k", 29),
        ("srs.pin.file", "../srs"),
        ("verifier.runtime_bytes", 24_577),
        ("verifier.code_hash", "0x" + "ab" * 31),
        ("inputs.limit", 0),
        ("inputs.scale", -1),
        ("inputs.count", 4.5),
        ("outputs.count", 1),
        ("accuracy.max_difference", -1),
        ("accuracy.label_agreement", 1.5),
        ("cost.proof_bytes", 0),
        ("more", 1),
    ],
)
def test_a_wrong_field_is_named(path: str, value: Any) -> None:
    with pytest.raises(CircuitInvalid) as caught:
        CircuitManifest.parse(changed(path, value))
    assert caught.value.details["at"] == path


@pytest.mark.parametrize("text", ["", "[]", "{", "x" * (MAX_CIRCUIT_BYTES + 1)])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(CircuitInvalid):
        CircuitManifest.parse(text)


def test_a_folder_without_a_circuit_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing):
        read_circuit(tmp_path)


@pytest.mark.parametrize("chain_id", [31_337, 1337])
def test_a_development_srs_is_for_development_chains(chain_id: int) -> None:
    CircuitManifest.parse(TEXT).require_ceremony(chain_id)


@pytest.mark.parametrize("chain_id", [0, 1, 10, 137, 8453, 11_155_111, 31_338])
def test_no_other_chain_takes_a_development_srs(chain_id: int) -> None:
    with pytest.raises(DevelopmentSrs):
        CircuitManifest.parse(TEXT).require_ceremony(chain_id)
    CircuitManifest.parse(changed("srs.kind", "ceremony")).require_ceremony(chain_id)


def entry(**other: Any) -> CriticalEntry:
    """The critical entry of a model that uses the penguins' circuit."""
    circuit, digest = read_circuit(PENGUINS)
    network, settings, srs, source, creation = circuit.files
    own = FilePin(file=CIRCUIT_NAME, bytes=len(TEXT), sha256=other.get("circuit", digest))
    right: dict[str, Any] = {
        "kind": "whole",
        "name": "penguins",
        "development": True,
        "circuit": digest,
        "verification_key": circuit.verification_key,
        "verifier_code": circuit.verifier.code_hash,
        "input_scale": circuit.inputs.scale,
        "output_scale": circuit.outputs.scale,
        "limit": circuit.inputs.limit,
        "certain_margin": 40,
        "files": CriticalFiles(
            network=network, circuit=own, settings=settings, srs=srs, verifier_source=source, verifier_code=creation
        ),
    }
    return CriticalEntry(**right | other)


def test_a_model_agrees_with_its_circuit() -> None:
    require_agreement(entry(), *read_circuit(PENGUINS))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("circuit", "ab" * 32),
        ("development", False),
        ("verification_key", "ab" * 32),
        ("verifier_code", "ab" * 32),
        ("input_scale", 3),
        ("output_scale", 3),
        ("limit", 1),
    ],
)
def test_a_model_that_is_about_another_circuit_is_refused(field: str, value: Any) -> None:
    with pytest.raises(CircuitMismatch) as caught:
        require_agreement(entry(**{field: value}), *read_circuit(PENGUINS))
    assert caught.value.details["field"] == field


@pytest.mark.parametrize("text", ["{}", "[]", '{"name": "x", "scale": 0}'])
def test_a_wrong_recipe_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(CircuitInvalid):
        Recipe.load(tmp_path)


@pytest.mark.parametrize("source", ["/etc", "../evil", "models/../../evil", "models/penguins/../../.."])
def test_a_recipe_runs_scripts_of_the_repository_only(source: str, tmp_path: Path) -> None:
    whole = json.loads((PENGUINS / "recipe.json").read_text())
    (tmp_path / "recipe.json").write_text(json.dumps(whole | {"source": source}))
    with pytest.raises(CircuitInvalid) as caught:
        Recipe.load(tmp_path)
    assert caught.value.details["at"] == "source"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "no build script"),
        ("raise SystemExit('no such data')", "no such data"),
        ("", "made no network.onnx"),
        ("import sys; open(sys.argv[1] + '/network.onnx', 'w'); open(sys.argv[3], 'w')", "calibration"),
    ],
)
def test_a_build_script_that_gives_no_material_says_why(script: str | None, told: str, tmp_path: Path) -> None:
    if script is not None:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "build.py").write_text(script)
    with pytest.raises(ModelBuildFailed) as caught:
        material_of("model", tmp_path)
    assert told in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("change", [b"", b"\0"])
def test_an_srs_is_of_the_length_of_its_size(change: bytes) -> None:
    content = (PENGUINS / "srs").read_bytes()
    with pytest.raises(SrsMismatch, match="bytes"):
        require_size(content + change if change else content[:-1], 11)


def test_a_ceremony_file_is_taken_by_its_digest_and_size_only() -> None:
    path, pin = PENGUINS / "srs", CircuitManifest.parse(TEXT).srs.pin
    assert read_ceremony(CeremonyFile(path, pin.sha256.upper()), 11) == path.read_bytes()
    assert read_ceremony(CeremonyFile(path, "0x" + pin.sha256), 11) == path.read_bytes()
    with pytest.raises(SrsMismatch):
        read_ceremony(CeremonyFile(path, "ab" * 32), 11)
    with pytest.raises(SrsMismatch):
        read_ceremony(CeremonyFile(path, pin.sha256), 12)
