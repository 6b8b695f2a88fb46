"""Builds a program: what a lowering rule calls.

    builder = Builder()
    x = builder.input("x", DType.FLOAT, (1, 64))
    w = builder.weight(array)                                  # (10, 64)
    y = builder.matmul(x, w.perm([1, 0]))
    y = builder.map(Function.ADD, y, builder.weight(bias))
    program = builder.finish([("y", y, DType.FLOAT, (1, 10))])

Everything is a View. Methods of View (perm, slice, take, expand, unsqueeze, squeeze) are free; the builder's own
reshape, pad and window copy first where the access can't express them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from atomic_verify.canonical import convolution, reductions
from atomic_verify.canonical.emitter import Emitter, memory_order
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.program import (
    MAX_CONCAT,
    DType64,
    Opcode,
    Operand,
    Output,
    Program,
    Scalar,
    Source,
    Step,
    widened,
)
from atomic_verify.canonical.validity import require_valid
from atomic_verify.canonical.views import View, certain
from atomic_verify.commitments import DType, TensorSpec


class Builder(Emitter):
    """A program under construction."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[TensorSpec] = []

    def input(self, name: str, dtype: DType, shape: Sequence[int]) -> View:
        """The next tensor of the job's item, widened. Raises Unsupported for one without elements."""
        spec = TensorSpec(name, dtype, tuple(shape))
        if spec.elements == 0:
            raise Unsupported(node=name, reason=f"an input of shape {spec.shape} has no elements")
        self.inputs.append(spec)
        wide = widened(dtype)
        number = len(self.inputs) - 1
        read = View.whole(Source.INPUT, number, wide, (spec.elements,))
        fill = View.immediate(0, wide).fill
        operand = Operand(Source.INPUT, dtype, number, spec.elements, 0, read.strides, (), fill)
        flat_shape = (spec.elements,) if spec.elements > 1 else ()
        operand = replace(operand, strides=operand.strides[: len(flat_shape)])
        self.steps.append(Step(Opcode.LOAD, wide, flat_shape, (operand,), node=name))
        return View.whole(Source.STEP, len(self.steps) - 1, wide, spec.shape)

    def scalar(self, value: Scalar) -> View:
        """An immediate: a Python float makes a float64, an int or bool an int64."""
        return View.immediate(value, DType64.FLOAT if isinstance(value, float) else DType64.INT)

    def full(self, value: Scalar, shape: Sequence[int]) -> View:
        """`scalar` repeated in a shape, without storage."""
        return self.scalar(value).expand(tuple(shape))

    def dot(self, left: View, right: View, axes: int = 1) -> View:
        """Sum of left * right over the last `axes` axes of their broadcast shape; the result has the other axes.

        Give the output axes in the order in which the result should lie in memory. Any length, any layout.
        """
        if left.dtype is not right.dtype:
            raise Unsupported("dot", self.node, reason="a product of floats with integers")
        shape = self.broadcast(left, right)
        return reductions.dot(self, left.expand(shape), right.expand(shape), axes)

    def matmul(self, left: View, right: View) -> View:
        """numpy's matmul: (..., M, K) by (..., K, N); one-dimensional operands as numpy has them."""
        a = left.unsqueeze([0]) if left.rank == 1 else left
        b = right.unsqueeze([1]) if right.rank == 1 else right
        order = [*range(b.rank - 2), b.rank - 1, b.rank - 2]
        result = self.dot(a.unsqueeze([a.rank - 1]), b.perm(order).unsqueeze([b.rank - 2]))
        dropped = ([result.rank - 2] if left.rank == 1 else []) + ([result.rank - 1] if right.rank == 1 else [])
        return result.squeeze(dropped)

    def reduce(self, opcode: Opcode, view: View, axes: Iterable[int], keepdims: bool = False) -> View:
        """SUM, MAX or MIN over axes; of no axes, the view itself."""
        dropped = sorted(set(axes))
        kept = [axis for axis in range(view.rank) if axis not in dropped]
        result = reductions.reduce(self, opcode, view.perm([*kept, *dropped]), len(dropped))
        return result.unsqueeze(dropped) if keepdims else result

    def conv(
        self,
        x: View,
        kernel: View,
        strides: Sequence[int],
        dilations: Sequence[int],
        groups: int = 1,
    ) -> View:
        """Cross-correlation of (N, C, *S), padded already, with (M, C/groups, *K); the result is (N, M, *O)."""
        return convolution.conv(self, x, kernel, strides, dilations, groups)

    def pool(
        self, opcode: Opcode, x: View, sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
    ) -> View:
        """SUM, MAX or MIN over windows of the last `len(sizes)` axes, padded already."""
        return convolution.pool(self, opcode, x, sizes, strides, dilations)

    def reshape(self, view: View, shape: Sequence[int]) -> View:
        """Row-major reshape to a concrete shape; copies where the access can't express it."""
        shaped = view.reshape(tuple(shape))
        return certain(self.copy(view).reshape(tuple(shape))) if shaped is None else shaped

    def pad(self, view: View, low: Sequence[int], high: Sequence[int], fill: Scalar) -> View:
        """Pad with a constant (negative: cut); copies where the view is guarded differently already."""
        if view.source is Source.IMMEDIATE:
            view = self.tensor(np.full(view.shape, view.fill, view.dtype.numpy))
        padded = view.pad(low, high, fill) or self.copy(view).pad(low, high, fill)
        if padded is not None:
            return padded
        for axis in range(view.rank):  # more than three axes: in two goes
            one = [[n if axis == other else 0 for other in range(view.rank)] for n in (low[axis], high[axis])]
            view = self.pad(view, one[0], one[1], fill)
        return view

    def window(self, view: View, axis: int, size: int, stride: int = 1, dilation: int = 1) -> View:
        """The axis split into windows, with taps as a new last axis; copies a view that is padded along it."""
        split = view.window(axis, size, stride, dilation) or self.copy(view).window(axis, size, stride, dilation)
        return certain(split)

    def diagonal(self, view: View, first: int, second: int) -> View:
        """Two axes walked together, as `first`."""
        walked = view.diagonal(first, second) or self.copy(view).diagonal(first, second)
        return certain(walked)

    def concat(self, views: Sequence[View], axis: int) -> View:
        """Views joined along an axis; more than 16 in a tree."""
        others = {(view.dtype, view.shape[:axis], view.shape[axis + 1 :]) for view in views}
        if len(others) != 1 or any(axis >= view.rank for view in views):
            shapes = ", ".join(f"{view.dtype.name.lower()} {view.shape}" for view in views[:4])
            raise Unsupported("concat", self.node, reason=f"{shapes} can't be joined along axis {axis}")
        if len(views) == 1:
            return views[0]
        if len(views) > MAX_CONCAT:
            groups = [views[start : start + MAX_CONCAT] for start in range(0, len(views), MAX_CONCAT)]
            return self.concat([self.concat(group, axis) for group in groups], axis)
        values = [self.value(view) for view in views]
        if all(value is not None for value in values):
            return self.weight(np.concatenate([value for value in values if value is not None], axis))
        ends = np.cumsum([view.shape[axis] for view in views]).tolist()
        shape = list(views[0].shape)
        shape[axis] = ends[-1]
        wide = [
            _placed(view, axis, end - view.shape[axis], tuple(shape)) for view, end in zip(views, ends, strict=True)
        ]
        step = Step(Opcode.CONCAT, views[0].dtype, (), (), splits=tuple(ends))
        return self.emit(Opcode.CONCAT, views[0].dtype, wide, memory_order(wide), barrier=axis, step=step)

    def gather(self, data: View, indices: View, axis: int = 0) -> View:
        """numpy's take: the result has `indices`' axes in place of `axis`. An index outside 0..size-1 reads 0."""
        if indices.dtype is not DType64.INT:
            raise Unsupported("gather", self.node, reason="indices that aren't integers")
        if (known := self._gather_constant(data, indices, axis)) is not None:
            return known
        if data.source is Source.IMMEDIATE or any(guard.c[axis] for guard in data.guards):
            data = self.copy(data)
        size, stride = data.shape[axis], data.strides[axis]
        shape = data.shape[:axis] + indices.shape + data.shape[axis + 1 :]
        first = data.take(axis, 0, 1).squeeze([axis]).unsqueeze(range(axis, axis + indices.rank)).expand(shape)
        behind = range(axis + indices.rank, len(shape))
        places = indices.unsqueeze([*range(axis), *behind]).expand(shape)
        step = Step(Opcode.GATHER, data.dtype, (), (), stride=stride, limit=size)
        return self.emit(Opcode.GATHER, data.dtype, [first, places], range(len(shape)), step=step)

    def _gather_constant(self, data: View, indices: View, axis: int) -> View | None:
        """A gather by known indices in an arithmetic progression is a slice; of known data, a constant."""
        places = self.value(indices)
        if places is None:
            return None
        flat, size = places.reshape(-1), data.shape[axis]
        if ((flat < 0) | (flat >= size)).any():
            return None
        step = int(flat[1] - flat[0]) if flat.size > 1 else 1
        if (np.diff(flat) == step).all() and step:
            taken = data.take(axis, int(flat[0]), flat.size, step)
            return taken.reshape(data.shape[:axis] + places.shape + data.shape[axis + 1 :])
        known = self.value(data)
        return None if known is None else self.weight(np.take(known, places, axis))

    def finish(self, outputs: Sequence[tuple[str, View, DType, Sequence[int]]]) -> Program:
        """The program with these outputs (name, view, declared type and shape), and only the steps that they need.

        Raises Unsupported for an output without elements or of a type that its tensor can't be. All records are
        checked: RecordInvalid would be a bug of the builder.
        """
        made = [self._output(*output) for output in outputs]
        program = trimmed(Program(tuple(self.inputs), tuple(self.weights), tuple(self.steps), tuple(made)))
        require_valid(program)
        return program

    def _output(self, name: str, view: View, dtype: DType, shape: Sequence[int]) -> Output:
        if widened(dtype) is not view.dtype or tuple(shape) != view.shape:
            reason = f"declared {dtype.name} {tuple(shape)}, but made {view.dtype.name} {view.shape}"
            raise Unsupported(node=name, attribute="output", reason=reason)
        if not (view.source is Source.STEP and view.identity):
            view = self.emit(Opcode.COPY, view.dtype, [view], range(view.rank))
        return Output(name, view.tensor, dtype, tuple(shape))


def _placed(view: View, axis: int, start: int, shape: tuple[int, ...]) -> View:
    """The view as a part of a larger tensor from `start` on; outside its part it addresses nothing real."""
    base = view.base - start * view.strides[axis]
    guards = tuple(replace(guard, b=guard.b - start * guard.c[axis]) for guard in view.guards)
    return replace(view, base=base, guards=guards, shape=shape)


def trimmed(program: Program) -> Program:
    """The program without steps and weights that no output needs, numbered anew."""
    needed: set[int] = set()
    waiting = [output.step for output in program.outputs]
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting += [o.tensor for o in program.steps[number].operands if o.source is Source.STEP]
    kept = sorted(needed)
    steps = {old: new for new, old in enumerate(kept)}
    used = {o.tensor for number in kept for o in program.steps[number].operands if o.source is Source.WEIGHT}
    weights = {old: new for new, old in enumerate(sorted(used))}
    numbers = {Source.STEP: steps, Source.WEIGHT: weights}

    def renumbered(operand: Operand) -> Operand:
        known = numbers.get(operand.source)
        return replace(operand, tensor=known[operand.tensor]) if known is not None else operand

    return Program(
        program.inputs,
        tuple(program.weights[old] for old in sorted(used)),
        tuple(replace(program.steps[n], operands=tuple(map(renumbered, program.steps[n].operands))) for n in kept),
        tuple(replace(output, step=steps[output.step]) for output in program.outputs),
    )
