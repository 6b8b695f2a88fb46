"""Every scalar function over a grid of edge values: finite, as documented, and the same as the law for one element."""

import itertools
import math

import numpy as np
import pytest

from atomic_verify.canonical import functions
from atomic_verify.canonical.functions import APPROXIMATE, SIGNATURES
from atomic_verify.canonical.law import map_law
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode, Scalar, Step

FLOATS = (
    *(0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, -2.2250738585072014e-308, 1e-300, 0.5, -0.5, 1.0, -1.0),
    *(
        1.5,
        2.5,
        -2.5,
        3.0,
        -3.0,
        math.pi,
        6.25,
        21.5,
        709.7,
        709.79,
        -745.1,
        -745.2,
        1e10,
        -1e15,
        2.0**32,
        2.0**52 + 0.5,
    ),
    *(2.0**53, 2.0**63, -(2.0**63), 9223372036854774784.0, 1e100, 1e300, -1e300, LARGEST, -LARGEST),
)
INTS = (0, 1, -1, 2, -2, 3, -7, 63, 64, -63, 2**31, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1)
GRID = {DType64.FLOAT: FLOATS, DType64.INT: INTS}
CASES = [(function, types) for function, signatures in SIGNATURES.items() for types in signatures]
NAMES = ["-".join([function.name, *(dtype.name for dtype in types)]).lower() for function, types in CASES]


def apply(function: Function, *operands: Scalar) -> Scalar:
    types = tuple(DType64.FLOAT if isinstance(x, float) else DType64.INT for x in operands)
    result = SIGNATURES[function][types]
    values = [np.array([x], dtype.numpy) for x, dtype in zip(operands, types, strict=True)]
    found: Scalar = functions.apply(function, values, np.empty(1, result.numpy))[0].item()
    return found


@pytest.mark.parametrize(("function", "types"), CASES, ids=NAMES)
def test_every_function_is_total_and_obeys_the_law(function: Function, types: tuple[DType64, ...]) -> None:
    grids = [GRID[dtype] if number or len(types) < 3 else (0, 1, -5) for number, dtype in enumerate(types)]
    operands = list(itertools.product(*grids))
    columns = [np.array(column, dtype.numpy) for column, dtype in zip(zip(*operands, strict=True), types, strict=True)]
    result = SIGNATURES[function][types]
    found = functions.apply(function, columns, np.empty(len(operands), result.numpy))
    assert np.isfinite(found).all()
    step = Step(Opcode.MAP, result, (), (), function)
    for values, committed in zip(operands, found.tolist(), strict=True):
        law = map_law(step, values)
        assert law.allows(committed), (values, committed, float(law.value))
        assert (law.tolerance == 0) == (function not in APPROXIMATE)


@pytest.mark.parametrize(
    ("function", "operands", "expected"),
    [
        (Function.ADD, (LARGEST, LARGEST), LARGEST),
        (Function.SUB, (-LARGEST, LARGEST), -LARGEST),
        (Function.MUL, (1e300, -1e300), -LARGEST),
        (Function.MUL, (5e-324, 0.5), 0.0),
        (Function.MUL, (2.2250738585072014e-308, 0.25), 5.562684646268003e-309),
        (Function.DIV, (3.0, 0.0), LARGEST),
        (Function.DIV, (3.0, -0.0), LARGEST),
        (Function.DIV, (-3.0, 0.0), -LARGEST),
        (Function.DIV, (0.0, 0.0), 0.0),
        (Function.DIV, (1e300, 1e-300), LARGEST),
        (Function.DIV, (7, -2), -3),
        (Function.DIV, (-7, 2), -3),
        (Function.DIV, (-7, 0), 0),
        (Function.DIV, (-(2**63), -1), -(2**63)),
        (Function.ADD, (2**63 - 1, 1), -(2**63)),
        (Function.MUL, (2**62, 2), -(2**63)),
        (Function.NEG, (-(2**63),), -(2**63)),
        (Function.ABS, (-(2**63),), -(2**63)),
        (Function.SQRT, (-1.0,), 0.0),
        (Function.EXP, (1000.0,), LARGEST),
        (Function.EXP, (-1000.0,), 0.0),
        (Function.LOG, (0.0,), -LARGEST),
        (Function.LOG, (-1.0,), -LARGEST),
        (Function.SIN, (2.0**32,), 0.0),
        (Function.COS, (-(2.0**32),), 0.0),
        (Function.POW, (-8.0, 0.5), 0.0),
        (Function.POW, (0.0, -1.0), 0.0),
        (Function.POW, (0.0, 0.0), 1.0),
        (Function.POW, (-2.0, 3.0), -8.0),
        (Function.POW, (10.0, 400.0), LARGEST),
        (Function.ROUND, (2.5,), 2.0),
        (Function.ROUND, (-0.5,), 0.0),
        (Function.MOD, (-7, 3), 2),
        (Function.MOD, (7, -3), -2),
        (Function.MOD, (7, 0), 0),
        (Function.MOD, (-7.5, 2.0), 0.5),
        (Function.MOD, (5.0, 0.0), 0.0),
        (Function.FMOD, (-7, 3), -1),
        (Function.FMOD, (-7.5, 2.0), -1.5),
        (Function.FMOD, (5.0, 0.0), 0.0),
        (Function.EQ, (0.0, -0.0), 1),
        (Function.LT, (-0.0, 0.0), 0),
        (Function.LE, (1, 1), 1),
        (Function.WHERE, (-5, 1.0, 2.0), 1.0),
        (Function.WHERE, (0, 1, 2), 2),
        (Function.INT_TO_FLOAT, (2**53 + 1,), 2.0**53),
        (Function.INT_TO_FLOAT, (2**63 - 1,), 2.0**63),
        (Function.FLOAT_TO_INT, (-1.9,), -1),
        (Function.FLOAT_TO_INT, (1e300,), 2**63 - 1),
        (Function.FLOAT_TO_INT, (2.0**63,), 2**63 - 1),
        (Function.FLOAT_TO_INT, (-1e300,), -(2**63)),
        (Function.SHIFT_LEFT, (1, 63), -(2**63)),
        (Function.SHIFT_LEFT, (1, 64), 0),
        (Function.SHIFT_RIGHT, (-1, 63), 1),
        (Function.SHIFT_RIGHT, (-1, -1), 0),
        (Function.XOR, (-1, 1), -2),
        (Function.AND, (-1, 12), 12),
        (Function.OR, (8, 4), 12),
    ],
)
def test_laws_as_the_specification_states_them(
    function: Function, operands: tuple[Scalar, ...], expected: Scalar
) -> None:
    assert apply(function, *operands) == pytest.approx(expected, rel=1e-15, abs=0)
    assert type(apply(function, *operands)) is type(expected)


def test_the_result_may_overwrite_an_operand() -> None:
    for function, types in CASES:
        if len(set(types)) > 1 or SIGNATURES[function][types] is not types[0]:
            continue
        values = [np.array([7, 2, 3], dtype.numpy) for dtype in types]
        expected = functions.apply(function, [value.copy() for value in values], np.empty(3, types[0].numpy))
        for number in range(len(values)):
            copies = [value.copy() for value in values]
            assert functions.apply(function, copies, copies[number]).tolist() == expected.tolist()
