"""Instances and decisions of a proven item."""

import numpy as np
import pytest

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.errors import NotWholeQuanta
from atomic_verify.protocol.proofs import Decision, decide, pack, proven_of, unpack
from atomic_verify.protocol.quanta import FIELD
from atomic_verify.protocol.types import CriticalKind, CriticalStep

WORD = Digest(b"\x01" * 32)
STEP = CriticalStep(CriticalKind.WHOLE, True, WORD, WORD, WORD, 2, 1, 100, 3)


def test_instances_are_what_is_read_and_then_the_scores() -> None:
    read = np.array([[0.25, -0.25, 25.0, -0.1]], dtype=np.float32)
    scores = np.array([[1.5, -0.5]], dtype=np.float32)
    found = proven_of(STEP, read, scores)
    assert found.instances == (1, FIELD - 1, 100, 0, 3, FIELD - 1)
    assert found.decision == Decision(0, True)


def test_nothing_is_certain_of_what_was_cut() -> None:
    scores = np.array([1.5, -0.5], dtype=np.float32)
    for value, is_certain in (
        (25.0, True),
        (25.1, True),
        (25.125, False),
        (-1e30, False),
        (np.inf, False),
        (np.nan, True),
    ):
        found = proven_of(STEP, np.array([0.0, value], np.float32), scores)
        assert found.decision == Decision(0, is_certain), value


def test_scores_that_no_circuit_gave_are_refused() -> None:
    with pytest.raises(NotWholeQuanta):
        proven_of(STEP, np.zeros(4, np.float32), np.array([0.3, 1.0], np.float32))


@pytest.mark.parametrize(
    ("scores", "decision"),
    [
        ([0, 0], Decision(0, False)),
        ([1, 4], Decision(1, False)),
        ([0, 4], Decision(1, True)),
        ([7, 7, 7], Decision(0, False)),
        ([-9, -3, -7], Decision(1, True)),
        ([-9, -3, -6], Decision(1, False)),
    ],
)
def test_the_lowest_of_the_largest_decides_and_is_certain_beyond_the_margin(
    scores: list[int], decision: Decision
) -> None:
    assert decide(np.array(scores, dtype=np.int64), 3) == decision


def test_decisions_fit_one_word() -> None:
    decisions = tuple(Decision(2**31 - 1 - at, at % 2 == 0) for at in range(8))
    packed = pack(decisions)
    assert packed < 2**256
    assert unpack(packed, 8) == decisions
    assert unpack(packed, 3) == decisions[:3]
