"""Whatever a stranger sends as an ONNX file, the check passes it or refuses it with an error of its own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.models.check import CheckLimits, check_model
from atomic_verify.models.errors import OnnxRefused
from tests.support.onnx_graphs import X, Y, make, node

GRAPH = make(
    [
        node("Constant", [], ["c"], value_floats=[1.0, 2.0, 3.0, 4.0]),
        node("Add", ["x", "w"], ["a"]),
        node("Mul", ["a", "c"], ["b"]),
        node("Reshape", ["b", "s"], ["y"]),
    ],
    weights={"w": np.ones((1, 4), np.float32), "s": np.array([1, 4])},
).SerializeToString()

# Small, so that a shape that grew by accident is refused instead of computed.
LIMITS = CheckLimits(tensor_bytes=2**20, computed_bytes=2**22)


def passes_or_refuses(data: bytes) -> None:
    try:
        report = check_model(data, X, Y, LIMITS)
    except OnnxRefused:
        return
    assert report.computed_bytes <= LIMITS.computed_bytes


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    passes_or_refuses(data)


@given(st.lists(st.tuples(st.integers(0, len(GRAPH) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_model_with_bytes_changed(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GRAPH)
    for place, value in changes:
        data[place] = value
    passes_or_refuses(bytes(data))


@given(st.integers(0, len(GRAPH)), st.integers(0, len(GRAPH)), st.binary(max_size=40))
def test_a_model_with_a_piece_replaced(first: int, second: int, piece: bytes) -> None:
    start, stop = sorted((first, second))
    passes_or_refuses(GRAPH[:start] + piece + GRAPH[stop:])
