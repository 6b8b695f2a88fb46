// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Docket, Fault } from "./Docket.sol";
import { Question } from "./interfaces/IExaminer.sol";
import { Ruling } from "./interfaces/IReferee.sol";
import { Outcome } from "./interfaces/IResults.sol";
import { Meter } from "./libraries/Meter.sol";
import { Answer, Claim, ClaimState, Demand, Line, LineEnd, Run, StepProof, Subject, Turn } from "./types/Dispute.sol";
import { Job, JobId, JobState, Rfp, jobIdOf } from "./types/Job.sol";

/// @title Lines
/// @notice Demands for data that somebody withholds, and answers to them. A line has two clocks, of which one runs: its
/// opener's until it demands or leaves, the answerer's until somebody answers.
abstract contract Lines is Docket {
    /// Gas of what follows a measurement.
    uint256 internal constant DEMAND_REST_GAS = 40_000;
    uint256 internal constant ANSWER_REST_GAS = 110_000;
    /// A byte of an event, brought there.
    uint256 internal constant GAS_PER_TOLD_BYTE = 9;
    /// The demand and the lapse of a line that nobody answers, and what follows.
    uint256 internal constant LAPSE_GAS = 240_000;

    // Demanding

    function demandTrace(
        Rfp calldata rfp,
        bytes calldata spec,
        uint64 claim,
        uint64 line,
        Run[] calldata runs,
        StepProof[] calldata proofs
    ) external returns (uint64) {
        uint256 start = gasleft();
        bytes32 trace = _requireOpen(rfp, claim).trace;
        Question memory question = _questionOf(rfp.modelId, spec, trace, runs, proofs);
        line = _traceLine(claim, line, question.depth);
        _ask(line, question, start);
        return line;
    }

    function demandItem(
        Rfp calldata rfp,
        bytes calldata spec,
        Subject subject,
        uint32 item,
        uint64 line,
        Run[] calldata runs
    ) external returns (uint64) {
        uint256 start = gasleft();
        Question memory question = _questionOf(rfp, spec, subject, item, runs);
        line = _itemLine(rfp, subject, item, line, question.depth);
        _ask(line, question, start);
        return line;
    }

    // Answering

    function answer(uint64 id, Demand calldata demand, Answer calldata given) external {
        uint256 start = gasleft();
        Line storage line = _lines[id];
        require(line.turn == Turn.Answerer, NotYourTurn(id));
        uint256 elapsed = block.timestamp - line.since;
        require(elapsed < line.answererLeft, ClockRanOut(id));
        // Answers to questions that are moot earn nothing.
        if (line.claim != 0) require(_claims[line.claim].state == ClaimState.Open, ClaimNotOpen(line.claim));
        require(keccak256(abi.encode(demand)) == line.demand, BadAnswer(id));
        (bool well, uint256 size, uint256 tokens) = examiner.answers(demand, given);
        require(well, BadAnswer(id));
        // forge-lint: disable-next-line(unsafe-typecast)
        line.answererLeft -= uint32(elapsed);
        (line.turn, line.since, line.demand) = (Turn.Demander, uint40(block.timestamp), 0);
        _payAnswer(id, given, start, size, tokens);
    }

    // Ending

    function lapse(Rfp calldata rfp, uint64 id) external {
        Line storage line = _lines[id];
        _requireTerms(rfp, line.job);
        require(line.turn == Turn.Answerer, NotYourTurn(id));
        uint256 until = uint256(line.since) + line.answererLeft;
        require(block.timestamp >= until, ClockStillRuns(id, until));
        if (line.subject == Subject.Trace) {
            _requireOpen(rfp, line.claim);
            return _kill(rfp, line.claim, line.opener, LAPSE_GAS, Fault(Ruling.None, 0, 0));
        }
        address challenger = _convict(line.job, id, line.opener);
        _closeClaim(rfp, Outcome.Slash, line.item, challenger, 0);
        _endLine(id, LineEnd.Unanswered);
    }

    function closeLine(Rfp calldata rfp, uint64 id) external {
        Line storage line = _lines[id];
        _requireTerms(rfp, line.job);
        require(line.turn == Turn.Demander || line.turn == Turn.Answerer, NotYourTurn(id));
        bool onTrace = line.subject == Subject.Trace;
        if (onTrace && _claims[line.claim].state != ClaimState.Open) return _endLine(id, LineEnd.Moot);
        // INVARIANT: nobody takes a question back while the other side's clock runs.
        require(line.turn == Turn.Demander, NotYourTurn(id));
        uint256 until = uint256(line.since) + line.openerLeft;
        require(msg.sender == line.opener || block.timestamp >= until, ClockStillRuns(id, until));
        if (!onTrace) _closeClaim(rfp, Outcome.Rejected, line.item, address(0), 0);
        _endLine(id, LineEnd.Left);
    }

    // Demanding, in parts

    function _traceLine(uint64 claimId, uint64 id, uint256 depth) private returns (uint64) {
        Claim storage claim = _claims[claimId];
        if (id != 0) return _moveOn(id, Subject.Trace, claimId, claim.job, claim.item);
        uint256 until = uint256(claim.revealedAt) + _refuteWindow;
        require(block.timestamp < until, TooLateToDispute(block.timestamp, until));
        uint64 other = _lineBy[claimId][msg.sender];
        require(other == 0, WrongLine(other));
        claim.openLines += 1;
        id = _newLine(claim.job, Subject.Trace, claim.item, depth);
        _lines[id].claim = claimId;
        _lineBy[claimId][msg.sender] = id;
        emit LineOpened(id, claim.job, msg.sender, Subject.Trace, claimId, claim.item);
        return id;
    }

    function _itemLine(Rfp calldata rfp, Subject subject, uint32 item, uint64 id, uint256 depth)
        private
        returns (uint64)
    {
        JobId job = jobIdOf(address(market), rfp);
        if (id != 0) return _moveOn(id, subject, 0, job, item);
        Job memory committed = _jobOf(job);
        require(committed.state == JobState.Committed, NothingToDispute(job));
        uint256 until = uint256(committed.time) + rfp.challengeWindow;
        require(block.timestamp < until, TooLateToDispute(block.timestamp, until));
        id = _newLine(job, subject, item, depth);
        emit LineOpened(id, job, msg.sender, subject, 0, item);
        _openClaim(rfp);
        return id;
    }

    function _newLine(JobId job, Subject subject, uint32 item, uint256 depth) private returns (uint64 id) {
        id = ++_lastId;
        Line storage line = _lines[id];
        uint256 rounds = _maxRounds(depth);
        line.job = job;
        (line.opener, line.since, line.subject) = (msg.sender, uint40(block.timestamp), subject);
        (line.openerLeft, line.answererLeft, line.item) = (_lineClock, _lineClock, item);
        // forge-lint: disable-next-line(unsafe-typecast)
        line.maxRounds = rounds < type(uint32).max ? uint32(rounds) : type(uint32).max;
    }

    /// The opener's clock stops: it asks its next question.
    function _moveOn(uint64 id, Subject subject, uint64 claim, JobId job, uint32 item) private returns (uint64) {
        Line storage line = _lines[id];
        require(line.opener == msg.sender && line.subject == subject && line.claim == claim, WrongLine(id));
        require(line.job == job && line.item == item, WrongLine(id));
        require(line.turn == Turn.Demander, NotYourTurn(id));
        uint256 elapsed = block.timestamp - line.since;
        require(elapsed < line.openerLeft, ClockRanOut(id));
        require(line.rounds < line.maxRounds, TooManyRounds(id, line.maxRounds));
        // forge-lint: disable-next-line(unsafe-typecast)
        line.openerLeft -= uint32(elapsed);
        return id;
    }

    function _ask(uint64 id, Question memory question, uint256 start) private {
        Line storage line = _lines[id];
        uint128 prefund = _worthOf(ANSWER_GAS, ANSWER_GAS);
        line.demand = keccak256(abi.encode(question.demand));
        (line.turn, line.since, line.prefund) = (Turn.Answerer, uint40(block.timestamp), prefund);
        uint32 round = ++line.rounds;
        emit Demanded(id, round, question.demand, prefund, block.timestamp + line.answererLeft);
        // The bond is locked once, with the first demand.
        uint128 bond = round == 1 && line.subject == Subject.Trace ? _lineBond : 0;
        _lock(bond + prefund);
        // INVARIANT: a round costs at most ROUND_GAS, so the reserve covers every round of a line.
        line.spent += _worthOf(Meter.gasSince(start, question.tokens, DEMAND_REST_GAS), ROUND_GAS - ANSWER_GAS);
    }

    function _questionOf(
        bytes32 modelId,
        bytes calldata spec,
        bytes32 trace,
        Run[] calldata runs,
        StepProof[] calldata proofs
    ) private view returns (Question memory) {
        return examiner.demandOfTrace(modelId, spec, trace, runs, proofs);
    }

    function _questionOf(Rfp calldata rfp, bytes calldata spec, Subject subject, uint32 item, Run[] calldata runs)
        private
        view
        returns (Question memory)
    {
        bytes32 root = _subjectRoot(rfp, subject);
        return examiner.demandOfItem(rfp, spec, subject, item, root, runs);
    }

    function _subjectRoot(Rfp calldata rfp, Subject subject) private view returns (bytes32) {
        if (subject == Subject.Input) return rfp.inputRoot;
        require(subject == Subject.Result, WrongLine(0));
        return _rootOf(jobIdOf(address(market), rfp));
    }

    // Answering, in parts

    /// The prefund pays the answer's gas; what is left goes back to who asked.
    function _payAnswer(uint64 id, Answer calldata given, uint256 start, uint256 size, uint256 tokens) private {
        Line storage line = _lines[id];
        uint128 prefund = line.prefund;
        line.prefund = 0;
        uint256 rest = ANSWER_REST_GAS + size * GAS_PER_TOLD_BYTE;
        uint128 paid = _worthOf(Meter.gasSince(start, tokens, rest), ANSWER_GAS);
        line.spent += paid;
        emit Answered(id, line.rounds, msg.sender, given, paid, block.timestamp + line.openerLeft);
        _pay(msg.sender, paid);
        _pay(line.opener, prefund - paid);
    }
}
