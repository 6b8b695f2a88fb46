// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Functions
/// @notice exp, log, erf, sin, cos, pow and atan of numbers `m * 2^e`, as numbers `m * 2^e`, each with a relative error
/// below 2^-60; what the laws add outside a function's domain is in here, saturation isn't.
/// @dev "Qn" is a fixed-point number with n fraction bits. Arguments have abs(m) < 2^250 and, as float64 has them,
/// -1074 <= e. Truncation after an argument or a term takes at most one last place. Odd functions are x times a
/// series in x^2, so that a tiny argument costs no relative precision. tests/vectors/laws.json holds each function
/// against mpmath; the largest error found there is below 2^-64.
library Functions {
    int256 private constant ONE = 1 << 120;
    /// Q120, Q130: the logarithm of 2.
    int256 private constant LN2_120 = 0xb17217f7d1cf79abc9e3b39803f2f7;
    int256 private constant LN2_130 = 0x2c5c85fdf473de6af278ece600fcbdabd;
    /// Q64: 1 / log 2.
    int256 private constant LOG2E_64 = 0x171547652b82fe177;
    /// Q120, Q192: pi / 2.
    int256 private constant HALF_PI_120 = 0x1921fb54442d18469898cc51701b83a;
    int256 private constant HALF_PI_192 = 0x1921fb54442d18469898cc51701b839a252049c1114cf98e8;
    /// Q96: 2 / pi.
    int256 private constant TWO_OVER_PI_96 = 0xa2f9836e4e441529fc2757d2;
    /// Q120: 2 / sqrt(pi).
    int256 private constant TWO_OVER_ROOT_PI_120 = 0x120dd750429b6d11ae3a914fed7fd87;
    /// Q120: the square root of 2.
    int256 private constant ROOT_TWO_120 = 0x16a09e667f3bcc908b2fb1366ea957d;

    /// @notice x = n log 2 + r, abs(r) <= 0.35, and 25 terms of the series of r.
    /// @dev Error: x truncated to Q120, n * LN2_120 wrong by less than 2^-109, 25 truncations, remainder 2^-120: < 2^-107.
    function exp(int256 m, int256 e) internal pure returns (int256 t, int256 n) {
        unchecked {
            if (m == 0) return (1, 0);
            // Beyond 2^11 the result is beyond any float64, on either side.
            if (_top(m, e) >= 11) return (1, m > 0 ? int256(4000) : -4000);
            int256 x = _shifted(m, e + 120);
            n = ((x >> 60) * LOG2E_64 + (1 << 123)) >> 124;
            x -= n * LN2_120;
            t = ONE;
            for (int256 k = 25; k > 0; --k) {
                t = ONE + ((t * x) >> 120) / k;
            }
            n -= 120;
        }
    }

    /// @notice x = f 2^n with f between the roots of 1/2 and 2, log f = 2 atanh((f - 1) / (f + 1)), 21 terms. x > 0.
    /// @dev The quotient d is wrong by less than 2^-130 and at least 2^-55 unless x = 1, the remainder below 2^-107 d; n
    /// log 2 never cancels more than half of log f: < 2^-73.
    function log(int256 m, int256 e) internal pure returns (int256, int256) {
        unchecked {
            (m, e) = _normalized(m, e, 120);
            e += 120;
            int256 d = 2 * ONE;
            if (m > ROOT_TWO_120) e += 1;
            else d = ONE;
            d = ((m - d) << 130) / (m + d);
            int256 z = (d * d) >> 130;
            int256 p = 0;
            for (int256 k = 41; k > 0; k -= 2) {
                p = ((p * z) >> 130) + ONE / k;
            }
            return (((d * p) >> 119) + e * LN2_130, -130);
        }
    }

    /// @notice 2 / sqrt(pi) x exp(-x^2) times the sum of (2 x^2)^n / (2n + 1)!!, all terms of one sign; 1 from 6.5 on.
    /// @dev Error: x^2 truncated to Q70 moves the result by less than 2^-69; 1 - erf(6.5) < 2^-64.
    function erf(int256 m, int256 e) internal pure returns (int256, int256) {
        unchecked {
            if (m == 0) return (0, 0);
            if (_top(m, e) >= 3) return (m > 0 ? int256(1) : -1, 0);
            int256 x = _shifted(m, e + 120);
            if (x >= 13 << 119 || x <= -(13 << 119)) return (m > 0 ? int256(1) : -1, 0);
            int256 z = ((x >> 20) * (x >> 20)) >> 130;
            int256 term = ONE;
            int256 sum = ONE;
            for (int256 k = 3; term > sum >> 72; k += 2) {
                term = ((term * z) >> 69) / k;
                sum += term;
            }
            (int256 t, int256 n) = exp(-z, -70);
            (t, n) = _product(t, n, sum, -120);
            (t, n) = _product(t, n, TWO_OVER_ROOT_PI_120, -120);
            return _product(t, n, m, e);
        }
    }

    /// @notice sin x; 0 from 2^32 on.
    function sin(int256 m, int256 e) internal pure returns (int256, int256) {
        if (m == 0) return (0, 0);
        // sin x = x (1 - x^2 / 6).
        if (_top(m, e) < -40) return (m, e);
        return _sine(m, e, 0);
    }

    /// @notice cos x; 0 from 2^32 on.
    function cos(int256 m, int256 e) internal pure returns (int256, int256) {
        if (m == 0) return (1, 0);
        return _sine(m, e, 1);
    }

    /// @dev x = n pi/2 + r, abs(r) <= pi/4, and 14 terms of the series of r or of its cosine. `quarter` 1 is cosine.
    /// Error: x is exact in Q192 for a sine (at least 2^-40), and n pi/2 wrong by less than 2^-160, while no float64 below
    /// 2^32 but 0 comes closer than 2^-70 to a multiple of pi/2: < 2^-89. The series' remainder is below 2^-107.
    function _sine(int256 m, int256 e, int256 quarter) private pure returns (int256, int256) {
        unchecked {
            if (_top(m, e) >= 32) return (0, 0);
            int256 x = _shifted(m, e + 192);
            int256 n = ((x >> 96) * TWO_OVER_PI_96 + (1 << 191)) >> 192;
            x -= n * HALF_PI_192;
            quarter = (n + quarter) & 3;
            int256 z = x >> 72;
            z = (z * z) >> 120;
            int256 t = ONE;
            bool odd = quarter & 1 == 0;
            for (int256 k = 14; k > 0; --k) {
                t = ONE - ((t * z) >> 120) / (odd ? 2 * k * (2 * k + 1) : 2 * k * (2 * k - 1));
            }
            e = -120;
            if (odd) (t, e) = _product(t, e, x, -192);
            return (quarter >= 2 ? -t : t, e);
        }
    }

    /// @notice exp(y log x) for x > 0; x < 0 and an integer y give it the sign of x^y. 1 where y = 0; 0 where x = 0, or
    /// where x < 0 and y is no integer.
    /// @dev y log x is wrong by less than 2^-73 of itself, and at most 2^11 where it matters: < 2^-61.
    function pow(int256 m, int256 e, int256 y, int256 f) internal pure returns (int256 t, int256 n) {
        unchecked {
            if (y == 0) return (1, 0);
            if (m == 0) return (0, 0);
            bool negative;
            if (m < 0) {
                if (f < -52) return (0, 0);
                if (f < 0) {
                    if (y & ((int256(1) << uint256(-f)) - 1) != 0) return (0, 0);
                    negative = (y >> uint256(-f)) & 1 == 1;
                } else {
                    negative = f == 0 && y & 1 == 1;
                }
                m = -m;
            }
            (t, n) = log(m, e);
            if (t != 0) (t, n) = _product(t, n, y, f);
            (t, n) = exp(t, n);
            if (negative) t = -t;
        }
    }

    /// @notice Below 2^-6 the series of x; else pi/2 - atan(1/x) beyond 1, three halvings of the angle, and the series.
    /// @dev A halving's root and quotient are wrong by less than 2^-119 each, which eight-folds: < 2^-108 of at least 2^-7.
    function atan(int256 m, int256 e) internal pure returns (int256, int256) {
        unchecked {
            if (m == 0) return (0, 0);
            int256 top = _top(m, e);
            int256 t;
            if (top < -6) {
                t = _shifted(m, e + 120);
                return _product(_arcTangentOverX((t * t) >> 120), -120, m, e);
            }
            (t, e) = _normalized(m < 0 ? -m : m, e, 120);
            if (top >= 0) t = top > 200 ? int256(0) : ((1 << 240) / t) >> uint256(top);
            else t >>= uint256(-top);
            for (uint256 i = 0; i < 3; ++i) {
                t = (t << 120) / (ONE + int256(Math.sqrt(uint256((1 << 240) + t * t))));
            }
            t = (t * _arcTangentOverX((t * t) >> 120)) >> 117;
            if (top >= 0) t = HALF_PI_120 - t;
            return (m < 0 ? -t : t, -120);
        }
    }

    /// @dev 1 - z/3 + z^2/5 - ..., 20 terms, for z <= 0.01: remainder below 2^-130.
    function _arcTangentOverX(int256 z) private pure returns (int256 t) {
        unchecked {
            for (int256 k = 41; k > 0; k -= 2) {
                t = ONE / k - ((t * z) >> 120);
            }
        }
    }

    // Numbers m * 2^e

    /// @dev floor(m * 2^e), which must be below 2^255.
    function _shifted(int256 m, int256 e) private pure returns (int256) {
        unchecked {
            if (e >= 0) return m << uint256(e);
            return m >> Math.min(uint256(-e), 255);
        }
    }

    /// @dev Where the leading bit is: abs(m * 2^e) in [2^top, 2^(top + 1)). m isn't 0.
    function _top(int256 m, int256 e) private pure returns (int256) {
        unchecked {
            return int256(Math.log2(uint256(m < 0 ? -m : m))) + e;
        }
    }

    /// @dev The same number with its leading bit at `bit`, truncated by less than one unit.
    function _normalized(int256 m, int256 e, int256 bit) private pure returns (int256, int256) {
        unchecked {
            if (m == 0) return (0, 0);
            int256 shift = _top(m, 0) - bit;
            return (_shifted(m, -shift), e + shift);
        }
    }

    /// @dev The product with a relative error below 2^-122.
    function _product(int256 m, int256 e, int256 n, int256 f) private pure returns (int256, int256) {
        unchecked {
            (m, e) = _normalized(m, e, 124);
            (n, f) = _normalized(n, f, 124);
            return (m * n, e + f);
        }
    }
}
