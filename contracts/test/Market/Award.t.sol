// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { IRegistry } from "../../src/interfaces/IRegistry.sol";
import { BidStatus } from "../../src/types/Bid.sol";
import { Job, JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract AwardTest is MarketFixture {
    function _refused(Rfp memory rfp, address[] memory bidders, uint256 position) internal {
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadRanking.selector, position));
        _award(rfp, bidders);
    }

    function test_PaysTheSecondPriceAndReleasesTheOthers() public {
        Rfp memory rfp = _revealed();
        uint256 deadline = block.timestamp + EXECUTION;
        vm.expectEmit(address(market));
        emit IMarket.Awarded(_id(rfp), alice, 1, 50e18, deadline);
        vm.expectEmit(address(registry));
        emit IRegistry.BondReleased(bob, _id(rfp), BOND);
        vm.expectEmit(address(registry));
        emit IRegistry.BondReleased(carol, _id(rfp), BOND);
        _award(rfp, _list(alice, bob, carol));
        Job memory job = _job(rfp);
        vm.assertEq(job.worker, alice, "worker");
        vm.assertEq(uint256(job.state), uint256(JobState.Awarded), "state");
        vm.assertEq(job.attempt, 1, "attempt");
        vm.assertEq(job.spentCount, 1, "spent");
        vm.assertEq(job.time, deadline, "deadline");
        vm.assertEq(job.rebate, MAX_PRICE - 50e18, "rebate");
        vm.assertTrue(market.bidOf(_id(rfp), alice).status == BidStatus.Spent, "the winner's bid is spent");
        vm.assertTrue(market.bidOf(_id(rfp), bob).status == BidStatus.Revealed, "a runner-up may take over");
        _assertStake(alice, 1000 * ONE, BOND);
        _assertStake(bob, 1000 * ONE, 0);
        _assertStake(carol, 1000 * ONE, 0);
    }

    function test_PaysALoneBidderTheMaximum() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 1);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 1);
        _award(rfp, _list(alice));
        vm.assertEq(_job(rfp).rebate, 0, "the maximum is paid");
    }

    /// alice's record makes her 40 score less than bob's 38.
    function test_WeighsReputation() public {
        for (uint256 i = 0; i < 5; i++) {
            Rfp memory done = _quoted();
            _commit(done, alice);
            vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
            _finalize(done);
        }
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 40e18);
        _bid(rfp, bob, 38e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _reveal(rfp, bob, 38e18);
        uint256 weight = market.bidOf(_id(rfp), alice).weight;
        vm.assertEq(weight, 11_000 - 2000 * uint256(5) / 15, "weight");
        _award(rfp, _list(alice, bob));
        vm.assertEq(MAX_PRICE - _job(rfp).rebate, 38e18 * uint256(11_000) / weight, "paid by bob's score");
    }

    function test_EqualScoresStandByTheirSeals() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 40e18);
        _bid(rfp, bob, 40e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _reveal(rfp, bob, 40e18);
        bool aliceFirst = _seal(rfp, alice, 40e18) < _seal(rfp, bob, 40e18);
        _refused(rfp, aliceFirst ? _list(bob, alice) : _list(alice, bob), 1);
        _award(rfp, aliceFirst ? _list(alice, bob) : _list(bob, alice));
        vm.assertEq(_job(rfp).rebate, MAX_PRICE - 40e18, "the second price is the same");
    }

    function test_OpensWithTheLastReveal() public {
        Rfp memory rfp = _sealed();
        uint256 end = block.timestamp + REVEALING;
        _reveal(rfp, alice, 40e18);
        _reveal(rfp, bob, 50e18);
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, end - 1, end));
        _award(rfp, _list(alice, bob));
        _reveal(rfp, carol, 60e18);
        _award(rfp, _list(alice, bob, carol));
    }

    function test_OpensAfterRevealTimeWithoutTheUnrevealed() public {
        Rfp memory rfp = _sealed();
        _reveal(rfp, carol, 60e18);
        vm.warp(block.timestamp + REVEALING);
        _award(rfp, _list(carol));
        vm.assertEq(_job(rfp).rebate, 0, "carol is the lone bidder");
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_ClosesAnExecutionTimeAfterRevealing() public {
        Rfp memory rfp = _revealed();
        uint256 end = block.timestamp + REVEALING + EXECUTION;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooLate.selector, end, end));
        _award(rfp, _list(alice, bob, carol));
        vm.warp(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooLate.selector, end + 1, end));
        _award(rfp, _list(alice, bob, carol));
        vm.warp(end - 1);
        _award(rfp, _list(alice, bob, carol));
    }

    function test_RefusesBeforeBiddingEnds() public {
        Rfp memory rfp = _posted();
        uint256 end = block.timestamp + BIDDING;
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, block.timestamp, end));
        _award(rfp, new address[](0));
        vm.warp(end);
        _refused(rfp, new address[](0), 0);
    }

    function test_RefusesIncompleteOrUnorderedLists() public {
        Rfp memory rfp = _revealed();
        _refused(rfp, new address[](0), 0);
        _refused(rfp, _list(alice, bob), 2);
        _refused(rfp, _list(bob, alice, carol), 1);
        _refused(rfp, _list(alice, carol, bob), 2);
        _refused(rfp, _list(alice, alice, bob), 1);
        _refused(rfp, _list(alice, bob, stranger), 2);
        address[] memory four = new address[](4);
        (four[0], four[1], four[2], four[3]) = (alice, bob, carol, carol);
        _refused(rfp, four, 4);
    }

    function test_RefusesUnrevealedBids() public {
        Rfp memory rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        vm.warp(block.timestamp + REVEALING);
        _refused(rfp, _list(bob), 0);
        market.forfeit(rfp, bob);
        _refused(rfp, _list(bob), 0);
    }

    function test_RefusesTwice() public {
        Rfp memory rfp = _awarded();
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
        _award(rfp, _list(alice, bob, carol));
    }
}
