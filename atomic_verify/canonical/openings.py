"""Openings: a program, an item and a trace as trees, and leaves of them with the way to their roots.

A trace is either whole (one's own, or one that was served) or known in parts: what a claimer's answers to demands
showed, each with its proof. From either the referee can be shown what a law reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from atomic_verify.canonical.program import Array, Program, Scalar
from atomic_verify.canonical.records import encode_program, step_root, weights_tree
from atomic_verify.commitments import (
    LEAF_BYTES,
    Digest,
    DType,
    LeafOpening,
    RootMismatch,
    TensorSpec,
    TensorTree,
    UpperTree,
    entry_root,
    leaf_count,
)
from atomic_verify.commitments.known import KnownLeaves

ELEMENTS_PER_LEAF = LEAF_BYTES // 8


@dataclass(frozen=True, slots=True)
class Opening:
    """Elements of one tensor: the leaves that hold them, their way to the tensor's root, and its way up."""

    leaves: bytes
    proof: tuple[Digest, ...]
    path: tuple[Digest, ...]

    def to_abi(self) -> tuple[Any, ...]:
        return (self.leaves, list(self.proof), list(self.path))


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """`count` leaves from leaf `first` on of a step's tensor."""

    step: int
    first: int
    count: int


class StepTensors(Protocol):
    """A committed trace's tensors, as far as they are there: whatever isn't raises KeyError."""

    @property
    def root(self) -> Digest:
        """Of the whole trace."""
        ...

    def elements(self, step: int, first: int, count: int) -> list[Scalar]:
        """Elements of a step's tensor as they are committed, flat."""
        ...

    def open_leaves(self, run: Run) -> Opening:
        """Leaves of a step's tensor."""
        ...


class WholeTrace:
    """Every step's tensor; a tree is grown when it is first opened."""

    def __init__(self, tensors: Sequence[Array]) -> None:
        self._tensors = list(tensors)
        self._roots: dict[int, Digest] = {}
        self._grown: dict[int, TensorTree] = {}

    def falsified(self, step: int, element: int, value: Scalar) -> "WholeTrace":
        """The same trace with one element changed."""
        changed = np.array(self._tensors[step])
        changed.reshape(-1)[element] = value
        made = WholeTrace([*self._tensors[:step], changed, *self._tensors[step + 1 :]])
        made._roots = {number: root for number, root in self._roots.items() if number != step}
        made._grown = {number: tree for number, tree in self._grown.items() if number != step}
        return made

    @property
    def root(self) -> Digest:
        return self._tree.root

    def elements(self, step: int, first: int, count: int) -> list[Scalar]:
        found: list[Scalar] = self._tensors[step].reshape(-1)[first : first + count].tolist()
        return found

    def open_leaves(self, run: Run) -> Opening:
        if run.step not in self._grown:
            self._grown[run.step] = grown(self._tensors[run.step])
        opened = self._grown[run.step].open_leaves(run.first, run.count)
        return Opening(opened.data, opened.proof, tuple(self._tree.open(run.step)))

    @cached_property
    def _tree(self) -> UpperTree:
        for number, tensor in enumerate(self._tensors):
            if number not in self._roots:
                self._roots[number] = step_root(tensor)
        return UpperTree([self._roots[number] for number in range(len(self._tensors))])


class KnownTrace:
    """What somebody showed of a trace that they committed to. Nothing is believed that doesn't lead to its root."""

    def __init__(self, program: Program, root: Digest) -> None:
        self._program = program
        self._root = root
        self._leaves: dict[int, KnownLeaves] = {}
        self._paths: dict[int, tuple[Digest, ...]] = {}

    @property
    def root(self) -> Digest:
        return self._root

    def add(self, step: int, first: int, opening: Opening) -> None:
        """Takes in leaves of a step's tensor from leaf `first` on.

        Raises OpeningIndexError, OpeningLengthError or RootMismatch, and then has learnt nothing.
        """
        steps = len(self._program.steps)
        leaves = leaf_count(self._program.steps[step].nbytes)
        found = LeafOpening(first, opening.leaves, opening.proof)
        root = found.root(leaves)
        if entry_root(root, step, steps, opening.path) != self._root:
            raise RootMismatch("the opening leads to another trace", committed=self._root.hex(), step=step)
        self._paths[step] = opening.path
        self._leaves.setdefault(step, KnownLeaves(leaves)).add(found)

    def knows(self, step: int, leaf: int) -> bool:
        """Whether a leaf of a step's tensor is known."""
        return step in self._leaves and leaf in self._leaves[step]

    def elements(self, step: int, first: int, count: int) -> list[Scalar]:
        low, high = first // ELEMENTS_PER_LEAF, (first + count - 1) // ELEMENTS_PER_LEAF
        data = self._leaves[step].data(low, high - low + 1)
        values = np.frombuffer(data, self._program.steps[step].dtype.numpy)
        start = first - low * ELEMENTS_PER_LEAF
        found: list[Scalar] = values[start : start + count].tolist()
        return found

    def open_leaves(self, run: Run) -> Opening:
        opened = self._leaves[run.step].open(run.first, run.count)
        return Opening(opened.data, opened.proof, self._paths[run.step])


class ProgramTrees:
    """A program's records and weights as trees; good for all its items."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._grown: dict[int, TensorTree] = {}

    @cached_property
    def record_list(self) -> list[bytes]:
        """One record per step, then the outputs'."""
        return encode_program(self._program)

    @cached_property
    def records(self) -> UpperTree:
        return UpperTree(self.record_list)

    @cached_property
    def weights(self) -> UpperTree:
        return weights_tree(self._program)

    def open_weight(self, number: int, first: int, count: int) -> Opening:
        """Elements of a weight."""
        if number not in self._grown:
            self._grown[number] = grown(self._program.weights[number])
        opened = self._grown[number].open_elements(first, count)
        return Opening(opened.data, opened.proof, tuple(self.weights.open(number)))


class ItemTrees:
    """A job item's tensors as trees, as the job committed to them."""

    def __init__(self, specs: Sequence[TensorSpec], arrays: Sequence[Array]) -> None:
        self._trees = [grown(array, spec.dtype) for spec, array in zip(specs, arrays, strict=True)]
        self.root = UpperTree([tree.root for tree in self._trees]).root

    def open(self, number: int, first: int, count: int) -> Opening:
        """Elements of an input."""
        opened = self._trees[number].open_elements(first, count)
        return Opening(opened.data, opened.proof, tuple(UpperTree([tree.root for tree in self._trees]).open(number)))


def grown(array: Array, dtype: DType | None = None) -> TensorTree:
    """The tree over an array; float64 or int64 if no type is given."""
    flat = np.ascontiguousarray(array).reshape(-1)
    kind = dtype or (DType.DOUBLE if flat.dtype.kind == "f" else DType.INT64)
    return TensorTree(TensorSpec("t", kind, (flat.size,)), flat.view(np.uint8).data)


def run_of(step: int, first: int, count: int) -> Run:
    """The leaves that hold `count` elements of a step's tensor from element `first` on."""
    low, high = first // ELEMENTS_PER_LEAF, (first + count - 1) // ELEMENTS_PER_LEAF
    return Run(step, low, high - low + 1)
