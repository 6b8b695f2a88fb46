// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DotSum } from "../../src/libraries/Dot.sol";
import { Float64 } from "../../src/libraries/Float64.sol";

/// @title The reductions of `Dot`, written for reading
/// @notice What the library's assembly is compared with, bit by bit. Elements are words here, not bytes.
library PlainDot {
    /// @notice Sum of products with a running exponent, four elements at a time as the library takes them.
    function ofFloats(uint64[] memory left, uint64[] memory right) internal pure returns (DotSum memory result) {
        uint256 absolute;
        uint256 negative;
        uint256 anchor = 2;
        result.finite = true;
        for (uint256 start = 0; start < left.length; start += 4) {
            uint256 end = start + 4 < left.length ? start + 4 : left.length;
            uint256 largest = anchor;
            for (uint256 k = start; k < end; ++k) {
                if (!Float64.isFinite(left[k]) || !Float64.isFinite(right[k])) result.finite = false;
                (uint256 product, uint256 exponent) = _product(left[k], right[k]);
                if (product != 0 && exponent > largest) largest = exponent;
            }
            absolute >>= largest - anchor;
            negative >>= largest - anchor;
            anchor = largest;
            for (uint256 k = start; k < end; ++k) {
                (uint256 product, uint256 exponent) = _product(left[k], right[k]);
                if (product == 0) continue;
                uint256 shifted = (product << 128) >> (anchor - exponent);
                absolute += shifted;
                if ((left[k] ^ right[k]) >> 63 == 1) negative += shifted;
            }
        }
        result.sum = int256(absolute) - 2 * int256(negative);
        result.absolute = absolute;
        result.unit = int256(anchor) - 2150 - 128;
    }

    /// @dev The mantissas' product and the sum of the biased exponents.
    function _product(uint64 x, uint64 y) private pure returns (uint256 product, uint256 exponent) {
        (uint256 m, uint256 e) = _parts(x);
        (uint256 n, uint256 f) = _parts(y);
        return (m * n, e + f);
    }

    function _parts(uint64 x) private pure returns (uint256 mantissa, uint256 exponent) {
        mantissa = x & ((1 << 52) - 1);
        exponent = (x >> 52) & 0x7FF;
        if (exponent == 0) exponent = 1;
        else mantissa += 1 << 52;
    }

    function ofInts(uint64[] memory left, uint64[] memory right) internal pure returns (uint64) {
        uint256 sum;
        for (uint256 k = 0; k < left.length; ++k) {
            sum = (sum + uint256(left[k]) * right[k]) % (1 << 64);
        }
        return uint64(sum);
    }

    function extreme(uint64[] memory words, bool largest, bool floats) internal pure returns (uint64 best) {
        best = words[0];
        for (uint256 k = 1; k < words.length; ++k) {
            bool less = isLess(best, words[k], floats);
            bool more = isLess(words[k], best, floats);
            if (largest ? less : more) best = words[k];
        }
    }

    function isLess(uint64 x, uint64 y, bool floats) internal pure returns (bool) {
        if (!floats) return int64(x) < int64(y);
        return Float64.key(x) < Float64.key(y);
    }
}
