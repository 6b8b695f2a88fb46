// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Market } from "../../src/Market.sol";
import { Registry } from "../../src/Registry.sol";
import { Results } from "../../src/Results.sol";
import { IMarket, MarketParams, TokenPolicy } from "../../src/interfaces/IMarket.sol";
import { IResults } from "../../src/interfaces/IResults.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";

contract DeployTest is MarketFixture {
    address[] internal tokens;
    TokenPolicy[] internal policies;

    function setUp() public override {
        super.setUp();
        tokens.push(address(cash));
        policies.push(TokenPolicy(ONE, ONE));
    }

    function _registry(uint256 ahead, uint32 unbondingTime) internal returns (Registry) {
        address marketAt = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + ahead);
        return new Registry(marketAt, unbondingTime);
    }

    function _create(Registry registry_, MarketParams memory p) internal returns (Market) {
        return new Market(address(utility), registry_, models, address(results), p, tokens, policies);
    }

    function _refused(string memory name, MarketParams memory p) internal {
        Registry registry_ = _registry(1, UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadParameter.selector, name));
        _create(registry_, p);
    }

    function test_TellsItsConstants() public view {
        vm.assertEq(abi.encode(market.params()), abi.encode(_params()), "params");
        vm.assertEq(market.utilityToken(), address(utility), "utility token");
        vm.assertEq(address(market.registry()), address(registry), "registry");
        vm.assertEq(address(market.models()), address(models), "models");
        vm.assertEq(market.results(), address(results), "results");
        vm.assertEq(market.disputes(), disputes, "disputes, as results names it");
        vm.assertEq(market.disputeBonds(), 0, "bonds of disputes");
        vm.assertEq(market.policyOf(address(cash)).bondRate, ONE / 2, "policy");
        vm.assertEq(market.policyOf(address(1)).minPrice, 0, "no policy");
        vm.assertEq(address(results.market()), address(market), "market");
        vm.assertEq(results.disputes(), disputes, "disputes");
        vm.assertEq(results.claimRevealTime(), CLAIM_REVEAL, "claim reveal time");
        vm.assertEq(registry.unbondingTime(), UNBONDING, "unbonding time");
    }

    function test_FitsAChain() public view {
        vm.assertLe(address(market).code.length, 23_000, "runtime size, with room under 24,576");
    }

    function test_RefusesABadFee() public {
        MarketParams memory p = _params();
        p.feeBps = 501;
        _refused("feeBps", p);
        (p.feeBps, p.feeRecipient) = (500, address(0));
        _refused("feeRecipient", p);
        p.feeBps = 0;
        _create(_registry(1, UNBONDING), p);
    }

    function test_RefusesZeros() public {
        MarketParams memory p = _params();
        p.minJobBond = 0;
        _refused("minJobBond", p);
        p = _params();
        p.acceptTime = 0;
        _refused("acceptTime", p);
    }

    function test_RefusesTimesOutOfBounds() public {
        MarketParams memory p = _params();
        for (uint256 i = 0; i < 2; i++) {
            uint32 bad = i == 0 ? 0 : p.maxTime + 1;
            p = _params();
            p.minBiddingTime = bad;
            _refused("minBiddingTime", p);
            p = _params();
            p.minRevealTime = bad;
            _refused("minRevealTime", p);
            p = _params();
            p.minExecutionTimeout = bad;
            _refused("minExecutionTimeout", p);
            p = _params();
            p.minChallengeWindow = bad;
            _refused("minChallengeWindow", p);
        }
        p = _params();
        (p.minBiddingTime, p.minRevealTime) = (p.maxTime, p.maxTime);
        (p.minExecutionTimeout, p.minChallengeWindow) = (p.maxTime, p.maxTime);
        _create(_registry(1, UNBONDING), p);
    }

    /// Where money is real, what may cost somebody its money must outlast an outage.
    function test_RefusesShortWindowsOnPublicChains() public {
        MarketParams memory p = _params();
        p.minChallengeWindow = 36 hours - 1;
        uint256[3] memory chains = [uint256(1), 10, 31_338];
        for (uint256 i = 0; i < chains.length; i++) {
            vm.chainId(chains[i]);
            _refused("minChallengeWindow", p);
        }
        p.minChallengeWindow = 36 hours;
        _create(_registry(1, UNBONDING), p);
        vm.chainId(1337);
        p.minChallengeWindow = 1;
        _create(_registry(1, UNBONDING), p);
    }

    function test_RefusesShortRevealTimesOnPublicChains() public {
        vm.chainId(10);
        vm.expectRevert(abi.encodeWithSelector(IResults.RevealTimeTooShort.selector, 599, 600));
        new Results(market, disputes, proofs, 599);
        vm.assertEq(new Results(market, disputes, proofs, 600).claimRevealTime(), 600, "ten minutes");
        vm.chainId(31_337);
        vm.assertEq(new Results(market, disputes, proofs, 0).claimRevealTime(), 0, "nothing");
    }

    function test_RefusesUnbondingWithinAWindow() public {
        Registry registry_ = _registry(1, 7 days);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadParameter.selector, "unbondingTime"));
        _create(registry_, _params());
        _create(_registry(1, 7 days + 1), _params());
    }

    function test_RefusesTheRegistryOfAnotherMarket() public {
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadParameter.selector, "registry"));
        _create(registry, _params());
    }

    function test_RefusesBadPolicies() public {
        policies.push(TokenPolicy(ONE, ONE));
        _refused("policies", _params());
        tokens.push(address(utility));
        policies[1].minPrice = 0;
        _refused("minPrice", _params());
        delete tokens;
        delete policies;
        _create(_registry(1, UNBONDING), _params());
    }
}
