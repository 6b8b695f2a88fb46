"""Turns operations on views into steps: the part of the builder that decides a step's dimensions and memory order.

Emitting a step drops dimensions of size 1, chooses the output's memory order, and merges neighbouring dimensions that
every operand walks as one, so records stay short. Equal steps are emitted once. Operations on constants by exact
functions are folded into weights; those with a tolerance aren't, since their bits differ between machines and everybody
must derive the same program.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from atomic_verify.canonical import functions
from atomic_verify.canonical.access import Access
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.program import (
    LARGEST,
    MAX_RANK,
    Array,
    DType64,
    Function,
    Guard,
    Opcode,
    Operand,
    Source,
    Step,
)
from atomic_verify.canonical.views import Shape, View, contiguous_strides

# A fold may not blow a small file up: larger results stay steps, unless the operands are as large themselves.
_FOLD_ELEMENTS = 2**16
_COPY_ELEMENTS = 2**26


@dataclass(frozen=True, slots=True)
class _Layout:
    """The step's dimensions: each a run of the view's axes that all operands walk as one."""

    runs: tuple[tuple[int, ...], ...]
    shape: Shape

    def operand(self, view: View) -> Operand:
        if view.source is Source.IMMEDIATE:
            return Operand(view.source, view.dtype, fill=view.fill)
        axes = [run[-1] for run in self.runs]
        guards = tuple(Guard(g.b, tuple(g.c[axis] for axis in axes), g.n) for g in view.guards)
        strides = tuple(view.strides[axis] for axis in axes)
        return Operand(view.source, view.dtype, view.tensor, view.elements, view.base, strides, guards, view.fill)


class Emitter:
    """Steps and weights so far. `node` names the ONNX node whose steps come next."""

    def __init__(self) -> None:
        self.node = ""
        self.steps: list[Step] = []
        self.weights: list[Array] = []
        self._known: dict[Step, int] = {}
        self._weight_numbers: dict[tuple[str, bytes], int] = {}

    def weight(self, array: Array) -> View:
        """A constant of the model: any numeric ONNX type, widened; infinities saturate.

        One value everywhere makes an immediate. Raises Unsupported for a NaN or an empty array.
        """
        wide = widen_constant(array)
        if wide.size == 0:
            raise Unsupported(node=self.node, reason="a constant has no elements", hint="remove the empty tensor")
        dtype = DType64.FLOAT if wide.dtype.kind == "f" else DType64.INT
        first = wide.reshape(-1)[0]
        if bool((wide == first).all()):
            return View.immediate(first.item(), dtype, wide.shape)
        return self.tensor(wide)

    def tensor(self, wide: Array) -> View:
        """A weight of exactly these float64 or int64 elements, stored once however often it comes."""
        flat = np.ascontiguousarray(wide).reshape(-1)
        key = (flat.dtype.kind, sha256(flat.data).digest())
        if key not in self._weight_numbers:
            flat = flat.copy() if flat.flags.writeable else flat
            flat.flags.writeable = False
            self._weight_numbers[key] = len(self.weights)
            self.weights.append(flat)
        dtype = DType64.FLOAT if flat.dtype.kind == "f" else DType64.INT
        return View.whole(Source.WEIGHT, self._weight_numbers[key], dtype, wide.shape)

    def value(self, view: View) -> Array | None:
        """The elements of a constant view, or None if it depends on the item (or on a function with a tolerance)."""
        if view.source is Source.IMMEDIATE:
            return np.full(view.shape, view.fill, view.dtype.numpy)
        if view.source is not Source.WEIGHT:
            return None
        flat = self.weights[view.tensor]
        return np.array(Access(view.base, view.strides, view.shape, view.guards, view.fill).read(flat))

    def map(self, function: Function, *views: View) -> View:
        """A scalar function of views, broadcast against each other by numpy's rules."""
        dtype = functions.SIGNATURES[function].get(tuple(view.dtype for view in views))
        if dtype is None:
            types = ", ".join(view.dtype.name.lower() for view in views)
            raise Unsupported(function.name.lower(), self.node, reason=f"no such function of ({types})")
        shape = self.broadcast(*views)
        folded = self._fold(function, views, shape)
        if folded is not None:
            return folded
        wide = [view.expand(shape) for view in views]
        return self.emit(Opcode.MAP, dtype, wide, memory_order(wide), function=function)

    def broadcast(self, *views: View) -> Shape:
        """The shape of views against each other by numpy's rules; raises Unsupported if there is none."""
        try:
            return np.broadcast_shapes(*[view.shape for view in views])
        except ValueError:
            shapes = ", ".join(str(view.shape) for view in views)
            raise Unsupported(node=self.node, reason=f"shapes {shapes} don't fit together") from None

    def copy(self, view: View) -> View:
        """The view laid out row-major in a tensor of its own; of a constant, in a new weight."""
        value = self.value(view) if view.size <= _COPY_ELEMENTS else None
        if value is not None:
            return self.tensor(value)
        return self.emit(Opcode.COPY, view.dtype, [view], range(view.rank))

    def solid(self, view: View, axes: Sequence[int]) -> View:
        """A copy of only the dimensions that vary, and `axes`; the others stay repeated. Row-major in that order."""
        kept = [axis for axis in range(view.rank) if view.varies(axis) or axis in axes]
        dropped = [axis for axis in range(view.rank) if axis not in kept]
        small = view
        for axis in dropped:
            small = small.take(axis, 0, 1)
        return self.copy(small).expand(view.shape)

    def emit(
        self,
        opcode: Opcode,
        dtype: DType64,
        views: Sequence[View],
        order: Sequence[int],
        *,
        function: Function = Function.NONE,
        reduction: int = 0,
        barrier: int | None = None,
        step: Step | None = None,
    ) -> View:
        """Emit a step over views of one shape; the result has that shape less the last `reduction` dimensions.

        `order` lists the output's axes as they lie in memory, outermost first. The axis `barrier` isn't merged. `step`
        carries what else the step needs (splits, stride, limit); its `axis` is replaced by where `barrier` lands.
        """
        rank = views[0].rank - reduction
        shape = views[0].shape
        outer = _layout(views, [axis for axis in order if shape[axis] > 1 or axis == barrier], barrier)
        inner = _layout(views, list(range(rank, rank + reduction)), None)
        if len(outer.runs) + len(inner.runs) > MAX_RANK:
            raise Unsupported(
                opcode.name.lower(),
                self.node,
                reason=f"a step of rank {len(outer.runs)}+{len(inner.runs)}, {MAX_RANK} is the limit",
                hint="reshape to fewer dimensions before this node",
            )
        whole = _Layout(outer.runs + inner.runs, outer.shape + inner.shape)
        base = step or Step(opcode, dtype, (), ())
        made = replace(
            base,
            shape=outer.shape,
            operands=tuple(whole.operand(view) for view in views),
            function=function,
            reduction=inner.shape,
            axis=outer.runs.index((barrier,)) if barrier is not None else 0,
            node=self.node,
        )
        return self._result(made, shape[:rank], order)

    def _result(self, step: Step, shape: Shape, order: Sequence[int]) -> View:
        if step not in self._known:
            self._known[step] = len(self.steps)
            self.steps.append(step)
        strides = dict(zip(order, contiguous_strides([shape[axis] for axis in order]), strict=True))
        number = self._known[step]
        return View(
            Source.STEP,
            number,
            step.elements,
            step.dtype,
            shape,
            0,
            tuple(strides[axis] for axis in range(len(shape))),
            (),
            View.immediate(0, step.dtype).fill,
        )

    def _fold(self, function: Function, views: Sequence[View], shape: Shape) -> View | None:
        if function in functions.APPROXIMATE or not all(view.constant for view in views):
            return None
        stored = [view.elements for view in views if view.source is not Source.IMMEDIATE]
        if stored and math.prod(shape) > max(_FOLD_ELEMENTS, *stored):
            return None
        small = [View.immediate(v.fill, v.dtype) if v.source is Source.IMMEDIATE else v for v in views]
        values = [value for view in small if (value := self.value(view)) is not None]
        dtype = functions.SIGNATURES[function][tuple(view.dtype for view in views)]
        result = np.empty(np.broadcast_shapes(*[value.shape for value in values]), dtype.numpy)
        return self.weight(functions.apply(function, values, result)).expand(shape)


def widen_constant(array: Array) -> Array:
    """float64 or int64 elements of a constant of any numeric ONNX type, exactly; infinities saturate.

    Raises Unsupported for a NaN, strings and complex numbers.
    """
    array = np.asarray(array)
    if array.dtype == np.uint64:
        return array.view(np.int64)
    if array.dtype.kind in "biu":
        return array.astype(np.int64)
    if array.dtype.kind == "c" or array.dtype.kind not in "fV":
        raise Unsupported(attribute=f"type {array.dtype}", reason="not a tensor of numbers that a program can hold")
    wide = array.astype(np.float64)
    if np.isnan(wide).any():
        raise Unsupported(reason="a constant holds NaN", hint="replace NaN in the model's weights")
    return np.clip(wide, -LARGEST, LARGEST) + 0.0


def memory_order(views: Sequence[View]) -> Sequence[int]:
    """Axes as the largest operand lies in memory, so that what follows reads forward; row-major if none varies along
    all axes."""
    shape = views[0].shape
    for view in views:
        if view.source is not Source.IMMEDIATE and all(view.strides[a] for a, n in enumerate(shape) if n > 1):
            return sorted(
                range(len(shape)), key=lambda axis: (-abs(view.strides[axis]) if shape[axis] > 1 else 0, axis)
            )
    return range(len(shape))


def _layout(views: Sequence[View], order: Sequence[int], barrier: int | None) -> _Layout:
    runs: list[list[int]] = []
    stored = [view for view in views if view.source is not Source.IMMEDIATE]
    shape = views[0].shape
    for axis in order:
        if runs and barrier not in (axis, runs[-1][-1]):
            last = runs[-1][-1]
            if all(v.column(last) == tuple(shape[axis] * x for x in v.column(axis)) for v in stored):
                runs[-1].append(axis)
                continue
        runs.append([axis])
    sizes = tuple(math.prod(shape[axis] for axis in run) for run in runs)
    return _Layout(tuple(tuple(run) for run in runs), sizes)
