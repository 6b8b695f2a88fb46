"""Evidence: what the referee contract needs to judge one element, opened from a committed trace.

Used by whoever disputes or defends a claim. *Case*: a program, one item, and one trace of it that somebody committed
to, whole or as far as it is known. The layout of everything is contracts/src/interfaces/IReferee.sol's.
"""

import math
from dataclasses import dataclass
from typing import Any

from atomic_verify.canonical.evaluate import checked_inputs
from atomic_verify.canonical.openings import (
    ItemTrees,
    KnownTrace,
    Opening,
    ProgramTrees,
    Run,
    StepTensors,
    WholeTrace,
    run_of,
)
from atomic_verify.canonical.program import Inputs, Operand, Program, Scalar, Source
from atomic_verify.canonical.reads import Read, reads
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import Digest

__all__ = ["Case", "Evidence", "Opening", "OutputCitation"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is needed to judge `element` (row-major) of `step`; operands in the order in which the law reads."""

    step: int
    element: int
    record: bytes
    record_path: tuple[Digest, ...]
    output: Opening
    operands: tuple[Opening, ...]

    def to_abi(self) -> tuple[Any, ...]:
        """The values of Solidity's `Evidence`, in order."""
        operands = [opening.to_abi() for opening in self.operands]
        return (self.step, self.element, self.record, list(self.record_path), self.output.to_abi(), operands)


@dataclass(frozen=True, slots=True)
class OutputCitation:
    """Output number `output` of the model: the record that names its step, and that step's record."""

    output: int
    outputs: bytes
    outputs_path: tuple[Digest, ...]
    record: bytes
    record_path: tuple[Digest, ...]

    def to_abi(self) -> tuple[Any, ...]:
        """The values of Solidity's `OutputCitation`, in order."""
        return (self.output, self.outputs, list(self.outputs_path), self.record, list(self.record_path))


class Case:
    """One committed evaluation, ready to be opened."""

    def __init__(self, program: Program, trace: Trace, trees: ProgramTrees | None = None) -> None:
        """A case with the whole trace. `trees` are the program's, if they are grown already.

        Raises KeyError for a trace that didn't keep a step.
        """
        self._program = program
        self._trees = trees or ProgramTrees(program)
        self._items = trace.inputs
        self._item = ItemTrees(program.inputs, trace.inputs)
        self._steps: StepTensors = WholeTrace([trace.tensor(step) for step in range(len(program.steps))])

    @classmethod
    def partial(cls, program: Program, inputs: Inputs, known: KnownTrace, trees: ProgramTrees | None = None) -> "Case":
        """A case with what is known of a trace; what it lacks raises KeyError when it is needed.

        Raises EvaluationFailed for inputs that aren't the signature's.
        """
        made = cls.__new__(cls)
        made._program, made._trees, made._steps = program, trees or ProgramTrees(program), known
        made._items = checked_inputs(program, inputs)
        made._item = ItemTrees(program.inputs, made._items)
        return made

    def falsified(self, step: int, element: int, value: Scalar) -> "Case":
        """The same evaluation with one committed element changed: a lie to be caught. Of whole traces only."""
        if not isinstance(self._steps, WholeTrace):
            raise TypeError("a trace that is known in parts can't be falsified")
        made = Case.__new__(Case)
        made._program, made._trees, made._items, made._item = self._program, self._trees, self._items, self._item
        made._steps = self._steps.falsified(step, element, value)
        return made

    @property
    def root(self) -> Digest:
        """The trace's root: what a claim commits to."""
        return self._steps.root

    def evaluation(self) -> tuple[Any, ...]:
        """The values of Solidity's `Evaluation`: the roots, the counts and the item's signature."""
        program = self._program
        inputs = [(int(spec.dtype), spec.elements) for spec in program.inputs]
        return (
            self._trees.records.root,
            len(program.steps),
            self._trees.weights.root,
            len(program.weights),
            self._steps.root,
            self._item.root,
            inputs,
        )

    def evidence(self, step: int, element: int) -> Evidence:
        """The evidence on one element: of one that isn't finite the element alone.

        Raises IndexError for one outside the step, KeyError for what isn't known.
        """
        made = self._program.steps[step]
        if not 0 <= element < made.elements:
            raise IndexError(element)
        operands: tuple[Opening, ...] = ()
        if math.isfinite(self._steps.elements(step, element, 1)[0]):
            operands = tuple(self._open(read) for read in reads(made, element, self._value))
        return Evidence(
            step=step,
            element=element,
            record=self.record(step),
            record_path=self.record_path(step),
            output=self.open_elements(step, element, 1),
            operands=operands,
        )

    def record(self, step: int) -> bytes:
        """The record of a step; of number `steps` the outputs'."""
        return self._trees.record_list[step]

    def record_path(self, step: int) -> tuple[Digest, ...]:
        """A record's way to the program's root."""
        return tuple(self._trees.records.open(step))

    @property
    def outputs_record(self) -> bytes:
        """The last record, which names the outputs' steps."""
        return self._trees.record_list[-1]

    def output_citation(self, output: int) -> OutputCitation:
        """What the referee needs to rule on an output of the model. Raises IndexError if there is none."""
        step = self._program.outputs[output].step
        last = len(self._program.steps)
        return OutputCitation(
            output, self.outputs_record, self.record_path(last), self.record(step), self.record_path(step)
        )

    def open_elements(self, step: int, first: int, count: int) -> Opening:
        """The leaves that hold elements of a step's tensor."""
        return self._steps.open_leaves(run_of(step, first, count))

    def open_leaves(self, step: int, first: int, count: int) -> Opening:
        """Leaves of a step's tensor: the answer to a demand."""
        return self._steps.open_leaves(Run(step, first, count))

    def _value(self, operand: Operand, place: int) -> Scalar:
        """The element of an operand's tensor, as it is committed."""
        if operand.source is Source.STEP:
            return self._steps.elements(operand.tensor, place, 1)[0]
        value: Scalar = self._program.weights[operand.tensor][place].item()
        return value

    def _open(self, read: Read) -> Opening:
        if read.source is Source.STEP:
            return self.open_elements(read.tensor, read.first, read.count)
        opens = self._trees.open_weight if read.source is Source.WEIGHT else self._item.open
        return opens(read.tensor, read.first, read.count)
