"""Evidence: what the referee contract needs to judge one element, opened from a committed trace.

Used by whoever disputes or defends a claim. *Case*: a program, one item's committed trace, and all their trees, grown
once and opened many times. The layout of everything is contracts/src/interfaces/IReferee.sol's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from atomic_verify.canonical.law import address, unravel
from atomic_verify.canonical.program import Opcode, Operand, Program, Scalar, Source, Step
from atomic_verify.canonical.records import encode_program, weight_entry
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import Digest, DType, TensorSpec, TensorTree, UpperTree
from atomic_verify.commitments.tensors import Array


@dataclass(frozen=True, slots=True)
class Opening:
    """Elements of one tensor: the leaves that hold them, their way to the tensor's root, and its way up."""

    leaves: bytes
    proof: tuple[Digest, ...]
    path: tuple[Digest, ...]

    def to_abi(self) -> tuple[Any, ...]:
        return (self.leaves, list(self.proof), list(self.path))


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


class Case:
    """One committed evaluation, ready to be opened. `trace` holds every step's tensor."""

    def __init__(self, program: Program, trace: Trace) -> None:
        """Raises KeyError for a trace that didn't keep a step."""
        self._program = program
        self._items = trace.inputs
        self._tensors = [trace.tensor(step) for step in range(len(program.steps))]
        self._grown: dict[tuple[Source, int], TensorTree] = {}

    def falsified(self, step: int, element: int, value: Scalar) -> "Case":
        """The same evaluation with one committed element changed: a lie to be caught."""
        made = Case.__new__(Case)
        made._program, made._items = self._program, self._items
        made._tensors = list(self._tensors)
        changed = np.array(self._tensors[step])
        changed.reshape(-1)[element] = value
        made._tensors[step] = changed
        made._grown = {key: tree for key, tree in self._grown.items() if key != (Source.STEP, step)}
        made.__dict__.update(
            {name: self.__dict__[name] for name in ("_record_list", "_records", "_weights") if name in self.__dict__}
        )
        return made

    def evaluation(self) -> tuple[Any, ...]:
        """The values of Solidity's `Evaluation`: the roots, the counts and the item's signature."""
        program = self._program
        inputs = [(int(spec.dtype), spec.elements) for spec in program.inputs]
        return (
            self._records.root,
            len(program.steps),
            self._weights.root,
            len(program.weights),
            self._trace.root,
            self._item.root,
            inputs,
        )

    def evidence(self, step: int, element: int) -> Evidence:
        """The evidence on one element. Raises IndexError for one outside the step."""
        made = self._program.steps[step]
        if not 0 <= element < made.elements:
            raise IndexError(element)
        return Evidence(
            step=step,
            element=element,
            record=self._record_list[step],
            record_path=tuple(self._records.open(step)),
            output=self._open(Source.STEP, step, element, 1),
            operands=tuple(self._open(*read) for read in self._reads(made, unravel(element, made.shape))),
        )

    @cached_property
    def _record_list(self) -> list[bytes]:
        return encode_program(self._program)

    @cached_property
    def _records(self) -> UpperTree:
        return UpperTree(self._record_list)

    @cached_property
    def _weights(self) -> UpperTree:
        return UpperTree([weight_entry(weight) for weight in self._program.weights])

    @cached_property
    def _trace(self) -> UpperTree:
        return UpperTree([self._tree(Source.STEP, step).root for step in range(len(self._tensors))])

    @cached_property
    def _item(self) -> UpperTree:
        return UpperTree([self._tree(Source.INPUT, number).root for number in range(len(self._items))])

    def _reads(self, step: Step, index: Sequence[int]) -> Iterator[tuple[Source, int, int, int]]:
        """What the law of an element reads, in order: source, tensor, first element, count."""
        operands = step.operands
        if step.opcode is Opcode.GATHER:
            yield from _read(operands[1], index)
            place = self._value(operands[1], index)
            if 0 <= place < step.limit:
                yield from _read(operands[0], index, offset=int(place) * step.stride)
        elif step.opcode is Opcode.CONCAT:
            part = next(number for number, end in enumerate(step.splits) if index[step.axis] < end)
            yield from _read(operands[part], index)
        elif step.opcode is Opcode.MAP and step.function.name == "WHERE":
            yield from _read(operands[0], index)
            yield from _read(operands[1 if self._value(operands[0], index) else 2], index)
        else:
            for operand in operands:
                yield from _read(operand, index, count=step.terms)

    def _value(self, operand: Operand, index: Sequence[int]) -> Scalar:
        """The value that an operand reads, as it is committed."""
        place = address(operand, index)
        if place is None:
            return operand.fill
        value: Scalar = self._array(operand.source, operand.tensor).reshape(-1)[place].item()
        return value

    def _open(self, source: Source, tensor: int, first: int, count: int) -> Opening:
        opened = self._tree(source, tensor).open_elements(first, count)
        upper = {Source.STEP: self._trace, Source.WEIGHT: self._weights, Source.INPUT: self._item}[source]
        return Opening(opened.data, opened.proof, tuple(upper.open(tensor)))

    def _tree(self, source: Source, tensor: int) -> TensorTree:
        key = (source, tensor)
        if key not in self._grown:
            array = self._array(source, tensor)
            dtype = self._program.inputs[tensor].dtype if source is Source.INPUT else _dtype(array)
            flat = np.ascontiguousarray(array).reshape(-1)
            self._grown[key] = TensorTree(TensorSpec("t", dtype, (flat.size,)), flat.view(np.uint8).data)
        return self._grown[key]

    def _array(self, source: Source, tensor: int) -> Array:
        if source is Source.STEP:
            return self._tensors[tensor]
        return self._program.weights[tensor] if source is Source.WEIGHT else self._items[tensor]


def _read(
    operand: Operand, index: Sequence[int], *, offset: int = 0, count: int = 1
) -> Iterator[tuple[Source, int, int, int]]:
    place = address(operand, index)
    if place is not None:
        yield operand.source, operand.tensor, place + offset, count


def _dtype(array: Array) -> DType:
    return DType.DOUBLE if array.dtype.kind == "f" else DType.INT64
