// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IMarket } from "./interfaces/IMarket.sol";
import { IProofs, ProvenBatch, Submission } from "./interfaces/IProofs.sol";
import { IResults, Outcome, Result } from "./interfaces/IResults.sol";
import { Chains } from "./libraries/Chains.sol";
import { Settlement } from "./libraries/Settlement.sol";
import { Guarantee, Job, JobId, JobState, Rfp, Verdict, jobIdOf } from "./types/Job.sol";
import { CriticalKind } from "./types/Model.sol";

/// @title Results
/// @notice See {IResults}.
contract Results is IResults {
    IMarket public immutable market;
    /// Zero as long as no disputes contract is deployed with this one: then no claim can be opened.
    address public immutable disputes;
    IProofs public immutable proofs;
    uint32 public immutable claimRevealTime;

    mapping(JobId job => Result) internal _results;
    /// One bit per item, so that an item is voided and counted once.
    mapping(JobId job => mapping(uint256 word => uint256)) internal _voided;
    /// What was proven of each item, as the event `Proven` tells it.
    mapping(JobId job => uint256) internal _decisions;

    modifier onlyDisputes() {
        require(msg.sender == disputes, NotDisputes(msg.sender));
        _;
    }

    constructor(IMarket market_, address disputes_, IProofs proofs_, uint32 claimRevealTime_) {
        require(
            claimRevealTime_ >= Chains.MIN_REVEAL_TIME || Chains.isDevelopment(),
            RevealTimeTooShort(claimRevealTime_, Chains.MIN_REVEAL_TIME)
        );
        market = market_;
        disputes = disputes_;
        proofs = proofs_;
        claimRevealTime = claimRevealTime_;
    }

    function commit(Rfp calldata rfp, bytes32 root, bytes32 payloadDigest) external {
        require(rfp.guarantee == Guarantee.Optimistic, WrongGuarantee(rfp.guarantee));
        require(root != 0, ZeroRoot());
        JobId id = jobIdOf(address(market), rfp);
        uint256 attempt = market.markCommitted(id, msg.sender);
        _results[id].root = root;
        emit Committed(id, msg.sender, attempt, root, payloadDigest, _finalAt(rfp, block.timestamp));
    }

    function commitProven(Rfp calldata rfp, Submission calldata submission) external {
        bool isWhole = rfp.guarantee == Guarantee.Proven;
        require(isWhole || rfp.guarantee == Guarantee.Hybrid, WrongGuarantee(rfp.guarantee));
        JobId id = jobIdOf(address(market), rfp);
        uint256 attempt = market.markCommitted(id, msg.sender);
        CriticalKind kind = isWhole ? CriticalKind.Whole : CriticalKind.Head;
        ProvenBatch memory batch = proofs.verify(rfp.modelId, kind, rfp.itemCount, submission);
        // INVARIANT: what is proven is proven of the job's own inputs: all of it here, the features by whoever disputes.
        require(!isWhole || batch.inputRoot == rfp.inputRoot, WrongInputs(batch.inputRoot, rfp.inputRoot));
        _results[id].root = batch.outputRoot;
        _decisions[id] = batch.decisions;
        uint256 closesAt = isWhole ? block.timestamp : _finalAt(rfp, block.timestamp);
        emit Committed(id, msg.sender, attempt, batch.outputRoot, sha256(submission.outputs), closesAt);
        emit Proven(id, submission.verifier, batch.decisions);
        if (isWhole) _settle(id, rfp, batch.outputRoot, Verdict(false, 0, address(0), 0));
    }

    function openClaim(Rfp calldata rfp) external onlyDisputes {
        (JobId id, uint256 closesAt) = _waiting(rfp);
        uint32 open = _results[id].openClaims;
        // While a claim is open the job can't be final, and what belongs to that claim may still come.
        require(block.timestamp < closesAt || open > 0, WindowClosed(block.timestamp, closesAt));
        _results[id].openClaims = ++open;
        emit ClaimOpened(id, open);
    }

    function closeClaim(Rfp calldata rfp, Outcome outcome, uint32 item, address challenger, uint128 cost)
        external
        onlyDisputes
        returns (uint128 charged)
    {
        (JobId id,) = _waiting(rfp);
        Result storage result = _results[id];
        require(outcome != Outcome.None, BadOutcome());
        // A reward would be lost on the zero address.
        require(outcome == Outcome.Rejected || challenger != address(0), BadOutcome());
        require(result.openClaims > 0, NoOpenClaim(id));
        require(item < rfp.itemCount, BadItem(item, rfp.itemCount));
        result.openClaims -= 1;
        if (outcome == Outcome.Slash) (result.slashed, result.challenger) = (true, challenger);
        if (outcome == Outcome.Void && _void(id, result, item)) {
            if (result.challenger == address(0)) result.challenger = challenger;
            charged = _charge(id, result, rfp.jobBond, challenger, cost);
        }
        emit ClaimClosed(id, outcome, item, challenger, charged);
    }

    function finalize(Rfp calldata rfp) external {
        (JobId id, uint256 closesAt) = _waiting(rfp);
        require(block.timestamp >= closesAt, NotFinalYet(block.timestamp, closesAt));
        Result storage result = _results[id];
        require(result.openClaims == 0, ClaimsOpen(id, result.openClaims));
        Verdict memory verdict = Verdict(result.slashed, result.voidItems, result.challenger, 0);
        // Read only where it can be set: a result that nobody claimed anything about leaves the slot alone.
        if (verdict.voidItems > 0) verdict.costs = result.costs;
        _settle(id, rfp, result.root, verdict);
    }

    function finalAt(Rfp calldata rfp) external view returns (uint256 closesAt) {
        (, closesAt) = _waiting(rfp);
    }

    function decisionOf(JobId id, uint32 item) external view returns (uint32 decision, bool isCertain) {
        if (item >= 8) return (0, false);
        // Each item has 32 bits, the highest of which says that it is certain.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint32 word = uint32(_decisions[id] >> (32 * item));
        return (word & 0x7FFF_FFFF, word >> 31 == 1);
    }

    function resultOf(JobId id) external view returns (Result memory) {
        return _results[id];
    }

    function _settle(JobId id, Rfp calldata rfp, bytes32 root, Verdict memory verdict) internal {
        emit Finalized(id, root, verdict);
        market.settle(rfp, verdict);
    }

    /// Whether the item was not void before.
    function _void(JobId id, Result storage result, uint32 item) internal returns (bool) {
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 bit = 1 << (item & 0xff);
        uint256 word = _voided[id][item >> 8];
        if (word & bit != 0) return false;
        _voided[id][item >> 8] = word | bit;
        result.voidItems += 1;
        return true;
    }

    /// Has the worker's bond pay what it still does of the cost of voiding an item.
    function _charge(JobId id, Result storage result, uint128 jobBond, address challenger, uint128 cost)
        internal
        returns (uint128 charged)
    {
        uint128 costs = result.costs;
        charged = Settlement.charge(jobBond, costs, cost);
        if (charged == 0) return 0;
        result.costs = costs + charged;
        market.chargeVoid(id, challenger, charged);
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
