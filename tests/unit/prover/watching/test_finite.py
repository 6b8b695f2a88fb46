"""Outputs that aren't finite are answered with what the item means; all else stays as the kernels made it."""

import hashlib

import numpy as np
import pytest

from atomic_verify.execution.record import Execution, ExecutionRecord
from prover.watching.finite import items_not_finite, made_finite
from tests.unit.prover.watching.tiny import Result, fast, result


def execution(made: Result) -> Execution:
    record = ExecutionRecord(
        "tiny", "ab" * 32, "cpu", "none", {}, {}, made.items, 1, 0.1, "cd" * 32, "ef" * 32, {"y": 1}
    )
    return Execution(bytes(made.made), made.meaning.manifest.output_signature, record)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_only_the_items_that_are_not_finite_change(odd: float) -> None:
    made = result(items=6)
    honest = bytes(made.made)
    for item, element in ((1, 0), (4, 3)):
        made.set_score(item, element, odd)
    signature = made.meaning.manifest.output_signature
    assert items_not_finite(signature, 6, bytes(made.made)) == (1, 4)
    found, items = made_finite(execution(made), made.given, made.meaning)
    assert items == (1, 4)
    assert items_not_finite(signature, 6, found.payload) == ()
    for item in range(6):
        part = slice(48 * item, 48 * item + 48)
        if item in items:
            scores = np.frombuffer(found.payload[part][:16], np.float32)
            assert np.allclose(scores, np.frombuffer(honest[part][:16], np.float32), atol=1e-6)
            assert found.payload[part][16:] == honest[part][16:]
        else:
            assert found.payload[part] == honest[part]
    assert found.record.output_sha256 == hashlib.sha256(found.payload).hexdigest()


def test_finite_outputs_stay_as_they_are() -> None:
    made = result()
    found, items = made_finite(execution(made), made.given, made.meaning)
    assert items == ()
    assert found.payload == fast(made.given, made.items)
