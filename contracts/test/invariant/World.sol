// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Market } from "../../src/Market.sol";
import { Registry } from "../../src/Registry.sol";
import { Results } from "../../src/Results.sol";
import { UtilityToken } from "../../src/UtilityToken.sol";
import { Submission } from "../../src/interfaces/IProofs.sol";
import { Auction } from "../../src/libraries/Auction.sol";
import { Bid, BidStatus } from "../../src/types/Bid.sol";
import { Guarantee, Job, JobId, JobState, Kind, Rfp } from "../../src/types/Job.sol";
import { MockToken } from "../utils/MockToken.sol";
import { Test } from "../utils/Test.sol";
import { ProvenModels } from "./Proofs.sol";

/// What is deployed, and who takes part.
struct Setting {
    Market market;
    Registry registry;
    Results results;
    UtilityToken utility;
    MockToken cash;
    address disputes;
    address feeRecipient;
    bytes32 modelId;
    bytes32 voidOnlyId;
    ProvenModels proven;
}

/// What the invariants need to know of a market's past, and time in which one worker never misses a deadline: it
/// reveals and commits in the last second before each.
abstract contract World is Test {
    bytes32 internal constant SALT = keccak256("salt");

    Market public market;
    Registry public registry;
    Results public results;
    UtilityToken public utility;
    MockToken public cash;
    address internal disputes;
    bytes32 internal modelId;
    bytes32 internal voidOnlyId;
    ProvenModels internal proven;

    address[] public people;
    address[] internal requesters;
    address[] internal workers;
    mapping(address worker => uint256) internal keys;

    Rfp[] internal jobs;
    mapping(uint256 job => JobState) internal known;
    mapping(uint256 job => address[]) internal bidders;
    mapping(uint256 job => mapping(address worker => uint128)) internal prices;

    /// What voids charged to a job's bond so far.
    mapping(uint256 job => uint128) public costs;
    mapping(uint256 job => mapping(uint256 item => bool)) internal voided;
    /// Who voided a job's first item, or who convicted its worker since.
    mapping(uint256 job => address) internal challengers;
    /// For each of a worker's settled jobs in order, whether it struck.
    mapping(address worker => bool[]) internal settled;
    /// What disputes hold.
    uint256 public disputeBonds;

    /// Utility tokens that the rules burned so far.
    uint256 public burned;
    /// Stake that the diligent worker put in, less what it took out.
    uint256 public diligentStake;
    /// The first rule that an act broke.
    string public fault;
    /// The time; a cheat code's warp outlives an act that reverts.
    uint256 private clock;

    modifier timely() {
        vm.warp(clock);
        _;
        clock = block.timestamp;
    }

    constructor(Setting memory s) {
        (market, registry, results, utility, cash) = (s.market, s.registry, s.results, s.utility, s.cash);
        (disputes, modelId, voidOnlyId, proven) = (s.disputes, s.modelId, s.voidOnlyId, s.proven);
        clock = block.timestamp;
        people.push(s.feeRecipient);
        for (uint256 i = 0; i < 7; i++) {
            (address person, uint256 key) = account(string.concat("person ", vm.toString(i)));
            people.push(person);
            keys[person] = key;
            if (i < 3) requesters.push(person);
            else workers.push(person);
            vm.startPrank(person);
            cash.approve(address(market), type(uint256).max);
            utility.approve(address(market), type(uint256).max);
            vm.stopPrank();
        }
    }

    // Reads

    function diligent() public view returns (address) {
        return workers[0];
    }

    function jobCount() external view returns (uint256) {
        return jobs.length;
    }

    function jobAt(uint256 i) external view returns (Rfp memory) {
        return jobs[i];
    }

    function knownState(uint256 i) external view returns (JobState) {
        return known[i];
    }

    function biddersOf(uint256 i) external view returns (address[] memory) {
        return bidders[i];
    }

    function peopleCount() external view returns (uint256) {
        return people.length;
    }

    function _id(uint256 i) internal view returns (JobId) {
        return JobId.wrap(keccak256(abi.encode(block.chainid, address(market), jobs[i])));
    }

    function _job(uint256 i) internal view returns (Job memory) {
        return market.jobOf(_id(i));
    }

    function _statusOf(uint256 i, address worker) internal view returns (BidStatus) {
        return market.bidOf(_id(i), worker).status;
    }

    /// A job for which the act is likely legal, the first from the seed on; in one of sixteen acts any job at all. Ends the
    /// act where there is none.
    function _pick(uint256 seed, function(uint256) internal view returns (bool) isFit) internal view returns (uint256) {
        uint256 start = seed / 16;
        for (uint256 n = 0; n < jobs.length; n++) {
            uint256 i = (start % jobs.length + n) % jobs.length;
            if (seed % 16 == 0 || isFit(i)) return i;
        }
        revert("no such job");
    }

    function _isOpen(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Posted && block.timestamp < uint256(_job(i).time) + jobs[i].biddingTime;
    }

    function _isPosted(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Posted;
    }

    function _hasSealed(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Posted && _job(i).sealedCount > _job(i).revealedCount;
    }

    function _hasRevealed(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Posted && _job(i).revealedCount > 0;
    }

    function _isAwarded(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Awarded;
    }

    function _hasRunnersUp(uint256 i) internal view returns (bool) {
        Job memory job = _job(i);
        return job.state == JobState.Awarded && job.revealedCount > job.spentCount && job.worker != diligent();
    }

    function _isCommitted(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Committed;
    }

    function _hasClaims(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Committed && results.resultOf(_id(i)).openClaims > 0;
    }

    function _isUnclaimed(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Committed && results.resultOf(_id(i)).openClaims == 0;
    }

    function _hasUnreleased(uint256 i) internal view returns (bool) {
        return known[i] == JobState.Expired && _ranking(i).length > 0;
    }

    function _hasForfeits(uint256 i) internal view returns (bool) {
        return known[i] != JobState.Posted && _bidderIn(i, 0, BidStatus.Sealed) != address(0);
    }

    /// A bidder whose bid has this status, the first from the seed on; zero if there is none.
    function _bidderIn(uint256 i, uint256 seed, BidStatus status) internal view returns (address) {
        address[] memory all = bidders[i];
        for (uint256 n = 0; n < all.length; n++) {
            address worker = all[(seed % all.length + n) % all.length];
            if (_statusOf(i, worker) == status) return worker;
        }
        return address(0);
    }

    function _worker(uint256 seed) internal view returns (address) {
        return workers[seed % workers.length];
    }

    function _requester(uint256 seed) internal view returns (address) {
        return requesters[seed % requesters.length];
    }

    /// The remaining bids of a job, best first.
    function _ranking(uint256 i) internal view returns (address[] memory ranking) {
        address[] memory all = bidders[i];
        ranking = new address[](all.length);
        uint256 count;
        for (uint256 n = 0; n < all.length; n++) {
            if (_statusOf(i, all[n]) != BidStatus.Revealed) continue;
            uint256 place = count++;
            while (place > 0 && _precedes(i, all[n], ranking[place - 1])) {
                ranking[place] = ranking[place - 1];
                place--;
            }
            ranking[place] = all[n];
        }
        assembly ("memory-safe") {
            mstore(ranking, count)
        }
    }

    function _precedes(uint256 i, address a, address b) internal view returns (bool) {
        return Auction.precedes(market.bidOf(_id(i), a), a, market.bidOf(_id(i), b), b);
    }

    // Notes

    function _broken(bool broken, string memory rule) internal {
        if (broken && bytes(fault).length == 0) fault = rule;
    }

    /// Notes a job's state after an act, and whether the act may lead there.
    function _note(uint256 i) internal {
        (JobState from, JobState to) = (known[i], _job(i).state);
        bool legal = from == to && uint8(from) < uint8(JobState.Final);
        if (from == JobState.None) legal = to == JobState.Posted || to == JobState.Awarded;
        if (from == JobState.Posted) {
            legal = legal || to == JobState.Awarded || to == JobState.Cancelled || to == JobState.Expired;
        }
        if (from == JobState.Awarded) {
            bool isWhole = jobs[i].guarantee == Guarantee.Proven;
            legal = legal || to == (isWhole ? JobState.Final : JobState.Committed) || to == JobState.Expired;
        }
        if (from == JobState.Committed) legal = legal || to == JobState.Final || to == JobState.Slashed;
        _broken(!legal, "an illegal transition");
        known[i] = to;
    }

    /// An award pays what is due, at least the winner's bid and at most the maximum.
    function _checkAward(uint256 i, uint256 due) internal {
        Job memory job = _job(i);
        _broken(jobs[i].maxPrice - job.rebate != due, "an award pays another price");
        _broken(due > jobs[i].maxPrice, "an award pays more than the maximum");
        _broken(due < prices[i][job.worker], "an award pays less than the bid");
        _broken(jobs[i].kind == Kind.Auction && job.attempt != job.spentCount, "an attempt without its bid");
    }

    /// What the bid at `rank` is to be paid: what would just have matched the next.
    function _secondPrice(uint256 i, address[] memory ranking, uint256 rank) internal view returns (uint256) {
        if (rank + 1 >= ranking.length) return jobs[i].maxPrice;
        Bid memory next = market.bidOf(_id(i), ranking[rank + 1]);
        uint256 price = uint256(next.price) * next.weight / market.bidOf(_id(i), ranking[rank]).weight;
        return price < jobs[i].maxPrice ? price : jobs[i].maxPrice;
    }

    function _lost(uint256 i) internal {
        uint256 left = jobs[i].jobBond - costs[i];
        burned += left - left / 5;
    }

    /// Notes a job that settled; returns whether it was the third of the worker's last 100 that struck.
    function _settled(address worker, bool struck) internal returns (bool) {
        settled[worker].push(struck);
        uint256 count = settled[worker].length;
        uint256 strikes;
        for (uint256 n = count > 100 ? count - 100 : 0; n < count; n++) {
            if (settled[worker][n]) strikes++;
        }
        return struck && strikes >= 3;
    }

    // Time

    /// Sets the clock where it was changed from outside.
    function synchronize() external {
        clock = block.timestamp;
    }

    function _warpTo(uint256 target) internal {
        while (true) {
            (uint256 i, uint256 due) = _nextDuty();
            if (due > target) break;
            if (due - 1 > block.timestamp) vm.warp(due - 1);
            if (known[i] == JobState.Awarded) {
                _commit(i, keccak256("root"));
            } else {
                vm.prank(diligent());
                market.reveal(jobs[i], prices[i][diligent()], SALT);
            }
            _note(i);
        }
        if (target > block.timestamp) vm.warp(target);
    }

    /// Its worker commits the job as its guarantee asks. What is proven as a whole settles at once.
    function _commit(uint256 i, bytes32 root) internal {
        address worker = _job(i).worker;
        if (jobs[i].guarantee == Guarantee.Optimistic) {
            vm.prank(worker);
            results.commit(jobs[i], root, keccak256("payload"));
            return;
        }
        Submission memory submission = proven.submission(jobs[i], true);
        vm.prank(worker);
        results.commitProven(jobs[i], submission);
        if (jobs[i].guarantee == Guarantee.Proven) _settled(worker, false);
    }

    /// The first deadline that the diligent worker has to meet.
    function _nextDuty() internal view returns (uint256 job, uint256 due) {
        due = type(uint256).max;
        for (uint256 i = 0; i < jobs.length; i++) {
            uint256 end = _dutyOf(i);
            if (end < due) (job, due) = (i, end);
        }
    }

    function _dutyOf(uint256 i) internal view returns (uint256) {
        if (known[i] == JobState.Posted && _statusOf(i, diligent()) == BidStatus.Sealed) {
            return uint256(_job(i).time) + jobs[i].biddingTime + jobs[i].revealTime;
        }
        if (known[i] == JobState.Awarded && _job(i).worker == diligent()) return _job(i).time;
        return type(uint256).max;
    }
}
