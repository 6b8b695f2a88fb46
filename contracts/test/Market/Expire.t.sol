// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { IRegistry } from "../../src/interfaces/IRegistry.sol";
import { JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract ExpireTest is MarketFixture {
    function _opensAt(Rfp memory rfp, uint256 time) internal {
        vm.warp(time - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, time - 1, time));
        _expire(rfp);
        vm.warp(time);
        vm.expectEmit(address(market));
        emit IMarket.Expired(_id(rfp));
        _expire(rfp);
        _assertState(rfp, JobState.Expired);
        _assertCredit(requester, address(cash), MAX_PRICE);
    }

    function test_WithoutBidsAfterBidding() public {
        Rfp memory rfp = _posted();
        _opensAt(rfp, block.timestamp + BIDDING);
    }

    function test_WithoutRevealsAfterRevealing() public {
        Rfp memory rfp = _sealed();
        _opensAt(rfp, block.timestamp + REVEALING);
    }

    function test_WithoutAnAwardAfterTheTimeForOne() public {
        Rfp memory rfp = _revealed();
        _opensAt(rfp, block.timestamp + REVEALING + EXECUTION);
    }

    function test_AfterTheTurnsOfAllRunnersUp() public {
        Rfp memory rfp = _awarded();
        _opensAt(rfp, uint256(_job(rfp).time) + 2 * ACCEPT);
        _assertStake(alice, 1000 * ONE - BOND, 0);
        _assertCredit(requester, address(utility), BOND / 5);
        vm.assertEq(registry.reputationOf(alice).missedJobs, 1, "noted");
    }

    function test_OfALoneBidderAtItsDeadline() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 40e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _award(rfp, _list(alice));
        _opensAt(rfp, _job(rfp).time);
    }

    function test_OfAQuoteAtItsDeadline() public {
        Rfp memory rfp = _quoted();
        _opensAt(rfp, _job(rfp).time);
        _assertStake(alice, 1000 * ONE - BOND, 0);
    }

    function test_RefusesOtherStates() public {
        bytes4 wrongState = IMarket.WrongState.selector;
        Rfp memory rfp = _rfp();
        vm.expectRevert(abi.encodeWithSelector(wrongState, _id(rfp), JobState.None));
        _expire(rfp);
        rfp = _committed();
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(wrongState, _id(rfp), JobState.Committed));
        _expire(rfp);
        _finalize(rfp);
        vm.expectRevert(abi.encodeWithSelector(wrongState, _id(rfp), JobState.Final));
        _expire(rfp);
        rfp = _posted();
        vm.warp(block.timestamp + BIDDING);
        _expire(rfp);
        vm.expectRevert(abi.encodeWithSelector(wrongState, _id(rfp), JobState.Expired));
        _expire(rfp);
        // The second escrow came out of the credit that the first job left.
        _assertCredit(requester, address(cash), MAX_PRICE);
    }

    // Bonds of bids that nobody awarded

    function _unawarded() internal returns (Rfp memory rfp) {
        rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        vm.warp(block.timestamp + REVEALING + EXECUTION);
        _expire(rfp);
    }

    function _release(Rfp memory rfp, address worker) internal {
        vm.prank(stranger);
        market.releaseBid(rfp, worker);
        _assertSolvent();
    }

    function _wrongBid(Rfp memory rfp, address worker) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.WrongBid.selector, _id(rfp), worker);
    }

    function test_ReleasesRevealedBids() public {
        Rfp memory rfp = _unawarded();
        _assertStake(alice, 1000 * ONE, BOND);
        vm.expectEmit(address(market));
        emit IMarket.BidReleased(_id(rfp), alice);
        vm.expectEmit(address(registry));
        emit IRegistry.BondReleased(alice, _id(rfp), BOND);
        _release(rfp, alice);
        _assertStake(alice, 1000 * ONE, 0);
    }

    function test_ReleasesABidOnce() public {
        Rfp memory rfp = _unawarded();
        // Another bond of alice's, that a second release would take.
        _bid(_posted(), alice, 40e18);
        _release(rfp, alice);
        vm.expectRevert(_wrongBid(rfp, alice));
        _release(rfp, alice);
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_ReleasesNoOtherBids() public {
        Rfp memory rfp = _unawarded();
        vm.expectRevert(_wrongBid(rfp, bob));
        _release(rfp, bob);
        market.forfeit(rfp, bob);
        vm.expectRevert(_wrongBid(rfp, bob));
        _release(rfp, bob);
        vm.expectRevert(_wrongBid(rfp, stranger));
        _release(rfp, stranger);
    }

    /// The award released the runners-up already: a second release would take another bond.
    function test_ReleasesNoRunnersUp() public {
        Rfp memory rfp = _awarded();
        _bid(_posted(), bob, 40e18);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
        _release(rfp, bob);
        vm.warp(_job(rfp).time + 2 * ACCEPT);
        _expire(rfp);
        vm.expectRevert(_wrongBid(rfp, bob));
        _release(rfp, bob);
        vm.expectRevert(_wrongBid(rfp, alice));
        _release(rfp, alice);
        _assertStake(bob, 1000 * ONE, BOND);
    }
}
