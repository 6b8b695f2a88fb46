// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket, MarketParams, TokenPolicy } from "./interfaces/IMarket.sol";
import { IModels } from "./interfaces/IModels.sol";
import { IResults } from "./interfaces/IResults.sol";
import { Chains } from "./libraries/Chains.sol";
import { Settlement } from "./libraries/Settlement.sol";
import { Guarantee, Kind, Rfp } from "./types/Job.sol";
import { CriticalKind, ModelRecord } from "./types/Model.sol";

/// @title Terms
/// @notice What a market demands of an RFP: times, model, money. All of it is fixed when the market is deployed.
abstract contract Terms is IMarket {
    uint256 internal constant MAX_ITEMS = 2 ** 20;
    /// Items with a proof each: all of them are checked in one transaction, which a block has to hold.
    uint256 internal constant MAX_PROVEN_ITEMS = 8;
    uint256 internal constant MAX_URI = 512;
    uint256 internal constant MAX_FEE_BPS = 500;

    IModels public immutable models;
    address public immutable results;

    uint32 internal immutable _minBiddingTime;
    uint32 internal immutable _minRevealTime;
    uint32 internal immutable _minExecutionTimeout;
    uint32 internal immutable _minChallengeWindow;
    uint32 internal immutable _maxTime;
    uint32 internal immutable _acceptTime;
    uint16 internal immutable _feeBps;
    uint128 internal immutable _minJobBond;
    address internal immutable _feeRecipient;
    bool internal immutable _hasDisputes;

    mapping(address token => TokenPolicy) internal _policies;

    constructor(
        IModels models_,
        address results_,
        MarketParams memory p,
        address[] memory tokens,
        TokenPolicy[] memory policies
    ) {
        _checkParams(p);
        models = models_;
        results = results_;
        _hasDisputes = IResults(results_).disputes() != address(0);
        _minBiddingTime = p.minBiddingTime;
        _minRevealTime = p.minRevealTime;
        _minExecutionTimeout = p.minExecutionTimeout;
        _minChallengeWindow = p.minChallengeWindow;
        _maxTime = p.maxTime;
        _acceptTime = p.acceptTime;
        _feeBps = p.feeBps;
        _minJobBond = p.minJobBond;
        _feeRecipient = p.feeRecipient;
        require(tokens.length == policies.length, BadParameter("policies"));
        for (uint256 i = 0; i < tokens.length; i++) {
            require(policies[i].minPrice > 0, BadParameter("minPrice"));
            _policies[tokens[i]] = policies[i];
        }
    }

    function policyOf(address token) external view returns (TokenPolicy memory) {
        return _policies[token];
    }

    function params() external view returns (MarketParams memory) {
        return MarketParams({
            minBiddingTime: _minBiddingTime,
            minRevealTime: _minRevealTime,
            minExecutionTimeout: _minExecutionTimeout,
            minChallengeWindow: _minChallengeWindow,
            maxTime: _maxTime,
            acceptTime: _acceptTime,
            feeBps: _feeBps,
            minJobBond: _minJobBond,
            feeRecipient: _feeRecipient
        });
    }

    function _checkTerms(Rfp calldata rfp, string calldata inputUri) internal view {
        require(bytes(inputUri).length <= MAX_URI, UriTooLong(bytes(inputUri).length, MAX_URI));
        _checkItems(rfp.itemCount, rfp.guarantee == Guarantee.Optimistic ? MAX_ITEMS : MAX_PROVEN_ITEMS);
        _checkTimes(rfp);
        _checkModel(rfp.modelId, rfp.guarantee);
        _checkMoney(rfp);
    }

    function _checkItems(uint256 count, uint256 most) private pure {
        require(count > 0 && count <= most, BadItemCount(count, most));
    }

    function _checkTimes(Rfp calldata rfp) internal view {
        bool auction = rfp.kind == Kind.Auction;
        _checkTime(rfp.biddingTime, auction ? _minBiddingTime : 0, auction ? _maxTime : 0);
        _checkTime(rfp.revealTime, auction ? _minRevealTime : 0, auction ? _maxTime : 0);
        _checkTime(rfp.executionTimeout, _minExecutionTimeout, _maxTime);
        _checkTime(rfp.challengeWindow, _minChallengeWindow, _maxTime);
    }

    function _checkModel(bytes32 modelId, Guarantee guarantee) internal view {
        ModelRecord memory model = models.recordOf(modelId);
        require(model.published, UnknownModel(modelId));
        unchecked {
            // INVARIANT: Guarantee counts as CriticalKind does, with `None` before it; anything may be optimistic.
            uint256 excess = uint256(guarantee) - 1;
            require(excess == 0 || excess == uint256(model.critical), GuaranteeNotOffered(guarantee));
        }
        // INVARIANT: where money is real, a result is proven, or can be disputed: its model and this deployment allow it.
        require(
            Chains.isDevelopment() || guarantee == Guarantee.Proven || (model.disputable && _hasDisputes),
            UndisputableModel(modelId)
        );
    }

    function _checkMoney(Rfp calldata rfp) internal view {
        TokenPolicy memory policy = _policies[rfp.token];
        require(policy.minPrice > 0, TokenNotAllowed(rfp.token));
        require(rfp.maxPrice >= policy.minPrice, PriceTooLow(rfp.maxPrice, policy.minPrice));
        uint256 share = uint256(rfp.maxPrice) * policy.bondRate / Settlement.RATE_UNIT;
        uint256 minimum = share > _minJobBond ? share : _minJobBond;
        require(rfp.jobBond >= minimum, BondTooLow(rfp.jobBond, minimum));
    }

    /// The worth of `amount` in utility tokens. It fits, since no price is worth more than its job's bond.
    function _inUtilityTokens(address token, uint256 amount) internal view returns (uint128) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(amount * _policies[token].bondRate / Settlement.RATE_UNIT);
    }

    function _checkParams(MarketParams memory p) private view {
        require(p.feeBps <= MAX_FEE_BPS, BadParameter("feeBps"));
        require(p.feeBps == 0 || p.feeRecipient != address(0), BadParameter("feeRecipient"));
        require(p.minJobBond > 0, BadParameter("minJobBond"));
        require(p.acceptTime > 0, BadParameter("acceptTime"));
        // Without time to reveal, every bidder of a job would lose its bond.
        require(p.minBiddingTime > 0 && p.minBiddingTime <= p.maxTime, BadParameter("minBiddingTime"));
        require(p.minRevealTime > 0 && p.minRevealTime <= p.maxTime, BadParameter("minRevealTime"));
        require(p.minExecutionTimeout > 0 && p.minExecutionTimeout <= p.maxTime, BadParameter("minExecutionTimeout"));
        require(p.minChallengeWindow > 0 && p.minChallengeWindow <= p.maxTime, BadParameter("minChallengeWindow"));
        // Once it has lapsed a wrong result is paid.
        require(Chains.mayConvictAfter(p.minChallengeWindow), BadParameter("minChallengeWindow"));
    }

    function _checkTime(uint256 time, uint256 minimum, uint256 maximum) private pure {
        require(time >= minimum && time <= maximum, BadTime(time, minimum, maximum));
    }
}
