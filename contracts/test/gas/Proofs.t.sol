// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Submission } from "../../src/interfaces/IProofs.sol";
import { IVerifier } from "../../src/interfaces/IVerifier.sol";
import { Rfp } from "../../src/types/Job.sol";
import { CriticalKind } from "../../src/types/Model.sol";
import { SnarkFixture } from "../utils/SnarkFixture.sol";

/// Gas of checking real proofs: the verifier's call alone, and whole commitments as transactions of their own.
contract ProofsGasTest is SnarkFixture {
    function _verifier(CriticalKind kind, string memory name) internal {
        IVerifier verifier_ = kind == CriticalKind.Head ? headVerifier : wholeVerifier;
        verifier_.verifyProof(_recorded(kind, "proofs")[0], _instances(kind, 0));
        // Of the call alone: the transaction's base and calldata are counted with the commitments.
        vm.snapshotGasLastCall("Proofs", name);
    }

    function test_Verifiers() public {
        _verifier(CriticalKind.Head, "verifier, head");
        _verifier(CriticalKind.Whole, "verifier, tabular");
    }

    /// forge-config: default.isolate = true
    function test_Commitments() public {
        _commit(CriticalKind.Head, "commit, hybrid, one item");
        _commit(CriticalKind.Whole, "commit and settle, proven, three items");
    }

    function _commit(CriticalKind kind, string memory name) internal {
        Rfp memory rfp = _realJob(kind);
        Submission memory submission = _realSubmission(kind);
        vm.prank(alice);
        results.commitProven(rfp, submission);
        vm.snapshotGasLastCall("Proofs", name);
    }
}
