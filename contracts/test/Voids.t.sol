// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../src/interfaces/IMarket.sol";
import { IResults, Outcome, Result } from "../src/interfaces/IResults.sol";
import { JobState, Rfp, Verdict } from "../src/types/Job.sol";
import { MarketFixture } from "./utils/MarketFixture.sol";

/// What voiding items costs, who bears it, and what is left to slash.
contract VoidsTest is MarketFixture {
    uint128 internal constant PRICE = 50e18;
    uint128 internal constant VOIDABLE = BOND * 3 / 8;

    /// Claims an item and closes the claim; `bob` and `carol` challenge. Returns what the bond paid.
    function _close(Rfp memory rfp, Outcome outcome, uint32 item, address challenger, uint128 cost)
        internal
        returns (uint128 charged)
    {
        vm.startPrank(disputes);
        results.openClaim(rfp);
        charged = results.closeClaim(rfp, outcome, item, challenger, cost);
        vm.stopPrank();
        _assertSolvent();
    }

    function _void(Rfp memory rfp, uint32 item, uint128 cost) internal returns (uint128) {
        return _close(rfp, Outcome.Void, item, carol, cost);
    }

    function _end(Rfp memory rfp) internal {
        vm.warp(results.finalAt(rfp));
        _finalize(rfp);
    }

    // Charging

    function test_TheBondPaysTheChallengerAtOnce() public {
        Rfp memory rfp = _committed();
        vm.startPrank(disputes);
        results.openClaim(rfp);
        vm.expectEmit(address(market));
        emit IMarket.Credited(carol, address(utility), 2 * ONE);
        vm.expectEmit(address(results));
        emit IResults.ClaimClosed(_id(rfp), Outcome.Void, 3, carol, 2 * ONE);
        vm.assertEq(results.closeClaim(rfp, Outcome.Void, 3, carol, 2 * ONE), 2 * ONE, "charged");
        vm.stopPrank();
        _assertCredit(carol, address(utility), 2 * ONE);
        _assertStake(alice, 998 * ONE, BOND - 2 * ONE);
        Result memory result = results.resultOf(_id(rfp));
        vm.assertEq(result.costs, 2 * ONE, "costs");
        vm.assertEq(result.challenger, carol, "who voided the first item");
        _assertSolvent();
    }

    function test_AnItemIsChargedOnce() public {
        Rfp memory rfp = _committed();
        vm.assertEq(_void(rfp, 3, ONE), ONE, "the first");
        vm.assertEq(_close(rfp, Outcome.Void, 3, bob, ONE), 0, "the second");
        vm.assertEq(_close(rfp, Outcome.Void, 4, bob, 2 * ONE), 2 * ONE, "another item");
        Result memory result = results.resultOf(_id(rfp));
        vm.assertEq(result.costs, 3 * ONE, "costs");
        vm.assertEq(result.voidItems, 2, "void items");
        vm.assertEq(result.challenger, carol, "the first voider");
        _assertCredit(bob, address(utility), 2 * ONE);
    }

    function test_VoidsLeaveHalfOfTheBondToBurn() public {
        Rfp memory rfp = _rfp();
        rfp.jobBond = BOND + 1;
        _post(rfp);
        _bid(rfp, alice, 40e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _award(rfp, _list(alice));
        _commit(rfp, alice);
        vm.assertEq(_void(rfp, 0, VOIDABLE - 3), VOIDABLE - 3, "within");
        vm.assertEq(_void(rfp, 1, 5), 3, "up to three eighths");
        vm.assertEq(_void(rfp, 2, 5), 0, "nothing is left");
        vm.assertEq(_void(rfp, 3, type(uint128).max), 0, "whatever the cost");
        vm.assertEq(results.resultOf(_id(rfp)).costs, VOIDABLE, "rounded down");
        vm.assertEq(results.resultOf(_id(rfp)).voidItems, 4, "all are void");
        _assertStake(alice, 1000 * ONE - VOIDABLE, BOND + 1 - VOIDABLE);
    }

    function test_OtherOutcomesChargeNothing() public {
        Rfp memory rfp = _committed();
        vm.assertEq(_close(rfp, Outcome.Rejected, 0, carol, ONE), 0, "rejected");
        vm.assertEq(_close(rfp, Outcome.Slash, 0, carol, ONE), 0, "slash");
        _assertStake(alice, 1000 * ONE, BOND);
        _assertCredit(carol, address(utility), 0);
    }

    function test_AVoidAtNoCostIsAVoid() public {
        Rfp memory rfp = _committed();
        vm.assertEq(_void(rfp, 3, 0), 0, "charged");
        vm.assertEq(results.resultOf(_id(rfp)).voidItems, 1, "void");
    }

    function test_OnlyResultsCharges() public {
        Rfp memory rfp = _committed();
        address[3] memory others = [disputes, stranger, address(registry)];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, others[i], address(results)));
            vm.prank(others[i]);
            market.chargeVoid(_id(rfp), stranger, 1);
        }
    }

    function test_OnlyACommittedJobIsCharged() public {
        Rfp memory rfp = _awarded();
        vm.startPrank(address(results));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
        market.chargeVoid(_id(rfp), carol, 1);
        vm.stopPrank();
        _commit(rfp, alice);
        _end(rfp);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Final));
        vm.prank(address(results));
        market.chargeVoid(_id(rfp), carol, 1);
    }

    /// A worker's other jobs and bids keep their bonds.
    function test_OneJobsVoidsLeaveOtherBondsAlone() public {
        Rfp memory one = _committed();
        Rfp memory other = _committed();
        _void(one, 0, BOND);
        _assertStake(alice, 1000 * ONE - VOIDABLE, 2 * BOND - VOIDABLE);
        _end(one);
        _assertStake(alice, 1000 * ONE - VOIDABLE, BOND);
        _end(other);
        _assertStake(alice, 1000 * ONE - VOIDABLE, 0);
    }

    // Settling

    /// Two of ten items at 5 each are void; the challengers' cost of 6 utility tokens is halved: 3, worth 6 in cash.
    function test_TheRefundBearsHalfOfTheCosts() public {
        Rfp memory rfp = _committed();
        _void(rfp, 3, 2 * ONE);
        _void(rfp, 4, 4 * ONE);
        vm.warp(results.finalAt(rfp));
        vm.expectEmit(address(results));
        emit IResults.Finalized(_id(rfp), ROOT, Verdict(false, 2, carol, 6 * ONE));
        vm.expectEmit(address(market));
        emit IMarket.Settled(_id(rfp), alice, JobState.Final, 45.6e18, MAX_PRICE - 46e18, 0.4e18, 0, 0);
        _finalize(rfp);
        _assertCredit(alice, address(cash), 40e18 - 0.4e18 + 6e18);
        _assertCredit(requester, address(cash), MAX_PRICE - PRICE + 10e18 - 6e18);
        _assertCredit(feeRecipient, address(cash), 0.4e18);
        _assertStake(alice, 994 * ONE, 0);
        vm.assertEq(registry.reputationOf(alice).settledValue, 20e18, "the price of what stands, nothing else");
    }

    /// One item at 5 is void; half of 20 utility tokens is worth 20 in cash, of which the item's price bears 5.
    function test_TheRefundBearsAtMostTheVoidItemsPrice() public {
        Rfp memory rfp = _committed();
        _void(rfp, 3, 20 * ONE);
        _end(rfp);
        _assertCredit(alice, address(cash), 45e18 - 0.45e18 + 5e18);
        _assertCredit(requester, address(cash), MAX_PRICE - PRICE);
        _assertStake(alice, 980 * ONE, 0);
    }

    function test_PaidInUtilityTokens() public {
        Rfp memory rfp = _rfp();
        rfp.token = address(utility);
        _post(rfp);
        _bid(rfp, alice, 40e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _award(rfp, _list(alice));
        _commit(rfp, alice);
        _void(rfp, 0, 3 * ONE);
        _end(rfp);
        _assertCredit(alice, address(utility), 90e18 - 0.9e18 + 3e18);
        _assertCredit(requester, address(utility), 7e18);
    }

    function test_ASlashTakesWhatVoidsLeft() public {
        Rfp memory rfp = _committed();
        uint256 supply = utility.totalSupply();
        _void(rfp, 3, 10 * ONE);
        _close(rfp, Outcome.Slash, 4, bob, 9 * ONE);
        vm.assertEq(results.resultOf(_id(rfp)).challenger, bob, "a void doesn't pre-empt a slash");
        vm.assertEq(_void(rfp, 5, 5 * ONE), 5 * ONE, "a void after it is paid as well");
        vm.assertEq(results.resultOf(_id(rfp)).challenger, bob, "and changes nobody's reward");
        vm.warp(results.finalAt(rfp));
        vm.expectEmit(address(results));
        emit IResults.Finalized(_id(rfp), ROOT, Verdict(true, 2, bob, 15 * ONE));
        vm.expectEmit(address(market));
        emit IMarket.Settled(_id(rfp), alice, JobState.Slashed, 0, MAX_PRICE, 0, 9 * ONE, 36 * ONE);
        _finalize(rfp);
        _assertCredit(requester, address(cash), MAX_PRICE);
        _assertCredit(bob, address(utility), 9 * ONE);
        _assertCredit(carol, address(utility), 15 * ONE);
        _assertStake(alice, 1000 * ONE - BOND, 0);
        vm.assertEq(utility.totalSupply(), supply - 36 * ONE, "the rest burns");
    }

    /// The worker itself, or a friend, voids first: what it takes of the bond is its cost, and five eighths of the bond
    /// are still there for who convicts it.
    function test_SelfChallengesLeaveHalfOfTheBondToBurn() public {
        Rfp memory rfp = _committed();
        _close(rfp, Outcome.Void, 0, alice, type(uint128).max);
        _close(rfp, Outcome.Slash, 1, bob, 0);
        _end(rfp);
        _assertCredit(alice, address(utility), VOIDABLE);
        _assertCredit(bob, address(utility), (BOND - VOIDABLE) / 5);
        _assertStake(alice, 1000 * ONE - BOND, 0);
    }

    // Windows

    function test_WhileAClaimIsOpenMoreMayCome() public {
        Rfp memory rfp = _committed();
        uint256 finalAt = results.finalAt(rfp);
        vm.startPrank(disputes);
        results.openClaim(rfp);
        vm.warp(finalAt + 9 days);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Rejected, 0, address(0), 0);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Void, 0, carol, ONE);
        results.closeClaim(rfp, Outcome.Void, 1, carol, ONE);
        vm.expectRevert(abi.encodeWithSelector(IResults.WindowClosed.selector, finalAt + 9 days, finalAt));
        results.openClaim(rfp);
        vm.stopPrank();
        _finalize(rfp);
        _assertState(rfp, JobState.Final);
        _assertCredit(carol, address(utility), 2 * ONE);
    }

    // Any verdict

    struct Claimed {
        uint8 outcome;
        uint32 item;
        bool byBob;
        uint128 cost;
    }

    /// Whatever is claimed, every token that went in comes out at somebody's, to the unit.
    function testFuzz_SettlesToTheUnit(
        uint128 price,
        uint128 bond,
        uint32 items,
        bool inUtility,
        Claimed[8] memory claims
    ) public {
        Rfp memory rfp = _quoteRfp();
        rfp.maxPrice = uint128(bound(price, ONE, 500 * ONE));
        rfp.jobBond = uint128(bound(bond, rfp.maxPrice / 2 + ONE, 1000 * ONE));
        rfp.itemCount = uint32(bound(items, 1, 700));
        rfp.token = inUtility ? address(utility) : address(cash);
        _awardQuote(rfp);
        _commit(rfp, alice);
        uint256 supply = utility.totalSupply();
        for (uint256 i = 0; i < claims.length; i++) {
            // A slash in one of eight jobs or so.
            Outcome outcome = Outcome(claims[i].outcome % 64 == 0 ? 3 : 1 + claims[i].outcome % 2);
            uint128 cost = uint128(bound(claims[i].cost, 0, rfp.jobBond / 4));
            _close(rfp, outcome, claims[i].item % rfp.itemCount, claims[i].byBob ? bob : carol, cost);
        }
        Result memory result = results.resultOf(_id(rfp));
        _end(rfp);
        vm.assertLe(result.costs, uint256(rfp.jobBond) * 3 / 8, "at most three eighths are charged");
        uint256 left = rfp.jobBond - result.costs;
        uint256 kept = result.slashed ? 1000 * ONE - rfp.jobBond : 1000 * ONE - result.costs;
        _assertStake(alice, kept, 0);
        vm.assertEq(supply - utility.totalSupply(), result.slashed ? left - left / 5 : 0, "what burned");
        _assertEscrowDivided(rfp, result);
    }

    function _assertEscrowDivided(Rfp memory rfp, Result memory result) internal view {
        uint256 challengers;
        if (rfp.token == address(cash)) {
            challengers = market.creditOf(bob, address(utility)) + market.creditOf(carol, address(utility));
            uint256 reward = result.slashed ? (rfp.jobBond - result.costs) / 5 : 0;
            vm.assertEq(challengers, result.costs + reward, "the challengers'");
        }
        uint256 toWorker = market.creditOf(alice, rfp.token);
        uint256 toRequester = market.creditOf(requester, rfp.token);
        uint256 fee = market.creditOf(feeRecipient, rfp.token);
        vm.assertEq(toWorker + toRequester + fee, rfp.maxPrice, "the escrow");
        if (result.slashed) vm.assertEq(toRequester, rfp.maxPrice, "all of it to the requester");
        if (result.slashed || result.voidItems == 0) return;
        uint256 earned = uint256(rfp.maxPrice) * (rfp.itemCount - result.voidItems) / rfp.itemCount;
        vm.assertLe(toRequester, rfp.maxPrice - earned, "a void item is paid back");
        uint256 borne = rfp.maxPrice - earned - toRequester;
        uint256 half = uint256(result.costs / 2) * 2;
        vm.assertEq(borne, half < rfp.maxPrice - earned ? half : rfp.maxPrice - earned, "less half of the costs");
    }
}
