"""A refuter that only has a claimer's answers descends to a lie, and the referee contract convicts by what it has."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atomic_verify.canonical.audit import Place, audit
from atomic_verify.canonical.descent import Ask, Broken, next_move
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.openings import KnownTrace
from atomic_verify.canonical.program import DType64, Source
from atomic_verify.canonical.traces import Trace
from tests.integration.canonical.models import evaluated_model
from tests.property.lies import evaluated_with


def _claimed(own: Trace, seed: int) -> tuple[Trace, Place]:
    """Somebody else's trace, rounded otherwise, with one large lie early in it."""
    random = np.random.default_rng(seed)
    early = [n for n, step in enumerate(own.program.steps[: len(own.program.steps) // 2]) if step.elements > 9]
    step = int(random.choice([n for n in early if own.program.steps[n].dtype is DType64.FLOAT]))
    element = int(random.integers(own.program.steps[step].elements))
    value = own.tensor(step).reshape(-1)[element].item()
    return evaluated_with(own, {(step, element): 3 * value + 1}, random), Place(step, element)


def _claims(own: Trace, count: int) -> Iterator[tuple[Trace, Place]]:
    """Such traces whose outputs the lie moves: none is disputed for its rounding."""
    found = 0
    for seed in itertools.count():
        claimed, lie = _claimed(own, seed)
        start = _worst_output(own, claimed)
        outputs = (trace.tensor(start.step).reshape(-1)[start.element] for trace in (own, claimed))
        if abs(np.subtract(*outputs)) > 1e-6:
            yield claimed, lie
            found += 1
        if found == count:
            return


def _worst_output(own: Trace, claimed: Trace) -> Place:
    step = own.program.outputs[0].step
    return Place(step, int(np.argmax(np.abs(own.tensor(step) - claimed.tensor(step)))))


def _depth(own: Trace) -> int:
    depths: list[int] = []
    for step in own.program.steps:
        depths.append(1 + max((depths[o.tensor] for o in step.operands if o.source is Source.STEP), default=0))
    return max(depths)


@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer"])
def test_answers_lead_to_a_conviction(referee: Any, name: str, tmp_path: Path) -> None:
    inputs, own = evaluated_model(name, tmp_path)
    for claimed, lie in _claims(own, 4):
        assert audit(own.program, claimed) == lie
        claimer = Case(own.program, claimed)
        start = _worst_output(own, claimed)
        known = KnownTrace(own.program, claimer.root)
        known.add(start.step, start.element // 64, claimer.open_elements(start.step, start.element, 1))
        rounds = 0
        while isinstance(move := next_move(own.program, own, known, start), Ask):
            rounds += 1
            for run in move.runs:
                known.add(run.step, run.first, claimer.open_leaves(run.step, run.first, run.count))
        assert move == Broken(lie)
        assert rounds <= _depth(own)
        refuter = Case.partial(own.program, inputs, known)
        assert refuter.evaluation() == claimer.evaluation()
        assert refuter.evidence(lie.step, lie.element) == claimer.evidence(lie.step, lie.element)
        assert referee.judge(refuter, lie.step, lie.element) == "broken"


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_an_element_that_is_not_finite_needs_no_operands(referee: Any, value: float, tmp_path: Path) -> None:
    inputs, own = evaluated_model("mlp", tmp_path)
    step = own.program.outputs[0].step
    claimer = Case(own.program, own).falsified(step, 3, value)
    known = KnownTrace(own.program, claimer.root)
    known.add(step, 0, claimer.open_elements(step, 3, 1))
    assert next_move(own.program, own, known, Place(step, 3)) == Broken(Place(step, 3))
    assert referee.judge(Case.partial(own.program, inputs, known), step, 3) == "broken"
