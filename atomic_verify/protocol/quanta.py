"""Float32 tensors as the integers that circuits compute with; the twin of contracts/src/libraries/Quanta.sol.

Life cycle: prove, commit, and whenever a proof is checked. *Quanta* are integers: a number times two to the power of a
scale, rounded half away from zero and cut to a limit on both sides. A circuit sees them as elements of BN254's scalar
field, where a negative one counts down from the modulus. EZKL quantises alike; a test compares.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from atomic_verify.protocol.errors import NotWholeQuanta

FIELD: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""The modulus of BN254's scalar field."""
MAX_WHOLE: Final = 2**24
"""Below it a float32 holds every integer."""

Floats = NDArray[np.float32]
Quanta = NDArray[np.int64]


def quantise(values: Floats, scale: int, limit: int) -> Quanta:
    """Quanta of any float32 values, of the same shape: a NaN is 0, an infinity the limit, at most 2^53."""
    scaled = _scaled(values, scale)
    return np.copysign(np.minimum(_rounded(scaled), float(limit)), scaled).astype(np.int64)


def is_cut(values: Floats, scale: int, limit: int) -> bool:
    """Whether any value is beyond the limit, so that a circuit reads another than the canonical model."""
    return bool((_rounded(_scaled(values, scale)) > limit).any())


def _scaled(values: Floats, scale: int) -> NDArray[np.float64]:
    scaled = np.ldexp(_widened(values), scale)
    return np.where(np.isnan(scaled), 0.0, scaled)


def _rounded(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    # 24 significant bits and a half fit a float64, so that no sum is rounded.
    return np.floor(np.abs(scaled) + 0.5)


def whole(values: Floats, scale: int) -> Quanta:
    """Quanta of values that are whole quanta, each below 2^24. Raises NotWholeQuanta for any others."""
    scaled = np.ldexp(_widened(values), scale)
    # Comparing is false for a NaN.
    right = (np.abs(scaled) < MAX_WHOLE) & (np.floor(scaled) == scaled)
    if not right.all():
        element = int(np.argmin(right.reshape(-1)))
        raise NotWholeQuanta(f"Score {element} isn't a whole number of quanta", element=element, scale=scale)
    return scaled.astype(np.int64)


def values_of(quanta: Quanta, scale: int) -> Floats:
    """The float32 values of whole quanta. Raises NotWholeQuanta where a float32 can't hold one."""
    if quanta.size and int(np.abs(quanta).max()) >= MAX_WHOLE:
        raise NotWholeQuanta("A score has too many quanta for a float32", element=int(np.abs(quanta).argmax()))
    return np.ldexp(quanta.astype(np.float64), -scale).astype(np.float32)


def _widened(values: Floats) -> NDArray[np.float64]:
    # A signalling NaN, which a stranger may send, is told of as an invalid value.
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)


def field_of(quanta: int) -> int:
    """An integer as a field element."""
    return quanta % FIELD


def from_field(element: int) -> int:
    """The integer that a field element stands for, the upper half being negative ones."""
    return element - FIELD if element > FIELD // 2 else element
