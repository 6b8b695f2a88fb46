"""Cases of whole steps for laws.py: records of every opcode with random accesses, their tensors, and records to refuse.

Record number 3 of a program of 4 steps; operand p reads tensor p of its source. The address of an access and the value
that it reads are worked out here, from the definition alone.
"""

import math
import random
import struct
from dataclasses import dataclass, replace
from fractions import Fraction

from scripts.vectors.law_numbers import (
    FLOAT,
    INT,
    LARGEST,
    LEAST,
    MINUS,
    Expected,
    exact_law,
    is_finite,
    nearest,
    of_float,
    of_int,
    to_fraction,
    to_int,
)

INDEX = 3
IMMEDIATE, STEP, WEIGHT, INPUT = range(4)
LOAD, MAP, DOT, SUM, MAX, MIN, GATHER, CONCAT, COPY = range(1, 10)
WHERE = 26


@dataclass(frozen=True)
class Guard:
    b: int
    c: tuple[int, ...]
    n: int


@dataclass(frozen=True)
class Access:
    """An operand and the elements (words, or raw input elements) of the tensor that it reads."""

    source: int
    dtype: int
    tensor: int
    words: tuple[int, ...] = ()
    fill: int = 0
    base: int = 0
    strides: tuple[int, ...] = ()
    guards: tuple[Guard, ...] = ()
    size: int = 8

    def encode(self) -> bytes:
        immediate = self.source == IMMEDIATE
        head = struct.pack(">BBI", self.source, self.dtype, 0 if immediate else self.tensor)
        head += (0 if immediate else len(self.words)).to_bytes(5, "big") + struct.pack(
            ">BQ", len(self.guards), self.fill
        )
        if immediate:
            return head
        rank = len(self.strides)
        guards = b"".join(struct.pack(f">{rank + 2}q", guard.b, *guard.c, guard.n) for guard in self.guards)
        return head + struct.pack(f">{rank + 1}q", self.base, *self.strides) + guards

    def data(self) -> bytes:
        return b"".join(word.to_bytes(self.size, "little") for word in self.words)

    def place(self, index: tuple[int, ...], offset: int = 0) -> int | None:
        """Which element is read at an index vector; None where it is the fill."""
        if self.source == IMMEDIATE:
            return None
        for guard in self.guards:
            if not 0 <= guard.b + sum(c * i for c, i in zip(guard.c, index, strict=True)) < guard.n:
                return None
        place = self.base + sum(s * i for s, i in zip(self.strides, index, strict=True)) + offset
        assert 0 <= place < len(self.words)
        return place

    def read(self, index: tuple[int, ...], offset: int = 0) -> int:
        place = self.place(index, offset)
        return self.fill if place is None else self.words[place]


@dataclass(frozen=True)
class Case:
    """A step of opcode `opcode`, the judged element, and what its law says."""

    opcode: int
    function: int
    dtype: int
    shape: tuple[int, ...]
    reduction: tuple[int, ...]
    accesses: tuple[Access, ...]
    element: int
    law: Expected
    rest: bytes = b""
    order: tuple[tuple[int, int], ...] | None = None
    """Operands in the order in which the law reads them, with an offset to the address; None for all in order."""

    def record(self) -> bytes:
        head = struct.pack(
            ">6B", self.opcode, self.function, self.dtype, len(self.shape), len(self.reduction), len(self.accesses)
        )
        dims = (*self.shape, *self.reduction)
        return head + struct.pack(f">{len(dims)}I", *dims) + b"".join(a.encode() for a in self.accesses) + self.rest

    def tensors(self) -> bytes:
        """For each operand u8 source, u8 dtype, u8 tensor, u8 bytes of an element, u16 length, and its tensor."""
        parts = []
        for access in self.accesses:
            data = access.data()
            head = struct.pack(">4BH", access.source, access.dtype, access.tensor, access.size, len(data))
            parts.append(head + data)
        return b"".join(parts)

    def reads(self) -> bytes:
        """For each run of elements that the law reads u8 operand, u16 first element, u16 elements."""
        index = (*index_of(self.element, self.shape), *(0 for _ in self.reduction))
        order = self.order if self.order is not None else tuple((p, 0) for p in range(len(self.accesses)))
        places = [(p, self.accesses[p].place(index, offset)) for p, offset in order]
        terms = math.prod(self.reduction)
        return b"".join(struct.pack(">BHH", p, place, terms) for p, place in places if place is not None)


def index_of(element: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        element, place = divmod(element, size)
        index.insert(0, place)
    return tuple(index)


class Maker:
    """Random steps of one seed."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def word(self, dtype: int) -> int:
        dice = self.dice
        if dtype == INT:
            return of_int(dice.getrandbits(64) >> dice.randint(0, 63))
        kind = dice.random()
        if kind < 0.8:
            return of_float(dice.gauss(0, 1))
        if kind < 0.9:
            return dice.choice((0, MINUS, 1, of_float(5e-310), of_float(1e300), nearest(LARGEST), of_float(-1e-200)))
        word = dice.getrandbits(64)
        return word if is_finite(word) else 0

    def shape(self, rank: int) -> tuple[int, ...]:
        limit = 4 if rank <= 4 else 2
        return tuple(self.dice.randint(1, limit) for _ in range(rank))

    def access(self, dims: tuple[int, ...], rank: int, dtype: int, tensor: int, reach: int = 0) -> Access:
        """A valid access of random sign, base and guards; along dimensions from `rank` on it is contiguous."""
        dice = self.dice
        strides = [dice.choice((0, 1, 2, 3, 5, -1, -4)) for _ in dims[:rank]]
        run = 1
        tail: list[int] = []
        for size in reversed(dims[rank:]):
            tail.insert(0, run if size > 1 else dice.randint(-9, 9))
            run *= size
        strides += tail
        guards = tuple(self.guard(dims, rank) for _ in range(dice.choice((0, 0, 1, 2, 3))))
        low = sum(min(0, s * (n - 1)) for s, n in zip(strides, dims, strict=True)) + min(0, reach)
        high = sum(max(0, s * (n - 1)) for s, n in zip(strides, dims, strict=True)) + max(0, reach)
        slack = dice.choice((0, 1, 37, 70))
        words = tuple(self.word(dtype) for _ in range(high - low + 1 + slack))
        fill = self.word(dtype) if guards else 0
        source = dice.choice((STEP, STEP, WEIGHT))
        return Access(source, dtype, tensor, words, fill, slack // 2 - low, tuple(strides), guards)

    def guard(self, dims: tuple[int, ...], rank: int) -> Guard:
        dice = self.dice
        c = [0] * len(dims)
        for axis in dice.sample(range(rank), min(rank, dice.choice((1, 1, 2)))):
            c[axis] = dice.choice((1, 1, -1, 2, -3))
        return Guard(dice.randint(-2, 5), tuple(c), dice.randint(1, 8))

    def reduction(self, opcode: int, dtype: int, rank: int, reduction: tuple[int, ...]) -> Case:
        shape = self.shape(rank)
        dims = (*shape, *reduction)
        count = 2 if opcode == DOT else 1
        accesses = tuple(self.access(dims, rank, dtype, p) for p in range(count))
        return self.reduced(opcode, dtype, shape, reduction, accesses)

    def reduced(
        self, opcode: int, dtype: int, shape: tuple[int, ...], reduction: tuple[int, ...], accesses: tuple[Access, ...]
    ) -> Case:
        element = self.dice.randrange(math.prod(shape))
        index = index_of(element, shape)
        terms = math.prod(reduction)
        rows = [[a.read((*index, *index_of(k, reduction))) for k in range(terms)] for a in accesses]
        return Case(opcode, 0, dtype, shape, reduction, accesses, element, reduction_law(opcode, dtype, rows))

    def moved(self, opcode: int, dtype: int, rank: int) -> Case:
        """copy, gather or concat."""
        dice = self.dice
        shape = self.shape(rank)
        element = dice.randrange(math.prod(shape))
        index = index_of(element, shape)
        if opcode == COPY:
            accesses: tuple[Access, ...] = (self.access(shape, rank, dtype, 0),)
            return self.exactly(opcode, dtype, shape, accesses, element, accesses[0].read(index))
        if opcode == GATHER:
            stride, limit = dice.choice((1, 3, -2)), dice.randint(1, 5)
            data = self.access(shape, rank, dtype, 0, stride * (limit - 1))
            places = self.access(shape, rank, INT, 1)
            narrow = tuple(of_int(dice.randint(-2, limit + 1)) for _ in places.words)
            places = replace(places, words=narrow, fill=of_int(dice.randint(-1, limit)) if places.guards else 0)
            j = to_int(places.read(index))
            word = data.read(index, stride * j) if 0 <= j < limit else 0
            rest = struct.pack(">q", stride) + limit.to_bytes(5, "big")
            made = self.exactly(opcode, dtype, shape, (data, places), element, word, rest)
            return replace(made, order=((1, 0), *(((0, stride * j),) if 0 <= j < limit else ())))
        axis = dice.randrange(rank)
        ends = sorted(dice.sample(range(1, 12), dice.randint(2, 3)))
        shape = (*shape[:axis], ends[-1], *shape[axis + 1 :])
        element = dice.randrange(math.prod(shape))
        index = index_of(element, shape)
        accesses = tuple(self.access(shape, rank, dtype, p) for p in range(len(ends)))
        part = next(p for p, end in enumerate(ends) if index[axis] < end)
        rest = struct.pack(f">B{len(ends)}I", axis, *ends)
        made = self.exactly(opcode, dtype, shape, accesses, element, accesses[part].read(index), rest)
        return replace(made, order=((part, 0),))

    def mapped(self, function: int, rank: int) -> Case:
        """An exact binary function of floats, or `where`."""
        shape = self.shape(rank)
        element = self.dice.randrange(math.prod(shape))
        index = index_of(element, shape)
        if function == WHERE:
            condition = self.access(shape, rank, INT, 0)
            condition = replace(condition, words=tuple(of_int(self.dice.randint(-1, 1)) for _ in condition.words))
            accesses: tuple[Access, ...] = (condition, *(self.access(shape, rank, FLOAT, p) for p in (1, 2)))
        else:
            immediate = Access(IMMEDIATE, FLOAT, 0, fill=self.word(FLOAT))
            second = immediate if self.dice.random() < 0.3 else self.access(shape, rank, FLOAT, 1)
            accesses = (self.access(shape, rank, FLOAT, 0), second)
        words = [access.read(index) for access in accesses]
        law = exact_law(function, FLOAT, words)
        order = ((0, 0), (1 if words[0] else 2, 0)) if function == WHERE else None
        return Case(MAP, function, FLOAT, shape, (), accesses, element, law, order=order)

    def loaded(self, code: int, size: int, raw: int, wide: int, dtype: int) -> Case:
        """load of one input element with the bits `raw`, which is read as the word `wide`."""
        words = tuple(raw if k == 5 else self.dice.getrandbits(8 * size) for k in range(9))
        access = Access(INPUT, code, 0, words, base=5, strides=(0,), size=size)
        return self.exactly(LOAD, dtype, (2,), (access,), 1, wide)

    def exactly(
        self,
        opcode: int,
        dtype: int,
        shape: tuple[int, ...],
        accesses: tuple[Access, ...],
        element: int,
        word: int,
        rest: bytes = b"",
    ) -> Case:
        value = to_fraction(word) if dtype == FLOAT else Fraction(to_int(word))
        return Case(opcode, 0, dtype, shape, (), accesses, element, Expected(dtype, value), rest)


def reduction_law(opcode: int, dtype: int, rows: list[list[int]]) -> Expected:
    read = to_fraction if dtype == FLOAT else lambda word: Fraction(to_int(word))
    numbers = [[read(word) for word in row] for row in rows]
    if opcode in (MAX, MIN):
        return Expected(dtype, max(numbers[0]) if opcode == MAX else min(numbers[0]))
    terms = numbers[0] if opcode == SUM else [a * b for a, b in zip(*numbers, strict=True)]
    total = sum(terms, Fraction(0))
    if dtype == INT:
        return Expected(INT, Fraction(to_int(of_int(int(total)))))
    size = sum(map(abs, terms), Fraction(0))
    count = len(terms)
    return Expected(FLOAT, max(-LARGEST, min(LARGEST, total)), (count + 8) * size / 2**52 + count * LEAST)
