"""Ranges of inputs: a model's tolerances hold for items with elements between the bounds that its manifest declares.

Life cycle: before a bid (workers take no other items) and when an item is made (gateways). Outside, honest float32 may
overflow or drift without bound, and an index may point nowhere: a requester could ruin whoever answers.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from atomic_verify.commitments.tensors import Array
from atomic_verify.models.errors import ItemOutOfRange
from atomic_verify.models.parts import InputEntry


def require_in_range(inputs: Sequence[InputEntry], arrays: Mapping[str, Array]) -> None:
    """Refuse tensors with an element outside its input's range; NaN is outside of all. Raises ItemOutOfRange."""
    for entry in inputs:
        limits, array = entry.range, arrays[entry.name]
        if limits is None or not array.size:
            continue
        # Python compares integers and floats exactly.
        least, most = np.min(array).item(), np.max(array).item()
        if not (limits[0] <= least and most <= limits[1]):
            raise ItemOutOfRange(
                f"an element of input {entry.name!r} is outside of {limits[0]:g} to {limits[1]:g}",
                hint="the model's tolerances were measured inside; scale the item as the model's author meant it",
                input=entry.name,
                least=str(least),
                most=str(most),
            )


def require_payload_in_range(inputs: Sequence[InputEntry], item_count: int, payload: bytes) -> None:
    """`require_in_range` over a whole batch, whose size must fit. Raises ItemOutOfRange, ValueError."""
    rows = np.frombuffer(payload, np.uint8).reshape(item_count, -1)
    require_in_range(inputs, dict(_tensors(inputs, rows)))


def _tensors(inputs: Sequence[InputEntry], rows: Array) -> Iterator[tuple[str, Array]]:
    start = 0
    for entry in inputs:
        spec = entry.spec()
        end = start + spec.nbytes
        yield entry.name, np.ascontiguousarray(rows[:, start:end]).view(spec.dtype.numpy)
        start = end
