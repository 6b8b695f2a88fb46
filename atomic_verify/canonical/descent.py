"""What to ask a claimer that doesn't serve its trace, so that one wrong element comes to light.

A refuter has its own evaluation and one element of the claimed one that differs from it. Either that element breaks its
law given the claimed operands, or one of the operands differs as well: *descent* asks for the operands, goes on with
the one that explains most of the difference, and ends at a broken element after at most as many rounds as the program
is deep. Where a path ends in lawful elements (what differed was rounding) it goes back to the next best one.

Pure: the next move follows from what is known so far, so whoever restarts needs no memory but the answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import TypeAlias

from atomic_verify.canonical.audit import Place
from atomic_verify.canonical.law import law_of
from atomic_verify.canonical.openings import KnownTrace, Run, run_of
from atomic_verify.canonical.program import Function, Opcode, Operand, Program, Scalar, Source, Step
from atomic_verify.canonical.reads import Read, control, reads
from atomic_verify.canonical.scalars import scalar
from atomic_verify.canonical.traces import Trace

MAX_LEAVES = 64
MAX_RUNS = 8


@dataclass(frozen=True, slots=True)
class Broken:
    """The element breaks its law, and all that is needed to show it is known."""

    place: Place


@dataclass(frozen=True, slots=True)
class Ask:
    """Leaves to demand next."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Nothing that was reached breaks its law: the difference is what laws tolerate."""


Move: TypeAlias = Broken | Ask | Stuck


def next_move(
    program: Program, own: Trace, known: KnownTrace, start: Place, *, leaves: int = MAX_LEAVES, runs: int = MAX_RUNS
) -> Move:
    """How to go on from the disputed element `start`, given what is `known` of the claimed trace.

    `own` is one's own whole evaluation of the same item. A demand is of at most `leaves` leaves in `runs` runs; where
    an element needs more, the next move asks for the rest.
    """
    descent = _Descent(program, own, known)
    stack = [start]
    seen: set[Place] = set()
    postponed: set[Place] = set()
    while stack:
        place = stack.pop()
        if place in seen:
            continue
        malformed = descent.malformed(place)
        if malformed is not None:
            return Broken(malformed)
        missing = descent.missing(place)
        chosen = descent.changed_control(place)
        if missing and chosen is not None and place not in postponed:
            # What a wrong control makes the law read need not be known: first see where the control comes from.
            postponed.add(place)
            stack += [place, chosen]
            continue
        if missing:
            return Ask(_limited(missing, leaves, runs))
        seen.add(place)
        if descent.is_broken(place):
            return Broken(place)
        stack += [child for child in descent.suspects(place) if child not in seen]
        if chosen is not None:
            stack.append(chosen)
    return Stuck()


class _Descent:
    """The claimed values beside one's own."""

    def __init__(self, program: Program, own: Trace, known: KnownTrace) -> None:
        self._program = program
        self._own = own
        self._known = known

    def missing(self, place: Place) -> list[tuple[int, int]]:
        """Leaves (step, leaf) that aren't known of the element itself and of what its law reads, in order."""
        itself = run_of(place.step, place.element, 1)
        wanted = [itself, *(run_of(read.tensor, read.first, read.count) for read in self._step_reads(place))]
        leaves = {(run.step, leaf) for run in wanted for leaf in range(run.first, run.first + run.count)}
        return sorted(leaf for leaf in leaves if not self._known.knows(*leaf))

    def malformed(self, place: Place) -> Place | None:
        """An element that isn't finite among all that is known of what the law speaks of."""
        spoken = (Read(0, Source.STEP, place.step, place.element, 1), *self._step_reads(place))
        for read in filter(self._is_known, spoken):
            for offset, value in enumerate(self._known.elements(read.tensor, read.first, read.count)):
                if not isfinite(value):
                    return Place(read.tensor, read.first + offset)
        return None

    def is_broken(self, place: Place) -> bool:
        """Whether the element, all known and finite, breaks its law for certain."""
        law = law_of(self._program.steps[place.step], place.element, self._claimed)
        return law.convicts(self._known.elements(place.step, place.element, 1)[0])

    def changed_control(self, place: Place) -> Place | None:
        """The element of the step's control if it is known and isn't one's own."""
        step = self._program.steps[place.step]
        number = control(step)
        for read in self._step_reads(place):
            if read.operand == number and self._is_known(read):
                operand = step.operands[number]
                if self._claimed(operand, read.first, 1) != self._own.elements(operand, read.first, 1):
                    return Place(read.tensor, read.first)
        return None

    def suspects(self, place: Place) -> list[Place]:
        """Operand elements that differ from one's own, that which explains most of the difference last."""
        step = self._program.steps[place.step]
        found = []
        for read, effects in zip(self._step_reads(place), self._effects(step, place), strict=True):
            operand = step.operands[read.operand]
            claimed, own = (look(operand, read.first, read.count) for look in (self._claimed, self._own.elements))
            for offset, (theirs, ours) in enumerate(zip(claimed, own, strict=True)):
                if theirs != ours:
                    size = abs(Fraction(theirs) - Fraction(ours))
                    found.append(((effects[offset], size), Place(read.tensor, read.first + offset)))
        return [child for _, child in sorted(found, key=lambda item: item[0])]

    def _effects(self, step: Step, place: Place) -> Iterator[list[Fraction]]:
        """For each read of a step's tensor what each element explains of the difference."""
        segments: dict[int, tuple[Sequence[Scalar], Sequence[Scalar]]] = {}
        for read in reads(step, place.element, self._control_value):
            operand = step.operands[read.operand]
            segments[read.operand] = (
                self._claimed(operand, read.first, read.count),
                self._own.elements(operand, read.first, read.count),
            )
        for number, operand in enumerate(step.operands):
            # An immediate, or a fill: the same for both.
            segments.setdefault(number, ([operand.fill] * step.terms, [operand.fill] * step.terms))
        for read in self._step_reads(place):
            yield _effects(step, read.operand, segments)

    def _step_reads(self, place: Place) -> list[Read]:
        step = self._program.steps[place.step]
        return [read for read in reads(step, place.element, self._control_value) if read.source is Source.STEP]

    def _control_value(self, operand: Operand, place: int) -> Scalar:
        """As it is claimed if that is known, else one's own."""
        if operand.source is Source.STEP and self._known.knows(operand.tensor, run_of(operand.tensor, place, 1).first):
            return self._known.elements(operand.tensor, place, 1)[0]
        return self._own.elements(operand, place, 1)[0]

    def _claimed(self, operand: Operand, first: int, count: int) -> Sequence[Scalar]:
        if operand.source is Source.STEP:
            return self._known.elements(operand.tensor, first, count)
        return self._own.elements(operand, first, count)

    def _is_known(self, read: Read) -> bool:
        run = run_of(read.tensor, read.first, read.count)
        return all(self._known.knows(read.tensor, leaf) for leaf in range(run.first, run.first + run.count))


_Segments: TypeAlias = Mapping[int, tuple[Sequence[Scalar], Sequence[Scalar]]]
"""Claimed and own elements that the law reads, by operand."""


def _effects(step: Step, number: int, segments: _Segments) -> list[Fraction]:
    """What each element of an operand explains of an element's difference."""
    claimed, own = ([Fraction(value) for value in side] for side in segments[number])
    if step.opcode is Opcode.DOT:
        others = [max(abs(Fraction(a)), abs(Fraction(b))) for a, b in zip(*segments[1 - number], strict=True)]
        return [abs(a - b) * other for a, b, other in zip(claimed, own, others, strict=True)]
    if step.opcode in (Opcode.MAX, Opcode.MIN):
        # An element counts by how far it alone would move the other side's result.
        sign = 1 if step.opcode is Opcode.MAX else -1
        best, ours = max(sign * value for value in claimed), max(sign * value for value in own)
        return [max(sign * a - ours, sign * b - best, Fraction(0)) for a, b in zip(claimed, own, strict=True)]
    if step.opcode is Opcode.MAP and step.function is not Function.WHERE:
        return [_map_effect(step, number, segments)]
    return [abs(a - b) for a, b in zip(claimed, own, strict=True)]


def _map_effect(step: Step, number: int, segments: _Segments) -> Fraction:
    """How far one operand alone moves the function, from one's own operands or back from the claimed ones."""
    sides = [[segments[k][side][0] for k in range(len(step.operands))] for side in (0, 1)]
    effect = Fraction(0)
    for base, other in ((sides[1], sides[0]), (sides[0], sides[1])):
        moved = [other[k] if k == number else value for k, value in enumerate(base)]
        values = [Fraction(scalar(step.function, *operands)) for operands in (base, moved)]
        effect = max(effect, abs(values[0] - values[1]))
    return effect


def _limited(missing: Sequence[tuple[int, int]], leaves: int, runs: int) -> tuple[Run, ...]:
    """The first leaves of those missing, as runs."""
    found: list[Run] = []
    for step, leaf in missing[:leaves]:
        last = found[-1] if found else None
        if last is not None and last.step == step and leaf == last.first + last.count:
            found[-1] = Run(step, last.first, last.count + 1)
        else:
            found.append(Run(step, leaf, 1))
    return tuple(found[:runs])
