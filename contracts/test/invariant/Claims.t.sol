// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { FuzzSelector, MarketInvariants } from "./Market.t.sol";

/// The same rules under few kinds of acts, so that most jobs are claimed against, many times, and settled: what disputes do
/// with a market, by a disputes contract that may do anything.
contract ClaimInvariants is MarketInvariants {
    function targetSelectors() external view override returns (FuzzSelector[] memory targets) {
        bytes4[12] memory acts = [
            world.awardQuote.selector,
            world.commit.selector,
            world.commit.selector,
            world.openClaim.selector,
            world.openClaim.selector,
            world.closeClaim.selector,
            world.closeClaim.selector,
            world.finalize.selector,
            world.lockDisputeBond.selector,
            world.payDisputeBond.selector,
            world.burnDisputeBond.selector,
            world.withdraw.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(world), new bytes4[](acts.length));
        for (uint256 i = 0; i < acts.length; i++) {
            targets[0].selectors[i] = acts[i];
        }
    }
}
