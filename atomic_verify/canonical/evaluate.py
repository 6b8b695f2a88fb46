"""Runs a program on one item: every step tensor in float64 and int64 by numpy, dots by BLAS.

The worker's and the watcher's reference: the trace (all step tensors) is what a claim commits to. Steps that depend on
no input are evaluated once per prepared program and shared by all its traces.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path

import numpy as np

from atomic_verify.canonical import functions
from atomic_verify.canonical.access import read
from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.dots import evaluate_dot
from atomic_verify.canonical.errors import EvaluationFailed
from atomic_verify.canonical.gathers import evaluate_gather
from atomic_verify.canonical.program import REDUCTIONS, Array, Guard, Inputs, Opcode, Operand, Program, Source, Step
from atomic_verify.canonical.traces import Storage, Trace
from atomic_verify.canonical.widening import widen

# Reductions of fewer terms run as passes over the whole tensor: numpy's own loop costs some 20 ns per result.
_FEW_TERMS = 16
_SCALE = 2.0**-13


class Keep(Enum):
    """Which step tensors an evaluation keeps."""

    ALL = "all"
    OUTPUTS = "outputs"


class PreparedProgram:
    """A program ready to run often: who needs which tensor until when, and the constant steps' tensors."""

    def __init__(self, program: Program) -> None:
        """Raises EvaluationFailed where this process flushes subnormal numbers to zero."""
        if not _keeps_subnormals():
            raise EvaluationFailed(
                "this process flushes subnormal numbers to zero, so a trace would be wrong",
                hint="evaluate in a process without libraries built with -ffast-math",
            )
        self.program = program
        self._constant = _constant_steps(program)
        self._last_use = _last_uses(program)
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
        tensors: list[Array | None] = [None] * len(self.program.steps)
        for number, step in enumerate(self.program.steps):
            if number in self._constant:
                if number not in self._cache:
                    self._cache[number] = self._run(step, items, tensors, np.empty(step.shape, step.dtype.numpy))
                tensors[number] = self._cache[number]
            else:
                allocate = storage.allocate if number in kept else storage.temporary
                out = allocate(number, step)
                tensors[number] = self._run(step, items, tensors, out)
            for dead in self._last_use[number]:
                if dead not in kept:
                    tensors[dead] = None
        return Trace(self.program, items, tuple(tensors), storage)

    def _kept(self, keep: Keep | Iterable[int]) -> frozenset[int]:
        if keep is Keep.ALL:
            return frozenset(range(len(self.program.steps)))
        outputs = frozenset(output.step for output in self.program.outputs)
        return outputs if isinstance(keep, Keep) else outputs | frozenset(keep)

    def _run(self, step: Step, items: Sequence[Array], tensors: Sequence[Array | None], out: Array) -> Array:
        """Evaluate one step into `out`."""
        flats = [self._flat(operand, items, tensors) for operand in step.operands]
        with np.errstate(all="ignore"):
            run_step(step, flats, out, self._buffers)
        out.flags.writeable = False
        return out

    def _flat(self, operand: Operand, items: Sequence[Array], tensors: Sequence[Array | None]) -> Array | None:
        if operand.source is Source.IMMEDIATE:
            return None
        if operand.source is Source.STEP:
            tensor = tensors[operand.tensor]
            return None if tensor is None else tensor.reshape(-1)
        if operand.source is Source.WEIGHT:
            return self.program.weights[operand.tensor]
        return widen(items[operand.tensor].reshape(-1))


def evaluate(program: Program, inputs: Inputs, keep: Keep | Iterable[int] = Keep.ALL) -> Trace:
    """`PreparedProgram(program).evaluate(inputs, keep)`, for a single run."""
    return PreparedProgram(program).evaluate(inputs, keep)


def run_step(step: Step, flats: Sequence[Array | None], out: Array, buffers: Buffers) -> None:
    """Write a step's tensor into `out`; `flats` are the flat tensors of its operands (widened input), None of
    immediates."""
    match step.opcode:
        case Opcode.LOAD | Opcode.COPY:
            out[...] = _operand(step, 0, flats)
        case Opcode.MAP:
            values = [_operand(step, number, flats) for number in range(len(step.operands))]
            functions.apply(step.function, values, out)
        case Opcode.DOT:
            evaluate_dot(_operand(step, 0, flats), _operand(step, 1, flats), out, buffers)
        case Opcode.SUM:
            _sum(_operand(step, 0, flats), out)
        case Opcode.MAX:
            _fold(np.maximum, _operand(step, 0, flats), out)
        case Opcode.MIN:
            _fold(np.minimum, _operand(step, 0, flats), out)
        case Opcode.GATHER:
            evaluate_gather(step, flats[0], _operand(step, 1, flats), out)
        case Opcode.CONCAT:
            _concat(step, flats, out)


def _operand(step: Step, number: int, flats: Sequence[Array | None]) -> Array:
    """All elements that the step reads through an operand: (*shape), or (*shape, terms) of a reduction."""
    operand, flat = step.operands[number], flats[number]
    if flat is None:
        return np.array(operand.fill, step_dtype(operand))
    rank = len(step.shape)
    if step.opcode not in REDUCTIONS:
        return read(flat, operand.base, operand.strides, step.shape, operand.guards, operand.fill)
    # The reduction dimensions are one contiguous segment.
    guards = [Guard(guard.b, (*guard.c[:rank], 0), guard.n) for guard in operand.guards]
    shape = (*step.shape, step.terms)
    return read(flat, operand.base, (*operand.strides[:rank], 1), shape, guards, operand.fill)


def step_dtype(operand: Operand) -> "np.dtype[np.float64] | np.dtype[np.int64]":
    """The numpy type of an immediate."""
    return np.dtype(np.float64) if isinstance(operand.fill, float) else np.dtype(np.int64)


def _sum(values: Array, out: Array) -> None:
    _fold(np.add, values, out)
    if out.dtype.kind == "f" and not functions.all_finite(out):
        # An intermediate sum overflowed: at a smaller scale none can, and what it loses is far below the tolerance.
        scaled = np.empty(out.shape)
        _fold(np.add, values * _SCALE, scaled)
        np.copyto(out, functions.saturate(scaled / _SCALE), where=~np.isfinite(out))


def _fold(operation: np.ufunc, values: Array, out: Array) -> None:
    """Reduce the last axis."""
    if values.shape[-1] > _FEW_TERMS or out.size == 1:
        operation.reduce(values, axis=-1, out=out)
        return
    out[...] = values[..., 0]
    for term in range(1, values.shape[-1]):
        operation(out, values[..., term], out=out)


def _concat(step: Step, flats: Sequence[Array | None], out: Array) -> None:
    start = 0
    for operand, flat, end in zip(step.operands, flats, step.splits, strict=True):
        part = out[tuple(slice(start, end) if d == step.axis else slice(None) for d in range(out.ndim))]
        if flat is None:
            part[...] = operand.fill
        else:
            base = operand.base + start * operand.strides[step.axis]
            guards = [Guard(g.b + start * g.c[step.axis], g.c, g.n) for g in operand.guards]
            part[...] = read(flat, base, operand.strides, part.shape, guards, operand.fill)
        start = end


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
