"""Manifests: what is refused, what becomes of them on the chain, and their canonical form."""

import copy
import json
import struct
from typing import Any

import pytest

from atomic_verify.models.errors import ManifestInvalid
from atomic_verify.models.manifest import MAX_MANIFEST_BYTES, Manifest
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.model_types import CriticalKind, CriticalStep

DIGEST = "ab" * 32
ZERO = {"atol": 0, "rtol": 0}
PLAIN: dict[str, Any] = {
    "schema_version": 1,
    "name": "tiny",
    "version": "1.0.0",
    "title": "A tiny model",
    "licence": "MIT",
    "source": {"kind": "script", "location": "models/tiny/build.py"},
    "onnx": {"file": "model.onnx", "bytes": 10, "sha256": DIGEST},
    "inputs": [{"name": "x", "dtype": "int32", "shape": [1, 2048]}],
    "outputs": [{"name": "y", "dtype": "float", "shape": [1, 3], "accept": ZERO, "slash": ZERO}],
    "codec": {"name": "tensors"},
    "answer_schema": {"type": "object"},
}
PROGRAM = {
    "lowering_version": 1,
    "root": "01" * 32,
    "steps": 5,
    "depth": 3,
    "weights_root": "02" * 32,
    "weight_count": 2,
}
JUDGED = PLAIN | {"program": PROGRAM}


def manifest(base: dict = PLAIN, **changes) -> Manifest:
    return Manifest.parse(json.dumps(base | changes))


def with_tolerances(accept: dict, slash: dict, dtype: str = "float", base: dict = JUDGED) -> Manifest:
    output = {"name": "y", "dtype": dtype, "shape": [1, 3], "accept": accept, "slash": slash}
    return manifest(base, outputs=[output])


def test_a_models_spec_is_what_the_manifest_says() -> None:
    spec = manifest().spec()
    assert spec.onnx_digest == spec.execution_digest == bytes.fromhex(DIGEST)
    assert spec.program_root == spec.weights_root == bytes(32)
    assert (spec.inputs[0].name, spec.inputs[0].dtype, spec.inputs[0].shape) == ("x", 6, (1, 2048))
    assert (spec.outputs[0].dtype, spec.outputs[0].shape) == (1, (1, 3))
    assert spec.tolerances[0].accept.atol == 0
    assert manifest().model_id == model_id(spec)
    assert not manifest().disputable
    assert manifest(JUDGED, outputs=[PLAIN["outputs"][0] | {"dtype": "int64"}]).disputable


def test_the_id_covers_what_runs_and_not_what_is_said_about_it() -> None:
    plain = manifest().model_id
    assert manifest(title="Another title", licence="Apache-2.0").model_id == plain
    hardened = {"file": "hardened.onnx", "bytes": 11, "sha256": "cd" * 32}
    ids = {plain, manifest(execution=hardened).model_id, manifest(void_only=True).model_id}
    ids.add(manifest(onnx=PLAIN["onnx"] | {"sha256": "ef" * 32}).model_id)
    ids.add(manifest(inputs=[PLAIN["inputs"][0] | {"shape": [1, 2049]}]).model_id)
    assert len(ids) == 5


def test_a_program_goes_to_the_chain_whole() -> None:
    exact = [PLAIN["outputs"][0] | {"dtype": "int64"}]
    spec = manifest(JUDGED, outputs=exact).spec()
    assert (spec.program_root, spec.weights_root) == (b"\x01" * 32, b"\x02" * 32)
    assert (spec.lowering_version, spec.steps, spec.weight_count, spec.depth) == (1, 5, 2, 3)
    bare = PROGRAM | {"weights_root": "00" * 32, "weight_count": 0}
    spec = manifest(JUDGED, program=bare, outputs=exact).spec()
    assert (spec.weights_root, spec.weight_count) == (bytes(32), 0)
    others = ({"root": "03" * 32}, {"weights_root": "03" * 32}, {"steps": 6}, {"depth": 4}, {"lowering_version": 2})
    ids = {manifest(JUDGED, program=PROGRAM | one, outputs=exact).model_id for one in others}
    assert len(ids) == 5


def test_tolerances_go_to_the_chain_as_bit_patterns() -> None:
    spec = with_tolerances({"atol": 1e-4, "rtol": 0}, {"atol": 4e-4, "rtol": -0.0}).spec()
    (tolerance,) = spec.tolerances
    assert tolerance.accept.atol == struct.unpack("<Q", struct.pack("<d", 1e-4))[0]
    assert (tolerance.accept.rtol, tolerance.slash.rtol) == (0, 0)


@pytest.mark.parametrize(
    ("accept", "slash"),
    [
        (ZERO, ZERO),
        ({"atol": 1e-4, "rtol": 0}, {"atol": 1e-4, "rtol": 0}),
        ({"atol": 1e-4, "rtol": 0}, {"atol": 8.1e-4, "rtol": 0}),
        ({"atol": 1e-4, "rtol": 0}, {"atol": 4e-4, "rtol": 0.1}),
        ({"atol": 0, "rtol": 0.5}, {"atol": 0, "rtol": 1.0}),
        ({"atol": -1, "rtol": 0}, {"atol": 4, "rtol": 0}),
        ({"atol": 5e-324, "rtol": 0}, {"atol": 1e-323, "rtol": 0}),
        ({"atol": 1e400, "rtol": 0}, {"atol": 1e400, "rtol": 0}),
    ],
)
def test_tolerances_that_the_contract_would_refuse_are_refused(accept: dict, slash: dict) -> None:
    with pytest.raises(ManifestInvalid):
        with_tolerances(accept, slash)


def test_exact_outputs_and_undisputable_models_have_no_tolerance() -> None:
    accept, slash = {"atol": 1e-4, "rtol": 0}, {"atol": 4e-4, "rtol": 0}
    with_tolerances(accept, slash)
    for dtype, base in (("int64", JUDGED), ("float", PLAIN)):
        with_tolerances(ZERO, ZERO, dtype, base)
        with pytest.raises(ManifestInvalid):
            with_tolerances(accept, slash, dtype, base)


@pytest.mark.parametrize(
    "changes",
    [
        {"surplus": 1},
        {"schema_version": 2},
        {"name": "../escape"},
        {"name": "Upper"},
        {"name": "a" * 64},
        {"version": ""},
        {"title": ""},
        {"title": "x" * 501},
        {"onnx": {"file": "../model.onnx", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": "/etc/passwd", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": "a\\b", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": ".hidden", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": "manifest.json", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": "derivation.json", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": "Trial.json", "bytes": 10, "sha256": DIGEST}},
        {"onnx": {"file": "model.onnx", "bytes": 0, "sha256": DIGEST}},
        {"onnx": {"file": "model.onnx", "bytes": 10, "sha256": DIGEST.upper()}},
        {"onnx": {"file": "model.onnx", "bytes": "10", "sha256": DIGEST}},
        {"execution": PLAIN["onnx"]},
        {"inputs": []},
        {"inputs": PLAIN["inputs"] * 2},
        {"inputs": [{"name": f"x{i}", "dtype": "float", "shape": [1]} for i in range(17)]},
        {"inputs": [{"name": "x", "dtype": "string", "shape": [1]}]},
        {"inputs": [{"name": "x", "dtype": "float", "shape": [0]}]},
        {"inputs": [{"name": "x", "dtype": "float", "shape": [-1]}]},
        {"inputs": [{"name": "x", "dtype": "float", "shape": ["n", 4]}]},
        {"inputs": [{"name": "x", "dtype": "float", "shape": [True]}]},
        {"inputs": [{"name": "x", "dtype": "float", "shape": [1] * 11}]},
        {"inputs": [{"name": "x", "dtype": "float", "shape": [2**31 - 1, 2**31 - 1]}]},
        {"inputs": [{"name": "", "dtype": "float", "shape": [1]}]},
        {"inputs": [{"name": "é" * 65, "dtype": "float", "shape": [1]}]},
        {"inputs": [{"name": "a\nb", "dtype": "float", "shape": [1]}]},
        {"program": {}},
        {"program": PROGRAM | {"lowering_version": 0}},
        {"program": PROGRAM | {"root": "01"}},
        {"program": PROGRAM | {"steps": 0, "depth": 0}},
        {"program": PROGRAM | {"steps": 2}},
        {"program": PROGRAM | {"depth": 0}},
        {"program": PROGRAM | {"weight_count": 0}},
        {"program": PROGRAM | {"weights_root": "00" * 32}},
        {"program": PROGRAM | {"weight_count": 2**32}},
        {"answer_schema": {"$ref": "#"}},
        {"stacking": {"cpu": 0, "cuda": 1}},
        {"codec": {"name": ""}},
        {"onnx": None},
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict) -> None:
    with pytest.raises(ManifestInvalid):
        manifest(**changes)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"null", b"\xff", b'{"a":' * 5000, b" " * (MAX_MANIFEST_BYTES + 1)])
def test_text_that_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(ManifestInvalid):
        Manifest.parse(text)


def test_every_missing_field_is_named() -> None:
    for field in PLAIN:
        without = copy.deepcopy(PLAIN)
        del without[field]
        with pytest.raises(ManifestInvalid) as refused:
            Manifest.parse(json.dumps(without))
        assert refused.value.details["at"] == field


def test_the_canonical_form_does_not_depend_on_how_it_was_written() -> None:
    backwards = json.dumps(dict(reversed(PLAIN.items())), indent=3)
    assert Manifest.parse(backwards).canonical() == manifest().canonical()
    assert Manifest.parse(manifest().canonical()) == manifest()


def test_a_manifest_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(manifest(), "name", "other")  # noqa: B010


SCALED = {"atol": 1e-4, "rtol": 1e-6}
FEATURES = {"name": "f", "dtype": "float", "shape": [1, 4], "accept": SCALED, "slash": {"atol": 4e-4, "rtol": 4e-6}}
SCORES = FEATURES | {"name": "y", "shape": [1, 3]}
FILES = {
    which: {"file": f"{which}.bin", "bytes": 9, "sha256": f"{number:02x}" * 32}
    for number, which in enumerate(("network", "circuit", "settings", "srs", "verifier_source", "verifier_code"))
}
HEAD: dict[str, Any] = {
    "kind": "head",
    "name": "tiny-head",
    "development": True,
    "circuit": "01" * 32,
    "verification_key": "0a" * 32,
    "verifier_code": "0b" * 32,
    "input_scale": 13,
    "output_scale": 14,
    "limit": 2**18,
    "certain_margin": 77,
    "files": FILES,
}
WHOLE = HEAD | {"kind": "whole"}
PROVEN_HEAD = JUDGED | {"outputs": [FEATURES, SCORES], "critical": HEAD}
PROVEN_WHOLE = PLAIN | {"inputs": [{"name": "x", "dtype": "float", "shape": [1, 4]}], "critical": WHOLE}


def test_a_critical_step_goes_to_the_chain_whole() -> None:
    step = manifest(PROVEN_HEAD).spec().critical
    assert (step.kind, step.development) == (CriticalKind.HEAD, True)
    assert (step.circuit, step.verification_key) == (b"\x01" * 32, b"\x0a" * 32)
    assert step.verifier_code == b"\x0b" * 32
    assert (step.input_scale, step.output_scale, step.limit, step.certain_margin) == (13, 14, 2**18, 77)
    assert manifest(PROVEN_WHOLE).spec().critical.kind is CriticalKind.WHOLE
    assert manifest().spec().critical == CriticalStep.none()


def test_the_files_of_a_circuit_are_the_models_files() -> None:
    plain, proven = manifest(PROVEN_HEAD, critical=None), manifest(PROVEN_HEAD)
    assert [pin.file for pin in proven.files[len(plain.files) :]] == [pin["file"] for pin in FILES.values()]
    clashing = HEAD | {"files": FILES | {"srs": FILES["srs"] | {"file": "model.onnx"}}}
    with pytest.raises(ManifestInvalid):
        manifest(PROVEN_HEAD, critical=clashing)


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (PROVEN_HEAD, {"program": None, "outputs": [FEATURES | {"accept": ZERO, "slash": ZERO}] * 2}),
        (PROVEN_HEAD, {"outputs": [SCORES]}),
        (PROVEN_HEAD, {"outputs": [FEATURES, FEATURES | {"name": "g"}, SCORES]}),
        (PROVEN_HEAD, {"outputs": [FEATURES | {"dtype": "double"}, SCORES]}),
        (PROVEN_HEAD, {"outputs": [FEATURES, SCORES | {"shape": [1, 1]}]}),
        (PROVEN_WHOLE, {"inputs": PLAIN["inputs"]}),
        (PROVEN_WHOLE, {"inputs": [{"name": name, "dtype": "float", "shape": [1]} for name in "xz"]}),
        (PROVEN_WHOLE, {"outputs": [PLAIN["outputs"][0] | {"dtype": "double"}]}),
        *(
            (PROVEN_HEAD, {"critical": HEAD | change})
            for change in (
                {"kind": "part"},
                {"circuit": "02" * 32},
                {"input_scale": 33},
                {"output_scale": -1},
                {"limit": 0},
                {"limit": 2**53 + 1},
                {"certain_margin": -1},
                {"development": 1},
                {"name": "../head"},
                {"files": {name: pin for name, pin in FILES.items() if name != "srs"}},
            )
        ),
    ],
)
def test_a_critical_step_that_the_contract_would_refuse_is_refused(base: dict, changes: dict) -> None:
    manifest(base)
    with pytest.raises(ManifestInvalid):
        manifest(base, **changes)
