// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../src/interfaces/IMarket.sol";
import { IResults, Outcome, Result } from "../src/interfaces/IResults.sol";
import { JobState, Rfp, Verdict } from "../src/types/Job.sol";
import { Reputation } from "../src/types/Worker.sol";
import { MarketFixture } from "./utils/MarketFixture.sol";

contract ResultsTest is MarketFixture {
    uint256 internal constant FEE = 50e18 / uint256(100);

    function _open(Rfp memory rfp) internal {
        vm.prank(disputes);
        results.openClaim(rfp);
    }

    function _close(Rfp memory rfp, Outcome outcome, uint32 item, address challenger) internal {
        vm.prank(disputes);
        results.closeClaim(rfp, outcome, item, challenger, 0);
    }

    function _claim(Rfp memory rfp, Outcome outcome, uint32 item) internal {
        _open(rfp);
        _close(rfp, outcome, item, carol);
    }

    function _final() internal view returns (uint256) {
        return block.timestamp + WINDOW + CLAIM_REVEAL;
    }

    // Commit

    function test_Commits() public {
        Rfp memory rfp = _awarded();
        uint256 finalAt = _final();
        vm.expectEmit(address(results));
        emit IResults.Committed(_id(rfp), alice, 1, ROOT, PAYLOAD, finalAt);
        _commit(rfp, alice);
        vm.assertEq(uint256(_job(rfp).state), uint256(JobState.Committed), "state");
        vm.assertEq(_job(rfp).time, block.timestamp, "time");
        vm.assertEq(results.resultOf(_id(rfp)).root, ROOT, "root");
        vm.assertEq(results.finalAt(rfp), finalAt, "final at");
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_CommitClosesAtTheDeadline() public {
        Rfp memory rfp = _awarded();
        uint256 deadline = _job(rfp).time;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooLate.selector, deadline, deadline));
        _commit(rfp, alice);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooLate.selector, deadline + 1, deadline));
        _commit(rfp, alice);
        vm.warp(deadline - 1);
        _commit(rfp, alice);
    }

    function test_CommitRefusesOthers() public {
        Rfp memory rfp = _awarded();
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, bob, alice));
        _commit(rfp, bob);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, requester, alice));
        _commit(rfp, requester);
    }

    function test_CommitRefusesTheMissedWorker() public {
        Rfp memory rfp = _awarded();
        vm.warp(_job(rfp).time);
        _reassign(rfp, bob, _list(bob, carol));
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, alice, bob));
        _commit(rfp, alice);
        vm.expectEmit(address(results));
        emit IResults.Committed(_id(rfp), bob, 2, ROOT, PAYLOAD, _final());
        _commit(rfp, bob);
    }

    function test_CommitRefusesTwice() public {
        Rfp memory rfp = _committed();
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Committed));
        vm.prank(alice);
        results.commit(rfp, keccak256("another"), PAYLOAD);
        vm.assertEq(results.resultOf(_id(rfp)).root, ROOT, "root");
    }

    function test_CommitRefusesOtherStatesAndTerms() public {
        Rfp memory rfp = _revealed();
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Posted));
        _commit(rfp, alice);
        rfp.itemCount += 1;
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.None));
        _commit(rfp, alice);
    }

    function test_CommitRefusesAZeroRoot() public {
        Rfp memory rfp = _awarded();
        vm.expectRevert(abi.encodeWithSelector(IResults.ZeroRoot.selector));
        vm.prank(alice);
        results.commit(rfp, 0, PAYLOAD);
    }

    function test_OnlyResultsMarksAndSettles() public {
        Rfp memory rfp = _awarded();
        bytes memory reason = abi.encodeWithSelector(IMarket.NotAllowed.selector, alice, address(results));
        vm.startPrank(alice);
        vm.expectRevert(reason);
        market.markCommitted(_id(rfp), alice);
        vm.expectRevert(reason);
        market.settle(rfp, Verdict(false, 0, address(0), 0));
        vm.stopPrank();
        vm.startPrank(address(results));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
        market.settle(rfp, Verdict(false, 0, address(0), 0));
    }

    // Finalize

    function test_FinalizePaysTheWorker() public {
        Rfp memory rfp = _committed();
        vm.warp(_final());
        vm.expectEmit(address(results));
        emit IResults.Finalized(_id(rfp), ROOT, Verdict(false, 0, address(0), 0));
        vm.expectEmit(address(market));
        emit IMarket.Settled(_id(rfp), alice, JobState.Final, 50e18 - FEE, MAX_PRICE - 50e18, FEE, 0, 0);
        _finalize(rfp);
        _assertCredit(alice, address(cash), 50e18 - FEE);
        _assertCredit(requester, address(cash), MAX_PRICE - 50e18);
        _assertCredit(feeRecipient, address(cash), FEE);
        _assertStake(alice, 1000 * ONE, 0);
        Reputation memory reputation = registry.reputationOf(alice);
        vm.assertEq(reputation.finalJobs, 1, "final jobs");
        vm.assertEq(reputation.settledValue, 25e18, "half a utility token for each of cash");
    }

    function test_FinalizeOpensAfterWindowAndRevealTime() public {
        Rfp memory rfp = _committed();
        uint256 finalAt = _final();
        vm.warp(finalAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IResults.NotFinalYet.selector, finalAt - 1, finalAt));
        _finalize(rfp);
        vm.warp(finalAt);
        _finalize(rfp);
    }

    function test_FinalizeRefusesTwiceAndOtherStates() public {
        Rfp memory rfp = _awarded();
        bytes memory reason = abi.encodeWithSelector(IResults.NotCommitted.selector, _id(rfp));
        vm.expectRevert(reason);
        _finalize(rfp);
        _commit(rfp, alice);
        vm.warp(_final());
        _finalize(rfp);
        vm.expectRevert(reason);
        _finalize(rfp);
        vm.expectRevert(reason);
        results.finalAt(rfp);
    }

    // Claims

    function test_AnOpenClaimStopsFinality() public {
        Rfp memory rfp = _committed();
        uint256 finalAt = _final();
        vm.expectEmit(address(results));
        emit IResults.ClaimOpened(_id(rfp), 1);
        _open(rfp);
        _open(rfp);
        vm.warp(finalAt);
        vm.expectRevert(abi.encodeWithSelector(IResults.ClaimsOpen.selector, _id(rfp), 2));
        _finalize(rfp);
        vm.expectEmit(address(results));
        emit IResults.ClaimClosed(_id(rfp), Outcome.Rejected, 3, carol, 0);
        _close(rfp, Outcome.Rejected, 3, carol);
        vm.expectRevert(abi.encodeWithSelector(IResults.ClaimsOpen.selector, _id(rfp), 1));
        _finalize(rfp);
        _close(rfp, Outcome.Rejected, 3, address(0));
        _finalize(rfp);
        _assertCredit(alice, address(cash), 50e18 - FEE);
    }

    function test_ClaimsCloseWithTheWindow() public {
        Rfp memory rfp = _committed();
        uint256 finalAt = _final();
        vm.warp(finalAt - 1);
        _claim(rfp, Outcome.Rejected, 0);
        vm.warp(finalAt);
        vm.expectRevert(abi.encodeWithSelector(IResults.WindowClosed.selector, finalAt, finalAt));
        _open(rfp);
        vm.warp(finalAt + 1);
        vm.expectRevert(abi.encodeWithSelector(IResults.WindowClosed.selector, finalAt + 1, finalAt));
        _open(rfp);
    }

    function test_VoidItemsArePaidBackOnce() public {
        Rfp memory rfp = _committed();
        uint256 finalAt = _final();
        _claim(rfp, Outcome.Void, 3);
        _claim(rfp, Outcome.Void, 3);
        _claim(rfp, Outcome.Void, 9);
        vm.assertEq(results.resultOf(_id(rfp)).voidItems, 2, "items count once");
        vm.warp(finalAt);
        _finalize(rfp);
        _assertState(rfp, JobState.Final);
        _assertCredit(alice, address(cash), 40e18 - 0.4e18);
        _assertCredit(requester, address(cash), MAX_PRICE - 40e18);
        _assertStake(alice, 1000 * ONE, 0);
        vm.assertEq(registry.reputationOf(alice).voidJobs, 1, "void jobs");
        vm.assertEq(registry.reputationOf(alice).finalJobs, 0, "final jobs");
    }

    function test_AJobMayBeVoidInAllItems() public {
        Rfp memory rfp = _rfp();
        (rfp.itemCount, rfp.nonce) = (300, 77);
        _post(rfp);
        _bid(rfp, alice, 40e18);
        vm.warp(block.timestamp + BIDDING);
        _reveal(rfp, alice, 40e18);
        _award(rfp, _list(alice));
        _commit(rfp, alice);
        for (uint32 i = 0; i < 300; i++) {
            _claim(rfp, Outcome.Void, i);
        }
        vm.warp(_final());
        _finalize(rfp);
        _assertCredit(requester, address(cash), MAX_PRICE);
        _assertCredit(alice, address(cash), 0);
    }

    function test_ASlashTakesTheBond() public {
        Rfp memory rfp = _committed();
        uint256 finalAt = _final();
        uint256 supply = utility.totalSupply();
        _claim(rfp, Outcome.Slash, 0);
        vm.warp(finalAt);
        vm.expectEmit(address(results));
        emit IResults.Finalized(_id(rfp), ROOT, Verdict(true, 0, carol, 0));
        vm.expectEmit(address(market));
        emit IMarket.Settled(_id(rfp), alice, JobState.Slashed, 0, MAX_PRICE, 0, BOND / 5, BOND - BOND / 5);
        _finalize(rfp);
        _assertCredit(requester, address(cash), MAX_PRICE);
        _assertCredit(carol, address(utility), BOND / 5);
        _assertStake(alice, 1000 * ONE - BOND, 0);
        vm.assertEq(utility.totalSupply(), supply - (BOND - BOND / 5), "the rest burns");
        vm.assertEq(registry.reputationOf(alice).slashedJobs, 1, "slashed jobs");
    }

    /// A sybil's void before or after changes nothing about a slash; a later slash takes the earlier one's place.
    function test_SlashOverVoidOverGood() public {
        Rfp memory rfp = _committed();
        _claim(rfp, Outcome.Void, 1);
        _claim(rfp, Outcome.Slash, 2);
        _open(rfp);
        _close(rfp, Outcome.Slash, 3, bob);
        _claim(rfp, Outcome.Void, 4);
        _claim(rfp, Outcome.Rejected, 2);
        Result memory result = results.resultOf(_id(rfp));
        vm.assertTrue(result.slashed, "slashed");
        vm.assertEq(result.challenger, bob, "the last conviction takes the reward");
        vm.warp(_final());
        _finalize(rfp);
        _assertState(rfp, JobState.Slashed);
    }

    function test_OnlyDisputesReportsClaims() public {
        Rfp memory rfp = _committed();
        bytes memory reason = abi.encodeWithSelector(IResults.NotDisputes.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        results.openClaim(rfp);
        vm.expectRevert(reason);
        results.closeClaim(rfp, Outcome.Slash, 0, stranger, 0);
    }

    function test_RefusesBadClosings() public {
        Rfp memory rfp = _committed();
        vm.expectRevert(abi.encodeWithSelector(IResults.NoOpenClaim.selector, _id(rfp)));
        _close(rfp, Outcome.Void, 0, carol);
        _open(rfp);
        vm.expectRevert(abi.encodeWithSelector(IResults.BadOutcome.selector));
        _close(rfp, Outcome.None, 0, carol);
        vm.expectRevert(abi.encodeWithSelector(IResults.BadOutcome.selector));
        _close(rfp, Outcome.Slash, 0, address(0));
        vm.expectRevert(abi.encodeWithSelector(IResults.BadItem.selector, 10, 10));
        _close(rfp, Outcome.Void, 10, carol);
        vm.expectRevert(abi.encodeWithSelector(IResults.BadOutcome.selector));
        _close(rfp, Outcome.Void, 9, address(0));
        _close(rfp, Outcome.Rejected, 9, address(0));
    }

    function test_RefusesClaimsOnOtherStates() public {
        Rfp memory rfp = _awarded();
        bytes memory reason = abi.encodeWithSelector(IResults.NotCommitted.selector, _id(rfp));
        vm.expectRevert(reason);
        _open(rfp);
        _commit(rfp, alice);
        vm.warp(_final());
        _finalize(rfp);
        vm.expectRevert(reason);
        _open(rfp);
        vm.expectRevert(reason);
        _close(rfp, Outcome.Slash, 0, carol);
    }
}
