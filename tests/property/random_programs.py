"""Random small programs over all opcodes, functions, ranks and edge values, made without the builder.

Every step is valid by construction: strides are drawn so that what the guards let through stays inside the tensor.
Reused wherever the evaluator, the law and the contract are held to each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from atomic_verify.canonical.functions import SIGNATURES
from atomic_verify.canonical.program import (
    REDUCTIONS,
    Array,
    DType64,
    Function,
    Guard,
    Opcode,
    Operand,
    Output,
    Program,
    Scalar,
    Source,
    Step,
    widened,
)
from atomic_verify.commitments import DType, TensorSpec

T = TypeVar("T")

LARGEST = float(np.finfo(np.float64).max)
EDGE_FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, 1e-30, 1e30, -1e300),
    *(LARGEST, -LARGEST, 709.9, -745.2, 2.0**32, 2.0**31 + 0.25, 2.0**53, 2.0**63, -(2.0**63), 9.2e18, 6.1, math.pi),
)
EDGE_INTS = (0, 1, -1, 2, 3, -7, 63, 64, 2**31, -(2**31), 2**53 + 1, 2**62, 2**63 - 1, -(2**63))


@dataclass
class RandomPrograms:
    """Draws steps, items and values from one seeded generator."""

    random: np.random.Generator
    max_elements: int = 60
    steps: list[Step] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    inputs: list[TensorSpec] = field(default_factory=list)

    def program(self, count: int) -> Program:
        """A program of some loads and `count` steps, each of whose tensors is an output of its own."""
        for dtype in self.random.permutation([int(code) for code in DType])[:4].tolist():
            shape = self.dims(self.max_elements)
            self.inputs.append(TensorSpec(f"x{len(self.inputs)}", DType(dtype), shape))
        self.weights = [self.values(dtype, self.integer(1, 90)) for dtype in DType64 for _ in range(2)]
        for number in range(len(self.inputs)):
            self.steps.append(self.load(number))
        for _ in range(count):
            self.steps.append(self.step())
        outputs = [
            Output(f"y{n}", n, DType.DOUBLE if step.dtype is DType64.FLOAT else DType.INT64, step.shape)
            for n, step in enumerate(self.steps)
        ]
        return Program(tuple(self.inputs), tuple(self.weights), tuple(self.steps), tuple(outputs))

    def item(self) -> dict[str, Array]:
        """The job's item: edge values of each ONNX type, NaN and infinities among the floats."""
        return {spec.name: self._item_tensor(spec) for spec in self.inputs}

    def _item_tensor(self, spec: TensorSpec) -> Array:
        if spec.dtype is DType.BOOL:
            return self.random.integers(0, 2, spec.shape).astype(np.bool_)
        if widened(spec.dtype) is DType64.INT:
            return self.random.integers(0, 256, (*spec.shape, spec.dtype.itemsize), np.uint8).view(spec.dtype.numpy)[
                ..., 0
            ]
        with np.errstate(over="ignore"):
            values = self.values(DType64.FLOAT, spec.elements).astype(spec.dtype.numpy).reshape(spec.shape)
        values[self.random.random(spec.shape) < 0.05] = self.choice([np.nan, np.inf, -np.inf])
        return values

    def integer(self, low: int, high: int) -> int:
        """Inclusive on both ends."""
        return int(self.random.integers(low, high, endpoint=True))

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def choice(self, items: Sequence[T]) -> T:
        return items[self.integer(0, len(items) - 1)]

    def value(self, dtype: DType64) -> Scalar:
        """An everyday number mostly, an edge value often."""
        if dtype is DType64.INT:
            return self.choice(EDGE_INTS) if self.chance(0.3) else self.integer(-9, 9)
        if self.chance(0.3):
            return self.choice(EDGE_FLOATS)
        size = 10.0 ** self.integer(-3, 3) if self.chance(0.9) else 10.0 ** self.integer(-320, 308)
        return float(self.random.normal()) * size if size < 1e300 else 1.1e300

    def values(self, dtype: DType64, count: int) -> Array:
        return np.array([self.value(dtype) for _ in range(count)], dtype=dtype.numpy)

    def dims(self, limit: int, most: int = 10) -> tuple[int, ...]:
        """A shape of at most `limit` elements, of every rank, with dimensions of size 1 among it."""
        dims: list[int] = []
        for _ in range(self.integer(0, most)):
            dims.append(self.choice([1, 2, 3, self.integer(1, 7)]))
            if math.prod(dims) > limit:
                dims[-1] = 1
        return tuple(dims)

    def load(self, number: int) -> Step:
        spec = self.inputs[number]
        shape = self.dims(self.max_elements)
        operand = self.access(Source.INPUT, spec.dtype, number, spec.elements, shape, ())
        return Step(Opcode.LOAD, widened(spec.dtype), shape, (operand,))

    def step(self) -> Step:
        opcode = self.choice([*Opcode][1:])
        if self.chance(0.4):
            opcode = Opcode.MAP
        if opcode is Opcode.MAP:
            return self.map_step(self.choice([*Function][1:]))
        dtype = self.choice([*DType64])
        if opcode in REDUCTIONS:
            return self.reduction(opcode, dtype)
        shape = self.dims(self.max_elements)
        if opcode is Opcode.CONCAT:
            return self.concat(dtype, shape)
        if opcode is Opcode.GATHER:
            return self.gather(dtype, shape)
        return Step(opcode, dtype, shape, (self.operand(dtype, shape),))

    def map_step(self, function: Function) -> Step:
        types, result = self.choice([*SIGNATURES[function].items()])
        shape = self.dims(self.max_elements)
        return Step(Opcode.MAP, result, shape, tuple(self.operand(dtype, shape) for dtype in types), function)

    def reduction(self, opcode: Opcode, dtype: DType64) -> Step:
        inner = self.dims(24, most=3) or (self.integer(1, 20),)
        shape = self.dims(self.max_elements // 2, most=10 - len(inner))
        count = 2 if opcode is Opcode.DOT else 1
        operands = tuple(self.operand(dtype, shape, inner) for _ in range(count))
        return Step(opcode, dtype, shape, operands, reduction=inner)

    def concat(self, dtype: DType64, shape: tuple[int, ...]) -> Step:
        count = self.choice([2, 2, 3, 16])
        axis = self.integer(0, len(shape[:9]))
        sizes = [self.integer(1, 3) for _ in range(count)]
        ends = np.cumsum(sizes).tolist()
        parts = []
        shape = shape[:9]
        if math.prod(shape) * ends[-1] > 200:
            shape = (1,) * len(shape)
        for size, end in zip(sizes, ends, strict=True):
            part = self.operand(dtype, (*shape[:axis], size, *shape[axis:]))
            start = end - size
            if part.source is not Source.IMMEDIATE:
                guards = tuple(replace(guard, b=guard.b - start * guard.c[axis]) for guard in part.guards)
                part = replace(part, base=part.base - start * part.strides[axis], guards=guards)
            parts.append(part)
        whole = (*shape[:axis], ends[-1], *shape[axis:])
        return Step(Opcode.CONCAT, dtype, whole, tuple(parts), axis=axis, splits=tuple(ends))

    def gather(self, dtype: DType64, shape: tuple[int, ...]) -> Step:
        source, number, elements = self.tensor(dtype)
        limit = self.integer(1, min(elements, 12))
        stride = self.integer(-((elements - 1) // max(1, limit - 1)), (elements - 1) // max(1, limit - 1))
        reach = stride * (limit - 1)
        data = self.access(source, dtype, number, elements, shape, (), min(0, reach), max(0, reach))
        places = self.operand(DType64.INT, shape)
        return Step(Opcode.GATHER, dtype, shape, (data, places), stride=stride, limit=limit)

    def tensor(self, dtype: DType64) -> tuple[Source, int, int]:
        """A weight or an earlier step of the type: source, number, elements."""
        found = [(Source.STEP, n, step.elements) for n, step in enumerate(self.steps) if step.dtype is dtype]
        kind = "f" if dtype is DType64.FLOAT else "i"
        found += [(Source.WEIGHT, n, w.size) for n, w in enumerate(self.weights) if w.dtype.kind == kind]
        return self.choice(found)

    def operand(self, dtype: DType64, shape: tuple[int, ...], inner: tuple[int, ...] = ()) -> Operand:
        if not inner and self.chance(0.15):
            return Operand(Source.IMMEDIATE, dtype, fill=self.value(dtype))
        source, number, elements = self.tensor(dtype)
        if math.prod(inner) > elements:
            self.weights.append(self.values(dtype, math.prod(inner) + self.integer(0, 30)))
            source, number, elements = Source.WEIGHT, len(self.weights) - 1, self.weights[-1].size
        return self.access(source, dtype, number, elements, shape, inner)

    def access(
        self,
        source: Source,
        dtype: DType64 | DType,
        number: int,
        elements: int,
        shape: tuple[int, ...],
        inner: tuple[int, ...],
        low: int = 0,
        high: int = 0,
    ) -> Operand:
        """A guarded affine access that stays inside; `low` and `high` are what the step adds to its addresses."""
        box = [(0, size - 1) for size in shape]
        guards = []
        for _ in range(self.choice([0, 0, 1, 2, 3])):
            guard, cut = self.guard(shape)
            guards.append(Guard(guard.b, (*guard.c, *(0 for _ in inner)), guard.n))
            if cut is not None:
                axis, first, last = cut
                box[axis] = max(box[axis][0], first), min(box[axis][1], last)
        budget = elements - 1 - (high - low) - (math.prod(inner) - 1)
        strides, least = [0] * len(shape), low
        for axis in self.random.permutation(len(shape)).tolist():
            first, last = box[axis]
            span = max(0, last - first)
            stride = self.integer(-(budget // span), budget // span) if span else self.integer(-50, 50)
            strides[axis] = self.choice([stride, stride, 0])
            budget -= abs(strides[axis]) * span
            least += min(strides[axis] * first, strides[axis] * max(first, last))
        segment = [math.prod(inner[axis + 1 :]) if n > 1 else self.integer(-9, 9) for axis, n in enumerate(inner)]
        wide = dtype if isinstance(dtype, DType64) else widened(dtype)
        fill = self.value(wide) if guards else (0.0 if wide is DType64.FLOAT else 0)
        base = -least + self.integer(0, budget)
        return Operand(source, dtype, number, elements, base, (*strides, *segment), tuple(guards), fill)

    def guard(self, shape: tuple[int, ...]) -> tuple[Guard, tuple[int, int, int] | None]:
        """A guard, and if it depends on one dimension what it leaves of it: axis, first, last."""
        wide = [axis for axis, size in enumerate(shape) if size > 1]
        b, n = self.integer(-4, 4), self.integer(0, 6)
        if not wide:
            return Guard(self.integer(-1, 2), (0,) * len(shape), n), None
        axis = self.choice(wide)
        c = [0] * len(shape)
        c[axis] = self.choice([1, -1, 2, -3])
        if self.chance(0.3):
            c[self.choice(wide)] = self.choice([1, -2])
            return Guard(b, tuple(c), n), self._cut(shape, b, c, n)
        return Guard(b, tuple(c), n), self._cut(shape, b, c, n)

    def _cut(self, shape: tuple[int, ...], b: int, c: list[int], n: int) -> tuple[int, int, int] | None:
        axes = [axis for axis, coefficient in enumerate(c) if coefficient and shape[axis] > 1]
        if len(axes) != 1:
            return None
        inside = [i for i in range(shape[axes[0]]) if 0 <= b + c[axes[0]] * i < n]
        return (axes[0], inside[0], inside[-1]) if inside else (axes[0], 0, 0)
