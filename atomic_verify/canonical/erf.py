"""The error function over float64 arrays, which numpy lacks. Error below 2 units in the last place.

The rational approximations on three intervals of |x| are those of Sun's fdlibm (s_erf.c); beyond 6 the result is 1.
"""

from collections.abc import Sequence

import numpy as np

from atomic_verify.canonical.program import Array

_AT_ONCE = 1 << 13  # elements; temporaries stay in the second-level cache

_NEAR_ZERO = (
    (1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03,
     -2.37630166566501626084e-05),
    (1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
     1.32494738004321644526e-04, -3.96022827877536812320e-06),
)  # fmt: skip
_AT_ONE = 8.45062911510467529297e-01
_NEAR_ONE = (
    (-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
     -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03),
    (1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
     1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02),
)  # fmt: skip
_MIDDLE = (
    (-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01,
     -1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01,
     -9.81432934416914548592e+00),
    (1.0, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02,
     6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00,
     -6.04244152148580987438e-02),
)  # fmt: skip
_FAR = (
    (-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02,
     -6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02),
    (1.0, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03,
     3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01),
)  # fmt: skip


def erf(values: Array) -> Array:
    """erf of each element, in a new array."""
    result = np.empty(values.shape)
    flat, source = result.reshape(-1), np.ascontiguousarray(values).reshape(-1)
    for start in range(0, flat.size, _AT_ONCE):
        flat[start : start + _AT_ONCE] = _block(source[start : start + _AT_ONCE])
    return result


def _block(x: Array) -> Array:
    magnitude = np.abs(x)
    result = x + x * _ratio(_NEAR_ZERO, x * x) if (near := magnitude < 0.84375).any() else np.ones_like(x)
    if near.all():
        return result
    far = ~near
    result[far] = np.copysign(_beyond(magnitude[far]), x[far])
    return result


def _beyond(x: Array) -> Array:
    """erf where x >= 0.84375."""
    result = np.ones_like(x)
    one = x < 1.25
    result[one] = _AT_ONE + _ratio(_NEAR_ONE, x[one] - 1.0)
    for coefficients, chosen in ((_MIDDLE, (x >= 1.25) & (x < 1 / 0.35)), (_FAR, (x >= 1 / 0.35) & (x < 6.0))):
        part = x[chosen]
        square = part * part
        result[chosen] = 1.0 - np.exp(_ratio(coefficients, 1.0 / square) - square - 0.5625) / part
    return result


def _ratio(coefficients: tuple[Sequence[float], Sequence[float]], x: Array) -> Array:
    upper, lower = (_polynomial(side, x) for side in coefficients)
    return np.divide(upper, lower, out=upper)


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """Sum of `coefficients[n] * x^n`."""
    result = x * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        result += coefficient
        result *= x
    result += coefficients[0]
    return result
