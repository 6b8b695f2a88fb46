// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { IRegistry } from "../../src/interfaces/IRegistry.sol";
import { BidStatus } from "../../src/types/Bid.sol";
import { Job, JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

/// alice won at 40 and misses her deadline; bob at 50 and carol at 60 may take over.
contract ReassignTest is MarketFixture {
    Rfp internal rfp;
    uint256 internal deadline;

    function setUp() public override {
        super.setUp();
        rfp = _awarded();
        deadline = _job(rfp).time;
    }

    function test_TakesTheBondOfTheMissedAttempt() public {
        vm.warp(deadline);
        uint256 supply = utility.totalSupply();
        vm.expectEmit(address(market));
        emit IMarket.AttemptMissed(_id(rfp), alice, 1, BOND / 5, BOND - BOND / 5);
        vm.expectEmit(address(market));
        emit IMarket.Awarded(_id(rfp), bob, 2, 60e18, deadline + EXECUTION);
        _reassign(rfp, bob, _list(bob, carol));
        vm.assertEq(utility.totalSupply(), supply - (BOND - BOND / 5), "four fifths burn");
        _assertCredit(requester, address(utility), BOND / 5);
        _assertStake(alice, 1000 * ONE - BOND, 0);
        _assertStake(bob, 1000 * ONE, BOND);
        vm.assertEq(registry.reputationOf(alice).missedJobs, 1, "noted");
        Job memory job = _job(rfp);
        vm.assertEq(job.worker, bob, "worker");
        vm.assertEq(job.attempt, 2, "attempt");
        vm.assertEq(job.spentCount, 2, "spent");
        vm.assertEq(job.rebate, MAX_PRICE - 60e18, "paid by carol's price");
        vm.assertTrue(market.bidOf(_id(rfp), bob).status == BidStatus.Spent, "spent");
    }

    function test_EndsWell() public {
        vm.warp(deadline);
        _reassign(rfp, bob, _list(bob, carol));
        _commit(rfp, bob);
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
        _assertState(rfp, JobState.Final);
        _assertCredit(bob, address(cash), 60e18 - 60e18 / 100);
        _assertCredit(requester, address(cash), MAX_PRICE - 60e18);
        _assertStake(bob, 1000 * ONE, 0);
    }

    function test_OpensAtTheDeadline() public {
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, deadline - 1, deadline));
        _reassign(rfp, bob, _list(bob, carol));
        vm.warp(deadline);
        _reassign(rfp, bob, _list(bob, carol));
    }

    function test_LaterRanksWaitForTheirTurn() public {
        uint256 turn = deadline + ACCEPT;
        vm.warp(turn - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, turn - 1, turn));
        _reassign(rfp, carol, _list(bob, carol));
        vm.warp(turn);
        _reassign(rfp, carol, _list(bob, carol));
        vm.assertEq(_job(rfp).rebate, 0, "nobody comes after carol");
        // bob was skipped without penalty, and may still take the next turn.
        _assertStake(bob, 1000 * ONE, 0);
        vm.warp(_job(rfp).time);
        _reassign(rfp, bob, _list(bob));
        vm.assertEq(_job(rfp).attempt, 3, "attempt");
        vm.assertEq(_job(rfp).rebate, 0, "bob is the last");
    }

    function test_TheFirstRunnerUpMayComeLate() public {
        vm.warp(deadline + 1 days);
        _reassign(rfp, bob, _list(bob, carol));
    }

    function test_RefusesTheMissedWorkerAndStrangers() public {
        vm.warp(deadline);
        bytes4 badRanking = IMarket.BadRanking.selector;
        vm.expectRevert(abi.encodeWithSelector(badRanking, 2));
        _reassign(rfp, stranger, _list(bob, carol));
        vm.expectRevert(abi.encodeWithSelector(badRanking, 2));
        _reassign(rfp, alice, _list(bob, carol));
        vm.expectRevert(abi.encodeWithSelector(badRanking, 3));
        _reassign(rfp, alice, _list(alice, bob, carol));
        vm.expectRevert(abi.encodeWithSelector(badRanking, 0));
        _reassign(rfp, alice, _list(alice, bob));
    }

    function test_RefusesBadRankings() public {
        vm.warp(deadline + ACCEPT);
        bytes4 badRanking = IMarket.BadRanking.selector;
        vm.expectRevert(abi.encodeWithSelector(badRanking, 1));
        _reassign(rfp, bob, _list(bob));
        vm.expectRevert(abi.encodeWithSelector(badRanking, 1));
        _reassign(rfp, carol, _list(carol, bob));
        vm.expectRevert(abi.encodeWithSelector(badRanking, 1));
        _reassign(rfp, bob, _list(bob, bob));
        vm.expectRevert(abi.encodeWithSelector(badRanking, 0));
        _reassign(rfp, bob, new address[](0));
    }

    function test_RefusesWithoutFreeStake() public {
        vm.prank(bob);
        registry.unbond(1000 * ONE - BOND + 1);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InsufficientFreeStake.selector, bob, BOND - 1, BOND));
        _reassign(rfp, bob, _list(bob, carol));
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_RefusesOnceCommitted() public {
        vm.warp(deadline - 1);
        _commit(rfp, alice);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Committed));
        _reassign(rfp, bob, _list(bob, carol));
    }

    function test_RefusesAQuoteJob() public {
        Rfp memory quoted = _quoted();
        vm.warp(_job(quoted).time);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadRanking.selector, 1));
        _reassign(quoted, bob, _list(bob));
    }

    /// Everybody misses: each loses its bond once, and the requester gets its escrow and its parts of the bonds.
    function test_EverybodyMisses() public {
        vm.warp(deadline);
        _reassign(rfp, bob, _list(bob, carol));
        vm.warp(_job(rfp).time);
        _reassign(rfp, carol, _list(carol));
        vm.warp(_job(rfp).time);
        _expire(rfp);
        _assertCredit(requester, address(cash), MAX_PRICE);
        _assertCredit(requester, address(utility), 3 * (BOND / 5));
        _assertStake(alice, 1000 * ONE - BOND, 0);
        _assertStake(bob, 1000 * ONE - BOND, 0);
        _assertStake(carol, 1000 * ONE - BOND, 0);
    }
}
