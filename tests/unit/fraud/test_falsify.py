"""A false evaluation is honest but for one element, which lies as deep as was asked for."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import check_element
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.program import Program
from atomic_verify.commitments.tensors import Array
from tests.fraud.falsify import false_trace, falsify

LAYERS = 4
WIDTH = 8


@pytest.fixture(scope="module")
def program() -> Program:
    """A few layers of matrix products and relus."""
    rng = np.random.default_rng(3)
    weights = [rng.random((WIDTH, WIDTH), dtype=np.float32) for _ in range(LAYERS)]
    nodes, name = [], "x"
    for number in range(LAYERS):
        nodes.append(helper.make_node("MatMul", [name, f"w{number}"], [f"m{number}"]))
        nodes.append(helper.make_node("Relu", [f"m{number}"], [name := f"r{number}"]))
    graph = helper.make_graph(
        nodes,
        "layers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, WIDTH))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, WIDTH))],
        [numpy_helper.from_array(array, f"w{number}") for number, array in enumerate(weights)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    return lower(model.SerializeToString(), {"x": (1, WIDTH)}).program


@pytest.fixture(scope="module")
def item() -> dict[str, Array]:
    return {"x": np.random.default_rng(4).random((1, WIDTH), dtype=np.float32)}


@pytest.mark.parametrize("steps", [0, 1, 3, 5])
def test_one_element_alone_breaks_its_law(program: Program, item: dict[str, Array], steps: int) -> None:
    falsehood = falsify(program, item, steps=steps, far=1.0)
    assert falsehood.steps == steps
    with false_trace(program, item, falsehood) as trace:
        broken = [
            (number, element)
            for number, step in enumerate(program.steps)
            for element in range(step.elements)
            if not check_element(program, trace, number, element, trace.tensor(number).reshape(-1)[element].item())
        ]
        moved = trace.outputs()
    assert broken == [(falsehood.step, falsehood.element)]
    with evaluate(program, item) as honest:
        assert all(float(np.abs(moved[name] - array).max()) > 1.0 for name, array in honest.outputs().items())


def test_what_no_element_can_do_is_said(program: Program, item: dict[str, Array]) -> None:
    with pytest.raises(ValueError, match="that far"):
        falsify(program, item, steps=0, far=1e300)
