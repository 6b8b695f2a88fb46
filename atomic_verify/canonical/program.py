"""Canonical programs as data: steps, their guarded affine operands, and a whole program.

A program is what a model means (docs/canonical.md): a list of steps in float64 and int64, of which every output element
is a cheap law of few operand elements. Made by the builder, evaluated by `evaluate`, judged element by element by `law`
and by the referee contract. Nothing here computes.

Operand: how a step reads a tensor. With the step's index vector `i` (output dimensions, then reduction dimensions) it
is the source's element `base + strides . i` if every guard `0 <= b + c . i < n` holds, and the constant `fill` if one
fails.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atomic_verify.commitments import DType, TensorSpec

Array: TypeAlias = NDArray[Any]
Scalar: TypeAlias = float | int

MAX_RANK = 10
MAX_GUARDS = 3
MAX_REDUCTION = 4096
MAX_CONCAT = 16
MAX_ELEMENTS = 2**40
LARGEST = float(np.finfo(np.float64).max)


class Opcode(IntEnum):
    """Kinds of steps, with their codes in a record."""

    LOAD = 1
    MAP = 2
    DOT = 3
    SUM = 4
    MAX = 5
    MIN = 6
    GATHER = 7
    CONCAT = 8
    COPY = 9


REDUCTIONS = frozenset({Opcode.DOT, Opcode.SUM, Opcode.MAX, Opcode.MIN})


class Function(IntEnum):
    """Scalar functions of `map`, with their codes in a record; NONE stands in the records of other steps."""

    NONE = 0
    ADD = 1
    SUB = 2
    MUL = 3
    DIV = 4
    NEG = 5
    ABS = 6
    SQRT = 7
    EXP = 8
    LOG = 9
    ERF = 10
    SIN = 11
    COS = 12
    POW = 13
    FLOOR = 14
    CEIL = 15
    ROUND = 16
    MIN = 17
    MAX = 18
    AND = 19
    OR = 20
    MOD = 21
    FMOD = 22
    EQ = 23
    LT = 24
    LE = 25
    WHERE = 26
    INT_TO_FLOAT = 27
    FLOAT_TO_INT = 28
    SHIFT_LEFT = 29
    SHIFT_RIGHT = 30
    XOR = 31
    ATAN = 32


class DType64(IntEnum):
    """The two element types of a step's tensor."""

    FLOAT = 1
    INT = 2

    @property
    def numpy(self) -> "np.dtype[Any]":
        return _NUMPY[self]


_NUMPY: dict[DType64, "np.dtype[Any]"] = {DType64.FLOAT: np.dtype("<f8"), DType64.INT: np.dtype("<i8")}

FLOATS = frozenset({DType.FLOAT16, DType.BFLOAT16, DType.FLOAT, DType.DOUBLE})


def widened(dtype: DType) -> DType64:
    """The type that an ONNX element type is widened to."""
    return DType64.FLOAT if dtype in FLOATS else DType64.INT


class Source(IntEnum):
    """Where an operand's elements come from."""

    IMMEDIATE = 0
    STEP = 1
    WEIGHT = 2
    INPUT = 3


@dataclass(frozen=True, slots=True)
class Guard:
    """`0 <= b + c . i < n`; `c` has one coefficient per dimension of the step."""

    b: int
    c: tuple[int, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Operand:
    """A guarded affine access of `tensor` (number of the step, weight or input), which has `elements` elements.

    `dtype` is a DType64, of an input its ONNX code. An immediate has neither strides nor guards: all is `fill`.
    """

    source: Source
    dtype: DType64 | DType
    tensor: int = 0
    elements: int = 0
    base: int = 0
    strides: tuple[int, ...] = ()
    guards: tuple[Guard, ...] = ()
    fill: Scalar = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One step: output `shape`, `reduction` dimensions (of dot, sum, max, min), operands.

    `stride` and `limit` belong to gather, `axis` and `splits` (running ends along the axis) to concat. `node` names the
    ONNX node it came from; it is for people and stands in no record.
    """

    opcode: Opcode
    dtype: DType64
    shape: tuple[int, ...]
    operands: tuple[Operand, ...]
    function: Function = Function.NONE
    reduction: tuple[int, ...] = ()
    stride: int = 0
    limit: int = 0
    axis: int = 0
    splits: tuple[int, ...] = ()
    node: str = field(default="", compare=False)

    @property
    def elements(self) -> int:
        """Number of output elements."""
        return math.prod(self.shape)

    @property
    def terms(self) -> int:
        """K: how many terms an output element is reduced from; 1 where there is no reduction."""
        return math.prod(self.reduction)

    @property
    def nbytes(self) -> int:
        """Bytes of the step's tensor."""
        return 8 * self.elements


@dataclass(frozen=True, slots=True)
class Output:
    """A named output of the model: the tensor of `step`, row-major in the declared ONNX type and shape."""

    name: str
    step: int
    dtype: DType
    shape: tuple[int, ...]

    @property
    def spec(self) -> TensorSpec:
        return TensorSpec(self.name, self.dtype, self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A whole program: what the job's item holds, the constants, the steps, and which steps are the answer.

    Weights are flat float64 or int64 arrays, read-only. Steps name weights and inputs by number, and earlier steps.
    """

    inputs: tuple[TensorSpec, ...]
    weights: tuple[Array, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]

    @property
    def trace_bytes(self) -> int:
        """Bytes of all step tensors together."""
        return sum(step.nbytes for step in self.steps)


Inputs: TypeAlias = Mapping[str, Array]
