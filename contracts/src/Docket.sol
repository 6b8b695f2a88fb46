// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "./interfaces/IDisputes.sol";
import { IExaminer } from "./interfaces/IExaminer.sol";
import { IMarket } from "./interfaces/IMarket.sol";
import { Ruling } from "./interfaces/IReferee.sol";
import { IResults, Outcome } from "./interfaces/IResults.sol";
import { Chains } from "./libraries/Chains.sol";
import { Claim, ClaimState, DisputeParams, Line, LineEnd, Subject, Turn } from "./types/Dispute.sol";
import { Job, JobId, Rfp, jobIdOf } from "./types/Job.sol";

/// Who convicted a job's worker first: the lowest id of a claim or line that did.
struct Conviction {
    uint64 id;
    address challenger;
}

/// Where and how a trace breaks, as events tell it.
struct Fault {
    Ruling ruling;
    uint256 step;
    uint256 element;
}

/// @title Docket
/// @notice What the chain keeps of claims and lines, their constants and their money, and how both end.
///
/// Market holds the money. An open claim holds `sealBond` and its `reserve`; a line that isn't closed holds `lineBond` if
/// it is on a claim, and its `prefund` while a demand is open. What Market's `disputeBonds` counts is the sum of these
/// and of the seals that aren't used.
abstract contract Docket is IDisputes {
    /// What is paid for refuting a claim at most, in gas. An element of a sum of 512 products, the longest that the lowering
    /// makes, takes a fifth of it; one of 4,096, the longest that a record can hold, nearly all.
    uint256 internal constant REFUTATION_GAS = 3_000_000;
    /// A claim's bond in refutations: it pays the one who ends it many times over, and the rest is what a lie costs.
    uint256 internal constant BOND_REFUTATIONS = 10;
    /// What is paid for an answer at most: 64 leaves in 8 runs of the largest tensors, calldata by its floor.
    uint256 internal constant ANSWER_GAS = 2_750_000;
    /// What one round of a line costs at most, the demand and its answer.
    uint256 internal constant ROUND_GAS = 4_000_000;
    uint32 internal constant MAX_TIME = 30 days;
    uint128 internal constant MAX_GAS_PRICE = 1e18;
    /// Gas of what follows a measurement.
    uint256 internal constant KILL_GAS = 220_000;

    IMarket public immutable market;
    IResults public immutable results;
    IExaminer public immutable examiner;

    uint32 internal immutable _refuteWindow;
    uint32 internal immutable _lineClock;
    uint128 internal immutable _gasPrice;
    uint128 internal immutable _refuteReward;
    uint128 internal immutable _lineBond;
    uint128 public immutable sealBond;

    /// Of claims and lines alike.
    uint64 internal _lastId;
    mapping(uint64 claim => Claim) internal _claims;
    mapping(uint64 line => Line) internal _lines;
    /// An account's open line on a claim.
    mapping(uint64 claim => mapping(address opener => uint64 line)) internal _lineBy;
    mapping(JobId job => Conviction) internal _convictions;
    mapping(bytes32 modelId => bool) public isInvalid;

    constructor(IMarket market_, IResults results_, IExaminer examiner_, DisputeParams memory p) {
        _checkParams(p);
        (market, results, examiner) = (market_, results_, examiner_);
        (_refuteWindow, _lineClock) = (p.refuteWindow, p.lineClock);
        (_gasPrice, _refuteReward, _lineBond) = (p.gasPrice, p.refuteReward, p.lineBond);
        sealBond = _bondFor(p.gasPrice);
    }

    // Views

    function claimOf(uint64 claim) external view returns (Claim memory) {
        return _claims[claim];
    }

    function lineOf(uint64 line) external view returns (Line memory) {
        return _lines[line];
    }

    function lineReserve(uint256 depth) public view returns (uint128) {
        // At most 2^33 rounds of 4e6 gas at 1e18: below 2^115.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(_maxRounds(depth) * ROUND_GAS * _gasPrice);
    }

    function params() external view returns (DisputeParams memory) {
        return DisputeParams({
            refuteWindow: _refuteWindow,
            lineClock: _lineClock,
            gasPrice: _gasPrice,
            refuteReward: _refuteReward,
            lineBond: _lineBond
        });
    }

    // How claims end

    /// The claim is dead: its bond pays the killer, and what is left goes half to the worker that it wronged and burns for
    /// the rest. A line that the killer has on it ends with it, before any other line draws on the reserve.
    function _kill(Rfp calldata rfp, uint64 id, address killer, uint256 gasUsed, Fault memory fault) internal {
        Claim storage claim = _claims[id];
        claim.state = ClaimState.Refuted;
        uint128 reward = _worthOf(gasUsed, REFUTATION_GAS) + _refuteReward;
        uint128 toWorker = (sealBond - reward) / 2;
        uint128 burned = sealBond - reward - toWorker;
        emit ClaimRefuted(id, claim.job, killer, fault.ruling, fault.step, fault.element, reward, toWorker, burned);
        _closeClaim(rfp, Outcome.Rejected, claim.item, address(0), 0);
        _pay(killer, reward);
        _pay(_jobOf(claim.job).worker, toWorker);
        _burn(burned);
        uint64 line = _lineBy[id][killer];
        if (line != 0) _endLine(line, fault.ruling == Ruling.None ? LineEnd.Unanswered : LineEnd.Moot);
        else if (claim.openLines == 0) _divideReserve(id);
    }

    /// What the lines on a dead claim left of its reserve: half to the worker, the rest burns.
    function _divideReserve(uint64 id) private {
        Claim storage claim = _claims[id];
        uint128 reserve = claim.reserve;
        if (reserve == 0) return;
        claim.reserve = 0;
        uint128 toWorker = reserve / 2;
        emit ReserveDivided(id, toWorker, reserve - toWorker);
        _pay(_jobOf(claim.job).worker, toWorker);
        _burn(reserve - toWorker);
    }

    // INVARIANT: of all that convict a job's worker the lowest id takes the reward, whatever the order in which they end.
    function _convict(JobId job, uint64 id, address challenger) internal returns (address) {
        Conviction storage conviction = _convictions[job];
        if (conviction.id == 0 || id < conviction.id) (conviction.id, conviction.challenger) = (id, challenger);
        return conviction.challenger;
    }

    // How lines end

    function _endLine(uint64 id, LineEnd end) internal {
        Line storage line = _lines[id];
        line.turn = Turn.Closed;
        // Only a demand that nobody answered has one.
        uint128 repaid = line.prefund;
        line.prefund = 0;
        uint128 forfeited;
        if (line.subject == Subject.Trace) {
            Claim storage claim = _claims[line.claim];
            claim.openLines -= 1;
            delete _lineBy[line.claim][line.opener];
            if (claim.state == ClaimState.Refuted) {
                uint128 spent = line.spent < claim.reserve ? line.spent : claim.reserve;
                claim.reserve -= spent;
                repaid += _lineBond + spent;
            } else {
                forfeited = _lineBond;
            }
        }
        emit LineClosed(id, line.job, end, repaid, forfeited);
        _pay(line.opener, repaid);
        if (forfeited > 0) _forfeit(line.claim, forfeited);
        else if (line.claim != 0 && _claims[line.claim].openLines == 0) _divideReserve(line.claim);
    }

    /// A line that didn't kill its claim only delayed it.
    function _forfeit(uint64 claim, uint128 amount) private {
        uint128 toClaimer = amount / 2;
        _pay(_claims[claim].claimer, toClaimer);
        _burn(amount - toClaimer);
    }

    // Guards

    function _requireOpen(Rfp calldata rfp, uint64 id) internal view returns (Claim storage claim) {
        claim = _claims[id];
        require(claim.state == ClaimState.Open, ClaimNotOpen(id));
        _requireTerms(rfp, claim.job);
    }

    function _requireTerms(Rfp calldata rfp, JobId job) internal view {
        require(jobIdOf(address(market), rfp) == job, WrongTerms(JobId.unwrap(job)));
    }

    // Our other contracts, each called in one place

    function _jobOf(JobId job) internal view returns (Job memory) {
        return market.jobOf(job);
    }

    function _rootOf(JobId job) internal view returns (bytes32) {
        return results.resultOf(job).root;
    }

    function _revealTime() internal view returns (uint256) {
        return results.claimRevealTime();
    }

    function _openClaim(Rfp calldata rfp) internal {
        results.openClaim(rfp);
    }

    function _closeClaim(Rfp calldata rfp, Outcome outcome, uint32 item, address challenger, uint128 cost)
        internal
        returns (uint128)
    {
        return results.closeClaim(rfp, outcome, item, challenger, cost);
    }

    // Money

    /// What gas is worth, at most that of `limit`.
    function _worthOf(uint256 gasUsed, uint256 limit) internal view returns (uint128) {
        // Gas and price are bounded by constants: below 2^82.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128((gasUsed < limit ? gasUsed : limit) * _gasPrice);
    }

    function _lock(uint128 amount) internal {
        market.lockDisputeBond(msg.sender, amount);
    }

    function _pay(address account, uint128 amount) internal {
        if (amount > 0) market.payDisputeBond(account, amount);
    }

    function _burn(uint128 amount) internal {
        if (amount > 0) market.burnDisputeBond(amount);
    }

    function _maxRounds(uint256 depth) internal pure returns (uint256) {
        return 2 * depth;
    }

    function _bondFor(uint128 gasPrice) private pure returns (uint128) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(BOND_REFUTATIONS * REFUTATION_GAS * gasPrice);
    }

    function _checkParams(DisputeParams memory p) private view {
        require(_isTime(p.refuteWindow), BadDisputeParameter("refuteWindow"));
        require(_isTime(p.lineClock), BadDisputeParameter("lineClock"));
        require(p.gasPrice > 0 && p.gasPrice <= MAX_GAS_PRICE, BadDisputeParameter("gasPrice"));
        uint128 bond = _bondFor(p.gasPrice);
        // INVARIANT: the bond covers every reward, and who refutes its own claim loses half of it at least; a quarter if the
        // claim was about its own result, since a worker gets half of the rest.
        require(p.refuteReward <= bond / 2 - bond / BOND_REFUTATIONS, BadDisputeParameter("refuteReward"));
        // Delay has a price, and a refuter can pay it.
        require(p.lineBond >= bond / 100 && p.lineBond <= bond, BadDisputeParameter("lineBond"));
    }

    /// Whether a time may let somebody lose by its lapse.
    function _isTime(uint32 time) private view returns (bool) {
        return time > 0 && time <= MAX_TIME && Chains.mayConvictAfter(time);
    }
}
