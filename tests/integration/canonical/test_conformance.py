"""ONNX's own single-node tests, all of them: pass or be refused, none wrong; and laws agree with all steps."""

import random
from collections import Counter

import numpy as np
import pytest
from onnx import AttributeProto, ModelProto, numpy_helper

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.law import check_element
from atomic_verify.canonical.lowering import conformance, lower
from atomic_verify.canonical.lowering.conformance import Case, Verdict
from atomic_verify.canonical.traces import Trace
from atomic_verify.canonical.validity import program_fault

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


MUTATIONS = 1500
EXTREMES = (-(2**63), -(2**31), -100, -3, -1, 0, 1, 2, 3, 7, 100, 2**31 - 1, 2**63 - 1)


def test_hostile_models_are_lowered_validly_or_refused(cases: list[Case]) -> None:
    """Mutated attributes, shapes, types, wires, opsets and shape tensors: no other exception, and no invalid record."""
    dice = random.Random(2026)
    lowered = 0
    for _ in range(MUTATIONS):
        model = mutated(dice.choice(cases), dice)
        try:
            program = lower(model).program
        except Unsupported:
            continue
        lowered += 1
        assert program_fault(program) is None, model
    assert lowered > MUTATIONS / 20


def mutated(case: Case, dice: random.Random) -> ModelProto:
    model = ModelProto()
    model.CopyFrom(case.model)
    fix_shapes(model, case, dice)
    for _ in range(dice.randrange(4)):
        dice.choice((mutate_attribute, mutate_attribute, mutate_input, mutate_wires))(model, dice)
    if dice.random() < 0.1:
        model.opset_import[0].version = dice.randrange(5, 30)
    return model


def fix_shapes(model: ModelProto, case: Case, dice: random.Random) -> None:
    """Integer inputs become initializers, mostly, with an extreme among their elements, often."""
    given = dict(zip([info.name for info in case.model.graph.input], case.inputs, strict=True))
    for info in list(model.graph.input):
        array = given[info.name]
        if isinstance(array, np.ndarray) and array.dtype == np.int64 and dice.random() < 0.7:
            changed = array.copy()
            if changed.size and dice.random() < 0.6:
                changed.reshape(-1)[dice.randrange(changed.size)] = dice.choice(EXTREMES)
            model.graph.initializer.append(numpy_helper.from_array(changed, info.name))
            model.graph.input.remove(info)


def mutate_attribute(model: ModelProto, dice: random.Random) -> None:
    attributes = model.graph.node[0].attribute
    if not attributes:
        return
    place = dice.randrange(len(attributes))
    attribute = attributes[place]
    if dice.random() < 0.15:
        del attributes[place]
    elif dice.random() < 0.1:
        attribute.type = dice.choice((1, 2, 3, 6, 7))
    elif attribute.type == AttributeProto.INT:
        attribute.i = dice.choice(EXTREMES)
    elif attribute.type == AttributeProto.INTS and attribute.ints:
        attribute.ints[dice.randrange(len(attribute.ints))] = dice.choice(EXTREMES)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = dice.choice((0.0, -1.0, 1e38, float("inf"), float("nan")))
    elif attribute.type == AttributeProto.STRING:
        attribute.s = dice.choice((b"", b"\xff", b"NOTHING"))


def mutate_input(model: ModelProto, dice: random.Random) -> None:
    if not model.graph.input:
        return
    tensor = dice.choice(model.graph.input).type.tensor_type
    if tensor.shape.dim and dice.random() < 0.7:
        dice.choice(tensor.shape.dim).dim_value = dice.choice((0, 1, 2, 3, 5, 2**20))
    else:
        tensor.elem_type = dice.choice((1, 2, 6, 7, 8, 9, 10, 11, 13))


def mutate_wires(model: ModelProto, dice: random.Random) -> None:
    node = model.graph.node[0]
    if not node.input:
        return
    if dice.random() < 0.5:
        node.input[dice.randrange(len(node.input))] = dice.choice(["", *node.input])
    elif dice.random() < 0.5:
        del node.input[-1]
    else:
        node.output.append("surplus")
