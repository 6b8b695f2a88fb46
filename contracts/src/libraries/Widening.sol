// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DType64 } from "../types/Step.sol";
import { Float64 } from "./Float64.sol";

/// @title Widening
/// @notice The law of `load`: elements of the job's inputs, by ONNX's TensorProto codes, as float64 or int64.
library Widening {
    uint256 private constant FLOAT = 1;
    uint256 private constant INT8 = 3;
    uint256 private constant INT16 = 5;
    uint256 private constant INT32 = 6;
    uint256 private constant BOOL = 9;
    uint256 private constant FLOAT16 = 10;
    uint256 private constant DOUBLE = 11;
    uint256 private constant BFLOAT16 = 16;
    /// One hexadecimal digit for each code: bytes of an element, 0 for what isn't known.
    uint256 private constant SIZES = 0x2008482108422114 << 4;

    /// @notice Bytes of an element; 0 for an unknown type.
    function sizeOf(uint256 dtype) internal pure returns (uint256) {
        return dtype > 16 ? 0 : (SIZES >> (4 * dtype)) & 15;
    }

    /// @notice The DType64 that a type is widened to.
    function widened(uint256 dtype) internal pure returns (uint256) {
        bool float = dtype == FLOAT || dtype == DOUBLE || dtype == FLOAT16 || dtype == BFLOAT16;
        return float ? DType64.FLOAT : DType64.INT;
    }

    /// @notice The element with the given bits. Exact; a NaN is read as 0, an infinity as the largest finite value of its
    /// sign, a bool as whether it isn't 0.
    function widen(uint256 dtype, uint64 bits) internal pure returns (uint64) {
        if (dtype == FLOAT) return _widenFloat(bits, 8, 23);
        if (dtype == DOUBLE) return _widenFloat(bits, 11, 52);
        if (dtype == FLOAT16) return _widenFloat(bits, 5, 10);
        if (dtype == BFLOAT16) return _widenFloat(bits, 8, 7);
        if (dtype == BOOL) return bits == 0 ? 0 : 1;
        if (dtype == INT8) return uint64(int64(int8(uint8(bits))));
        if (dtype == INT16) return uint64(int64(int16(uint16(bits))));
        if (dtype == INT32) return uint64(int64(int32(uint32(bits))));
        return bits;
    }

    function _widenFloat(uint64 bits, uint256 exponentBits, uint256 fractionBits) private pure returns (uint64) {
        unchecked {
            uint256 fraction = bits & ((1 << fractionBits) - 1);
            uint256 largest = (1 << exponentBits) - 1;
            uint256 exponent = (bits >> fractionBits) & largest;
            bool negative = bits >> (exponentBits + fractionBits) != 0;
            if (exponent == largest) {
                if (fraction != 0) return 0;
                return negative ? Float64.LARGEST | Float64.SIGN : Float64.LARGEST;
            }
            if (exponent == 0) exponent = 1;
            else fraction |= 1 << fractionBits;
            return Float64.pack(negative, fraction, int256(exponent) - int256((largest >> 1) + fractionBits));
        }
    }
}
