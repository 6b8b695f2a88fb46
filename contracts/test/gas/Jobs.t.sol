// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Quote, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

/// Gas of whole jobs: every transaction, the worker's withdrawal included. "First" pays for the first write to each slot of
/// the worker's record and of the fee's credit; "later" is what every job after that costs.
/// forge-config: default.isolate = true
contract JobsGasTest is MarketFixture {
    uint256 internal total;

    function test_Quote() public {
        vm.assertLe(_quoteJob("quote, first"), 400_000, "at most 400k");
        vm.assertLe(_quoteJob("quote, later"), 400_000, "at most 400k");
    }

    function test_AuctionWithTwoBids() public {
        _auctionJob("auction with two bids, first");
        vm.assertLe(_auctionJob("auction with two bids, later"), 650_000, "at most 650k");
    }

    function _quoteJob(string memory name) internal returns (uint256) {
        total = 0;
        Rfp memory rfp = _quoteRfp();
        Quote memory quote = _quoteOf(rfp, alice);
        bytes memory signature = _sign(quote, aliceKey);
        vm.prank(requester);
        market.awardQuote(rfp, quote, signature, URI);
        _add();
        return _finish(rfp, name);
    }

    function _auctionJob(string memory name) internal returns (uint256) {
        total = 0;
        Rfp memory rfp = _rfp();
        bytes32[2] memory seals = [_seal(rfp, alice, 40e18), _seal(rfp, bob, 50e18)];
        vm.prank(requester);
        market.post(rfp, URI);
        _add();
        vm.prank(alice);
        market.bid(rfp, seals[0]);
        _add();
        vm.prank(bob);
        market.bid(rfp, seals[1]);
        _add();
        vm.warp(block.timestamp + BIDDING);
        vm.prank(alice);
        market.reveal(rfp, 40e18, SALT);
        _add();
        vm.prank(bob);
        market.reveal(rfp, 50e18, SALT);
        _add();
        vm.prank(alice);
        market.award(rfp, _list(alice, bob));
        _add();
        return _finish(rfp, name);
    }

    function _finish(Rfp memory rfp, string memory name) internal returns (uint256) {
        vm.prank(alice);
        results.commit(rfp, ROOT, PAYLOAD);
        vm.assertLe(_add(), 95_000, "a commit costs at most 95k");
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        vm.prank(alice);
        results.finalize(rfp);
        _add();
        vm.prank(alice);
        market.withdraw(address(cash));
        _add();
        vm.snapshotValue("Jobs", name, total);
        return total;
    }

    function _add() internal returns (uint256 gas) {
        gas = vm.lastCallGas().gasTotalUsed;
        total += gas;
    }
}
