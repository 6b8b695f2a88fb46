// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Outcome } from "../../src/interfaces/IResults.sol";
import { Quote, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

/// Gas of each call as a transaction of its own, base cost and calldata included, nothing warm.
/// forge-config: default.isolate = true
contract CallsGasTest is MarketFixture {
    function _measure(string memory name) internal {
        vm.snapshotGasLastCall("Calls", name);
    }

    function test_Bids() public {
        Rfp memory rfp = _rfp();
        bytes32 seal = _seal(rfp, alice, 40e18);
        vm.prank(requester);
        market.post(rfp, URI);
        _measure("post");
        _remember(rfp);
        vm.prank(alice);
        market.bid(rfp, seal);
        _measure("bid");
        _bid(rfp, bob, 50e18);
        vm.warp(block.timestamp + BIDDING);
        vm.prank(alice);
        market.reveal(rfp, 40e18, SALT);
        _measure("reveal");
        vm.warp(block.timestamp + REVEALING);
        market.forfeit(rfp, bob);
        _measure("forfeit");
        market.award(rfp, _list(alice));
        _measure("award, one bid");
    }

    function test_Cancel() public {
        Rfp memory rfp = _posted();
        vm.prank(requester);
        market.cancel(rfp);
        _measure("cancel");
    }

    function test_AwardOfThree() public {
        Rfp memory rfp = _revealed();
        market.award(rfp, _list(alice, bob, carol));
        _measure("award, three bids");
    }

    /// The dearest award there is.
    function test_AwardOfThirtyTwo() public {
        Rfp memory rfp = _posted();
        address[] memory bidders = new address[](32);
        for (uint256 i = 0; i < 32; i++) {
            bidders[i] = address(uint160(0x1000 + i));
            accounts.push(bidders[i]);
            utility.transfer(bidders[i], BOND);
            vm.startPrank(bidders[i]);
            utility.approve(address(market), BOND);
            market.stake(BOND);
            vm.stopPrank();
            _bid(rfp, bidders[i], uint128(1e18 + i));
        }
        vm.warp(block.timestamp + BIDDING);
        for (uint256 i = 0; i < 32; i++) {
            _reveal(rfp, bidders[i], uint128(1e18 + i));
        }
        market.award(rfp, bidders);
        _measure("award, 32 bids");
    }

    function test_Reassign() public {
        Rfp memory rfp = _awarded();
        vm.warp(_job(rfp).time);
        vm.prank(bob);
        market.reassign(rfp, _list(bob, carol));
        _measure("reassign, two bids");
        vm.warp(_job(rfp).time + ACCEPT);
        market.expire(rfp);
        _measure("expire, awarded");
    }

    function test_Expire() public {
        Rfp memory rfp = _revealed();
        vm.warp(block.timestamp + REVEALING + EXECUTION);
        market.expire(rfp);
        _measure("expire, posted");
        market.releaseBid(rfp, alice);
        _measure("releaseBid");
    }

    function test_Quote() public {
        Rfp memory rfp = _quoteRfp();
        Quote memory quote = _quoteOf(rfp, alice);
        bytes memory signature = _sign(quote, aliceKey);
        vm.prank(requester);
        market.awardQuote(rfp, quote, signature, URI);
        _measure("awardQuote");
        vm.prank(alice);
        results.commit(rfp, ROOT, PAYLOAD);
        _measure("commit");
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        results.finalize(rfp);
        _measure("finalize, a worker's first job");
        vm.prank(alice);
        market.withdraw(address(cash));
        _measure("withdraw");
    }

    function test_Claims() public {
        Rfp memory rfp = _committed();
        vm.startPrank(disputes);
        results.openClaim(rfp);
        _measure("openClaim");
        results.closeClaim(rfp, Outcome.Void, 3, carol, ONE);
        _measure("closeClaim, void");
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Slash, 3, carol, 0);
        _measure("closeClaim, slash");
        vm.stopPrank();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        results.finalize(rfp);
        _measure("finalize, slashed");
    }

    function test_Voids() public {
        Rfp memory rfp = _committed();
        vm.startPrank(disputes);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Void, 3, carol, ONE);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Void, 4, carol, ONE);
        _measure("closeClaim, another void");
        vm.stopPrank();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        results.finalize(rfp);
        _measure("finalize, void");
    }

    function test_DisputeBonds() public {
        vm.startPrank(disputes);
        market.lockDisputeBond(stranger, 3 * ONE);
        _measure("lockDisputeBond, the first of all");
        market.lockDisputeBond(stranger, 3 * ONE);
        _measure("lockDisputeBond");
        market.payDisputeBond(carol, ONE);
        _measure("payDisputeBond");
        market.burnDisputeBond(ONE);
        _measure("burnDisputeBond");
    }

    function test_Stakes() public {
        vm.startPrank(alice);
        market.stake(ONE);
        _measure("stake");
        registry.announce("http://localhost:8080");
        _measure("announce");
        registry.unbond(ONE);
        _measure("unbond");
        vm.warp(block.timestamp + UNBONDING);
        market.withdrawStake();
        _measure("withdrawStake");
    }

    function test_Publish() public {
        models.publish(_spec("another", true), "https://models.example/another");
        _measure("publish");
    }
}
