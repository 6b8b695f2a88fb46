// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Quanta } from "../../src/libraries/Quanta.sol";
import { PlainQuanta } from "../utils/PlainQuanta.sol";
import { Test } from "../utils/Test.sol";

contract QuantaTest is Test {
    uint256 internal constant LIMIT = 1 << 53;
    uint256 internal constant SIGN = 1 << 31;

    /// By the definition: mantissa * 2^(exponent - 150 + scale) in units of 2^-300, rounded, cut.
    function _plain(uint256 bits, uint256 scale, uint256 limit) internal pure returns (uint256 size) {
        uint256 exponent = (bits >> 23) & 255;
        uint256 mantissa = bits & 0x7FFFFF;
        if (exponent == 255) return mantissa == 0 ? limit : 0;
        mantissa += exponent == 0 ? 0 : 1 << 23;
        exponent = exponent == 0 ? 1 : exponent;
        // Above 2^63 the limit cuts whatever it is; below it nothing overflows.
        if (exponent + scale > 150 + 63 && mantissa > 0) return limit;
        size = (mantissa << (exponent + scale)) + (1 << 149) >> 150;
        return size > limit ? limit : size;
    }

    function testFuzz_QuantisesByTheDefinition(uint32 bits, uint256 scale, uint256 limit) public pure {
        (scale, limit) = (bound(scale, 0, 32), bound(limit, 1, LIMIT));
        uint256 size = _plain(bits, scale, limit);
        uint256 expected = bits & SIGN != 0 && size != 0 ? Quanta.FIELD - size : size;
        vm.assertEq(PlainQuanta.quantise(bits, scale, limit), expected, "quanta");
    }

    /// Numbers near one are where a circuit reads.
    function testFuzz_QuantisesUsualNumbers(uint24 fraction, uint8 exponent, bool negative, uint256 scale) public pure {
        uint256 bits = uint256(fraction & 0x7FFFFF) | (bound(exponent, 100, 150) << 23) | (negative ? SIGN : 0);
        scale = bound(scale, 0, 32);
        uint256 size = _plain(bits, scale, LIMIT);
        uint256 expected = negative && size != 0 ? Quanta.FIELD - size : size;
        vm.assertEq(PlainQuanta.quantise(bits, scale, LIMIT), expected, "quanta");
    }

    function test_RoundsHalvesAwayFromZero() public pure {
        uint32[6] memory numbers = [0x3F000000, 0xBF000000, 0x3FC00000, 0x40200000, 0x3EFFFFFF, 0x3F7FFFFF];
        uint256[6] memory quanta = [uint256(1), Quanta.FIELD - 1, 2, 3, 0, 1];
        for (uint256 i = 0; i < 6; i++) {
            vm.assertEq(PlainQuanta.quantise(numbers[i], 0, LIMIT), quanta[i], "half");
        }
    }

    function test_CutsWhatIsNotFiniteOrTooLarge() public pure {
        vm.assertEq(PlainQuanta.quantise(0x7F800000, 11, 1000), 1000, "infinity");
        vm.assertEq(PlainQuanta.quantise(0xFF800000, 11, 1000), Quanta.FIELD - 1000, "minus infinity");
        vm.assertEq(PlainQuanta.quantise(0x7FC00000, 11, 1000), 0, "NaN");
        vm.assertEq(PlainQuanta.quantise(0xFF800001, 11, 1000), 0, "signalling NaN");
        vm.assertEq(PlainQuanta.quantise(0x7F7FFFFF, 32, 1000), 1000, "largest");
        vm.assertEq(PlainQuanta.quantise(0x80000000, 32, 1000), 0, "minus zero");
        vm.assertEq(PlainQuanta.quantise(0x80000001, 32, 1000), 0, "subnormal");
        // 1000 and 1000.5 quanta.
        vm.assertEq(PlainQuanta.quantise(0x447A0000, 0, 1000), 1000, "the limit itself");
        vm.assertEq(PlainQuanta.quantise(0x447A2000, 0, 1000), 1000, "beyond the limit");
    }

    function testFuzz_WholeQuantaSurvive(int256 quanta, uint256 scale) public pure {
        (quanta, scale) = (int256(bound(uint256(quanta), 0, 2 ** 25 - 2)) - (2 ** 24 - 1), bound(scale, 0, 32));
        (int256 found, bool isWhole) = PlainQuanta.whole(_bitsOf(quanta, scale), scale);
        vm.assertTrue(isWhole, "whole");
        vm.assertTrue(found == quanta, "quanta");
    }

    function testFuzz_WhatIsWholeIsQuantisedToItself(uint32 bits, uint256 scale) public pure {
        scale = bound(scale, 0, 32);
        (int256 found, bool isWhole) = PlainQuanta.whole(bits, scale);
        if (!isWhole) return;
        vm.assertEq(PlainQuanta.quantise(bits, scale, LIMIT), Quanta.fieldOf(found), "field");
    }

    function test_RefusesWhatIsNotWhole() public pure {
        uint32[7] memory numbers = [0x3F000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x4B800000, 0xCB800000, 0x00000001];
        for (uint256 i = 0; i < 7; i++) {
            (, bool isWhole) = PlainQuanta.whole(numbers[i], 0);
            vm.assertFalse(isWhole, "one half, infinities, NaN, 2^24, -2^24, subnormal");
        }
        (int256 zero, bool whole) = PlainQuanta.whole(0x80000000, 0);
        vm.assertTrue(whole && zero == 0, "minus zero is zero");
    }

    function bitsAt(bytes calldata tensor, uint256 index) external pure returns (uint256) {
        return PlainQuanta.bitsAt(tensor, index);
    }

    function test_ReadsLittleEndian() public view {
        bytes memory tensor = hex"0000803f000020c1";
        vm.assertEq(this.bitsAt(tensor, 0), 0x3F800000, "one");
        vm.assertEq(this.bitsAt(tensor, 1), 0xC1200000, "minus ten");
    }

    // The loop by hand

    function all(bytes calldata tensor, uint256 scale, uint256 limit)
        external
        pure
        returns (uint256[] memory found, bool isCut)
    {
        found = new uint256[](tensor.length / 4 + 1);
        found[tensor.length / 4] = type(uint256).max;
        isCut = Quanta.quantiseAll(tensor, scale, limit, found);
    }

    function testFuzz_AllOfATensorByHandIsEachByItself(
        bytes32[9] memory words,
        uint256 count,
        uint256 scale,
        uint256 limit
    ) public view {
        (count, scale, limit) = (bound(count, 0, 72), bound(scale, 0, 32), bound(limit, 1, LIMIT));
        bytes memory tensor = abi.encodePacked(words);
        // Numbers near one beside numbers of any bits.
        for (uint256 i = 3; i < tensor.length; i += 8) {
            tensor[i] = bytes1(0x3C + uint8(tensor[i]) % 6);
        }
        assembly ("memory-safe") {
            mstore(tensor, mul(count, 4))
        }
        (uint256[] memory found, bool isCut) = this.all(tensor, scale, limit);
        bool anyCut = false;
        for (uint256 i = 0; i < count; i++) {
            uint256 bits = this.bitsAt(tensor, i);
            vm.assertEq(found[i], PlainQuanta.quantise(bits, scale, limit), "quanta");
            anyCut = anyCut || _plain(bits, scale, limit + 1) > limit;
        }
        vm.assertEq(isCut, anyCut, "cut");
        vm.assertEq(found[count], type(uint256).max, "nothing beyond");
    }

    function wholes(bytes calldata tensor, uint256 scale, uint256 first)
        external
        pure
        returns (uint256[] memory found, uint256 count)
    {
        found = new uint256[](first + tensor.length / 4 + 1);
        count = Quanta.wholeAll(tensor, scale, found, first);
    }

    /// Numbers of any bits, and whole ones, of which one may be spoilt.
    function testFuzz_WholesOfATensorByHandAreEachByItself(
        uint32[8] memory any,
        int256[11] memory quanta,
        uint256 count,
        uint256 scale,
        uint256 spoilt
    ) public view {
        (count, scale, spoilt) = (bound(count, 0, 11), bound(scale, 0, 32), bound(spoilt, 0, 14));
        bytes memory tensor;
        for (uint256 i = 0; i < count; i++) {
            int256 one = int256(bound(uint256(quanta[i]), 0, 2 ** 25 - 2)) - (2 ** 24 - 1);
            uint256 bits = i == spoilt ? any[i % 8] : _bitsOf(one, scale);
            tensor = abi.encodePacked(tensor, _swapped(bits));
        }
        (uint256[] memory found, uint256 wholeCount) = this.wholes(tensor, scale, 3);
        uint256 expected;
        for (; expected < count; expected++) {
            (int256 one, bool isWhole) = PlainQuanta.whole(this.bitsAt(tensor, expected), scale);
            if (!isWhole) break;
            vm.assertTrue(found[3 + expected] == uint256(one), "quanta");
        }
        vm.assertEq(wholeCount, expected, "count");
    }

    function testFuzz_AnyBitsAreWholeOrNotByHandToo(uint32 bits, uint256 scale) public view {
        scale = bound(scale, 0, 32);
        (uint256[] memory found, uint256 count) = this.wholes(abi.encodePacked(_swapped(bits)), scale, 0);
        (int256 one, bool isWhole) = PlainQuanta.whole(bits, scale);
        vm.assertEq(count, isWhole ? 1 : 0, "whole");
        if (isWhole) vm.assertTrue(found[0] == uint256(one), "quanta");
    }

    function _swapped(uint256 bits) internal pure returns (bytes4) {
        return bytes4(uint32((bits << 24) | ((bits & 0xFF00) << 8) | ((bits >> 8) & 0xFF00) | (bits >> 24)));
    }

    /// The float32 of whole quanta below 2^24.
    function _bitsOf(int256 quanta, uint256 scale) internal pure returns (uint256) {
        if (quanta == 0) return 0;
        uint256 size = uint256(quanta < 0 ? -quanta : quanta);
        uint256 exponent = 150 - scale;
        while (size < 1 << 23) (size, exponent) = (size << 1, exponent - 1);
        return (size & 0x7FFFFF) | (exponent << 23) | (quanta < 0 ? SIGN : 0);
    }
}
