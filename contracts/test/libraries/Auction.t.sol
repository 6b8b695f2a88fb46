// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Auction } from "../../src/libraries/Auction.sol";
import { Bid, BidStatus } from "../../src/types/Bid.sol";
import { Reputation } from "../../src/types/Worker.sol";
import { Test } from "../utils/Test.sol";

contract AuctionTest is Test {
    function _bid(uint256 seed, uint128 maxPrice) internal pure returns (Bid memory) {
        uint256 price = uint256(keccak256(abi.encode(seed, "price"))) % (uint256(maxPrice) + 1);
        // Few different weights, ties and prices, so that equal scores are met.
        if (seed % 3 == 0) price = price % 3;
        return Bid(
            BidStatus.Revealed,
            uint16(9001 + uint256(keccak256(abi.encode(seed, "weight"))) % 2000),
            uint104(seed % 2),
            uint128(price)
        );
    }

    function _precedes(Bid memory a, uint256 workerA, Bid memory b, uint256 workerB) internal pure returns (bool) {
        return Auction.precedes(a, address(uint160(workerA)), b, address(uint160(workerB)));
    }

    function testFuzz_OneOfTwoComesFirst(uint256 seedA, uint256 seedB, uint128 maxPrice) public pure {
        (Bid memory a, Bid memory b) = (_bid(seedA, maxPrice), _bid(seedB, maxPrice));
        vm.assertTrue(_precedes(a, 1, b, 2) != _precedes(b, 2, a, 1), "exactly one");
        vm.assertFalse(_precedes(a, 1, a, 1), "no bid comes before itself");
    }

    function testFuzz_TheOrderIsTransitive(uint256[3] memory seeds, uint128 maxPrice) public pure {
        Bid memory a = _bid(seeds[0], maxPrice);
        Bid memory b = _bid(seeds[1], maxPrice);
        Bid memory c = _bid(seeds[2], maxPrice);
        if (_precedes(a, 1, b, 2) && _precedes(b, 2, c, 3)) vm.assertTrue(_precedes(a, 1, c, 3), "a before c");
        if (_precedes(c, 3, b, 2) && _precedes(b, 2, a, 1)) vm.assertTrue(_precedes(c, 3, a, 1), "c before a");
    }

    function testFuzz_PaymentLiesBetweenBidAndMaximum(uint256 seedA, uint256 seedB, uint128 maxPrice) public pure {
        (Bid memory a, Bid memory b) = (_bid(seedA, maxPrice), _bid(seedB, maxPrice));
        if (!_precedes(a, 1, b, 2)) (a, b) = (b, a);
        uint256 paid = Auction.payment(maxPrice, a.weight, Auction.scoreOf(b));
        vm.assertGe(paid, a.price, "never below the winner's own price");
        vm.assertLe(paid, maxPrice, "never above the maximum");
    }

    /// Whatever the others bid, a worker does best by bidding its cost.
    function testFuzz_TruthPays(uint256 cost, uint256 lie, uint256 nextScore, uint16 weight, uint128 maxPrice)
        public
        pure
    {
        cost = bound(cost, 0, maxPrice);
        lie = bound(lie, 0, maxPrice);
        weight = uint16(bound(weight, 9001, 11_000));
        nextScore = bound(nextScore, 0, uint256(maxPrice) * 11_000);
        int256 honest = _gain(cost, cost, nextScore, weight, maxPrice);
        vm.assertTrue(honest >= 0, "truth never loses money");
        vm.assertTrue(honest >= _gain(lie, cost, nextScore, weight, maxPrice), "no lie pays more");
    }

    function _gain(uint256 price, uint256 cost, uint256 nextScore, uint16 weight, uint128 maxPrice)
        internal
        pure
        returns (int256)
    {
        if (price * weight > nextScore) return 0;
        return int256(uint256(Auction.payment(maxPrice, weight, nextScore))) - int256(cost);
    }

    function testFuzz_WeightFollowsTheRecord(Reputation memory record) public pure {
        uint256 weight = Auction.weightOf(record);
        vm.assertGe(weight, 9000, "at least 0.9");
        vm.assertLe(weight, 11_000, "at most 1.1");
        uint32 most = type(uint32).max;
        if (record.finalJobs < most) {
            record.finalJobs += 1;
            vm.assertLe(Auction.weightOf(record), weight, "a good job never harms");
            record.finalJobs -= 1;
        }
        if (record.voidJobs < most) record.voidJobs += 1;
        uint256 afterVoid = Auction.weightOf(record);
        vm.assertGe(afterVoid, weight, "a void job never helps");
        if (record.missedJobs < most) record.missedJobs += 1;
        uint256 afterMiss = Auction.weightOf(record);
        vm.assertGe(afterMiss, afterVoid, "a missed job never helps");
        if (record.slashedJobs < most) record.slashedJobs += 1;
        vm.assertGe(Auction.weightOf(record), afterMiss, "a slashed job never helps");
    }

    function test_NewcomersWeighMost() public pure {
        Reputation memory record;
        vm.assertEq(Auction.weightOf(record), 11_000, "newcomer");
        record.finalJobs = type(uint32).max;
        vm.assertEq(Auction.weightOf(record), 9001, "a long good record");
    }
}
