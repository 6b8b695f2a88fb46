// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Tolerances } from "../../src/libraries/Tolerances.sol";
import { OutputTolerance, Tolerance } from "../../src/types/Model.sol";
import { Test } from "../utils/Test.sol";

contract TolerancesTest is Test {
    uint64 internal constant ONE = 0x3FF0 << 48;
    uint64 internal constant TENTH = 0x3FB999999999999A;
    uint64 internal constant HALF = 0x3FE0 << 48;
    uint64 internal constant INFINITY = 0x7FF0 << 48;
    uint64 internal constant LARGEST = INFINITY - 1;
    uint64 internal constant SMALLEST = 1 << 52;

    function _valid(uint64 accept, uint64 slash) internal pure returns (bool) {
        return Tolerances.areValid(OutputTolerance(Tolerance(accept, 0), Tolerance(slash, 0)));
    }

    function _validRtol(uint64 accept, uint64 slash) internal pure returns (bool) {
        return Tolerances.areValid(OutputTolerance(Tolerance(0, accept), Tolerance(0, slash)));
    }

    /// The rule on the numbers themselves: m * 2^e with m < 2^53, as integers of a common small exponent.
    function testFuzz_AgreesWithArithmetic(uint64 acceptMantissa, uint64 slashMantissa, uint256 exponent, uint256 gap)
        public
        pure
    {
        acceptMantissa &= (1 << 52) - 1;
        slashMantissa &= (1 << 52) - 1;
        exponent = bound(exponent, 1, 0x7FE - 6);
        gap = bound(gap, 0, 6);
        uint64 accept = uint64(exponent << 52) | acceptMantissa;
        uint64 slash = uint64((exponent + gap) << 52) | slashMantissa;
        uint256 a = uint256(acceptMantissa) | (1 << 52);
        uint256 s = (uint256(slashMantissa) | (1 << 52)) << gap;
        vm.assertEq(_valid(accept, slash), a < s && s <= 8 * a, "accept < slash <= 8 * accept");
    }

    function test_Limits() public pure {
        vm.assertTrue(_valid(TENTH, TENTH + 1), "just above");
        vm.assertFalse(_valid(TENTH, TENTH), "equal");
        vm.assertFalse(_valid(TENTH, TENTH - 1), "below");
        vm.assertTrue(_valid(TENTH, TENTH + (3 << 52)), "eight times");
        vm.assertFalse(_valid(TENTH, TENTH + (3 << 52) + 1), "more than eight times");
        vm.assertTrue(_valid(LARGEST - 1, LARGEST), "the largest numbers");
        vm.assertFalse(_valid(LARGEST, INFINITY), "infinite slash");
        vm.assertFalse(_valid(INFINITY, INFINITY + 1), "infinite accept, NaN slash");
        vm.assertFalse(_valid(LARGEST, type(uint64).max), "NaN slash");
        vm.assertFalse(_valid(ONE | (1 << 63), ONE), "negative accept");
        vm.assertFalse(_valid(1 << 63, ONE), "negative zero");
        vm.assertFalse(_valid(ONE, (ONE + 1) | (1 << 63)), "negative slash");
        vm.assertFalse(_valid(SMALLEST - 1, SMALLEST), "a subnormal accept");
        vm.assertTrue(_valid(SMALLEST, SMALLEST + 1), "the smallest normal");
        vm.assertFalse(_valid(0, ONE), "slash without accept");
        vm.assertFalse(_valid(ONE, 0), "accept without slash");
        vm.assertFalse(_valid(0, 0), "nothing");
    }

    function test_RelativeTolerancesStayBelowOne() public pure {
        vm.assertTrue(_validRtol(HALF, ONE - 1), "just below one");
        vm.assertFalse(_validRtol(HALF, ONE), "one");
        vm.assertFalse(_validRtol(HALF, ONE + 1), "above one");
        vm.assertFalse(_validRtol(ONE, ONE + 1), "accept of one");
        vm.assertFalse(_validRtol(HALF, type(uint64).max), "NaN");
    }

    function test_BothMayBeSet() public pure {
        OutputTolerance memory both =
            OutputTolerance(Tolerance(TENTH, TENTH), Tolerance(TENTH + (1 << 52), TENTH + (1 << 52)));
        vm.assertTrue(Tolerances.areValid(both), "both");
        both.slash.rtol = 0;
        vm.assertFalse(Tolerances.areValid(both), "one pair is broken");
    }

    function testFuzz_Zero(OutputTolerance memory tolerance) public pure {
        bool zero = tolerance.accept.atol == 0 && tolerance.accept.rtol == 0 && tolerance.slash.atol == 0
            && tolerance.slash.rtol == 0;
        vm.assertEq(Tolerances.areZero(tolerance), zero, "zero");
        OutputTolerance memory nothing;
        vm.assertTrue(Tolerances.areZero(nothing), "nothing");
    }
}
