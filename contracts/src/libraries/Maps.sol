// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DType64, Function } from "../types/Step.sol";
import { Closeness } from "./Closeness.sol";
import { Float64 } from "./Float64.sol";
import { Functions } from "./Functions.sol";

/// @title Maps
/// @notice The laws of the scalar functions of `map`. Values are the 64 bits of a float64 or of an int64 in two's
/// complement; float operands must be finite. `where` is not here: it only chooses an operand.
library Maps {
    /// @notice Whether `y` breaks the law of a function of the operands a and b (b is 0 where there is none), which are of
    /// type `dtype`.
    function isBroken(uint256 fn, uint256 dtype, uint64 y, uint64 a, uint64 b) internal pure returns (bool) {
        if (_isApproximate(fn)) return _isFar(fn, y, a, b);
        if (dtype == DType64.INT) return _isUnequalOfInts(fn, y, a, b);
        if (fn == Function.EQ) return y != _bit(Float64.same(a, b));
        if (fn == Function.LT) return y != _bit(Float64.key(a) < Float64.key(b));
        if (fn == Function.LE) return y != _bit(Float64.key(a) <= Float64.key(b));
        if (fn == Function.FLOAT_TO_INT) return y != uint64(Float64.toInt(a));
        return !Float64.same(y, _ofFloats(fn, a, b));
    }

    function _isApproximate(uint256 fn) private pure returns (bool) {
        return (fn >= Function.EXP && fn <= Function.POW) || fn == Function.ATAN;
    }

    function _isFar(uint256 fn, uint64 y, uint64 a, uint64 b) private pure returns (bool) {
        (int256 m, int256 e) = Float64.unpack(a);
        if (fn == Function.EXP) {
            // No tolerance reaches below zero.
            if (y > Float64.SIGN) return true;
            (m, e) = Functions.exp(m, e);
        } else if (fn == Function.LOG) {
            if (m > 0) (m, e) = Functions.log(m, e);
            else (m, e) = Float64.unpack(Float64.LARGEST | Float64.SIGN);
        } else if (fn == Function.ERF) {
            (m, e) = Functions.erf(m, e);
        } else if (fn == Function.SIN) {
            (m, e) = Functions.sin(m, e);
        } else if (fn == Function.COS) {
            (m, e) = Functions.cos(m, e);
        } else if (fn == Function.ATAN) {
            (m, e) = Functions.atan(m, e);
        } else {
            (int256 n, int256 f) = Float64.unpack(b);
            (m, e) = Functions.pow(m, e, n, f);
        }
        return Closeness.isFarFromValue(y, m, e);
    }

    function _ofFloats(uint256 fn, uint64 a, uint64 b) private pure returns (uint64) {
        if (fn == Function.ADD) return Float64.add(a, b);
        if (fn == Function.SUB) return Float64.sub(a, b);
        if (fn == Function.MUL) return Float64.mul(a, b);
        if (fn == Function.DIV) return Float64.div(a, b);
        if (fn == Function.NEG) return a ^ Float64.SIGN;
        if (fn == Function.ABS) return a & ~Float64.SIGN;
        if (fn == Function.SQRT) return Float64.sqrt(a);
        if (fn == Function.FLOOR) return Float64.floor(a);
        if (fn == Function.CEIL) return Float64.ceil(a);
        if (fn == Function.ROUND) return Float64.round(a);
        if (fn == Function.MIN) return Float64.key(a) <= Float64.key(b) ? a : b;
        if (fn == Function.MAX) return Float64.key(a) >= Float64.key(b) ? a : b;
        if (fn == Function.MOD) return Float64.mod(a, b);
        return Float64.fmod(a, b);
    }

    function _isUnequalOfInts(uint256 fn, uint64 y, uint64 a, uint64 b) private pure returns (bool) {
        if (fn == Function.INT_TO_FLOAT) return !Float64.same(y, Float64.fromInt(int64(a)));
        return y != _ofInts(fn, a, b);
    }

    function _ofInts(uint256 fn, uint64 a, uint64 b) private pure returns (uint64) {
        unchecked {
            (int256 x, int256 z) = (int64(a), int64(b));
            if (fn == Function.ADD) return a + b;
            if (fn == Function.SUB) return a - b;
            if (fn == Function.MUL) return a * b;
            if (fn == Function.NEG) return 0 - a;
            if (fn == Function.ABS) return x < 0 ? 0 - a : a;
            if (fn == Function.MIN) return x <= z ? a : b;
            if (fn == Function.MAX) return x >= z ? a : b;
            if (fn == Function.AND) return a & b;
            if (fn == Function.OR) return a | b;
            if (fn == Function.XOR) return a ^ b;
            if (fn == Function.EQ) return _bit(a == b);
            if (fn == Function.LT) return _bit(x < z);
            if (fn == Function.LE) return _bit(x <= z);
            if (fn == Function.SHIFT_LEFT) return b > 63 ? 0 : a << b;
            if (fn == Function.SHIFT_RIGHT) return b > 63 ? 0 : a >> b;
            if (z == 0) return 0;
            // In 256 bits the quotient 2^63 of the least by -1 exists, and wraps.
            if (fn == Function.DIV) return uint64(int64(x / z));
            int256 rest = x % z;
            if (fn == Function.MOD && rest != 0 && (rest < 0) != (z < 0)) rest += z;
            return uint64(int64(rest));
        }
    }

    function _bit(bool value) private pure returns (uint64) {
        return value ? 1 : 0;
    }
}
