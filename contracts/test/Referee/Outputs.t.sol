// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Evaluation, IReferee, OutputCitation, Ruling } from "../../src/interfaces/IReferee.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";
import { Court } from "../utils/Court.sol";

/// @notice What the referee tells of a step and of the model's outputs from their records alone.
contract RefereeOutputsTest is Court {
    using PlainMerkle for bytes32[];

    /// Outputs 0 and 1 are steps 1 and 3.
    bytes private constant OUTPUTS = hex"ff020000000100000003";
    uint256 private constant SIZE = 200;

    /// Step 3: copy of the elements of step 2.
    function _copyRecord(uint8 dtype) private pure returns (bytes memory) {
        bytes memory head = abi.encodePacked(uint8(9), uint8(0), dtype, uint8(1), uint8(0), uint8(1), uint32(SIZE));
        return bytes.concat(
            head, abi.encodePacked(uint8(1), dtype, uint32(2), uint40(SIZE), uint8(0), uint64(0), int64(0), int64(1))
        );
    }

    function _program(bytes memory record, bytes memory outputs)
        private
        pure
        returns (Evaluation memory evaluation, OutputCitation memory citation)
    {
        bytes32[] memory program = new bytes32[](STEPS + 1);
        (program[JUDGED], program[STEPS]) = (PlainMerkle.leaf(record), PlainMerkle.leaf(outputs));
        (evaluation.program, evaluation.steps) = (program.root(), STEPS);
        (bytes32[] memory recordPath, bytes32[] memory outputsPath) =
            (program.proof(JUDGED, 1), program.proof(STEPS, 1));
        citation = OutputCitation(1, outputs, outputsPath, record, recordPath);
    }

    function _expect(bytes memory record, bytes memory outputs, uint256 output, Ruling expected) private view {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(record, outputs);
        citation.output = output;
        vm.assertEq(uint256(referee.judgeOutput(evaluation, citation, SIZE, true)), uint256(expected), "ruling");
    }

    function test_StepOf() public view {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        (uint256 elements, uint256 dtype) = referee.stepOf(evaluation, JUDGED, citation.record, citation.recordPath);
        vm.assertEq(elements, SIZE, "elements");
        vm.assertEq(dtype, 1, "float64");
        (evaluation, citation) = _program(_copyRecord(2), OUTPUTS);
        (, dtype) = referee.stepOf(evaluation, JUDGED, citation.record, citation.recordPath);
        vm.assertEq(dtype, 2, "int64");
    }

    function test_NothingIsToldOfAnInvalidStep() public {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program("nothing", OUTPUTS);
        vm.expectRevert(abi.encodeWithSelector(IReferee.InvalidRecord.selector, JUDGED));
        referee.stepOf(evaluation, JUDGED, citation.record, citation.recordPath);
        vm.expectRevert(abi.encodeWithSelector(IReferee.NoSuchStep.selector, STEPS, STEPS));
        referee.stepOf(evaluation, STEPS, citation.outputs, citation.outputsPath);
    }

    function test_StepOfAnotherRecordIsRefused() public {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, JUDGED));
        referee.stepOf(evaluation, JUDGED, _copyRecord(2), citation.recordPath);
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, 2));
        referee.stepOf(evaluation, 2, citation.record, citation.recordPath);
    }

    function test_OutputOf() public view {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        vm.assertEq(referee.outputOf(evaluation, 0, OUTPUTS, citation.outputsPath), 1, "first");
        vm.assertEq(referee.outputOf(evaluation, 1, OUTPUTS, citation.outputsPath), JUDGED, "second");
    }

    function test_OutputThatIsntThere() public {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        vm.expectRevert(abi.encodeWithSelector(IReferee.NoSuchOutput.selector, 2, 2));
        referee.outputOf(evaluation, 2, OUTPUTS, citation.outputsPath);
        (evaluation, citation) = _program(_copyRecord(1), hex"ff00");
        vm.expectRevert(abi.encodeWithSelector(IReferee.InvalidRecord.selector, STEPS));
        referee.outputOf(evaluation, 0, hex"ff00", citation.outputsPath);
    }

    function test_OutputsOfAnotherRecordAreRefused() public {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, STEPS));
        referee.outputOf(evaluation, 0, hex"ff0100000003", citation.outputsPath);
        citation.outputs = hex"ff0100000003";
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, STEPS));
        referee.judgeOutput(evaluation, citation, SIZE, true);
    }

    function test_JudgeOutput() public view {
        _expect(_copyRecord(1), OUTPUTS, 1, Ruling.Lawful);
        _expect(_copyRecord(1), OUTPUTS, 2, Ruling.Invalid);
        _expect(_copyRecord(1), OUTPUTS, type(uint256).max, Ruling.Invalid);
        _expect(_copyRecord(1), hex"ff0100000004", 0, Ruling.Invalid);
        _expect(_copyRecord(1), "", 0, Ruling.Invalid);
        _expect("nothing", OUTPUTS, 1, Ruling.Invalid);
    }

    function test_OutputOfAnotherSizeOrTypeThanDeclared() public view {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        vm.assertEq(uint256(referee.judgeOutput(evaluation, citation, SIZE - 1, true)), uint256(Ruling.Invalid), "less");
        vm.assertEq(uint256(referee.judgeOutput(evaluation, citation, SIZE + 1, true)), uint256(Ruling.Invalid), "more");
        vm.assertEq(
            uint256(referee.judgeOutput(evaluation, citation, SIZE, false)), uint256(Ruling.Invalid), "integers"
        );
        (evaluation, citation) = _program(_copyRecord(2), OUTPUTS);
        vm.assertEq(uint256(referee.judgeOutput(evaluation, citation, SIZE, false)), uint256(Ruling.Lawful), "integers");
        vm.assertEq(uint256(referee.judgeOutput(evaluation, citation, SIZE, true)), uint256(Ruling.Invalid), "floats");
    }

    function test_OutputMustNameTheShownStep() public {
        (Evaluation memory evaluation, OutputCitation memory citation) = _program(_copyRecord(1), OUTPUTS);
        citation.output = 0;
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, 1));
        referee.judgeOutput(evaluation, citation, SIZE, true);
    }
}
