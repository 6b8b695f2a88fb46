"""Following the steps of a canonical program backwards, element by element.

Used where a pattern of steps has to be recognised for certain, such as a layer norm. *View*: which elements of which
step's tensor some elements are. Copies are looked through, since they change nothing but places.
"""

import math
from dataclasses import dataclass

import numpy as np

from atomic_verify.canonical.access import Access
from atomic_verify.canonical.program import Array, Opcode, Operand, Program, Source, Step

MOST_ELEMENTS = 2**22
"""Of larger tensors no element is followed: a stranger's file may declare any size."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Elements `at` (int64, any shape) of the tensor of step `number`."""

    program: Program
    number: int
    at: Array

    @property
    def step(self) -> Step:
        return self.program.steps[self.number]

    def is_map(self, function: int, operands: int) -> bool:
        step = self.step
        return step.opcode is Opcode.MAP and step.function == function and len(step.operands) == operands

    def same(self, other: "View") -> bool:
        """Whether both are the same elements in the same order."""
        return self.number == other.number and np.array_equal(self.at, other.at)

    def through(self, place: int) -> "View | None":
        """The elements that operand `place` reads for these; None if they aren't a step's, or guarded."""
        step = self.step
        inner = operand_view(self.program, step.operands[place], step.shape)
        return None if inner is None else View(self.program, inner.number, inner.at.reshape(-1)[self.at])

    def values(self, place: int) -> Array | None:
        """The constants that operand `place` has for these elements; None if it isn't constant."""
        operand, shape = self.step.operands[place], self.step.shape
        if operand.source is Source.IMMEDIATE:
            return np.full(self.at.shape, operand.fill)
        if operand.source is not Source.WEIGHT:
            return None
        access = Access(operand.base, operand.strides, shape, operand.guards, operand.fill)
        return np.asarray(access.read(self.program.weights[operand.tensor])).reshape(-1)[self.at]

    def is_constant(self, place: int, value: float) -> bool:
        """Whether operand `place` is the immediate `value`."""
        operand = self.step.operands[place]
        return operand.source is Source.IMMEDIATE and operand.fill == value

    def members(self, place: int) -> "View | None":
        """Of a reduction: what operand `place` reads for these elements, with one more axis for the reduction."""
        step = self.step
        inner = operand_view(self.program, step.operands[place], (*step.shape, *step.reduction))
        if inner is None:
            return None
        return View(self.program, inner.number, inner.at.reshape(step.elements, step.terms)[self.at])


def whole(program: Program, number: int) -> View:
    """All elements of a step's tensor, without the copies that made it."""
    return _without_copies(View(program, number, np.arange(program.steps[number].elements)))


def operand_view(program: Program, operand: Operand, shape: tuple[int, ...]) -> View | None:
    """What an operand reads over a shape; None if that isn't a step's tensor, is guarded, or is too much to follow."""
    if operand.source is not Source.STEP or operand.guards:
        return None
    if max(operand.elements, math.prod(shape)) > MOST_ELEMENTS:
        return None
    read = Access(operand.base, operand.strides, shape).read(np.arange(operand.elements))
    return _without_copies(View(program, operand.tensor, np.asarray(read)))


def _without_copies(view: View) -> View:
    while view.step.opcode is Opcode.COPY:
        inner = view.through(0)
        if inner is None:
            return view
        view = inner
    return view
