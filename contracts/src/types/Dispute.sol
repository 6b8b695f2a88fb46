// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Opening } from "../interfaces/IReferee.sol";
import { Outcome } from "../interfaces/IResults.sol";
import { JobId } from "./Job.sol";

/// Constants of a disputes contract. Times in seconds, amounts in utility-token base units.
struct DisputeParams {
    /// How long a revealed claim may be refuted before it can be upheld.
    uint32 refuteWindow;
    /// How long each side of a line may take for all its rounds together.
    uint32 lineClock;
    /// What a unit of gas is worth, calldata fees of a rollup included.
    uint128 gasPrice;
    /// What a refuter gets beside its gas.
    uint128 refuteReward;
    /// Bond of a line on a claim; lost if the line ends while the claim lives.
    uint128 lineBond;
}

/// What a claim says; its seal hides it.
struct ClaimTerms {
    JobId job;
    uint32 item;
    /// Output tensor of the model's signature, and a row-major element of it, that is wrong.
    uint32 output;
    uint64 element;
    /// Root of the claimer's trace: the upper tree over the step tensors' roots.
    bytes32 trace;
    /// sha256 of the trace's payload, all step tensors in order, which the claimer serves.
    bytes32 traceDigest;
}

/// What shows, when a claim is revealed, that committed and claimed element lie further apart than accept.
struct Exhibit {
    /// The program's record of outputs and its path.
    bytes outputsRecord;
    bytes32[] outputsPath;
    /// The element in the committed result: its tensor's path leads to the item's root, `itemPath` on to the batch's.
    Opening committed;
    bytes32[] itemPath;
    /// The element in the trace, in the tensor of the output's step.
    Opening canonical;
    /// Root of the item's inputs and its path in the job's input.
    bytes32 inputs;
    bytes32[] inputsPath;
}

/// `None` is no claim.
enum ClaimState {
    None,
    Open,
    Refuted,
    Upheld
}

/// A revealed claim. Five slots.
struct Claim {
    JobId job;
    bytes32 trace;
    /// Root of the item's inputs.
    bytes32 inputs;
    address claimer;
    uint40 revealedAt;
    ClaimState state;
    /// What it brings about if it is upheld.
    Outcome outcome;
    uint32 openLines;
    uint32 item;
    /// What making the claim cost in gas, in utility tokens.
    uint96 cost;
    /// What is left of the part of the bond that pays for lines.
    uint128 reserve;
}

/// What a line asks for leaves of.
enum Subject {
    None,
    /// A claim's trace, from its claimer.
    Trace,
    /// One item of a committed result, from the job's worker.
    Result,
    /// One item of a job's input, from the job's worker.
    Input
}

/// Whose move a line waits for.
enum Turn {
    None,
    Answerer,
    Demander,
    Closed
}

/// A run of whole leaves of one tensor.
struct Run {
    uint32 tensor;
    uint40 first;
    uint32 count;
    /// Leaves of the whole tensor.
    uint40 leaves;
}

/// A step's record, which tells how many leaves its tensor has.
struct StepProof {
    bytes record;
    bytes32[] path;
}

/// What one round asks for; the chain keeps its hash.
struct Demand {
    Subject subject;
    /// Root of the trace, or of the batch.
    bytes32 root;
    /// The item and the batch's item count; zero for a trace.
    uint32 item;
    uint32 itemCount;
    /// Tensors in the trace, or in each item.
    uint32 tensors;
    Run[] runs;
}

/// One opening for each run; of a result or an input the item's root and its path in the batch besides.
struct Answer {
    Opening[] openings;
    bytes32 itemRoot;
    bytes32[] itemPath;
}

/// A line. Five slots.
struct Line {
    JobId job;
    /// Hash of the open demand.
    bytes32 demand;
    address opener;
    /// Since when the side whose turn it is may move.
    uint40 since;
    Subject subject;
    Turn turn;
    uint32 rounds;
    /// Seconds left on each side's clock, when its turn began.
    uint32 openerLeft;
    uint32 answererLeft;
    /// Most rounds: twice the program's depth.
    uint32 maxRounds;
    uint32 item;
    /// Zero unless the subject is a claim's trace.
    uint64 claim;
    /// Prefunds the answer to the open demand.
    uint128 prefund;
    /// What the opener's demands and their answers have cost it, in gas turned to utility tokens.
    uint128 spent;
}

/// How a line ended.
enum LineEnd {
    None,
    /// The answerer's clock ran out: the claim is dead, or the worker convicted.
    Unanswered,
    /// Its opener closed it, or let its own clock run out.
    Left,
    /// What it asked about was decided otherwise.
    Moot
}
