"""Quantisation: what we make of a float32 is what EZKL makes of it, on many values, at every scale that is used."""

import numpy as np
import pytest

from atomic_verify.protocol.quanta import Floats, field_of, quantise
from circuits.runner import ProverLimits, ask

COUNT = 100_000
LIMIT = 2**40


def values(scale: int) -> Floats:
    """Values of all sizes up to the limit, ties between two quanta, tiny ones and zeros, positive and negative."""
    random = np.random.default_rng(scale)
    spread = np.exp2(random.uniform(-30, 39, COUNT // 2)) * random.choice((-1, 1), COUNT // 2)
    ties = (random.integers(-(2**23), 2**23, COUNT // 4) + 0.5) / 2.0**scale * 2
    plain = random.uniform(-70, 70, COUNT - COUNT // 2 - COUNT // 4 - 8)
    edges = [0.0, -0.0, 1e-45, -1e-45, 2.0**39 / 2**scale, -(2.0**39) / 2**scale, 0.5 / 2**scale, -0.5 / 2**scale]
    return np.concatenate([spread / 2.0**scale, ties / 2, plain, edges]).astype(np.float32)


def of_ezkl(given: Floats, scale: int) -> list[int]:
    reply = ask("quantise", {"values": given.astype(float).tolist(), "scale": scale}, ProverLimits())
    return [int(one, 16) for one in reply.result["elements"]]


@pytest.mark.parametrize("scale", [0, 1, 7, 10, 13, 14, 20])
def test_quanta_are_those_of_ezkl(scale: int) -> None:
    given = values(scale)
    assert len(given) == COUNT
    assert [field_of(int(one)) for one in quantise(given, scale, LIMIT)] == of_ezkl(given, scale)


@pytest.mark.parametrize("scale", [13, 14])
def test_saturated_values_are_those_of_ezkl_for_the_limit_itself(scale: int) -> None:
    # EZKL has no limit: what is beyond ours is given to it as the limit.
    limit = 12 * 2**scale
    random = np.random.default_rng(scale)
    sizes = np.exp2(random.uniform(-3, 127, COUNT)) * random.choice((-1, 1), COUNT)
    given = np.concatenate([sizes, [np.inf, -np.inf, 12, -12, 12.00001, -12.00001]]).astype(np.float32)
    cut = np.clip(given, -12, 12)
    assert [field_of(int(one)) for one in quantise(given, scale, limit)] == of_ezkl(cut, scale)


def test_a_nan_is_zero_for_ezkl_too() -> None:
    assert quantise(np.array([np.nan], np.float32), 13, 100).tolist() == [0]
    reply = ask("quantise", {"values": [float("nan")], "scale": 13}, ProverLimits())
    assert [int(one, 16) for one in reply.result["elements"]] == [0]
