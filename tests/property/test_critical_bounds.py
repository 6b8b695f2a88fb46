"""The bound of a circuit's error against circuits in exact integers, with inputs and roundings chosen to hurt."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.models.critical.bounds import Reading, Scales, margin_of, most_quanta, output_scale, score_error
from atomic_verify.models.critical.network import Floats, Layer
from tests.support.circuit_twin import circuit_scores, quanta

scales = st.builds(Scales, st.integers(3, 16), st.integers(2, 16), st.integers(1, 2))


def layers_from(random: np.random.Generator) -> tuple[Layer, ...]:
    """One to three layers with weights of any size."""
    sizes = random.integers(2, 12, random.integers(2, 5)).tolist()
    made = []
    for inputs, outputs in pairwise(sizes):
        weight = random.normal(0, random.choice([0.01, 0.3, 3]), (inputs, outputs))
        made.append(Layer(weight, random.normal(0, 2, outputs), bool(random.integers(2)), has_bias=True))
    return (*made[:-1], replace(made[-1], is_rectified=False))


def forward(layers: tuple[Layer, ...], x: Floats) -> Floats:
    for layer in layers:
        x = layer(x)
    return x


@given(st.integers(0, 2**32), scales, st.floats(0.01, 50), st.floats(0, 0.1))
def test_no_circuit_is_further_off_than_the_bound(seed: int, scales: Scales, largest: float, away: float) -> None:
    random = np.random.default_rng(seed)
    layers = layers_from(random)
    size = layers[0].weight.shape[0]
    norm = largest * float(random.uniform(1, size**0.5))
    bound = score_error(layers, Reading(largest, norm, away), scales)
    most = most_quanta(layers, Reading(largest, norm, away), scales)[-1]

    def either_side(values: list[int], shift: int) -> list[int]:
        return [(one >> shift) + int(random.integers(2)) for one in values]

    for _ in range(4):
        meant = random.choice([-largest, largest, random.uniform(-largest, largest)], size)
        meant *= min(1.0, norm / float(np.linalg.norm(meant)))
        given_ = meant + away * random.choice([-1, 1, random.uniform(-1, 1)], size)
        for rescale in ({}, {"rescale": either_side}):
            found, scale = circuit_scores(layers, quanta(given_, scales.read), scales, **rescale)
            assert scale == output_scale(layers, scales)
            assert np.max(np.abs(np.array(found) * 2.0**-scale - forward(layers, meant))) <= bound
            assert max(map(abs, found)) <= most


@given(st.integers(0, 2**32), scales)
def test_a_lead_above_the_margin_is_the_canonical_ones_too(seed: int, scales: Scales) -> None:
    random = np.random.default_rng(seed)
    layers = layers_from(random)
    size, largest = layers[0].weight.shape[0], 4.0
    margin = margin_of(
        score_error(layers, Reading(largest, largest * size**0.5, 0.0), scales), output_scale(layers, scales)
    )
    for _ in range(8):
        x = random.uniform(-largest, largest, size)
        found, _ = circuit_scores(layers, quanta(x, scales.read), scales)
        best = int(np.argmax(found))
        second = max((one for place, one in enumerate(found) if place != best), default=found[best] - margin)
        if found[best] - second > margin:
            assert int(np.argmax(forward(layers, x))) == best


def test_the_bound_is_not_far_above_what_happens() -> None:
    """One layer whose every weight is rounded by almost half a quantum, all in the same direction."""
    scales = Scales(8, 8, 1)
    weight = np.full((64, 2), 0.25 + 0.499 / 256)
    layers = (Layer(weight, np.zeros(2)),)
    bound = score_error(layers, Reading(1.0, 8.0, 0.0), scales)
    found, scale = circuit_scores(layers, quanta(np.full(64, 1.0), 8), scales)
    off = abs(found[0] * 2.0**-scale - 64 * weight[0, 0])
    assert off <= bound <= 2 * off
