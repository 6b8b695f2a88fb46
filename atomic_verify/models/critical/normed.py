"""Recognising normed numbers in a canonical program: z = (x - mean) / deviation, which is never far from zero.

Used where features come out of a layer norm: of the n numbers of a group none is beyond sqrt(n), and their 2-norm is at
most sqrt(n), whatever the item. Both ways to compute the variance are known: the mean of (x - mean)^2, and
E[x^2] - E[x]^2 cut off at 0, which loses what float64 rounds. With |x| <= M and laws taken exactly, each rounded to
float64, that loss is below 8 * 2^-52 * M^2; as long as it is below half of the epsilon under the root, the bounds hold.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from atomic_verify.canonical.program import Array, Function, Opcode, Program
from atomic_verify.models.critical.views import MOST_ELEMENTS, View, whole

LOSS = 8 * 2.0**-52
"""Of E[x^2] - E[x]^2, relative to the largest x^2."""
WIDER = 1 + 2.0**-40
"""What the few roundings around a group add."""


@dataclass(frozen=True, slots=True, eq=False)
class Normed:
    """Bounds of a step that holds normed numbers, times constants if there are some."""

    sizes: Array
    """Of each element: its largest absolute value."""
    norm: float
    """Of all elements together: their largest 2-norm."""

    @property
    def largest(self) -> float:
        return float(np.max(self.sizes))


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """To which group each element belongs: that of the reduction which is its mean."""

    total: View
    """Of each element: the sum over its group."""
    count: int
    """Members of a group."""
    first: Array
    """Of each group: an element of it."""
    group: Array
    """Of each element: the number of its group."""
    members: View
    """Of each group: what its sum reduces."""

    def contain(self, view: View) -> bool:
        """Whether each element of a view is a member of its own group, and every member is in one group only."""
        members = self.members
        if view.number != members.number or np.unique(members.at).size < members.at.size:
            return False
        owner = np.full(members.step.elements, -1, np.int64)
        owner[members.at] = np.arange(len(self.first))[:, None]
        return bool(np.array_equal(owner[view.at], self.group))

    def reduced(self, total: View) -> View | None:
        """What another reduction reads for each group, if it is one and the same for all elements of a group."""
        firsts = View(total.program, total.number, total.at[self.first])
        return firsts.members(0) if np.array_equal(firsts.at[self.group], total.at) else None


def find_normed(
    program: Program, number: int, found: Sequence[tuple[float, float]], normed: Mapping[int, Normed]
) -> Normed | None:
    """The bounds of step `number` if it holds normed numbers.

    `found` are the intervals of the steps before, `normed` those of them that hold such numbers.
    """
    if program.steps[number].elements > MOST_ELEMENTS:
        return None
    view = View(program, number, np.arange(program.steps[number].elements))
    # What overflows, or is no number, bounds nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        return _normed(view, found, normed)


def _normed(view: View, found: Sequence[tuple[float, float]], normed: Mapping[int, Normed]) -> Normed | None:
    for centred, root, factors in _quotients(view):
        deviation = root.through(0)
        groups = None if deviation is None else _groups(centred, deviation, found)
        if groups is not None:
            sizes = np.abs(factors) * math.sqrt(groups.count) * WIDER
            return Normed(sizes, _norm(centred, sizes, groups))
    return _multiplied(view, normed)


def _multiplied(view: View, normed: Mapping[int, Normed]) -> Normed | None:
    """Normed numbers times constants."""
    for place in (0, 1) if view.is_map(Function.MUL, 2) else ():
        factors, inner = view.values(place), view.through(1 - place)
        if factors is None or inner is None or inner.number not in normed:
            continue
        known, factors = normed[inner.number], np.abs(factors)
        sizes = known.sizes[inner.at] * factors * WIDER
        is_each_once = np.unique(inner.at).size == inner.at.size
        norm = known.norm * float(np.max(factors)) * WIDER if is_each_once else math.inf
        return Normed(sizes, min(norm, float(np.linalg.norm(sizes)) * WIDER))
    return None


def _norm(centred: View, sizes: Array, groups: _Groups) -> float:
    if np.unique(centred.at).size < centred.at.size:
        # An element that stands there several times counts as often.
        return float(np.linalg.norm(sizes)) * WIDER
    return float(np.max(sizes)) * math.sqrt(len(groups.first)) * WIDER


def _quotients(view: View) -> Iterator[tuple[View, View, Array]]:
    """Each way to read a step as (something, a root, constants): something / root * constants."""
    if view.is_map(Function.DIV, 2):
        above, below = view.through(0), view.through(1)
        if above is not None and below is not None and below.is_map(Function.SQRT, 1):
            yield above, below, np.ones(view.at.shape)
    if view.is_map(Function.MUL, 2):
        for place in (0, 1):
            centred, inverse = view.through(place), view.through(1 - place)
            if centred is not None and inverse is not None:
                yield from ((centred, root, factors) for root, factors in _inverses(inverse))


def _inverses(view: View) -> Iterator[tuple[View, Array]]:
    """Each way to read elements as constants / root."""
    if view.is_map(Function.DIV, 2) and view.is_constant(0, 1.0):
        root = view.through(1)
        if root is not None and root.is_map(Function.SQRT, 1):
            yield root, np.ones(view.at.shape)
    if view.is_map(Function.MUL, 2):
        for place in (0, 1):
            factors, inner = view.values(place), view.through(1 - place)
            if factors is not None and inner is not None:
                yield from ((root, factors * more) for root, more in _inverses(inner))


def _groups(centred: View, deviation: View, found: Sequence[tuple[float, float]]) -> _Groups | None:
    """The groups over which `centred` and the square `deviation` of its root are normed; None if they aren't."""
    if not centred.is_map(Function.SUB, 2) or not deviation.is_map(Function.ADD, 2):
        return None
    x, mean = centred.through(0), centred.through(1)
    groups = None if mean is None else _grouped(mean)
    if x is None or mean is None or groups is None or not groups.contain(x):
        return None
    epsilon, variance = _parts(deviation)
    if variance is None or epsilon <= 0:
        return None
    if variance.is_map(Function.MAX, 2):
        place = next((place for place in (0, 1) if variance.is_constant(place, 0.0)), None)
        inner = None if place is None else variance.through(1 - place)
        return groups if inner is not None and _is_difference(inner, mean, groups, epsilon, found) else None
    return groups if _is_mean_of_squares(variance, centred, groups) else None


def _parts(deviation: View) -> tuple[float, View | None]:
    """An epsilon and what it is added to."""
    for place in (0, 1):
        values = deviation.values(place)
        if values is not None and values.size:
            return float(np.min(values)), deviation.through(1 - place)
    return 0.0, None


def _mean(view: View) -> View | None:
    """Of elements that are means: the sums, which are taken times 1/n or over n."""
    for place in (0, 1):
        total = view.through(place) if len(view.step.operands) == 2 else None
        if total is None or total.step.opcode not in (Opcode.SUM, Opcode.DOT):
            continue
        count = total.step.terms
        is_share = view.is_map(Function.MUL, 2) and view.is_constant(1 - place, 1 / count) and count & (count - 1) == 0
        if is_share or (view.is_map(Function.DIV, 2) and place == 0 and view.is_constant(1, float(count))):
            return total
    return None


def _grouped(mean: View) -> _Groups | None:
    """The groups that elements, which are means, are the means of."""
    total = _mean(mean)
    if total is None or total.step.opcode is not Opcode.SUM:
        return None
    _, first, group = np.unique(total.at, return_index=True, return_inverse=True)
    members = View(total.program, total.number, total.at[first]).members(0)
    return None if members is None else _Groups(total, total.step.terms, first, group.reshape(-1), members)


def _is_difference(
    view: View, mean: View, groups: _Groups, epsilon: float, found: Sequence[tuple[float, float]]
) -> bool:
    """Whether elements are E[x^2] - E[x]^2 of their groups, of an x that is small enough for it."""
    if not view.is_map(Function.SUB, 2):
        return False
    above, below = view.through(0), view.through(1)
    if above is None or below is None or not below.is_map(Function.MUL, 2):
        return False
    factors = below.through(0), below.through(1)
    if any(one is None or not one.same(mean) for one in factors):
        return False
    squares = _mean(above)
    if squares is None or squares.step.opcode is not Opcode.SUM or squares.step.terms != groups.count:
        return False
    reduced = groups.reduced(squares)
    low, high = found[groups.members.number]
    is_small = max(abs(low), abs(high)) <= math.sqrt(epsilon / (2 * LOSS))
    return is_small and reduced is not None and _are_squares(reduced, groups.members)


def _is_mean_of_squares(view: View, centred: View, groups: _Groups) -> bool:
    """Whether elements are the means of the squares of `centred` over their groups."""
    total = _mean(view)
    if total is None or total.step.opcode is not Opcode.DOT or total.step.terms != groups.count:
        return False
    firsts = View(total.program, total.number, total.at[groups.first])
    one, other = firsts.members(0), firsts.members(1)
    if one is None or other is None or not one.same(other) or one.number != centred.number:
        return False
    x = one.through(0)
    return x is not None and _same_members(x, groups.members) and np.array_equal(firsts.at[groups.group], total.at)


def _are_squares(squares: View, members: View) -> bool:
    if not squares.is_map(Function.MUL, 2):
        return False
    one, other = squares.through(0), squares.through(1)
    return one is not None and other is not None and one.same(other) and _same_members(one, members)


def _same_members(one: View, other: View) -> bool:
    """Whether the groups of both hold the same elements, in whatever order."""
    if one.number != other.number or one.at.shape != other.at.shape:
        return False
    return bool(np.array_equal(np.sort(one.at, axis=-1), np.sort(other.at, axis=-1)))


def constants_added(program: Program, number: int) -> tuple[View, Array] | None:
    """A step as the elements of another one plus constants; None if it isn't that."""
    if program.steps[number].elements > MOST_ELEMENTS:
        return None
    view = whole(program, number)
    if view.is_map(Function.ADD, 2):
        for place in (0, 1):
            values, inner = view.values(place), view.through(1 - place)
            if values is not None and inner is not None:
                return inner, values
    return None
