"""The `gather` step over whole tensors: reading through an index tensor, 0 where an index is out of range."""

from collections.abc import Sequence

import numpy as np

from atomic_verify.canonical.access import Access, linear
from atomic_verify.canonical.program import Array, Step


class Gather:
    """How one gather step is computed, worked out once.

    Where the data's address and the index depend on different dimensions, whole rows are taken from a table; else each
    element's address is computed.
    """

    __slots__ = ("_index", "_order", "_step", "_table")

    def __init__(self, step: Step) -> None:
        data, places = step.operands
        self._step = step
        sizes = [d for d, size in enumerate(step.shape) if size > 1]
        by_index = [d for d in sizes if places.strides and _varies(d, places.strides, [g.c for g in places.guards])]
        self._table: Access | None = None
        if not data.guards and not any(data.strides[d] for d in by_index):
            rest = [d for d in range(len(step.shape)) if d not in by_index]
            strides = (step.stride, *(data.strides[d] for d in rest))
            self._table = Access(data.base, strides, (step.limit, *(step.shape[d] for d in rest)))
            self._order = [*by_index, *rest]
            self._index = tuple(slice(None) if d in by_index else 0 for d in range(len(step.shape)))

    def run(self, flat: Array, indices: Array, out: Array) -> None:
        """Write `data[address + stride * j]` into `out`; `indices` are all j, of the step's shape or a single one."""
        if self._table is None:
            _through_addresses(self._step, flat, indices, out)
            return
        places = indices[(*self._index, ...)] if indices.ndim == out.ndim else indices
        inside = (places >= 0) & (places < self._step.limit)
        target = out.transpose(self._order)
        target[...] = self._table.read(flat)[places if inside.all() else np.where(inside, places, 0)]
        if not inside.all():
            target[~inside] = 0


def _varies(axis: int, strides: Sequence[int], guards: Sequence[Sequence[int]]) -> bool:
    return bool(strides[axis]) or any(c[axis] for c in guards)


def _through_addresses(step: Step, flat: Array, indices: Array, out: Array) -> None:
    data = step.operands[0]
    box = [(0, size) for size in out.shape]
    inside = (indices >= 0) & (indices < step.limit)
    let_through = np.asarray(inside)
    for guard in data.guards:
        place = linear(guard.b, guard.c, box)
        let_through = let_through & (place >= 0) & (place < guard.n)
    address = linear(data.base, data.strides, box) + np.where(inside, indices, 0) * step.stride
    address, inside, let_through = np.broadcast_arrays(address, inside, let_through)
    values = flat.reshape(-1)[np.where(let_through, address, 0)]
    # A failed guard makes the operand its fill; an index out of range reads 0 whatever the data.
    out[...] = np.where(inside, np.where(let_through, values, data.fill), 0)
