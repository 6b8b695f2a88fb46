// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { DotSum } from "./Dot.sol";
import { Float64 } from "./Float64.sol";

/// @title Closeness
/// @notice Whether a committed float64 is further from an evaluated value than its law's tolerance and the evaluation's
/// own error allow.
/// @dev Everything is compared as integers in one unit 2^u. What is rounded on the way is rounded by less than one unit
/// and always counted in favour of the committed value.
library Closeness {
    /// @dev 64 bits below the smallest float64, so that the absolute tolerance 2^-1074 is a whole number of units.
    int256 private constant FINEST = -1138;
    int256 private constant SMALLEST = -1074;
    uint256 private constant LARGEST_MANTISSA = (1 << 53) - 1;
    int256 private constant LARGEST_EXPONENT = 971;

    /// @notice abs(y - sum) > (K + 8) 2^-52 absolute + K 2^-1074 + evaluation error, with the sum saturated.
    function isFarFromSum(uint64 y, DotSum memory dot, uint256 terms) internal pure returns (bool) {
        unchecked {
            // (absolute >> 52) loses less than one unit before it is multiplied, `absolute` itself less than K + 2 units;
            // `sum` is wrong by less than 3 (K + 2).
            uint256 tolerance = ((dot.absolute >> 52) + 1) * (terms + 8) + 4 * (terms + 2);
            return _isBeyond(y, dot.sum, dot.unit, tolerance, terms);
        }
    }

    /// @notice abs(y - value) > 2^-44 abs(value) + 2^-1074 + evaluation error, where value = m * 2^e with a relative error
    /// below 2^-58, saturated.
    function isFarFromValue(uint64 y, int256 m, int256 e) internal pure returns (bool) {
        unchecked {
            // Of zero any unit is right, but only a fine one measures y.
            if (m == 0) {
                e = FINEST;
            } else {
                int256 top = int256(Math.log2(Float64.magnitude(m)));
                if (top + e > 1023) {
                    (m, e) = (m > 0 ? int256(LARGEST_MANTISSA) : -int256(LARGEST_MANTISSA), LARGEST_EXPONENT);
                }
                top = int256(Math.log2(Float64.magnitude(m)));
                // 121 bits, which truncates by less than 2^-119 of the value.
                if (top > 120) (m, e) = (m >> uint256(top - 120), e + top - 120);
                else (m, e) = (m << uint256(120 - top), e - (120 - top));
            }
            uint256 size = Float64.magnitude(m);
            return _isBeyond(y, m, e, (size >> 44) + (size >> 58) + 2, 1);
        }
    }

    /// @dev abs(y - s * 2^u) > tolerance * 2^u + floors * 2^-1074, where s * 2^u saturates; abs(s) < 2^247.
    function _isBeyond(uint64 y, int256 s, int256 u, uint256 tolerance, uint256 floors) private pure returns (bool) {
        unchecked {
            if (u < FINEST) {
                uint256 shift = uint256(FINEST - u);
                (s, tolerance, u) = (s >> Math.min(shift, 255), (tolerance >> shift) + 2, FINEST);
            }
            s = _saturated(s, u);
            // In units; 1 for this shift, 1 for y's and 1 for a saturated s's.
            tolerance += u <= SMALLEST ? floors << uint256(SMALLEST - u) : (floors >> uint256(u - SMALLEST));
            tolerance += 3;
            (int256 m, int256 e) = Float64.unpack(y);
            e -= u;
            if (m != 0 && int256(Math.log2(Float64.magnitude(m))) + e > 249) return true; // s and tolerance are < 2^248
            m = e >= 0 ? m << uint256(e) : m >> Math.min(uint256(-e), 255);
            return Float64.magnitude(m - s) > tolerance;
        }
    }

    /// @dev s, or the largest finite float64 of its sign in units of 2^u if abs(s) is beyond it.
    function _saturated(int256 s, int256 u) private pure returns (int256) {
        unchecked {
            // Below this unit no s reaches it.
            if (u < LARGEST_EXPONENT - 200) return s;
            uint256 largest = u <= LARGEST_EXPONENT
                ? LARGEST_MANTISSA << uint256(LARGEST_EXPONENT - u)
                : LARGEST_MANTISSA >> uint256(u - LARGEST_EXPONENT);
            if (Float64.magnitude(s) <= largest) return s;
            return s > 0 ? int256(largest) : -int256(largest);
        }
    }
}
