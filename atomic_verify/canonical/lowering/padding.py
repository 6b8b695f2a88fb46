"""Pad in all modes. What numpy would read where is computed for each axis, and read by slices or a gather."""

from typing import Any

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import Array
from atomic_verify.canonical.views import View

_MODES = ("reflect", "edge", "wrap")
_MOST_RUNS = 16
_LONGEST = 2**24


@rule("Pad")
def pad(node: NodeContext) -> View:
    """Negative pads cut. Opsets before 11 have pads and value as attributes."""
    x, mode = node.view(0), node.attr("mode")
    low, high = _amounts(node, x.rank)
    if mode == "constant":
        return node.builder.pad(x, low, high, _fill(node))
    if mode not in _MODES:
        raise node.unsupported(f"{mode!r} isn't known", "mode")
    _fill(node)  # may be given; these modes don't use it
    for axis in range(x.rank):
        if low[axis] or high[axis]:
            x = read_along(node, x, axis, _places(node, x.shape[axis], low[axis], high[axis], mode))
    return x


def _amounts(node: NodeContext, rank: int) -> tuple[list[int], list[int]]:
    pads = node.ints(1, "pads") or []
    given = node.ints(3) if node.has(3) else None
    axes = node.axes(given, rank) if given is not None else list(range(rank))
    if len(pads) != 2 * len(axes):
        raise node.unsupported(f"{len(pads)} pads for {len(axes)} axes", "pads")
    low, high = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        low[axis], high[axis] = pads[place], pads[place + len(axes)]
    return low, high


def _fill(node: NodeContext) -> float | int:
    if node.declares("value"):
        return float(node.attr("value"))
    return node.number(2) if node.has(2) else 0


def _places(node: NodeContext, size: int, low: int, high: int, mode: Any) -> Array:
    """Which element each one of the result is."""
    if max(low, 0) + max(high, 0) > _LONGEST:
        raise node.unsupported(f"pads longer than {_LONGEST}", "pads")
    line = np.arange(size)[max(0, -low) : size - max(0, -high)]
    if not line.size:
        raise node.unsupported("the pads leave nothing", "pads")
    return np.asarray(np.pad(line, (max(0, low), max(0, high)), mode=mode))


def read_along(node: NodeContext, x: View, axis: int, places: Array) -> View:
    """Element i along the axis is element `places[i]`: a few slices joined if that is enough, else a gather."""
    runs = _runs(places)
    if len(runs) > _MOST_RUNS:
        return node.builder.gather(x, node.builder.weight(places.astype(np.int64)), axis)
    parts = []
    for start, step, size in runs:
        part = x.take(axis, start, size if step else 1, step or 1)
        shape = tuple(size if other == axis else length for other, length in enumerate(part.shape))
        parts.append(part.expand(shape))
    return node.builder.concat(parts, axis)


def _runs(places: Array) -> list[tuple[int, int, int]]:
    """(start, step, size) of the arithmetic progressions with steps -1, 0 and 1 that the places are made of."""
    runs: list[tuple[int, int, int]] = []
    for place in places.tolist():
        start, step, size = runs[-1] if runs else (0, 0, 0)
        if size == 1 and abs(place - start) <= 1:
            runs[-1] = (start, place - start, 2)
        elif size > 1 and place == start + step * size:
            runs[-1] = (start, step, size + 1)
        else:
            runs.append((place, 0, 1))
    return runs
