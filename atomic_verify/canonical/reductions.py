"""Plans `dot`, `sum`, `max` and `min`: which operand is copied, and how a long reduction is split.

A reduction reads contiguous segments of at most 512 elements, and a dot's lie in 8 leaves of a tensor tree each: what a
judgement costs is mostly what it must show. What lies otherwise in memory is either copied, or its
outer reduction axes become output axes whose partial results a second reduction joins: whichever makes the smaller
trace. A short reduction over scattered elements becomes a chain of maps. Weights are laid out anew for nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from atomic_verify.canonical.emitter import Emitter
from atomic_verify.canonical.program import Function, Opcode, Source
from atomic_verify.canonical.views import View
from atomic_verify.commitments import LEAF_BYTES

MAX_TERMS = 512
_MAX_CHAIN = 4
_LEAF = LEAF_BYTES // 8
# Wherever such a segment starts, it lies in as many leaves as 512 elements that start with one.
_MAX_ANYWHERE = MAX_TERMS - _LEAF + 1

_JOIN = {Opcode.DOT: Opcode.SUM, Opcode.SUM: Opcode.SUM, Opcode.MAX: Opcode.MAX, Opcode.MIN: Opcode.MIN}
_PAIR = {Opcode.SUM: Function.ADD, Opcode.MAX: Function.MAX, Opcode.MIN: Function.MIN}


def dot(emitter: Emitter, left: View, right: View, axes: int) -> View:
    """Sum over the last `axes` axes of left * right, two views of one shape; the result has the other axes."""
    return _reduce(emitter, Opcode.DOT, [left, right], axes)


def reduce(emitter: Emitter, opcode: Opcode, view: View, axes: int) -> View:
    """Sum, max or min over the last `axes` axes; the result has the other axes."""
    return _reduce(emitter, opcode, [view], axes)


def _reduce(emitter: Emitter, opcode: Opcode, views: Sequence[View], axes: int) -> View:
    outer = views[0].rank - axes
    ones = [axis for axis in range(outer, outer + axes) if views[0].shape[axis] == 1]
    views = [view.squeeze(ones) for view in views]
    axes -= len(ones)
    if axes == 0:
        return emitter.map(Function.MUL, *views) if opcode is Opcode.DOT else views[0]
    views = _ordered(views, axes)
    plan = _plan(emitter, opcode, views, axes)
    if plan.chain:
        return _chain(emitter, _PAIR[opcode], views[0], axes)
    run = list(range(outer, outer + axes))
    solid = [emitter.solid(v, run) if _contiguous(v, axes) < plan.suffix else v for v in views]
    merged = [_merge(view, plan.suffix) for view in solid]
    return _segments(emitter, opcode, merged, axes - plan.suffix)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How many of the last axes are one segment, and whether a chain of maps does it all."""

    suffix: int
    chain: bool = False


def _plan(emitter: Emitter, opcode: Opcode, views: Sequence[View], axes: int) -> _Plan:
    """The plan with the fewest additional elements in the trace; longer segments win ties."""
    outer = views[0].rank - axes
    sizes = views[0].shape[outer:]
    results = math.prod(views[0].shape[:outer])
    best, least = _Plan(axes), -1
    for suffix in range(axes, 0, -1):
        cost = 0
        for view in views:
            if _contiguous(view, suffix) < suffix and not view.constant:
                kept = [n for axis, n in enumerate(view.shape) if view.varies(axis) or axis >= outer]
                cost += math.prod(kept)
        parts = math.prod(sizes[: axes - suffix]) * len(_groups(math.prod(sizes[axes - suffix :])))
        cost += results * parts if parts > 1 else 0
        if least < 0 or cost < least:
            best, least = _Plan(suffix), cost
    terms = math.prod(sizes)
    chained = results * (terms - 2)
    if opcode is not Opcode.DOT and terms <= _MAX_CHAIN and chained < least and not views[0].constant:
        return _Plan(axes, chain=True)
    return best


def _ordered(views: Sequence[View], axes: int) -> list[View]:
    """The reduction axes as the largest item-dependent operand lies in memory, innermost last."""
    rank = views[0].rank
    chosen = max(views, key=lambda view: (not view.constant, view.source is not Source.IMMEDIATE, view.elements))
    inner = sorted(range(rank - axes, rank), key=lambda axis: (-abs(chosen.strides[axis]), axis))
    return [view.perm([*range(rank - axes), *inner]) for view in views]


def _contiguous(view: View, axes: int) -> int:
    """How many of the last `axes` axes are one contiguous, unguarded segment."""
    run = 1
    for count in range(axes):
        axis = view.rank - 1 - count
        if view.source is Source.IMMEDIATE or view.column(axis) != (run, *(0 for _ in view.guards)):
            return count
        run *= view.shape[axis]
    return axes


def _merge(view: View, axes: int) -> View:
    """The last `axes` axes, contiguous, as one."""
    outer = view.rank - axes
    guards = tuple(replace(guard, c=(*guard.c[:outer], 0)) for guard in view.guards)
    shape = (*view.shape[:outer], math.prod(view.shape[outer:]))
    return replace(view, shape=shape, strides=(*view.strides[:outer], 1), guards=guards)


def _groups(terms: int, most: int = MAX_TERMS) -> list[int]:
    """Lengths of the segments that `terms` are split into: equal ones if a few more allow it, else a shorter last."""
    fewest = -(-terms // most)
    for count in range(fewest, 2 * fewest + 1):
        if terms % count == 0:
            return [terms // count] * count
    return [most] * (terms // most) + [terms % most]


def _shown_groups(opcode: Opcode, views: Sequence[View]) -> list[int]:
    """The groups of the last axis: a dot's long ones only if all start with a leaf."""
    groups = _groups(views[0].shape[-1])
    if opcode is not Opcode.DOT or groups[0] <= _MAX_ANYWHERE:
        return groups
    if (len(groups) == 1 or groups[0] % _LEAF == 0) and all(map(_starts_with_leaves, views)):
        return groups
    return _groups(views[0].shape[-1], MAX_TERMS - _LEAF)


def _starts_with_leaves(view: View) -> bool:
    """Whether every segment along the last axis starts with a leaf."""
    return all(step % _LEAF == 0 for step in (view.base, *view.strides[:-1]))


def _segments(emitter: Emitter, opcode: Opcode, views: Sequence[View], outer_axes: int) -> View:
    """Reduce the last axis, one segment, in groups of at most 512; then the `outer_axes` axes before it."""
    terms = views[0].shape[-1]
    groups = _shown_groups(opcode, views)
    if groups[-1] != groups[0]:
        even = terms - groups[-1]
        last = views[0].rank - 1
        parts = [[view.take(last, start, size) for view in views] for start, size in ((0, even), (even, groups[-1]))]
        results = [_reduce(emitter, opcode, part, outer_axes + 1) for part in parts]
        return emitter.map(_PAIR[_JOIN[opcode]], *results)
    if len(groups) > 1:
        views = [_split(view, len(groups)) for view in views]
    joined = outer_axes + (len(groups) > 1)
    result = emitter.emit(opcode, views[0].dtype, views, range(views[0].rank - 1), reduction=1)
    return _reduce(emitter, _JOIN[opcode], [result], joined) if joined else result


def _split(view: View, count: int) -> View:
    shape = (*view.shape[:-1], count, view.shape[-1] // count)
    split = view.unsqueeze([view.rank - 1])
    size = shape[-1]
    strides = (*view.strides[:-1], size * view.strides[-1], view.strides[-1])
    return replace(split, shape=shape, strides=strides)


def _chain(emitter: Emitter, function: Function, view: View, axes: int) -> View:
    """Pairwise maps over all elements of the last axes, in order."""
    outer = view.rank - axes
    flat = [view]
    for axis in range(outer, view.rank):
        flat = [part.take(axis, start, 1) for part in flat for start in range(view.shape[axis])]
    parts = [part.squeeze(range(outer, view.rank)) for part in flat]
    result = parts[0]
    for part in parts[1:]:
        result = emitter.map(function, result, part)
    return result
