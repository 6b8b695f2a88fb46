// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Court } from "../utils/Court.sol";

/// @notice Which records are valid, against tests/vectors/laws.json, and that no bytes at all make the referee revert.
contract RefereeRecordsTest is Court {
    /// Valid records of every kind of step.
    bytes[] private valid;

    function setUp() public {
        bytes[] memory records = vm.parseJsonBytesArray(vm.readFile("tests/vectors/laws.json"), ".steps.record");
        for (uint256 i = 0; i < records.length; i += 3) {
            valid.push(records[i]);
        }
    }

    function test_Records() public view {
        bytes[] memory rows = vm.parseJsonBytesArray(vm.readFile("tests/vectors/laws.json"), ".records");
        vm.assertGe(rows.length, 1000, "cases");
        for (uint256 i = 0; i < rows.length; ++i) {
            bytes memory record = slice(rows[i], 1, rows[i].length - 1);
            vm.assertEq(referee.isValid(record, JUDGED, STEPS), uint8(rows[i][0]) == 1, vm.toString(rows[i]));
        }
    }

    /// @notice Whatever the bytes, a record is judged and not reverted on.
    function testFuzz_ChangedRecordsAreJudged(uint256 row, uint256 place, bytes1 value, uint256 length) public view {
        bytes memory record = valid[row % valid.length];
        vm.assertTrue(referee.isValid(record, JUDGED, STEPS), "valid as it was");
        record[bound(place, 0, record.length - 1)] = value;
        referee.isValid(record, JUDGED, STEPS);
        vm.assertFalse(referee.isValid(record, STEPS, STEPS), "no record of outputs");
        length = bound(length, 0, record.length - 1);
        referee.isValid(slice(record, 0, length), JUDGED, STEPS);
    }

    function testFuzz_CutRecordsAreInvalid(uint256 row, uint256 length) public view {
        bytes memory record = valid[row % valid.length];
        length = bound(length, 0, record.length - 1);
        vm.assertFalse(referee.isValid(slice(record, 0, length), JUDGED, STEPS), "cut");
        vm.assertFalse(referee.isValid(bytes.concat(record, hex"00"), JUDGED, STEPS), "longer");
    }

    function testFuzz_AnyBytesAreJudged(bytes calldata record, uint8 opcode) public view {
        referee.isValid(record, JUDGED, STEPS);
        referee.isValid(bytes.concat(bytes1(opcode % 12), record), JUDGED, STEPS);
    }
}
