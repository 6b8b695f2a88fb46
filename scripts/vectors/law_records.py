"""Records for laws.py, valid and not: each rule of docs/canonical.md at its edge."""

import itertools
import random
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scripts.vectors.law_numbers import FLOAT, INFINITY, INT, MINUS, NAN, of_float
from scripts.vectors.law_programs import steps
from scripts.vectors.law_steps import (
    CONCAT,
    COPY,
    DOT,
    GATHER,
    IMMEDIATE,
    MAP,
    MAX,
    MIN,
    STEP,
    SUM,
    Access,
    Case,
    Guard,
)


def _copy(dims: tuple[int, ...] = (3, 4), **changes: object) -> bytes:
    """The record of a valid copy, changed."""
    words = (0,) * 12
    access = Access(STEP, FLOAT, 2, words, strides=(4, 1))
    case_changes = {name: changes.pop(name) for name in tuple(changes) if name in Case.__dataclass_fields__}
    access = replace(access, **changes)  # type: ignore[arg-type]
    made = Case(COPY, 0, FLOAT, dims, (), (access,), 0, None)  # type: ignore[arg-type]
    return replace(made, **case_changes).record()  # type: ignore[arg-type]


def records(dice: random.Random) -> Iterator[tuple[bool, bytes]]:
    """Records and whether they are valid as number 3: each rule at its edge, and every valid step cut and changed."""
    yield from _accesses()
    yield from _concats()
    yield from _gathers()
    yield from _signatures()
    whole = _copy()
    yield False, b""
    for length in range(0, len(whole), 5):
        yield False, whole[:length]
    yield False, whole + b"\0"
    for case in itertools.islice(steps(dice), 0, None, 4):
        yield True, case.record()
        yield False, case.record()[:-1]
        yield False, case.record() + bytes(1)
    immediate = Access(IMMEDIATE, FLOAT, 0, fill=of_float(2.0))
    yield True, _copy(accesses=(immediate,))
    yield False, _copy(accesses=(replace(immediate, fill=NAN),))
    yield False, _copy(accesses=(replace(immediate, fill=INFINITY),))
    yield False, _copy(accesses=(replace(immediate, guards=(Guard(0, (), 1),)),))
    yield False, _copy(opcode=SUM, reduction=(2,), accesses=(immediate,))
    yield False, _copy(opcode=0)
    yield False, _copy(opcode=10)
    yield False, _copy(opcode=255)
    yield False, _copy(function=1)
    yield False, _copy(opcode=2, function=33)
    yield False, _copy(opcode=2)
    yield True, _copy(opcode=2, function=5)
    yield False, _copy(opcode=2, function=1)
    yield False, _copy(opcode=2, function=19)


def _concats() -> Iterator[tuple[bool, bytes]]:
    """concat of two parts of 3 rows each along axis 0 of 6 by 4: splits, parts and axis at their edges."""
    words = (0,) * 12
    first, second = (Access(STEP, FLOAT, p, words, base=-12 * p, strides=(4, 1)) for p in (0, 1))
    for valid, axis, ends in (
        (True, 0, (3, 6)), (False, 0, (2, 6)), (False, 0, (4, 6)), (False, 0, (3, 5)), (False, 0, (3, 7)),
        (False, 0, (6, 6)), (False, 0, (0, 6)), (False, 0, (6, 3)), (False, 1, (3, 6)), (False, 2, (3, 6)),
    ):  # fmt: skip
        rest = struct.pack(">B2I", axis, *ends)
        yield valid, _copy((6, 4), opcode=CONCAT, accesses=(first, second), rest=rest)
    # Parts that may lie anywhere, so that only the splits can be wrong.
    flat = tuple(Access(STEP, FLOAT, p, (0,) * 4, strides=(0, 1)) for p in (0, 1))
    for valid, ends in ((True, (1, 6)), (True, (5, 6)), (False, (6, 6)), (False, (0, 6)), (False, (7, 6))):
        yield valid, _copy((6, 4), opcode=CONCAT, accesses=flat, rest=struct.pack(">B2I", 0, *ends))
    one = struct.pack(">BI", 0, 3)
    yield False, _copy((3, 4), opcode=CONCAT, accesses=(first,), rest=one)
    for count in (16, 17):
        rows = tuple(Access(STEP, FLOAT, 0, (0,) * 4, base=-4 * p, strides=(4, 1)) for p in range(count))
        rest = struct.pack(f">B{count}I", 0, *range(1, count + 1))
        yield count == 16, _copy((count, 4), opcode=CONCAT, accesses=rows, rest=rest)
    mixed = replace(second, dtype=INT)
    yield False, _copy((6, 4), opcode=CONCAT, accesses=(first, mixed), rest=struct.pack(">B2I", 0, 3, 6))


def _gathers() -> Iterator[tuple[bool, bytes]]:
    """gather of rows of 4 from 12 elements: the range of j, the index's type, immediate data."""
    data = Access(STEP, FLOAT, 0, (0,) * 12, strides=(0, 1))
    index = Access(STEP, INT, 1, (0,) * 3, strides=(1, 0))
    for valid, stride, limit, base in (
        (True, 4, 3, 0), (False, 4, 4, 0), (False, 4, 3, 1), (False, 4, 0, 0), (True, -4, 3, 8), (False, -4, 4, 8),
        (False, -4, 3, 7), (True, 0, 2**40 - 1, 8), (False, 2**62, 2**40 - 1, 0),
    ):  # fmt: skip
        rest = struct.pack(">q", stride) + limit.to_bytes(5, "big")
        yield valid, _copy(opcode=GATHER, accesses=(replace(data, base=base), index), rest=rest)
    rest = struct.pack(">q", 4) + (3).to_bytes(5, "big")
    immediate = Access(IMMEDIATE, FLOAT, 0, fill=0)
    place = Access(IMMEDIATE, INT, 0, fill=2)
    yield True, _copy(opcode=GATHER, accesses=(data, place), rest=rest)
    yield False, _copy(opcode=GATHER, accesses=(immediate, index), rest=rest)
    yield False, _copy(opcode=GATHER, accesses=(data, replace(index, dtype=FLOAT)), rest=rest)
    yield False, _copy(opcode=GATHER, accesses=(data,), rest=rest)


# Types of the operands of every function, for which all others are wrong.
F, I = FLOAT, INT  # noqa: E741
Signatures = frozenset[tuple[tuple[int, ...], int]]
BOTH: Signatures = frozenset({((F, F), F), ((I, I), I)})
COMPARED: Signatures = frozenset({((F, F), I), ((I, I), I)})
SIGNATURES: dict[int, Signatures] = {
    **dict.fromkeys((1, 2, 3, 4, 17, 18, 21, 22), BOTH),
    **dict.fromkeys((5, 6), frozenset({((F,), F), ((I,), I)})),
    **dict.fromkeys((7, 8, 9, 10, 11, 12, 14, 15, 16, 32), frozenset({((F,), F)})),
    **dict.fromkeys((19, 20, 29, 30, 31), frozenset({((I, I), I)})),
    **dict.fromkeys((23, 24, 25), COMPARED),
    13: frozenset({((F, F), F)}),
    26: frozenset({((I, F, F), F), ((I, I, I), I)}),
    27: frozenset({((I,), F)}),
    28: frozenset({((F,), I)}),
    33: frozenset(),
    0: frozenset(),
}


def _signatures() -> Iterator[tuple[bool, bytes]]:
    for function, known in SIGNATURES.items():
        for count, result in itertools.product((1, 2, 3), (F, I)):
            for types in itertools.product((F, I), repeat=count):
                accesses = tuple(Access(IMMEDIATE, dtype, 0) for dtype in types)
                valid = (types, result) in known
                yield valid, _copy((1,), opcode=MAP, function=function, dtype=result, accesses=accesses)


def _accesses() -> Iterator[tuple[bool, bytes]]:
    yield True, _copy()
    yield False, _copy(tensor=3)
    yield False, _copy(source=4)
    yield False, _copy(source=3)
    yield False, _copy(dtype=INT)
    yield False, _copy(dims=(3, 0))
    yield False, _copy(dims=(3, 5))
    yield False, _copy(base=1)
    yield False, _copy(base=-1)
    yield True, _copy(base=11, strides=(-4, -1))
    yield False, _copy(base=10, strides=(-4, -1))
    yield False, _copy(base=12, strides=(-4, -1))
    yield False, _copy(fill=1)
    yield False, _copy(fill=MINUS)
    yield True, _copy(fill=MINUS, guards=(Guard(0, (1, 0), 3),))
    yield False, _copy(fill=NAN, guards=(Guard(0, (1, 0), 3),))
    yield False, _copy(guards=(Guard(0, (1, 0), 3),) * 4)
    yield True, _copy(guards=(Guard(0, (1, 0), 3),) * 3)
    yield from _guards()
    yield from _segments()


def _guards() -> Iterator[tuple[bool, bytes]]:
    """Guards over one dimension cut the box, those over two don't."""
    yield True, _copy(base=4, guards=(Guard(0, (1, 0), 2),))
    yield False, _copy(base=4, guards=(Guard(0, (1, 0), 3),))
    yield True, _copy(base=-4, guards=(Guard(-1, (1, 0), 3),))
    yield True, _copy(base=-8, guards=(Guard(-2, (1, 0), 3),))
    yield True, _copy(base=4, guards=(Guard(1, (-1, 0), 3),))
    yield False, _copy(base=4, guards=(Guard(2, (-1, 0), 3),))
    yield True, _copy(base=4, guards=(Guard(0, (2, 0), 4),))
    yield False, _copy(base=4, guards=(Guard(0, (2, 0), 5),))
    yield True, _copy(base=-3, guards=(Guard(-7, (0, 3), 12), Guard(1, (0, 0), 2)))
    yield False, _copy(base=-4, guards=(Guard(-7, (0, 3), 12), Guard(1, (0, 0), 2)))
    yield True, _copy(base=9999, guards=(Guard(2, (0, 0), 2),))
    yield True, _copy(base=9999, guards=(Guard(0, (1, 0), 0),))
    yield True, _copy(base=9999, guards=(Guard(0, (1, 1), -5), Guard(-3, (1, 0), 9)))
    yield False, _copy(base=9999, guards=(Guard(0, (1, 1), -5),))
    yield True, _copy(dims=(1, 4), base=8, strides=(2**62, 1), guards=(Guard(0, (-(2**63), 2**62), 2**63 - 1),))
    extreme = Guard(-(2**63), (2**63 - 1, -(2**63)), 2**63 - 1)
    yield False, _copy(base=2**63 - 1, strides=(2**63 - 1, 2**63 - 1), guards=(extreme,) * 3)


def _segments() -> Iterator[tuple[bool, bytes]]:
    """Sizes, ranks and contiguous segments at their limits."""
    yield False, _copy(dims=(2**20, 2**20 + 1), strides=(0, 0))
    yield True, _copy(dims=(2**20, 2**20), strides=(0, 0))
    yield True, _copy(dims=(2,) * 10, strides=(0,) * 10)
    yield False, _copy(dims=(2,) * 11, strides=(0,) * 11)
    segment: dict[str, Any] = {"opcode": MAX, "reduction": (4,), "shape": (3,)}
    yield True, _copy(**segment)
    yield False, _copy(**segment, strides=(4, 2))
    yield False, _copy(**segment, strides=(4, 0))
    yield False, _copy(**segment, guards=(Guard(0, (0, 1), 9),))
    yield True, _copy(**segment, guards=(Guard(0, (1, 0), 2),))
    yield True, _copy(opcode=MIN, shape=(3,), reduction=(1,), strides=(4, 77), guards=(Guard(0, (0, 5), 9),))
    yield False, _copy(opcode=SUM, shape=(), reduction=(4097,), strides=(1,), words=(0,) * 4097)
    yield True, _copy(opcode=SUM, shape=(), reduction=(4096,), strides=(1,), words=(0,) * 4096)
    yield False, _copy(shape=(3,), reduction=(4,))
    yield False, _copy(opcode=DOT)
