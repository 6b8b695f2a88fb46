// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Submission } from "../../src/interfaces/IProofs.sol";
import { Guarantee, Rfp } from "../../src/types/Job.sol";
import { CriticalKind } from "../../src/types/Model.sol";
import { SnarkFixture } from "../utils/SnarkFixture.sol";

/// As many real proofs of the larger circuit as a job may have: they have to fit one transaction.
contract ProofsMostGasTest is SnarkFixture {
    uint256 internal constant MOST = 8;
    /// No transaction may have more where EIP-7825 holds. Far less is used, but `TooLittleGas` wants it to be there.
    uint256 internal constant TRANSACTION_GAS = 2 ** 24;
    /// What a sender must be able to add to the least that suffices, since estimates are a little off.
    uint256 internal constant ROOM = 2_000_000;

    function test_MostItemsFitATransaction() public {
        Submission memory submission = _realSubmission(CriticalKind.Head);
        (bytes memory item, bytes memory proof) = (submission.outputs, submission.proofs[0]);
        submission.outputs = "";
        submission.proofs = new bytes[](MOST);
        for (uint256 i = 0; i < MOST; i++) {
            submission.outputs = bytes.concat(submission.outputs, item);
            submission.proofs[i] = proof;
        }
        Rfp memory rfp = _quoteRfp();
        (rfp.itemCount, rfp.modelId, rfp.guarantee) = (uint32(MOST), headId, Guarantee.Hybrid);
        _awardQuote(rfp);
        uint256 intrinsic = _intrinsic(abi.encodeCall(results.commitProven, (rfp, submission)));
        vm.prank(alice);
        results.commitProven{ gas: TRANSACTION_GAS - ROOM - intrinsic }(rfp, submission);
    }

    function _intrinsic(bytes memory data) internal pure returns (uint256 gas) {
        gas = 21_000;
        for (uint256 i = 0; i < data.length; i++) {
            gas += data[i] == 0 ? 4 : 16;
        }
    }
}
