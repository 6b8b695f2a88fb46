// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Chains
/// @notice What a deployment's times must be where money is real.
library Chains {
    /// Any window or clock whose lapse can convict somebody: longer than a sequencer's or an operator's outage.
    uint32 internal constant MIN_CONVICTING_TIME = 36 hours;
    /// The time to reveal a claim: later than a block, longer than an outage of one node.
    uint32 internal constant MIN_REVEAL_TIME = 10 minutes;

    function isDevelopment() internal view returns (bool) {
        return block.chainid == 31_337 || block.chainid == 1337;
    }

    /// @notice Whether a time whose lapse can convict somebody is long enough for this chain.
    function mayConvictAfter(uint32 time) internal view returns (bool) {
        return time >= MIN_CONVICTING_TIME || isDevelopment();
    }
}
