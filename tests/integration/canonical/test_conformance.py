"""ONNX's own single-node tests, all of them: pass or be refused, none wrong; and laws agree with all steps."""

from collections import Counter

import pytest

from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import check_element
from atomic_verify.canonical.lowering import conformance
from atomic_verify.canonical.lowering.conformance import Case, Verdict
from atomic_verify.canonical.traces import Trace

AT_LEAST = 900


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(conformance.cases())


def test_no_case_is_wrong_and_most_pass(cases: list[Case]) -> None:
    outcome = conformance.Conformance(tuple(conformance.judge(case) for case in cases))
    assert [f"{wrong.case}: {wrong.reason}" for wrong in outcome.wrong] == []
    assert outcome.passed >= AT_LEAST
    assert outcome.passed + sum(outcome.refused.values()) == len(cases)
    contradictions = [reason for reason in outcome.refused if "contradicts" in reason]
    assert contradictions == [], "a rule failed on a model that ONNX itself made"


def test_a_wrong_answer_is_found(cases: list[Case]) -> None:
    """The gate itself: another expected value, shape or type is called wrong."""
    case = next(case for case in cases if case.name == "test_add")
    (truth,) = case.outputs
    for false in (truth + 0.01, truth[:1], truth.astype("float64")):
        changed = Case(case.name, case.model, case.inputs, (false,))
        assert conformance.judge(changed).verdict is Verdict.WRONG
    assert conformance.judge(case).verdict is Verdict.PASSED


def test_laws_agree_with_every_step(cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """First, last and middle element of every step of every fifth case."""
    rejected: Counter[str] = Counter()
    checked = 0

    def judged(program, inputs, _) -> Trace:
        nonlocal checked
        trace = evaluate(program, inputs)
        for number, step in enumerate(program.steps):
            for element in {0, step.elements // 2, step.elements - 1}:
                committed = trace.tensor(number).reshape(-1)[element].item()
                checked += 1
                if not check_element(program, trace, number, element, committed):
                    rejected[f"{step.opcode.name} {step.function.name}"] += 1
        return trace

    monkeypatch.setattr(conformance, "evaluate", judged)
    for case in cases[::5]:
        conformance.judge(case)
    assert rejected == {}
    assert checked > 2000
