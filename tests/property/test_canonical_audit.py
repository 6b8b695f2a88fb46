"""The audit of somebody else's trace: any one lie is found, wherever it is, and no honest trace is accused."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.audit import Place, audit, broken_elements
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import element_law, law_of
from atomic_verify.canonical.pieces import pieces
from atomic_verify.canonical.program import Array, DType64, Opcode, Operand, Program, Scalar
from atomic_verify.canonical.traces import Trace
from tests.property.lies import evaluated_with, falsified, lie_about
from tests.property.random_programs import RandomPrograms

seeds = st.integers(0, 2**32)


def _evaluated(seed: int, steps: int = 10) -> tuple[Program, Trace]:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(steps)
    return program, evaluate(program, made.item())


@given(seeds, st.data())
def test_one_wrong_element_is_found_wherever_it_is(seed: int, data: st.DataObject) -> None:
    program, trace = _evaluated(seed)
    step = data.draw(st.integers(0, len(program.steps) - 1))
    element = data.draw(st.integers(0, program.steps[step].elements - 1))
    value = lie_about(trace, step, element)
    if value is None:
        return
    assert audit(program, falsified(trace, step, element, value)) == Place(step, element)
    # A liar who keeps to the laws afterwards has told just this one lie.
    assert list(broken_elements(program, evaluated_with(trace, {(step, element): value}))) == [Place(step, element)]


@given(seeds, st.data(), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_is_not_finite_is_found(seed: int, data: st.DataObject, value: float) -> None:
    program, trace = _evaluated(seed)
    floats = [number for number, step in enumerate(program.steps) if step.dtype is DType64.FLOAT]
    if not floats:
        return
    step = data.draw(st.sampled_from(floats))
    element = data.draw(st.integers(0, program.steps[step].elements - 1))
    assert audit(program, falsified(trace, step, element, value)) == Place(step, element)


@given(seeds)
def test_an_honest_trace_is_not_accused_whatever_the_order_of_its_sums(seed: int) -> None:
    program, trace = _evaluated(seed)
    assert audit(program, trace) is None
    random = np.random.default_rng(seed)
    tensors: list[Array] = []
    other = replace(trace, tensors=tensors)
    for number, step in enumerate(program.steps):
        tensor = np.array(trace.tensor(number))
        tensors.append(tensor)
        for element in range(step.elements):
            tensor.reshape(-1)[element] = _in_other_order(program, other, number, element, random)
    assert audit(program, other) is None


def _in_other_order(program: Program, trace: Trace, number: int, element: int, random: np.random.Generator) -> Scalar:
    """The element as its law says, or a float sum term by term in any order."""
    step = program.steps[number]
    segments: list[list[Scalar]] = []

    def elements(operand: Operand, first: int, count: int) -> list[Scalar]:
        found = trace.elements(operand, first, count)
        segments.append(found)
        return found

    law = law_of(step, element, elements)
    if step.dtype is DType64.INT:
        return int(law.value)
    if step.opcode not in (Opcode.DOT, Opcode.SUM) or len(segments) != len(step.operands):
        return float(law.value)
    terms = [math.prod(term) for term in zip(*segments, strict=True)]
    total = 0.0
    for place in random.permutation(len(terms)).tolist():
        total += terms[place]
    return total if math.isfinite(total) else float(law.value)


@given(seeds)
def test_of_a_trace_of_any_values_exactly_what_breaks_its_law_is_found(seed: int) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(8)
    honest = evaluate(program, made.item())
    # Each element right or anything at all, the largest and the least numbers among it.
    tensors = []
    for number, step in enumerate(program.steps):
        anything = made.values(step.dtype, step.elements).reshape(step.shape)
        kept = made.random.random(step.shape) < made.choice([0.0, 0.5, 0.95])
        tensors.append(np.where(kept, honest.tensor(number), anything))
    trace = replace(honest, tensors=tuple(tensors))
    expected = {
        Place(number, element)
        for number, step in enumerate(program.steps)
        for element in range(step.elements)
        if element_law(program, trace, number, element).convicts(tensors[number].reshape(-1)[element].item())
    }
    assert set(broken_elements(program, trace)) == expected


@given(seeds, st.integers(1, 7))
def test_pieces_say_the_same_as_the_whole(seed: int, size: int) -> None:
    program, trace = _evaluated(seed)
    for number, step in enumerate(program.steps):
        first = 0
        for piece in pieces(step, size):
            assert piece.first == first
            assert piece.step.elements <= size
            for element in range(piece.step.elements):
                whole = element_law(program, trace, number, first + element)
                assert law_of(piece.step, element, trace.elements) == whole
            first += piece.step.elements
        assert first == step.elements


@given(seeds, st.data())
def test_small_pieces_find_the_same(seed: int, data: st.DataObject) -> None:
    program, trace = _evaluated(seed, 6)
    step = data.draw(st.integers(0, len(program.steps) - 1))
    element = data.draw(st.integers(0, program.steps[step].elements - 1))
    value = lie_about(trace, step, element)
    size = data.draw(st.integers(1, 9))
    assert audit(program, trace, at_once=size) is None
    if value is not None:
        assert audit(program, falsified(trace, step, element, value), at_once=size) == Place(step, element)
