"""Deriving strangers' models behind walls: the same answer as without, and an end to whatever asks for too much."""

import numpy as np
import psutil
import pytest
from onnx import TensorProto

from atomic_verify.commitments import DType
from atomic_verify.errors import AtomicError
from atomic_verify.execution.derivation import derive_walled
from atomic_verify.execution.errors import SandboxOutOfMemory, SandboxTimeout
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.models.critical.probe import probe_head
from atomic_verify.models.derivation import derive_model
from atomic_verify.models.errors import OnnxMalformed, OnnxSignatureMismatch
from tests.support.onnx_graphs import X, Y, make, node, signature

SEQUENCE = (4096, 1, 1)


def unrolled() -> bytes:
    """A few hundred bytes that unroll to hundreds of thousands of steps."""
    nodes, last = [], "x"
    for number in range(4):
        nodes += [node("LSTM", [last, "w", "r"], [f"l{number}"], hidden_size=1)]
        nodes += [node("Squeeze", [f"l{number}", "one"], [f"s{number}"])]
        last = f"s{number}"
    ones = np.ones((1, 4, 1), np.float32)
    given, made = ([(name, TensorProto.FLOAT, SEQUENCE)] for name in "xy")
    weights = {"w": ones, "r": ones, "one": np.array([1])}
    nodes.append(node("Identity", [last], ["y"]))
    return bytes(make(nodes, given, made, weights, opset=14).SerializeToString())


def bloated() -> bytes:
    """Two kilobytes of arithmetic on constants that fill gigabytes."""
    nodes = [node("Cast", ["w"], ["wide"], to=TensorProto.DOUBLE)]
    for number in range(30):
        nodes += [
            node("Expand", ["wide", "shape"], [f"e{number}"]),
            node("CumSum", [f"e{number}", "axis"], [f"c{number}"]),
        ]
    nodes += [
        node("Sum", [f"c{number}" for number in range(30)], ["sum"]),
        node("ReduceMax", ["sum"], ["most"], keepdims=0),
        node("Cast", ["most"], ["scale"], to=TensorProto.FLOAT),
        node("Mul", ["x", "scale"], ["y"]),
    ]
    weights = {"w": np.ones(1, np.float32), "shape": np.array([4 * 2**20]), "axis": np.array(0)}
    return bytes(make(nodes, weights=weights).SerializeToString())


def test_behind_walls_the_same_is_derived() -> None:
    graph = make([node("Softmax", ["x"], ["s"], axis=1), node("Floor", ["s"], ["y"])]).SerializeToString()
    assert derive_walled(graph, X, Y) == derive_model(graph, X, Y)


def test_behind_walls_a_critical_part_is_derived_too() -> None:
    graph, inputs, outputs = probe_head()
    found = derive_walled(graph, inputs, outputs)
    assert found == derive_model(graph, inputs, outputs)
    assert found.part is not None
    assert found.part.largest == pytest.approx(3.0, rel=1e-6)


def test_a_small_file_that_asks_for_gigabytes_has_an_end() -> None:
    graph = bloated()
    assert len(graph) < 2500
    with pytest.raises(SandboxOutOfMemory):
        derive_walled(graph, X, Y, SandboxLimits(memory=2**30, seconds=120.0, cpu_seconds=120))


def test_a_small_file_that_takes_for_ever_has_an_end() -> None:
    inputs, outputs = (signature((name, DType.FLOAT, SEQUENCE)) for name in "xy")
    with pytest.raises(SandboxTimeout):
        derive_walled(unrolled(), inputs, outputs, SandboxLimits(seconds=2.0, cpu_seconds=60))
    with pytest.raises(SandboxTimeout, match="CPU"):
        derive_walled(unrolled(), inputs, outputs, SandboxLimits(seconds=120.0, cpu_seconds=1))
    assert not [child for child in psutil.Process().children() if "derivation_child" in " ".join(child.cmdline())]


@pytest.mark.parametrize(
    ("graph", "error"),
    [
        (b"", OnnxMalformed),
        (b"\xff" * 64, OnnxMalformed),
        (make([node("Det", ["x"], ["y"])]).SerializeToString(), AtomicError),
        (make([node("NonZero", ["x"], ["y"])]).SerializeToString(), AtomicError),
        (
            make([node("Exp", ["z"], ["y"])], [("z", TensorProto.FLOAT, (1, 4))]).SerializeToString(),
            OnnxSignatureMismatch,
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_across_the_walls(graph: bytes, error: type[AtomicError]) -> None:
    with pytest.raises(error) as refused:
        derive_walled(graph, X, Y)
    assert refused.value.code not in {"sandbox-crashed", "sandbox-failed"}


def test_what_is_unsupported_names_the_operator() -> None:
    graph = make([node("Multinomial", ["x"], ["y"])]).SerializeToString()
    with pytest.raises(AtomicError, match="Multinomial"):
        derive_walled(graph, X, Y)
