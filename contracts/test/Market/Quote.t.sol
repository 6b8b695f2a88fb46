// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { IMarket } from "../../src/interfaces/IMarket.sol";
import { IRegistry } from "../../src/interfaces/IRegistry.sol";
import { Job, JobId, JobState, Kind, Quote, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";
import { ReenteringWallet, Wallet } from "../utils/Wallet.sol";

contract QuoteTest is MarketFixture {
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function _take(Rfp memory rfp, Quote memory quote, bytes memory signature) internal {
        vm.prank(requester);
        market.awardQuote(rfp, quote, signature, URI);
        _remember(rfp);
        _assertSolvent();
    }

    function _refused(Rfp memory rfp, Quote memory quote, bytes memory signature, bytes memory reason) internal {
        vm.expectRevert(reason);
        _take(rfp, quote, signature);
        _assertState(rfp, JobState.None);
        _assertStake(alice, 1000 * ONE, 0);
        vm.assertEq(cash.balanceOf(requester), 1e6 * ONE, "the requester keeps its money");
    }

    function _badSignature(address worker) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.BadQuoteSignature.selector, worker);
    }

    function _good() internal returns (Rfp memory rfp, Quote memory quote, bytes memory signature) {
        rfp = _quoteRfp();
        quote = _quoteOf(rfp, alice);
        signature = _sign(quote, aliceKey);
    }

    function test_AwardsInOneTransaction() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        uint256 deadline = block.timestamp + EXECUTION;
        vm.expectEmit(address(market));
        emit IMarket.RfpPosted(_id(rfp), requester, modelId, rfp, URI);
        vm.expectEmit(address(market));
        emit IMarket.Awarded(_id(rfp), alice, 1, MAX_PRICE, deadline);
        vm.expectEmit(address(registry));
        emit IRegistry.BondLocked(alice, _id(rfp), BOND);
        _take(rfp, quote, signature);
        Job memory job = _job(rfp);
        vm.assertEq(job.worker, alice, "worker");
        vm.assertEq(uint256(job.state), uint256(JobState.Awarded), "state");
        vm.assertEq(job.attempt, 1, "attempt");
        vm.assertEq(job.time, deadline, "deadline");
        vm.assertEq(job.rebate, 0, "the quote's price is the whole escrow");
        _assertStake(alice, 1000 * ONE, BOND);
    }

    function test_RefusesAnotherKind() public {
        Rfp memory rfp = _rfp();
        Quote memory quote = _quoteOf(rfp, alice);
        _refused(rfp, quote, _sign(quote, aliceKey), abi.encodeWithSelector(IMarket.WrongKind.selector, Kind.Auction));
    }

    function test_RefusesBiddingTimes() public {
        Rfp memory rfp = _quoteRfp();
        rfp.biddingTime = 1;
        Quote memory quote = _quoteOf(rfp, alice);
        _refused(rfp, quote, _sign(quote, aliceKey), abi.encodeWithSelector(IMarket.BadTime.selector, 1, 0, 0));
        (rfp.biddingTime, rfp.revealTime) = (0, type(uint32).max);
        quote = _quoteOf(rfp, alice);
        bytes memory reason = abi.encodeWithSelector(IMarket.BadTime.selector, type(uint32).max, 0, 0);
        _refused(rfp, quote, _sign(quote, aliceKey), reason);
        (rfp.biddingTime, rfp.revealTime) = (type(uint32).max, 1);
        quote = _quoteOf(rfp, alice);
        _refused(rfp, quote, _sign(quote, aliceKey), reason);
    }

    function test_RefusesAnotherCaller() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, stranger, requester));
        market.awardQuote(rfp, quote, signature, URI);
    }

    function test_RefusesAQuoteForAnotherRfpOrPrice() public {
        (, Quote memory other, bytes memory signature) = _good();
        (Rfp memory rfp, Quote memory quote,) = _good();
        bytes memory mismatch = abi.encodeWithSelector(IMarket.QuoteMismatch.selector);
        _refused(rfp, other, signature, mismatch);
        quote.price -= 1;
        _refused(rfp, quote, _sign(quote, aliceKey), mismatch);
        quote.price += 2;
        _refused(rfp, quote, _sign(quote, aliceKey), mismatch);
    }

    function test_RefusesAfterItsExpiry() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        vm.warp(quote.expiry);
        _refused(rfp, quote, signature, abi.encodeWithSelector(IMarket.TooLate.selector, quote.expiry, quote.expiry));
        vm.warp(quote.expiry + 1);
        _refused(
            rfp, quote, signature, abi.encodeWithSelector(IMarket.TooLate.selector, quote.expiry + 1, quote.expiry)
        );
        vm.warp(quote.expiry - 1);
        _take(rfp, quote, signature);
    }

    function test_RefusesAReplay() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        _take(rfp, quote, signature);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Awarded));
        _take(rfp, quote, signature);
        vm.warp(_job(rfp).time);
        _expire(rfp);
        quote.expiry = type(uint40).max;
        signature = _sign(quote, aliceKey);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongState.selector, _id(rfp), JobState.Expired));
        _take(rfp, quote, signature);
    }

    /// The job's id already holds chain and market, and so does the digest that the worker signs.
    function test_RefusesAnotherChain() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        vm.chainId(1337);
        _refused(rfp, quote, signature, abi.encodeWithSelector(IMarket.QuoteMismatch.selector));
        quote.job = _id(rfp);
        _refused(rfp, quote, signature, _badSignature(alice));
    }

    function test_RefusesAnotherContract() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        _deploy(_params());
        (modelId, rfp.modelId) = (models.publish(_spec("disputable", true), ""), modelId);
        vm.startPrank(requester);
        cash.approve(address(market), MAX_PRICE);
        vm.expectRevert(abi.encodeWithSelector(IMarket.QuoteMismatch.selector));
        market.awardQuote(rfp, quote, signature, URI);
        quote.job = _id(rfp);
        vm.expectRevert(_badSignature(alice));
        market.awardQuote(rfp, quote, signature, URI);
    }

    function test_RefusesAnotherSigner() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        quote.worker = bob;
        _refused(rfp, quote, signature, _badSignature(bob));
        quote.worker = address(0);
        _refused(rfp, quote, signature, _badSignature(address(0)));
        quote.worker = alice;
        quote.expiry += 1;
        _refused(rfp, quote, signature, _badSignature(alice));
    }

    function test_RefusesMalleableSignatures() public {
        (Rfp memory rfp, Quote memory quote,) = _good();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, market.quoteDigest(quote));
        bytes32 high = bytes32(ORDER - uint256(s));
        bytes memory bad = _badSignature(alice);
        _refused(rfp, quote, abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)), bad);
        _refused(rfp, quote, abi.encodePacked(r, s, uint8(v - 27)), bad);
        _refused(rfp, quote, abi.encodePacked(r, s, v == 27 ? uint8(28) : uint8(27)), bad);
        _refused(rfp, quote, abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255))), bad);
        _refused(rfp, quote, abi.encodePacked(r, s, v, uint8(0)), bad);
        _refused(rfp, quote, abi.encodePacked(r, s), bad);
        _refused(rfp, quote, new bytes(65), bad);
        _refused(rfp, quote, "", bad);
        _take(rfp, quote, abi.encodePacked(r, s, v));
    }

    function test_TakesAContractsSignature() public {
        Wallet wallet = new Wallet();
        accounts.push(address(wallet));
        utility.transfer(address(wallet), BOND);
        wallet.stake(market, BOND);
        Rfp memory rfp = _quoteRfp();
        Quote memory quote = _quoteOf(rfp, address(wallet));
        bytes memory signature = "any bytes at all";
        _refused(rfp, quote, signature, _badSignature(address(wallet)));
        wallet.accept(market.quoteDigest(quote), signature);
        wallet.setReverting(true);
        _refused(rfp, quote, signature, _badSignature(address(wallet)));
        wallet.setReverting(false);
        _take(rfp, quote, signature);
        _assertStake(address(wallet), BOND, BOND);
    }

    function test_RefusesAContractThatIsNoWallet() public {
        Rfp memory rfp = _quoteRfp();
        _refused(rfp, _quoteOf(rfp, address(cash)), "", _badSignature(address(cash)));
    }

    function test_AContractCantReenterByItsSignature() public {
        address wallet = address(new ReenteringWallet(market));
        Rfp memory rfp = _quoteRfp();
        _refused(rfp, _quoteOf(rfp, wallet), "", _badSignature(wallet));
    }

    function test_RefusesWithoutFreeStake() public {
        (Rfp memory rfp, Quote memory quote, bytes memory signature) = _good();
        vm.prank(alice);
        registry.unbond(1000 * ONE - BOND + 1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InsufficientFreeStake.selector, alice, BOND - 1, BOND));
        _take(rfp, quote, signature);
    }

    function test_RefusesPricesOverTheBalance() public {
        Rfp memory rfp = _quoteRfp();
        vm.prank(requester);
        cash.transfer(bob, 1e6 * ONE - MAX_PRICE + 1);
        Quote memory quote = _quoteOf(rfp, alice);
        bytes memory signature = _sign(quote, aliceKey);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, requester, MAX_PRICE - 1, MAX_PRICE)
        );
        _take(rfp, quote, signature);
        _assertStake(alice, 1000 * ONE, 0);
    }

    /// A worker may take its own job; it pays the fee for nothing.
    function test_SelfDealingCostsTheFee() public {
        Rfp memory rfp = _quoteRfp();
        rfp.requester = alice;
        _awardQuote(rfp);
        _commit(rfp, alice);
        vm.warp(block.timestamp + WINDOW + CLAIM_REVEAL);
        _finalize(rfp);
        _assertCredit(alice, address(cash), MAX_PRICE - MAX_PRICE / 100);
    }
}
