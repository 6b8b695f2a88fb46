"""Runs a program on one item: every step tensor in float64 and int64 by numpy, dots by BLAS.

The worker's and the watcher's reference: the trace (all step tensors) is what a claim commits to. Steps that depend on
no input are evaluated once per prepared program and shared by all its traces.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.errors import EvaluationFailed
from atomic_verify.canonical.kernels import compile_step
from atomic_verify.canonical.program import Array, Inputs, Program, Source
from atomic_verify.canonical.traces import Layout, Storage, Trace


class Keep(Enum):
    """Which step tensors an evaluation keeps."""

    ALL = "all"
    OUTPUTS = "outputs"


class PreparedProgram:
    """A program ready to run often: its kernels, who needs which tensor until when, and the constant steps' tensors.

    Not for several threads at once.
    """

    def __init__(self, program: Program) -> None:
        """The program must be valid. Raises EvaluationFailed where this process flushes subnormal numbers to zero."""
        if not _keeps_subnormals():
            raise EvaluationFailed(
                "this process flushes subnormal numbers to zero, so a trace would be wrong",
                hint="evaluate in a process without libraries built with -ffast-math",
            )
        self.program = program
        self._kernels = [compile_step(step, program.weights) for step in program.steps]
        self._constant = _constant_steps(program)
        self._plan = [*zip(self._kernels, map(Layout.of, program.steps), _last_uses(program), strict=True)]
        self._cache: dict[int, Array] = {}
        self._buffers = Buffers()

    def evaluate(
        self,
        inputs: Inputs,
        keep: Keep | Iterable[int] = Keep.ALL,
        *,
        memory_limit: int | None = None,
        directory: Path | None = None,
    ) -> Trace:
        """The trace of one item.

        `inputs` are arrays by name, of exactly the signature's types and shapes. `keep` is all tensors, the outputs',
        or those of the steps named. Kept tensors beyond `memory_limit` bytes go to files in a folder under `directory`
        that dies with the trace. Raises EvaluationFailed for inputs that aren't the signature's.
        """
        kept = self._kept(keep)
        storage = Storage(memory_limit, directory, self._buffers)
        items = checked_inputs(self.program, inputs)
        tensors: list[Array | None] = [None] * len(self._plan)
        with np.errstate(all="ignore"):
            for number, (kernel, layout, dead) in enumerate(self._plan):
                if number in self._constant:
                    tensors[number] = self._once(number, layout, items, tensors)
                elif number in kept:
                    tensors[number] = out = storage.allocate(number, layout)
                    kernel(items, tensors, out, self._buffers)
                    out.setflags(write=False)
                else:
                    tensors[number] = out = storage.temporary(layout)
                    kernel(items, tensors, out, self._buffers)
                for tensor in dead:
                    if tensor not in kept:
                        tensors[tensor] = None
        return Trace(self.program, items, tuple(tensors), storage)

    def _once(self, number: int, layout: Layout, items: Sequence[Array], tensors: Sequence[Array | None]) -> Array:
        """A tensor that depends on no input."""
        known = self._cache.get(number)
        if known is None:
            known = self._buffers.empty(layout.shape, layout.dtype)
            self._kernels[number](items, tensors, known, self._buffers)
            known.setflags(write=False)
            self._cache[number] = known
        return known

    def _kept(self, keep: Keep | Iterable[int]) -> frozenset[int]:
        if keep is Keep.ALL:
            return frozenset(range(len(self.program.steps)))
        outputs = frozenset(output.step for output in self.program.outputs)
        return outputs if isinstance(keep, Keep) else outputs | frozenset(keep)


def evaluate(program: Program, inputs: Inputs, keep: Keep | Iterable[int] = Keep.ALL) -> Trace:
    """`PreparedProgram(program).evaluate(inputs, keep)`, for a single run."""
    return PreparedProgram(program).evaluate(inputs, keep)


def checked_inputs(program: Program, inputs: Inputs) -> tuple[Array, ...]:
    """The item's arrays in signature order; raises EvaluationFailed unless they are exactly the signature's."""
    names = {spec.name for spec in program.inputs}
    if names != set(inputs):
        raise EvaluationFailed(f"missing inputs {sorted(names - set(inputs))}, surplus {sorted(set(inputs) - names)}")
    arrays = []
    for spec in program.inputs:
        array = np.asarray(inputs[spec.name])
        if array.dtype.newbyteorder("<") != spec.dtype.numpy or array.shape != spec.shape:
            raise EvaluationFailed(
                f"input {spec.name!r} is {array.dtype} {array.shape}, declared {spec.dtype.numpy} {spec.shape}"
            )
        arrays.append(np.ascontiguousarray(array, dtype=spec.dtype.numpy).reshape(spec.shape))
    return tuple(arrays)


def _constant_steps(program: Program) -> frozenset[int]:
    constant: set[int] = set()
    for number, step in enumerate(program.steps):
        if all(
            operand.source in (Source.IMMEDIATE, Source.WEIGHT)
            or (operand.source is Source.STEP and operand.tensor in constant)
            for operand in step.operands
        ):
            constant.add(number)
    return frozenset(constant)


def _last_uses(program: Program) -> list[list[int]]:
    """Per step the tensors that no later step reads."""
    last = {number: number for number in range(len(program.steps))}
    for number, step in enumerate(program.steps):
        for operand in step.operands:
            if operand.source is Source.STEP:
                last[operand.tensor] = number
    uses: list[list[int]] = [[] for _ in program.steps]
    for number, user in last.items():
        uses[user].append(number)
    return uses


def _keeps_subnormals() -> bool:
    least = np.array([5e-324, 2.3e-308])
    return bool((least * np.array([1.0, 0.25]) > 0).all())
