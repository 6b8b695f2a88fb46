// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Quanta
/// @notice Float32 tensors as the integers that circuits compute with: a number times two to the power of a scale, as
/// elements of BN254's scalar field, where a negative one counts down from the modulus.
/// `atomic_verify/protocol/quanta.py` is its twin.
/// @dev Tensors lie in calldata, little-endian. Scales are at most 32 and limits at most 2^53, as `Models` sees to.
library Quanta {
    uint256 internal constant FIELD =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    uint256 internal constant ITEM_BYTES = 4;
    /// Below it a float32 holds every integer.
    uint256 internal constant MAX_WHOLE = 2 ** 24;

    uint256 private constant SIGN = 0x80000000;
    uint256 private constant HIDDEN = 1 << 23;
    uint256 private constant LARGEST_EXPONENT = 255;
    /// Half a quantum in units of 2^-150.
    uint256 private constant HALF = 1 << 149;
    /// Every other byte, and every other pair of bytes.
    uint256 private constant BYTES = 0x00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF;
    uint256 private constant PAIRS = 0x0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF;

    /// @notice Writes the field element of every float32 to the front of `into`, which has room for them: rounded half away
    /// from zero, cut to `limit` quanta on both sides; a NaN is zero, an infinity the limit. Tells whether any was beyond it.
    /// @dev By hand: a head has hundreds of features. In units of 2^-150 a number is its mantissa shifted by exponent and
    /// scale; beyond a shift of 203 it is beyond every limit, and at exponent 0 it is nothing, hidden bit or not.
    function quantiseAll(bytes calldata tensor, uint256 scale, uint256 limit, uint256[] memory into)
        internal
        pure
        returns (bool isCut)
    {
        assembly ("memory-safe") {
            let to := add(into, 32)
            let end := add(to, shl(3, tensor.length))
            for { let from := tensor.offset } lt(to, end) { from := add(from, 32) } {
                // Eight numbers, each with its bytes in the other order.
                let word := calldataload(from)
                word := or(shl(8, and(word, BYTES)), and(shr(8, word), BYTES))
                word := or(shl(16, and(word, PAIRS)), and(shr(16, word), PAIRS))
                for { let place := 256 } and(gt(place, 0), lt(to, end)) { to := add(to, 32) } {
                    place := sub(place, 32)
                    let bits := shr(place, word)
                    let shift := add(and(shr(23, bits), LARGEST_EXPONENT), scale)
                    let quanta := shr(150, add(shl(shift, or(and(bits, 0x7FFFFF), HIDDEN)), HALF))
                    if gt(shift, 203) {
                        quanta := add(limit, 1)
                        if eq(and(shr(23, bits), LARGEST_EXPONENT), LARGEST_EXPONENT) {
                            if and(bits, 0x7FFFFF) { quanta := 0 }
                        }
                    }
                    if gt(quanta, limit) {
                        quanta := limit
                        isCut := 1
                    }
                    if and(bits, SIGN) { if quanta { quanta := sub(FIELD, quanta) } }
                    mstore(to, quanta)
                }
            }
        }
    }

    /// @notice Writes the whole quanta of every float32, each less than 2^24 on both sides of zero, to `into` from `first`
    /// on, as signed numbers; returns how many of the leading elements are whole.
    /// @dev By hand, as above; it stops at the first that isn't.
    function wholeAll(bytes calldata tensor, uint256 scale, uint256[] memory into, uint256 first)
        internal
        pure
        returns (uint256 count)
    {
        assembly ("memory-safe") {
            let start := add(into, add(32, shl(5, first)))
            let to := start
            let end := add(to, shl(3, tensor.length))
            for { let from := tensor.offset } lt(to, end) { from := add(from, 4) } {
                let bits := calldataload(from)
                bits := or(
                    or(shr(248, bits), and(shr(232, bits), 0xFF00)),
                    or(and(shr(216, bits), 0xFF0000), and(shr(200, bits), 0xFF000000))
                )
                let shift := and(shr(23, bits), LARGEST_EXPONENT)
                let units := or(and(bits, 0x7FFFFF), shl(23, gt(shift, 0)))
                shift := add(add(shift, iszero(shift)), scale)
                // Below 2^24 quanta a number is shifted by 150 at most; infinities and NaN are far beyond.
                if and(gt(shift, 173), gt(units, 0)) { break }
                units := shl(shift, units)
                if or(shl(106, units), shr(174, units)) { break }
                units := shr(150, units)
                if and(bits, SIGN) { units := sub(0, units) }
                mstore(to, units)
                to := add(to, 32)
            }
            count := shr(5, sub(to, start))
        }
    }

    /// @notice An integer as a field element.
    function fieldOf(int256 quanta) internal pure returns (uint256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return quanta < 0 ? FIELD - uint256(-quanta) : uint256(quanta);
    }
}
