// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Citation, Evidence, Opening, Ruling } from "./IReferee.sol";
import { Outcome } from "./IResults.sol";
import {
    Answer,
    Claim,
    ClaimTerms,
    Demand,
    DisputeParams,
    Exhibit,
    Line,
    LineEnd,
    Run,
    StepProof,
    Subject
} from "../types/Dispute.sol";
import { JobId, Rfp } from "../types/Job.sol";

/// @title Disputes
/// @notice Claims that a committed item is wrong, their refutation, and lines: demands for data that somebody withholds.
/// Terms of jobs and models come back in calldata and are checked against their hashes; `spec` is abi.encode(ModelSpec).
/// Ids of claims and lines come from one counter: the lowest that convicts a job takes its reward.
interface IDisputes {
    event ClaimSealed(bytes32 indexed seal, address indexed claimer, uint128 bond);
    event SealBurned(bytes32 indexed seal, address indexed claimer, uint128 bond);
    event ClaimRevealed(
        uint64 indexed claim,
        JobId indexed job,
        address indexed claimer,
        bytes32 seal,
        ClaimTerms terms,
        bytes32 inputs,
        Outcome outcome,
        uint128 bond,
        uint128 cost,
        uint256 upholdableAt
    );
    /// `step` and `element` are where the trace breaks; both are zero for an invalid model (Invalid), and for a trace that
    /// wasn't served (None).
    event ClaimRefuted(
        uint64 indexed claim,
        JobId indexed job,
        address indexed refuter,
        Ruling ruling,
        uint256 step,
        uint256 element,
        uint128 reward,
        uint128 toWorker,
        uint128 burned
    );
    event ClaimUpheld(uint64 indexed claim, JobId indexed job, Outcome outcome, uint128 charged);
    event ModelInvalidated(bytes32 indexed modelId);
    event LineOpened(
        uint64 indexed line, JobId indexed job, address indexed opener, Subject subject, uint64 claim, uint32 item
    );
    event Demanded(uint64 indexed line, uint32 round, Demand demand, uint128 prefund, uint256 answerBy);
    event Answered(uint64 indexed line, uint32 round, address answerer, Answer answer, uint128 paid, uint256 demandBy);
    /// `repaid` is all that went back to the opener, `forfeited` its lost bond: half the claimer's, half burned.
    event LineClosed(uint64 indexed line, JobId indexed job, LineEnd end, uint128 repaid, uint128 forfeited);
    /// What the lines on a dead claim left of the part of its bond that pays for them.
    event ReserveDivided(uint64 indexed claim, uint128 toWorker, uint128 burned);

    /// @notice Thrown when a constant is out of its bounds.
    error BadDisputeParameter(string name);
    /// @notice Thrown when terms don't have the hash that they should.
    error WrongTerms(bytes32 expected);
    /// @notice Thrown when a model isn't the job's, or can't be disputed.
    error WrongModel(bytes32 modelId);
    /// @notice Thrown when the account made this seal already, or for a seal that it didn't make or that is used.
    error BadSeal(bytes32 seal);
    /// @notice Thrown before a seal may be revealed or burned.
    error SealTooFresh(uint256 nowAt, uint256 from);
    /// @notice Thrown when a seal is revealed too late.
    error SealTooOld(uint256 nowAt, uint256 until);
    /// @notice Thrown when the window for claims, or for lines, is over.
    error TooLateToDispute(uint256 nowAt, uint256 until);
    /// @notice Thrown when the job has no committed result that waits for finality.
    error NothingToDispute(JobId job);
    /// @notice Thrown when the claimed element lies within accept of the committed one.
    error WithinAccept();
    /// @notice Thrown when there is no such item, output or element.
    error NoSuchPlace(uint256 item, uint256 output, uint256 element);
    /// @notice Thrown when an opening doesn't lead to its committed root.
    error BadOpening();
    /// @notice Thrown when a claim isn't open.
    error ClaimNotOpen(uint64 claim);
    /// @notice Thrown when evidence shows nothing wrong.
    error NothingWrong();
    /// @notice Thrown when a claim is upheld before its window ends.
    error TooEarlyToUphold(uint256 nowAt, uint256 from);
    /// @notice Thrown when a claim is upheld while lines on it are open.
    error LinesOpen(uint64 claim, uint256 openLines);
    /// @notice Thrown when a model was shown to be invalid: no claim on it can be made.
    error ModelIsInvalid(bytes32 modelId);
    /// @notice Thrown when a claim on a model that nobody showed to be invalid is dismissed.
    error ModelNotInvalid(bytes32 modelId);
    /// @notice Thrown when a line isn't the caller's, is about something else, or is one too many on the same claim.
    error WrongLine(uint64 line);
    /// @notice Thrown when it isn't that side's turn.
    error NotYourTurn(uint64 line);
    /// @notice Thrown when the side whose turn it is has no time left.
    error ClockRanOut(uint64 line);
    /// @notice Thrown when the side whose turn it is still has time.
    error ClockStillRuns(uint64 line, uint256 until);
    /// @notice Thrown when a line has had all its rounds.
    error TooManyRounds(uint64 line, uint256 maxRounds);
    /// @notice Thrown when a demand is empty, too large, or reaches beyond a tensor.
    error BadDemand();
    /// @notice Thrown when an answer isn't what was asked for.
    error BadAnswer(uint64 line);

    // Claims

    /// @notice Locks the bond of a claim that nobody can read yet. Seals are kept by account, so that a copied one is
    /// in nobody's way.
    function seal(bytes32 seal_) external;

    /// @notice Reveals a claim: within the time R of its seal, which was made before the window's end. `line` is zero, or an
    /// answered line of the claimer's own on that item, whose clock still runs: then the seal may be younger.
    function reveal(
        Rfp calldata rfp,
        bytes calldata spec,
        ClaimTerms calldata terms,
        bytes32 salt,
        Exhibit calldata exhibit,
        uint64 line
    ) external returns (uint64 claim);

    /// @notice Burns the bond of a seal that its account didn't reveal in time. Anybody may call.
    function burnSeal(address claimer, bytes32 seal_) external;

    /// @notice Kills a claim by one element of its trace that breaks its law. Anybody may call, as with all refutations.
    function refute(Rfp calldata rfp, bytes calldata spec, uint64 claim, Evidence calldata evidence) external;

    /// @notice Kills a claim by an invalid record of its model's program.
    function refuteRecord(
        Rfp calldata rfp,
        bytes calldata spec,
        uint64 claim,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata path
    ) external;

    /// @notice Kills a claim by a record of its model's program that is invalid beside what it names.
    function refuteCitation(Rfp calldata rfp, bytes calldata spec, uint64 claim, Citation calldata citation) external;

    /// @notice Kills a claim by an output of its model's program that isn't as the signature says.
    function refuteOutput(
        Rfp calldata rfp,
        bytes calldata spec,
        uint64 claim,
        uint256 output,
        StepProof calldata outputs,
        StepProof calldata step
    ) external;

    /// @notice Kills a claim on a model that was shown to be invalid before.
    function dismiss(Rfp calldata rfp, uint64 claim) external;

    /// @notice Ends a claim that outlived its window and its lines: its outcome comes about.
    function uphold(Rfp calldata rfp, uint64 claim) external;

    // Lines

    /// @notice Demands leaves of a claim's trace: in a new line (`line` zero; one at a time for each account and claim) or as
    /// an open line's next round. `proofs` has the record of each run's step; each run's `leaves` is set by the contract.
    function demandTrace(
        Rfp calldata rfp,
        bytes calldata spec,
        uint64 claim,
        uint64 line,
        Run[] calldata runs,
        StepProof[] calldata proofs
    ) external returns (uint64);

    /// @notice Demands leaves of one item of a result or of an input, likewise.
    function demandItem(
        Rfp calldata rfp,
        bytes calldata spec,
        Subject subject,
        uint32 item,
        uint64 line,
        Run[] calldata runs
    ) external returns (uint64);

    /// @notice Answers the open demand. Anybody may; the measured gas is paid from the prefund.
    function answer(uint64 line, Demand calldata demand, Answer calldata given) external;

    /// @notice Ends a line whose answerer's clock has run out: kills the claim, or convicts the worker. Anybody may call.
    function lapse(Rfp calldata rfp, uint64 line) external;

    /// @notice Closes a line: its opener, in its turn; anybody, once the opener's clock has run out or the claim is closed.
    function closeLine(Rfp calldata rfp, uint64 line) external;

    // Views

    function claimOf(uint64 claim) external view returns (Claim memory);

    function lineOf(uint64 line) external view returns (Line memory);

    /// @notice When an account made a seal; zero if it didn't, or if the seal is used.
    function sealedAt(address claimer, bytes32 seal_) external view returns (uint256);

    function sealOf(address claimer, ClaimTerms calldata terms, bytes32 salt) external view returns (bytes32);

    /// @notice The bond that `seal` locks.
    function sealBond() external view returns (uint128);

    /// @notice The further bond that `reveal` locks for a model of this depth; it pays for lines.
    function lineReserve(uint256 depth) external view returns (uint128);

    function isInvalid(bytes32 modelId) external view returns (bool);

    function params() external view returns (DisputeParams memory);
}
