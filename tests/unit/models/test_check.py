"""The structural check: what a hostile or broken ONNX file looks like, and that good ones pass."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.commitments import DType
from atomic_verify.models.check import CheckLimits, check_model
from atomic_verify.models.errors import (
    OnnxExternalData,
    OnnxGraphBroken,
    OnnxMalformed,
    OnnxOperatorRefused,
    OnnxOpsetUnknown,
    OnnxRefused,
    OnnxSignatureMismatch,
    OnnxTooLarge,
    OnnxWeightIsNan,
)
from tests.support.onnx_graphs import X, Y, make, node, signature

RELU = node("Relu", ["x"], ["y"])
ADD = node("Add", ["x", "w"], ["y"])
WEIGHT = {"w": np.ones((1, 4), np.float32)}


def check(model: onnx.ModelProto, inputs=X, outputs=Y, limits: CheckLimits | None = None):
    return check_model(model.SerializeToString(), inputs, outputs, limits)


def test_a_plain_model_passes_and_is_measured() -> None:
    report = check(make([node("Add", ["x", "w"], ["h"]), node("Relu", ["h"], ["y"])], weights=WEIGHT))
    assert (report.opset, report.nodes, report.parameters, report.weight_bytes) == (17, 2, 4, 16)
    assert (report.computed_bytes, report.unknown_shapes, report.infinite_weights) == (32, 0, 0)


def test_dimensions_left_open_get_the_manifests_values() -> None:
    open_batch = make([RELU], [("x", TensorProto.FLOAT, ("n", 4))], [("y", TensorProto.FLOAT, ("n", 4))])
    assert check(open_batch).computed_bytes == 16


def test_weights_listed_among_the_inputs_of_older_files_pass() -> None:
    model = make([ADD], [("x", TensorProto.FLOAT, (1, 4)), ("w", TensorProto.FLOAT, (1, 4))], weights=WEIGHT)
    assert check(model).parameters == 4


def test_infinite_weights_pass_and_are_counted() -> None:
    assert check(make([ADD], weights={"w": np.array([[1, -np.inf, 0, 2]], np.float32)})).infinite_weights == 1


@pytest.mark.parametrize("data", [b"", b"not an onnx file", b"\x08\x08", bytes(100)])
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(OnnxMalformed):
        check_model(data, X, Y)


def test_every_truncation_is_refused() -> None:
    whole = make([ADD], weights=WEIGHT).SerializeToString()
    for length in range(len(whole)):
        with pytest.raises(OnnxRefused):
            check_model(whole[:length], X, Y)


def test_a_file_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(OnnxTooLarge):
        check_model(bytes(1001), X, Y, CheckLimits(file_bytes=1000))


@pytest.mark.parametrize("opset", [1, 6, 999])
def test_unknown_operator_sets_are_refused(opset: int) -> None:
    with pytest.raises(OnnxOpsetUnknown):
        check(make([RELU], opset=opset))


def test_a_file_without_or_with_two_operator_sets_is_refused() -> None:
    none, two = make([RELU]), make([RELU])
    del none.opset_import[:]
    two.opset_import.append(helper.make_opsetid("ai.onnx", 18))
    for model in (none, two):
        with pytest.raises(OnnxOpsetUnknown):
            check(model)


@pytest.mark.parametrize("ir_version", [0, 2, 9999])
def test_unknown_format_versions_are_refused(ir_version: int) -> None:
    model = make([RELU])
    model.ir_version = ir_version
    with pytest.raises(OnnxOpsetUnknown):
        check(model)


@pytest.mark.parametrize(
    "bad",
    [
        helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft"),
        helper.make_node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml"),
        node("NoSuchOperator", ["x"], ["y"]),
        node("Gelu", ["x"], ["y"]),  # Newer than the model's operator set.
        node("RandomNormalLike", ["x"], ["y"]),
        node("Bernoulli", ["x"], ["y"]),
        node("Dropout", ["x", "", "x"], ["y"]),
        node("Loop", ["", "", "x"], ["y"], body=helper.make_graph([], "body", [], [])),
        node("Scan", ["x"], ["y"], body=helper.make_graph([], "body", [], []), num_scan_inputs=1),
    ],
)
def test_operators_without_one_bounded_meaning_are_refused(bad: onnx.NodeProto) -> None:
    with pytest.raises(OnnxOperatorRefused):
        check(make([bad]))


def test_a_loop_inside_a_branch_is_found() -> None:
    loop = node("Loop", ["", "", "x"], ["z"], body=helper.make_graph([], "body", [], []))
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, (1, 4))
    branch = helper.make_graph([loop], "branch", [], [z])
    with pytest.raises(OnnxOperatorRefused):
        check(make([node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], weights={"c": np.array(True)}))


def test_functions_and_training_steps_are_refused() -> None:
    function, training = make([RELU]), make([RELU])
    function.functions.add(name="f", domain="d")
    training.training_info.add()
    for model in (function, training):
        with pytest.raises(OnnxOperatorRefused):
            check(model)


def external(location: str, offset: str = "0") -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", "16")):
        tensor.external_data.add(key=key, value=value)
    return tensor


@pytest.mark.parametrize(
    ("location", "offset"),
    [("../../etc/passwd", "0"), ("/etc/passwd", "0"), ("weights.bin", "0"), ("weights.bin", str(2**50))],
)
def test_external_data_is_refused_wherever_it_points(location: str, offset: str) -> None:
    as_weight, as_constant = make([ADD]), make([ADD])
    as_weight.graph.initializer.append(external(location, offset))
    as_constant.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=external(location, offset)))
    for model in (as_weight, as_constant):
        with pytest.raises(OnnxExternalData):
            check(model)


def test_external_entries_of_a_tensor_that_says_it_is_inside_are_refused() -> None:
    model = make([ADD], weights=WEIGHT)
    model.graph.initializer[0].external_data.add(key="location", value="weights.bin")
    with pytest.raises(OnnxExternalData):
        check(model)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])],  # Cyclic.
        [node("Relu", ["y"], ["y"])],
        [node("Relu", ["h"], ["y"]), node("Relu", ["x"], ["h"])],  # Out of order.
        [node("Relu", ["nowhere"], ["y"])],
        [node("Relu", ["x"], ["h"])],  # Nothing makes y.
        [node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])],  # Twice.
        [node("Relu", ["x"], ["x"]), node("Relu", ["x"], ["y"])],  # The input again.
        [node("Split", ["x"], ["y", "y"], axis=1)],
    ],
)
def test_broken_graphs_are_refused(nodes: list[onnx.NodeProto]) -> None:
    with pytest.raises(OnnxGraphBroken):
        check(make(nodes))


def test_a_cycle_is_told_from_a_wrong_order() -> None:
    with pytest.raises(OnnxGraphBroken, match="cyclic"):
        check(make([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]))
    with pytest.raises(OnnxGraphBroken, match="order"):
        check(make([node("Relu", ["h"], ["y"]), node("Relu", ["x"], ["h"])]))


def test_a_name_that_a_branch_defines_again_is_refused() -> None:
    inner = helper.make_graph(
        [node("Relu", ["x"], ["x"])], "branch", [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4))]
    )
    with pytest.raises(OnnxGraphBroken):
        check(make([node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)], weights={"c": np.array(True)}))


def test_two_weights_or_inputs_of_one_name_are_refused() -> None:
    weights, inputs = make([ADD], weights=WEIGHT), make([RELU])
    weights.graph.initializer.append(weights.graph.initializer[0])
    inputs.graph.input.append(inputs.graph.input[0])
    for model in (weights, inputs):
        with pytest.raises(OnnxGraphBroken):
            check(model)


def test_a_tiny_file_that_asks_for_a_huge_tensor_is_refused() -> None:
    nodes = [
        node("ConstantOfShape", ["s"], ["big"]),
        node("ReduceSum", ["big"], ["z"], keepdims=0),
        node("Add", ["x", "z"], ["y"]),
    ]
    model = make(nodes, weights={"s": np.array([2**28, 2**3], np.int64)})
    assert len(model.SerializeToString()) < 300
    with pytest.raises(OnnxTooLarge):
        check(model)
    by_constant = make([node("Constant", [], ["s"], value_ints=[2**28, 2**3]), *nodes])
    with pytest.raises(OnnxTooLarge):
        check(by_constant)


def test_many_middling_tensors_together_are_refused() -> None:
    limits = CheckLimits(computed_bytes=40)
    chain = [node("Relu", ["x"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]
    with pytest.raises(OnnxTooLarge):
        check(make(chain), limits=limits)


def test_a_weight_that_declares_more_than_it_holds_is_refused() -> None:
    model = make([ADD], weights=WEIGHT)
    model.graph.initializer[0].dims[:] = [2**31, 2**31]
    with pytest.raises(OnnxTooLarge):
        check(model)
    model.graph.initializer[0].dims[:] = [1, 5]
    with pytest.raises(OnnxMalformed):
        check(model)
    model.graph.initializer[0].dims[:] = [-1, -4]
    with pytest.raises(OnnxMalformed):
        check(model)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_nan_weights_are_refused(dtype: type) -> None:
    model = make([node("Cast", ["w"], ["v"], to=TensorProto.FLOAT), node("Add", ["x", "v"], ["y"])])
    model.graph.initializer.append(numpy_helper.from_array(np.array([[1, np.nan, 3, 4]], dtype), "w"))
    with pytest.raises(OnnxWeightIsNan):
        check(model)


def test_nan_is_found_in_typed_fields_constants_and_attributes() -> None:
    typed = make([ADD])
    typed.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, [1, 4], [1, float("nan"), 3, 4]))
    half = make([node("Cast", ["h"], ["w"], to=1), ADD])
    half.graph.initializer.append(helper.make_tensor("h", TensorProto.FLOAT16, [1, 4], [1, float("nan"), 3, 4]))
    constant = make([node("Constant", [], ["w"], value_floats=[1.0, float("nan"), 3.0, 4.0]), ADD])
    attribute = make([node("LeakyRelu", ["x"], ["y"], alpha=float("nan"))])
    for model in (typed, half, constant, attribute):
        with pytest.raises(OnnxWeightIsNan):
            check(model)


def test_strings_sparse_weights_and_segments_are_refused() -> None:
    text, sparse, segment = make([ADD]), make([ADD], weights=WEIGHT), make([ADD], weights=WEIGHT)
    text.graph.initializer.append(TensorProto(name="w", data_type=TensorProto.STRING, dims=[1], string_data=[b"a"]))
    sparse.graph.sparse_initializer.add()
    segment.graph.initializer[0].segment.begin = 1
    for model in (text, sparse, segment):
        with pytest.raises(OnnxMalformed):
            check(model)


@pytest.mark.parametrize(
    "inputs",
    [
        signature(("z", DType.FLOAT, (1, 4))),
        signature(("x", DType.DOUBLE, (1, 4))),
        signature(("x", DType.FLOAT, (1, 5))),
        signature(("x", DType.FLOAT, (4,))),
        signature(("x", DType.FLOAT, (1, 4)), ("w", DType.FLOAT, (1, 4))),
    ],
)
def test_another_signature_than_the_manifests_is_refused(inputs) -> None:
    with pytest.raises(OnnxSignatureMismatch):
        check(make([RELU]), inputs=inputs)


def test_an_output_of_another_inferred_shape_is_refused() -> None:
    open_output = make([node("Concat", ["x", "x"], ["y"], axis=1)], outputs=[("y", TensorProto.FLOAT, ("n", "m"))])
    with pytest.raises(OnnxSignatureMismatch):
        check(open_output)


def test_an_input_of_open_rank_is_refused() -> None:
    model = make([RELU])
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(OnnxSignatureMismatch):
        check(model)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OnnxGraphBroken):
        check(make([node("MatMul", ["x", "w"], ["y"])], weights={"w": np.ones((3, 4), np.float32)}))


def test_too_many_nodes_attributes_and_levels_are_refused() -> None:
    chain = [node("Relu", ["x" if i == 0 else f"h{i - 1}"], ["y" if i == 9 else f"h{i}"]) for i in range(10)]
    with pytest.raises(OnnxTooLarge):
        check(make(chain), limits=CheckLimits(nodes=9))
    many = node("Relu", ["x"], ["y"], **{f"a{i}": 1 for i in range(65)})
    with pytest.raises(OnnxTooLarge):
        check(make([many]))
    deep = node("Relu", ["x"], ["l0"])
    for level in range(1, 11):
        out = helper.make_tensor_value_info(deep.output[0], TensorProto.FLOAT, (1, 4))
        branch = helper.make_graph([deep], "branch", [], [out])
        deep = node("If", ["c"], [f"l{level}" if level < 10 else "y"], then_branch=branch, else_branch=branch)
    with pytest.raises(OnnxTooLarge):
        check(make([deep], weights={"c": np.array(True)}))


def test_a_long_backwards_graph_is_refused() -> None:
    # A quadratic search would take minutes here.
    count = 20_000
    chain = [node("Relu", ["x" if i == 0 else f"h{i - 1}"], ["y" if i == count - 1 else f"h{i}"]) for i in range(count)]
    model = make(chain[::-1])
    with pytest.raises(OnnxGraphBroken, match="order"):
        check(model)
