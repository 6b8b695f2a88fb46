"""What an EZKL circuit of some layers computes, in exact integers; and, on demand, with the worst roundings.

Rescaling may round to either side, as far as the bounds are concerned; EZKL itself rounds half away from zero.
"""

from collections.abc import Callable, Sequence

import numpy as np

from atomic_verify.models.critical.bounds import Scales
from atomic_verify.models.critical.network import Floats, Layer

Rescale = Callable[[list[int], int], list[int]]


def half_away(values: Sequence[int], shift: int) -> list[int]:
    """Divided by 2^shift as EZKL does it."""
    half = 1 << shift >> 1
    return [(abs(one) + half >> shift) * (1 if one >= 0 else -1) for one in values]


def quanta(values: Floats, scale: int) -> list[int]:
    """Of a flat array, half away from zero."""
    return [int(np.floor(abs(one) * 2.0**scale + 0.5)) * (1 if one >= 0 else -1) for one in values.reshape(-1).tolist()]


def circuit_scores(
    layers: Sequence[Layer], read: Sequence[int], scales: Scales, rescale: Rescale = half_away
) -> tuple[list[int], int]:
    """Quanta of the scores for quanta that are read, and the scores' scale."""
    here, scale = list(read), scales.read
    for layer in layers:
        rows = [quanta(column, scales.weights) for column in layer.weight.T]
        made = [sum(w * x for w, x in zip(row, here, strict=True)) for row in rows]
        summed, scale = scale + scales.weights, scales.after(scale)
        if scale < summed:
            made = rescale(made, summed - scale)
        here = [one + bias for one, bias in zip(made, quanta(layer.bias, scale), strict=True)]
        if layer.is_rectified:
            here = [max(one, 0) for one in here]
    return here, scale
