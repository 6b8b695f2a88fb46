// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract CancelTest is MarketFixture {
    function test_RefundsTheEscrow() public {
        Rfp memory rfp = _posted();
        vm.expectEmit(address(market));
        emit IMarket.Cancelled(_id(rfp));
        vm.expectEmit(address(market));
        emit IMarket.Credited(requester, address(cash), MAX_PRICE);
        vm.prank(requester);
        market.cancel(rfp);
        _assertState(rfp, JobState.Cancelled);
        _assertCredit(requester, address(cash), MAX_PRICE);
        _assertSolvent();
    }

    function test_IsLegalAfterBiddingWithoutBids() public {
        Rfp memory rfp = _posted();
        vm.warp(block.timestamp + BIDDING + REVEALING);
        vm.prank(requester);
        market.cancel(rfp);
        _assertState(rfp, JobState.Cancelled);
    }

    function test_RefusesOthers() public {
        Rfp memory rfp = _posted();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, stranger, requester));
        market.cancel(rfp);
    }

    function test_RefusesAfterABid() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 40e18);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Posted));
        market.cancel(rfp);
    }

    function test_RefusesTwice() public {
        Rfp memory rfp = _posted();
        vm.startPrank(requester);
        market.cancel(rfp);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Cancelled));
        market.cancel(rfp);
        _assertCredit(requester, address(cash), MAX_PRICE);
    }

    function test_RefusesUnknownTerms() public {
        Rfp memory rfp = _posted();
        rfp.maxPrice += 1;
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.None));
        market.cancel(rfp);
    }
}
