// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { OutputTolerance } from "../types/Model.sol";

/// @title Tolerances
/// @notice The rules for accept and slash, on float64 bit patterns. Non-negative float64 numbers are ordered as their bit
/// patterns are, and eight times a normal one adds three to its exponent: neither needs arithmetic.
library Tolerances {
    uint64 private constant INFINITY = 0x7FF0_0000_0000_0000;
    uint64 private constant ONE = 0x3FF0_0000_0000_0000;
    uint64 private constant SMALLEST_NORMAL = 0x0010_0000_0000_0000;
    uint64 private constant TIMES_EIGHT = 0x0030_0000_0000_0000;

    /// @notice Whether accept < slash <= 8 * accept, in each of atol and rtol that is set, all finite and rtol < 1.
    function areValid(OutputTolerance memory tolerance) internal pure returns (bool) {
        (uint64 atol, uint64 rtol) = (tolerance.accept.atol, tolerance.accept.rtol);
        if (tolerance.slash.rtol >= ONE) return false;
        if (atol == 0 && rtol == 0) return false;
        return _isPair(atol, tolerance.slash.atol) && _isPair(rtol, tolerance.slash.rtol);
    }

    function areZero(OutputTolerance memory tolerance) internal pure returns (bool) {
        return (tolerance.accept.atol | tolerance.accept.rtol | tolerance.slash.atol | tolerance.slash.rtol) == 0;
    }

    function _isPair(uint64 accept, uint64 slash) private pure returns (bool) {
        if (accept == 0) return slash == 0;
        if (accept < SMALLEST_NORMAL || accept >= INFINITY || slash >= INFINITY) return false;
        return accept < slash && slash <= accept + TIMES_EIGHT;
    }
}
