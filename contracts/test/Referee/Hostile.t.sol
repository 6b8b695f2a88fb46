// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Citation, Evaluation, Evidence, IReferee, Ruling } from "../../src/interfaces/IReferee.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { Merkle } from "../../src/libraries/Merkle.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";
import { Court, Hearing, Run, Tensor } from "../utils/Court.sol";

/// @notice What a liar shows the referee and what a careless evaluator commits to: wrong openings revert with their
/// reason, malformed content is convicted.
contract RefereeHostileTest is Court {
    using PlainMerkle for bytes32[];

    uint64 private constant ONE = Float64.ONE;
    uint64 private constant TWO = 0x4000_0000_0000_0000;
    uint256 private constant SIZE = 200;

    // Records of step 3

    function _head(uint8 opcode, uint8 fn, uint8 rank, uint8 reduction, uint8 operands)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(opcode, fn, uint8(1), rank, reduction, operands);
    }

    /// Without guards, along one dimension.
    function _access(uint8 source, uint8 dtype, uint32 tensor, uint40 elements) private pure returns (bytes memory) {
        return abi.encodePacked(source, dtype, tensor, elements, uint8(0), uint64(0), int64(0), int64(1));
    }

    /// copy of the 200 elements of step 2.
    function _copyRecord() private pure returns (bytes memory) {
        return bytes.concat(_head(9, 0, 1, 0, 1), bytes4(uint32(SIZE)), _access(1, 1, 2, uint40(SIZE)));
    }

    /// dot of 5 elements of step 2 and of weight 1.
    function _dotRecord() private pure returns (bytes memory) {
        return bytes.concat(_head(3, 0, 0, 1, 2), bytes4(uint32(5)), _access(1, 1, 2, 5), _access(2, 1, 1, 5));
    }

    function _hearing(bytes memory record, uint8 source, uint64[] memory words) private pure returns (Hearing memory) {
        Tensor[] memory tensors = new Tensor[](1);
        tensors[0] = tensorOf(source, 2, words);
        Run[] memory runs = new Run[](1);
        runs[0] = Run(0, 70, 1);
        return Hearing(record, SIZE, 70, tensors, runs);
    }

    function _ones(uint256 count) private pure returns (uint64[] memory words) {
        words = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = ONE;
        }
    }

    function _copy() private pure returns (Hearing memory) {
        return _hearing(_copyRecord(), 1, _ones(SIZE));
    }

    function _dot(uint64[] memory left, uint64[] memory right) private pure returns (Hearing memory) {
        Tensor[] memory tensors = new Tensor[](2);
        (tensors[0], tensors[1]) = (tensorOf(1, 2, left), tensorOf(2, 1, right));
        Run[] memory runs = new Run[](2);
        (runs[0], runs[1]) = (Run(0, 0, 5), Run(1, 0, 5));
        return Hearing(_dotRecord(), 1, 0, tensors, runs);
    }

    function _expect(Hearing memory hearing, uint64 y, Ruling expected) private view {
        vm.assertEq(uint256(rule(hearing, y)), uint256(expected), "ruling");
    }

    function _refuse(Evaluation memory evaluation, Evidence memory evidence, bytes memory reason) private {
        vm.expectRevert(reason);
        referee.judge(evaluation, evidence);
    }

    // What is right

    function test_HonestElementsAreLawful() public view {
        _expect(_copy(), ONE, Ruling.Lawful);
        _expect(_copy(), TWO, Ruling.Broken);
        _expect(_dot(_ones(5), _ones(5)), 0x4014_0000_0000_0000, Ruling.Lawful);
        _expect(_dot(_ones(5), _ones(5)), 0x4014_0000_0000_0040, Ruling.Broken);
    }

    function test_MinusZeroIsZero() public view {
        uint64[] memory words = _ones(SIZE);
        words[70] = Float64.SIGN;
        _expect(_hearing(_copyRecord(), 1, words), 0, Ruling.Lawful);
        words[70] = 0;
        _expect(_hearing(_copyRecord(), 1, words), Float64.SIGN, Ruling.Lawful);
    }

    // Malformed content convicts

    function test_NanAndInfinityAreBroken() public view {
        _expect(_copy(), NAN, Ruling.Broken);
        _expect(_copy(), 0x7FF0_0000_0000_0000, Ruling.Broken);
        _expect(_copy(), 0xFFF0_0000_0000_0000, Ruling.Broken);
    }

    function test_NanInAnOperandIsBroken() public view {
        uint64[] memory words = _ones(SIZE);
        words[70] = NAN;
        _expect(_hearing(_copyRecord(), 1, words), 0, Ruling.Broken);
        words = _ones(5);
        words[4] = NAN;
        _expect(_dot(words, _ones(5)), ONE, Ruling.Broken);
        bytes memory max = bytes.concat(_head(5, 0, 0, 1, 1), bytes4(uint32(5)), _access(1, 1, 2, 5));
        Hearing memory hearing = _dot(words, _ones(5));
        hearing.record = max;
        _expect(hearing, ONE, Ruling.Broken);
    }

    function test_WeightThatIsntFiniteIsInvalid() public view {
        uint64[] memory words = _ones(5);
        words[2] = 0x7FF0_0000_0000_0000;
        _expect(_dot(_ones(5), words), ONE, Ruling.Invalid);
        bytes memory record = bytes.concat(_head(9, 0, 1, 0, 1), bytes4(uint32(SIZE)), _access(2, 1, 2, uint40(SIZE)));
        words = _ones(SIZE);
        words[70] = NAN;
        _expect(_hearing(record, 2, words), ONE, Ruling.Invalid);
    }

    function test_InvalidRecordIsInvalid() public view {
        Hearing memory hearing = _copy();
        hearing.record[0] = 0x63;
        _expect(hearing, ONE, Ruling.Invalid);
        hearing.record = "";
        _expect(hearing, ONE, Ruling.Invalid);
    }

    function test_NanPaddingAndMissingNodesAreNeverRead() public view {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        // 200 elements end in the middle of the fourth leaf.
        Hearing memory hearing = _copy();
        hearing.element = 199;
        hearing.runs[0].first = 199;
        (evaluation, evidence) = build(hearing, ONE);
        for (uint256 i = 8 * (SIZE % 64); i < 512; ++i) {
            evidence.output.leaves[i] = 0xff;
        }
        bytes32[] memory digests = leavesOf(new bytes(8 * SIZE));
        digests[3] = PlainMerkle.leaf(evidence.output.leaves);
        evidence.output.proof = digests.proof(3, 1);
        evaluation.trace = _traceWith(evaluation, evidence, digests.root());
        vm.assertEq(uint256(referee.judge(evaluation, evidence)), uint256(Ruling.Lawful), "ruling");
    }

    /// The trace in which the judged tensor's root is another: its only sibling is step 2's leaf.
    function _traceWith(Evaluation memory, Evidence memory evidence, bytes32 root) private pure returns (bytes32) {
        bytes32 leaf = PlainMerkle.leaf(bytes.concat(root));
        bytes32 right = PlainMerkle.node(evidence.output.path[0], leaf);
        evidence.operands[0].path[0] = leaf;
        return PlainMerkle.node(evidence.output.path[1], right);
    }

    // Wrong openings

    function test_ElementBeyondTheShape() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        evidence.element = SIZE;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NoSuchElement.selector, SIZE, SIZE));
        evidence.element = type(uint256).max;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NoSuchElement.selector, type(uint256).max, SIZE));
    }

    function test_StepBeyondTheProgram() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        evidence.step = STEPS;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NoSuchStep.selector, STEPS, STEPS));
    }

    function test_InnerNodeAsLeaf() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        // The children of an inner node, where a leaf belongs.
        evidence.output.leaves = bytes.concat(new bytes(448), evidence.output.proof[0], evidence.output.proof[1]);
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 1, JUDGED));
        (evaluation, evidence) = build(_copy(), ONE);
        evidence.output.leaves = bytes.concat(evidence.output.proof[0], evidence.output.proof[1]);
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.WrongLeaves.selector, 1, JUDGED, 64, 512));
    }

    function test_InnerNodeAsRecord() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        evidence.record = bytes.concat(evidence.recordPath[0], PlainMerkle.leaf(evidence.record));
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, JUDGED));
    }

    function test_SwappedIndex() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        // The neighbouring leaf with its own proof.
        evidence.output = open(new bytes(8 * SIZE), 8, 10, 1);
        (, Evidence memory right) = build(_copy(), ONE);
        evidence.output.path = right.output.path;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 1, JUDGED));
        evidence.step = 2;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, 2));
    }

    function test_LeafOfAnotherTensor() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        evidence.output = evidence.operands[0];
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 1, JUDGED));
        (evaluation, evidence) = build(_copy(), ONE);
        evidence.operands[0] = evidence.output;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 1, 2));
    }

    function test_OverlongProof() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        evidence.output.proof = new bytes32[](3);
        _refuse(evaluation, evidence, abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 3, 2));
        evidence.output.proof = new bytes32[](0);
        _refuse(evaluation, evidence, abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 0, 2));
    }

    function test_NonZeroPaddingOfAnHonestTensor() public {
        Hearing memory hearing = _copy();
        (hearing.element, hearing.runs[0].first) = (199, 199);
        (Evaluation memory evaluation, Evidence memory evidence) = build(hearing, ONE);
        evidence.output.leaves[511] = 0x01;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 1, JUDGED));
    }

    function test_TooManyOrTooFewLeaves() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        evidence.operands[0].leaves = new bytes(1024);
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.WrongLeaves.selector, 1, 2, 1024, 512));
        evidence.operands[0].leaves = "";
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.WrongLeaves.selector, 1, 2, 0, 512));
    }

    function test_MissingOpening() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_dot(_ones(5), _ones(5)), ONE);
        assembly ("memory-safe") {
            mstore(mload(add(evidence, 0xa0)), 1)
        }
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.OpeningMissing.selector, 1));
    }

    function test_ForgedWeightEntry() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_dot(_ones(5), _ones(5)), ONE);
        evaluation.weights = bytes32(uint256(1));
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 2, 1));
    }

    function test_UnknownWeightOrInputIsInvalid() public view {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_dot(_ones(5), _ones(5)), ONE);
        evaluation.weightCount = 1;
        vm.assertEq(uint256(referee.judge(evaluation, evidence)), uint256(Ruling.Invalid), "weight");
        bytes memory load = bytes.concat(_head(1, 0, 1, 0, 1), bytes4(uint32(SIZE)), _access(3, 11, 2, uint40(SIZE)));
        Hearing memory hearing = _hearing(load, 3, _ones(SIZE));
        hearing.tensors[0].dtype = 11;
        _expect(hearing, ONE, Ruling.Lawful);
        (evaluation, evidence) = build(hearing, ONE);
        evaluation.inputs[2].elements += 1;
        vm.assertEq(uint256(referee.judge(evaluation, evidence)), uint256(Ruling.Invalid), "elements");
        evaluation.inputs[2].elements -= 1;
        evaluation.inputs[2].dtype = 7;
        vm.assertEq(uint256(referee.judge(evaluation, evidence)), uint256(Ruling.Invalid), "dtype");
    }

    // Records

    function test_JudgeRecord() public {
        (Evaluation memory evaluation, Evidence memory evidence) = build(_copy(), ONE);
        Ruling ruling = referee.judgeRecord(evaluation, JUDGED, evidence.record, evidence.recordPath);
        vm.assertEq(uint256(ruling), uint256(Ruling.Lawful), "valid");
        Hearing memory hearing = _copy();
        hearing.record[3] = 0x0b;
        (evaluation, evidence) = build(hearing, ONE);
        ruling = referee.judgeRecord(evaluation, JUDGED, evidence.record, evidence.recordPath);
        vm.assertEq(uint256(ruling), uint256(Ruling.Invalid), "invalid");
        vm.expectRevert(abi.encodeWithSelector(IReferee.NoSuchStep.selector, STEPS + 1, STEPS));
        referee.judgeRecord(evaluation, STEPS + 1, evidence.record, evidence.recordPath);
    }

    function test_OutputsRecord() public view {
        vm.assertTrue(referee.isValid(hex"ff020000000000000003", STEPS, STEPS), "two outputs");
        vm.assertFalse(referee.isValid(hex"ff0100000004", STEPS, STEPS), "no such step");
        vm.assertFalse(referee.isValid(hex"ff00", STEPS, STEPS), "none");
        vm.assertFalse(referee.isValid(hex"ff010000000000", STEPS, STEPS), "longer");
        vm.assertFalse(referee.isValid(hex"ff02000000", STEPS, STEPS), "shorter");
        vm.assertFalse(referee.isValid(hex"ff0100000000", JUDGED, STEPS), "not the last");
        vm.assertFalse(referee.isValid(_copyRecord(), STEPS, STEPS), "a step as the last");
        vm.assertTrue(referee.isValid(_copyRecord(), JUDGED, STEPS), "a step");
    }

    // What an operand says of the tensor that it names

    function _cite(bytes memory record, bytes memory named, uint256 number, bool weight) private view returns (Ruling) {
        bytes32[] memory program = new bytes32[](STEPS + 1);
        bytes32[] memory weights = new bytes32[](STEPS);
        program[JUDGED] = PlainMerkle.leaf(record);
        (weight ? weights : program)[number] = PlainMerkle.leaf(named);
        Evaluation memory evaluation;
        (evaluation.program, evaluation.steps) = (program.root(), STEPS);
        (evaluation.weights, evaluation.weightCount) = (weights.root(), STEPS);
        bytes32[] memory path = (weight ? weights : program).proof(number, 1);
        return referee.judgeCitation(
            evaluation, Citation(JUDGED, weight ? 1 : 0, record, program.proof(JUDGED, 1), named, path)
        );
    }

    function _made(uint8 dtype, uint32 size) private pure returns (bytes memory record) {
        record = bytes.concat(_head(9, 0, 1, 0, 1), bytes4(size), _access(1, dtype, 0, size));
        record[2] = bytes1(dtype);
    }

    function test_OperandOfAnotherSizeOrTypeThanItsStep() public view {
        vm.assertEq(uint256(_cite(_copyRecord(), _made(1, 200), 2, false)), uint256(Ruling.Lawful), "right");
        vm.assertEq(uint256(_cite(_copyRecord(), _made(1, 201), 2, false)), uint256(Ruling.Invalid), "elements");
        vm.assertEq(uint256(_cite(_copyRecord(), _made(2, 200), 2, false)), uint256(Ruling.Invalid), "dtype");
        vm.assertEq(uint256(_cite(_copyRecord(), "nothing", 2, false)), uint256(Ruling.Invalid), "no record");
    }

    function test_OperandOfAnotherSizeOrTypeThanItsWeight() public view {
        bytes memory root = bytes.concat(bytes32(uint256(7)));
        bytes memory right = bytes.concat(root, hex"01", bytes5(uint40(5)));
        vm.assertEq(uint256(_cite(_dotRecord(), right, 1, true)), uint256(Ruling.Lawful), "right");
        bytes memory wrong = bytes.concat(root, hex"01", bytes5(uint40(6)));
        vm.assertEq(uint256(_cite(_dotRecord(), wrong, 1, true)), uint256(Ruling.Invalid), "elements");
        wrong = bytes.concat(root, hex"02", bytes5(uint40(5)));
        vm.assertEq(uint256(_cite(_dotRecord(), wrong, 1, true)), uint256(Ruling.Invalid), "dtype");
        vm.assertEq(
            uint256(_cite(_dotRecord(), bytes.concat(right, hex"00"), 1, true)), uint256(Ruling.Invalid), "long"
        );
    }

    function test_CitationMustBeCommitted() public {
        bytes32[] memory program = new bytes32[](STEPS + 1);
        program[JUDGED] = PlainMerkle.leaf(_copyRecord());
        Evaluation memory evaluation;
        (evaluation.program, evaluation.steps) = (program.root(), STEPS);
        Citation memory citation =
            Citation(JUDGED, 0, _copyRecord(), program.proof(JUDGED, 1), _made(1, 7), program.proof(2, 1));
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, 2));
        referee.judgeCitation(evaluation, citation);
        citation.operand = 1;
        vm.expectRevert(abi.encodeWithSelector(IReferee.NoSuchOperand.selector, 1, 1));
        referee.judgeCitation(evaluation, citation);
    }

    /// @notice Changing any byte of a right opening acquits nobody and convicts nobody.
    function testFuzz_ChangedLeavesAreRefused(uint256 place, bytes1 change) public {
        vm.assume(change != 0);
        // Five elements are one leaf: the tree itself is tried in Merkle.t.sol.
        (Evaluation memory evaluation, Evidence memory evidence) = build(_dot(_ones(5), _ones(5)), TWO);
        place = bound(place, 0, 511);
        evidence.output.leaves[place] ^= change;
        _refuse(evaluation, evidence, abi.encodeWithSelector(IReferee.NotCommitted.selector, 1, JUDGED));
    }

    /// @notice A committed record of any kind leads to a ruling, or to an error that names the opener's fault: never to a
    /// panic, which would shield it.
    function testFuzz_NoRecordPanics(uint256 place, bytes1 value, bool dot, uint256 again) public view {
        Hearing memory hearing = _dot(_ones(5), _ones(5));
        // Five elements are one leaf, which is quick to build.
        if (!dot) hearing.record = bytes.concat(_head(9, 0, 1, 0, 1), bytes4(uint32(5)), _access(1, 1, 2, 5));
        hearing.record[bound(place, 0, hearing.record.length - 1)] = value;
        hearing.record[bound(again, 0, hearing.record.length - 1)] = bytes1(uint8(again >> 248));
        (Evaluation memory evaluation, Evidence memory evidence) = build(hearing, ONE);
        try referee.judge(evaluation, evidence) returns (Ruling ruling) {
            vm.assertTrue(ruling != Ruling.None, "a ruling");
        } catch (bytes memory reason) {
            bytes4 selector = bytes4(reason);
            vm.assertTrue(
                selector == IReferee.NotCommitted.selector || selector == IReferee.WrongLeaves.selector
                    || selector == IReferee.NoSuchElement.selector || selector == IReferee.OpeningMissing.selector
                    || selector == Merkle.ProofLengthWrong.selector,
                vm.toString(reason)
            );
        }
    }
}
