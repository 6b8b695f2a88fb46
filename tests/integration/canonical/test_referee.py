"""Evaluator and contract hold to the same laws: every step of a real trace is acquitted, every lie convicted."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atomic_verify.canonical.audit import Place, audit
from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.law import element_law
from atomic_verify.canonical.program import Function, Opcode, Program
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import DType
from tests.integration.canonical.models import evaluated_model
from tests.property.lies import barely_wrong, falsified, lie_about
from tests.property.random_programs import RandomPrograms

PER_STEP = 3


def _judge_everything(referee: Any, program: Program, trace: Trace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = Case(program, trace)
    wrong = []
    for number, step in enumerate(program.steps):
        for element in {int(rng.integers(step.elements)) for _ in range(PER_STEP)}:
            ruling = referee.judge(case, number, element)
            if ruling != "lawful":
                wrong.append((number, step.opcode.name, step.function.name, element, ruling))
            value = lie_about(trace, number, element)
            if value is None:
                continue
            ruling = referee.judge(case.falsified(number, element, value), number, element)
            if ruling != "broken":
                wrong.append((number, step.opcode.name, step.function.name, element, value, ruling))
    assert wrong == []


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_of_all_steps_and_functions(referee: Any, seed: int) -> None:
    _judge_random_program(referee, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12, 100))
def test_many_random_programs(referee: Any, seed: int) -> None:
    _judge_random_program(referee, seed)


def _judge_random_program(referee: Any, seed: int) -> None:
    drawn = RandomPrograms(np.random.default_rng(1000 + seed))
    program = drawn.program(24)
    with evaluate(program, drawn.item()) as trace:
        _judge_everything(referee, program, trace, seed)


APPROXIMATE = (Function.EXP, Function.LOG, Function.ERF, Function.SIN, Function.COS, Function.ATAN)


def _sharp_program() -> Program:
    """Functions and sums whose tolerances are as fine beside the value as can be: the sums cancel."""
    builder = Builder()
    x = builder.input("x", DType.DOUBLE, (8, 40))
    found = [builder.map(function, x) for function in APPROXIMATE]
    found.append(builder.reduce(Opcode.SUM, x, [1]))
    found.append(builder.matmul(x, builder.weight(np.ones((40, 2)))))
    outputs = [(f"y{n}", view, DType.DOUBLE, view.shape) for n, view in enumerate(found)]
    return builder.finish(outputs)


def test_the_contract_convicts_from_where_the_law_is_sure_that_it_does(referee: Any) -> None:
    program = _sharp_program()
    half = np.random.default_rng(5).normal(size=(8, 20))
    with evaluate(program, {"x": np.concatenate([half, -half], 1)}) as trace:
        case = Case(program, trace)
        for output in program.outputs:
            for element in (0, 3, 7):
                law = element_law(program, trace, output.step, element)
                wrong = barely_wrong(law, convicted=True)
                assert referee.judge(case.falsified(output.step, element, wrong), output.step, element) == "broken"
                assert audit(program, falsified(trace, output.step, element, wrong)) == Place(output.step, element)
                doubtful = barely_wrong(law, convicted=False)
                allowed = math.nextafter(doubtful, -math.inf)
                assert law.allows(allowed)
                assert referee.judge(case.falsified(output.step, element, allowed), output.step, element) == "lawful"
                if not law.convicts(doubtful):
                    assert audit(program, falsified(trace, output.step, element, doubtful)) is None


@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer"])
def test_every_step_of_a_real_model(referee: Any, name: str, tmp_path: Path) -> None:
    _, trace = evaluated_model(name, tmp_path)
    _judge_everything(referee, trace.program, trace, 2)
