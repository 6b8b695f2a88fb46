"""The `gather` step over whole tensors: reading through an index tensor, 0 where an index is out of range."""

import numpy as np

from atomic_verify.canonical.access import Access, linear
from atomic_verify.canonical.program import Array, Step


def evaluate_gather(step: Step, flat: Array, indices: Array, out: Array) -> None:
    """Write `data[address + stride * j]` into `out`; `flat` is the data, `indices` all j, of the step's shape or a
    single one."""
    if step.operands[0].guards or not _take(step, flat, indices, out):
        _through_addresses(step, flat, indices, out)


def _take(step: Step, flat: Array, indices: Array, out: Array) -> bool:
    """Whole rows at a time, where the data's address and the index depend on different dimensions."""
    data = step.operands[0]
    by_index = [d for d in range(out.ndim) if indices.ndim == out.ndim and indices.strides[d]]
    by_address = [d for d in range(out.ndim) if data.strides[d] and out.shape[d] > 1]
    if set(by_index) & set(by_address):
        return False
    rest = [d for d in range(out.ndim) if d not in by_index]
    strides = (step.stride, *(data.strides[d] for d in rest))
    table = Access(data.base, strides, (step.limit, *(out.shape[d] for d in rest))).read(flat)
    places = indices[tuple(slice(None) if d in by_index else 0 for d in range(indices.ndim))]
    inside = (places >= 0) & (places < step.limit)
    taken = np.asarray(table[np.where(inside, places, 0)])
    np.copyto(out.transpose([*by_index, *rest]), taken)
    if not inside.all():
        out.transpose([*by_index, *rest])[~inside] = 0
    return True


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
    values = flat[np.where(let_through, address, 0)]
    # A failed guard makes the operand its fill; an index out of range reads 0 whatever the data.
    out[...] = np.where(inside, np.where(let_through, values, data.fill), 0)
