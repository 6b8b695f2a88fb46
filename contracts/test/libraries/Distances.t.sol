// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Outcome } from "../../src/interfaces/IResults.sol";
import { Distances } from "../../src/libraries/Distances.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { OutputTolerance, Tolerance } from "../../src/types/Model.sol";
import { Test } from "../utils/Test.sol";

/// The rule of distances against tests/vectors/distances.json, whose outcomes come from exact rationals, and against what
/// must hold of any rule.
contract DistancesTest is Test {
    function test_Vectors() public view {
        string memory json = vm.readFile("tests/vectors/distances.json");
        uint256[] memory dtypes = vm.parseJsonUintArray(json, ".distances.dtype");
        bytes[] memory committed = vm.parseJsonBytesArray(json, ".distances.committed");
        uint256[] memory canonical = vm.parseJsonUintArray(json, ".distances.canonical");
        OutputTolerance[] memory tolerances = _tolerances(json);
        bool[] memory voidOnly = vm.parseJsonBoolArray(json, ".distances.voidOnly");
        uint256[] memory outcomes = vm.parseJsonUintArray(json, ".distances.outcome");
        vm.assertGe(outcomes.length, 1000, "cases");
        uint256[4] memory seen;
        for (uint256 i = 0; i < outcomes.length; ++i) {
            Outcome found = Distances.outcomeOf(
                dtypes[i], _littleEndian(committed[i]), uint64(canonical[i]), tolerances[i], voidOnly[i]
            );
            vm.assertEq(uint256(found), outcomes[i], string.concat("case ", vm.toString(i)));
            seen[outcomes[i]] += 1;
        }
        vm.assertGe(seen[0], 100, "within");
        vm.assertGe(seen[2], 100, "void");
        vm.assertGe(seen[3], 100, "slash");
    }

    function _tolerances(string memory json) private pure returns (OutputTolerance[] memory found) {
        uint256[] memory a = vm.parseJsonUintArray(json, ".distances.acceptAtol");
        uint256[] memory b = vm.parseJsonUintArray(json, ".distances.acceptRtol");
        uint256[] memory c = vm.parseJsonUintArray(json, ".distances.slashAtol");
        uint256[] memory d = vm.parseJsonUintArray(json, ".distances.slashRtol");
        found = new OutputTolerance[](a.length);
        for (uint256 i = 0; i < a.length; ++i) {
            found[i] = OutputTolerance(Tolerance(uint64(a[i]), uint64(b[i])), Tolerance(uint64(c[i]), uint64(d[i])));
        }
    }

    function _littleEndian(bytes memory data) private pure returns (uint64 bits) {
        for (uint256 k = data.length; k > 0; --k) {
            bits = (bits << 8) | uint8(data[k - 1]);
        }
    }

    /// Whole numbers, which forge can compare itself: abs(c - y) > atol.
    function testFuzz_WholeNumbers(int40 c, int40 y, uint40 atol) public pure {
        uint256 distance = Float64.magnitude(int256(c) - y);
        bool beyond = Distances.isBeyond(_float(c), _float(y), Tolerance(_float(int256(uint256(atol))), 0));
        vm.assertEq(beyond, distance > atol, "beyond");
    }

    /// The same times a power of two, on both sides of the limit: the scale of things changes nothing.
    function testFuzz_Scales(uint64 c, uint64 y, uint64 atol, uint8 shift) public pure {
        (c, y) = (_moderate(c), _moderate(y));
        atol = _moderate(atol) & ~Float64.SIGN;
        uint64 by = (uint64(shift) % 200 + 1) << 52;
        bool beyond = Distances.isBeyond(c, y, Tolerance(atol, 0));
        vm.assertEq(Distances.isBeyond(c + by, y + by, Tolerance(atol + by, 0)), beyond, "scaled");
        vm.assertEq(Distances.isBeyond(c ^ Float64.SIGN, y ^ Float64.SIGN, Tolerance(atol, 0)), beyond, "mirrored");
    }

    /// Equal numbers lie within any limit, and what lies beyond slash lies beyond accept.
    function testFuzz_Order(uint64 c, uint64 y, uint64 atol, uint64 rtol) public pure {
        (c, y) = (_finite(c), _finite(y));
        Tolerance memory accept = Tolerance(_finite(atol) & ~Float64.SIGN, uint64(bound(rtol, 0, Float64.ONE - 1)));
        vm.assertFalse(Distances.isBeyond(y, y, accept), "equal");
        Tolerance memory slash = Tolerance(accept.atol < Float64.LARGEST ? accept.atol + 1 : accept.atol, accept.rtol);
        if (Distances.isBeyond(c, y, slash)) vm.assertTrue(Distances.isBeyond(c, y, accept), "order");
    }

    function _float(int256 value) private pure returns (uint64) {
        return Float64.pack(value, 0);
    }

    function _finite(uint64 bits) private pure returns (uint64) {
        return Float64.isFinite(bits) ? bits : bits & ~(uint64(1) << 62);
    }

    /// A normal number of an exponent that leaves room to be scaled.
    function _moderate(uint64 bits) private pure returns (uint64) {
        return (bits & 0x800F_FFFF_FFFF_FFFF) | ((400 + (bits >> 52) % 300) << 52);
    }
}
