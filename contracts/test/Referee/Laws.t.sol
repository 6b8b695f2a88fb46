// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Ruling } from "../../src/interfaces/IReferee.sol";
import { Closeness } from "../../src/libraries/Closeness.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { Functions } from "../../src/libraries/Functions.sol";
import { Maps } from "../../src/libraries/Maps.sol";
import { Court, Hearing, Run, Tensor } from "../utils/Court.sol";

/// @notice Every law against tests/vectors/laws.json, whose values come from exact rationals and mpmath: what is lawful
/// is acquitted, what is wrong by a last place or by two tolerances, and NaN and infinity, convicted.
contract RefereeLawsTest is Court {
    string private json;

    function setUp() public {
        json = vm.readFile(vm.envOr("LAWS", string("tests/vectors/laws.json")));
    }

    // Scalar functions

    function test_Maps() public view {
        bytes[] memory rows = vm.parseJsonBytesArray(json, ".maps");
        vm.assertGe(rows.length, 2000, "cases");
        for (uint256 i = 0; i < rows.length; ++i) {
            this.checkMap(rows[i]);
        }
    }

    /// u8 function, dtype, operands, lawful results, result's dtype; then words.
    function checkMap(bytes memory row) external pure {
        uint256 fn = uint8(row[0]);
        if (fn == 26) return; // where only chooses: in the steps
        uint256 operands = uint8(row[2]);
        uint256 count = (row.length - 5) / 8;
        uint64 b = operands == 2 ? uint64(take(row, 13, 8)) : 0;
        for (uint256 k = operands; k < count; ++k) {
            uint64 y = uint64(take(row, 5 + 8 * k, 8));
            if (uint8(row[4]) == 1 && !Float64.isFinite(y)) continue;
            bool broken = Maps.isBroken(fn, uint8(row[1]), y, uint64(take(row, 5, 8)), b);
            vm.assertEq(broken, k >= operands + uint8(row[3]), vm.toString(row));
        }
    }

    /// @notice Relative errors below 2^-64: what Functions promises, 2^-60, and what Closeness grants, 2^-58, are more.
    function test_Functions() public view {
        bytes[] memory rows = vm.parseJsonBytesArray(json, ".values");
        vm.assertGe(rows.length, 400, "cases");
        for (uint256 i = 0; i < rows.length; ++i) {
            this.checkValue(rows[i]);
        }
    }

    function checkValue(bytes memory row) external pure {
        (int256 a, int256 e) = Float64.unpack(uint64(take(row, 1, 8)));
        (int256 b, int256 f) = Float64.unpack(uint64(take(row, 9, 8)));
        int256 mantissa = int256(take(row, 17, 32));
        int256 exponent = int256(take(row, 49, 32));
        uint256 fn = uint8(row[0]);
        if (fn == 8) (a, e) = Functions.exp(a, e);
        else if (fn == 9) (a, e) = Functions.log(a, e);
        else if (fn == 10) (a, e) = Functions.erf(a, e);
        else if (fn == 11) (a, e) = Functions.sin(a, e);
        else if (fn == 12) (a, e) = Functions.cos(a, e);
        else if (fn == 13) (a, e) = Functions.pow(a, e, b, f);
        else (a, e) = Functions.atan(a, e);
        // Both in units of the true value's last place.
        for (; e < exponent && a != 0; ++e) {
            a = (a + (a & 1)) / 2;
        }
        int256 shifted = e > exponent ? a << uint256(e - exponent) : a;
        vm.assertLe(Float64.magnitude(shifted - mantissa), Float64.magnitude(mantissa) >> 64, vm.toString(row));
    }

    // Steps

    function test_Steps() public view {
        bytes[] memory records = vm.parseJsonBytesArray(json, ".steps.record");
        bytes[] memory tensors = vm.parseJsonBytesArray(json, ".steps.tensors");
        bytes[] memory reads = vm.parseJsonBytesArray(json, ".steps.reads");
        uint256[] memory elements = vm.parseJsonUintArray(json, ".steps.element");
        bytes[] memory lawful = vm.parseJsonBytesArray(json, ".steps.lawful");
        bytes[] memory broken = vm.parseJsonBytesArray(json, ".steps.broken");
        vm.assertGe(records.length, 300, "cases");
        for (uint256 i = 0; i < records.length; ++i) {
            Hearing memory hearing =
                Hearing(records[i], _elementsOf(records[i]), elements[i], _tensorsOf(tensors[i]), _runsOf(reads[i]));
            for (uint256 k = 0; k < lawful[i].length; k += 8) {
                this.checkStep(hearing, uint64(take(lawful[i], k, 8)), Ruling.Lawful);
            }
            for (uint256 k = 0; k < broken[i].length; k += 8) {
                this.checkStep(hearing, uint64(take(broken[i], k, 8)), Ruling.Broken);
            }
        }
    }

    function checkStep(Hearing memory hearing, uint64 y, Ruling expected) external view {
        Ruling ruling = rule(hearing, y);
        vm.assertEq(uint256(ruling), uint256(expected), vm.toString(hearing.record));
    }

    function _elementsOf(bytes memory record) private pure returns (uint256 elements) {
        elements = 1;
        for (uint256 d = 0; d < uint8(record[3]); ++d) {
            elements *= take(record, 6 + 4 * d, 4);
        }
    }

    function _tensorsOf(bytes memory data) private pure returns (Tensor[] memory tensors) {
        uint256 count;
        for (uint256 i = 0; i < data.length; i += 6 + take(data, i + 4, 2)) {
            ++count;
        }
        tensors = new Tensor[](count);
        uint256 place;
        for (uint256 p = 0; p < count; ++p) {
            uint256 size = take(data, place + 4, 2);
            tensors[p] = Tensor(
                uint8(data[place]),
                uint8(data[place + 1]),
                uint8(data[place + 2]),
                uint8(data[place + 3]),
                slice(data, place + 6, size)
            );
            place += 6 + size;
        }
    }

    function _runsOf(bytes memory data) private pure returns (Run[] memory runs) {
        runs = new Run[](data.length / 5);
        for (uint256 k = 0; k < runs.length; ++k) {
            runs[k] = Run(take(data, 5 * k, 1), take(data, 5 * k + 1, 2), take(data, 5 * k + 3, 2));
        }
    }

    /// @notice What the tolerance of a sum or a value of zero is: the smallest number, not some unit.
    function test_NothingIsCloseToZeroButTheSmallest() public pure {
        vm.assertFalse(Closeness.isFarFromValue(1, 0, 0), "the smallest");
        vm.assertTrue(Closeness.isFarFromValue(2, 0, 0), "twice the smallest");
        vm.assertTrue(Closeness.isFarFromValue(Float64.ONE, 0, 0), "one");
    }
}
