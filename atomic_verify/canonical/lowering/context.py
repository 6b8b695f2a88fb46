"""What a lowering rule sees of its node: inputs as views or known arrays, attributes with the schema's defaults.

Reads are noted. `unread` tells afterwards what the node has and the rule never asked for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, helper, numpy_helper

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering.values import Value
from atomic_verify.canonical.program import FLOATS, LARGEST, Array, DType64, Function, Opcode, Scalar
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType


class NotConstant(Unsupported):
    """An input that decides shapes or structure depends on the item; `tensor` is its name."""

    code = "model-not-constant"

    def __init__(self, tensor: str, operator: str, node: str, attribute: str) -> None:
        super().__init__(
            operator,
            node,
            attribute,
            f"{tensor!r} must be known without the item",
            "make it an initializer, or export the model with static shapes",
        )
        self.tensor = tensor

    def __reduce__(self) -> tuple[type["NotConstant"], tuple[str, str, str, str]]:  # type: ignore[override]
        return type(self), (self.tensor, self.operator, self.node, self.attribute)


@dataclass(frozen=True, slots=True)
class Discontinuity:
    """A float that decides: around a threshold the smallest drift flips the answer."""

    operator: str
    node: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} ({self.operator} {self.node!r})"


@dataclass(slots=True)
class NodeContext:
    """One node while its rule runs. `opset` is that of the scope it stands in (a function body has its own)."""

    builder: Builder
    node: NodeProto
    name: str
    opset: int
    inputs: Sequence[Value | None]
    attributes: dict[str, AttributeProto]
    schema: Any
    lower_graph: Callable[[GraphProto], list[Value]]
    discontinuities: list[Discontinuity]
    _read: set[str | int] = field(default_factory=set)

    @property
    def operator(self) -> str:
        return str(self.node.op_type)

    @property
    def outputs(self) -> int:
        """How many outputs the node names, trailing empty ones not counted."""
        used = [place for place, name in enumerate(self.node.output) if name]
        return used[-1] + 1 if used else 0

    # Attributes

    def attr(self, name: str, default: Any = None) -> Any:
        """The attribute's value; else the schema's default at this opset; else `default`. Strings are str."""
        self._read.add(name)
        given, declared = self.attributes.get(name), self.schema.attributes.get(name)
        if given is not None and declared is not None and given.type != int(declared.type):
            raise self.unsupported("of another type than ONNX declares", name)
        if given is None and declared is not None:
            if declared.required:
                raise self.unsupported("missing", name)
            known = declared.default_value
            given = known if known.type != AttributeProto.UNDEFINED else None
        if given is None:
            return default
        value = helper.get_attribute_value(given)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if isinstance(value, list) and value and isinstance(value[0], bytes):
            return [item.decode(errors="replace") for item in value]
        if isinstance(value, float):
            return self._finite(value, name)
        return numpy_helper.to_array(value) if given.type == AttributeProto.TENSOR else value

    def declares(self, name: str) -> bool:
        """Whether the operator has the attribute at this opset (else it is an input, or doesn't exist yet)."""
        return name in self.schema.attributes

    # Inputs

    def has(self, index: int) -> bool:
        """Whether the optional input is given."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        """The input. Raises Unsupported if it isn't given."""
        self._read.add(index)
        found = self.inputs[index] if index < len(self.inputs) else None
        if found is None:
            raise self.unsupported("missing", self._input_name(index))
        return found

    def view(self, index: int) -> View:
        """The input as a view. Raises Unsupported if it has no elements."""
        value = self.value(index)
        if 0 in value.shape:
            raise self.unsupported(f"a tensor of shape {value.shape} has no elements", self._input_name(index))
        return value.view(self.builder)

    def dtype(self, index: int = 0) -> DType:
        return self.value(index).dtype

    def shape(self, index: int = 0) -> tuple[int, ...]:
        return self.value(index).shape

    def known(self, index: int) -> Array:
        """The input's elements in their ONNX type. Raises NotConstant if they depend on the item."""
        known = self.value(index).known(self.builder)
        if known is None:
            raise NotConstant(self.node.input[index], self.operator, self.name, self._input_name(index))
        return known

    def ints(self, index: int, attribute: str = "") -> list[int] | None:
        """A list of integers: of the attribute if the operator has it at this opset, else of the known input.

        None if neither is given.
        """
        if attribute and self.declares(attribute):
            given = self.attr(attribute)
            return None if given is None else [int(item) for item in given]
        if not self.has(index):
            return None
        return [int(item) for item in self.known(index).reshape(-1)]

    def number(self, index: int) -> Scalar:
        """A known scalar input; infinities saturate, uint64 is modulo 2^64 as int64."""
        known = self.known(index)
        if known.size != 1:
            raise self.unsupported(f"one number expected, not shape {known.shape}", self._input_name(index))
        found = known.reshape(-1)[0]
        if self.dtype(index) in FLOATS:
            return self._finite(float(found), self._input_name(index))
        return int(found.astype(np.int64))

    def axis(self, axis: int, rank: int, attribute: str = "axis") -> int:
        """A non-negative axis below `rank`. Raises Unsupported outside."""
        if not -rank <= axis < max(rank, 1):
            raise self.unsupported(f"{axis} is no axis of rank {rank}", attribute)
        return axis % rank if rank else 0

    def axes(self, axes: Sequence[int], rank: int, attribute: str = "axes") -> list[int]:
        """Non-negative, distinct axes. Raises Unsupported otherwise."""
        found = [self.axis(axis, rank, attribute) for axis in axes]
        if len(set(found)) != len(found):
            raise self.unsupported(f"an axis comes twice in {list(axes)}", attribute)
        return found

    # Short forms of the builder's

    def map(self, function: Function, *operands: View | float | int) -> View:
        """`builder.map`; numbers become immediates of the type of the last view operand."""
        dtype = next(item.dtype for item in reversed(operands) if isinstance(item, View))
        wide = [item if isinstance(item, View) else View.immediate(item, dtype) for item in operands]
        return self.builder.map(function, *wide)

    def reduce(self, opcode: Opcode, view: View, axes: Sequence[int], keepdims: bool = False) -> View:
        return self.builder.reduce(opcode, view, axes, keepdims)

    # Reports

    def decides(self, what: str, *views: View) -> None:
        """Notes that a float decides here, unless all views are constants or integers."""
        if any(view.dtype is DType64.FLOAT and not view.constant for view in views):
            self.discontinuities.append(Discontinuity(self.operator, self.name, what))

    def unsupported(self, reason: str, attribute: str = "", hint: str | None = None) -> Unsupported:
        """The error to raise for what the rule doesn't know."""
        return Unsupported(self.operator, self.name, attribute, reason, hint)

    def unread(self) -> str | None:
        """An attribute or input that the node has and the rule didn't ask for."""
        for name in self.attributes:
            if name not in self._read:
                return name
        for index in range(len(self.inputs)):
            if self.has(index) and index not in self._read:
                return self._input_name(index)
        return None

    def _finite(self, number: float, attribute: str) -> float:
        if math.isnan(number):
            raise self.unsupported("NaN", attribute)
        return min(max(number, -LARGEST), LARGEST)

    def _input_name(self, index: int) -> str:
        declared = self.schema.inputs
        return f"input {declared[min(index, len(declared) - 1)].name if declared else index}"


def as_float32(number: float) -> float:
    """The float32 nearest to a number, exactly; infinities saturate."""
    with np.errstate(over="ignore"):
        return min(max(float(np.float32(number)), -LARGEST), LARGEST)
