"""How far a committed output element lies from the canonical one, and what that makes of the item.

Used by a watcher before it claims, and by whoever wants to know what a claim would bring about; twin of the distance
rule of Disputes.sol, exact to the last bit. *Canonical bits*: what the trace holds, float64 bits for a float output and
two's complement int64 for all others. *Limit*: atol + rtol * |canonical|, also exact. *Beyond*: further than the limit,
not at it.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from atomic_verify.commitments.tensors import DType
from atomic_verify.protocol.errors import FieldMalformed
from atomic_verify.protocol.job_types import Outcome
from atomic_verify.protocol.model_types import OutputTolerance, Tolerance


class Infinite(Enum):
    """The distance of what is no number of its type, and of unequal integers."""

    INFINITE = "infinite"


INFINITE = Infinite.INFINITE
Distance = Fraction | Infinite


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """An IEEE-like binary format: one sign bit, then exponent, then fraction."""

    exponent_bits: int
    fraction_bits: int

    def value(self, bits: int) -> Fraction | None:
        """The number that `bits` stands for, exactly; None for a NaN or an infinity."""
        top = (1 << self.exponent_bits) - 1
        fraction = bits & ((1 << self.fraction_bits) - 1)
        exponent = bits >> self.fraction_bits & top
        if exponent == top:
            return None
        scale = max(exponent, 1) - (top >> 1) - self.fraction_bits
        magnitude = fraction | (1 << self.fraction_bits if exponent else 0)
        sign = -1 if bits >> (self.exponent_bits + self.fraction_bits) & 1 else 1
        return sign * (Fraction(magnitude << scale) if scale >= 0 else Fraction(magnitude, 1 << -scale))

    @property
    def largest(self) -> Fraction:
        """The largest finite number."""
        top = (1 << self.exponent_bits) - 1
        return self.value((top << self.fraction_bits) - 1) or Fraction(0)


FLOAT64 = FloatFormat(11, 52)
FORMATS = {
    DType.FLOAT16: FloatFormat(5, 10),
    DType.BFLOAT16: FloatFormat(8, 7),
    DType.FLOAT: FloatFormat(8, 23),
    DType.DOUBLE: FLOAT64,
}


def is_float(dtype: DType) -> bool:
    """Whether the type's canonical elements are float64."""
    return dtype in FORMATS


def outcome_of(
    dtype: DType, committed: bytes, canonical: int, tolerance: OutputTolerance, *, void_only: bool
) -> Outcome:
    """What a claim on this element brings about: VOID, SLASH, or NONE where the contract refuses the claim.

    `committed` is the element's little-endian bytes, `canonical` its 64 bits in the trace. NONE: within accept, or the
    canonical element is no finite number. Raises FieldMalformed for bytes or bits of another size.
    """
    found = distance(dtype, committed, canonical)
    if found is None:
        return Outcome.NONE
    anchor = clamped(dtype, canonical)
    if _is_beyond(found, limit(tolerance.slash, anchor)) and not void_only:
        return Outcome.SLASH
    return Outcome.VOID if _is_beyond(found, limit(tolerance.accept, anchor)) else Outcome.NONE


def distance(dtype: DType, committed: bytes, canonical: int) -> Distance | None:
    """|committed - canonical|, the canonical value first cut to the type's finite range; None if that is no number.

    Integers, and bools of 0 and 1, are equal modulo the width of their type, or infinitely far apart.
    """
    if len(committed) != dtype.itemsize:
        raise FieldMalformed(f"An element of {dtype.name} has {dtype.itemsize} bytes", found=len(committed))
    if not 0 <= canonical < 1 << 64:
        raise FieldMalformed("A canonical element is 64 bits", found=canonical.bit_length())
    bits = int.from_bytes(committed, "little")
    if not is_float(dtype):
        is_malformed = dtype is DType.BOOL and bits > 1
        return INFINITE if is_malformed or bits != canonical % (1 << 8 * dtype.itemsize) else Fraction(0)
    if FLOAT64.value(canonical) is None:
        return None
    value = FORMATS[dtype].value(bits)
    return INFINITE if value is None else abs(value - clamped(dtype, canonical))


def clamped(dtype: DType, canonical: int) -> Fraction:
    """The canonical value of a float output, cut to the finite range of its type as a worker's is; else 0."""
    if not is_float(dtype):
        return Fraction(0)
    value, largest = FLOAT64.value(canonical) or Fraction(0), FORMATS[dtype].largest
    return max(-largest, min(largest, value))


def limit(tolerance: Tolerance, anchor: Fraction) -> Fraction:
    """atol + rtol * |anchor|. Both must be finite, as those of a published model are."""
    atol, rtol = FLOAT64.value(tolerance.atol), FLOAT64.value(tolerance.rtol)
    if atol is None or rtol is None:
        raise FieldMalformed("A tolerance is finite")
    return atol + rtol * abs(anchor)


def _is_beyond(found: Distance, most: Fraction) -> bool:
    return found is INFINITE or (isinstance(found, Fraction) and found > most)
