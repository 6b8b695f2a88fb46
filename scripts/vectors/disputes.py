"""Writes tests/vectors/distances.json: how far a committed element lies from the canonical one, and what follows.

Run `python scripts/vectors/disputes.py` after the rule changed, and `--check` to see whether the file is current.
`distances` holds columns of equal length, whose row i is one case: `dtype` (ONNX's code), `committed` (the element's
little-endian bytes), `canonical` (64 bits: float64, or int64 for other types), the four tolerances as float64 bits,
`voidOnly`, and the `outcome` by IResults.Outcome's numbers: 2 void, 3 slash, 0 where a claim is refused. Integers are
decimal strings. `seals` has claims' seals, `terms` as their ABI encoding.
"""

import argparse
import json
import random
import struct
import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import cycle
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from atomic_verify.commitments.digests import Digest
from atomic_verify.commitments.tensors import DType
from atomic_verify.protocol.distance import FLOAT64, FORMATS, FloatFormat, outcome_of
from atomic_verify.protocol.ids import claim_seal
from atomic_verify.protocol.types import (
    ClaimTerms,
    JobId,
    OutputTolerance,
    Tolerance,
    float_bits,
    parse_address,
    to_hex,
)

FILE = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "distances.json"
SIGN = 1 << 63
EXACT = OutputTolerance(Tolerance(0, 0), Tolerance(0, 0))
TINY = 2.2250738585072014e-308
"""The smallest normal float64 number: the smallest tolerance that a model may have."""


def main() -> int:
    """Writes the vectors, or with --check says whether the file holds them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is not current")
    text = render()
    if parser.parse_args().check:
        current = FILE.exists() and FILE.read_text() == text
        print("current" if current else f"{FILE} is not what this script writes")
        return 0 if current else 1
    FILE.write_text(text)
    print(f"wrote {FILE}")
    return 0


def render() -> str:
    """The file's text."""
    return json.dumps(build(), indent=1) + "\n"


def build() -> dict[str, Any]:
    """All sections, the same on every run."""
    dice = random.Random(20_241_122)
    cases = [case for dtype in DType for case in cases_of(dtype, dice)]
    return {"distances": columns(row(*case) for case in cases), "seals": columns(seal_cases(dice))}


Case = tuple[DType, int, int, OutputTolerance, bool]


def row(dtype: DType, committed: int, canonical: int, tolerance: OutputTolerance, void_only: bool) -> dict[str, Any]:
    """One case and what comes of it."""
    raw = committed.to_bytes(dtype.itemsize, "little")
    return {
        "dtype": int(dtype),
        "committed": raw,
        "canonical": canonical,
        "acceptAtol": tolerance.accept.atol,
        "acceptRtol": tolerance.accept.rtol,
        "slashAtol": tolerance.slash.atol,
        "slashRtol": tolerance.slash.rtol,
        "voidOnly": str(void_only).lower(),
        "outcome": int(outcome_of(dtype, raw, canonical, tolerance, void_only=void_only)),
    }


def columns(rows: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Rows of equal keys as one list of strings per key."""
    table: dict[str, list[str]] = {}
    for found in rows:
        for key, value in found.items():
            table.setdefault(key, []).append(to_hex(value) if isinstance(value, bytes) else str(value))
    return table


def cases_of(dtype: DType, dice: random.Random) -> Iterator[Case]:
    """All cases of one type."""
    if dtype in FORMATS:
        yield from float_specials(dtype, FORMATS[dtype])
        yield from float_edges(dtype, FORMATS[dtype], dice)
    else:
        yield from integer_cases(dtype, dice)


def integer_cases(dtype: DType, dice: random.Random) -> Iterator[Case]:
    """Equal, unequal, equal modulo the width, sign-extended; bools that are none."""
    width = 8 * dtype.itemsize
    top = (1 << width) - 1
    committed = {0, 1, 2, top, top >> 1, (top >> 1) + 1, dice.getrandbits(width)}
    for bits in sorted(committed):
        signed = (bits - (1 << width)) % (1 << 64) if bits >> (width - 1) else bits
        beyond = {bits, signed, (bits + 1) % (1 << 64), (bits - 1) % (1 << 64), (bits + (1 << width)) % (1 << 64)}
        for canonical in sorted(beyond):
            yield dtype, bits, canonical, EXACT, False
        yield dtype, bits, bits ^ 1, EXACT, True


def float_specials(dtype: DType, form: FloatFormat) -> Iterator[Case]:
    """NaN, infinities, zeros, subnormals and the ends of the range, on both sides."""
    sign = 1 << (form.exponent_bits + form.fraction_bits)
    infinity = ((1 << form.exponent_bits) - 1) << form.fraction_bits
    quiet, signalling = infinity | 1 << (form.fraction_bits - 1), infinity | 1
    loose = tolerance(0.5, 0.25, 2.0, 1.0 - 2**-53)
    beyond = [
        float_bits(x) for x in (0.0, 1.0, 65_519.0, 65_520.0, 3.4028234663852886e38, 3.5e38, 1.7976931348623157e308)
    ]
    not_numbers = [0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48, (0x7FF << 52) + 1]
    for committed in (
        infinity,
        sign | infinity,
        quiet,
        sign | quiet,
        signalling,
        sign | (sign - 1),
    ):
        for canonical in (*beyond, *not_numbers):
            yield dtype, committed, canonical, loose, False
        yield dtype, committed, beyond[1], loose, True
    kinds = cycle((loose, tolerance(TINY, 0.0, 4 * TINY, 0.0), tolerance(0.0, TINY, 0.0, 8 * TINY), loose))
    for committed in (0, sign, 1, sign | 1, infinity - 1, sign | (infinity - 1)):
        for canonical in (*beyond, *(bits | SIGN for bits in beyond), 1, SIGN | 1, *not_numbers):
            yield dtype, committed, canonical, next(kinds), False


def float_edges(dtype: DType, form: FloatFormat, dice: random.Random) -> Iterator[Case]:
    """Committed values right at, before and behind accept and slash, whose sums no float64 holds exactly."""
    for _ in range(16):
        canonical = some_canonical(dice, form)
        found = some_tolerance(dice)
        value = max(-form.largest, min(form.largest, FLOAT64.value(canonical) or Fraction(0)))
        for kind in (found.accept, found.slash):
            most = number(kind.atol) + number(kind.rtol) * abs(value)
            for edge in (value + most, value - most):
                below = floor_bits(form, edge)
                for committed in (below, neighbour(form, below, 1), neighbour(form, below, -1)):
                    yield dtype, committed, canonical, found, dice.random() < 0.1
    # Ties: exactly at the limit is within.
    for atol, rtol, c, y in (
        (0.25, 0.0, 1.25, 1.0),
        (0.0, 0.25, 3.0, 4.0),
        (0.5, 0.25, 1.5, 4.0),
        (2.0, 0.5, -4.0, -4.0),
    ):
        for slash in (1.25, 2.0, 8.0):
            pair = tolerance(atol, rtol, atol * slash, min(rtol * slash, 1.0 - 2**-53))
            for place in (c, y + (c - y) * slash, c + 1.0, c - 1.0):
                yield dtype, floor_bits(form, Fraction(place)), float_bits(y), pair, False


def some_canonical(dice: random.Random, form: FloatFormat) -> int:
    """Bits of a float64 number, mostly of the type's own size."""
    if dice.random() < 0.2:
        return dice.choice((0, SIGN, 1, float_bits(TINY), float_bits(1.7976931348623157e308), SIGN | float_bits(1e-40)))
    scale = dice.uniform(-(2 ** (form.exponent_bits - 1)) + 3, 2 ** (form.exponent_bits - 1) - 2)
    return float_bits(dice.uniform(-2, 2) * 2.0 ** max(-1000, min(1000, scale * dice.random())))


def some_tolerance(dice: random.Random) -> OutputTolerance:
    """One that a model may declare: accept < slash <= 8 * accept in what is set."""
    atol: float = 0.0 if dice.random() < 0.2 else 10.0 ** dice.uniform(-9, 1)
    rtol: float = 0.0 if atol and dice.random() < 0.3 else 10.0 ** dice.uniform(-9, -1)
    if dice.random() < 0.1:
        atol = TINY if dice.random() < 0.5 else 1e300
    factor = dice.choice((1.0000000000000002, 1.5, 8.0))
    return tolerance(atol, rtol, atol * factor, rtol * factor)


def tolerance(accept_atol: float, accept_rtol: float, slash_atol: float, slash_rtol: float) -> OutputTolerance:
    """An output's tolerance of four numbers."""
    bits = [float_bits(value) for value in (accept_atol, accept_rtol, slash_atol, slash_rtol)]
    return OutputTolerance(Tolerance(bits[0], bits[1]), Tolerance(bits[2], bits[3]))


def number(bits: int) -> Fraction:
    """The finite float64 number of these bits."""
    return Fraction(struct.unpack("<d", struct.pack("<Q", bits))[0])


def floor_bits(form: FloatFormat, value: Fraction) -> int:
    """Bits of the number of the format that is next to `value` towards zero, at most the largest finite."""
    low, high = 0, (((1 << form.exponent_bits) - 1) << form.fraction_bits) - 1
    while low < high:
        middle = (low + high + 1) // 2
        found = form.value(middle)
        if found is not None and found <= abs(value):
            low = middle
        else:
            high = middle - 1
    return low | (1 << (form.exponent_bits + form.fraction_bits) if value < 0 else 0)


def neighbour(form: FloatFormat, bits: int, step: int) -> int:
    """The next larger (1) or smaller (-1) magnitude; infinity behind the largest finite."""
    sign = 1 << (form.exponent_bits + form.fraction_bits)
    return bits & sign | max(0, (bits & (sign - 1)) + step)


def seal_cases(dice: random.Random) -> Iterator[dict[str, Any]]:
    """Claims: usual ones, and one of the largest values."""
    for index in range(6):
        disputes, claimer = (parse_address("0x" + dice.randbytes(20).hex()) for _ in range(2))
        job, trace, digest = (Digest(dice.randbytes(32)) for _ in range(3))
        largest = index == 5
        item, output = (2**32 - 1, 2**32 - 1) if largest else (dice.randrange(100), dice.randrange(4))
        terms = ClaimTerms(JobId(job), item, output, 2**64 - 1 if largest else dice.randrange(10**6), trace, digest)
        chain, salt = (1, 31_337)[index % 2], dice.randbytes(32)
        yield {
            "chainId": chain,
            "disputes": disputes,
            "claimer": claimer,
            "terms": encode([ClaimTerms.abi_type()], [terms.to_abi()]),
            "salt": salt,
            "seal": claim_seal(chain, disputes, claimer, terms, salt),
        }


if __name__ == "__main__":
    sys.exit(main())
