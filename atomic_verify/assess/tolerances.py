"""From measured drift to an output's tolerances. Pure.

*Rounding*: half a unit in the last place of the output's type, relative. *Excess*: drift beyond rounding that was
measured. *Expected*: the drift that float32 makes by itself, and *slack*: what a liar gains inside the laws' tolerances
(both see `sensitivity`). Accept is 4 times the worst of excess, twice the expected drift, and slack: a processor that
nobody measured, or other kernels on the same one, drift about as far as expected, so an honest worker never comes near
accept. Slash is 8 times accept. Accept has a ceiling, relative to what the output usually is: a model that would need
more decides nothing, and what then remains above accept/4 makes it void-only.
"""

from dataclasses import dataclass
from typing import Any

from atomic_verify.commitments import DType

ROOM = 4.0
"""Accept over what was measured."""
OTHER_KERNELS = 2.0
"""How far kernels that weren't measured may drift, over what is expected."""
SLASH_RATIO = 8.0
CEILING = 1e-3
"""Most of atol relative to the output's usual largest element."""
ROUNDING: dict[DType, float] = {
    DType.FLOAT: 2.0**-24,
    DType.DOUBLE: 2.0**-53,
    DType.FLOAT16: 2.0**-11,
    DType.BFLOAT16: 2.0**-8,
}
LEAST: dict[DType, float] = {
    DType.FLOAT: 2.0**-146,
    DType.DOUBLE: 2.0**-1018,
    DType.FLOAT16: 2.0**-22,
    DType.BFLOAT16: 2.0**-130,
}
"""Floor of atol: what subnormal outputs are rounded by, with room."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """|difference| <= atol + rtol * |canonical|, for accept and for slash."""

    accept_atol: float
    accept_rtol: float
    slash_atol: float
    slash_rtol: float
    covers: bool
    """Whether all that was measured stays below accept/4."""

    def to_json(self) -> dict[str, Any]:
        """`accept` and `slash` as a manifest has them."""
        return {
            "accept": {"atol": self.accept_atol, "rtol": self.accept_rtol},
            "slash": {"atol": self.slash_atol, "rtol": self.slash_rtol},
        }


def tolerances(dtype: DType, excess: float, expected: float, slack: float, usual: float) -> Tolerances:
    """Tolerances of a float output; `usual` is the output's usual largest absolute element."""
    wanted = max(ROOM * max(excess, OTHER_KERNELS * expected, slack), LEAST[dtype])
    ceiling = max(CEILING * usual, LEAST[dtype])
    covers = wanted <= ceiling
    # Two digits, rounded up, for people who read manifests.
    atol = float(f"{1.05 * min(wanted, ceiling):.1e}") if wanted > LEAST[dtype] else LEAST[dtype]
    rtol = ROOM * ROUNDING[dtype]
    return Tolerances(atol, rtol, SLASH_RATIO * atol, SLASH_RATIO * rtol, covers)
