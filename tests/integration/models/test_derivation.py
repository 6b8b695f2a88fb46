"""What an ONNX file gives against what a manifest says: every lie is refused, and the file is lowered only once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atomic_verify.commitments import DType, Signature
from atomic_verify.models import InstalledModel
from atomic_verify.models.derivation import Derivation, derive_model, kept_derivation
from atomic_verify.models.errors import ModelDigestMismatch, OnnxSignatureMismatch, ProgramMismatch, VoidOnlyMissing
from atomic_verify.models.manifest import DERIVATION_NAME, MANIFEST_NAME
from atomic_verify.models.parts import NO_ROOT
from tests.support.onnx_graphs import X, Y, make, node, signature
from tests.support.tiny_models import install, manifest_of, one_operator, pin


class Counting:
    """`derive_model`, counted."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, graph: bytes, inputs: Signature, outputs: Signature) -> Derivation:
        self.calls += 1
        return derive_model(graph, inputs, outputs)


def test_a_true_manifest_is_derived_once_and_then_known(tmp_path: Path) -> None:
    model, derive = install(tmp_path / "tiny", one_operator("Exp")), Counting()
    assert not model.is_derived
    model.require_derived(derive)
    InstalledModel.open(model.directory).require_derived(derive)
    assert derive.calls == 1
    assert model.is_derived


@pytest.mark.parametrize(
    "lie",
    [
        {"root": "11" * 32},
        {"weights_root": "11" * 32, "weight_count": 1},
        {"steps": 3},
        {"depth": 1},
        {"lowering_version": 2},
    ],
)
def test_each_lie_about_the_program_is_refused_every_time(tmp_path: Path, lie: dict[str, Any]) -> None:
    model = install(tmp_path / "tiny", one_operator("Exp"), lie)
    for _ in range(2):
        with pytest.raises(ProgramMismatch) as refused:
            model.require_derived(derive_model)
        assert refused.value.details["field"] in lie
        assert not model.is_derived


def test_a_truth_that_was_kept_does_not_cover_a_later_lie(tmp_path: Path) -> None:
    install(tmp_path / "tiny", one_operator("Exp")).require_derived(derive_model)
    with pytest.raises(ProgramMismatch):
        install(tmp_path / "tiny", one_operator("Exp"), {"root": "11" * 32}).require_derived(derive_model)


def test_another_file_is_derived_anew(tmp_path: Path) -> None:
    derive = Counting()
    install(tmp_path / "tiny", one_operator("Exp")).require_derived(derive)
    install(tmp_path / "tiny", one_operator("Neg")).require_derived(derive)
    assert derive.calls == 2


def test_an_execution_graph_that_is_not_the_files_own_hardening_is_refused(tmp_path: Path) -> None:
    other = one_operator("Neg")
    model = install(tmp_path / "tiny", one_operator("Exp"), execution=pin("fast.onnx", other))
    (model.directory / "fast.onnx").write_bytes(other)
    with pytest.raises(ProgramMismatch) as refused:
        model.require_derived(derive_model)
    assert refused.value.details["field"] == "execution"


def test_floats_that_decide_must_be_told(tmp_path: Path) -> None:
    with pytest.raises(VoidOnlyMissing, match="decides"):
        install(tmp_path / "tiny", one_operator("Floor")).require_derived(derive_model)
    install(tmp_path / "tiny", one_operator("Floor"), void_only=True).require_derived(derive_model)


def test_inputs_in_another_order_are_refused() -> None:
    shape = (1, 4)
    graph = make([node("Add", ["x", "z"], ["y"])], inputs=[(name, 1, shape) for name in "xz"]).SerializeToString()
    right, turned = ([(name, DType.FLOAT, shape) for name in names] for names in ("xz", "zx"))
    derive_model(graph, signature(*right), Y)
    with pytest.raises((OnnxSignatureMismatch, ProgramMismatch)):
        derive_model(graph, signature(*turned), Y)


def test_a_model_without_a_program_has_nothing_to_derive(tmp_path: Path) -> None:
    model, derive = install(tmp_path / "tiny", one_operator("Exp")), Counting()
    (model.directory / MANIFEST_NAME).write_text(json.dumps(manifest_of(one_operator("Exp"))))
    bare = InstalledModel.open(model.directory)
    bare.require_derived(derive)
    assert (derive.calls, bare.is_derived) == (0, False)


def test_a_changed_file_is_not_derived_at_all(tmp_path: Path) -> None:
    model = install(tmp_path / "tiny", one_operator("Exp"))
    (model.directory / "model.onnx").write_bytes(one_operator("Neg"))
    with pytest.raises(ModelDigestMismatch):
        model.require_derived(derive_model)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"of": 1}', '{"of": {}, "program": 3}', "[" * 60_000])
def test_a_broken_record_is_as_none(tmp_path: Path, text: str) -> None:
    model = install(tmp_path / "tiny", one_operator("Exp"))
    (model.directory / DERIVATION_NAME).write_text(text)
    assert kept_derivation(model.manifest, model.directory) is None
    model.require_derived(derive_model)
    assert model.is_derived


def test_a_library_that_cannot_be_written_to_works(tmp_path: Path) -> None:
    model = install(tmp_path / "tiny", one_operator("Exp"))
    (model.directory / f".{DERIVATION_NAME}").mkdir()
    model.require_derived(derive_model)
    assert not model.is_derived


def test_a_derivation_survives_json() -> None:
    found = derive_model(one_operator("Floor"), X, Y)
    assert found.program.weights_root == NO_ROOT
    assert len(found.decisions) == 1
    assert Derivation.from_json(json.loads(json.dumps(found.to_json()))) == found
    changes: tuple[dict[str, Any], ...] = (
        {"execution_sha256": 1},
        {"decisions": "x"},
        {"program": {}},
        {"decisions": ["x"] * 17},
    )
    for change in changes:
        with pytest.raises((ValueError, KeyError, TypeError)):
            Derivation.from_json(found.to_json() | change)


def test_weights_are_counted() -> None:
    graph = make([node("Mul", ["x", "w"], ["y"])], weights={"w": np.arange(4, dtype=np.float32)})
    found = derive_model(graph.SerializeToString(), X, Y).program
    assert (found.steps, found.weight_count, found.depth) == (2, 1, 2)
