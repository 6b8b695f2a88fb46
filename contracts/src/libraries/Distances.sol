// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Outcome } from "../interfaces/IResults.sol";
import { OutputTolerance, Tolerance } from "../types/Model.sol";
import { DType64 } from "../types/Step.sol";
import { Float64 } from "./Float64.sol";
import { Widening } from "./Widening.sol";

/// @title Distances
/// @notice How far a committed output element lies from the canonical one, and what that brings about. Exact: nothing is
/// rounded. `atomic_verify/protocol/distance.py` is its twin.
library Distances {
    uint256 private constant FLOAT = 1;
    uint256 private constant BOOL = 9;
    uint256 private constant FLOAT16 = 10;
    uint256 private constant BFLOAT16 = 16;
    /// The largest finite values of f32, f16 and bf16, as float64.
    uint64 private constant LARGEST_FLOAT = 0x47EF_FFFF_E000_0000;
    uint64 private constant LARGEST_FLOAT16 = 0x40EF_FC00_0000_0000;
    uint64 private constant LARGEST_BFLOAT16 = 0x47EF_E000_0000_0000;
    /// The last place of the product of the two smallest float64 numbers.
    int256 private constant FINEST = -2148;
    /// 3,328 bits: the largest finite float64 is 2^3172 units of 2^-2148, and four numbers are summed.
    uint256 private constant LIMBS = 13;

    /// @notice What a claim on this element brings about: Slash, Void, or None if it lies within accept or the canonical
    /// element is no number. `committed` holds the element's bytes, `canonical` the 64 bits in the trace.
    function outcomeOf(
        uint256 dtype,
        uint64 committed,
        uint64 canonical,
        OutputTolerance memory tolerance,
        bool voidOnly
    ) internal pure returns (Outcome) {
        Outcome worst = voidOnly ? Outcome.Void : Outcome.Slash;
        if (Widening.widened(dtype) != DType64.FLOAT) {
            return _isSameInteger(dtype, committed, canonical) ? Outcome.None : worst;
        }
        // A law holds for none of these: whoever commits one to a trace is refuted anyway.
        if (!Float64.isFinite(canonical)) return Outcome.None;
        // INVARIANT: what is no number lies beyond every limit.
        if (!_isFinite(dtype, committed)) return worst;
        uint64 c = Widening.widen(dtype, committed);
        uint64 y = _clamped(dtype, canonical);
        if (!isBeyond(c, y, tolerance.accept)) return Outcome.None;
        return isBeyond(c, y, tolerance.slash) ? worst : Outcome.Void;
    }

    /// @notice abs(c - y) > atol + rtol * abs(y), of finite float64 numbers.
    /// @dev Sorted into two sums of numbers that aren't negative: larger - smaller > atol + rtol * abs(y).
    function isBeyond(uint64 c, uint64 y, Tolerance memory limit) internal pure returns (bool) {
        (int256 m, int256 e) = Float64.unpack(y);
        (int256 n, int256 f) = Float64.unpack(c);
        uint256[LIMBS] memory left;
        uint256[LIMBS] memory right;
        (int256 t, int256 g) = Float64.unpack(limit.atol);
        // Tolerances aren't negative.
        // forge-lint: disable-next-line(unsafe-typecast)
        _add(right, uint256(t), g);
        (t, g) = Float64.unpack(limit.rtol);
        // forge-lint: disable-next-line(unsafe-typecast)
        _add(right, uint256(t) * Float64.magnitude(m), g + e);
        bool isLarger = Float64.key(c) > Float64.key(y);
        _add((n > 0) == isLarger ? left : right, Float64.magnitude(n), f);
        _add((m > 0) == isLarger ? right : left, Float64.magnitude(m), e);
        return _isGreater(left, right);
    }

    /// @dev Equal modulo the width of the type; a bool that is neither 0 nor 1 equals nothing.
    function _isSameInteger(uint256 dtype, uint64 committed, uint64 canonical) private pure returns (bool) {
        if (dtype == BOOL && committed > 1) return false;
        uint256 width = 8 * Widening.sizeOf(dtype);
        // forge-lint: disable-next-line(incorrect-shift)
        return (committed ^ canonical) & ((1 << width) - 1) == 0;
    }

    function _isFinite(uint256 dtype, uint64 bits) private pure returns (bool) {
        if (dtype == FLOAT) return (bits >> 23) & 0xFF != 0xFF;
        if (dtype == FLOAT16) return (bits >> 10) & 0x1F != 0x1F;
        if (dtype == BFLOAT16) return (bits >> 7) & 0xFF != 0xFF;
        return Float64.isFinite(bits);
    }

    /// @dev y cut to the finite range of the output's type, as an honest worker cuts it.
    function _clamped(uint256 dtype, uint64 y) private pure returns (uint64) {
        uint64 largest = Float64.LARGEST;
        if (dtype == FLOAT) largest = LARGEST_FLOAT;
        if (dtype == FLOAT16) largest = LARGEST_FLOAT16;
        if (dtype == BFLOAT16) largest = LARGEST_BFLOAT16;
        return y & ~Float64.SIGN > largest ? largest | (y & Float64.SIGN) : y;
    }

    /// @dev Adds m * 2^e; limbs are of 256 bits, the least first.
    function _add(uint256[LIMBS] memory limbs, uint256 m, int256 e) private pure {
        unchecked {
            // forge-lint: disable-next-line(unsafe-typecast)
            uint256 place = uint256(e - FINEST);
            uint256 limb = place >> 8;
            place &= 0xFF;
            uint256 part = m << place;
            uint256 rest = place == 0 ? 0 : m >> (256 - place);
            while (part != 0 || rest != 0) {
                uint256 sum = limbs[limb] + part;
                (part, rest) = (rest + (sum < part ? 1 : 0), 0);
                limbs[limb++] = sum;
            }
        }
    }

    function _isGreater(uint256[LIMBS] memory left, uint256[LIMBS] memory right) private pure returns (bool) {
        for (uint256 k = LIMBS; k > 0; --k) {
            if (left[k - 1] != right[k - 1]) return left[k - 1] > right[k - 1];
        }
        return false;
    }
}
