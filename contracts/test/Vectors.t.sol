// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "../src/interfaces/IMarket.sol";

import { Auction } from "../src/libraries/Auction.sol";
import { BondSplit, EscrowSplit, Settlement } from "../src/libraries/Settlement.sol";
import { Bid, BidStatus, sealBid } from "../src/types/Bid.sol";
import { JobId, Quote, Rfp } from "../src/types/Job.sol";
import { ModelSpec } from "../src/types/Model.sol";
import { Reputation, Strikes } from "../src/types/Worker.sol";
import { MarketFixture } from "./utils/MarketFixture.sol";

/// What the Python package wrote about ids, seals, quotes, auctions and money holds here too.
contract VectorsTest is MarketFixture {
    string internal json;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("tests/vectors/protocol.json");
    }

    function _uints(string memory key) internal view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, key);
    }

    function _words(string memory key) internal view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, key);
    }

    function _addresses(string memory key) internal view returns (address[] memory) {
        return vm.parseJsonAddressArray(json, key);
    }

    /// The market's code on another chain, at another address.
    function _marketAt(address where, uint256 chain) internal returns (IMarket) {
        vm.chainId(chain);
        vm.etch(where, address(market).code);
        return IMarket(where);
    }

    function test_Jobs() public {
        uint256[] memory chains = _uints(".jobs.chainId");
        address[] memory markets = _addresses(".jobs.market");
        bytes[] memory rfps = vm.parseJsonBytesArray(json, ".jobs.rfp");
        bytes32[] memory ids = _words(".jobs.id");
        vm.assertGe(ids.length, 8, "cases");
        for (uint256 i = 0; i < ids.length; i++) {
            JobId id = _marketAt(markets[i], chains[i]).jobIdOf(abi.decode(rfps[i], (Rfp)));
            vm.assertEq(JobId.unwrap(id), ids[i], "job id");
        }
    }

    function test_Models() public view {
        bytes[] memory specs = vm.parseJsonBytesArray(json, ".models.spec");
        bytes32[] memory ids = _words(".models.id");
        vm.assertGe(ids.length, 4, "cases");
        for (uint256 i = 0; i < ids.length; i++) {
            vm.assertEq(models.modelIdOf(abi.decode(specs[i], (ModelSpec))), ids[i], "model id");
        }
    }

    function test_Seals() public {
        uint256[] memory chains = _uints(".seals.chainId");
        address[] memory markets = _addresses(".seals.market");
        bytes32[] memory jobs = _words(".seals.job");
        address[] memory workers = _addresses(".seals.worker");
        uint256[] memory prices = _uints(".seals.price");
        bytes32[] memory salts = _words(".seals.salt");
        bytes32[] memory seals = _words(".seals.seal");
        uint256[] memory ties = _uints(".seals.tie");
        vm.assertGe(seals.length, 8, "cases");
        for (uint256 i = 0; i < seals.length; i++) {
            IMarket there = _marketAt(markets[i], chains[i]);
            bytes32 seal = there.sealOf(JobId.wrap(jobs[i]), workers[i], uint128(prices[i]), salts[i]);
            vm.assertEq(seal, seals[i], "seal");
            vm.assertEq(sealBid(seal).reveal(0, 0).unpack().tie, ties[i], "tie");
        }
    }

    function test_Quotes() public {
        uint256[] memory chains = _uints(".quotes.chainId");
        address[] memory markets = _addresses(".quotes.market");
        bytes32[] memory jobs = _words(".quotes.job");
        address[] memory workers = _addresses(".quotes.worker");
        uint256[] memory prices = _uints(".quotes.price");
        uint256[] memory expiries = _uints(".quotes.expiry");
        bytes32[] memory digests = _words(".quotes.digest");
        vm.assertGe(digests.length, 8, "cases");
        for (uint256 i = 0; i < digests.length; i++) {
            IMarket there = _marketAt(markets[i], chains[i]);
            Quote memory quote = Quote(JobId.wrap(jobs[i]), workers[i], uint128(prices[i]), uint40(expiries[i]));
            vm.assertEq(there.quoteDigest(quote), digests[i], "digest");
        }
    }

    function test_Weights() public view {
        uint256[] memory finals = _uints(".weights.finalJobs");
        uint256[] memory voids = _uints(".weights.voidJobs");
        uint256[] memory slashes = _uints(".weights.slashedJobs");
        uint256[] memory misses = _uints(".weights.missedJobs");
        uint256[] memory weights = _uints(".weights.weight");
        vm.assertGe(weights.length, 16, "cases");
        for (uint256 i = 0; i < weights.length; i++) {
            Reputation memory record =
                Reputation(uint32(finals[i]), uint32(voids[i]), uint32(slashes[i]), uint32(misses[i]), 0);
            vm.assertEq(Auction.weightOf(record), weights[i], "weight");
        }
    }

    function test_Payments() public view {
        uint256[] memory maxima = _uints(".payments.maxPrice");
        uint256[] memory weights = _uints(".payments.weight");
        uint256[] memory scores = _uints(".payments.nextScore");
        uint256[] memory payments = _uints(".payments.payment");
        vm.assertGe(payments.length, 16, "cases");
        for (uint256 i = 0; i < payments.length; i++) {
            uint256 paid = Auction.payment(uint128(maxima[i]), uint16(weights[i]), scores[i]);
            vm.assertEq(paid, payments[i], "payment");
        }
    }

    function test_Rankings() public view {
        uint256 cases;
        for (string memory path = _ranking(0); vm.keyExistsJson(json, path); path = _ranking(cases)) {
            _checkRanking(path);
            cases += 1;
        }
        vm.assertGe(cases, 7, "cases");
    }

    function _ranking(uint256 i) internal pure returns (string memory) {
        return string.concat(".rankings[", vm.toString(i), "]");
    }

    function _checkRanking(string memory path) internal view {
        uint128 maxPrice = uint128(vm.parseJsonUint(json, string.concat(path, ".maxPrice")));
        address[] memory order = _addresses(string.concat(path, ".order"));
        uint256[] memory payments = _uints(string.concat(path, ".payment"));
        Bid[] memory bids = _bidsInOrder(path, order);
        for (uint256 i = 0; i < order.length; i++) {
            bool last = i + 1 == order.length;
            if (!last) vm.assertTrue(Auction.precedes(bids[i], order[i], bids[i + 1], order[i + 1]), "order");
            uint256 paid = last ? maxPrice : Auction.payment(maxPrice, bids[i].weight, Auction.scoreOf(bids[i + 1]));
            vm.assertEq(paid, payments[i], "payment");
        }
    }

    function _bidsInOrder(string memory path, address[] memory order) internal view returns (Bid[] memory bids) {
        address[] memory workers = _addresses(string.concat(path, ".worker"));
        uint256[] memory weights = _uints(string.concat(path, ".weight"));
        uint256[] memory ties = _uints(string.concat(path, ".tie"));
        uint256[] memory prices = _uints(string.concat(path, ".price"));
        bids = new Bid[](order.length);
        for (uint256 i = 0; i < order.length; i++) {
            uint256 j = 0;
            while (workers[j] != order[i]) j++;
            bids[i] = Bid(BidStatus.Revealed, uint16(weights[j]), uint104(ties[j]), uint128(prices[j]));
        }
    }

    function test_Settlements() public view {
        uint256[] memory escrows = _uints(".stands.escrow");
        uint256[] memory prices = _uints(".stands.price");
        uint256[] memory items = _uints(".stands.itemCount");
        uint256[] memory voids = _uints(".stands.voidItems");
        uint256[] memory fees = _uints(".stands.feeBps");
        uint256[] memory shared = _uints(".stands.shared");
        uint256[] memory toWorker = _uints(".stands.toWorker");
        uint256[] memory toRequester = _uints(".stands.toRequester");
        uint256[] memory fee = _uints(".stands.fee");
        vm.assertGe(fee.length, 16, "cases");
        for (uint256 i = 0; i < fee.length; i++) {
            EscrowSplit memory split =
                Settlement.stands(uint128(escrows[i]), uint128(prices[i]), items[i], voids[i], fees[i]);
            Settlement.share(split, uint128(prices[i]), shared[i]);
            vm.assertEq(split.toWorker, toWorker[i], "to worker");
            vm.assertEq(split.toRequester, toRequester[i], "to requester");
            vm.assertEq(split.fee, fee[i], "fee");
        }
    }

    function test_Bonds() public view {
        uint256[] memory bonds = _uints(".bonds.bond");
        uint256[] memory slashedReward = _uints(".bonds.slashedReward");
        uint256[] memory slashedBurned = _uints(".bonds.slashedBurned");
        uint256[] memory missedReward = _uints(".bonds.missedReward");
        uint256[] memory missedBurned = _uints(".bonds.missedBurned");
        vm.assertGe(bonds.length, 12, "cases");
        for (uint256 i = 0; i < bonds.length; i++) {
            BondSplit memory slashed = Settlement.slashed(uint128(bonds[i]));
            BondSplit memory missed = Settlement.missed(uint128(bonds[i]));
            vm.assertEq(slashed.reward, slashedReward[i], "slashed reward");
            vm.assertEq(slashed.burned, slashedBurned[i], "slashed burn");
            vm.assertEq(missed.reward, missedReward[i], "missed reward");
            vm.assertEq(missed.burned, missedBurned[i], "missed burn");
        }
    }

    function test_Costs() public view {
        uint256[] memory bonds = _uints(".costs.bond");
        uint256[] memory before = _uints(".costs.costs");
        uint256[] memory costs = _uints(".costs.cost");
        uint256[] memory rates = _uints(".costs.bondRate");
        uint256[] memory charged = _uints(".costs.charged");
        uint256[] memory shared = _uints(".costs.shared");
        vm.assertGe(bonds.length, 16, "cases");
        for (uint256 i = 0; i < bonds.length; i++) {
            uint128 found = Settlement.charge(uint128(bonds[i]), uint128(before[i]), uint128(costs[i]));
            vm.assertEq(found, charged[i], "charged");
            uint256 half = Settlement.sharedCosts(uint128(before[i] + charged[i]), uint128(rates[i]));
            vm.assertEq(half, shared[i], "shared");
        }
    }

    function test_Strikes() public view {
        uint256[] memory finals = _uints(".strikes.finalJobs");
        uint256[] memory voids = _uints(".strikes.voidJobs");
        uint256[] memory slashes = _uints(".strikes.slashedJobs");
        uint256[] memory previous = _uints(".strikes.previous");
        uint256[] memory last = _uints(".strikes.last");
        uint256[] memory nextPrevious = _uints(".strikes.nextPrevious");
        uint256[] memory nextLast = _uints(".strikes.nextLast");
        uint256[] memory thirds = _uints(".strikes.isThird");
        vm.assertGe(thirds.length, 16, "cases");
        for (uint256 i = 0; i < thirds.length; i++) {
            (Strikes memory next, bool isThird) = Strikes(uint64(previous[i]), uint64(last[i]))
                .strike(Reputation(uint32(finals[i]), uint32(voids[i]), uint32(slashes[i]), 0, 0));
            vm.assertEq(next.previous, nextPrevious[i], "previous");
            vm.assertEq(next.last, nextLast[i], "last");
            vm.assertEq(isThird ? 1 : 0, thirds[i], "third");
        }
    }
}
