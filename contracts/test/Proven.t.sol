// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../src/interfaces/IMarket.sol";
import { IProofs, Submission } from "../src/interfaces/IProofs.sol";
import { IResults } from "../src/interfaces/IResults.sol";
import { Guarantee, JobState, Rfp, Verdict } from "../src/types/Job.sol";
import { CriticalKind } from "../src/types/Model.sol";
import { OpenVerifier, ProvenFixture } from "./utils/ProvenFixture.sol";

/// Results.commitProven, with a verifier whose proofs anybody can make. Real proofs are in Snark.t.sol.
contract ProvenTest is ProvenFixture {
    uint256 internal constant CERTAIN = 1 << 31;

    // What is proven as a whole

    function test_AProvenResultIsFinalAndPaidAtOnce() public {
        Rfp memory rfp = _provenJob(3);
        Submission memory submission = _wholeSubmission(3);
        bytes32 root = _rootOf(submission.outputs, 12);
        // Leads of 10, 310 and 610 quanta; certain beyond 100.
        uint256 decisions = 1 | (1 | CERTAIN) << 32 | (1 | CERTAIN) << 64;
        uint256 fee = MAX_PRICE / 100;
        vm.expectEmit(address(results));
        emit IResults.Committed(_id(rfp), alice, 1, root, sha256(submission.outputs), block.timestamp);
        vm.expectEmit(address(results));
        emit IResults.Proven(_id(rfp), address(verifier), decisions);
        vm.expectEmit(address(results));
        emit IResults.Finalized(_id(rfp), root, Verdict(false, 0, address(0), 0));
        vm.expectEmit(address(market));
        emit IMarket.Settled(_id(rfp), alice, JobState.Final, MAX_PRICE - fee, 0, fee, 0, 0);
        _commitProven(rfp, submission);
        _assertState(rfp, JobState.Final);
        _assertCredit(alice, address(cash), MAX_PRICE - fee);
        _assertStake(alice, 1000 * ONE, 0);
        vm.assertEq(registry.reputationOf(alice).finalJobs, 1, "final jobs");
        vm.assertEq(results.resultOf(_id(rfp)).root, root, "root");
    }

    function test_TellsEachDecision() public {
        Rfp memory rfp = _provenJob(3);
        _commitProven(rfp, _wholeSubmission(3));
        for (uint32 i = 0; i < 3; i++) {
            (uint32 decision, bool isCertain) = results.decisionOf(_id(rfp), i);
            vm.assertEq(decision, 1, "decision");
            vm.assertEq(isCertain, i > 0, "certain");
        }
        (uint32 none, bool certain) = results.decisionOf(_id(rfp), 3);
        vm.assertTrue(none == 0 && !certain, "beyond the items");
        (none, certain) = results.decisionOf(_id(rfp), 8);
        vm.assertTrue(none == 0 && !certain, "beyond the word");
    }

    function test_NothingCanBeClaimedAboutAProvenResult() public {
        Rfp memory rfp = _provenJob(1);
        Submission memory submission = _wholeSubmission(1);
        _commitProven(rfp, submission);
        vm.expectRevert(abi.encodeWithSelector(IResults.NotCommitted.selector, _id(rfp)));
        vm.prank(disputes);
        results.openClaim(rfp);
        vm.expectRevert(abi.encodeWithSelector(IResults.NotCommitted.selector, _id(rfp)));
        results.finalize(rfp);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Final));
        _commitProven(rfp, submission);
    }

    function test_RefusesInputsThatAreNotTheJobs() public {
        Rfp memory rfp = _provenJob(2);
        Submission memory submission = _wholeSubmission(2);
        submission.inputs = bytes.concat(_floats(_quanta(4, 5)), _cut(submission.inputs, 16, 16));
        submission.proofs[0] = _proof(_whole(), _cut(submission.inputs, 0, 16), _cut(submission.outputs, 0, 12));
        bytes32 root = _rootOf(submission.inputs, 16);
        _refused(rfp, submission, abi.encodeWithSelector(IResults.WrongInputs.selector, root, rfp.inputRoot));
    }

    // A head

    function test_AHybridResultWaitsForItsWindow() public {
        Rfp memory rfp = _hybridJob(2);
        _commitProven(rfp, _headSubmission(2));
        _assertState(rfp, JobState.Committed);
        uint256 finalAt = block.timestamp + WINDOW + CLAIM_REVEAL;
        vm.assertEq(results.finalAt(rfp), finalAt, "final at");
        (, bool isCertain) = results.decisionOf(_id(rfp), 0);
        vm.assertFalse(isCertain, "the lead is small");
        vm.prank(disputes);
        results.openClaim(rfp);
        vm.warp(finalAt);
        vm.expectRevert(abi.encodeWithSelector(IResults.ClaimsOpen.selector, _id(rfp), 1));
        results.finalize(rfp);
    }

    function test_AHybridResultsRootIsThatOfItsPayload() public {
        Rfp memory rfp = _hybridJob(1);
        Submission memory submission = _headSubmission(1);
        _commitProven(rfp, submission);
        bytes32[] memory tensors = new bytes32[](2);
        tensors[0] = this.tensorRoot(_cut(submission.outputs, 0, 2048));
        tensors[1] = this.tensorRoot(_cut(submission.outputs, 2048, 856));
        bytes32 left = sha256(bytes.concat(hex"00", tensors[0]));
        bytes32 right = sha256(bytes.concat(hex"00", tensors[1]));
        bytes32 item = sha256(bytes.concat(hex"01", left, right));
        vm.assertEq(results.resultOf(_id(rfp)).root, sha256(bytes.concat(hex"00", item)), "root");
    }

    function test_AHeadTakesNoInputs() public {
        Rfp memory rfp = _hybridJob(1);
        Submission memory submission = _headSubmission(1);
        submission.inputs = new bytes(8192);
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongLength.selector, 8192, 0));
    }

    // Refusals

    function test_RefusesOtherCommitments() public {
        Rfp memory rfp = _provenJob(1);
        vm.expectRevert(abi.encodeWithSelector(IResults.WrongGuarantee.selector, Guarantee.Proven));
        _commit(rfp, alice);
        rfp = _hybridJob(1);
        vm.expectRevert(abi.encodeWithSelector(IResults.WrongGuarantee.selector, Guarantee.Hybrid));
        _commit(rfp, alice);
        rfp = _quoted();
        _refused(
            rfp, _wholeSubmission(1), abi.encodeWithSelector(IResults.WrongGuarantee.selector, Guarantee.Optimistic)
        );
    }

    function test_RefusesOthersAndLateOnes() public {
        Rfp memory rfp = _provenJob(1);
        Submission memory submission = _wholeSubmission(1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, bob, alice));
        vm.prank(bob);
        results.commitProven(rfp, submission);
        uint256 deadline = _job(rfp).time;
        vm.warp(deadline);
        _refused(rfp, submission, abi.encodeWithSelector(IMarket.TooLate.selector, deadline, deadline));
        vm.warp(deadline - 1);
        _commitProven(rfp, submission);
    }

    function test_RefusesAnotherModelsSpec() public {
        Rfp memory rfp = _provenJob(1);
        Submission memory submission = _wholeSubmission(1);
        submission.spec = abi.encode(_head());
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongSpec.selector, wholeId));
        submission.spec = bytes.concat(abi.encode(_whole()), new bytes(32));
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongSpec.selector, wholeId));
    }

    /// The market lets nobody post such a job; the contract that checks proofs doesn't rely on it.
    function test_RefusesAKindThatTheModelLacks() public {
        Submission memory submission = _wholeSubmission(1);
        vm.expectRevert(abi.encodeWithSelector(IProofs.WrongCriticalKind.selector, CriticalKind.Head));
        proofs.verify(wholeId, CriticalKind.Head, 1, submission);
        vm.expectRevert(abi.encodeWithSelector(IProofs.WrongCriticalKind.selector, CriticalKind.None));
        proofs.verify(wholeId, CriticalKind.None, 1, submission);
        submission.spec = abi.encode(_spec("disputable", true));
        vm.expectRevert(abi.encodeWithSelector(IProofs.WrongCriticalKind.selector, CriticalKind.None));
        proofs.verify(modelId, CriticalKind.None, 1, submission);
    }

    function test_RefusesAnotherVerifier() public {
        Rfp memory rfp = _provenJob(1);
        Submission memory submission = _wholeSubmission(1);
        bytes32 expected = address(verifier).codehash;
        submission.verifier = stranger;
        bytes4 wrong = IProofs.WrongVerifier.selector;
        _refused(rfp, submission, abi.encodeWithSelector(wrong, stranger, stranger.codehash, expected));
        submission.verifier = address(market);
        _refused(rfp, submission, abi.encodeWithSelector(wrong, market, address(market).codehash, expected));
        // Its code changed after the model was published.
        bytes memory code = address(verifier).code;
        code[code.length - 1] ^= 0x01;
        vm.etch(address(verifier), code);
        submission.verifier = address(verifier);
        _refused(rfp, submission, abi.encodeWithSelector(wrong, verifier, address(verifier).codehash, expected));
    }

    function test_TakesAnyVerifierOfTheSameCode() public {
        Rfp memory rfp = _provenJob(1);
        Submission memory submission = _wholeSubmission(1);
        submission.verifier = address(new OpenVerifier());
        _commitProven(rfp, submission);
    }

    function test_RefusesMoreOrFewerProofs() public {
        Rfp memory rfp = _provenJob(2);
        Submission memory submission = _wholeSubmission(2);
        submission.proofs = _wholeSubmission(1).proofs;
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongProofCount.selector, 1, 2));
        submission.proofs = _wholeSubmission(3).proofs;
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongProofCount.selector, 3, 2));
    }

    function test_RefusesPayloadsOfAnotherLength() public {
        Rfp memory rfp = _provenJob(2);
        Submission memory submission = _wholeSubmission(2);
        submission.outputs = bytes.concat(submission.outputs, hex"00");
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongLength.selector, 25, 24));
        submission.outputs = _cut(submission.outputs, 0, 23);
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongLength.selector, 23, 24));
        submission = _wholeSubmission(2);
        submission.inputs = "";
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.WrongLength.selector, 0, 32));
    }

    function test_RefusesScoresThatNoCircuitGives() public {
        Rfp memory rfp = _provenJob(2);
        Submission memory submission = _wholeSubmission(2);
        // One third of a quantum more.
        submission.outputs[12] = 0x01;
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.NotWholeQuanta.selector, 1, 0));
        submission = _wholeSubmission(2);
        // A NaN.
        (submission.outputs[6], submission.outputs[7]) = (0xC0, 0x7F);
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.NotWholeQuanta.selector, 0, 1));
    }

    function test_RefusesABadProofOfAnyItem() public {
        Rfp memory rfp = _provenJob(3);
        for (uint256 i = 0; i < 3; i++) {
            Submission memory submission = _wholeSubmission(3);
            submission.proofs[i] = submission.proofs[(i + 1) % 3];
            _refused(rfp, submission, abi.encodeWithSelector(IProofs.BadProof.selector, i));
            submission.proofs[i] = "";
            _refused(rfp, submission, abi.encodeWithSelector(IProofs.BadProof.selector, i));
            // It burns all the gas that it is given, and no more.
            submission.proofs[i] = hex"00";
            _refused(rfp, submission, abi.encodeWithSelector(IProofs.BadProof.selector, i));
        }
    }

    /// With too little gas a good proof might fail; the contract says so before it tries.
    function test_RefusesTooLittleGas() public {
        Rfp memory rfp = _provenJob(2);
        Submission memory submission = _wholeSubmission(2);
        for (uint256 gas = 300_000; gas < 3_400_000; gas += 310_000) {
            vm.prank(alice);
            (bool success,) = address(results).call{ gas: gas }(abi.encodeCall(results.commitProven, (rfp, submission)));
            vm.assertFalse(success, "too little");
            _assertState(rfp, JobState.Awarded);
        }
        vm.expectPartialRevert(IProofs.TooLittleGas.selector);
        proofs.verify{ gas: 3_000_000 }(wholeId, CriticalKind.Whole, 2, submission);
        vm.prank(alice);
        results.commitProven{ gas: 4_000_000 }(rfp, submission);
        _assertState(rfp, JobState.Final);
    }

    /// A submission that reverts leaves the job as it was; a missed deadline is a missed deadline.
    function test_ABadProofIsNoCommit() public {
        Rfp memory rfp = _hybridJob(1);
        Submission memory submission = _headSubmission(1);
        submission.proofs[0] = hex"1234";
        _refused(rfp, submission, abi.encodeWithSelector(IProofs.BadProof.selector, 0));
        vm.warp(_job(rfp).time);
        _expire(rfp);
        _assertState(rfp, JobState.Expired);
        vm.assertEq(registry.reputationOf(alice).missedJobs, 1, "missed");
    }

    function test_TheMostItemsFitABlock() public {
        Rfp memory rfp = _provenJob(8);
        _commitProven(rfp, _wholeSubmission(8));
        (uint32 decision, bool isCertain) = results.decisionOf(_id(rfp), 7);
        vm.assertTrue(decision == 1 && isCertain, "the last item's");
    }

    // Instances

    function test_InstancesAreWhatIsReadAndThenTheScores() public view {
        int256[] memory scores = _scores(0);
        scores[2] = -5;
        (uint256[] memory instances, uint256 decision) =
            proofs.instancesOf(_whole().critical, _floats(_quanta(4, 0)), _floats(scores));
        vm.assertEq(instances.length, 7, "length");
        uint256 field = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
        vm.assertEq(instances[0], field - 1000, "first of what is read");
        vm.assertEq(instances[4], 10, "first score");
        vm.assertEq(instances[6], field - 5, "last score");
        vm.assertEq(decision, 1, "decision");
    }

    /// A lead of exactly the margin is not certain; ties go to the lower index.
    function test_CertaintyBeginsBeyondTheMargin() public view {
        int256[] memory scores = new int256[](3);
        (scores[0], scores[1], scores[2]) = (-300, -200, -300);
        vm.assertEq(_decision(scores), 1, "a lead of the margin");
        scores[1] = -199;
        vm.assertEq(_decision(scores), 1 | CERTAIN, "one more");
        (scores[0], scores[1], scores[2]) = (7, 7, 7);
        vm.assertEq(_decision(scores), 0, "a tie");
        (scores[0], scores[1], scores[2]) = (0, -(2 ** 24 - 1), 2 ** 24 - 1);
        vm.assertEq(_decision(scores), 2 | CERTAIN, "the widest");
    }

    /// What the circuit read in its place isn't what the canonical model reads.
    function test_NothingIsCertainOfWhatWasCut() public view {
        int256[] memory scores = _scores(2);
        int256[] memory read = _quanta(4, 0);
        read[2] = -(1 << 18);
        (uint256[] memory instances, uint256 decision) =
            proofs.instancesOf(_whole().critical, _floats(read), _floats(scores));
        vm.assertEq(decision, 1 | CERTAIN, "the limit itself");
        read[2] -= 1;
        (uint256[] memory changed, uint256 uncertain) =
            proofs.instancesOf(_whole().critical, _floats(read), _floats(scores));
        vm.assertEq(keccak256(abi.encode(changed)), keccak256(abi.encode(instances)), "the same to the circuit");
        vm.assertEq(uncertain, 1, "beyond the limit");
    }

    function _decision(int256[] memory scores) internal view returns (uint256 decision) {
        (, decision) = proofs.instancesOf(_whole().critical, _floats(_quanta(4, 0)), _floats(scores));
    }

    /// Nothing changes, to the unit.
    function _refused(Rfp memory rfp, Submission memory submission, bytes memory reason) internal {
        JobState before = _job(rfp).state;
        vm.expectRevert(reason);
        vm.prank(alice);
        results.commitProven(rfp, submission);
        _assertState(rfp, before);
        vm.assertEq(results.resultOf(_id(rfp)).root, bytes32(0), "no result");
        _assertSolvent();
    }
}
