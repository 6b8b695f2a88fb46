"""What of a program stands on the chain: counts, roots, depth, and where floats decide."""

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.identity import depth, derive, identity_of
from atomic_verify.canonical.lowering import LOWERING_VERSION, lower
from atomic_verify.canonical.program import Function, Program
from atomic_verify.canonical.records import program_root, weights_root
from atomic_verify.commitments import DType, TensorSpec


def model(operators: list[str], scale: float = 4.0) -> bytes:
    """x[n, 3] * (1, 2, scale), then a chain of operators of one operand."""
    names = ["scaled", *(f"y{number}" for number in range(len(operators)))]
    nodes = [helper.make_node("Mul", ["x", "scale"], ["scaled"])]
    nodes += [helper.make_node(one, [a], [b]) for one, a, b in zip(operators, names, names[1:], strict=False)]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([1, 2, scale], np.float32), "scale")],
    )
    made: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def test_an_identity_says_what_the_program_is() -> None:
    found = derive(model(["Exp", "Neg"]), {"x": (2, 3)})
    program = lower(model(["Exp", "Neg"]), {"x": (2, 3)}).program
    assert (found.program_root, found.weights_root) == (program_root(program), weights_root(program))
    assert (found.steps, found.weight_count, found.depth) == (4, 1, 4)
    assert found.inputs == (TensorSpec("x", DType.FLOAT, (2, 3)),)
    assert found.outputs == (TensorSpec("y1", DType.FLOAT, (2, 3)),)
    assert (found.lowering_version, found.decisions) == (LOWERING_VERSION, ())


def test_weights_structure_and_shapes_are_all_bound() -> None:
    plain = derive(model(["Exp"]), {"x": (2, 3)})
    other_weight, other_program = derive(model(["Exp"], 3.0), {"x": (2, 3)}), derive(model(["Neg"]), {"x": (2, 3)})
    assert (other_weight.program_root, other_program.weights_root) == (plain.program_root, plain.weights_root)
    assert other_weight.weights_root != plain.weights_root
    assert other_program.program_root != plain.program_root
    assert derive(model(["Exp"]), {"x": (1, 3)}).program_root != plain.program_root


def test_floats_that_decide_are_named() -> None:
    (decision,) = derive(model(["Floor"]), {"x": (2, 3)}).decisions
    assert "Floor" in decision


def test_depth_is_the_longest_chain_and_not_the_number_of_steps() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (4,))
    sides = [builder.map(Function.EXP, x), builder.map(Function.NEG, x), builder.map(Function.ABS, x)]
    y = builder.map(Function.ADD, sides[0], builder.map(Function.SQRT, sides[1]))
    program = builder.finish([("y", y, DType.FLOAT, (4,)), ("z", sides[2], DType.FLOAT, (4,))])
    assert (len(program.steps), depth(program)) == (6, 4)
    assert depth(Program((), (), (), ())) == 0


def test_a_program_without_weights_has_no_weights_root() -> None:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (4,))
    program = builder.finish([("y", builder.map(Function.EXP, x), DType.FLOAT, (4,))])
    lowered = type(lower(model([]), {"x": (1, 3)}))(program, ())
    assert (identity_of(lowered).weights_root, identity_of(lowered).weight_count) == (bytes(32), 0)


def test_what_cannot_be_lowered_has_no_identity() -> None:
    with pytest.raises(Unsupported):
        derive(b"\xff" * 50)
    with pytest.raises(Unsupported, match="shape isn't fixed"):
        derive(model([]))
