// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Closeness } from "../../src/libraries/Closeness.sol";
import { Dot, DotSum } from "../../src/libraries/Dot.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { Test } from "../utils/Test.sol";
import { PlainDot } from "./PlainDot.sol";

/// @notice The assembly against plain Solidity, and what the running exponent must not do.
contract DotTest is Test {
    uint64 private constant ONE = Float64.ONE;
    uint64 private constant HUGE = 0x7FE0_0000_0000_0000;
    uint64 private constant TINY = 1;
    uint64 private constant INFINITY = 0x7FF0_0000_0000_0000;

    function _segment(uint64[] memory words) private pure returns (bytes memory segment) {
        segment = new bytes((words.length + 3) / 4 * 32);
        for (uint256 k = 0; k < words.length; ++k) {
            for (uint256 i = 0; i < 8; ++i) {
                segment[8 * k + i] = bytes1(uint8(words[k] >> (8 * i)));
            }
        }
    }

    /// Words from a seed: any bits, or near 1, or with zeros, tiny and huge numbers among them.
    function _words(uint256 seed, uint256 count) private pure returns (uint64[] memory words) {
        words = new uint64[](count);
        uint256 kind = seed % 4;
        for (uint256 k = 0; k < count; ++k) {
            uint64 word = uint64(uint256(keccak256(abi.encode(seed, k))));
            if (kind == 1 || !Float64.isFinite(word)) word = (word & 0x800F_FFFF_FFFF_FFFF) | (ONE & INFINITY);
            if (kind == 2 && word % 3 == 0) word &= 0x8000_0000_0000_0000;
            if (kind == 3) word = (word & 0x800F_FFFF_FFFF_FFFF) | (uint64(word % 5) << 52);
            words[k] = word;
        }
    }

    function _check(uint64[] memory left, uint64[] memory right) private pure returns (DotSum memory found) {
        found = Dot.ofFloats(_segment(left), _segment(right));
        DotSum memory plain = PlainDot.ofFloats(left, right);
        vm.assertEq(found.finite, plain.finite, "finite");
        if (!plain.finite) return found;
        vm.assertEq(uint256(found.sum), uint256(plain.sum), "sum");
        vm.assertEq(found.absolute, plain.absolute, "absolute");
        vm.assertEq(uint256(found.unit), uint256(plain.unit), "unit");
    }

    function testFuzz_FloatsAreAsPlain(uint256 seed, uint256 other, uint256 count) public pure {
        count = bound(count, 1, 40);
        _check(_words(seed, count), _words(other, count));
    }

    function testFuzz_AnyWordsAreAsPlain(uint64[9] memory left, uint64[9] memory right) public pure {
        (uint64[] memory a, uint64[] memory b) = (new uint64[](9), new uint64[](9));
        for (uint256 k = 0; k < 9; ++k) {
            (a[k], b[k]) = (left[k], right[k]);
        }
        _check(a, b);
    }

    function testFuzz_IntsAreAsPlain(uint256 seed, uint256 count) public pure {
        count = bound(count, 1, 40);
        (uint64[] memory left, uint64[] memory right) = (_words(seed, count), _words(~seed, count));
        vm.assertEq(Dot.ofInts(_segment(left), _segment(right)), PlainDot.ofInts(left, right), "modulo 2^64");
    }

    function testFuzz_ExtremesAreAsPlain(uint256 seed, uint256 count, bool largest, bool floats) public pure {
        uint64[] memory words = _words(seed, bound(count, 1, 21));
        (uint64 best, bool finite) = Dot.extreme(_segment(words), words.length, largest, floats);
        uint64 plain = PlainDot.extreme(words, largest, floats);
        vm.assertTrue(finite, "finite");
        vm.assertTrue(floats ? Float64.same(best, plain) : best == plain, "extreme");
        words[seed % words.length] = INFINITY;
        (, finite) = Dot.extreme(_segment(words), words.length, largest, floats);
        vm.assertEq(finite, !floats, "an infinity is seen");
    }

    function testFuzz_FilledSegments(uint64 element, uint256 terms) public pure {
        terms = bound(terms, 1, 70);
        uint64[] memory words = new uint64[](terms);
        for (uint256 k = 0; k < terms; ++k) {
            words[k] = element;
        }
        vm.assertEq(Dot.segmentOf(element, terms), _segment(words), "filled");
    }

    function testFuzz_Reversed(uint64 word) public pure {
        vm.assertEq(Dot.reversed(Dot.reversed(word)), word, "twice");
        vm.assertEq(uint8(Dot.reversed(word)), uint8(word >> 56), "the first is the last");
    }

    function _pair(uint64 x, uint64 y) private pure returns (uint64[] memory words) {
        words = new uint64[](2);
        (words[0], words[1]) = (x, y);
    }

    /// @notice A zero times a huge number leaves the tiny products what they are.
    function test_ZeroTimesHugeKeepsThePrecision() public pure {
        DotSum memory with = _check(_pair(0, 0x0010_0000_0000_0001), _pair(HUGE, 0x3CA0_0000_0000_0003));
        DotSum memory without = _check(_pair(0, 0x0010_0000_0000_0001), _pair(0, 0x3CA0_0000_0000_0003));
        vm.assertEq(uint256(with.sum), uint256(without.sum), "sum");
        vm.assertEq(uint256(with.unit), uint256(without.unit), "unit");
    }

    function test_TermsBelowTheAnchorVanish() public pure {
        DotSum memory found = _check(_pair(HUGE, TINY), _pair(HUGE, TINY));
        vm.assertEq(uint256(found.sum), uint256(1) << (104 + 128), "only the large one");
    }

    /// @notice 4,096 of the largest products stay within the word, and saturate.
    function test_TheLargestSum() public pure {
        bytes memory segment = Dot.segmentOf(Float64.LARGEST, 4096);
        DotSum memory found = Dot.ofFloats(segment, segment);
        vm.assertTrue(found.absolute < 1 << 247 && found.sum > 0, "room");
        vm.assertFalse(Closeness.isFarFromSum(Float64.LARGEST, found, 4096), "saturated");
    }

    function test_CancellationToNothing() public pure {
        DotSum memory found = _check(_pair(HUGE, HUGE), _pair(ONE, ONE | Float64.SIGN));
        vm.assertEq(uint256(found.sum), 0, "sum");
        vm.assertFalse(Closeness.isFarFromSum(0, found, 2), "zero is right");
        vm.assertTrue(Closeness.isFarFromSum(HUGE, found, 2), "not the whole");
    }
}
