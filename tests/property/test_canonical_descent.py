"""The descent through a trace that is only shown piece by piece: it ends at a broken element, in few rounds."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.audit import Place
from atomic_verify.canonical.descent import Ask, Broken, Move, Stuck, next_move
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import element_law
from atomic_verify.canonical.openings import KnownTrace, WholeTrace, run_of
from atomic_verify.canonical.program import Program, Source
from atomic_verify.canonical.traces import Trace
from tests.property.lies import evaluated_with, lie_about
from tests.property.random_programs import RandomPrograms

seeds = st.integers(0, 2**32)


def depth_of(program: Program) -> int:
    """The longest chain of steps."""
    depths: list[int] = []
    for step in program.steps:
        below = [depths[operand.tensor] for operand in step.operands if operand.source is Source.STEP]
        depths.append(1 + max(below, default=0))
    return max(depths)


def descend(own: Trace, claimed: Trace, start: Place, *, leaves: int = 64, runs: int = 8) -> tuple[Move, int]:
    """The last move, and how many demands the claimer answered before it."""
    program = own.program
    whole = WholeTrace([claimed.tensor(step) for step in range(len(program.steps))])
    known = KnownTrace(program, whole.root)
    shown = run_of(start.step, start.element, 1)
    known.add(shown.step, shown.first, whole.open_leaves(shown))
    rounds = 0
    while True:
        move = next_move(program, own, known, start, leaves=leaves, runs=runs)
        if not isinstance(move, Ask):
            return move, rounds
        assert 1 <= len(move.runs) <= runs
        assert sum(run.count for run in move.runs) <= leaves
        for run in move.runs:
            assert not any(known.knows(run.step, leaf) for leaf in range(run.first, run.first + run.count))
            known.add(run.step, run.first, whole.open_leaves(run))
        rounds += 1


def differences(own: Trace, claimed: Trace) -> Iterator[Place]:
    """The elements that differ, last step first."""
    for number in reversed(range(len(own.program.steps))):
        for element in np.flatnonzero(own.tensor(number).reshape(-1) != claimed.tensor(number).reshape(-1)).tolist():
            yield Place(number, element)


def _lied_about(seed: int, data: st.DataObject, count: int) -> tuple[Trace, Trace] | None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(16)
    own = evaluate(program, made.item())
    lies = {}
    for _ in range(count):
        step = data.draw(st.integers(0, len(program.steps) - 1))
        element = data.draw(st.integers(0, program.steps[step].elements - 1))
        value = lie_about(own, step, element)
        if value is not None:
            lies[step, element] = value
    return (own, evaluated_with(own, lies)) if lies else None


@given(seeds, st.data())
def test_one_lie_is_found_from_anything_that_follows_from_it(seed: int, data: st.DataObject) -> None:
    made = _lied_about(seed, data, 1)
    if made is None:
        return
    own, claimed = made
    lie = [*differences(own, claimed)][-1]
    start = data.draw(st.sampled_from([*differences(own, claimed)]))
    move, rounds = descend(own, claimed, start)
    assert isinstance(move, Broken)
    assert not element_law(own.program, claimed, move.place.step, move.place.element).allows(
        claimed.tensor(move.place.step).reshape(-1)[move.place.element].item()
    )
    assert move.place.step == lie.step
    assert rounds <= depth_of(own.program)


@given(seeds, st.data())
def test_of_many_lies_one_is_found(seed: int, data: st.DataObject) -> None:
    made = _lied_about(seed, data, 5)
    if made is None:
        return
    own, claimed = made
    start = next(differences(own, claimed))
    move, rounds = descend(own, claimed, start)
    assert isinstance(move, Broken)
    committed = claimed.tensor(move.place.step).reshape(-1)[move.place.element].item()
    assert not element_law(own.program, claimed, move.place.step, move.place.element).allows(committed)
    assert rounds <= 2 * depth_of(own.program)


@given(seeds, st.data())
def test_small_demands_take_more_rounds_to_the_same_end(seed: int, data: st.DataObject) -> None:
    made = _lied_about(seed, data, 1)
    if made is None:
        return
    own, claimed = made
    start = next(differences(own, claimed))
    assert descend(own, claimed, start, leaves=1, runs=1)[0] == descend(own, claimed, start)[0]


@given(seeds, st.data(), st.sampled_from([float("nan"), float("inf")]))
def test_what_is_not_finite_ends_the_descent(seed: int, data: st.DataObject, value: float) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(10)
    own = evaluate(program, made.item())
    start = Place(len(program.steps) - 1, 0)
    tensors = [np.array(own.tensor(number)) for number in range(len(program.steps))]
    if program.steps[start.step].dtype.numpy.kind != "f":
        return
    tensors[start.step].reshape(-1)[0] = value
    assert descend(own, replace(own, tensors=tensors), start) == (Broken(start), 0)


@given(seeds)
def test_an_honest_trace_leads_nowhere(seed: int) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(10)
    own = evaluate(program, made.item())
    assert descend(own, own, Place(len(program.steps) - 1, 0))[0] == Stuck()
