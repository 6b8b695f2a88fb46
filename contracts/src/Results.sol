// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "./interfaces/IMarket.sol";
import { IResults, Outcome, Result } from "./interfaces/IResults.sol";
import { Job, JobId, JobState, Rfp, Verdict, jobIdOf } from "./types/Job.sol";

/// @title Results
/// @notice See {IResults}.
contract Results is IResults {
    IMarket public immutable market;
    /// Zero as long as no disputes contract is deployed with this one: then no claim can be opened.
    address public immutable disputes;
    uint32 public immutable claimRevealTime;

    mapping(JobId job => Result) internal _results;
    /// One bit per item, so that an item is voided and counted once.
    mapping(JobId job => mapping(uint256 word => uint256)) internal _voided;

    modifier onlyDisputes() {
        require(msg.sender == disputes, NotDisputes(msg.sender));
        _;
    }

    constructor(IMarket market_, address disputes_, uint32 claimRevealTime_) {
        market = market_;
        disputes = disputes_;
        claimRevealTime = claimRevealTime_;
    }

    function commit(Rfp calldata rfp, bytes32 root, bytes32 payloadDigest) external {
        require(root != 0, ZeroRoot());
        JobId id = jobIdOf(address(market), rfp);
        uint256 attempt = market.markCommitted(id, msg.sender);
        _results[id].root = root;
        emit Committed(id, msg.sender, attempt, root, payloadDigest, _finalAt(rfp, block.timestamp));
    }

    function openClaim(Rfp calldata rfp) external onlyDisputes {
        (JobId id, uint256 closesAt) = _waiting(rfp);
        require(block.timestamp < closesAt, WindowClosed(block.timestamp, closesAt));
        uint32 open = ++_results[id].openClaims;
        emit ClaimOpened(id, open);
    }

    function closeClaim(Rfp calldata rfp, Outcome outcome, uint32 item, address challenger) external onlyDisputes {
        (JobId id,) = _waiting(rfp);
        Result storage result = _results[id];
        require(outcome != Outcome.None, BadOutcome());
        // The reward of a slash would be lost on the zero address.
        require(outcome != Outcome.Slash || challenger != address(0), BadOutcome());
        require(result.openClaims > 0, NoOpenClaim(id));
        require(item < rfp.itemCount, BadItem(item, rfp.itemCount));
        result.openClaims -= 1;
        if (outcome == Outcome.Slash) _slash(result, challenger);
        if (outcome == Outcome.Void) _void(id, result, item);
        emit ClaimClosed(id, outcome, item, challenger);
    }

    function finalize(Rfp calldata rfp) external {
        (JobId id, uint256 closesAt) = _waiting(rfp);
        require(block.timestamp >= closesAt, NotFinalYet(block.timestamp, closesAt));
        Result memory result = _results[id];
        require(result.openClaims == 0, ClaimsOpen(id, result.openClaims));
        Verdict memory verdict = Verdict(result.slashed, result.voidItems, result.challenger);
        emit Finalized(id, result.root, verdict);
        market.settle(rfp, verdict);
    }

    function finalAt(Rfp calldata rfp) external view returns (uint256 closesAt) {
        (, closesAt) = _waiting(rfp);
    }

    function resultOf(JobId id) external view returns (Result memory) {
        return _results[id];
    }

    // INVARIANT: the first conviction takes the reward and no later outcome weakens it.
    function _slash(Result storage result, address challenger) internal {
        if (result.slashed) return;
        result.slashed = true;
        result.challenger = challenger;
    }

    function _void(JobId id, Result storage result, uint32 item) internal {
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 bit = 1 << (item & 0xff);
        uint256 word = _voided[id][item >> 8];
        if (word & bit != 0) return;
        _voided[id][item >> 8] = word | bit;
        result.voidItems += 1;
    }

    /// A committed job that is not settled, and when it may be.
    function _waiting(Rfp calldata rfp) internal view returns (JobId id, uint256 closesAt) {
        id = jobIdOf(address(market), rfp);
        Job memory job = market.jobOf(id);
        require(job.state == JobState.Committed, NotCommitted(id));
        closesAt = _finalAt(rfp, job.time);
    }

    function _finalAt(Rfp calldata rfp, uint256 committedAt) internal view returns (uint256) {
        return committedAt + rfp.challengeWindow + claimRevealTime;
    }
}
