// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProofs, ProvenBatch, Submission } from "../src/interfaces/IProofs.sol";
import { IVerifier } from "../src/interfaces/IVerifier.sol";
import { Quanta } from "../src/libraries/Quanta.sol";
import { JobState, Rfp } from "../src/types/Job.sol";
import { CriticalKind } from "../src/types/Model.sol";
import { SnarkFixture } from "./utils/SnarkFixture.sol";

/// Real proofs of this repository's circuits, and every way known here of making a wrong one.
contract SnarkTest is SnarkFixture {
    CriticalKind internal constant HEAD = CriticalKind.Head;
    CriticalKind internal constant WHOLE = CriticalKind.Whole;

    /// Whether a verifier takes a proof, called as the contracts do.
    function _takes(IVerifier verifier_, bytes memory proof, uint256[] memory instances) internal view returns (bool) {
        try verifier_.verifyProof{ gas: proofs.VERIFY_GAS() }(proof, instances) returns (bool isProven) {
            return isProven;
        } catch {
            return false;
        }
    }

    function _refuses(bytes memory proof, string memory what) internal view {
        vm.assertFalse(_takes(wholeVerifier, proof, _instances(WHOLE, 0)), what);
    }

    // What is right

    function test_TakesTheRecordedProofs() public view {
        CriticalKind[2] memory kinds = [HEAD, WHOLE];
        for (uint256 k = 0; k < 2; k++) {
            Submission memory submission = _realSubmission(kinds[k]);
            bytes32 id = kinds[k] == HEAD ? headId : wholeId;
            ProvenBatch memory batch = proofs.verify(id, kinds[k], submission.proofs.length, submission);
            uint256[] memory decisions = vm.parseJsonUintArray(json, _key(kinds[k], "decisions"));
            for (uint256 i = 0; i < decisions.length; i++) {
                vm.assertEq(uint32(batch.decisions >> (32 * i)), decisions[i], "decision");
            }
        }
    }

    function test_MakesTheRecordedInstances() public view {
        CriticalKind[2] memory kinds = [HEAD, WHOLE];
        for (uint256 k = 0; k < 2; k++) {
            bytes[] memory read = _recorded(kinds[k], "read");
            bytes[] memory scores = _recorded(kinds[k], "scores");
            for (uint256 i = 0; i < read.length; i++) {
                (uint256[] memory made,) = proofs.instancesOf(_real(kinds[k]).critical, read[i], scores[i]);
                bytes32 recorded = keccak256(abi.encode(_instances(kinds[k], i)));
                vm.assertEq(keccak256(abi.encode(made)), recorded, "instances");
            }
        }
    }

    function test_AHybridJobFromAwardToFinality() public {
        Rfp memory rfp = _realJob(HEAD);
        _commitProven(rfp, _realSubmission(HEAD));
        _assertState(rfp, JobState.Committed);
        vm.warp(results.finalAt(rfp));
        _finalize(rfp);
        _assertState(rfp, JobState.Final);
    }

    function test_AProvenJobIsFinalAtItsCommit() public {
        Rfp memory rfp = _realJob(WHOLE);
        _commitProven(rfp, _realSubmission(WHOLE));
        _assertState(rfp, JobState.Final);
    }

    // Bytes

    function test_RefusesFlippedBytes() public view {
        bytes memory proof = _recorded(WHOLE, "proofs")[0];
        for (uint256 i = 0; i < proof.length; i += 61) {
            proof[i] ^= 0x01;
            _refuses(proof, "a flipped bit");
            proof[i] ^= 0x81;
            _refuses(proof, "another flipped bit");
            proof[i] ^= 0x80;
        }
        vm.assertTrue(_takes(wholeVerifier, proof, _instances(WHOLE, 0)), "the proof itself");
    }

    function test_RefusesTruncatedAndExtendedProofs() public view {
        bytes memory proof = _recorded(WHOLE, "proofs")[0];
        uint256[6] memory lengths = [0, 1, 32, proof.length / 2, proof.length - 32, proof.length - 1];
        for (uint256 i = 0; i < lengths.length; i++) {
            _refuses(_cut(proof, 0, lengths[i]), "a truncated proof");
        }
        _refuses(bytes.concat(proof, hex"00"), "one byte more");
        _refuses(bytes.concat(proof, new bytes(32)), "one word more");
        _refuses(bytes.concat(proof, proof), "twice the proof");
        _refuses(bytes.concat(hex"00", proof), "one byte before");
        _refuses(new bytes(proof.length), "zeros");
    }

    function test_RefusesMalformedPoints() public view {
        bytes[] memory bad = vm.parseJsonBytesArray(json, ".malformed.proofs");
        string[] memory what = vm.parseJsonStringArray(json, ".malformed.what");
        vm.assertGe(bad.length, 30, "cases");
        for (uint256 i = 0; i < bad.length; i++) {
            _refuses(bad[i], what[i]);
        }
    }

    // Instances

    function test_RefusesOtherInstances() public view {
        bytes memory proof = _recorded(WHOLE, "proofs")[0];
        for (uint256 i = 0; i < 7; i++) {
            uint256[] memory instances = _instances(WHOLE, 0);
            instances[i] = addmod(instances[i], 1, Quanta.FIELD);
            vm.assertFalse(_takes(wholeVerifier, proof, instances), "one more");
            instances[i] = addmod(instances[i], Quanta.FIELD - 2, Quanta.FIELD);
            vm.assertFalse(_takes(wholeVerifier, proof, instances), "one less");
            // The same number to whoever reduces it.
            instances = _instances(WHOLE, 0);
            instances[i] += Quanta.FIELD;
            vm.assertFalse(_takes(wholeVerifier, proof, instances), "plus the modulus");
        }
    }

    function test_RefusesMissingAndExtraInstances() public view {
        bytes memory proof = _recorded(WHOLE, "proofs")[0];
        uint256[] memory right = _instances(WHOLE, 0);
        for (uint256 length = 0; length < 10; length++) {
            uint256[] memory instances = new uint256[](length);
            for (uint256 i = 0; i < length && i < right.length; i++) {
                instances[i] = right[i];
            }
            vm.assertEq(_takes(wholeVerifier, proof, instances), length == 7, "number of instances");
        }
    }

    function test_RefusesScoresThatWereNotProven() public {
        Rfp memory rfp = _realJob(WHOLE);
        for (uint256 i = 0; i < 3; i++) {
            Submission memory submission = _realSubmission(WHOLE);
            // Another item's scores.
            for (uint256 k = 0; k < 12; k++) {
                submission.outputs[i * 12 + k] = submission.outputs[(i + 1) % 3 * 12 + k];
            }
            _refused(rfp, submission, i);
        }
    }

    function test_RefusesFeaturesThatWereNotProven() public {
        Rfp memory rfp = _realJob(HEAD);
        Submission memory submission = _realSubmission(HEAD);
        // The sign of the first feature.
        submission.outputs[3] ^= 0x80;
        _refused(rfp, submission, 0);
        submission = _realSubmission(HEAD);
        // The exponent of the last one.
        submission.outputs[2047] ^= 0x01;
        _refused(rfp, submission, 0);
    }

    /// What is proven is proven for the features' quanta; the features themselves stay disputable.
    function test_TakesFeaturesOfTheSameQuanta() public view {
        Submission memory submission = _realSubmission(HEAD);
        (uint256[] memory before,) = proofs.instancesOf(
            _real(HEAD).critical, _cut(submission.outputs, 0, 2048), _cut(submission.outputs, 2048, 856)
        );
        submission.outputs[0] ^= 0x01;
        (uint256[] memory changed,) = proofs.instancesOf(
            _real(HEAD).critical, _cut(submission.outputs, 0, 2048), _cut(submission.outputs, 2048, 856)
        );
        vm.assertEq(keccak256(abi.encode(changed)), keccak256(abi.encode(before)), "the last bit of a feature");
        proofs.verify(headId, HEAD, 1, submission);
    }

    function test_RefusesProofsOfOtherItemsAndCircuits() public {
        Rfp memory rfp = _realJob(WHOLE);
        Submission memory submission = _realSubmission(WHOLE);
        (submission.proofs[0], submission.proofs[1]) = (submission.proofs[1], submission.proofs[0]);
        _refused(rfp, submission, 0);
        submission.proofs[0] = _recorded(HEAD, "proofs")[0];
        _refused(rfp, submission, 0);
        submission = _realSubmission(WHOLE);
        submission.proofs[2] = submission.proofs[0];
        _refused(rfp, submission, 2);
    }

    // Code and gas

    function test_RefusesAVerifierWhoseCodeChanged() public {
        Rfp memory rfp = _realJob(WHOLE);
        Submission memory submission = _realSubmission(WHOLE);
        bytes32 expected = address(wholeVerifier).codehash;
        bytes memory code = address(wholeVerifier).code;
        code[code.length / 2] ^= 0x01;
        vm.etch(address(wholeVerifier), code);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProofs.WrongVerifier.selector, wholeVerifier, address(wholeVerifier).codehash, expected
            )
        );
        vm.prank(alice);
        results.commitProven(rfp, submission);
        // The head's is a verifier too, and another one.
        submission.verifier = address(headVerifier);
        vm.expectPartialRevert(IProofs.WrongVerifier.selector);
        vm.prank(alice);
        results.commitProven(rfp, submission);
    }

    /// At no amount of gas is a good proof called bad: either it passes, or the contract says that there is too little, or
    /// the transaction has none left.
    function test_TooLittleGasIsNeverABadProof() public view {
        Submission memory submission = _realSubmission(WHOLE);
        bytes memory call = abi.encodeCall(IProofs.verify, (wholeId, WHOLE, 3, submission));
        for (uint256 gas = 100_000; gas < 7_000_000; gas += 230_000) {
            (bool success, bytes memory answer) = address(proofs).staticcall{ gas: gas }(call);
            if (success || answer.length < 4) continue;
            vm.assertEq(bytes32(bytes4(answer)), bytes32(IProofs.TooLittleGas.selector), "why");
        }
        (bool passed,) = address(proofs).staticcall{ gas: 7_000_000 }(call);
        vm.assertTrue(passed, "enough gas");
    }

    function test_TheVerifiersUseWellBelowWhatTheyAreGiven() public view {
        CriticalKind[2] memory kinds = [HEAD, WHOLE];
        for (uint256 k = 0; k < 2; k++) {
            IVerifier verifier_ = kinds[k] == HEAD ? headVerifier : wholeVerifier;
            bytes memory proof = _recorded(kinds[k], "proofs")[0];
            uint256[] memory instances = _instances(kinds[k], 0);
            uint256 before = gasleft();
            vm.assertTrue(_takes(verifier_, proof, instances), "taken");
            vm.assertLe((before - gasleft()) * 3 / 2, proofs.VERIFY_GAS(), "half as much again");
        }
    }

    /// A bad proof of one item reverts all of it and changes nothing; the job can still be committed.
    function _refused(Rfp memory rfp, Submission memory submission, uint256 item) internal {
        vm.expectRevert(abi.encodeWithSelector(IProofs.BadProof.selector, item));
        vm.prank(alice);
        results.commitProven(rfp, submission);
        _assertState(rfp, JobState.Awarded);
        vm.assertEq(results.resultOf(_id(rfp)).root, bytes32(0), "no result");
        _assertSolvent();
    }
}
