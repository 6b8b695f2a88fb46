"""LSTM, GRU and RNN against onnxruntime: directions, lengths, states, peepholes, activations, clipping, layout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from tests.support.onnx_nodes import agree, answers, numbers, one_node

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
ACTIVATIONS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
OTHERS = ["Relu", "Sigmoid", "Tanh", "Softsign", "LeakyRelu", "HardSigmoid", "Elu", "Softplus"]


def arrays(operator, sizes, ways, *, biased, lengths, started, peeping=False):
    time, batch, width, size = sizes
    gates = GATES[operator]
    random = np.random.default_rng(5)
    inputs: dict[str, np.ndarray | None] = {"a": numbers(0, time, batch, width)}
    state = {"f": numbers(3, ways, batch, size) if started else None}
    if operator == "LSTM":
        state["g"] = numbers(4, ways, batch, size) if started else None
    inputs["e"] = random.integers(1, time + 1, batch).astype(np.int32) if lengths else None
    constants: dict[str, np.ndarray | None] = {
        "b": numbers(1, ways, gates * size, width),
        "c": numbers(2, ways, gates * size, size),
        "d": numbers(6, ways, 2 * gates * size) if biased else None,
    }
    if operator == "LSTM":
        constants["h"] = numbers(7, ways, 3 * size) if peeping else None
    return {**inputs, **state}, constants


@pytest.mark.parametrize("operator", GATES)
@given(st.data())
def test_unrolled(operator, data) -> None:
    flag = st.booleans()
    direction = data.draw(st.sampled_from(["forward", "reverse", "bidirectional"]))
    ways = 2 if direction == "bidirectional" else 1
    sizes = [data.draw(st.integers(1, 4)) for _ in range(4)]
    inputs, constants = arrays(
        operator,
        sizes,
        ways,
        biased=data.draw(flag),
        lengths=data.draw(flag),
        started=data.draw(flag),
        peeping=data.draw(flag),
    )
    attributes = {"hidden_size": sizes[3], "direction": direction}
    if operator != "LSTM" and data.draw(flag):
        attributes["clip"] = 0.75
    if operator == "GRU":
        attributes["linear_before_reset"] = data.draw(st.integers(0, 1))
    outputs = "x y z" if operator == "LSTM" else "x y"
    agree(operator, inputs, constants, outputs=outputs, opset=14, tolerance=1e-5, **attributes)


@pytest.mark.parametrize("operator", GATES)
@pytest.mark.parametrize("name", OTHERS)
def test_activations(operator, name) -> None:
    inputs, constants = arrays(operator, (2, 2, 3, 2), 1, biased=True, lengths=False, started=True)
    names = [name, *ACTIVATIONS[operator][1:]]
    agree(operator, inputs, constants, opset=14, tolerance=1e-5, hidden_size=2, activations=names)


def test_parameters_of_activations_go_to_those_that_have_one() -> None:
    inputs, constants = arrays("LSTM", (3, 2, 3, 2), 2, biased=True, lengths=False, started=True)
    names = ["HardSigmoid", "Tanh", "Affine", "Sigmoid", "LeakyRelu", "ScaledTanh"]
    values = {"activation_alpha": [0.3, 0.9, 0.05, 1.1], "activation_beta": [0.4, 0.1, 0.7]}
    agree(
        "LSTM",
        inputs,
        constants,
        opset=14,
        tolerance=1e-5,
        hidden_size=2,
        direction="bidirectional",
        activations=names,
        **values,
    )


@pytest.mark.parametrize("operator", GATES)
def test_batch_first_is_time_first_transposed(operator) -> None:
    inputs, constants = arrays(operator, (4, 3, 2, 2), 2, biased=True, lengths=False, started=True)
    outputs = ["x", "y", "z"] if operator == "LSTM" else ["x", "y"]
    plain = {"hidden_size": 2, "direction": "bidirectional"}
    first = answers(one_node(operator, inputs, constants, outputs, 14, plain), inputs)
    turned = {n: None if a is None else np.ascontiguousarray(a.swapaxes(0, 1)) for n, a in inputs.items()}
    second = answers(one_node(operator, turned, constants, outputs, 14, {**plain, "layout": 1}), turned)
    np.testing.assert_allclose(second[0], first[0].transpose(2, 0, 1, 3), rtol=1e-6)
    for early, late in zip(first[1:], second[1:], strict=True):
        np.testing.assert_allclose(late, early.transpose(1, 0, 2), rtol=1e-6)


def test_only_the_last_state_is_wanted() -> None:
    inputs, constants = arrays("LSTM", (20, 1, 3, 2), 1, biased=True, lengths=False, started=False)
    agree("LSTM", inputs, constants, outputs="_ _ z", opset=14, tolerance=1e-5, hidden_size=2)
    agree("LSTM", inputs, constants, outputs="x", opset=14, tolerance=1e-5, hidden_size=2)


@pytest.mark.parametrize(
    ("attributes", "attribute"),
    [
        ({"input_forget": 1}, "input_forget"),
        ({"clip": 0.5}, "clip"),
        ({"direction": "sideways"}, "direction"),
        ({"activations": ["Sigmoid", "Tanh"]}, "activations"),
        ({"activations": ["Sigmoid", "Tanh", "Cosine"]}, "activations"),
        ({"activations": ["Sigmoid", "Tanh", "Affine"]}, "activation_alpha"),
        ({"activation_alpha": [0.5]}, "activation_alpha"),
        ({"hidden_size": 3}, "W"),
    ],
)
def test_what_is_not_known_is_refused(attributes, attribute) -> None:
    inputs, constants = arrays("LSTM", (2, 1, 3, 2), 1, biased=True, lengths=False, started=False)
    with pytest.raises(Unsupported) as found:
        answers(one_node("LSTM", inputs, constants, ["y"], 14, {"hidden_size": 2, **attributes}), inputs)
    assert found.value.attribute == attribute
