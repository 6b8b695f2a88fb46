"""Derivatives of the scalar functions of `map` by each of their operands, over float64 arrays.

For first-order sensitivity only: where a function has no derivative (a step, a corner, a pole), the derivative is that
of one side, or 0. Functions whose result or operand is an integer pass nothing on and aren't here.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from atomic_verify.canonical.program import Array, Function

Derivative = Callable[[Sequence[Array], Array], Array]
"""Of the operands and the result."""

STEEPEST = 1e150
"""A pole's slope: large, but its products still are numbers."""


def derivative(function: Function, operand: int, values: Sequence[Array], result: Array) -> Array | None:
    """d result / d operand, broadcastable to the result; None where nothing passes."""
    found = _DERIVATIVES.get(function)
    if found is None or operand >= len(found):
        return None
    with np.errstate(all="ignore"):
        slope = np.asarray(found[operand](values, result), dtype=np.float64)
    return np.nan_to_num(slope, nan=0.0, posinf=STEEPEST, neginf=-STEEPEST).clip(-STEEPEST, STEEPEST)


def _one(values: Sequence[Array], result: Array) -> Array:
    return np.ones(())


def _minus_one(values: Sequence[Array], result: Array) -> Array:
    return -np.ones(())


def _is_result(operand: int) -> Derivative:
    def slope(values: Sequence[Array], result: Array) -> Array:
        return np.asarray(values[operand] == result, dtype=np.float64)

    return slope


def _power_by_base(v: Sequence[Array], y: Array) -> Array:
    return np.asarray(v[1] * np.power(v[0], v[1] - 1))


def _power_by_exponent(v: Sequence[Array], y: Array) -> Array:
    return np.asarray(y * np.log(np.abs(v[0])))


_DERIVATIVES: Mapping[Function, tuple[Derivative, ...]] = {
    Function.ADD: (_one, _one),
    Function.SUB: (_one, _minus_one),
    Function.MUL: (lambda v, y: v[1], lambda v, y: v[0]),
    Function.DIV: (lambda v, y: 1 / v[1], lambda v, y: -y / v[1]),
    Function.NEG: (_minus_one,),
    Function.ABS: (lambda v, y: np.sign(v[0]),),
    Function.SQRT: (lambda v, y: 0.5 / y,),
    Function.EXP: (lambda v, y: y,),
    Function.LOG: (lambda v, y: 1 / v[0],),
    Function.ERF: (lambda v, y: 2 / math.sqrt(math.pi) * np.exp(-v[0] * v[0]),),
    Function.SIN: (lambda v, y: np.cos(v[0]),),
    Function.COS: (lambda v, y: -np.sin(v[0]),),
    Function.ATAN: (lambda v, y: 1 / (1 + v[0] * v[0]),),
    Function.POW: (_power_by_base, _power_by_exponent),
    Function.MIN: (_is_result(0), _is_result(1)),
    Function.MAX: (_is_result(0), _is_result(1)),
    Function.MOD: (_one, lambda v, y: -np.floor(v[0] / v[1])),
    Function.FMOD: (_one, lambda v, y: -np.trunc(v[0] / v[1])),
    Function.WHERE: (
        lambda v, y: np.zeros(()),
        lambda v, y: np.asarray(v[0] != 0, dtype=np.float64),
        lambda v, y: np.asarray(v[0] == 0, dtype=np.float64),
    ),
}
