// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Submission } from "../../src/interfaces/IProofs.sol";
import { Outcome, Result } from "../../src/interfaces/IResults.sol";
import { BidStatus } from "../../src/types/Bid.sol";
import { Guarantee, Job, JobState, Kind, Quote, Rfp } from "../../src/types/Job.sol";
import { Setting, World } from "./World.sol";

/// Every act of the market, by several requesters and workers, in any order. Time passes with `wait`, and where an act
/// waits for its time. An act that isn't legal reverts as a whole.
contract MarketHandler is World {
    constructor(Setting memory setting) World(setting) { }

    function wait(uint256 time) external timely {
        _warpTo(block.timestamp + bound(time, 1, 90));
    }

    // Money

    function stake(uint256 who, uint256 amount) external timely {
        address worker = _worker(who);
        uint128 added = uint128(bound(amount, 1, 500e18));
        vm.prank(worker);
        market.stake(added);
        if (worker == diligent()) diligentStake += added;
    }

    function unbond(uint256 who, uint256 amount) external timely {
        address worker = _worker(who);
        uint256 free = registry.freeStakeOf(worker);
        vm.prank(worker);
        registry.unbond(uint128(bound(amount, 1, free / 4 + 1)));
    }

    function withdrawStake(uint256 who, bool waits) external timely {
        address worker = _worker(who);
        // Seldom, since it makes everybody late.
        if (waits && who % 8 == 0) _warpTo(registry.unbondingOf(worker).readyAt);
        vm.prank(worker);
        uint256 amount = market.withdrawStake();
        if (worker == diligent()) diligentStake -= amount;
    }

    function withdraw(uint256 who, bool inCash) external timely {
        address token = inCash ? address(cash) : address(utility);
        for (uint256 n = 0; n < people.length; n++) {
            address person = people[(who % people.length + n) % people.length];
            if (market.creditOf(person, token) == 0) continue;
            vm.prank(person);
            market.withdraw(token);
            return;
        }
    }

    // The life of a job

    function _terms(uint256 seed, uint256 price, uint256 bond) internal view returns (Rfp memory rfp) {
        rfp.requester = _requester(seed);
        rfp.nonce = uint64(jobs.length);
        rfp.modelId = seed % 4 == 0 ? voidOnlyId : modelId;
        rfp.itemCount = uint32(1 + seed % 5);
        rfp.token = seed % 3 == 0 ? address(utility) : address(cash);
        rfp.maxPrice = uint128(bound(price, 1e18, 50e18));
        rfp.jobBond = uint128(bound(bond, rfp.maxPrice / 2, rfp.maxPrice));
        if (rfp.jobBond < 1e18) rfp.jobBond = 1e18;
        rfp.executionTimeout = uint32(20 + seed % 100);
        rfp.challengeWindow = uint32(60 + seed % 100);
        rfp.guarantee = Guarantee.Optimistic;
        if (seed % 5 == 1) (rfp.guarantee, rfp.modelId) = (Guarantee.Hybrid, proven.headId());
        if (seed % 5 == 2) (rfp.guarantee, rfp.modelId) = (Guarantee.Proven, proven.wholeId());
        if (seed % 5 == 2) rfp.inputRoot = proven.inputRoot(rfp.itemCount);
    }

    function post(uint256 seed, uint256 price, uint256 bond) external timely {
        Rfp memory rfp = _terms(seed, price, bond);
        (rfp.kind, rfp.biddingTime, rfp.revealTime) = (Kind.Auction, uint32(10 + seed % 50), uint32(10 + seed % 40));
        vm.prank(rfp.requester);
        market.post(rfp, "");
        jobs.push(rfp);
        _note(jobs.length - 1);
    }

    function cancel(uint256 seed) external timely {
        uint256 i = _pick(seed, _isPosted);
        // Not before bidders had their time, unless by chance.
        if (seed % 4 > 0) _warpTo(uint256(_job(i).time) + jobs[i].biddingTime);
        vm.prank(jobs[i].requester);
        market.cancel(jobs[i]);
        _note(i);
    }

    /// One to four bids at once, by workers in turn.
    function bid(uint256 seed, uint256 who, uint256 price) external timely {
        uint256 i = _pick(seed, _isOpen);
        for (uint256 n = 0; n <= seed % 4; n++) {
            _bid(i, who % workers.length + n, uint256(keccak256(abi.encode(price, n))));
        }
    }

    /// Some seals are copied, and some prices too high to be revealed; never the diligent worker's.
    function _bid(uint256 i, uint256 who, uint256 price) internal {
        address worker = _worker(who);
        bool careless = worker != diligent() && price % 8 == 0;
        uint128 offered = uint128(bound(price, 0, careless ? 2 * jobs[i].maxPrice : jobs[i].maxPrice));
        address sealedFor = careless && price % 16 == 0 ? diligent() : worker;
        bytes32 seal = market.sealOf(_id(i), sealedFor, offered, SALT);
        vm.prank(worker);
        try market.bid(jobs[i], seal) {
            bidders[i].push(worker);
            prices[i][worker] = offered;
            _note(i);
        } catch { }
    }

    /// One to four reveals at once.
    function reveal(uint256 seed, uint256 who) external timely {
        uint256 i = _pick(seed, _hasSealed);
        _warpTo(uint256(_job(i).time) + jobs[i].biddingTime);
        for (uint256 n = 0; n <= who % 4; n++) {
            address worker = _bidderIn(i, who / 4, BidStatus.Sealed);
            vm.prank(worker);
            try market.reveal(jobs[i], prices[i][worker], SALT) {
                _note(i);
            } catch { }
        }
    }

    function forfeit(uint256 seed, uint256 who) external timely {
        uint256 i = _pick(seed, _hasForfeits);
        address worker = _bidderIn(i, who, BidStatus.Sealed);
        market.forfeit(jobs[i], worker);
        burned += jobs[i].jobBond;
        _broken(worker == diligent(), "a diligent worker's bid was forfeited");
        _broken(known[i] != _job(i).state, "a forfeit moved the job");
    }

    function award(uint256 seed, bool early) external timely {
        uint256 i = _pick(seed, _hasRevealed);
        if (!early || seed % 4 > 0) _warpTo(uint256(_job(i).time) + jobs[i].biddingTime + jobs[i].revealTime);
        address[] memory ranking = _ranking(i);
        uint256 due = _secondPrice(i, ranking, 0);
        market.award(jobs[i], ranking);
        _checkAward(i, due);
        _note(i);
    }

    function awardQuote(uint256 seed, uint256 price, uint256 bond, uint256 who) external timely {
        Rfp memory rfp = _terms(seed, price, bond);
        rfp.kind = Kind.Quote;
        address worker = _worker(who);
        Quote memory quote = Quote(market.jobIdOf(rfp), worker, rfp.maxPrice, uint40(block.timestamp + 1));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[worker], market.quoteDigest(quote));
        vm.prank(rfp.requester);
        market.awardQuote(rfp, quote, abi.encodePacked(r, s, v), "");
        jobs.push(rfp);
        _checkAward(jobs.length - 1, rfp.maxPrice);
        _note(jobs.length - 1);
    }

    function reassign(uint256 seed, uint256 rank) external timely {
        uint256 i = _pick(seed, _hasRunnersUp);
        address[] memory ranking = _ranking(i);
        rank = rank % ranking.length;
        address missed = _job(i).worker;
        // The diligent worker commits before its deadline passes, and the rest reverts.
        _warpTo(uint256(_job(i).time) + rank * market.params().acceptTime);
        uint256 due = _secondPrice(i, ranking, rank);
        vm.prank(ranking[rank]);
        market.reassign(jobs[i], ranking);
        _broken(missed == diligent(), "a diligent worker missed");
        _lost(i);
        _checkAward(i, due);
        _note(i);
    }

    function commit(uint256 seed) external timely {
        uint256 i = _pick(seed, _isAwarded);
        _commit(i, keccak256(abi.encode(seed)));
        _note(i);
    }

    /// A proof is missing, or the job asks for none: it reverts, and nothing is noted.
    function commitUnproven(uint256 seed) external timely {
        uint256 i = _pick(seed, _isAwarded);
        Submission memory submission = proven.submission(jobs[i], false);
        vm.prank(_job(i).worker);
        results.commitProven(jobs[i], submission);
        _broken(true, "a result was committed without its proofs");
    }

    function openClaim(uint256 seed) external timely {
        uint256 i = _pick(seed, _isCommitted);
        vm.prank(disputes);
        results.openClaim(jobs[i]);
        _note(i);
    }

    /// Nobody convicts the diligent worker of fraud; items of its may be void where that can happen to an honest worker.
    function closeClaim(uint256 seed, uint256 outcome, uint256 item, uint256 who, uint256 cost) external timely {
        uint256 i = _pick(seed, _hasClaims);
        Outcome found = Outcome(1 + outcome % 3);
        if (_job(i).worker == diligent() && found != Outcome.Rejected) {
            found = jobs[i].modelId == voidOnlyId ? Outcome.Void : Outcome.Rejected;
        }
        item = item % jobs[i].itemCount;
        // Some costs are far below what the bond may pay, some beyond it.
        uint128 asked = uint128(bound(cost, 0, jobs[i].jobBond / (1 + cost % 9)));
        address challenger = _worker(who);
        uint256 credit = market.creditOf(challenger, address(utility));
        vm.prank(disputes);
        uint128 charged = results.closeClaim(jobs[i], found, uint32(item), challenger, asked);
        _checkClosed(i, found, item, challenger, asked, charged);
        _broken(market.creditOf(challenger, address(utility)) != credit + charged, "a challenger isn't paid its cost");
        _note(i);
    }

    function _checkClosed(uint256 i, Outcome found, uint256 item, address challenger, uint128 asked, uint128 charged)
        internal
    {
        bool voids = found == Outcome.Void && !voided[i][item];
        uint128 left = uint128(uint256(jobs[i].jobBond) * 3 / 8) - costs[i];
        _broken(charged != (!voids ? 0 : asked < left ? asked : left), "a void is charged another amount");
        if (voids) voided[i][item] = true;
        costs[i] += charged;
        _broken(costs[i] > uint256(jobs[i].jobBond) * 3 / 8, "voids take more than three eighths of a bond");
        if (found == Outcome.Slash || (voids && challengers[i] == address(0))) challengers[i] = challenger;
    }

    // Bonds of disputes

    function lockDisputeBond(uint256 who, uint256 amount) external timely {
        uint128 locked = uint128(bound(amount, 0, 20e18));
        vm.prank(disputes);
        market.lockDisputeBond(people[who % people.length], locked);
        disputeBonds += locked;
    }

    /// Seldom more than there is, which is refused.
    function payDisputeBond(uint256 who, uint256 amount) external timely {
        uint128 paid = uint128(bound(amount, 0, disputeBonds + (who % 8 == 0 ? 1 : 0)));
        vm.prank(disputes);
        market.payDisputeBond(people[who % people.length], paid);
        _broken(paid > disputeBonds, "disputes paid what they don't hold");
        disputeBonds -= paid;
    }

    function burnDisputeBond(uint256 who, uint256 amount) external timely {
        uint128 lost = uint128(bound(amount, 0, disputeBonds + (who % 8 == 0 ? 1 : 0)));
        vm.prank(disputes);
        market.burnDisputeBond(lost);
        _broken(lost > disputeBonds, "disputes burned what they don't hold");
        disputeBonds -= lost;
        burned += lost;
    }

    function finalize(uint256 seed) external timely {
        _finalize(_pick(seed, _isUnclaimed));
    }

    function _finalize(uint256 i) internal {
        _warpTo(results.finalAt(jobs[i]));
        Result memory result = results.resultOf(_id(i));
        address worker = _job(i).worker;
        bool struck = !result.slashed && result.voidItems > 0 && jobs[i].modelId != voidOnlyId;
        bool slashed = _settled(worker, struck) || result.slashed;
        uint256 credit = market.creditOf(challengers[i], address(utility));
        results.finalize(jobs[i]);
        if (slashed) {
            _lost(i);
            uint256 reward = (jobs[i].jobBond - costs[i]) / 5;
            credit = market.creditOf(challengers[i], address(utility)) - credit;
            _broken(credit != reward, "a challenger isn't rewarded");
        }
        _broken(slashed != (_job(i).state == JobState.Slashed), "the verdict isn't the state");
        _note(i);
    }

    function expire(uint256 seed, bool awarded, bool waits) external timely {
        uint256 i = awarded ? _pick(seed, _isAwarded) : _pick(seed, _isPosted);
        if (waits) _warpTo(_expiry(i));
        _expire(i);
    }

    function releaseBid(uint256 seed, uint256 who) external timely {
        uint256 i = _pick(seed, _hasUnreleased);
        market.releaseBid(jobs[i], _bidderIn(i, who, BidStatus.Revealed));
        _broken(_job(i).state != JobState.Expired, "a release moved the job");
    }

    function _expire(uint256 i) internal {
        bool missed = _job(i).state == JobState.Awarded;
        _broken(missed && _job(i).worker == diligent(), "a diligent worker missed");
        market.expire(jobs[i]);
        if (missed) _lost(i);
        _note(i);
    }

    /// When a job may expire at the latest.
    function _expiry(uint256 i) internal view returns (uint256) {
        Job memory job = _job(i);
        uint256 turns = uint256(job.revealedCount) * market.params().acceptTime;
        if (job.state == JobState.Awarded) return job.time + turns;
        return uint256(job.time) + jobs[i].biddingTime + jobs[i].revealTime + jobs[i].executionTimeout;
    }

    // The end

    /// Ends every job, and pays everything out.
    function drain() external timely {
        for (uint256 i = 0; i < jobs.length; i++) {
            _endJob(i);
        }
        for (uint256 i = 0; i < jobs.length; i++) {
            _endBids(i);
        }
        vm.prank(disputes);
        market.payDisputeBond(people[0], uint128(disputeBonds));
        disputeBonds = 0;
        for (uint256 i = 0; i < workers.length; i++) {
            uint256 free = registry.freeStakeOf(workers[i]);
            vm.prank(workers[i]);
            if (free > 0) registry.unbond(uint128(free));
        }
        _warpTo(block.timestamp + registry.unbondingTime());
        for (uint256 i = 0; i < people.length; i++) {
            _payOut(people[i]);
        }
    }

    function _endJob(uint256 i) internal {
        if (known[i] == JobState.Posted || known[i] == JobState.Awarded) {
            _warpTo(_expiry(i));
            // The diligent worker may have committed in the meantime.
            if (known[i] == JobState.Posted || known[i] == JobState.Awarded) _expire(i);
        }
        if (known[i] != JobState.Committed) return;
        for (uint256 open = results.resultOf(_id(i)).openClaims; open > 0; open--) {
            vm.prank(disputes);
            results.closeClaim(jobs[i], Outcome.Rejected, 0, address(0), 0);
        }
        _finalize(i);
    }

    function _endBids(uint256 i) internal {
        for (uint256 n = 0; n < bidders[i].length; n++) {
            address worker = bidders[i][n];
            BidStatus status = _statusOf(i, worker);
            if (status == BidStatus.Sealed) {
                market.forfeit(jobs[i], worker);
                burned += jobs[i].jobBond;
            }
            bool unawarded = known[i] == JobState.Expired && _job(i).attempt == 0;
            if (status == BidStatus.Revealed && unawarded) market.releaseBid(jobs[i], worker);
        }
    }

    function _payOut(address person) internal {
        vm.startPrank(person);
        if (registry.unbondingOf(person).amount > 0) {
            uint256 amount = market.withdrawStake();
            if (person == diligent()) diligentStake -= amount;
        }
        if (market.creditOf(person, address(cash)) > 0) market.withdraw(address(cash));
        if (market.creditOf(person, address(utility)) > 0) market.withdraw(address(utility));
        vm.stopPrank();
    }
}
