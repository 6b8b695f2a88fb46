// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { Market } from "../src/Market.sol";
import { Registry } from "../src/Registry.sol";
import { Results } from "../src/Results.sol";
import { IMarket, TokenPolicy } from "../src/interfaces/IMarket.sol";
import { MarketFixture } from "./utils/MarketFixture.sol";

/// What Market holds for disputes: in by whoever disputes, out by what the disputes contract decides, never more than came in.
contract DisputeBondsTest is MarketFixture {
    bytes internal constant UNDERFLOW = abi.encodeWithSignature("Panic(uint256)", 0x11);

    function _lock(address who, uint128 amount) internal {
        vm.prank(disputes);
        market.lockDisputeBond(who, amount);
        _assertSolvent();
    }

    function _pay(address who, uint128 amount) internal {
        vm.prank(disputes);
        market.payDisputeBond(who, amount);
        _assertSolvent();
    }

    function _burn(uint128 amount) internal {
        vm.prank(disputes);
        market.burnDisputeBond(amount);
        _assertSolvent();
    }

    function test_LocksFromTheWallet() public {
        vm.expectEmit(address(market));
        emit IMarket.DisputeBondLocked(stranger, 7 * ONE);
        _lock(stranger, 7 * ONE);
        vm.assertEq(market.disputeBonds(), 7 * ONE, "held");
        vm.assertEq(utility.balanceOf(stranger), (1e6 - 7) * ONE, "wallet");
    }

    function test_LocksFromCreditFirst() public {
        _lock(stranger, 7 * ONE);
        _pay(bob, 5 * ONE);
        uint256 wallet = utility.balanceOf(bob);
        vm.expectEmit(address(market));
        emit IMarket.CreditSpent(bob, address(utility), 3 * ONE);
        _lock(bob, 3 * ONE);
        vm.assertEq(utility.balanceOf(bob), wallet, "credit is enough");
        _lock(bob, 6 * ONE);
        _assertCredit(bob, address(utility), 0);
        vm.assertEq(utility.balanceOf(bob), wallet - 4 * ONE, "the wallet adds the rest");
        vm.assertEq(market.disputeBonds(), 11 * ONE, "held");
    }

    function test_PaysCredit() public {
        _lock(stranger, 7 * ONE);
        vm.expectEmit(address(market));
        emit IMarket.DisputeBondPaid(carol, 2 * ONE);
        vm.expectEmit(address(market));
        emit IMarket.Credited(carol, address(utility), 2 * ONE);
        _pay(carol, 2 * ONE);
        vm.assertEq(market.disputeBonds(), 5 * ONE, "held");
        vm.prank(carol);
        vm.assertEq(market.withdraw(address(utility)), 2 * ONE, "paid out");
        _assertSolvent();
    }

    function test_Burns() public {
        _lock(stranger, 7 * ONE);
        uint256 supply = utility.totalSupply();
        vm.expectEmit(address(market));
        emit IMarket.DisputeBondBurned(3 * ONE);
        _burn(3 * ONE);
        vm.assertEq(utility.totalSupply(), supply - 3 * ONE, "supply");
        vm.assertEq(market.disputeBonds(), 4 * ONE, "held");
    }

    function test_NothingIsLeftWhenAllIsPaidAndBurned() public {
        _lock(stranger, 7 * ONE);
        _burn(3 * ONE);
        _pay(carol, 4 * ONE);
        vm.assertEq(market.disputeBonds(), 0, "held");
    }

    /// Stakes, escrows and credits in utility tokens lie beside it: a fault of disputes can't reach them.
    function test_ReachesNoOtherMoney() public {
        _posted();
        _lock(stranger, 5);
        vm.assertGe(utility.balanceOf(address(market)), 3000 * ONE, "stakes are there");
        vm.startPrank(disputes);
        vm.expectRevert(UNDERFLOW);
        market.payDisputeBond(disputes, 6);
        vm.expectRevert(UNDERFLOW);
        market.burnDisputeBond(6);
        market.payDisputeBond(stranger, 5);
        vm.expectRevert(UNDERFLOW);
        market.burnDisputeBond(1);
        vm.stopPrank();
        _assertSolvent();
    }

    function test_RefusesWhoCannotPay() public {
        vm.prank(stranger);
        utility.approve(address(market), 4);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(market), 4, 5));
        vm.prank(disputes);
        market.lockDisputeBond(stranger, 5);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, bob, utility.balanceOf(bob), type(uint128).max
            )
        );
        vm.prank(disputes);
        market.lockDisputeBond(bob, type(uint128).max);
        vm.assertEq(market.disputeBonds(), 0, "nothing is held");
    }

    function test_OnlyDisputesCalls() public {
        _lock(stranger, 5);
        address[4] memory others = [stranger, requester, address(results), address(this)];
        for (uint256 i = 0; i < others.length; i++) {
            bytes memory reason = abi.encodeWithSelector(IMarket.NotAllowed.selector, others[i], disputes);
            vm.startPrank(others[i]);
            vm.expectRevert(reason);
            market.lockDisputeBond(alice, 1);
            vm.expectRevert(reason);
            market.payDisputeBond(others[i], 1);
            vm.expectRevert(reason);
            market.burnDisputeBond(1);
            vm.stopPrank();
        }
    }

    function test_NobodyCallsWhereThereAreNoDisputes() public {
        address marketAt = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        registry = new Registry(marketAt, UNBONDING);
        results = new Results(Market(marketAt), address(0), proofs, CLAIM_REVEAL);
        (address[] memory tokens, TokenPolicy[] memory policies) = _tokens();
        market = new Market(address(utility), registry, models, address(results), _params(), tokens, policies);
        vm.assertEq(market.disputes(), address(0), "no disputes");
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, disputes, address(0)));
        vm.prank(disputes);
        market.lockDisputeBond(stranger, 1);
    }

    function test_NothingIsANothing() public {
        uint256 wallet = utility.balanceOf(stranger);
        _lock(stranger, 0);
        _pay(stranger, 0);
        _burn(0);
        vm.assertEq(market.disputeBonds(), 0, "held");
        vm.assertEq(utility.balanceOf(stranger), wallet, "wallet");
    }

    function testFuzz_WhatComesInGoesOut(uint128[4] memory locked, uint128 paid, uint128 burned) public {
        address[4] memory people = [alice, bob, carol, stranger];
        uint256 sum;
        for (uint256 i = 0; i < 4; i++) {
            uint128 amount = uint128(bound(locked[i], 0, 1000 * ONE));
            _lock(people[i], amount);
            sum += amount;
        }
        paid = uint128(bound(paid, 0, sum));
        burned = uint128(bound(burned, 0, sum - paid));
        _pay(carol, paid);
        _burn(burned);
        _assertCredit(carol, address(utility), paid);
        vm.assertEq(market.disputeBonds(), sum - paid - burned, "held");
    }
}
