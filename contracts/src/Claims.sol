// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Docket, Fault } from "./Docket.sol";
import { Finding } from "./interfaces/IExaminer.sol";
import { Citation, Evidence, Ruling } from "./interfaces/IReferee.sol";
import { Outcome } from "./interfaces/IResults.sol";
import { Meter } from "./libraries/Meter.sol";
import { Claim, ClaimState, ClaimTerms, Exhibit, Line, StepProof, Subject, Turn } from "./types/Dispute.sol";
import { Job, JobState, Rfp } from "./types/Job.sol";

/// @title Claims
/// @notice The life of a claim: sealed, revealed, and refuted or upheld. A claim says that one element of a committed
/// result lies further than accept from what the model means, and commits to the whole evaluation that says so.
abstract contract Claims is Docket {
    /// Gas of the other transactions that a claim takes, sealing and upholding, and of what follows the measurement.
    uint256 internal constant CLAIM_REST_GAS = 560_000;

    mapping(address claimer => mapping(bytes32 seal => uint40)) internal _seals;

    // Making a claim

    function seal(bytes32 seal_) external {
        require(_seals[msg.sender][seal_] == 0, BadSeal(seal_));
        _seals[msg.sender][seal_] = uint40(block.timestamp);
        emit ClaimSealed(seal_, msg.sender, sealBond);
        _lock(sealBond);
    }

    function reveal(
        Rfp calldata rfp,
        bytes calldata spec,
        ClaimTerms calldata terms,
        bytes32 salt,
        Exhibit calldata exhibit,
        uint64 line
    ) external returns (uint64 id) {
        uint256 start = gasleft();
        _requireTerms(rfp, terms.job);
        bytes32 seal_ = _useSeal(rfp, terms, salt, line);
        require(!isInvalid[rfp.modelId], ModelIsInvalid(rfp.modelId));
        Finding memory finding = _compare(rfp, spec, terms, exhibit);
        id = _file(rfp, terms, exhibit.inputs, finding);
        // At most REFUTATION_GAS at 1e18: below 2^82.
        // forge-lint: disable-next-line(unsafe-typecast)
        _claims[id].cost = uint96(_worthOf(Meter.gasSince(start, finding.tokens, CLAIM_REST_GAS), REFUTATION_GAS));
        _tellRevealed(id, seal_, terms);
    }

    function burnSeal(address claimer, bytes32 seal_) external {
        uint256 madeAt = _seals[claimer][seal_];
        require(madeAt != 0, BadSeal(seal_));
        uint256 from = madeAt + _revealTime();
        require(block.timestamp >= from, SealTooFresh(block.timestamp, from));
        delete _seals[claimer][seal_];
        emit SealBurned(seal_, claimer, sealBond);
        _burn(sealBond);
    }

    // Refuting

    function refute(Rfp calldata rfp, bytes calldata spec, uint64 id, Evidence calldata evidence) external {
        uint256 start = gasleft();
        Claim storage claim = _requireOpen(rfp, id);
        (Ruling ruling, uint256 tokens) = examiner.judge(rfp.modelId, spec, claim.trace, claim.inputs, evidence);
        Fault memory fault = Fault(ruling, evidence.step, evidence.element);
        _convictClaim(rfp, id, start, tokens, fault);
    }

    function refuteRecord(
        Rfp calldata rfp,
        bytes calldata spec,
        uint64 id,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata path
    ) external {
        uint256 start = gasleft();
        _requireOpen(rfp, id);
        (Ruling ruling, uint256 tokens) = examiner.judgeRecord(rfp.modelId, spec, index, record, path);
        _convictClaim(rfp, id, start, tokens, Fault(ruling, 0, 0));
    }

    function refuteCitation(Rfp calldata rfp, bytes calldata spec, uint64 id, Citation calldata citation) external {
        uint256 start = gasleft();
        _requireOpen(rfp, id);
        (Ruling ruling, uint256 tokens) = examiner.judgeCitation(rfp.modelId, spec, citation);
        _convictClaim(rfp, id, start, tokens, Fault(ruling, 0, 0));
    }

    function refuteOutput(
        Rfp calldata rfp,
        bytes calldata spec,
        uint64 id,
        uint256 output,
        StepProof calldata outputs,
        StepProof calldata step
    ) external {
        uint256 start = gasleft();
        _requireOpen(rfp, id);
        (Ruling ruling, uint256 tokens) = examiner.judgeOutput(rfp.modelId, spec, output, outputs, step);
        _convictClaim(rfp, id, start, tokens, Fault(ruling, 0, 0));
    }

    function dismiss(Rfp calldata rfp, uint64 id) external {
        uint256 start = gasleft();
        _requireOpen(rfp, id);
        require(isInvalid[rfp.modelId], ModelNotInvalid(rfp.modelId));
        _convictClaim(rfp, id, start, 0, Fault(Ruling.Invalid, 0, 0));
    }

    // Upholding

    function uphold(Rfp calldata rfp, uint64 id) external {
        Claim storage claim = _requireOpen(rfp, id);
        uint256 from = uint256(claim.revealedAt) + _refuteWindow;
        require(block.timestamp >= from, TooEarlyToUphold(block.timestamp, from));
        // INVARIANT: a claim whose trace somebody still asks for isn't upheld: nobody could have refuted it.
        require(claim.openLines == 0, LinesOpen(id, claim.openLines));
        claim.state = ClaimState.Upheld;
        Outcome outcome = claim.outcome;
        address challenger = outcome == Outcome.Slash ? _convict(claim.job, id, claim.claimer) : claim.claimer;
        uint128 bond = sealBond + claim.reserve;
        claim.reserve = 0;
        uint128 charged = _closeClaim(rfp, outcome, claim.item, challenger, claim.cost);
        emit ClaimUpheld(id, claim.job, outcome, charged);
        _pay(claim.claimer, bond);
    }

    // Views

    function sealedAt(address claimer, bytes32 seal_) external view returns (uint256) {
        return _seals[claimer][seal_];
    }

    function sealOf(address claimer, ClaimTerms calldata terms, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), claimer, keccak256(abi.encode(terms)), salt));
    }

    // Making a claim, in parts

    /// Seals hide what is claimed, so nobody can copy a claim and be first with it.
    function _useSeal(Rfp calldata rfp, ClaimTerms calldata terms, bytes32 salt, uint64 line)
        private
        returns (bytes32 seal_)
    {
        seal_ = sealOf(msg.sender, terms, salt);
        uint256 madeAt = _seals[msg.sender][seal_];
        require(madeAt != 0, BadSeal(seal_));
        // INVARIANT: a claim is known to nobody when it is sealed: seal and reveal never share a block.
        require(block.timestamp > madeAt, SealTooFresh(block.timestamp, madeAt + 1));
        uint256 until = madeAt + _revealTime();
        require(block.timestamp < until, SealTooOld(block.timestamp, until));
        delete _seals[msg.sender][seal_];
        Job memory job = _jobOf(terms.job);
        require(job.state == JobState.Committed, NothingToDispute(terms.job));
        if (line != 0) return _requireOwnAnswer(terms, line, seal_);
        until = uint256(job.time) + rfp.challengeWindow;
        require(madeAt < until, TooLateToDispute(madeAt, until));
    }

    /// A worker that gives its result to nobody until the window is over gains nothing: who asked for it in time may claim
    /// for as long as its own clock runs.
    function _requireOwnAnswer(ClaimTerms calldata terms, uint64 id, bytes32 seal_) private view returns (bytes32) {
        Line storage line = _lines[id];
        require(line.opener == msg.sender && line.job == terms.job && line.item == terms.item, WrongLine(id));
        require(line.subject != Subject.Trace, WrongLine(id));
        require(line.turn == Turn.Demander, NotYourTurn(id));
        require(block.timestamp < uint256(line.since) + line.openerLeft, ClockRanOut(id));
        return seal_;
    }

    function _compare(Rfp calldata rfp, bytes calldata spec, ClaimTerms calldata terms, Exhibit calldata exhibit)
        private
        view
        returns (Finding memory)
    {
        bytes32 root = _rootOf(terms.job);
        return examiner.compare(rfp, spec, terms, exhibit, root);
    }

    function _file(Rfp calldata rfp, ClaimTerms calldata terms, bytes32 inputs, Finding memory finding)
        private
        returns (uint64 id)
    {
        id = ++_lastId;
        Claim storage claim = _claims[id];
        (claim.job, claim.trace, claim.inputs) = (terms.job, terms.trace, inputs);
        (claim.claimer, claim.revealedAt, claim.state) = (msg.sender, uint40(block.timestamp), ClaimState.Open);
        (claim.item, claim.outcome, claim.reserve) = (terms.item, finding.outcome, lineReserve(finding.depth));
        _lock(claim.reserve);
        _openClaim(rfp);
    }

    function _tellRevealed(uint64 id, bytes32 seal_, ClaimTerms calldata terms) private {
        Claim memory claim = _claims[id];
        emit ClaimRevealed(
            id,
            claim.job,
            claim.claimer,
            seal_,
            terms,
            claim.inputs,
            claim.outcome,
            sealBond + claim.reserve,
            claim.cost,
            uint256(claim.revealedAt) + _refuteWindow
        );
    }

    // Refuting, in parts

    function _convictClaim(Rfp calldata rfp, uint64 id, uint256 start, uint256 tokens, Fault memory fault) private {
        require(fault.ruling == Ruling.Broken || fault.ruling == Ruling.Invalid, NothingWrong());
        if (fault.ruling == Ruling.Invalid) {
            (fault.step, fault.element) = (0, 0);
            _invalidate(rfp.modelId);
        }
        _kill(rfp, id, msg.sender, Meter.gasSince(start, tokens, KILL_GAS), fault);
    }

    /// The model means nothing: no claim on it counts, this one and all others.
    function _invalidate(bytes32 modelId) private {
        if (isInvalid[modelId]) return;
        isInvalid[modelId] = true;
        emit ModelInvalidated(modelId);
    }
}
