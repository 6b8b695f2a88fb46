"""Re-execution: what is within accept passes, what isn't is found with the element that shows it, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.types import Outcome
from prover.watching.reexecute import FINDINGS, Examination, reexecute
from tests.unit.prover.jobs import RFP
from tests.unit.prover.watching.tiny import ACCEPT, SLASH, Result, fast, result


def examined(made: Result) -> Examination:
    return reexecute(replace(RFP, item_count=made.items), made.data(), made.meaning, fast)


def moved(by: float, **changes) -> Result:
    made = result(**changes)
    made.set_score(2, 1, made.score(2, 1) + by)
    return made


def test_an_honest_result_needs_no_canonical_evaluation() -> None:
    found = examined(result(items=20))
    assert (found.items, found.evaluated, found.findings, found.outcome) == (20, 0, (), Outcome.NONE)
    assert found.worst < 0.5


@pytest.mark.parametrize(
    ("by", "outcome"),
    [
        (0.4 * ACCEPT, Outcome.NONE),
        (0.99 * ACCEPT, Outcome.NONE),
        (-0.99 * ACCEPT, Outcome.NONE),
        (1.01 * ACCEPT, Outcome.VOID),
        (0.99 * SLASH, Outcome.VOID),
        (1.01 * SLASH, Outcome.SLASH),
        (-3 * SLASH, Outcome.SLASH),
        (float("nan"), Outcome.SLASH),
        (float("inf"), Outcome.SLASH),
    ],
)
def test_the_canonical_value_decides(by: float, outcome: Outcome) -> None:
    found = examined(moved(by))
    assert found.outcome is outcome
    assert found.evaluated == (0 if by == 0.4 * ACCEPT else 1)
    assert found.findings == (() if outcome is Outcome.NONE else (Wrong(2, 0, 1, outcome),))


def test_a_void_only_model_is_never_slashed() -> None:
    assert examined(moved(100 * SLASH, void_only=True)).outcome is Outcome.VOID


def test_a_wrong_integer_is_fraud() -> None:
    made = result()
    made.set_integer(4, 3, 77)
    assert examined(made).findings == (Wrong(4, 1, 3, Outcome.SLASH),)


def test_the_gravest_element_of_an_item_is_shown() -> None:
    made = moved(1.5 * ACCEPT)
    made.set_score(2, 3, made.score(2, 3) + 2 * SLASH)
    assert examined(made).findings == (Wrong(2, 0, 3, Outcome.SLASH),)


def test_the_first_fraud_ends_the_search() -> None:
    made = result(items=6)
    for item, score in ((1, 50.0), (3, 70.0), (5, 60.0)):
        made.set_score(item, 0, score)
    found = examined(made)
    assert [one.item for one in found.findings] == [3], "the furthest is looked at first"
    assert found.evaluated == 1


def test_voids_are_collected_up_to_a_bound() -> None:
    made = result(items=FINDINGS + 10)
    for item in range(made.items):
        made.set_score(item, 0, made.score(item, 0) + 2 * ACCEPT)
    found = examined(made)
    assert len({one.item for one in found.findings}) == len(found.findings) == FINDINGS
    assert found.outcome is Outcome.VOID


def test_a_machine_of_ours_that_errs_convicts_nobody() -> None:
    made = result()
    wrong = bytes(np.random.default_rng(5).integers(0, 255, len(made.made), dtype=np.uint8))
    found = reexecute(replace(RFP, item_count=made.items), made.data(), made.meaning, lambda payload, items: wrong)
    assert (found.evaluated, found.findings) == (made.items, ())


def test_an_examination_is_written_and_read() -> None:
    found = examined(moved(2 * SLASH))
    assert Examination.from_json(found.to_json()) == found
