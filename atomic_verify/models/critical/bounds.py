"""How far a circuit's scores may lie from the canonical ones, at most. Pure.

Used when a model with a critical step is prepared, and by everybody who relies on it: a decision is called certain, and
an honest hybrid result is never void over its scores, only because of this bound. It holds for every item and adds up,
layer by layer, what makes the two differ:

- what the circuit reads: features anywhere within `accept` of the canonical ones, then rounded to quanta;
- weights, rounded to the circuit's scale: each one's very own rounding error, times what the layer may read, of which
  both the largest element and the 2-norm are known;
- biases, which EZKL rounds to a scale that isn't below that of the weights;
- rescaling: EZKL divides a layer's result where its scale would grow beyond the largest of its scales times a
  multiplier. It rounds to the nearest, at most in several goes; a whole quantum covers that and what a prover chooses.

A lookup table, or any other thing than layers, would need a rule of its own. *Margin*: two scores that are both off by
at most the bound can't change places if they are more than twice the bound apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from atomic_verify.models.critical.network import Floats, Layer
from atomic_verify.models.errors import NetworkUnsupported

ROOM_OF_SCORES = 4
"""What is accepted of scores over the bound."""
REBASED = 1.0
"""Quanta that a rescaling may be off."""
MOST_ROOM = 2**128
"""Near the modulus, of 254 bits, EZKL's range checks would let everything through, and bind no rescaling."""
WIDER = 1 + 2.0**-30
"""More than float64 loses here and in the canonical scores."""


@dataclass(frozen=True, slots=True)
class Scales:
    """Powers of two of an EZKL circuit: of its input, of its weights, and how far results may grow."""

    read: int
    weights: int
    multiplier: int
    room: int = MOST_ROOM
    """Quanta that no value of the circuit may reach, of whatever scale: it couldn't be proven."""

    @property
    def most(self) -> int:
        """The scale that no layer's result has more than."""
        return max(self.read, self.weights) * self.multiplier

    def after(self, scale: int) -> int:
        """The scale of a layer's result, of what has `scale`."""
        return min(scale + self.weights, self.most)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a circuit may be given: bounds of the canonical values, and how far the given ones lie from them."""

    largest: float
    norm: float
    """The largest 2-norm of all values together."""
    away: float
    """Of any one value, before it is rounded to quanta."""


def output_scale(layers: Sequence[Layer], scales: Scales) -> int:
    """The scale of the scores that EZKL makes of these layers."""
    scale = scales.read
    for _ in layers:
        scale = scales.after(scale)
    return scale


def score_error(layers: Sequence[Layer], reading: Reading, scales: Scales) -> float:
    """The most by which a circuit's score lies off the canonical one, whatever it reads. Raises NetworkUnsupported."""
    error, largest, _ = _results(layers, reading, scales)[-1]
    bound = float(np.max(error)) * WIDER + float(np.max(largest)) * (WIDER - 1)
    if not math.isfinite(bound):
        raise NetworkUnsupported("what the circuit reads has no bounds, so its scores have none either")
    return bound


def most_quanta(layers: Sequence[Layer], reading: Reading, scales: Scales) -> tuple[float, ...]:
    """Of each layer: the most quanta that any of its results can have in the circuit, whatever it reads."""
    found = _results(layers, reading, scales)
    return tuple(float(np.max(largest + error)) * 2.0**scale * WIDER for error, largest, scale in found)


def _results(layers: Sequence[Layer], reading: Reading, scales: Scales) -> list[tuple[Floats, Floats, int]]:
    """Of each layer: the errors of its results, bounds of their canonical values, and their scale."""
    inputs = layers[0].weight.shape[0]
    error = np.full(inputs, reading.away + 0.5 * 2.0**-scales.read)
    largest, norm, scale = np.full(inputs, reading.largest), reading.norm, scales.read
    found = []
    for layer in layers:
        error = _error_after(layer, error, largest, norm, scale, scales)
        by_norm = np.linalg.norm(layer.weight, axis=0) * norm
        largest = np.minimum(np.abs(layer.weight).T @ largest, by_norm) + np.abs(layer.bias)
        norm, scale = float(np.linalg.norm(largest)), scales.after(scale)
        found.append((error, largest, scale))
    return found


def _error_after(layer: Layer, error: Floats, largest: Floats, norm: float, scale: int, scales: Scales) -> Floats:
    """The error of each output of a layer, given those of its inputs and bounds of their canonical values."""
    rounded = rounded_to(layer.weight, scales.weights)
    off = np.abs(rounded - layer.weight)
    passed_on = np.abs(rounded).T @ error
    of_weights = np.minimum(off.T @ largest, np.linalg.norm(off, axis=0) * norm)
    summed, made = scale + scales.weights, scales.after(scale)
    # On a finer grid it would be less.
    of_bias = np.abs(rounded_to(layer.bias, scales.weights) - layer.bias)
    rebased = REBASED * 2.0**-made if made < summed else 0.0
    found: Floats = passed_on + of_weights + of_bias + rebased
    return found


def rounded_to(values: Floats, scale: int) -> Floats:
    """Values as multiples of 2^-scale, half away from zero as EZKL rounds."""
    quanta = np.floor(np.abs(values) * 2.0**scale + 0.5) * 2.0**-scale
    return np.copysign(quanta, values)


def margin_of(error: float, scale: int) -> int:
    """The least certain margin, in quanta of the scores, for scores that may be off by `error`."""
    return math.floor(2 * error * 2.0**scale)


def least_accept(error: float) -> float:
    """The least absolute tolerance of a head's scores."""
    return ROOM_OF_SCORES * error
