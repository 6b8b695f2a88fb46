"""Graphs: order, names, scopes, known tensors, what is refused and how it is said, and floats that decide."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.lowering import NotConstant, lower

X = np.arange(6, dtype=np.float32).reshape(2, 3)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def make(
    nodes, inputs=(("x", FLOAT, (2, 3)),), outputs=("y",), constants=None, opset=18, functions=(), imports=()
) -> Any:
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info(*item) for item in inputs],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(*item) for item in imports)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions))


def answer(model, **inputs) -> Any:
    return evaluate(lower(model).program, inputs or {"x": X}).answer()["y"]


def node(operator: str, inputs: str, outputs: str = "y", **attributes) -> Any:
    names = [name if name != "_" else "" for name in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), **attributes)


def refusal(model, shapes=None) -> Unsupported:
    with pytest.raises(Unsupported) as found:
        lower(model, shapes)
    return found.value


class TestOrder:
    def test_nodes_in_any_order(self) -> None:
        model = make([node("Neg", "b"), node("Abs", "a", "b"), node("Neg", "x", "a")])
        assert np.array_equal(answer(model), -np.abs(X))

    def test_cycle(self) -> None:
        model = make([node("Neg", "b", "a"), node("Neg", "a", "b"), node("Add", "a x")])
        assert "cycle" in refusal(model).reason

    def test_tensor_from_nowhere(self) -> None:
        assert "'ghost' comes from nowhere" in refusal(make([node("Add", "x ghost")])).reason

    def test_output_that_no_node_makes(self) -> None:
        assert refusal(make([node("Neg", "x", "z")])).attribute == "output"

    def test_chain_too_long_for_recursion(self) -> None:
        nodes = [node("Neg", f"t{n}", f"t{n + 1}") for n in range(3000)][::-1]
        model = make([*nodes, node("Neg", "x", "t0"), node("Neg", "t3000", "y")])
        assert np.array_equal(answer(model), X)


class TestInputs:
    def test_open_shape_is_asked_for(self) -> None:
        model = make([node("Neg", "x")], inputs=[("x", FLOAT, ("n", 3))])
        assert "isn't fixed" in refusal(model).reason
        assert lower(model, {"x": (5, 3)}).program.inputs[0].shape == (5, 3)

    @pytest.mark.parametrize("shape", [(2, 4), (2,), (2, 3, 1)])
    def test_shape_that_contradicts_the_model(self, shape) -> None:
        assert "declares" in refusal(make([node("Neg", "x")]), {"x": shape}).reason

    def test_shape_of_no_input(self) -> None:
        assert "no such input" in refusal(make([node("Neg", "x")]), {"z": (1,)}).reason

    def test_initializer_named_as_input_is_a_constant(self) -> None:
        model = make(
            [node("Add", "x w")], [("x", FLOAT, (2, 3)), ("w", FLOAT, (3,))], constants={"w": np.float32([1, 2, 3])}
        )
        assert [spec.name for spec in lower(model).program.inputs] == ["x"]

    def test_sequences_and_strings(self) -> None:
        text = helper.make_tensor_value_info("x", TensorProto.STRING, (2,))
        model = make([node("Identity", "x")])
        model.graph.input[0].CopyFrom(text)
        assert "STRING" in refusal(model).attribute
        model.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", FLOAT, (2,)))
        assert "only tensors" in refusal(model).reason

    def test_no_onnx_at_all(self) -> None:
        with pytest.raises(Unsupported, match="not an ONNX file"):
            lower(b"\xff\xff\xff")


class TestRefusals:
    def test_says_operator_node_attribute_and_hint(self) -> None:
        error = refusal(make([node("NonMaxSuppression", "x x", name="boxes")]))
        assert (error.operator, error.node) == ("NonMaxSuppression", "boxes")
        assert error.hint is not None

    def test_attribute_that_the_rule_never_read(self) -> None:
        assert refusal(make([node("Relu", "x", novelty=1)])).attribute == "novelty"

    def test_input_that_the_rule_never_read(self) -> None:
        assert "input" in refusal(make([node("Relu", "x x")])).attribute

    def test_output_that_the_rule_never_made(self) -> None:
        assert "output" in refusal(make([node("Relu", "x", "y z")])).attribute

    @pytest.mark.parametrize("opset", [6, 99])
    def test_unknown_opset(self, opset) -> None:
        assert f"opset {opset}" in refusal(make([node("Relu", "x")], opset=opset)).reason

    def test_other_domain(self) -> None:
        model = make([helper.make_node("Relu", ["x"], ["y"], domain="ai.someone")], imports=[("ai.someone", 1)])
        assert "'ai.someone'" in refusal(model).reason

    def test_shape_that_depends_on_the_item(self) -> None:
        model = make([node("Reshape", "x s")], [("x", FLOAT, (2, 3)), ("s", INT64, (1,))])
        error = refusal(model)
        assert isinstance(error, NotConstant)
        assert error.tensor == "s"

    @pytest.mark.parametrize(
        ("operator", "inputs", "attributes"),
        [
            ("Add", "x five", {}),
            ("Transpose", "x", {"perm": [0, 0]}),
            ("Transpose", "x", {"perm": [0]}),
            ("Softmax", "x", {"axis": 7}),
            ("Squeeze", "x two", {}),
            ("Expand", "x five", {}),
            ("Reshape", "x five", {}),
            ("Split", "x five", {"axis": 0}),
            ("Concat", "x five", {"axis": 0}),
            ("TopK", "x five", {}),
            ("DepthToSpace", "x", {"blocksize": 2}),
            ("Pad", "x five", {}),
            ("And", "x x", {}),
            ("Erf", "two", {}),
        ],
    )
    def test_contradictions_are_refused(self, operator, inputs, attributes) -> None:
        refusal(make([node(operator, inputs, **attributes)], constants={"five": [5, 7, 9, 1, 4], "two": [0]}))

    def test_nan_in_a_constant(self) -> None:
        assert "NaN" in refusal(make([node("Add", "x w")], constants={"w": np.float32([1, np.nan, 3])})).reason

    def test_graphs_nested_without_end(self) -> None:
        loop = helper.make_function(
            "local", "Loop", ["a"], ["b"], [helper.make_node("Loop", ["a"], ["b"], domain="local")],
            [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)],
        )  # fmt: skip
        call = helper.make_node("Loop", ["x"], ["y"], domain="local")
        assert "nested" in refusal(make([call], functions=[loop], imports=[("local", 1)])).reason


class TestKnownTensors:
    def test_shape_arithmetic_rounds_as_onnxruntime_rounds(self) -> None:
        """10 * 0.7 in float32 is 7; of the float32 0.7 in float64 it is below 7."""
        nodes = [
            node("Shape", "x", "s"),
            node("Cast", "s", "f", to=FLOAT),
            node("Mul", "f k", "m"),
            node("Floor", "m", "d"),
            node("Cast", "d", "i", to=INT64),
            node("ConstantOfShape", "i"),
        ]
        model = make(nodes, [("x", FLOAT, (10,))], constants={"k": np.float32([0.7])})
        assert lower(model).program.outputs[0].shape == (7,)

    def test_empty_constants_join(self) -> None:
        nodes = [node("Concat", "none s", "t", axis=0), node("Reshape", "x t")]
        model = make(nodes, constants={"none": np.zeros(0, np.int64), "s": np.int64([3, 2])})
        assert np.array_equal(answer(model), X.reshape(3, 2))

    def test_folding_cant_be_blown_up(self) -> None:
        """A broadcast of small constants to 2^36 elements is neither computed nor stored."""
        wide = {"a": np.ones((4096, 1, 1), np.int64), "b": np.ones((4096, 1), np.int64), "c": np.ones(4096, np.int64)}
        model = make([node("Max", "a b c", "m"), node("Size", "m", "y")], constants=wide, outputs=("y",))
        assert answer(model) == 4096**3

    def test_branch_by_a_shape(self) -> None:
        def branch(operator: str) -> Any:
            made = [node(operator, "x", "b")]
            return helper.make_graph(made, "branch", [], [helper.make_empty_tensor_value_info("b")])

        nodes = [
            node("Size", "x", "n"),
            node("Greater", "n limit", "c"),
            node("If", "c", then_branch=branch("Neg"), else_branch=branch("Abs")),
        ]
        assert np.array_equal(answer(make(nodes, constants={"limit": np.int64(5)})), -X)
        assert np.array_equal(answer(make(nodes, constants={"limit": np.int64(6)})), X)


class TestFunctions:
    def test_function_of_the_model_with_attribute(self) -> None:
        inner = helper.make_node("LeakyRelu", ["a"], ["b"])
        inner.attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
        leaky = helper.make_function("local", "Leaky", ["a"], ["b"], [inner], [helper.make_opsetid("", 18)], ["slope"])
        call = helper.make_node("Leaky", ["x"], ["y"], domain="local", slope=0.5)
        model = make([node("Neg", "x", "n"), call], functions=[leaky], imports=[("local", 1)])
        model.graph.node[1].input[0] = "n"
        assert np.array_equal(answer(model), -X / 2)

    def test_steps_name_their_nodes(self) -> None:
        program = lower(make([node("Neg", "x", "a", name="first"), node("Exp", "a")])).program
        assert [step.node for step in program.steps] == ["x", "first", "Exp#1"]


class TestDiscontinuities:
    @pytest.mark.parametrize("operator", ["Floor", "Sign", "ArgMax", "Hardmax"])
    def test_floats_that_decide_are_reported(self, operator) -> None:
        (found,) = lower(make([node(operator, "x", name="here")])).discontinuities
        assert (found.operator, found.node) == (operator, "here")

    def test_constants_and_integers_decide_nothing(self) -> None:
        nodes = [node("Floor", "w", "f"), node("Less", "n n", "l"), node("Where", "l x f")]
        model = make(nodes, [("x", FLOAT, (2, 3)), ("n", INT64, (3,))], constants={"w": np.float32([0.5, 1.5, 2.5])})
        assert lower(model).discontinuities == ()


class TestTypes:
    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32])
    @pytest.mark.parametrize("operator", ["Add", "Sub", "Mul"])
    def test_narrow_integers_wrap(self, dtype, operator) -> None:
        info = np.iinfo(dtype)
        values = np.array([info.min, info.max, info.max // 2, 3], dtype)
        code = helper.np_dtype_to_tensor_dtype(values.dtype)
        model = make([node(operator, "x z")], [("x", code, (4,)), ("z", code, (4,))])
        with np.errstate(over="ignore"):
            expected = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}[operator](values, values[::-1])
        assert np.array_equal(answer(model, x=values, z=values[::-1].copy()), expected)

    @pytest.mark.parametrize(
        ("dtype", "low", "high"), [(np.int8, -128, 127), (np.uint8, 0, 255), (np.uint64, 0, 2**64 - 1)]
    )
    def test_casts_of_floats_saturate(self, dtype, low, high) -> None:
        code = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        model = make([node("Cast", "x", to=code)], [("x", TensorProto.DOUBLE, (5,))])
        values = np.array([-1e30, 1e30, 2.9, -0.9, 100.5])
        got = evaluate(lower(model).program, {"x": values}).answer()["y"]
        assert got.tolist() == [low, high, 2, 0, 100]

    def test_casts_between_floats_change_nothing(self) -> None:
        model = make(
            [node("Cast", "x", "h", to=TensorProto.FLOAT16), node("Cast", "h", to=FLOAT)], [("x", FLOAT, (1,))]
        )
        third = np.float32([1 / 3])
        assert np.array_equal(answer(model, x=third), third)
