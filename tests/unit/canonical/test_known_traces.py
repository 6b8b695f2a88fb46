"""What is known of a claimed trace: only what leads to its root."""

from dataclasses import replace

import numpy as np
import pytest

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.openings import KnownTrace, Opening
from atomic_verify.canonical.program import Function, Program
from atomic_verify.canonical.records import decode_outputs, decode_step, trace_root
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import DType, OpeningIndexError, OpeningLengthError, RootMismatch, verify_entry


@pytest.fixture
def program() -> Program:
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (3, 100))
    y = builder.map(Function.EXP, builder.map(Function.MUL, x, builder.weight(np.linspace(0, 1, 100))))
    return builder.finish([("y", y, DType.FLOAT, (3, 100))])


@pytest.fixture
def trace(program: Program) -> Trace:
    return evaluate(program, {"x": np.random.default_rng(3).normal(size=(3, 100)).astype(np.float32)})


def test_elements_are_read_out_of_the_leaves_that_were_shown(program: Program, trace: Trace) -> None:
    case = Case(program, trace)
    known = KnownTrace(program, case.root)
    known.add(1, 1, case.open_leaves(1, 1, 2))
    assert known.elements(1, 70, 90) == trace.tensor(1).reshape(-1)[70:160].tolist()
    assert known.knows(1, 2)
    assert not known.knows(1, 3)
    assert not known.knows(2, 1)
    for first, count in ((63, 2), (191, 2)):
        with pytest.raises(KeyError):
            known.elements(1, first, count)


def test_nothing_is_learnt_from_what_leads_elsewhere(program: Program, trace: Trace) -> None:
    case = Case(program, trace)
    known = KnownTrace(program, case.root)
    right = case.open_leaves(1, 1, 2)
    changed = bytes([right.leaves[0] ^ 1]) + right.leaves[1:]
    for wrong in (replace(right, leaves=changed), replace(right, path=right.path[::-1])):
        with pytest.raises(RootMismatch):
            known.add(1, 1, wrong)
    with pytest.raises(RootMismatch):
        known.add(2, 1, right)
    with pytest.raises(OpeningLengthError):
        known.add(1, 1, replace(right, proof=()))
    with pytest.raises(OpeningIndexError):
        known.add(1, 4, right)
    assert not any(known.knows(step, leaf) for step in range(3) for leaf in range(5))


def test_what_a_case_tells_of_records_and_outputs(program: Program, trace: Trace) -> None:
    case = Case(program, trace)
    root, steps = case.evaluation()[:2]
    assert decode_step(case.record(1)) == program.steps[1]
    assert decode_outputs(case.outputs_record) == (2,)
    cited = case.output_citation(0)
    assert (cited.record, cited.outputs) == (case.record(2), case.outputs_record)
    verify_entry(root, cited.outputs, steps, steps + 1, cited.outputs_path)
    verify_entry(root, cited.record, 2, steps + 1, cited.record_path)
    with pytest.raises(IndexError):
        case.output_citation(1)
    assert case.root == trace_root([trace.tensor(step) for step in range(steps)])


def test_a_case_of_parts_opens_what_is_known_of_it(program: Program, trace: Trace) -> None:
    case = Case(program, trace)
    known = KnownTrace(program, case.root)
    inputs = {"x": trace.inputs[0]}
    partial = Case.partial(program, inputs, known)
    with pytest.raises(KeyError):
        partial.evidence(2, 80)
    known.add(2, 0, case.open_leaves(2, 0, 2))
    with pytest.raises(KeyError):
        partial.evidence(2, 80)
    known.add(1, 1, case.open_leaves(1, 1, 1))
    assert partial.evidence(2, 80) == case.evidence(2, 80)
    assert partial.open_leaves(2, 1, 1) == case.open_leaves(2, 1, 1)
    assert isinstance(partial.open_elements(2, 63, 2), Opening)
    with pytest.raises(TypeError):
        partial.falsified(2, 0, 1.0)
