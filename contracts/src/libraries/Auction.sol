// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bid } from "../types/Bid.sol";
import { Reputation } from "../types/Worker.sol";

/// @title Auction
/// @notice The reverse second-price rule: a bid's score is its price times the worker's reputation weight, the lowest
/// score wins and is paid what would just have matched the second. `atomic_verify/protocol/auction.py` is its twin.
library Auction {
    uint256 internal constant WORST_WEIGHT = 11_000;
    uint256 internal constant WEIGHT_RANGE = 2000;

    /// @notice A worker's weight in basis points: 11,000 for a newcomer, towards 9,000 with a long good record.
    function weightOf(Reputation memory reputation) internal pure returns (uint16) {
        uint256 good = reputation.finalJobs;
        uint256 bad =
            10 * (uint256(reputation.voidJobs) + reputation.missedJobs) + 100 * uint256(reputation.slashedJobs);
        // At most 11,000.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(WORST_WEIGHT - WEIGHT_RANGE * good / (good + 10 + bad));
    }

    function scoreOf(Bid memory bid) internal pure returns (uint256) {
        return uint256(bid.price) * bid.weight;
    }

    /// @notice Whether bid `a` of `workerA` ranks strictly before bid `b` of `workerB`.
    function precedes(Bid memory a, address workerA, Bid memory b, address workerB) internal pure returns (bool) {
        uint256 scoreA = scoreOf(a);
        uint256 scoreB = scoreOf(b);
        if (scoreA != scoreB) return scoreA < scoreB;
        if (a.tie != b.tie) return a.tie < b.tie;
        return workerA < workerB;
    }

    /// @notice What a winner of weight `weight` is paid when the next bid scores `nextScore`. It is never below the
    /// winner's own price, since its score is at most `nextScore`.
    function payment(uint128 maxPrice, uint16 weight, uint256 nextScore) internal pure returns (uint128) {
        uint256 second = nextScore / weight;
        // forge-lint: disable-next-line(unsafe-typecast)
        return second < maxPrice ? uint128(second) : maxPrice;
    }
}
