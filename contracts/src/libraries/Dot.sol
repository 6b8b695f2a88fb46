// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Float64 } from "./Float64.sol";

// Constants of the assembly, one 64-bit lane for each of four elements.
uint256 constant LANES_ONE = 0x0000000000000001000000000000000100000000000000010000000000000001;
uint256 constant LANES_TWO = 0x0000000000000002000000000000000200000000000000020000000000000002;
uint256 constant LANES_EXPONENT = 0x00000000000007ff00000000000007ff00000000000007ff00000000000007ff;
uint256 constant LANES_FRACTION = 0x000fffffffffffff000fffffffffffff000fffffffffffff000fffffffffffff;
uint256 constant LANES_BORROW = 0x0000000000008000000000000000800000000000000080000000000000008000;
uint256 constant LANES_OVERFLOW = 0x0000000000000800000000000000080000000000000008000000000000000800;
uint256 constant LANE = 0xffffffffffffffff;
uint256 constant BYTES_ODD = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
uint256 constant PAIRS_ODD = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
uint256 constant WORDS_ODD = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;

/// A sum of products: `sum * 2^unit`, and `absolute * 2^unit` for the sum of their absolute values.
struct DotSum {
    int256 sum;
    uint256 absolute;
    int256 unit;
    /// Whether every element was finite; if not, nothing else here means anything.
    bool finite;
}

/// @title Dot
/// @notice Reductions over segments: 8-byte little-endian elements in memory, filled with zeros to whole words of four.
/// @dev **Sum of products.** A product of two mantissas has place most 106 bits. It is added 128 bits above the unit of the
/// *anchor*, the largest exponent of a non-zero product so far; when a larger one comes, the sums so far are shifted
/// down. A zero never raises the anchor, whatever it is multiplied with. So with 4096 terms a sum stays below
/// 2^(106 + 128 + 12) = 2^246, and place the end `absolute >= 2^128` unless all products are zero.
///
/// Error: truncation takes less than a unit from each term, and each shift of the sums, which halves what was lost before
/// place least, less than one more: less than K + 2 units in each of the two sums, so less than 3 (K + 2) in `sum`
/// (= absolute - 2 * negative part) and K + 2 in `absolute`. Against `absolute` that is below 2^-113.
///
/// contracts/test/libraries/PlainDot.sol is the same in plain Solidity; they agree in every bit.
library Dot {
    /// @dev Four elements of each segment at a time, one in each 64-bit lane of a word. Lanes hold numbers of at most 16
    /// bits wherever words are subtracted, with bit 15 set in the minuend, so that no lane borrows from its neighbour.
    function ofFloats(bytes memory left, bytes memory right) internal pure returns (DotSum memory result) {
        uint256 absolute;
        uint256 negative;
        uint256 anchors = LANES_TWO;
        uint256 bad;
        assembly ("memory-safe") {
            let place := add(left, 32)
            let end := add(place, mload(left))
            let across := sub(right, left)
            for { } lt(place, end) { place := add(place, 32) } {
                // Both words with the bytes of each lane reversed.
                let x := mload(place)
                let y := mload(add(place, across))
                x := or(shl(8, and(x, BYTES_ODD)), and(shr(8, x), BYTES_ODD))
                y := or(shl(8, and(y, BYTES_ODD)), and(shr(8, y), BYTES_ODD))
                x := or(shl(16, and(x, PAIRS_ODD)), and(shr(16, x), PAIRS_ODD))
                y := or(shl(16, and(y, PAIRS_ODD)), and(shr(16, y), PAIRS_ODD))
                x := or(shl(32, and(x, WORDS_ODD)), and(shr(32, x), WORDS_ODD))
                y := or(shl(32, and(y, WORDS_ODD)), and(shr(32, y), WORDS_ODD))
                let signs := xor(x, y)
                let shifts
                {
                    // Biased exponents; 2047 + 1 reaches bit 11.
                    let p := and(shr(52, x), LANES_EXPONENT)
                    let q := and(shr(52, y), LANES_EXPONENT)
                    bad := or(bad, or(add(p, LANES_ONE), add(q, LANES_ONE)))
                    // 1 where the number is normal. A subnormal has exponent 1 and no hidden bit.
                    let pn := and(shr(11, add(p, LANES_EXPONENT)), LANES_ONE)
                    let qn := and(shr(11, add(q, LANES_EXPONENT)), LANES_ONE)
                    let exponents := add(sub(sub(LANES_TWO, pn), qn), add(p, q))
                    x := or(and(x, LANES_FRACTION), shl(52, pn))
                    y := or(and(y, LANES_FRACTION), shl(52, qn))
                    shifts := sub(or(anchors, LANES_BORROW), exponents)
                    if xor(and(shifts, LANES_BORROW), LANES_BORROW) {
                        let old := and(anchors, 0xffff)
                        let largest := old
                        for { let i := 0 } lt(i, 256) { i := add(i, 64) } {
                            let exponent := and(shr(i, exponents), 0xffff)
                            if gt(exponent, largest) {
                                if mul(and(shr(i, x), LANE), and(shr(i, y), LANE)) { largest := exponent }
                            }
                        }
                        absolute := shr(sub(largest, old), absolute)
                        negative := shr(sub(largest, old), negative)
                        anchors := mul(largest, LANES_ONE)
                        // Where a zero product keeps a larger exponent, the shift comes out as 28,000 or more: still 0.
                        shifts := sub(or(anchors, LANES_BORROW), exponents)
                    }
                }
                let p := shr(and(shr(192, shifts), 0x7fff), shl(128, mul(shr(192, x), shr(192, y))))
                absolute := add(absolute, p)
                negative := add(negative, mul(p, shr(255, signs)))
                p := shr(and(shr(128, shifts), 0x7fff), shl(128, mul(and(shr(128, x), LANE), and(shr(128, y), LANE))))
                absolute := add(absolute, p)
                negative := add(negative, mul(p, and(shr(191, signs), 1)))
                p := shr(and(shr(64, shifts), 0x7fff), shl(128, mul(and(shr(64, x), LANE), and(shr(64, y), LANE))))
                absolute := add(absolute, p)
                negative := add(negative, mul(p, and(shr(127, signs), 1)))
                p := shr(and(shifts, 0x7fff), shl(128, mul(and(x, LANE), and(y, LANE))))
                absolute := add(absolute, p)
                negative := add(negative, mul(p, and(shr(63, signs), 1)))
            }
        }
        unchecked {
            result.sum = int256(absolute) - 2 * int256(negative);
            result.absolute = absolute;
            // Exponent biases, fraction bits and the 128 bits below.
            result.unit = int256(anchors & 0xffff) - (2 * 1075 + 128);
            result.finite = bad & LANES_OVERFLOW == 0;
        }
    }

    /// @notice Sum of products modulo 2^64.
    function ofInts(bytes memory left, bytes memory right) internal pure returns (uint64 sum) {
        unchecked {
            uint256 count = left.length / 8;
            for (uint256 k = 0; k < count; ++k) {
                sum += elementOf(left, k) * elementOf(right, k);
            }
        }
    }

    /// @notice The largest of `terms` elements, or the smallest. `finite` tells whether all are, if they are floats.
    /// @dev Compares keys, integers that are ordered as the elements are: a negative float's bits but the sign's are turned
    /// over, then each sign; for the smallest all bits. Lanes behind the end count as the first of their word.
    function extreme(bytes memory segment, uint256 terms, bool largest, bool floats)
        internal
        pure
        returns (uint64 best, bool finite)
    {
        uint256 signs = LANES_ONE << 63;
        uint256 turned = largest ? signs : ~signs;
        uint256 bestKey;
        uint256 bad;
        assembly ("memory-safe") {
            let place := add(segment, 32)
            let end := add(place, shl(3, terms))
            for { } lt(place, end) { place := add(place, 32) } {
                let x := mload(place)
                if gt(add(place, 32), end) {
                    let behind := shr(shl(3, sub(end, place)), not(0))
                    x := or(and(x, not(behind)), and(mul(shr(192, x), LANES_ONE), behind))
                }
                x := or(shl(8, and(x, BYTES_ODD)), and(shr(8, x), BYTES_ODD))
                x := or(shl(16, and(x, PAIRS_ODD)), and(shr(16, x), PAIRS_ODD))
                x := or(shl(32, and(x, WORDS_ODD)), and(shr(32, x), WORDS_ODD))
                if floats {
                    bad := or(bad, add(and(shr(52, x), LANES_EXPONENT), LANES_ONE))
                    x := xor(x, mul(and(shr(63, x), LANES_ONE), 0x7fffffffffffffff))
                }
                x := xor(x, turned)
                for { } x { x := shr(64, x) } {
                    if gt(and(x, LANE), bestKey) { bestKey := and(x, LANE) }
                }
            }
        }
        finite = bad & LANES_OVERFLOW == 0;
        best = uint64(bestKey ^ turned);
        if (floats && best & Float64.SIGN != 0) best ^= Float64.SIGN - 1;
    }

    /// @notice Element k of a segment.
    function elementOf(bytes memory segment, uint256 k) internal pure returns (uint64 x) {
        assembly ("memory-safe") {
            x := shr(192, mload(add(add(segment, 32), shl(3, k))))
        }
        x = reversed(x);
    }

    /// @notice The 8 bytes in the other order.
    function reversed(uint64 x) internal pure returns (uint64) {
        x = ((x & 0x00FF_00FF_00FF_00FF) << 8) | ((x >> 8) & 0x00FF_00FF_00FF_00FF);
        x = ((x & 0x0000_FFFF_0000_FFFF) << 16) | ((x >> 16) & 0x0000_FFFF_0000_FFFF);
        return (x << 32) | (x >> 32);
    }

    /// @notice A segment of `terms` elements that lie in calldata place address `from`.
    function segmentAt(uint256 from, uint256 terms) internal pure returns (bytes memory segment) {
        segment = new bytes((terms + 3) / 4 * 32);
        assembly ("memory-safe") {
            calldatacopy(add(segment, 32), from, shl(3, terms))
        }
    }

    /// @notice A segment of `terms` times the same element.
    function segmentOf(uint64 element, uint256 terms) internal pure returns (bytes memory segment) {
        segment = new bytes((terms + 3) / 4 * 32);
        uint256 word = uint256(reversed(element)) * LANES_ONE;
        assembly ("memory-safe") {
            let to := add(segment, 32)
            let end := add(to, shl(3, terms))
            for { } lt(add(to, 31), end) { to := add(to, 32) } { mstore(to, word) }
            // The last word's other lanes stay zero.
            if lt(to, end) {
                mstore(to, shl(shl(3, sub(32, sub(end, to))), shr(shl(3, sub(32, sub(end, to))), word)))
            }
        }
    }
}
