// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Quanta } from "../../src/libraries/Quanta.sol";

/// @title Plain quanta
/// @notice What {Quanta} does to whole tensors by hand, for one number and plainly: what its loops are held against.
library PlainQuanta {
    uint256 private constant SIGN = 0x80000000;
    uint256 private constant HIDDEN = 1 << 23;
    uint256 private constant LARGEST_EXPONENT = 255;

    /// @notice The field element of a float32's bits: rounded half away from zero, cut to `limit` quanta on both sides. A
    /// NaN is zero, an infinity the limit.
    function quantise(uint256 bits, uint256 scale, uint256 limit) internal pure returns (uint256 quanta) {
        unchecked {
            uint256 exponent = (bits >> 23) & LARGEST_EXPONENT;
            uint256 mantissa = bits & (HIDDEN - 1);
            if (exponent == LARGEST_EXPONENT) {
                quanta = mantissa == 0 ? limit : 0;
            } else {
                if (exponent == 0) exponent = 1;
                else mantissa |= HIDDEN;
                // The number is mantissa * 2^(exponent - 150).
                uint256 shifted = exponent + scale;
                if (shifted >= 150) {
                    // At most 24 + 254 + 32 - 150 bits.
                    quanta = mantissa << (shifted - 150);
                } else {
                    uint256 down = 150 - shifted;
                    quanta = down > 24 ? 0 : (mantissa + (1 << (down - 1))) >> down;
                }
                if (quanta > limit) quanta = limit;
            }
            if (bits & SIGN != 0 && quanta != 0) quanta = Quanta.FIELD - quanta;
        }
    }

    /// @notice A float32's bits as a whole number of quanta, less than 2^24 on both sides of zero, and whether it is one.
    function whole(uint256 bits, uint256 scale) internal pure returns (int256 quanta, bool isWhole) {
        unchecked {
            uint256 exponent = (bits >> 23) & LARGEST_EXPONENT;
            uint256 mantissa = bits & (HIDDEN - 1);
            if (exponent == LARGEST_EXPONENT) return (0, false);
            if (exponent == 0) exponent = 1;
            else mantissa |= HIDDEN;
            uint256 shifted = exponent + scale;
            uint256 size;
            if (shifted >= 150) {
                size = mantissa << (shifted - 150);
            } else {
                uint256 down = 150 - shifted;
                size = mantissa >> down;
                if (size << down != mantissa) return (0, false);
            }
            if (size >= Quanta.MAX_WHOLE) return (0, false);
            // It is below 2^24.
            // forge-lint: disable-next-line(unsafe-typecast)
            quanta = bits & SIGN != 0 ? -int256(size) : int256(size);
            isWhole = true;
        }
    }

    /// @notice The bits of a tensor's float32 at an index.
    function bitsAt(bytes calldata tensor, uint256 index) internal pure returns (uint256 bits) {
        unchecked {
            assembly ("memory-safe") {
                bits := shr(224, calldataload(add(tensor.offset, mul(index, 4))))
            }
            bits = ((bits & 0xFF00FF) << 8) | ((bits >> 8) & 0xFF00FF);
            bits = ((bits & 0xFFFF) << 16) | (bits >> 16);
        }
    }
}
