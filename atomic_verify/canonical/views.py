"""Views: tensors of a program under construction, seen through guarded affine accesses.

Lowering rules pass views around: transpose, slice, expand, reshape, pad and pooling windows change only the access, and
cost no step. A view is pure data. What an access can't express gives None here; the builder then copies first.

Kept true of every view, so that a record made of it is always provably inside its tensor: each guard depends on exactly
one dimension, and dimensions of size 1 have stride 0.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from atomic_verify.canonical.access import box_of
from atomic_verify.canonical.program import MAX_GUARDS, DType64, Guard, Scalar, Source

Shape = tuple[int, ...]


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """Row-major element strides; 0 for dimensions of size 1."""
    strides, run = [], 1
    for size in reversed(shape):
        strides.append(run if size > 1 else 0)
        run *= size
    return tuple(reversed(strides))


def certain(view: "View | None") -> "View":
    """The view, where the caller has made sure that there is one."""
    if view is None:
        raise RuntimeError("an access that should express this doesn't")
    return view


@dataclass(frozen=True, slots=True)
class View:
    """A tensor of `shape` whose element `i` is element `base + strides . i` of `tensor`, or `fill` where a guard fails.

    `tensor` numbers a step or weight of the builder, `elements` is its size. An immediate is all `fill`.
    """

    source: Source
    tensor: int
    elements: int
    dtype: DType64
    shape: Shape
    base: int = 0
    strides: Shape = ()
    guards: tuple[Guard, ...] = ()
    fill: Scalar = 0

    @classmethod
    def whole(cls, source: Source, tensor: int, dtype: DType64, shape: Sequence[int]) -> "View":
        """All of a tensor, row-major."""
        shape = tuple(shape)
        fill: Scalar = 0.0 if dtype is DType64.FLOAT else 0
        return cls(source, tensor, math.prod(shape), dtype, shape, 0, contiguous_strides(shape), (), fill)

    @classmethod
    def immediate(cls, value: Scalar, dtype: DType64, shape: Sequence[int] = ()) -> "View":
        """A tensor with the same value everywhere; it has no storage."""
        shape = tuple(shape)
        exact: Scalar = float(value) + 0.0 if dtype is DType64.FLOAT else int(value)
        return cls(Source.IMMEDIATE, 0, 0, dtype, shape, 0, (0,) * len(shape), (), exact)

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements of the view, repeated ones counted."""
        return math.prod(self.shape)

    @property
    def constant(self) -> bool:
        """Whether it doesn't depend on the item."""
        return self.source in (Source.IMMEDIATE, Source.WEIGHT)

    @property
    def identity(self) -> bool:
        """Whether it is all of its tensor, row-major."""
        return (
            self.source is not Source.IMMEDIATE
            and not self.guards
            and self.base == 0
            and self.size == self.elements
            and self.strides == contiguous_strides(self.shape)
        )

    def column(self, axis: int) -> Shape:
        """How the access depends on one dimension: its stride and its coefficient in each guard."""
        return (self.strides[axis], *(guard.c[axis] for guard in self.guards))

    def varies(self, axis: int) -> bool:
        """Whether elements differ along the dimension, as far as the access tells."""
        return self.shape[axis] > 1 and any(self.column(axis))

    # Views of the view. Axes are non-negative here; lowering rules normalise them.

    def perm(self, order: Sequence[int]) -> "View":
        """Transposed: dimension d of the result is dimension `order[d]`."""
        return self._columns([self.shape[axis] for axis in order], lambda c: tuple(c[axis] for axis in order))

    def unsqueeze(self, axes: Sequence[int]) -> "View":
        """With dimensions of size 1 at `axes` of the result."""
        order = iter(range(self.rank))
        places = [None if d in set(axes) else next(order) for d in range(self.rank + len(set(axes)))]
        shape = [1 if place is None else self.shape[place] for place in places]
        return self._columns(shape, lambda c: tuple(0 if place is None else c[place] for place in places))

    def squeeze(self, axes: Sequence[int]) -> "View":
        """Without the dimensions `axes`, which are of size 1."""
        if any(self.shape[axis] != 1 for axis in axes):
            raise ValueError(f"squeeze of axes {list(axes)} of {self.shape}")
        kept = [axis for axis in range(self.rank) if axis not in axes]
        return self._columns([self.shape[axis] for axis in kept], lambda c: tuple(c[axis] for axis in kept))

    def expand(self, shape: Sequence[int]) -> "View":
        """Broadcast to `shape` by numpy's rules."""
        added = len(shape) - self.rank
        old = (1,) * added + self.shape
        if added < 0 or any(a not in (1, b) for a, b in zip(old, shape, strict=True)):
            raise ValueError(f"{self.shape} doesn't broadcast to {tuple(shape)}")
        return self._columns(shape, lambda c: (0,) * added + tuple(c))

    def slice(self, starts: Sequence[int], steps: Sequence[int], sizes: Sequence[int]) -> "View":
        """Element `i` is element `starts + steps * i` (all must lie inside); steps may be negative."""
        for start, step, size, limit in zip(starts, steps, sizes, self.shape, strict=True):
            if not (0 <= start < limit and 0 <= start + step * (size - 1) < limit and size >= 1):
                raise ValueError(f"slice {start}:+{step}x{size} leaves 0..{limit}")
        return self._affine(tuple(sizes), tuple(starts), lambda c: tuple(x * s for x, s in zip(c, steps, strict=True)))

    def take(self, axis: int, start: int, size: int, step: int = 1) -> "View":
        """`slice` along one axis."""
        starts, steps, sizes = [0] * self.rank, [1] * self.rank, list(self.shape)
        starts[axis], steps[axis], sizes[axis] = start, step, size
        return self.slice(starts, steps, sizes)

    def diagonal(self, first: int, second: int) -> "View | None":
        """Both dimensions (of one size) walked together, as dimension `first`; None if guards depend on both."""
        if self.shape[first] != self.shape[second]:
            raise ValueError(f"diagonal of {self.shape}")
        if any(guard.c[first] and guard.c[second] for guard in self.guards):
            return None
        kept = [axis for axis in range(self.rank) if axis != second]
        shape = [self.shape[axis] for axis in kept]
        return self._columns(shape, lambda c: tuple(c[a] + (c[second] if a == first else 0) for a in kept))

    def window(self, axis: int, size: int, stride: int = 1, dilation: int = 1) -> "View | None":
        """The dimension split into (window, tap), with the taps as a new last dimension.

        Element (w, t) is element `w * stride + t * dilation`; as many windows as fit. None if a guard depends on it.
        """
        windows = (self.shape[axis] - dilation * (size - 1) - 1) // stride + 1
        if windows < 1:
            raise ValueError(f"a window of {size} taps doesn't fit {self.shape[axis]}")
        if any(guard.c[axis] for guard in self.guards):
            return None
        shape = (*self.shape[:axis], windows, *self.shape[axis + 1 :], size)
        step = self.strides[axis]
        strides = (*self.strides[:axis], step * stride, *self.strides[axis + 1 :], step * dilation)
        guards = tuple(replace(guard, c=(*guard.c, 0)) for guard in self.guards)
        return replace(self, shape=shape, strides=strides, guards=guards)._clean()

    def pad(self, low: Sequence[int], high: Sequence[int], fill: Scalar) -> "View | None":
        """With `low` elements of `fill` before and `high` after each dimension (negative ones cut off).

        None if the access already has another fill or would need more than 3 guards: copy first.
        """
        starts = [max(0, -x) for x in low]
        sizes = [n - a - max(0, -b) for n, a, b in zip(self.shape, starts, high, strict=True)]
        cut = self.slice(starts, [1] * self.rank, sizes)
        low, high = [max(0, x) for x in low], [max(0, x) for x in high]
        axes = [axis for axis in range(self.rank) if low[axis] or high[axis]]
        fill = float(fill) + 0.0 if self.dtype is DType64.FLOAT else int(fill)
        if not axes or (cut.source is Source.IMMEDIATE and cut.fill == fill):
            return cut._columns([n + a + b for n, a, b in zip(sizes, low, high, strict=True)], tuple)
        if (
            cut.source is Source.IMMEDIATE
            or (cut.guards and cut.fill != fill)
            or len(cut.guards) + len(axes) > MAX_GUARDS
        ):
            return None
        # Strides of size-1 dimensions are 0, and their guards are gone: both stay right outside, where the fill rules.
        shape = tuple(n + a + b for n, a, b in zip(sizes, low, high, strict=True))
        wide = cut._affine(shape, tuple(-x for x in low), tuple)
        units = [(axis, tuple(int(axis == other) for other in range(self.rank))) for axis in axes]
        added = tuple(Guard(-low[axis], unit, sizes[axis]) for axis, unit in units)
        return replace(wide, fill=fill, guards=wide.guards + added)._clean()

    def reshape(self, shape: Sequence[int]) -> "View | None":
        """The same elements in row-major order under another shape, or None if no access can express it."""
        shape = tuple(shape)
        if math.prod(shape) != self.size:
            raise ValueError(f"reshape of {self.shape} to {shape}")
        if self.source is Source.IMMEDIATE:
            return View.immediate(self.fill, self.dtype, shape)
        runs = self._runs()
        columns: list[Shape] = []
        rest, column, scale = 1, (0,) * (1 + len(self.guards)), 1
        for size in reversed(shape):
            if size == 1:
                columns.append((0,) * (1 + len(self.guards)))
                continue
            if rest == 1:
                rest, column = runs.pop()
                scale = 1
            if rest % size or (any(column[1:]) and rest != size):
                return None
            columns.append(tuple(scale * x for x in column))
            scale *= size
            rest //= size
        columns.reverse()
        guards = tuple(replace(g, c=tuple(c[1 + n] for c in columns)) for n, g in enumerate(self.guards))
        return replace(self, shape=shape, strides=tuple(c[0] for c in columns), guards=guards)

    def _runs(self) -> list[tuple[int, Shape]]:
        """Dimensions with neighbours merged that are walked as one: (size, column)."""
        runs: list[tuple[int, Shape]] = []
        for axis, size in enumerate(self.shape):
            if size == 1:
                continue
            column = self.column(axis)
            if runs and runs[-1][1] == tuple(size * x for x in column):
                runs[-1] = (runs[-1][0] * size, column)
            else:
                runs.append((size, column))
        return runs

    def _columns(self, shape: Sequence[int], remap: Callable[[Shape], Shape]) -> "View":
        return self._affine(tuple(shape), (0,) * self.rank, remap)

    def _affine(self, shape: Shape, offset: Shape, remap: Callable[[Shape], Shape]) -> "View":
        """Coefficients remapped, and the old index moved by `offset`."""

        def moved(constant: int, c: Shape) -> int:
            return constant + sum(x * o for x, o in zip(c, offset, strict=True))

        guards = tuple(Guard(moved(g.b, g.c), remap(g.c), g.n) for g in self.guards)
        base = moved(self.base, self.strides)
        return replace(self, shape=shape, base=base, strides=remap(self.strides), guards=guards)._clean()

    def _clean(self) -> "View":
        """Without guards that always hold; an immediate if nothing is let through."""
        if self.source is Source.IMMEDIATE:
            return View.immediate(self.fill, self.dtype, self.shape)
        if box_of(self.shape, self.guards) is None:
            return View.immediate(self.fill, self.dtype, self.shape)
        kept = tuple(guard for guard in self.guards if self._cuts(guard))

        def trimmed(c: Shape) -> Shape:
            return tuple(x if n > 1 else 0 for x, n in zip(c, self.shape, strict=True))

        guards = tuple(replace(guard, c=trimmed(guard.c)) for guard in kept)
        fill = self.fill if guards else View.immediate(0, self.dtype).fill
        return replace(self, strides=trimmed(self.strides), guards=guards, fill=fill)

    def _cuts(self, guard: Guard) -> bool:
        return box_of(self.shape, (guard,)) != [(0, size) for size in self.shape]
