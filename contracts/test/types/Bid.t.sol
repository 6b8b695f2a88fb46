// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bid, BidStatus, PackedBid, forfeitedBid, sealBid, spentBid } from "../../src/types/Bid.sol";
import { Test } from "../utils/Test.sol";

contract BidTypeTest is Test {
    function _same(Bid memory bid, BidStatus status, uint256 weight, uint256 tie, uint256 price) internal pure {
        vm.assertEq(uint256(bid.status), uint256(status), "status");
        vm.assertEq(bid.weight, weight, "weight");
        vm.assertEq(bid.tie, tie, "tie");
        vm.assertEq(bid.price, price, "price");
    }

    function testFuzz_ASealedBidTellsNothing(bytes32 seal) public pure {
        PackedBid bid = sealBid(seal);
        _same(bid.unpack(), BidStatus.Sealed, 0, 0, 0);
        vm.assertEq(bid.rebate(), 0, "rebate");
    }

    function testFuzz_MatchesItsSealAlone(bytes32 seal, uint8 bit) public pure {
        vm.assertTrue(sealBid(seal).matches(seal), "its own");
        bytes32 other = seal ^ bytes32(uint256(1) << bit);
        vm.assertEq(sealBid(seal).matches(other), bit < 8, "248 bits are kept");
    }

    function testFuzz_RevealKeepsEverything(bytes32 seal, uint16 weight, uint128 price) public pure {
        PackedBid bid = sealBid(seal).reveal(weight, price);
        _same(bid.unpack(), BidStatus.Revealed, weight, uint256(seal) >> 152, price);
        vm.assertFalse(bid.matches(seal), "it can't be revealed again");
        vm.assertEq(bid.rebate(), 0, "rebate");
    }

    function testFuzz_ASpentBidKeepsItsRebate(uint128 rebate, bytes32 seal) public pure {
        PackedBid bid = spentBid(rebate);
        _same(bid.unpack(), BidStatus.Spent, 0, 0, 0);
        vm.assertEq(bid.rebate(), rebate, "rebate");
        vm.assertFalse(bid.matches(seal), "it can't be revealed again");
    }

    function testFuzz_AForfeitedBidIsEmpty(bytes32 seal) public pure {
        _same(forfeitedBid().unpack(), BidStatus.Forfeited, 0, 0, 0);
        vm.assertFalse(forfeitedBid().matches(seal), "it can't be revealed");
        _same(PackedBid.wrap(0).unpack(), BidStatus.None, 0, 0, 0);
        vm.assertFalse(PackedBid.wrap(0).matches(seal), "no bid matches nothing");
    }

    /// A lower seal wins a tie, as far as its 104 highest bits tell.
    function testFuzz_TiesStandInTheOrderOfSeals(bytes32 sealA, bytes32 sealB) public pure {
        uint256 a = sealBid(sealA).reveal(1, 1).unpack().tie;
        uint256 b = sealBid(sealB).reveal(1, 1).unpack().tie;
        if (a < b) vm.assertTrue(sealA < sealB, "order");
        if (sealA < sealB) vm.assertLe(a, b, "order");
    }
}
