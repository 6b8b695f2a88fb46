// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Ruling } from "../../src/interfaces/IReferee.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { Maps } from "../../src/libraries/Maps.sol";
import { Widening } from "../../src/libraries/Widening.sol";
import { DType64, Function } from "../../src/types/Step.sol";
import { Court, Hearing, Run, Tensor } from "../utils/Court.sol";

/// @notice Where floats and integers end: each edge of the laws by its name. What is lawful stands beside what isn't.
contract RefereeFloatsTest is Court {
    uint64 private constant ONE = Float64.ONE;
    uint64 private constant TWO = 0x4000_0000_0000_0000;
    uint64 private constant HALF = 0x3FE0_0000_0000_0000;
    uint64 private constant LARGEST = Float64.LARGEST;
    uint64 private constant MINUS = Float64.SIGN;
    uint64 private constant LEAST = 1;
    uint64 private constant SMALLEST_NORMAL = 0x0010_0000_0000_0000;
    uint64 private constant INT_MIN = 1 << 63;

    function _floats(uint256 fn, uint64 a, uint64 b, uint64 right, uint64 wrong) private pure {
        vm.assertFalse(Maps.isBroken(fn, DType64.FLOAT, right, a, b), "lawful");
        vm.assertTrue(Maps.isBroken(fn, DType64.FLOAT, wrong, a, b), "broken");
    }

    function _ints(uint256 fn, uint64 a, uint64 b, uint64 right) private pure {
        vm.assertFalse(Maps.isBroken(fn, DType64.INT, right, a, b), "lawful");
        vm.assertTrue(Maps.isBroken(fn, DType64.INT, right + 1, a, b), "broken");
    }

    function test_NanAndInfinitiesOfAnInput() public pure {
        uint64[3][4] memory bits = [
            [uint64(0x7FC0_0000), 0x7F80_0000, 0xFF80_0000],
            [uint64(0x7E01), 0x7C00, 0xFC00],
            [uint64(0x7FF0_0000_0000_0001), 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000],
            [uint64(0xFFC1), 0x7F80, 0xFF80]
        ];
        // float, float16, double, bfloat16
        uint8[4] memory dtypes = [1, 10, 11, 16];
        for (uint256 k = 0; k < 4; ++k) {
            vm.assertEq(Widening.widen(dtypes[k], bits[k][0]), 0, "NaN");
            vm.assertEq(Widening.widen(dtypes[k], bits[k][1]), LARGEST, "infinity");
            vm.assertEq(Widening.widen(dtypes[k], bits[k][2]), LARGEST | MINUS, "minus infinity");
        }
    }

    function test_MinusZeroIsReadAsZero() public pure {
        _floats(Function.NEG, 0, 0, MINUS, LEAST);
        _floats(Function.NEG, 0, 0, 0, LEAST);
        _floats(Function.DIV, ONE, MINUS, LARGEST, LARGEST | MINUS);
        _floats(Function.EQ, 0, MINUS, 1, 0);
        _floats(Function.LT, MINUS, 0, 0, 1);
        _floats(Function.POW, MINUS, ONE | MINUS, 0, LARGEST);
    }

    function test_SubnormalsAreKept() public pure {
        _floats(Function.MUL, SMALLEST_NORMAL, HALF, 0x0008_0000_0000_0000, 0);
        _floats(Function.DIV, LEAST, TWO, 0, LEAST);
        _floats(Function.SUB, SMALLEST_NORMAL + 1, SMALLEST_NORMAL, LEAST, 0);
        _floats(Function.SQRT, LEAST, 0, 0x1E60_0000_0000_0000, 0);
        _floats(Function.EXP, 0xC087_4000_0000_0000, 0, 1, 3); // exp(-744) is 2 of the least, nearly
    }

    function test_LargestFiniteSaturates() public pure {
        _floats(Function.ADD, LARGEST, LARGEST, LARGEST, LARGEST - 1);
        _floats(Function.MUL, LARGEST, LARGEST | MINUS, LARGEST | MINUS, (LARGEST - 1) | MINUS);
        _floats(Function.DIV, LARGEST, LEAST, LARGEST, LARGEST - 1);
    }

    function test_Cancellation() public pure {
        _floats(Function.SUB, ONE + 1, ONE, 0x3CB0_0000_0000_0000, 0);
        _floats(Function.ADD, 0x4330_0000_0000_0000, 0xC32F_FFFF_FFFF_FFFF, HALF, ONE);
    }

    function test_ZeroTimesHuge() public pure {
        _floats(Function.MUL, 0, LARGEST, 0, LEAST);
    }

    function test_ExpOverflow() public pure {
        _floats(Function.EXP, 0x4086_3000_0000_0000, 0, LARGEST, 0x7FE0_0000_0000_0000);
        _floats(Function.EXP, LARGEST, 0, LARGEST, 0x7FE0_0000_0000_0000);
    }

    function test_ExpIsNeverBelowZero() public pure {
        _floats(Function.EXP, LARGEST | MINUS, 0, 0, LEAST | MINUS);
        _floats(Function.EXP, LARGEST | MINUS, 0, MINUS, 2);
    }

    function test_LogOfZero() public pure {
        _floats(Function.LOG, 0, 0, LARGEST | MINUS, 0);
        _floats(Function.LOG, ONE | MINUS, 0, LARGEST | MINUS, LARGEST);
    }

    function test_SqrtOfMinusOne() public pure {
        _floats(Function.SQRT, ONE | MINUS, 0, 0, ONE);
    }

    function test_PowDomain() public pure {
        _floats(Function.POW, TWO | MINUS, HALF, 0, ONE);
        _floats(Function.POW, 0, ONE | MINUS, 0, LARGEST);
        _floats(Function.POW, 0, 0, ONE, 0);
        _floats(Function.POW, LARGEST, TWO, LARGEST, 0);
        _floats(Function.POW, LARGEST | MINUS, 0x4008_0000_0000_0000, LARGEST | MINUS, LARGEST);
    }

    function test_SineBeyondItsDomain() public pure {
        _floats(Function.SIN, 0x41F0_0000_0000_0000, 0, 0, HALF);
        _floats(Function.COS, LARGEST, 0, 0, ONE);
    }

    function test_DivisionByZero() public pure {
        _floats(Function.DIV, ONE, 0, LARGEST, 0);
        _floats(Function.DIV, ONE | MINUS, 0, LARGEST | MINUS, LARGEST);
        _floats(Function.DIV, 0, 0, 0, LARGEST);
        _floats(Function.MOD, ONE, 0, 0, ONE);
        _floats(Function.FMOD, ONE, 0, 0, ONE);
        _ints(Function.DIV, 7, 0, 0);
        _ints(Function.MOD, 7, 0, 0);
        _ints(Function.FMOD, 7, 0, 0);
    }

    function test_IntOverflow() public pure {
        _ints(Function.ADD, INT_MIN - 1, 1, INT_MIN);
        _ints(Function.MUL, INT_MIN, 2, 0);
        _ints(Function.NEG, INT_MIN, 0, INT_MIN);
        _ints(Function.ABS, INT_MIN, 0, INT_MIN);
        _ints(Function.DIV, INT_MIN, type(uint64).max, INT_MIN);
        _ints(Function.MOD, INT_MIN, type(uint64).max, 0);
        _ints(Function.SHIFT_LEFT, 1, 64, 0);
        _ints(Function.SHIFT_RIGHT, type(uint64).max, type(uint64).max, 0);
    }

    function test_CastsOutOfRange() public pure {
        _floats(Function.FLOAT_TO_INT, LARGEST, 0, INT_MIN - 1, INT_MIN);
        _floats(Function.FLOAT_TO_INT, LARGEST | MINUS, 0, INT_MIN, INT_MIN - 1);
        vm.assertFalse(Maps.isBroken(Function.INT_TO_FLOAT, 2, 0x43E0_0000_0000_0000, INT_MIN - 1, 0), "2^63");
    }

    function test_GatherOutOfRange() public view {
        uint64[] memory data = new uint64[](3);
        (data[0], data[1], data[2]) = (ONE, ONE, TWO);
        _gather(data, 2, TWO);
        _gather(data, 3, 0);
        _gather(data, uint64(INT_MIN), 0);
        _gather(data, type(uint64).max, 0);
    }

    function _gather(uint64[] memory data, uint64 j, uint64 right) private view {
        bytes memory record = bytes.concat(
            abi.encodePacked(uint8(7), uint8(0), uint8(1), uint8(0), uint8(0), uint8(2)),
            abi.encodePacked(uint8(1), uint8(1), uint32(0), uint40(3), uint8(0), uint64(0), int64(0)),
            abi.encodePacked(uint8(1), uint8(2), uint32(1), uint40(1), uint8(0), uint64(0), int64(0)),
            abi.encodePacked(int64(1), uint40(3))
        );
        Tensor[] memory tensors = new Tensor[](2);
        uint64[] memory index = new uint64[](1);
        index[0] = j;
        (tensors[0], tensors[1]) = (tensorOf(1, 0, data), tensorOf(1, 1, index));
        Run[] memory runs = new Run[](j < 3 ? 2 : 1);
        runs[0] = Run(1, 0, 1);
        if (j < 3) runs[1] = Run(0, j, 1);
        Hearing memory hearing = Hearing(record, 1, 0, tensors, runs);
        vm.assertEq(uint256(rule(hearing, right)), uint256(Ruling.Lawful), "lawful");
        vm.assertEq(uint256(rule(hearing, HALF)), uint256(Ruling.Broken), "broken");
    }
}
