"""Searches for inputs that make a model drift: what a requester would send who wants to ruin honest workers.

*Family*: a way to draw an item: random, constant, two values, runs of few values, a header and a fill, and of floats
also nearly constant ones, where variances cancel. The worst of all families are then improved by hill-climbing: values,
runs and places are changed as long as that makes the score worse. *Score*: what is searched for, larger is worse; it
should be fast (two executions compared), and what is found is confirmed by the canonical program.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from atomic_verify.assess.inputs import Range
from atomic_verify.canonical.program import FLOATS
from atomic_verify.commitments import TensorSpec
from atomic_verify.commitments.tensors import Array

Item = dict[str, Array]
Score = Callable[[Item], float]
Progress = Callable[[str], None]

CLIMBERS = 4
"""How many of the worst items are improved."""
DRAWN_SHARE = 0.5
"""Which part of the budget goes to the families."""
DECADES = 4.0
"""Over how many powers of ten drawn floats are spread, below the largest of their range."""
EVEN_SHARE = 0.25
"""How often floats are drawn evenly from their range instead."""
SMALL = 1e-30


@dataclass(frozen=True, slots=True)
class Domain:
    """What one input tensor may hold: floats or integers from `low` to `high`."""

    spec: TensorSpec
    low: float
    high: float

    @property
    def is_float(self) -> bool:
        return self.spec.dtype in FLOATS

    def values(self, count: int, rng: np.random.Generator) -> Array:
        """Some values of the domain."""
        if not self.is_float:
            return rng.integers(int(self.low), int(self.high), count, endpoint=True)
        if rng.random() < EVEN_SHARE:
            return rng.uniform(self.low, self.high, count)
        most = math.log10(max(abs(self.low), abs(self.high), SMALL))
        scale = 10 ** rng.uniform(most - DECADES, most)
        return np.asarray(rng.standard_normal(count) * scale).clip(self.low, self.high)

    def tensor(self, values: Array) -> Array:
        """Values in the tensor's shape and type, none out of range."""
        inside = np.asarray(values).clip(self.low, self.high) if self.is_float else np.asarray(values)
        return inside.reshape(self.spec.shape).astype(self.spec.dtype.numpy)


@dataclass(frozen=True, slots=True)
class Found:
    """An item, its score, and the family that it came from (with `+climb` if it was improved)."""

    item: Item
    score: float
    family: str


def domains(specs: Sequence[TensorSpec], ranges: Mapping[str, Range]) -> tuple[Domain, ...]:
    """The domains of a model's inputs."""
    return tuple(Domain(spec, *ranges[spec.name]) for spec in specs)


def _random(domain: Domain, rng: np.random.Generator) -> Array:
    return domain.values(domain.spec.elements, rng)


def _constant(domain: Domain, rng: np.random.Generator) -> Array:
    return np.repeat(domain.values(1, rng), domain.spec.elements)


def _two_valued(domain: Domain, rng: np.random.Generator) -> Array:
    return domain.values(2, rng)[(rng.random(domain.spec.elements) < rng.random()).astype(np.int64)]


def _runs(domain: Domain, rng: np.random.Generator) -> Array:
    elements = domain.spec.elements
    pool = domain.values(int(rng.integers(2, 9)), rng)
    length = int(rng.integers(1, max(2, elements // 4)))
    lengths = rng.integers(1, length + 1, elements)
    return np.repeat(pool[rng.integers(0, len(pool), elements)], lengths)[:elements]


def _header_and_fill(domain: Domain, rng: np.random.Generator) -> Array:
    flat = _constant(domain, rng)
    header = int(rng.integers(0, max(1, len(flat) // 4)))
    flat[:header] = domain.values(header, rng)
    return flat


def _nearly_constant(domain: Domain, rng: np.random.Generator) -> Array:
    flat = _constant(domain, rng)
    if domain.is_float:
        return np.asarray(flat * (1 + 10 ** rng.uniform(-6, -2) * rng.standard_normal(len(flat))))
    places = rng.integers(0, len(flat), 1 + len(flat) // 50)
    flat[places] = domain.values(len(places), rng)
    return flat


FAMILIES: Mapping[str, Callable[[Domain, np.random.Generator], Array]] = {
    "random": _random,
    "constant": _constant,
    "two-valued": _two_valued,
    "runs": _runs,
    "header-and-fill": _header_and_fill,
    "nearly-constant": _nearly_constant,
}


def drawn(inputs: Sequence[Domain], rng: np.random.Generator) -> Iterator[tuple[str, Item]]:
    """Items of all families in turn, without end."""
    while True:
        for name, draw in FAMILIES.items():
            yield name, {domain.spec.name: domain.tensor(draw(domain, rng)) for domain in inputs}


def search(
    inputs: Sequence[Domain],
    score: Score,
    rng: np.random.Generator,
    evaluations: int,
    examples: Sequence[Item] = (),
    progress: Progress = lambda _: None,
) -> list[Found]:
    """The worst items found with so many scores computed, the worst first; at most `CLIMBERS` climbed, one per seed."""
    seeds = [Found(item, score(item), "example") for item in examples]
    families = drawn(inputs, rng)
    for number in range(max(1, int(evaluations * DRAWN_SHARE))):
        name, item = next(families)
        seeds.append(Found(item, score(item), name))
        if number % 50 == 0:
            progress(f"searching: worst {max(seed.score for seed in seeds):.2g}")
    worst = _best_of_each(seeds)
    steps = max(1, (evaluations - len(seeds)) // max(1, len(worst[:CLIMBERS])))
    climbed = [_climbed(inputs, seed, score, rng, steps, progress) for seed in worst[:CLIMBERS]]
    return sorted([*climbed, *worst], key=lambda found: -found.score)


def _best_of_each(found: Sequence[Found]) -> list[Found]:
    """The worst of each family, the worst first: climbing from different places finds more."""
    best: dict[str, Found] = {}
    for one in found:
        if one.family not in best or one.score > best[one.family].score:
            best[one.family] = one
    return sorted(best.values(), key=lambda one: -one.score)


def _climbed(
    inputs: Sequence[Domain], seed: Found, score: Score, rng: np.random.Generator, steps: int, progress: Progress
) -> Found:
    best = seed
    for number in range(steps):
        domain = inputs[int(rng.integers(len(inputs)))]
        item = best.item | {domain.spec.name: _changed(domain, best.item[domain.spec.name], rng)}
        found = score(item)
        # Sideways moves leave plateaus.
        if found >= best.score:
            best = Found(item, found, f"{seed.family}+climb")
        if number % 50 == 0:
            progress(f"climbing from {seed.family}: {best.score:.2g}")
    return best


def _changed(domain: Domain, tensor: Array, rng: np.random.Generator) -> Array:
    """A tensor near another: some places or a run get a value that is there already, or a new one."""
    flat = tensor.reshape(-1).copy()
    if not flat.size:
        return tensor
    count = min(flat.size, 1 << int(rng.integers(0, max(1, flat.size.bit_length() - 2))))
    if rng.random() < 0.5:
        start = int(rng.integers(flat.size))
        places = np.arange(start, min(flat.size, start + count))
    else:
        places = rng.integers(0, flat.size, count)
    draw = rng.random()
    if draw < 0.5:
        flat[places] = flat[int(rng.integers(flat.size))]
    elif draw < 0.75 or not domain.is_float:
        flat[places] = domain.values(1, rng).astype(flat.dtype)
    else:
        factors = 1 + 10 ** rng.uniform(-4, 0) * rng.standard_normal(places.size)
        flat[places] = (flat[places] * factors).astype(flat.dtype)
    return domain.tensor(flat)
