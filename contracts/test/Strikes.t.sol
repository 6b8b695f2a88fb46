// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../src/interfaces/IMarket.sol";
import { IRegistry } from "../src/interfaces/IRegistry.sol";
import { IResults, Outcome } from "../src/interfaces/IResults.sol";
import { JobState, Quote, Rfp, Verdict } from "../src/types/Job.sol";
import { Reputation, Strikes } from "../src/types/Worker.sol";
import { MarketFixture } from "./utils/MarketFixture.sol";

/// A worker whose jobs are void too often is slashed as if it were convicted.
contract StrikesTest is MarketFixture {
    /// A whole job of alice's, with these items void and one more claim; ends in `end`.
    function _play(bytes32 model, uint32 voids, Outcome last, JobState end) internal returns (Rfp memory rfp) {
        rfp = _committedOn(model);
        vm.startPrank(disputes);
        for (uint32 i = 0; i < voids; i++) {
            results.openClaim(rfp);
            results.closeClaim(rfp, Outcome.Void, i, i == 0 ? carol : bob, ONE);
        }
        results.openClaim(rfp);
        results.closeClaim(rfp, last, 9, bob, 0);
        vm.stopPrank();
        vm.warp(results.finalAt(rfp));
        _finalize(rfp);
        _assertState(rfp, end);
    }

    function _committedOn(bytes32 model) internal returns (Rfp memory rfp) {
        rfp = _quoteRfp();
        rfp.modelId = model;
        _awardQuote(rfp);
        _commit(rfp, alice);
    }

    function _voided(uint32 voids, JobState end) internal returns (Rfp memory) {
        return _play(modelId, voids, Outcome.Rejected, end);
    }

    /// Without the fixture's checks after each act, which would fill the memory.
    function _good(uint256 count) internal {
        for (uint256 i = 0; i < count; i++) {
            Rfp memory rfp = _quoteRfp();
            Quote memory quote = _quoteOf(rfp, alice);
            bytes memory signature = _sign(quote, aliceKey);
            vm.prank(requester);
            market.awardQuote(rfp, quote, signature, URI);
            vm.prank(alice);
            results.commit(rfp, ROOT, PAYLOAD);
            vm.warp(results.finalAt(rfp));
            results.finalize(rfp);
        }
    }

    function _assertStrikes(uint256 previous, uint256 last) internal view {
        Strikes memory strikes = registry.strikesOf(alice);
        vm.assertEq(strikes.previous, previous, "the strike before the last");
        vm.assertEq(strikes.last, last, "the last strike");
    }

    function test_TheThirdVoidJobIsSlashed() public {
        _good(1);
        _voided(2, JobState.Final);
        _assertStrikes(0, 2);
        _voided(1, JobState.Final);
        _assertStrikes(2, 3);
        _assertStake(alice, 997 * ONE, 0);
        Rfp memory rfp = _committedOn(modelId);
        uint256 credit = market.creditOf(requester, address(cash));
        vm.startPrank(disputes);
        for (uint32 i = 0; i < 2; i++) {
            results.openClaim(rfp);
            results.closeClaim(rfp, Outcome.Void, i, i == 0 ? stranger : bob, 5 * ONE);
        }
        vm.stopPrank();
        vm.warp(results.finalAt(rfp));
        // The verdict tells what disputes found; what the market makes of it is the state.
        vm.expectEmit(address(results));
        emit IResults.Finalized(_id(rfp), ROOT, Verdict(false, 2, stranger, 10 * ONE));
        vm.expectEmit(address(registry));
        emit IRegistry.StrikeRecorded(alice, _id(rfp), 4, true);
        vm.expectEmit(address(market));
        emit IMarket.Settled(_id(rfp), alice, JobState.Slashed, 0, MAX_PRICE, 0, 10 * ONE, 40 * ONE);
        _finalize(rfp);
        _assertCredit(requester, address(cash), credit + MAX_PRICE);
        // Its cost, and a fifth of what voids left.
        _assertCredit(stranger, address(utility), 15 * ONE);
        _assertStake(alice, 997 * ONE - BOND, 0);
        Reputation memory reputation = registry.reputationOf(alice);
        vm.assertEq(reputation.voidJobs, 2, "void jobs");
        vm.assertEq(reputation.slashedJobs, 1, "slashed jobs");
        _assertStrikes(3, 4);
    }

    function test_TheFourthIsSlashedToo() public {
        _voided(1, JobState.Final);
        _voided(1, JobState.Final);
        _voided(1, JobState.Slashed);
        _voided(1, JobState.Slashed);
        _assertStrikes(3, 4);
    }

    /// Beyond a hundred jobs a void is forgotten: the first of these three is one of the last 101.
    function test_OnlyTheLastHundredJobsCount() public {
        _voided(1, JobState.Final);
        _good(98);
        _voided(1, JobState.Final);
        _assertStrikes(1, 100);
        _voided(1, JobState.Final);
        _voided(1, JobState.Slashed);
        _assertStrikes(101, 102);
    }

    function test_TheHundredthStillCounts() public {
        _voided(1, JobState.Final);
        _voided(1, JobState.Final);
        _good(97);
        _voided(1, JobState.Slashed);
        _assertStrikes(2, 100);
    }

    function test_VoidOnlyModelsStrikeNobody() public {
        for (uint256 i = 0; i < 4; i++) {
            _play(voidOnlyId, 1, Outcome.Rejected, JobState.Final);
        }
        _assertStrikes(0, 0);
        vm.assertEq(registry.reputationOf(alice).voidJobs, 4, "void jobs");
        _voided(1, JobState.Final);
        _assertStrikes(0, 5);
    }

    function test_AConvictedJobIsNoStrikeButCounts() public {
        _play(modelId, 1, Outcome.Slash, JobState.Slashed);
        _assertStrikes(0, 0);
        _voided(1, JobState.Final);
        _assertStrikes(0, 2);
    }

    function test_GoodJobsWriteNothing() public {
        _good(3);
        _assertStrikes(0, 0);
    }

    function test_EveryWorkerHasItsOwn() public {
        _voided(1, JobState.Final);
        _voided(1, JobState.Final);
        Rfp memory rfp = _rfp();
        _post(rfp);
        _bid(rfp, bob, 40e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, bob, 40e18);
        _award(rfp, _list(bob));
        _commit(rfp, bob);
        vm.startPrank(disputes);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Void, 0, carol, 0);
        vm.stopPrank();
        vm.warp(results.finalAt(rfp));
        _finalize(rfp);
        _assertState(rfp, JobState.Final);
        vm.assertEq(registry.strikesOf(bob).last, 1, "bob's");
        _assertStrikes(1, 2);
    }
}
