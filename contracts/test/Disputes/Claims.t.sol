// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "../../src/interfaces/IDisputes.sol";
import { Outcome } from "../../src/interfaces/IResults.sol";
import { Claim, ClaimState, ClaimTerms } from "../../src/types/Dispute.sol";
import { JobState } from "../../src/types/Job.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// A claim's life when all goes as it should.
contract DisputesClaimsTest is DisputesFixture {
    function test_FraudIsSlashed() public {
        Scene memory scene = _cheat();
        (uint256 before, uint256 worker) = (_wealth(bob), _wealth(alice));
        uint64 id = _trueClaim(bob, scene);
        Claim memory claim = court.claimOf(id);
        vm.assertEq(uint256(claim.outcome), uint256(Outcome.Slash), "outcome");
        vm.assertEq(claim.reserve, RESERVE, "reserve");
        vm.assertEq(_wealth(bob), before - SEAL_BOND - RESERVE, "bond");
        _pass(REFUTE_WINDOW);
        _uphold(scene, id);
        _assertClaim(id, ClaimState.Upheld);
        vm.assertEq(_wealth(bob), before, "bond back");
        vm.warp(results.finalAt(scene.rfp));
        _finalize(scene.rfp);
        _assertState(scene.rfp, JobState.Slashed);
        vm.assertEq(_wealth(bob), before + BOND / 5, "reward");
        vm.assertEq(_wealth(alice), worker - BOND, "job bond");
        _assertCredit(requester, address(cash), MAX_PRICE);
    }

    function test_AnItemBetweenAcceptAndSlashIsVoid() public {
        Scene memory scene = _sloppy();
        (uint256 before, uint256 worker) = (_wealth(bob), _wealth(alice));
        uint64 id = _trueClaim(bob, scene);
        vm.assertEq(uint256(court.claimOf(id).outcome), uint256(Outcome.Void), "outcome");
        uint128 cost = court.claimOf(id).cost;
        _pass(REFUTE_WINDOW);
        _uphold(scene, id);
        vm.assertEq(_wealth(bob), before + cost, "cost");
        vm.assertEq(_wealth(alice), worker - cost, "the worker pays the cost for now");
        vm.warp(results.finalAt(scene.rfp));
        _finalize(scene.rfp);
        _assertState(scene.rfp, JobState.Final);
        vm.assertEq(results.resultOf(_id(scene.rfp)).voidItems, 1, "void items");
        vm.assertEq(_wealth(alice), worker - cost, "and no more");
    }

    function test_AFalseClaimDiesAtOnce() public {
        Scene memory scene = _honest();
        uint256 liar = _wealth(mallory);
        (uint256 refuter, uint256 worker) = (_wealth(carol), _wealth(alice));
        uint64 id = _falseClaim(mallory, scene);
        _refute(carol, scene, id);
        _assertClaim(id, ClaimState.Refuted);
        vm.assertEq(_wealth(mallory), liar - SEAL_BOND - RESERVE, "the liar's bond");
        uint256 reward = _wealth(carol) - refuter;
        vm.assertGe(reward, REFUTE_REWARD + 200_000 * GAS_PRICE, "gas and reward");
        vm.assertLe(reward, REFUTE_REWARD + 1_500_000 * GAS_PRICE, "no more");
        vm.assertEq(_wealth(alice) - worker, (SEAL_BOND - reward) / 2 + RESERVE / 2, "the worker's half");
        vm.warp(results.finalAt(scene.rfp));
        _finalize(scene.rfp);
        _assertState(scene.rfp, JobState.Final);
        vm.assertEq(results.resultOf(_id(scene.rfp)).voidItems, 0, "void items");
    }

    function test_OtherOutputs() public {
        Scene memory scene = _scene();
        TinyModel.put(scene.outputs[2][2], 99, 12_345);
        TinyModel.put(scene.outputs[0][1], 0, 0x7FF0_0000_0000_0000);
        _commitScene(scene);
        bytes[] memory trace = TinyModel.trace(2);
        uint64 id = _claim(bob, scene, _terms(scene, 2, 2, 99, trace), trace);
        vm.assertEq(uint256(court.claimOf(id).outcome), uint256(Outcome.Slash), "integers");
        trace = TinyModel.trace(0);
        id = _claim(bob, scene, _terms(scene, 0, 1, 0, trace), trace);
        vm.assertEq(uint256(court.claimOf(id).outcome), uint256(Outcome.Slash), "infinity");
    }

    function test_ASealThatIsNotRevealedBurns() public {
        Scene memory scene = _cheat();
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, TinyModel.trace(1));
        uint256 supply = utility.totalSupply();
        _sealClaim(bob, terms);
        uint256 end = block.timestamp + CLAIM_REVEAL;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.SealTooFresh.selector, end - 1, end));
        court.burnSeal(bob, seals[0]);
        vm.warp(end);
        court.burnSeal(bob, seals[0]);
        vm.assertEq(utility.totalSupply(), supply - SEAL_BOND, "burned");
        _assertBooks();
        vm.expectRevert(abi.encodeWithSelector(IDisputes.BadSeal.selector, seals[0]));
        court.burnSeal(bob, seals[0]);
    }
}
