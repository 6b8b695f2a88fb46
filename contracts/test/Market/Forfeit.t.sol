// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { IRegistry } from "../../src/interfaces/IRegistry.sol";
import { BidStatus } from "../../src/types/Bid.sol";
import { JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract ForfeitTest is MarketFixture {
    function _forfeit(Rfp memory rfp, address worker) internal {
        vm.prank(stranger);
        market.forfeit(rfp, worker);
        _assertSolvent();
    }

    function _wrongBid(Rfp memory rfp, address worker) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.WrongBid.selector, _id(rfp), worker);
    }

    function test_BurnsTheBond() public {
        Rfp memory rfp = _sealed();
        vm.warp(block.timestamp + REVEALING);
        uint256 supply = utility.totalSupply();
        vm.expectEmit(address(market));
        emit IMarket.BidForfeited(_id(rfp), alice, BOND);
        vm.expectEmit(address(registry));
        emit IRegistry.BondTaken(alice, _id(rfp), BOND);
        _forfeit(rfp, alice);
        vm.assertEq(utility.totalSupply(), supply - BOND, "burned");
        _assertStake(alice, 1000 * ONE - BOND, 0);
        vm.assertTrue(market.bidOf(_id(rfp), alice).status == BidStatus.Forfeited, "status");
    }

    function test_OpensAfterRevealTime() public {
        Rfp memory rfp = _sealed();
        uint256 end = block.timestamp + REVEALING;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooEarly.selector, end - 1, end));
        _forfeit(rfp, alice);
        vm.warp(end);
        _forfeit(rfp, alice);
        vm.warp(end + 1);
        _forfeit(rfp, bob);
    }

    function test_RefusesTwice() public {
        Rfp memory rfp = _sealed();
        vm.warp(block.timestamp + REVEALING);
        _forfeit(rfp, alice);
        vm.expectRevert(_wrongBid(rfp, alice));
        _forfeit(rfp, alice);
        _assertStake(alice, 1000 * ONE - BOND, 0);
    }

    function test_RefusesOtherBids() public {
        Rfp memory rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        vm.warp(block.timestamp + REVEALING);
        vm.expectRevert(_wrongBid(rfp, alice));
        _forfeit(rfp, alice);
        vm.expectRevert(_wrongBid(rfp, stranger));
        _forfeit(rfp, stranger);
        _award(rfp, _list(alice));
        vm.expectRevert(_wrongBid(rfp, alice));
        _forfeit(rfp, alice);
        rfp.nonce = 999;
        vm.expectRevert(_wrongBid(rfp, alice));
        _forfeit(rfp, alice);
    }

    function test_IsLegalAfterTheAwardAndAfterTheEnd() public {
        Rfp memory rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        vm.warp(block.timestamp + REVEALING);
        _award(rfp, _list(alice));
        _forfeit(rfp, bob);
        _commit(rfp, alice);
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
        _forfeit(rfp, carol);
        _assertState(rfp, JobState.Final);
        _assertStake(alice, 1000 * ONE, 0);
    }

    function test_IsLegalAfterAnExpiryWithoutReveals() public {
        Rfp memory rfp = _sealed();
        vm.warp(block.timestamp + REVEALING);
        _expire(rfp);
        _forfeit(rfp, alice);
        _forfeit(rfp, bob);
        _forfeit(rfp, carol);
        _assertCredit(requester, address(cash), MAX_PRICE);
    }
}
