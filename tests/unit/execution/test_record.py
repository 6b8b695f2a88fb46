"""Records of executions, and how the GPU's drift is counted."""

import json

import numpy as np
import pytest

from atomic_verify.commitments import Batch, DType, encode_batch
from atomic_verify.execution.gpu_check import drift, sample_items, share_of_accept
from atomic_verify.execution.record import Execution, ExecutionRecord, count_not_finite
from atomic_verify.models.parts import DTypeName, OutputEntry
from atomic_verify.models.tolerances import ToleranceEntry
from tests.support.onnx_graphs import signature

OUTPUTS = signature(("y", DType.FLOAT, (1, 2)), ("n", DType.INT64, (1,)), ("h", DType.FLOAT16, (1,)))


def payload(*items: tuple[list[float], float]) -> bytes:
    return encode_batch(
        OUTPUTS.specs,
        [{"y": np.array([y], np.float32), "n": np.array([7]), "h": np.array([h], np.float16)} for y, h in items],
    )


def test_values_that_are_not_finite_are_counted_by_tensor() -> None:
    made = payload(([1, 2], 0), ([np.nan, np.inf], 0), ([-np.inf, 0], np.nan))
    assert count_not_finite(OUTPUTS, 3, made) == {"y": 3, "h": 1}
    assert count_not_finite(OUTPUTS, 1, payload(([1, 2], 0))) == {}


def test_an_execution_commits_its_payload_and_its_record_is_json() -> None:
    made = payload(([1, 2], 0), ([3, 4], 0))
    record = ExecutionRecord("m", "aa", "cpu", "onnxruntime 0", {"threads": 0}, {}, 2, 1, 0.5, "bb", "cc", {"y": 1})
    assert Execution(made, OUTPUTS, record).commit().root == Batch.from_payload(OUTPUTS.specs, 2, made).root
    assert json.loads(json.dumps(record.as_dict()))["not_finite"] == {"y": 1}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (([1, 2], 0), ([1, 2.5], 0.25), 0.5),
        (([1, 2], 0), ([1, 2], -3), 3.0),
        (([np.nan, np.inf], 0), ([np.nan, np.inf], 0), 0.0),
        (([np.nan, 2], 0), ([1, 2], 0), np.inf),
        (([np.inf, 2], 0), ([-np.inf, 2], 0), np.inf),
        (([1, 2], np.inf), ([1, 2], 0), np.inf),
    ],
)
def test_drift_is_the_largest_difference(first, second, expected: float) -> None:
    one, other = (Batch.from_payload(OUTPUTS.specs, 1, payload(item)) for item in (first, second))
    assert drift(one, other) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (([1.0, 2.0], 1.0), 0.0),
        (([1.0, 2.25], 1.0), 0.25 / (0.125 + 0.25 * 2.0)),
        (([1.0, 2.0], 3.0), 2.0 / 0.5),
        (([np.nan, 2.0], 1.0), np.inf),
    ],
)
def test_drift_is_told_as_a_share_of_what_accept_allows(second: tuple[list[float], float], expected: float) -> None:
    def entry(name: str, dtype: DTypeName, shape: tuple[int, ...], accept: tuple[float, float]) -> OutputEntry:
        tolerance = ToleranceEntry(atol=accept[0], rtol=accept[1])
        return OutputEntry(name=name, dtype=dtype, shape=shape, accept=tolerance)

    outputs = [
        entry("y", "float", (1, 2), (0.125, 0.25)),
        entry("n", "int64", (1,), (0.0, 0.0)),
        entry("h", "float16", (1,), (0.5, 0.0)),
    ]
    one, other = (Batch.from_payload(OUTPUTS.specs, 1, payload(item)) for item in (([1.0, 2.0], 1.0), second))
    assert share_of_accept(one, other, outputs) == expected


def test_sampled_items_are_the_same_each_time_and_fit_the_signature() -> None:
    specs = signature(("a", DType.INT32, (2,)), ("b", DType.BOOL, (3,)), ("c", DType.DOUBLE, ())).specs
    assert sample_items(specs, 5) == sample_items(specs, 5)
    assert Batch.from_payload(specs, 5, sample_items(specs, 5)).item(4)["a"].max() < 32
