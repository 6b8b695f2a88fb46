"""Evaluator and contract hold to the same laws: every step of a real trace is acquitted, every lie convicted."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from atomic_verify.assess.inputs import make_item
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.law import element_law
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.program import DType64, Program
from atomic_verify.canonical.traces import Trace
from atomic_verify.models.build import build_model
from tests.property.random_programs import RandomPrograms

ROOT = Path(__file__).resolve().parents[3]
PER_STEP = 3
LARGEST = float(np.finfo(np.float64).max)


def _lie(trace: Trace, step: int, element: int) -> float | int | None:
    """The committed value, moved by twice its law's tolerance, or by the least that there is where that is exact.

    None where no finite number is that far away: a sum of the largest numbers, all cancelling.
    """
    honest: float | int = trace.tensor(step).reshape(-1)[element].item()
    if trace.program.steps[step].dtype is DType64.INT:
        return honest + 1 if honest < 2**62 else honest - 1
    law = element_law(trace.program, trace, step, element)
    inwards = -math.copysign(1, honest) if honest else 1.0
    target = law.value + Fraction(inwards) * 2 * law.tolerance
    if abs(target) > Fraction(LARGEST):
        return None
    moved = float(target)
    return moved if not law.allows(moved) else math.nextafter(honest, inwards * math.inf)


def _judge_everything(referee: Any, program: Program, trace: Trace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = Case(program, trace)
    wrong = []
    for number, step in enumerate(program.steps):
        for element in {int(rng.integers(step.elements)) for _ in range(PER_STEP)}:
            ruling = referee.judge(case, number, element)
            if ruling != "lawful":
                wrong.append((number, step.opcode.name, step.function.name, element, ruling))
            value = _lie(trace, number, element)
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
    installed = build_model(ROOT / "models" / name, tmp_path)
    specs = installed.manifest.input_specs
    model = onnx.load_from_string(installed.executable().graph)
    lowered = lower(model, {spec.name: spec.shape for spec in specs})
    inputs = make_item(model, specs, np.random.default_rng(1))
    with evaluate(lowered.program, inputs) as trace:
        _judge_everything(referee, lowered.program, trace, 2)
