// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { IMarket, TokenPolicy } from "../../src/interfaces/IMarket.sol";
import { IResults } from "../../src/interfaces/IResults.sol";
import { JobState, Quote, Rfp, Verdict } from "../../src/types/Job.sol";
import {
    FeeToken,
    LyingToken,
    PausingToken,
    RebasingToken,
    ReenteringToken,
    SilentToken
} from "../utils/HostileTokens.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

/// A market takes only tokens that its deployer chose; these are what a bad choice, or a token that turns bad, can do.
contract TokensTest is MarketFixture {
    FeeToken internal feeToken;
    LyingToken internal lying;
    SilentToken internal silent;
    PausingToken internal pausing;
    RebasingToken internal rebasing;
    ReenteringToken internal reentering;
    address internal codeless = address(0xC0DE);

    function _tokens() internal override returns (address[] memory tokens, TokenPolicy[] memory policies) {
        (feeToken, lying, silent) = (new FeeToken(), new LyingToken(), new SilentToken());
        (pausing, rebasing, reentering) = (new PausingToken(), new RebasingToken(), new ReenteringToken());
        tokens = new address[](9);
        policies = new TokenPolicy[](9);
        (tokens[0], tokens[1], tokens[2]) = (address(utility), address(cash), address(feeToken));
        (tokens[3], tokens[4], tokens[5]) = (address(lying), address(silent), address(pausing));
        (tokens[6], tokens[7], tokens[8]) = (address(rebasing), address(reentering), codeless);
        for (uint256 i = 0; i < 9; i++) {
            policies[i] = TokenPolicy(ONE, ONE / 2);
        }
    }

    function setUp() public override {
        super.setUp();
        feeToken.mint(requester, 1000 * ONE);
        lying.mint(requester, 1000 * ONE);
        silent.mint(requester, 1000 * ONE);
        pausing.mint(requester, 1000 * ONE);
        rebasing.mint(requester, 1000 * ONE);
        reentering.mint(requester, 1000 * ONE);
        vm.startPrank(requester);
        feeToken.approve(address(market), type(uint256).max);
        pausing.approve(address(market), type(uint256).max);
        rebasing.approve(address(market), type(uint256).max);
        reentering.approve(address(market), type(uint256).max);
        vm.stopPrank();
    }

    function _rfpIn(address token) internal returns (Rfp memory rfp) {
        rfp = _rfp();
        rfp.token = token;
    }

    function _refused(address token, bytes memory reason) internal {
        Rfp memory rfp = _rfpIn(token);
        vm.prank(requester);
        vm.expectRevert(reason);
        market.post(rfp, URI);
        rfp = _quoteRfp();
        rfp.token = token;
        Quote memory quote = _quoteOf(rfp, alice);
        bytes memory signature = _sign(quote, aliceKey);
        vm.prank(requester);
        vm.expectRevert(reason);
        market.awardQuote(rfp, quote, signature, URI);
        _assertStake(alice, 1000 * ONE, 0);
    }

    /// A job in `token`, done and settled.
    function _doneIn(address token) internal {
        Rfp memory rfp = _rfpIn(token);
        vm.prank(requester);
        market.post(rfp, URI);
        _finish(rfp);
    }

    function _finish(Rfp memory rfp) internal {
        bytes32 seal = _seal(rfp, alice, 40e18);
        vm.prank(alice);
        market.bid(rfp, seal);
        vm.warp(block.timestamp + BIDDING);
        vm.prank(alice);
        market.reveal(rfp, 40e18, SALT);
        market.award(rfp, _list(alice));
        vm.prank(alice);
        results.commit(rfp, ROOT, PAYLOAD);
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        results.finalize(rfp);
        _assertState(rfp, JobState.Final);
        _assertCredit(alice, rfp.token, MAX_PRICE * uint256(99) / 100);
    }

    function test_AFeeOnTransferIsRefused() public {
        _refused(
            address(feeToken),
            abi.encodeWithSelector(
                IMarket.TransferMismatch.selector, feeToken, MAX_PRICE * uint256(99) / 100, MAX_PRICE
            )
        );
    }

    /// The fee comes on top and is the requester's own cost; but where the market would pay it, nothing leaves.
    function test_AFeeOnTopLeavesTheMarketWhole() public {
        feeToken.setFromSender(true);
        _doneIn(address(feeToken));
        uint256 amount = MAX_PRICE * uint256(99) / 100;
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.TransferMismatch.selector, feeToken, amount + amount / 100, amount)
        );
        market.withdraw(address(feeToken));
        _assertCredit(alice, address(feeToken), amount);
        vm.assertEq(feeToken.balanceOf(address(market)), MAX_PRICE, "nothing left the market");
    }

    function test_FalseIsARefusal() public {
        _refused(address(lying), abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, lying));
    }

    function test_ATransferThatMovesNothingIsRefused() public {
        lying.setAnswer(true);
        _refused(address(lying), abi.encodeWithSelector(IMarket.TransferMismatch.selector, lying, 0, MAX_PRICE));
    }

    function test_ATokenWithoutCodeIsRefused() public {
        Rfp memory rfp = _rfpIn(codeless);
        vm.prank(requester);
        vm.expectRevert();
        market.post(rfp, URI);
        _assertState(rfp, JobState.None);
    }

    function test_ATokenThatReturnsNothingWorks() public {
        _doneIn(address(silent));
        vm.prank(alice);
        market.withdraw(address(silent));
        vm.assertEq(silent.balanceOf(alice), MAX_PRICE * uint256(99) / 100, "paid");
    }

    function test_APausedTokenStopsPaymentsOnly() public {
        Rfp memory rfp = _rfpIn(address(pausing));
        vm.prank(requester);
        market.post(rfp, URI);
        pausing.setPaused(true);
        _finish(rfp);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(PausingToken.Paused.selector));
        market.withdraw(address(pausing));
        pausing.setPaused(false);
        market.withdraw(address(pausing));
        vm.assertEq(pausing.balanceOf(alice), MAX_PRICE * uint256(99) / 100, "paid in the end");
    }

    /// Nobody else waits for a payee that can't be paid.
    function test_ABlockedPayeeStopsNobodyElse() public {
        pausing.setBlocked(feeRecipient, true);
        pausing.setBlocked(alice, true);
        _doneIn(address(pausing));
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(PausingToken.Blocked.selector, alice));
        market.withdraw(address(pausing));
        Rfp memory rfp = _rfpIn(address(pausing));
        vm.prank(requester);
        market.post(rfp, URI);
        vm.warp(block.timestamp + BIDDING);
        market.expire(rfp);
        vm.prank(requester);
        vm.assertEq(market.withdraw(address(pausing)), MAX_PRICE, "the requester is paid");
        _assertCredit(alice, address(pausing), MAX_PRICE * uint256(99) / 100);
    }

    /// The books can't follow such a token. It harms those alone who took it: the last to withdraw waits for the rest.
    function test_ARebaseTouchesNoOtherToken() public {
        _doneIn(address(cash));
        _doneIn(address(rebasing));
        rebasing.setFactor(0.5e18);
        vm.startPrank(alice);
        vm.expectRevert();
        market.withdraw(address(rebasing));
        _assertCredit(alice, address(rebasing), MAX_PRICE * uint256(99) / 100);
        vm.assertEq(market.withdraw(address(cash)), MAX_PRICE * uint256(99) / 100, "the other token pays");
        vm.stopPrank();
        vm.prank(feeRecipient);
        vm.assertEq(market.withdraw(address(cash)), MAX_PRICE / 100, "the other token pays in full");
        vm.assertEq(cash.balanceOf(address(market)), 0, "and is drained");
    }

    // Reentrancy

    /// Arms the token, runs `post` in it, and returns why the call inside was refused.
    function _reenterFromPost(address target, bytes memory data) internal returns (bool entered, bytes memory reason) {
        Rfp memory rfp = _rfpIn(address(reentering));
        reentering.arm(target, data);
        vm.prank(requester);
        market.post(rfp, URI);
        vm.assertEq(reentering.balanceOf(address(market)), _escrowed(rfp), "balance is escrow and credits");
        return (reentering.entered(), reentering.reason());
    }

    function _escrowed(Rfp memory last) internal returns (uint256 sum) {
        _remember(last);
        for (uint256 i = 0; i < posted.length; i++) {
            if (posted[i].token == address(reentering) && _job(posted[i]).state == JobState.Posted) sum += MAX_PRICE;
        }
        return sum + market.creditOf(address(reentering), address(reentering));
    }

    function test_NothingThatMovesMoneyCanBeReentered() public {
        Rfp memory rfp = _rfpIn(address(reentering));
        Quote memory quote = _quoteOf(rfp, alice);
        Verdict memory verdict;
        bytes[9] memory calls = [
            abi.encodeCall(IMarket.post, (rfp, URI)),
            abi.encodeCall(IMarket.cancel, (rfp)),
            abi.encodeCall(IMarket.stake, (1)),
            abi.encodeCall(IMarket.withdrawStake, ()),
            abi.encodeCall(IMarket.withdraw, (address(reentering))),
            abi.encodeCall(IMarket.awardQuote, (rfp, quote, "", URI)),
            abi.encodeCall(IMarket.expire, (rfp)),
            abi.encodeCall(IMarket.forfeit, (rfp, alice)),
            abi.encodeCall(IMarket.settle, (rfp, verdict))
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            (bool entered, bytes memory reason) = _reenterFromPost(address(market), calls[i]);
            vm.assertFalse(entered, "refused");
            vm.assertEq(
                reason,
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
                "by the guard"
            );
        }
    }

    /// A payee that is called in the middle of its withdrawal can't withdraw again, nor reassign, nor finalize.
    function test_AWithdrawalCantBeReentered() public {
        Rfp memory rfp = _rfpIn(address(reentering));
        rfp.requester = address(reentering);
        reentering.mint(address(reentering), MAX_PRICE);
        reentering.act(address(reentering), abi.encodeCall(reentering.approve, (address(market), MAX_PRICE)));
        reentering.act(address(market), abi.encodeCall(IMarket.post, (rfp, URI)));
        vm.warp(block.timestamp + BIDDING);
        market.expire(rfp);
        Rfp memory committed = _committed();
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        bytes memory withdraw = abi.encodeCall(IMarket.withdraw, (address(reentering)));
        bytes memory guard = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        reentering.arm(address(market), withdraw);
        reentering.act(address(market), withdraw);
        vm.assertEq(reentering.reason(), guard, "withdraw");
        vm.assertEq(reentering.balanceOf(address(reentering)), MAX_PRICE, "paid once");
        vm.assertEq(reentering.balanceOf(address(market)), 0, "nothing is left");
        (bool entered, bytes memory reason) =
            _reenterFromPost(address(results), abi.encodeCall(IResults.finalize, (committed)));
        vm.assertFalse(entered, "refused");
        vm.assertEq(reason, guard, "finalize");
        (, reason) = _reenterFromPost(address(market), abi.encodeCall(IMarket.reassign, (committed, _list(alice))));
        vm.assertEq(reason, guard, "reassign");
        _finalize(committed);
    }

    /// What moves no tokens may be entered: a bid in the middle of somebody's post is a bid.
    function test_ABidInsideAPostIsABid() public {
        Rfp memory rfp = _posted();
        utility.transfer(address(reentering), BOND);
        accounts.push(address(reentering));
        reentering.act(address(utility), abi.encodeCall(utility.approve, (address(market), BOND)));
        reentering.act(address(market), abi.encodeCall(IMarket.stake, (BOND)));
        (bool entered,) = _reenterFromPost(address(market), abi.encodeCall(IMarket.bid, (rfp, keccak256("seal"))));
        vm.assertTrue(entered, "taken");
        _assertStake(address(reentering), BOND, BOND);
        vm.assertEq(_job(rfp).sealedCount, 1, "counted");
    }
}
