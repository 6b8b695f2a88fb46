// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { Bid, BidStatus } from "../../src/types/Bid.sol";
import { JobId, JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract RevealTest is MarketFixture {
    function _refused(Rfp memory rfp, address worker, uint128 price, bytes memory reason) internal {
        BidStatus before = market.bidOf(_id(rfp), worker).status;
        vm.expectRevert(reason);
        _reveal(rfp, worker, price);
        vm.assertTrue(market.bidOf(_id(rfp), worker).status == before, "the bid stays as it was");
    }

    function _badReveal(Rfp memory rfp, address worker) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.BadReveal.selector, _id(rfp), worker);
    }

    function test_TellsThePrice() public {
        Rfp memory rfp = _sealed();
        vm.expectEmit(address(market));
        emit IMarket.BidRevealed(_id(rfp), alice, 40e18, 11_000);
        _reveal(rfp, alice, 40e18);
        Bid memory found = market.bidOf(_id(rfp), alice);
        vm.assertEq(uint256(found.status), uint256(BidStatus.Revealed), "status");
        vm.assertEq(found.price, 40e18, "price");
        vm.assertEq(found.weight, 11_000, "a newcomer's weight");
        vm.assertEq(found.tie, uint256(_seal(rfp, alice, 40e18)) >> 152, "tie");
        vm.assertEq(_job(rfp).revealedCount, 1, "count");
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_OpensAtTheEndOfBidding() public {
        Rfp memory rfp = _posted();
        uint256 end = block.timestamp + BIDDING;
        _bid(rfp, alice, 40e18);
        vm.warp(end - 1);
        _refused(rfp, alice, 40e18, abi.encodeWithSelector(IMarket.TooEarly.selector, end - 1, end));
        vm.warp(end);
        _reveal(rfp, alice, 40e18);
    }

    function test_ClosesAfterRevealTime() public {
        Rfp memory rfp = _sealed();
        uint256 end = block.timestamp + REVEALING;
        vm.warp(end - 1);
        _reveal(rfp, alice, 40e18);
        vm.warp(end);
        _refused(rfp, bob, 50e18, abi.encodeWithSelector(IMarket.TooLate.selector, end, end));
        vm.warp(end + 1);
        _refused(rfp, bob, 50e18, abi.encodeWithSelector(IMarket.TooLate.selector, end + 1, end));
    }

    function test_RefusesAnotherPriceOrSalt() public {
        Rfp memory rfp = _sealed();
        _refused(rfp, alice, 40e18 - 1, _badReveal(rfp, alice));
        vm.prank(alice);
        vm.expectRevert(_badReveal(rfp, alice));
        market.reveal(rfp, 40e18, bytes32(0));
    }

    function test_RefusesTheRevealOfAnother() public {
        Rfp memory rfp = _sealed();
        _refused(rfp, stranger, 40e18, _badReveal(rfp, stranger));
        _refused(rfp, bob, 40e18, _badReveal(rfp, bob));
    }

    /// A seal holds its bidder: who copies one can never open it.
    function test_ACopiedSealCantBeRevealed() public {
        Rfp memory rfp = _posted();
        bytes32 seal = _seal(rfp, alice, 40e18);
        _bid(rfp, alice, 40e18);
        vm.prank(bob);
        market.bid(rfp, seal);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _refused(rfp, bob, 40e18, _badReveal(rfp, bob));
        vm.warp(block.timestamp + REVEALING);
        market.forfeit(rfp, bob);
        _award(rfp, _list(alice));
        _assertStake(alice, 1000 * ONE, BOND);
        _assertStake(bob, 1000 * ONE - BOND, 0);
    }

    function test_ASealOfAnotherChainOrMarketCantBeRevealed() public {
        Rfp memory rfp = _posted();
        JobId id = _id(rfp);
        vm.prank(alice);
        market.bid(rfp, keccak256(abi.encode(block.chainid + 1, address(market), id, alice, uint128(1e18), SALT)));
        vm.prank(bob);
        market.bid(rfp, keccak256(abi.encode(block.chainid, address(this), id, bob, uint128(1e18), SALT)));
        vm.warp(block.timestamp + BIDDING);
        _refused(rfp, alice, 1e18, _badReveal(rfp, alice));
        _refused(rfp, bob, 1e18, _badReveal(rfp, bob));
    }

    function test_RefusesTwice() public {
        Rfp memory rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        _refused(rfp, alice, 40e18, _badReveal(rfp, alice));
        vm.assertEq(_job(rfp).revealedCount, 1, "count");
    }

    function test_RefusesPricesOverTheMaximum() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, MAX_PRICE + 1);
        _bid(rfp, bob, MAX_PRICE);
        vm.warp(block.timestamp + BIDDING);
        _refused(
            rfp, alice, MAX_PRICE + 1, abi.encodeWithSelector(IMarket.PriceTooHigh.selector, MAX_PRICE + 1, MAX_PRICE)
        );
        _reveal(rfp, bob, MAX_PRICE);
    }

    function test_TakesAPriceOfZero() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 0);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 0);
        _award(rfp, _list(alice));
    }

    function test_RefusesWhenTheJobIsAwarded() public {
        Rfp memory rfp = _awarded();
        _refused(rfp, alice, 40e18, abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
    }

    function test_WeighsAGoodRecord() public {
        Rfp memory rfp = _committed();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
        rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        vm.assertEq(market.bidOf(_id(rfp), alice).weight, 11_000 - 2000 / uint256(11), "one good job");
    }
}
