"""Integers narrower than 64 bits, unsigned ones and bools, on int64: wrap-around and unsigned order, exactly."""

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.lowering.values import SIGNED, UNSIGNED
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

LEAST = -(2**63)


def wrapped(builder: Builder, view: View, dtype: DType) -> View:
    """The view reduced modulo 2^bits into the range of a narrow integer type; others are passed through."""
    if dtype in UNSIGNED:
        return builder.map(Function.AND, view, builder.scalar(2 ** UNSIGNED[dtype] - 1))
    if dtype in SIGNED:
        half = builder.scalar(2 ** (SIGNED[dtype] - 1))
        mask = builder.scalar(2 ** SIGNED[dtype] - 1)
        moved = builder.map(Function.AND, builder.map(Function.ADD, view, half), mask)
        return builder.map(Function.SUB, moved, half)
    return view


def limits(dtype: DType) -> tuple[int, int]:
    """The least and largest integer of a type of at most 64 bits; uint64's as int64 sees it isn't meaningful."""
    if dtype in UNSIGNED:
        return 0, 2 ** UNSIGNED[dtype] - 1
    bits = SIGNED.get(dtype, 64)
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def ordered(builder: Builder, view: View, dtype: DType) -> View:
    """Of uint64, a view whose signed order is the unsigned order; of others, the view."""
    return builder.map(Function.XOR, view, builder.scalar(LEAST)) if dtype is DType.UINT64 else view


def truth(builder: Builder, view: View) -> View:
    """1 where the element isn't zero, else 0."""
    return negated(builder, is_zero(builder, view))


def is_zero(builder: Builder, view: View) -> View:
    """1 where the element is zero, else 0."""
    return builder.map(Function.EQ, view, View.immediate(0, view.dtype))


def negated(builder: Builder, view: View) -> View:
    """1 - view, of a view of 0 and 1."""
    return builder.map(Function.XOR, view, builder.scalar(1))


def to_float(builder: Builder, view: View, dtype: DType) -> View:
    """Integers as float64, half to even; uint64 above 2^63 included."""
    converted = builder.map(Function.INT_TO_FLOAT, view)
    if dtype is not DType.UINT64:
        return converted
    one = builder.scalar(1)
    # Halved with the lost bit kept sticky, so that doubling rounds as the whole would.
    low = builder.map(Function.AND, view, one)
    half = builder.map(Function.OR, builder.map(Function.SHIFT_RIGHT, view, one), low)
    large = builder.map(Function.MUL, builder.map(Function.INT_TO_FLOAT, half), builder.scalar(2.0))
    return builder.map(Function.WHERE, builder.map(Function.LT, view, builder.scalar(0)), large, converted)
