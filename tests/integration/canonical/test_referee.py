"""Evaluator and contract hold to the same laws: every step of a real trace is acquitted, every lie convicted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.program import Program
from atomic_verify.canonical.traces import Trace
from tests.integration.canonical.models import evaluated_model
from tests.property.lies import lie_about
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


@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer"])
def test_every_step_of_a_real_model(referee: Any, name: str, tmp_path: Path) -> None:
    _, trace = evaluated_model(name, tmp_path)
    _judge_everything(referee, trace.program, trace, 2)
