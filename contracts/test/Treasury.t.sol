// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { IMarket } from "../src/interfaces/IMarket.sol";
import { IRegistry } from "../src/interfaces/IRegistry.sol";
import { Outcome } from "../src/interfaces/IResults.sol";
import { Rfp } from "../src/types/Job.sol";
import { Unbonding } from "../src/types/Worker.sol";
import { MarketFixture } from "./utils/MarketFixture.sol";

contract TreasuryTest is MarketFixture {
    // Stakes

    function test_Stakes() public {
        vm.expectEmit(address(registry));
        emit IRegistry.StakeAdded(stranger, 5);
        vm.prank(stranger);
        market.stake(5);
        _assertStake(stranger, 5, 0);
        vm.assertEq(utility.balanceOf(stranger), 1e6 * ONE - 5, "wallet");
        _assertSolvent();
    }

    function test_StakeRefusesNothing() public {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.ZeroAmount.selector));
        vm.prank(stranger);
        market.stake(0);
    }

    function test_StakeRefusesMoreThanTheBalance() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, stranger, 1e6 * ONE, type(uint128).max
            )
        );
        vm.prank(stranger);
        market.stake(type(uint128).max);
        _assertStake(stranger, 0, 0);
    }

    function test_WithdrawsUnbondedStakeOnceReady() public {
        uint256 readyAt = block.timestamp + UNBONDING;
        vm.startPrank(alice);
        registry.unbond(400 * ONE);
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NothingUnbonded.selector, alice, readyAt));
        market.withdrawStake();
        vm.warp(readyAt);
        vm.expectEmit(address(registry));
        emit IRegistry.StakeRemoved(alice, 400 * ONE);
        vm.assertEq(market.withdrawStake(), 400 * ONE, "amount");
        vm.assertEq(utility.balanceOf(alice), 1e6 * ONE - 600 * ONE, "wallet");
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NothingUnbonded.selector, alice, 0));
        market.withdrawStake();
        vm.stopPrank();
        _assertStake(alice, 600 * ONE, 0);
        _assertSolvent();
    }

    function test_WithdrawStakeRefusesWithoutUnbonding() public {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NothingUnbonded.selector, stranger, 0));
        vm.prank(stranger);
        market.withdrawStake();
    }

    // Credits

    function _earned() internal {
        Rfp memory rfp = _committed();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
    }

    function test_WithdrawsCreditOnce() public {
        _earned();
        uint256 amount = 50e18 - 0.5e18;
        vm.startPrank(alice);
        vm.expectEmit(address(market));
        emit IMarket.Withdrawn(alice, address(cash), amount);
        vm.assertEq(market.withdraw(address(cash)), amount, "amount");
        vm.assertEq(cash.balanceOf(alice), 1e6 * ONE + amount, "wallet");
        vm.expectRevert(abi.encodeWithSelector(IMarket.NothingToWithdraw.selector, alice, address(cash)));
        market.withdraw(address(cash));
        _assertSolvent();
    }

    function test_WithdrawRefusesNothing() public {
        _earned();
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NothingToWithdraw.selector, alice, address(utility)));
        market.withdraw(address(utility));
        vm.expectRevert(abi.encodeWithSelector(IMarket.NothingToWithdraw.selector, alice, address(0)));
        market.withdraw(address(0));
    }

    function test_EverybodyWithdrawsAndNothingIsLeft() public {
        _earned();
        address[3] memory owed = [requester, alice, feeRecipient];
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(owed[i]);
            market.withdraw(address(cash));
        }
        vm.assertEq(cash.balanceOf(address(market)), 0, "no payment token is left");
        vm.assertEq(utility.balanceOf(address(market)), 3000 * ONE, "only stakes are left");
    }

    /// Prices of one unit, three items and a fee: what doesn't divide goes to the requester, and nothing is lost.
    function test_DustIsConserved() public {
        Rfp memory rfp = _quoteRfp();
        (rfp.maxPrice, rfp.itemCount) = (ONE + 1, 3);
        _awardQuote(rfp);
        _commit(rfp, alice);
        vm.startPrank(disputes);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Void, 0, carol, 0);
        vm.stopPrank();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
        uint256 earned = (uint256(ONE) + 1) * 2 / 3;
        _assertCredit(requester, address(cash), ONE + 1 - earned);
        _assertCredit(alice, address(cash), earned - earned / 100);
        _assertCredit(feeRecipient, address(cash), earned / 100);
    }

    /// Tokens sent without a call belong to nobody, and change nobody's books.
    function test_GiftsChangeNothing() public {
        Rfp memory rfp = _posted();
        cash.mint(address(market), 7);
        vm.warp(block.timestamp + BIDDING);
        market.expire(rfp);
        vm.prank(requester);
        vm.assertEq(market.withdraw(address(cash)), MAX_PRICE, "amount");
        vm.assertEq(cash.balanceOf(address(market)), 7, "the gift stays");
    }

    function test_UnbondingStakeIsNotTouchedByASlash() public {
        Rfp memory rfp = _committed();
        vm.prank(alice);
        registry.unbond(1000 * ONE - BOND);
        vm.startPrank(disputes);
        results.openClaim(rfp);
        results.closeClaim(rfp, Outcome.Slash, 0, carol, 0);
        vm.stopPrank();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
        _assertStake(alice, 0, 0);
        Unbonding memory unbonding = registry.unbondingOf(alice);
        vm.assertEq(unbonding.amount, 1000 * ONE - BOND, "what wasn't locked stays its owner's");
    }
}
