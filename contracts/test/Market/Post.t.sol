// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { Market } from "../../src/Market.sol";
import { Registry } from "../../src/Registry.sol";
import { Results } from "../../src/Results.sol";
import { IMarket, TokenPolicy } from "../../src/interfaces/IMarket.sol";
import { Guarantee, Job, JobState, Kind, Rfp } from "../../src/types/Job.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract PostTest is MarketFixture {
    function _refused(Rfp memory rfp, bytes memory reason) internal {
        vm.expectRevert(reason);
        _post(rfp);
        _assertState(rfp, JobState.None);
        vm.assertEq(cash.balanceOf(requester), 1e6 * ONE, "the requester keeps its money");
    }

    function test_TakesEscrow() public {
        Rfp memory rfp = _rfp();
        vm.expectEmit(address(market));
        emit IMarket.RfpPosted(_id(rfp), requester, modelId, rfp, URI);
        _post(rfp);
        Job memory job = _job(rfp);
        vm.assertEq(uint256(job.state), uint256(JobState.Posted), "state");
        vm.assertEq(job.time, START, "time");
        vm.assertEq(cash.balanceOf(address(market)), MAX_PRICE, "escrow");
        vm.assertEq(cash.balanceOf(requester), 1e6 * ONE - MAX_PRICE, "wallet");
    }

    function test_ReturnsTheJobsId() public {
        Rfp memory rfp = _rfp();
        vm.prank(requester);
        vm.assertTrue(market.post(rfp, URI) == _id(rfp) && market.jobIdOf(rfp) == _id(rfp), "id");
    }

    function test_TakesCreditFirst() public {
        Rfp memory rfp = _posted();
        vm.prank(requester);
        market.cancel(rfp);
        rfp = _rfp();
        rfp.maxPrice = MAX_PRICE + 5e18;
        vm.expectEmit(address(market));
        emit IMarket.CreditSpent(requester, address(cash), MAX_PRICE);
        _post(rfp);
        _assertCredit(requester, address(cash), 0);
        vm.assertEq(cash.balanceOf(requester), 1e6 * ONE - MAX_PRICE - 5e18, "the wallet pays the rest");
    }

    function test_TakesNothingFromTheWalletIfCreditSuffices() public {
        Rfp memory rfp = _posted();
        vm.prank(requester);
        market.cancel(rfp);
        vm.prank(requester);
        cash.approve(address(market), 0);
        rfp = _rfp();
        rfp.maxPrice = MAX_PRICE - 5e18;
        _post(rfp);
        _assertCredit(requester, address(cash), 5e18);
    }

    function test_TakesUtilityTokensAsPayment() public {
        Rfp memory rfp = _rfp();
        rfp.token = address(utility);
        _post(rfp);
        _assertState(rfp, JobState.Posted);
    }

    function test_RefusesAnotherKind() public {
        Rfp memory rfp = _quoteRfp();
        _refused(rfp, abi.encodeWithSelector(IMarket.WrongKind.selector, Kind.Quote));
        rfp.kind = Kind.None;
        _refused(rfp, abi.encodeWithSelector(IMarket.WrongKind.selector, Kind.None));
    }

    function test_RefusesAnotherCaller() public {
        Rfp memory rfp = _rfp();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotAllowed.selector, stranger, requester));
        market.post(rfp, URI);
    }

    function test_RefusesTheSameTermsTwice() public {
        Rfp memory rfp = _posted();
        bytes4 wrongState = IMarket.WrongState.selector;
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(wrongState, _id(rfp), JobState.Posted));
        market.post(rfp, URI);
        vm.startPrank(requester);
        market.cancel(rfp);
        vm.expectRevert(abi.encodeWithSelector(wrongState, _id(rfp), JobState.Cancelled));
        market.post(rfp, URI);
    }

    function test_LimitsTheUri() public {
        Rfp memory rfp = _rfp();
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.UriTooLong.selector, 513, 512));
        market.post(rfp, string(new bytes(513)));
        market.post(rfp, string(new bytes(512)));
    }

    function test_LimitsTheItems() public {
        Rfp memory rfp = _rfp();
        rfp.itemCount = 0;
        _refused(rfp, abi.encodeWithSelector(IMarket.BadItemCount.selector, 0, 2 ** 20));
        rfp.itemCount = 2 ** 20 + 1;
        _refused(rfp, abi.encodeWithSelector(IMarket.BadItemCount.selector, 2 ** 20 + 1, 2 ** 20));
        rfp.itemCount = 2 ** 20;
        _post(rfp);
    }

    function test_LimitsTheTimes() public {
        uint32 least;
        Rfp memory rfp = _rfp();
        for (uint256 i = 0; i < 4; i++) {
            least = [uint32(10), 10, 20, 60][i];
            _setTime(rfp, i, least - 1);
            _refused(rfp, abi.encodeWithSelector(IMarket.BadTime.selector, least - 1, least, 7 days));
            _setTime(rfp, i, 7 days + 1);
            _refused(rfp, abi.encodeWithSelector(IMarket.BadTime.selector, 7 days + 1, least, 7 days));
            _setTime(rfp, i, type(uint32).max);
            _refused(rfp, abi.encodeWithSelector(IMarket.BadTime.selector, type(uint32).max, least, 7 days));
            _setTime(rfp, i, 7 days);
        }
        _post(rfp);
        rfp.nonce = ++nonce;
        (rfp.biddingTime, rfp.revealTime, rfp.executionTimeout, rfp.challengeWindow) = (10, 10, 20, 60);
        _post(rfp);
    }

    function _setTime(Rfp memory rfp, uint256 which, uint32 time) internal pure {
        if (which == 0) rfp.biddingTime = time;
        if (which == 1) rfp.revealTime = time;
        if (which == 2) rfp.executionTimeout = time;
        if (which == 3) rfp.challengeWindow = time;
    }

    function test_RefusesGuaranteesThatTheModelDoesNotOffer() public {
        bytes32[3] memory ids = [modelId, headId, wholeId];
        Guarantee[3] memory offered = [Guarantee.Optimistic, Guarantee.Hybrid, Guarantee.Proven];
        Rfp memory rfp = _rfp();
        rfp.itemCount = 8;
        for (uint256 i = 0; i < 3; i++) {
            rfp.modelId = ids[i];
            for (uint8 k = 0; k < 4; k++) {
                rfp.guarantee = Guarantee(k);
                if (rfp.guarantee == Guarantee.Optimistic || rfp.guarantee == offered[i]) continue;
                _refused(rfp, abi.encodeWithSelector(IMarket.GuaranteeNotOffered.selector, rfp.guarantee));
            }
        }
        for (uint256 i = 0; i < 3; i++) {
            (rfp.modelId, rfp.guarantee) = (ids[i], Guarantee.Optimistic);
            _post(rfp);
            if (i == 0) continue;
            rfp.guarantee = offered[i];
            _post(rfp);
        }
    }

    function test_LimitsTheItemsThatAreProven() public {
        Rfp memory rfp = _rfp();
        (rfp.modelId, rfp.guarantee, rfp.itemCount) = (headId, Guarantee.Hybrid, 9);
        _refused(rfp, abi.encodeWithSelector(IMarket.BadItemCount.selector, 9, 8));
        (rfp.modelId, rfp.guarantee) = (wholeId, Guarantee.Proven);
        _refused(rfp, abi.encodeWithSelector(IMarket.BadItemCount.selector, 9, 8));
    }

    /// What is proven as a whole needs no disputes; features that nobody can dispute would be worth nothing.
    function test_TakesUndisputableModelsOnPublicChainsIfTheyAreProven() public {
        Rfp memory rfp = _rfp();
        (rfp.modelId, rfp.guarantee, rfp.itemCount) = (wholeId, Guarantee.Proven, 8);
        vm.chainId(1);
        _post(rfp);
        (rfp.guarantee, rfp.nonce) = (Guarantee.Optimistic, rfp.nonce + 1);
        _refused2(rfp, wholeId);
        vm.chainId(31_337);
    }

    function test_RefusesUnknownModels() public {
        Rfp memory rfp = _rfp();
        rfp.modelId = keccak256("unknown");
        _refused(rfp, abi.encodeWithSelector(IMarket.UnknownModel.selector, rfp.modelId));
    }

    function test_TakesUndisputableModelsOnDevelopmentChainsOnly() public {
        Rfp memory rfp = _rfp();
        rfp.modelId = undisputableId;
        vm.chainId(1337);
        _post(rfp);
        vm.chainId(1);
        _refused2(rfp, undisputableId);
        vm.chainId(31_337);
        _post(rfp);
    }

    /// Nobody could dispute a result there, whatever its model allows.
    function test_RefusesPublicJobsWithoutDisputes() public {
        vm.chainId(1);
        _post(_rfp());
        vm.chainId(31_337);
        disputes = address(0);
        uint64 next = vm.getNonce(address(this));
        address marketAt = vm.computeCreateAddress(address(this), next + 2);
        registry = new Registry(marketAt, UNBONDING);
        results = new Results(Market(marketAt), address(0), proofs, CLAIM_REVEAL);
        (address[] memory tokens, TokenPolicy[] memory policies) = _tokens();
        market = new Market(address(utility), registry, models, address(results), _params(), tokens, policies);
        vm.chainId(1);
        _refused2(_rfp(), modelId);
    }

    function _refused2(Rfp memory rfp, bytes32 model) internal {
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.UndisputableModel.selector, model));
        market.post(rfp, URI);
    }

    function test_RefusesOtherTokens() public {
        Rfp memory rfp = _rfp();
        rfp.token = address(0);
        _refused(rfp, abi.encodeWithSelector(IMarket.TokenNotAllowed.selector, address(0)));
        rfp.token = address(market);
        _refused(rfp, abi.encodeWithSelector(IMarket.TokenNotAllowed.selector, address(market)));
    }

    function test_RefusesPricesUnderTheMinimum() public {
        Rfp memory rfp = _rfp();
        rfp.maxPrice = ONE - 1;
        _refused(rfp, abi.encodeWithSelector(IMarket.PriceTooLow.selector, ONE - 1, ONE));
        rfp.maxPrice = 0;
        _refused(rfp, abi.encodeWithSelector(IMarket.PriceTooLow.selector, 0, ONE));
        rfp.maxPrice = ONE;
        _post(rfp);
    }

    function test_RefusesBondsUnderTheMinimumOrTheShare() public {
        Rfp memory rfp = _rfp();
        rfp.jobBond = MAX_PRICE / 2 - 1;
        _refused(rfp, abi.encodeWithSelector(IMarket.BondTooLow.selector, MAX_PRICE / 2 - 1, MAX_PRICE / 2));
        (rfp.maxPrice, rfp.jobBond) = (ONE, ONE - 1);
        _refused(rfp, abi.encodeWithSelector(IMarket.BondTooLow.selector, ONE - 1, ONE));
        rfp.jobBond = ONE;
        _post(rfp);
        (rfp.maxPrice, rfp.jobBond) = (MAX_PRICE, MAX_PRICE / 2);
        _post(rfp);
    }

    function test_RefusesPricesOverTheBalance() public {
        Rfp memory rfp = _rfp();
        (rfp.maxPrice, rfp.jobBond) = (1e6 * ONE + 1, 1e6 * ONE);
        _refused(
            rfp,
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, requester, 1e6 * ONE, 1e6 * uint256(ONE) + 1
            )
        );
    }

    function test_RefusesPricesOverTheAllowance() public {
        Rfp memory rfp = _rfp();
        vm.prank(requester);
        cash.approve(address(market), MAX_PRICE - 1);
        _refused(
            rfp,
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(market), MAX_PRICE - 1, MAX_PRICE
            )
        );
    }

    function test_TakesTheLargestPrice() public {
        uint128 most = type(uint128).max;
        Rfp memory rfp = _rfp();
        (rfp.maxPrice, rfp.jobBond) = (most, most / 2);
        cash.mint(requester, most);
        _post(rfp);
        vm.warp(block.timestamp + BIDDING);
        _expire(rfp);
        _assertCredit(requester, address(cash), most);
    }

    /// No job can have terms with dirty bits, so no other act needs to check them.
    function test_RefusesDirtyTerms() public {
        bytes memory call = abi.encodeCall(IMarket.post, (_rfp(), URI));
        for (uint256 word = 0; word < 14; word++) {
            bytes memory dirty = bytes.concat(call);
            // modelId and inputRoot fill their words.
            if (word == 2 || word == 3) continue;
            dirty[4 + 32 * word] = 0x80;
            vm.prank(requester);
            (bool ok,) = address(market).call(dirty);
            vm.assertFalse(ok, "dirty bits are refused");
        }
        vm.prank(requester);
        (bool clean,) = address(market).call(call);
        vm.assertTrue(clean, "clean terms are taken");
    }
}
