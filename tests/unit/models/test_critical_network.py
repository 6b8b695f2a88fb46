"""Critical parts: what is cut out of a graph, what counts as layers, and what a settings file may say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from atomic_verify.commitments import DType
from atomic_verify.models.critical.bounds import Scales
from atomic_verify.models.critical.check import bounds_of, read_scales
from atomic_verify.models.critical.cutting import critical_part, cut, model_bytes, renamed
from atomic_verify.models.critical.network import Layer, layers_of
from atomic_verify.models.errors import CircuitNotOfModel, NetworkUnsupported
from atomic_verify.protocol.quanta import is_cut
from tests.support.onnx_graphs import X, Y, make, node, signature
from tests.support.proven_models import install_proven

W = np.arange(8, dtype=np.float32).reshape(4, 2) / 8
B = np.array([0.5, -1], np.float32)
Y2 = (("y", TensorProto.FLOAT, (1, 2)),)
HEAD = make(
    [node("Tanh", ["x"], ["f"]), node("MatMul", ["f", "w"], ["m"]), node("Add", ["b", "m"], ["y"])],
    outputs=[("f", TensorProto.FLOAT, (1, 4)), *Y2],
    weights={"w": W, "b": B.reshape(1, 2), "unused": B},
)
HEAD_OUTPUTS = signature(("f", DType.FLOAT, (1, 4)), ("y", DType.FLOAT, (1, 2)))


def test_a_head_is_cut_between_features_and_scores() -> None:
    part = critical_part(HEAD, X, HEAD_OUTPUTS)
    onnx.checker.check_model(part, full_check=True)
    assert [one.op_type for one in part.graph.node] == ["MatMul", "Add"]
    assert [one.name for one in part.graph.initializer] == ["b", "w"]
    assert ([one.name for one in part.graph.input], [one.name for one in part.graph.output]) == (["f"], ["y"])


def test_it_is_what_onnx_itself_extracts() -> None:
    theirs = onnx.utils.Extractor(HEAD).extract_model(["f"], ["y"]).graph
    ours = critical_part(HEAD, X, HEAD_OUTPUTS).graph
    assert list(ours.node) == list(theirs.node)
    assert {one.name: one for one in ours.initializer} == {one.name: one for one in theirs.initializer}


def test_the_same_part_has_the_same_bytes_whatever_surrounds_it() -> None:
    other = onnx.ModelProto()
    other.CopyFrom(HEAD)
    other.producer_name, other.doc_string, other.graph.name = "someone", "text", "another"
    other.graph.node[1].doc_string = "text"
    other.graph.initializer.reverse()
    other.graph.value_info.append(onnx.helper.make_tensor_value_info("m", TensorProto.FLOAT, [1, 2]))
    one, same = (model_bytes(critical_part(model, X, HEAD_OUTPUTS)) for model in (HEAD, other))
    assert one == same
    weight = next(one for one in other.graph.initializer if one.name == "w")
    weight.CopyFrom(onnx.numpy_helper.from_array(W + 1, "w"))
    assert model_bytes(critical_part(other, X, HEAD_OUTPUTS)) != one


def test_a_whole_model_is_its_own_part() -> None:
    model = make([node("Relu", ["x"], ["y"])])
    assert len(critical_part(model, X, Y).graph.node) == 1
    with pytest.raises(ValueError, match="between"):
        critical_part(model, signature(("x", DType.FLOAT, (1,)), ("z", DType.FLOAT, (1,))), Y)


def test_scores_that_need_more_than_the_features_have_no_part() -> None:
    model = make([node("Tanh", ["x"], ["f"]), node("Add", ["f", "x"], ["y"])])
    with pytest.raises(ValueError, match="'x'"):
        critical_part(model, X, signature(("f", DType.FLOAT, (1, 4)), ("y", DType.FLOAT, (1, 4))))


def test_renaming_reaches_every_place_and_takes_no_name_twice() -> None:
    model = renamed(HEAD, {"f": "features", "w": "weight"})
    assert model.graph.output[0].name == model.graph.node[1].input[0] == model.graph.node[0].output[0] == "features"
    assert "weight" in {one.name for one in model.graph.initializer}
    onnx.checker.check_model(model, full_check=True)
    with pytest.raises(ValueError, match="already"):
        renamed(HEAD, {"f": "m"})


def layers(*nodes: onnx.NodeProto, **weights: Any) -> Any:
    return layers_of(make(list(nodes), outputs=Y2, weights={"w": W, "b": B, **weights}))


@pytest.mark.parametrize(
    "nodes",
    [
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])],
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["b", "m"], ["y"])],
        [node("Gemm", ["x", "w", "b"], ["y"])],
        [node("Gemm", ["x", "t", "b"], ["y"], transB=1, alpha=1.0)],
        [node("Gemm", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])],
    ],
)
def test_each_way_to_write_a_layer_is_read_alike(nodes: list[onnx.NodeProto]) -> None:
    (found,) = layers(*nodes, t=W.T.copy())
    assert np.array_equal(found.weight, W)
    assert np.array_equal(found.bias, B)
    x = np.array([1.0, -2, 3, 4])
    assert np.array_equal(found(x), x @ W + B)


def test_layers_are_chained_and_rectified() -> None:
    square = np.eye(2, dtype=np.float32)
    found = layers(
        node("Gemm", ["x", "w", "b"], ["h"]), node("Relu", ["h"], ["a"]), node("MatMul", ["a", "s"], ["y"]), s=square
    )
    assert [one.is_rectified for one in found] == [True, False]
    assert np.array_equal(found[1].bias, [0, 0])


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Softmax", ["x"], ["y"])],
        [node("Relu", ["x"], ["y"])],
        [node("Add", ["x", "b"], ["y"])],
        [node("MatMul", ["w", "x"], ["y"])],
        [node("MatMul", ["x", "x"], ["y"])],
        [node("MatMul", ["x", "missing"], ["y"])],
        [node("MatMul", ["x", "b"], ["y"])],
        [node("MatMul", ["x", "double"], ["y"])],
        [node("MatMul", ["x", "infinite"], ["y"])],
        [node("Gemm", ["x", "w", "b"], ["y"], alpha=0.5)],
        [node("Gemm", ["x", "w", "b"], ["y"], transA=1)],
        [node("MatMul", ["x", "w"], ["m"])],
        [node("MatMul", ["x", "w"], ["m"]), node("MatMul", ["x", "w"], ["y"])],
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "m"], ["y"])],
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "three"], ["y"])],
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "column"], ["y"])],
        [node("MatMul", ["x", "w"], ["m"]), node("MatMul", ["m", "w"], ["y"])],
        [node("Gemm", ["x", "w", "b"], ["m"]), node("Add", ["m", "b"], ["y"])],
        [node("Gemm", ["x", "w", "b"], ["m"]), node("Relu", ["m"], ["n"]), node("Add", ["n", "b"], ["y"])],
        [node("MatMul", ["x", "w"], ["m"]), node("Relu", ["m"], ["n"]), node("Relu", ["n"], ["y"])],
        [node("Split", ["x"], ["y", "z"])],
    ],
)
def test_what_is_not_a_chain_of_layers_is_refused(nodes: list[onnx.NodeProto]) -> None:
    odd = {
        "double": W.astype(np.float64), "infinite": np.full((4, 2), np.inf, np.float32),
        "three": np.zeros(3, np.float32), "column": np.zeros((2, 1), np.float32),
    }  # fmt: skip
    with pytest.raises(NetworkUnsupported):
        layers(*nodes, **odd)


def test_a_network_has_one_input_and_one_output() -> None:
    with pytest.raises(NetworkUnsupported):
        layers_of(HEAD)
    with pytest.raises(NetworkUnsupported):
        layers_of(cut(HEAD, [], []))


RUN = {
    "input_scale": 13, "param_scale": 12, "scale_rebase_multiplier": 1, "rebase_scale": None,
    "rebase_frac_zero_constants": False, "input_visibility": "Public", "output_visibility": "Public",
    "param_visibility": "Fixed",
    "decomp_base": 1024, "decomp_legs": 3,
}  # fmt: skip


def settings(**changes: Any) -> bytes:
    return json.dumps({"run_args": RUN | changes, "version": "1"}).encode()


def test_scales_are_read_from_settings() -> None:
    assert read_scales(settings()) == Scales(13, 12, 1, room=2**30)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b"\xff", b"[" * 9_000,
        settings(input_scale=-1), settings(input_scale=33), settings(param_scale="13"), settings(param_scale=1.5),
        settings(param_scale=True), settings(scale_rebase_multiplier=0), settings(scale_rebase_multiplier=17),
        settings(rebase_scale=5), settings(rebase_frac_zero_constants=True),
        settings(decomp_legs=None), settings(decomp_base=2**28, decomp_legs=2**40),
    ],
)  # fmt: skip
def test_settings_with_other_scales_are_refused(text: bytes) -> None:
    with pytest.raises(CircuitNotOfModel):
        read_scales(text)


@pytest.mark.parametrize(
    "change",
    [
        {"param_visibility": "Private"}, {"param_visibility": {"Hashed": {"hash_is_public": True, "outlets": []}}},
        {"input_visibility": "Private"}, {"output_visibility": "Fixed"},
        # 2^264: each number has many decompositions then, and a range check refuses nothing.
        {"decomp_base": 4096, "decomp_legs": 22}, {"decomp_base": 2**16, "decomp_legs": 9},
    ],
)  # fmt: skip
def test_settings_that_leave_the_prover_a_choice_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CircuitNotOfModel):
        read_scales(settings(**change))


def test_settings_whose_range_checks_are_narrow_enough_are_read() -> None:
    assert read_scales(settings(decomp_base=2**16, decomp_legs=8)) == Scales(13, 12, 1, room=2**128)


def test_the_bound_holds_for_what_is_just_not_cut(tmp_path: Path) -> None:
    manifest = install_proven(tmp_path / "tiny-whole", "whole").manifest
    scales, limit, x = Scales(0, 0, 1), 3, np.array([3.49, 0, 0, 0])
    layer = Layer(np.diag([0.499] * 4), np.zeros(4))
    assert not is_cut(x.astype(np.float32), scales.read, limit)
    bounds = bounds_of(manifest, limit, (layer,), scales, None)
    # Its weight is rounded to nothing, so that the circuit's score is 0.
    assert bounds.error >= layer(x)[0]


@pytest.mark.parametrize("shape", [(2, 4), (4, 2), (8, 8)])
def test_layers_of_another_size_than_the_tensors_prove_nothing_of_them(shape: tuple[int, int], tmp_path: Path) -> None:
    manifest = install_proven(tmp_path / "tiny-whole", "whole").manifest
    with pytest.raises(CircuitNotOfModel):
        bounds_of(manifest, 2**17, (Layer(np.ones(shape), np.zeros(shape[1])),), Scales(14, 14, 1), None)


@pytest.mark.parametrize(
    ("weights", "room", "is_proven"),
    [
        ((1.0, 1.0), 2**128, True),
        # Scores of up to 3 * 2^14 * 400 quanta: a float32 doesn't hold them.
        ((1.0, 400.0), 2**128, False),
        ((400.0, 1 / 400), 2**128, True),
        ((400.0, 1 / 400), 2**24, False),
        ((1.0, 1.0), 3 * 2**14, False),
    ],
)
def test_a_circuit_without_room_for_what_workers_take_is_refused(
    weights: tuple[float, float], room: int, is_proven: bool, tmp_path: Path
) -> None:
    manifest = install_proven(tmp_path / "tiny-whole", "whole").manifest
    layers = tuple(Layer(np.diag([one] * 4), np.zeros(4)) for one in weights)
    scales = Scales(14, 14, 1, room)
    assert manifest.inputs[0].range == (-3.0, 3.0)
    if is_proven:
        bounds_of(manifest, 2**17, layers, scales, None)
    else:
        with pytest.raises(NetworkUnsupported, match="more than can be proven"):
            bounds_of(manifest, 2**17, layers, scales, None)
