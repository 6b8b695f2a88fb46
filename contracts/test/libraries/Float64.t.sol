// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Float64 } from "../../src/libraries/Float64.sol";
import { Test } from "../utils/Test.sol";

/// @notice Properties that hold for every pair of numbers, in exact integers where the exponents allow it.
/// tests/vectors/laws.json holds the values.
contract Float64Test is Test {
    using Float64 for uint64;

    uint64 private constant ONE = Float64.ONE;

    /// Any finite number; some with few significant bits, for ties.
    function _finite(uint64 x) private pure returns (uint64) {
        if (!x.isFinite()) x ^= 0x4000_0000_0000_0000;
        return x % 3 == 0 ? x & 0xFFFF_FFFF_F000_0000 : x;
    }

    /// A number between 2^-40 and 2^40.
    function _moderate(uint64 x) private pure returns (uint64) {
        uint64 exponent = 983 + ((x >> 52) & 0x7FF) % 81;
        return (_finite(x) & 0x800F_FFFF_FFFF_FFFF) | (exponent << 52);
    }

    /// In units of 2^-100; exact for `_moderate` numbers and their remainders.
    function _units(uint64 x) private pure returns (int256) {
        (int256 m, int256 e) = x.unpack();
        return e >= -100 ? m << uint256(e + 100) : m >> uint256(-100 - e);
    }

    /// Whether no float64 is nearer to `exact` units of 2^-`scale` than `x`, and x is even where two are as near.
    function _isNearest(uint64 x, int256 exact, uint256 scale) private pure returns (bool) {
        (int256 m, int256 e) = x.unpack();
        int256 shift = e + int256(scale);
        if (shift <= 0) return m == exact << uint256(-shift);
        uint256 off = Float64.magnitude(exact - (m << uint256(shift)));
        uint256 half = uint256(1) << uint256(shift - 1);
        // Below a power of two the numbers lie twice as dense.
        if (Float64.magnitude(m) == 1 << 52 && Float64.magnitude(exact) < Float64.magnitude(m) << uint256(shift)) {
            return off <= half >> 1;
        }
        return off < half || (off == half && m & 1 == 0);
    }

    function testFuzz_PackInvertsUnpack(uint64 x) public pure {
        x = _finite(x);
        (int256 m, int256 e) = x.unpack();
        vm.assertTrue(Float64.pack(m, e).same(x), "same");
    }

    function testFuzz_AddIsNearest(uint64 x, uint64 y) public pure {
        (x, y) = (_moderate(x), _moderate(y));
        vm.assertTrue(_isNearest(x.add(y), _units(x) + _units(y), 100), "sum");
        vm.assertTrue(_isNearest(x.sub(y), _units(x) - _units(y), 100), "difference");
        vm.assertTrue(x.add(y).same(y.add(x)), "either order");
    }

    function testFuzz_MulIsNearest(uint64 x, uint64 y) public pure {
        (x, y) = (_moderate(x), _moderate(y));
        (int256 m, int256 e) = x.unpack();
        (int256 n, int256 f) = y.unpack();
        vm.assertTrue(_isNearest(x.mul(y), m * n, uint256(-(e + f))), "product");
    }

    /// A quotient q of x by y is nearest exactly if abs(x - q y) <= half a last place of q times y.
    function testFuzz_DivIsNearest(uint64 x, uint64 y) public pure {
        (x, y) = (_moderate(x), _moderate(y));
        (int256 m, int256 e) = x.unpack();
        (int256 n, int256 f) = y.unpack();
        (int256 q, int256 g) = x.div(y).unpack();
        // In units of 2^(g + f - 1): 2 x against 2 q y.
        int256 twice = e - (g + f) >= 0 ? 2 * m << uint256(e - (g + f)) : 2 * m >> uint256(g + f - e);
        vm.assertLe(Float64.magnitude(twice - 2 * q * n), Float64.magnitude(n), "half a place");
        vm.assertEq(x.div(y) >> 63, (x ^ y) >> 63, "sign");
    }

    function testFuzz_SqrtIsNearest(uint64 x) public pure {
        x = _moderate(x) & ~Float64.SIGN;
        (int256 m, int256 e) = x.unpack();
        (int256 r, int256 g) = x.sqrt().unpack();
        // (r - 1/2)^2 < x < (r + 1/2)^2 in units of 2^(2g - 2); no root of a float64 lies in the middle.
        int256 square = m << uint256(e - 2 * g + 2);
        vm.assertTrue((2 * r - 1) * (2 * r - 1) < square && square < (2 * r + 1) * (2 * r + 1), "root");
    }

    function testFuzz_AddIsSafe(uint64 x, uint64 y) public pure {
        (x, y) = (_finite(x), _finite(y));
        vm.assertTrue(x.add(y).isFinite() && x.mul(y).isFinite() && x.div(y).isFinite(), "finite");
        vm.assertTrue(x.sub(x).same(0) && x.add(0).same(x), "neutral");
        vm.assertTrue(x.sub(y).same(y.sub(x) ^ Float64.SIGN), "mirrored");
        vm.assertTrue(x.mul(ONE).same(x) && x.div(ONE).same(x), "one");
        vm.assertTrue(x.same(0) || x.div(x) == ONE, "by itself");
        vm.assertEq(x.sub(y).same(0), x.same(y), "no difference only of equals");
    }

    function testFuzz_OrderIsThatOfDifferences(uint64 x, uint64 y) public pure {
        (x, y) = (_finite(x), _finite(y));
        uint64 difference = x.sub(y);
        vm.assertEq(x.key() < y.key(), difference >> 63 == 1 && !difference.same(0), "less");
        vm.assertEq(x.key() == y.key(), x.same(y), "equal");
    }

    function testFuzz_Remainders(uint64 x, uint64 y) public pure {
        (x, y) = (_finite(x), _finite(y));
        (uint64 rest, uint64 floored) = (x.fmod(y), x.mod(y));
        uint64 size = y & ~Float64.SIGN;
        if (y.same(0)) {
            vm.assertTrue(rest.same(0) && floored.same(0), "by zero");
            return;
        }
        vm.assertLt((rest & ~Float64.SIGN).key(), size.key(), "smaller than the divisor");
        vm.assertLe((floored & ~Float64.SIGN).key(), size.key(), "no larger than the divisor");
        vm.assertTrue(rest.same(0) || rest >> 63 == x >> 63, "the dividend's sign");
        vm.assertTrue(floored.same(0) || floored >> 63 == y >> 63, "the divisor's sign");
        vm.assertTrue(rest.fmod(y).same(rest), "again");
    }

    function testFuzz_FmodIsExact(uint64 x, uint64 y) public pure {
        (x, y) = (_moderate(x), _moderate(y));
        vm.assertEq(uint256(_units(x.fmod(y))), uint256(_units(x) % _units(y)), "rest");
    }

    function testFuzz_Integers(uint64 x) public pure {
        x = _finite(x);
        (uint64 low, uint64 high, uint64 near) = (x.floor(), x.ceil(), x.round());
        vm.assertTrue(low.key() <= x.key() && x.key() <= high.key(), "between");
        vm.assertTrue(low.same(high) ? low.same(x) : high.sub(low) == ONE, "one apart");
        vm.assertTrue(near.same(low) || near.same(high), "one of both");
        if (!low.same(high)) {
            (uint64 below, uint64 above) = (x.sub(low), high.sub(x));
            if (below.key() < above.key()) vm.assertTrue(near.same(low), "down");
            if (below.key() > above.key()) vm.assertTrue(near.same(high), "up");
            if (below == above) vm.assertTrue(near.fmod(0x4000_0000_0000_0000).same(0), "even");
        }
    }

    function testFuzz_IntsComeBack(int64 i) public pure {
        int64 small = i >> 11;
        vm.assertTrue(Float64.toInt(Float64.fromInt(small)) == small, "53 bits come back");
        vm.assertTrue(_isNearest(Float64.fromInt(i), i, 0), "nearest");
    }

    function test_IntsSaturate() public pure {
        vm.assertTrue(Float64.toInt(0x43E0_0000_0000_0000) == type(int64).max, "2^63");
        vm.assertTrue(Float64.toInt(0xC3E0_0000_0000_0000) == type(int64).min, "-2^63");
        vm.assertTrue(Float64.toInt(Float64.LARGEST | Float64.SIGN) == type(int64).min, "the least");
        vm.assertTrue(Float64.toInt(0xBFEF_FFFF_FFFF_FFFF) == 0, "just above -1");
        vm.assertTrue(Float64.toInt(1) == 0, "the smallest");
    }
}
