"""False evaluations that look right everywhere but in one element: what lying claimers commit to.

Life cycle: claim. One element of one step is changed, and everything after it is evaluated honestly: so no element but
that one breaks its law, and whoever looks for it without the whole trace has to walk there from the output, step by
step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.kernels import compile_step
from atomic_verify.canonical.program import Array, DType64, Inputs, Program, Source
from atomic_verify.canonical.traces import Storage, Trace

TRIES: Final = 24
"""Elements of a step that are tried: a change may get lost on the way, in a maximum for example."""


@dataclass(frozen=True, slots=True)
class Falsehood:
    """The element that is changed, and to what; `steps` lie between it and the output, itself not counted."""

    step: int
    element: int
    value: float
    steps: int


def falsify(program: Program, inputs: Inputs, *, steps: int, far: float) -> Falsehood:
    """A falsehood about `steps` steps below the output, or as close to that as one is found, that moves an element of
    the first output by more than `far`. Raises ValueError if there is none.
    """
    output = program.outputs[0].step
    honest = PreparedProgram(program).evaluate(inputs, Keep.ALL)
    for falsehood in _candidates(program, honest, steps):
        moved = np.abs(_falsified(honest, falsehood).tensor(output) - honest.tensor(output))
        if float(moved.max()) > far:
            return falsehood
    raise ValueError("no single element moves the output that far")


def false_trace(program: Program, inputs: Inputs, falsehood: Falsehood) -> Trace:
    """The falsified evaluation of one item, whole."""
    return _falsified(PreparedProgram(program).evaluate(inputs, Keep.ALL), falsehood)


def _falsified(honest: Trace, falsehood: Falsehood) -> Trace:
    """Everything up to the falsified step as it is, the element made up, and everything after it evaluated."""
    program = honest.program
    tensors: list[Array | None] = [honest.tensor(number) for number in range(falsehood.step + 1)]
    changed = np.array(tensors[falsehood.step])
    changed.reshape(-1)[falsehood.element] = falsehood.value
    tensors[falsehood.step] = changed
    buffers = Buffers()
    with np.errstate(all="ignore"):
        for step in program.steps[falsehood.step + 1 :]:
            out = np.empty(step.shape, step.dtype.numpy)
            compile_step(step, program.weights)(honest.inputs, tensors, out, buffers)
            tensors.append(out)
    return Trace(program, honest.inputs, tuple(tensors), Storage())


def _candidates(program: Program, honest: Trace, steps: int) -> Iterator[Falsehood]:
    """Elements of steps that are so many steps away from the output, then of nearer ones, each with a large value."""
    rng = np.random.default_rng(7)
    away = _steps_away(program)
    for number in sorted(away, key=lambda number: (abs(away[number] - steps), number)):
        if program.steps[number].dtype is not DType64.FLOAT or not _reads_something(program, number):
            continue
        tensor = honest.tensor(number).reshape(-1)
        large = 1e3 * (1.0 + float(np.abs(tensor).max()))
        for element in rng.choice(tensor.size, min(TRIES, tensor.size), replace=False):
            yield Falsehood(number, int(element), large, away[number])


def _steps_away(program: Program) -> dict[int, int]:
    """How many steps lie at least between each step and the first output, for those that it depends on."""
    away = {program.outputs[0].step: 0}
    waiting = [program.outputs[0].step]
    for number in waiting:
        for operand in program.steps[number].operands:
            if operand.source is Source.STEP and operand.tensor not in away:
                away[operand.tensor] = away[number] + 1
                waiting.append(operand.tensor)
    return away


def _reads_something(program: Program, number: int) -> bool:
    """Whether the step depends on the item: constants are evaluated once for all items."""
    waiting, seen = [number], {number}
    for one in waiting:
        for operand in program.steps[one].operands:
            if operand.source is Source.INPUT:
                return True
            if operand.source is Source.STEP and operand.tensor not in seen:
                seen.add(operand.tensor)
                waiting.append(operand.tensor)
    return False
