// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "../../src/interfaces/IDisputes.sol";
import { Evidence } from "../../src/interfaces/IReferee.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { ClaimState, ClaimTerms, Exhibit, Subject } from "../../src/types/Dispute.sol";
import { JobState, Rfp } from "../../src/types/Job.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// What liars will do with claims and lines.
contract DisputesHostileTest is DisputesFixture {
    function _settle(Scene memory scene) private {
        uint256 finalAt = results.finalAt(scene.rfp);
        if (block.timestamp < finalAt) vm.warp(finalAt);
        _finalize(scene.rfp);
    }

    function test_CopiedClaim() public {
        Scene memory scene = _cheat();
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        bytes32 salt = _sealClaim(bob, terms);
        bytes32 copy = seals[0];
        // A copied seal is in nobody's way, and worth nothing.
        vm.prank(mallory);
        court.seal(copy);
        sealers.push(mallory);
        seals.push(copy);
        _pass(1);
        bytes32 own = court.sealOf(mallory, terms, salt);
        _failing(abi.encodeWithSelector(IDisputes.BadSeal.selector, own));
        _revealClaim(mallory, scene, terms, trace, salt);
        uint256 before = _wealth(bob);
        uint64 first = _revealClaim(bob, scene, terms, trace, salt);
        // Sealed anew after it was read, it comes second.
        uint64 second = _claim(mallory, scene, terms, trace);
        _pass(REFUTE_WINDOW);
        _uphold(scene, second);
        _uphold(scene, first);
        _settle(scene);
        vm.assertEq(_wealth(bob), before + SEAL_BOND + BOND / 5, "the first takes the reward");
        court.burnSeal(mallory, copy);
        _assertBooks();
    }

    function test_SelfChallenge() public {
        Scene memory scene = _cheat();
        uint256 before = _wealth(alice) + _wealth(mallory);
        uint64 claim = _trueClaim(mallory, scene);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        _settle(scene);
        vm.assertEq(_wealth(alice) + _wealth(mallory), before - BOND * 4 / 5, "four fifths burn");
        _assertCredit(requester, address(cash), MAX_PRICE);
    }

    /// A liar that refutes its own claim, to learn nothing and hold up a job, loses most of the bond.
    function test_SelfRefutation() public {
        Scene memory scene = _honest();
        uint256 before = _wealth(mallory);
        uint64 claim = _falseClaim(mallory, scene);
        _refute(mallory, scene, claim);
        vm.assertLe(_wealth(mallory), before - RESERVE - SEAL_BOND * 8 / 10, "lost");
    }

    function test_SybilVoidToPreemptASlash() public {
        Scene memory scene = _scene();
        _shift(scene, 1, 10, 0x3FE0 << 48);
        _shift(scene, 1, 70, 0x4000 << 48);
        _commitScene(scene);
        bytes[] memory trace = TinyModel.trace(1);
        uint64 voiding = _claim(mallory, scene, _terms(scene, 1, 0, 10, trace), trace);
        uint64 claim = _trueClaim(bob, scene);
        _pass(REFUTE_WINDOW);
        _uphold(scene, voiding);
        _uphold(scene, claim);
        uint128 costs = results.resultOf(_id(scene.rfp)).costs;
        vm.assertLe(costs, 3_000_000 * GAS_PRICE, "a void claim's costs");
        uint256 before = _wealth(bob);
        _settle(scene);
        _assertState(scene.rfp, JobState.Slashed);
        vm.assertEq(_wealth(bob), before + (BOND - costs) / 5, "reward");
    }

    function test_ClaimOnAnInvalidRecord() public {
        bytes[] memory records = TinyModel.records();
        records[1][1] = 0x63;
        _use(TinyModel.spec(records, false), records);
        Scene memory scene = _honest();
        bytes[] memory trace = _liarTrace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        uint64 claim = _claim(mallory, scene, terms, trace);
        uint64 other = _claim(mallory, scene, terms, trace);
        bytes32 salt = _sealClaim(mallory, terms);
        _dismiss(scene, claim);
        // Whoever judges its element hears so as well.
        bytes32[] memory path = TinyModel.recordProof(program, 1).path;
        bytes memory spec = _spec();
        vm.prank(carol);
        court.refuteRecord(scene.rfp, spec, claim, 1, records[1], path);
        _assertBooks();
        _assertClaim(claim, ClaimState.Refuted);
        vm.assertTrue(court.isInvalid(modelId), "invalid");
        _dismiss(scene, other);
        _assertClaim(other, ClaimState.Refuted);
        _pass(1);
        _failing(abi.encodeWithSelector(IDisputes.ModelIsInvalid.selector, modelId));
        _revealClaim(mallory, scene, terms, trace, salt);
    }

    function _dismiss(Scene memory scene, uint64 claim) private {
        bytes memory reason = abi.encodeWithSelector(IDisputes.ModelNotInvalid.selector, modelId);
        if (!court.isInvalid(modelId)) vm.expectRevert(reason);
        vm.prank(carol);
        court.dismiss(scene.rfp, claim);
        _assertBooks();
    }

    function test_EvidenceOnAnInvalidRecord() public {
        bytes[] memory records = TinyModel.records();
        records[1][1] = 0x63;
        _use(TinyModel.spec(records, false), records);
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        _refute(carol, scene, claim);
        vm.assertTrue(court.isInvalid(modelId), "invalid");
    }

    /// What fills the last leaf of a claimed tensor is never read, and hides nothing.
    function test_ClaimWithNonZeroPadding() public {
        Scene memory scene = _honest();
        bytes[] memory trace = _liarTrace(1);
        bytes memory padded = new bytes(1024);
        for (uint256 k = 0; k < 1024; ++k) {
            padded[k] = k < 800 ? trace[1][k] : bytes1(0xff);
        }
        trace[1] = padded;
        uint64 claim = _claim(mallory, scene, _terms(scene, 1, 0, 70, trace), trace);
        _refute(carol, scene, claim, _evidence(scene, 1, trace, 1, 70));
        _assertClaim(claim, ClaimState.Refuted);
    }

    function test_ClaimOnANaNResult() public {
        Scene memory scene = _scene();
        TinyModel.putBits(scene.outputs[1][0], 70, 0x7FC0_0000);
        _commitScene(scene);
        uint64 claim = _trueClaim(bob, scene);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        _settle(scene);
        _assertState(scene.rfp, JobState.Slashed);
    }

    function test_ClaimOfANaNTrace() public {
        Scene memory scene = _honest();
        bytes[] memory trace = TinyModel.trace(1);
        TinyModel.put(trace[1], 70, TinyModel.NAN);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        bytes32 salt = _sealClaim(mallory, terms);
        _pass(1);
        _failing(abi.encodeWithSelector(IDisputes.WithinAccept.selector));
        _revealClaim(mallory, scene, terms, trace, salt);
    }

    function test_ClaimAtTheLastSecond() public {
        Scene memory scene = _cheat();
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        uint256 end = _job(scene.rfp).time + WINDOW;
        vm.warp(end - 1);
        (bytes32 salt, bytes32 stale) = (_sealClaim(bob, terms), _sealClaim(bob, terms));
        _failing(abi.encodeWithSelector(IDisputes.SealTooFresh.selector, end - 1, end));
        _revealClaim(bob, scene, terms, trace, salt);
        vm.warp(end);
        bytes32 late = _sealClaim(bob, terms);
        vm.warp(end + 1);
        _failing(abi.encodeWithSelector(IDisputes.TooLateToDispute.selector, end, end));
        _revealClaim(bob, scene, terms, trace, late);
        vm.warp(end - 1 + CLAIM_REVEAL - 1);
        uint64 claim = _revealClaim(bob, scene, terms, trace, salt);
        vm.warp(end - 1 + CLAIM_REVEAL);
        _failing(abi.encodeWithSelector(IDisputes.SealTooOld.selector, end - 1 + CLAIM_REVEAL, end - 1 + CLAIM_REVEAL));
        _revealClaim(bob, scene, terms, trace, stale);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        _settle(scene);
        _assertState(scene.rfp, JobState.Slashed);
    }

    function test_TwoClaimsOneTrue() public {
        Scene memory scene = _cheat();
        bytes[] memory trace = TinyModel.trace(2);
        TinyModel.put(trace[1], 5, Float64.pack(1000, 0));
        uint64 lie = _claim(mallory, scene, _terms(scene, 2, 0, 5, trace), trace);
        uint64 claim = _trueClaim(bob, scene);
        _refute(carol, scene, lie, _evidence(scene, 2, trace, 1, 5));
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        uint256 before = _wealth(bob);
        _settle(scene);
        _assertState(scene.rfp, JobState.Slashed);
        vm.assertEq(_wealth(bob), before + BOND / 5, "reward");
    }

    /// Each dies on one transaction, and its bond pays for that.
    function test_FiftyParallelClaims() public {
        Scene memory scene = _honest();
        bytes[] memory trace = _liarTrace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        Evidence memory evidence = _evidence(scene, 1, trace, 1, 70);
        uint256 before = _wealth(carol);
        bytes32 first;
        for (uint256 k = 0; k < 50; ++k) {
            bytes32 salt = _sealClaim(mallory, terms);
            if (k == 0) first = salt;
        }
        _pass(1);
        for (uint256 k = 0; k < 50; ++k) {
            _revealClaim(mallory, scene, terms, exhibit, bytes32(uint256(first) + k), 0);
        }
        vm.assertEq(results.resultOf(_id(scene.rfp)).openClaims, 50, "open");
        for (uint64 claim = 1; claim <= 50; ++claim) {
            _refute(carol, scene, claim, evidence);
        }
        vm.assertGe(_wealth(carol), before + 50 * REFUTE_REWARD, "paid for each");
        _settle(scene);
        _assertState(scene.rfp, JobState.Final);
    }

    function test_RefuteTwice() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        _refute(carol, scene, claim);
        _failing(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim));
        _refute(carol, scene, claim);
    }

    function test_UpholdBeforeTheWindowEnds() public {
        Scene memory scene = _cheat();
        uint64 claim = _trueClaim(bob, scene);
        uint256 from = block.timestamp + REFUTE_WINDOW;
        vm.warp(from - 1);
        _failing(abi.encodeWithSelector(IDisputes.TooEarlyToUphold.selector, from - 1, from));
        _uphold(scene, claim);
        vm.warp(from);
        _uphold(scene, claim);
        _failing(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim));
        _uphold(scene, claim);
    }

    function test_RefuteAfterUphold() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint64 other = _falseClaim(mallory, scene);
        _pass(REFUTE_WINDOW);
        // Late, but nobody upheld it yet.
        _refute(carol, scene, other);
        _uphold(scene, claim);
        _failing(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim));
        _refute(carol, scene, claim);
    }

    function test_ClaimOnAFinalJob() public {
        Scene memory scene = _honest();
        _settle(scene);
        _nothingToDispute(scene);
    }

    function test_ClaimOnACancelledJob() public {
        Scene memory scene = _scene();
        Rfp memory rfp = _rfp();
        (rfp.modelId, rfp.itemCount, rfp.inputRoot) = (modelId, ITEMS, scene.rfp.inputRoot);
        scene.rfp = rfp;
        _post(rfp);
        vm.prank(requester);
        market.cancel(rfp);
        _nothingToDispute(scene);
    }

    function _nothingToDispute(Scene memory scene) private {
        bytes[] memory trace = _liarTrace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        bytes32 salt = _sealClaim(mallory, terms);
        _pass(1);
        _failing(abi.encodeWithSelector(IDisputes.NothingToDispute.selector, _id(scene.rfp)));
        _revealClaim(mallory, scene, terms, trace, salt);
        _failing(abi.encodeWithSelector(IDisputes.NothingToDispute.selector, _id(scene.rfp)));
        _demandItem(mallory, scene, Subject.Result, 0, 0, _run(0, 0, 1));
    }

    /// Its bond comes back, but it is paid for once.
    function test_ClaimOnAVoidItem() public {
        Scene memory scene = _sloppy();
        uint256 before = _wealth(carol);
        uint64 claim = _trueClaim(bob, scene);
        uint64 again = _trueClaim(carol, scene);
        _pass(REFUTE_WINDOW + 1);
        _uphold(scene, claim);
        _uphold(scene, again);
        vm.assertEq(_wealth(carol), before, "nothing won, nothing lost");
        vm.assertEq(results.resultOf(_id(scene.rfp)).voidItems, 1, "void items");
        _settle(scene);
    }

    function test_NobodyIsConvictedOnAVoidOnlyModel() public {
        _use(TinyModel.spec(TinyModel.records(), true), TinyModel.records());
        Scene memory scene = _cheat();
        uint64 claim = _trueClaim(bob, scene);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        _settle(scene);
        _assertState(scene.rfp, JobState.Final);
        vm.assertEq(results.resultOf(_id(scene.rfp)).voidItems, 1, "void items");
    }
}
