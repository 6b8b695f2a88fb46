// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Float64
/// @notice IEEE 754 binary64 on bit patterns: exact decomposition, and the basic operations correctly rounded (half to
/// even, subnormals kept, overflow saturating at the largest finite value).
/// @dev Operands must be finite; results are. A number is `m * 2^e` with an exact integer m. Each operation first makes
/// the exact result, or one with a sticky bit, and rounds it once in `pack`. A sticky bit stands for any non-zero rest
/// below it: with at least two bits between it and the rounding position it changes neither side of a tie, so the
/// rounding is that of the exact result. Zero results have either sign; nothing tells -0 from +0.
library Float64 {
    uint64 internal constant SIGN = 0x8000_0000_0000_0000;
    uint64 internal constant ONE = 0x3FF0_0000_0000_0000;
    uint64 internal constant LARGEST = 0x7FEF_FFFF_FFFF_FFFF;
    uint64 private constant FRACTION = 0x000F_FFFF_FFFF_FFFF;
    int256 private constant SMALLEST_EXPONENT = -1074;
    int256 private constant LARGEST_EXPONENT = 971;

    // Representation

    function isFinite(uint64 x) internal pure returns (bool) {
        return (x >> 52) & 0x7FF != 0x7FF;
    }

    /// @notice The exact value `m * 2^e`, abs(m) < 2^53; zero has the smallest exponent.
    function unpack(uint64 x) internal pure returns (int256 m, int256 e) {
        unchecked {
            uint256 biased = (x >> 52) & 0x7FF;
            uint256 fraction = x & FRACTION;
            if (biased == 0) (m, e) = (int256(fraction), SMALLEST_EXPONENT);
            else (m, e) = (int256(fraction | (1 << 52)), int256(biased) - 1075);
            if (x & SIGN != 0) m = -m;
        }
    }

    /// @notice `m * 2^e` rounded half to even, saturated; m < 2^255.
    function pack(bool negative, uint256 m, int256 e) internal pure returns (uint64 bits) {
        unchecked {
            if (m == 0) return 0;
            // Bits below the last one kept: 53 bits stay, or fewer at the smallest exponent.
            int256 drop = int256(Math.log2(m)) - 52;
            if (drop < SMALLEST_EXPONENT - e) drop = SMALLEST_EXPONENT - e;
            if (drop > 255) return 0;
            if (drop > 0) m = roundedShift(m, uint256(drop));
            else m <<= uint256(-drop);
            e += drop;
            if (e > LARGEST_EXPONENT) bits = LARGEST;
            // Subnormal: m < 2^52 and e is smallest. A carry to m = 2^53 moves into the exponent by itself.
            else if (m < 1 << 52) bits = uint64(m);
            else bits = uint64((uint256(e + 1075) << 52) + (m - (1 << 52)));
            if (bits > LARGEST) bits = LARGEST;
            if (negative) bits |= SIGN;
        }
    }

    /// @notice `m * 2^e` for a signed m.
    function pack(int256 m, int256 e) internal pure returns (uint64) {
        return pack(m < 0, magnitude(m), e);
    }

    /// @notice `m / 2^shift` rounded half to even; 0 < shift < 256.
    function roundedShift(uint256 m, uint256 shift) internal pure returns (uint256 quotient) {
        unchecked {
            quotient = m >> shift;
            uint256 rest = m - (quotient << shift);
            uint256 half = 1 << (shift - 1);
            if (rest > half || (rest == half && quotient & 1 == 1)) quotient += 1;
        }
    }

    function magnitude(int256 m) internal pure returns (uint256) {
        unchecked {
            return uint256(m < 0 ? -m : m);
        }
    }

    // Comparison

    /// @notice Equal as numbers.
    function same(uint64 x, uint64 y) internal pure returns (bool) {
        return x == y || (x | y) & ~SIGN == 0;
    }

    /// @notice An integer that is ordered as the numbers are.
    function key(uint64 x) internal pure returns (uint64) {
        if (x & SIGN == 0) return x | SIGN;
        return x == SIGN ? SIGN : ~x;
    }

    // Arithmetic

    function add(uint64 x, uint64 y) internal pure returns (uint64) {
        unchecked {
            (int256 m, int256 e) = unpack(x);
            (int256 n, int256 f) = unpack(y);
            if (e < f) (m, e, n, f) = (n, f, m, e);
            if (e - f <= 190) return pack((m << uint256(e - f)) + n, f);
            // m is normal here, and n at most 2^(53 - 190) of its last place: a sticky bit of n's sign at 2^-128.
            m <<= 128;
            if (n != 0) m += n > 0 ? int256(1) : int256(-1);
            return pack(m, e - 128);
        }
    }

    function sub(uint64 x, uint64 y) internal pure returns (uint64) {
        return add(x, y ^ SIGN);
    }

    function mul(uint64 x, uint64 y) internal pure returns (uint64) {
        unchecked {
            (int256 m, int256 e) = unpack(x);
            (int256 n, int256 f) = unpack(y);
            return pack(m * n, e + f);
        }
    }

    /// @notice x / 0 is the largest finite value with x's sign, 0 / 0 is 0.
    function div(uint64 x, uint64 y) internal pure returns (uint64) {
        unchecked {
            (int256 m, int256 e) = unpack(x);
            (int256 n, int256 f) = unpack(y);
            if (m == 0) return 0;
            if (n == 0) return LARGEST | (x & SIGN);
            // The quotient has more than 75 bits, even of the smallest m by the largest n.
            uint256 dividend = magnitude(m) << 128;
            uint256 divisor = magnitude(n);
            uint256 quotient = (dividend / divisor) << 1;
            if (dividend % divisor != 0) quotient |= 1;
            return pack((m < 0) != (n < 0), quotient, e - f - 129);
        }
    }

    /// @notice 0 below 0.
    function sqrt(uint64 x) internal pure returns (uint64) {
        unchecked {
            (int256 m, int256 e) = unpack(x);
            if (m <= 0) return 0;
            if (e & 1 != 0) (m, e) = (m << 1, e - 1);
            // A root of at least 64 bits.
            uint256 square = uint256(m) << 128;
            uint256 root = Math.sqrt(square);
            uint256 sticky = root * root == square ? 0 : 1;
            return pack(false, (root << 1) | sticky, (e - 128) / 2 - 1);
        }
    }

    /// @notice Remainder with the sign of the dividend, exact; 0 by 0.
    function fmod(uint64 x, uint64 y) internal pure returns (uint64) {
        unchecked {
            (int256 m, int256 e) = unpack(x);
            (int256 n, int256 f) = unpack(y);
            if (n == 0) return 0;
            uint256 rest = magnitude(m);
            uint256 divisor = magnitude(n);
            if (e < f) {
                // In units of 2^e. Beyond 190 bits the divisor is larger than any dividend.
                if (f - e > 190) return x;
                rest %= divisor << uint256(f - e);
                return pack(m < 0, rest, e);
            }
            uint256 shift = uint256(e - f);
            rest %= divisor;
            for (; shift > 200; shift -= 200) {
                rest = (rest << 200) % divisor;
            }
            return pack(m < 0, (rest << shift) % divisor, f);
        }
    }

    /// @notice Remainder with the sign of the divisor, correctly rounded; 0 by 0.
    /// @dev `fmod` is exact, so one rounded addition is the only rounding.
    function mod(uint64 x, uint64 y) internal pure returns (uint64 rest) {
        rest = fmod(x, y);
        if (rest & ~SIGN != 0 && (rest ^ y) & SIGN != 0) rest = add(rest, y);
    }

    // Integers

    function floor(uint64 x) internal pure returns (uint64) {
        (int256 m, uint256 places) = _fixed(x);
        return places == 0 ? x : pack(m >> places, 0);
    }

    function ceil(uint64 x) internal pure returns (uint64) {
        return floor(x ^ SIGN) ^ SIGN;
    }

    /// @notice The nearest integer, half to even.
    function round(uint64 x) internal pure returns (uint64) {
        (int256 m, uint256 places) = _fixed(x);
        return places == 0 ? x : pack(m < 0, roundedShift(magnitude(m), places), 0);
    }

    function fromInt(int64 i) internal pure returns (uint64) {
        return pack(int256(i), 0);
    }

    /// @notice Truncates, saturates.
    function toInt(uint64 x) internal pure returns (int64) {
        unchecked {
            (int256 m, uint256 places) = _fixed(x);
            if (places != 0) return int64(m / int256(1 << places));
            (, int256 e) = unpack(x);
            m = e > 64 ? m << 64 : m << uint256(e);
            if (m > type(int64).max) return type(int64).max;
            return m < type(int64).min ? type(int64).min : int64(m);
        }
    }

    /// @dev x as `m / 2^places`, `places` 0 where x is an integer `m * 2^e`. Beyond 100 places abs(x) < 2^-47, which
    /// rounds as the same m with 100 places does.
    function _fixed(uint64 x) private pure returns (int256 m, uint256 places) {
        unchecked {
            int256 e;
            (m, e) = unpack(x);
            if (e < 0) places = e < -100 ? 100 : uint256(-e);
        }
    }
}
