// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../../src/interfaces/IMarket.sol";
import { IRegistry } from "../../src/interfaces/IRegistry.sol";
import { Bid, BidStatus } from "../../src/types/Bid.sol";
import { JobState, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract BidTest is MarketFixture {
    function _refused(Rfp memory rfp, address worker, bytes memory reason) internal {
        uint256 free = registry.freeStakeOf(worker);
        vm.expectRevert(reason);
        _bid(rfp, worker, 40e18);
        vm.assertEq(registry.freeStakeOf(worker), free, "nothing is locked");
    }

    function test_LocksTheBond() public {
        Rfp memory rfp = _posted();
        bytes32 seal = _seal(rfp, alice, 40e18);
        vm.expectEmit(address(market));
        emit IMarket.BidSealed(_id(rfp), alice, seal);
        vm.expectEmit(address(registry));
        emit IRegistry.BondLocked(alice, _id(rfp), BOND);
        _bid(rfp, alice, 40e18);
        _assertStake(alice, 1000 * ONE, BOND);
        Bid memory found = market.bidOf(_id(rfp), alice);
        vm.assertEq(uint256(found.status), uint256(BidStatus.Sealed), "status");
        vm.assertEq(found.price + found.tie + found.weight, 0, "a sealed bid tells nothing");
        vm.assertEq(_job(rfp).sealedCount, 1, "count");
        vm.assertEq(market.sealOf(_id(rfp), alice, 40e18, SALT), seal, "seal");
    }

    function test_ClosesAtTheEndOfBidding() public {
        Rfp memory rfp = _posted();
        uint256 end = block.timestamp + BIDDING;
        vm.warp(end - 1);
        _bid(rfp, alice, 40e18);
        vm.warp(end);
        _refused(rfp, bob, abi.encodeWithSelector(IMarket.TooLate.selector, end, end));
        vm.warp(end + 1);
        _refused(rfp, bob, abi.encodeWithSelector(IMarket.TooLate.selector, end + 1, end));
    }

    function test_RefusesWithoutFreeStake() public {
        Rfp memory rfp = _posted();
        bytes4 insufficient = IRegistry.InsufficientFreeStake.selector;
        _refused(rfp, stranger, abi.encodeWithSelector(insufficient, stranger, 0, BOND));
        vm.prank(stranger);
        market.stake(BOND - 1);
        _refused(rfp, stranger, abi.encodeWithSelector(insufficient, stranger, BOND - 1, BOND));
        vm.prank(stranger);
        market.stake(1);
        _bid(rfp, stranger, 40e18);
        rfp = _posted();
        _refused(rfp, stranger, abi.encodeWithSelector(insufficient, stranger, 0, BOND));
    }

    function test_UnbondingStakeBacksNoBid() public {
        Rfp memory rfp = _posted();
        vm.prank(alice);
        registry.unbond(1000 * ONE - BOND + 1);
        _refused(rfp, alice, abi.encodeWithSelector(IRegistry.InsufficientFreeStake.selector, alice, BOND - 1, BOND));
    }

    function test_RefusesASecondBid() public {
        Rfp memory rfp = _posted();
        _bid(rfp, alice, 40e18);
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyBid.selector, _id(rfp), alice));
        _bid(rfp, alice, 30e18);
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_RefusesUnknownAndCancelledJobs() public {
        Rfp memory rfp = _rfp();
        _refused(rfp, alice, abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.None));
        _post(rfp);
        vm.prank(requester);
        market.cancel(rfp);
        _refused(rfp, alice, abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Cancelled));
    }

    function test_RefusesQuoteJobs() public {
        Rfp memory rfp = _quoted();
        _refused(rfp, bob, abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
    }

    /// Whoever fills an auction with bids locks a bond for each, and still sells at a price that the requester agreed to.
    function test_LimitsTheBids() public {
        Rfp memory rfp = _posted();
        address[] memory spammers = _spam(rfp, 32);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooManyBids.selector, 32));
        _bid(rfp, alice, 1e18);
        vm.warp(block.timestamp + BIDDING);
        for (uint256 i = 0; i < 32; i++) {
            _reveal(rfp, spammers[i], MAX_PRICE);
        }
        _award(rfp, _byTie(rfp, spammers));
        for (uint256 i = 0; i < 32; i++) {
            _assertStake(spammers[i], BOND, spammers[i] == _job(rfp).worker ? BOND : 0);
        }
        _commit(rfp, _job(rfp).worker);
    }

    function _spam(Rfp memory rfp, uint256 count) internal returns (address[] memory spammers) {
        spammers = new address[](count);
        for (uint256 i = 0; i < count; i++) {
            spammers[i] = address(uint160(0x1000 + i));
            accounts.push(spammers[i]);
            utility.transfer(spammers[i], BOND);
            vm.startPrank(spammers[i]);
            utility.approve(address(market), BOND);
            market.stake(BOND);
            vm.stopPrank();
            _bid(rfp, spammers[i], MAX_PRICE);
        }
    }

    /// Equal scores stand in the order of their seals.
    function _byTie(Rfp memory rfp, address[] memory bidders) internal view returns (address[] memory) {
        for (uint256 i = 1; i < bidders.length; i++) {
            for (uint256 j = i; j > 0; j--) {
                (address a, address b) = (bidders[j - 1], bidders[j]);
                if (market.bidOf(_id(rfp), a).tie < market.bidOf(_id(rfp), b).tie) break;
                (bidders[j - 1], bidders[j]) = (b, a);
            }
        }
        return bidders;
    }
}
