"""Tolerances of a model's outputs in a manifest, under the rules that the contract checks when a model is published.

|difference| <= atol + rtol * |canonical value|. Beyond `accept` an item is void, beyond `slash` it is fraud. Integer
and bool outputs compare exactly and a model without a canonical program can't be disputed: both have zeros.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from atomic_verify.protocol.model_types import OutputTolerance, Tolerance, float_bits

FLOAT_TYPES = frozenset({"float", "float16", "bfloat16", "double"})
MOST_RATIO = 8
SMALLEST_NORMAL = 2.0**-1022


class ToleranceEntry(BaseModel):
    """Absolute and relative part, float64."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    atol: float = Field(ge=0, allow_inf_nan=False)
    rtol: float = Field(ge=0, lt=1, allow_inf_nan=False)

    @property
    def is_zero(self) -> bool:
        return self.atol == 0 and self.rtol == 0

    def bits(self) -> Tolerance:
        """As the chain holds it. Adding zero turns -0 into +0, whose pattern is zero."""
        return Tolerance(float_bits(self.atol + 0.0), float_bits(self.rtol + 0.0))

    @classmethod
    def pair(cls, accept: Self, slash: Self) -> OutputTolerance:
        return OutputTolerance(accept.bits(), slash.bits())


def zero_tolerance() -> ToleranceEntry:
    return ToleranceEntry(atol=0.0, rtol=0.0)


def require_rules(dtype: str, accept: ToleranceEntry, slash: ToleranceEntry, disputable: bool) -> None:
    """Raise ValueError unless the contract would take these tolerances."""
    if not disputable or dtype not in FLOAT_TYPES:
        if not (accept.is_zero and slash.is_zero):
            raise ValueError("tolerances are zero for exact outputs and for models without a canonical program")
        return
    if accept.is_zero:
        raise ValueError("a float output of a disputable model has a tolerance")
    for small, large in ((accept.atol, slash.atol), (accept.rtol, slash.rtol)):
        unset = small == 0 and large == 0
        if not unset and not (small >= SMALLEST_NORMAL and small < large <= MOST_RATIO * small):
            raise ValueError(f"tolerances obey accept < slash <= {MOST_RATIO} * accept")
