// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Guarantee, JobId, Rfp, Verdict } from "../types/Job.sol";
import { IProofs, Submission } from "./IProofs.sol";

/// How a claim ended.
enum Outcome {
    None,
    /// The claim was false, or withdrawn: nothing changes.
    Rejected,
    /// One item is void.
    Void,
    /// The worker committed fraud.
    Slash
}

/// What the chain keeps of a committed result. `root` fills one slot; what claims lead to fills two more, which stay empty
/// while nobody claims anything.
struct Result {
    bytes32 root;
    uint32 openClaims;
    uint32 voidItems;
    bool slashed;
    /// Who is rewarded if the job is slashed: who convicted the worker, or else who voided the first item.
    address challenger;
    /// What was taken from the job bond for the challengers' costs of voiding, at most three eighths of it.
    uint128 costs;
}

/// @title Results
/// @notice Commitments, challenge windows, finality; one verdict per attempt, in the order slash, void, good.
interface IResults {
    event Committed(
        JobId indexed job, address indexed worker, uint256 attempt, bytes32 root, bytes32 payloadDigest, uint256 finalAt
    );
    /// Beside `Committed`, of a job whose critical step was proven. `decisions` has 32 bits for each item, the first
    /// lowest: its decision, and above it whether the decision is certain.
    event Proven(JobId indexed job, address verifier, uint256 decisions);
    event ClaimOpened(JobId indexed job, uint256 openClaims);
    /// `charged` is what the worker's bond paid for the challenger's costs.
    event ClaimClosed(JobId indexed job, Outcome outcome, uint256 item, address challenger, uint256 charged);
    event Finalized(JobId indexed job, bytes32 root, Verdict verdict);

    /// @notice Thrown when a caller other than the disputes contract reports a claim.
    error NotDisputes(address caller);
    /// @notice Thrown when a job has no committed result that waits for finality.
    error NotCommitted(JobId job);
    /// @notice Thrown when the window is still open.
    error NotFinalYet(uint256 nowAt, uint256 finalAt);
    /// @notice Thrown when a claim comes after the window.
    error WindowClosed(uint256 nowAt, uint256 finalAt);
    /// @notice Thrown when claims on the job are still open.
    error ClaimsOpen(JobId job, uint256 openClaims);
    /// @notice Thrown when a claim is closed that isn't open.
    error NoOpenClaim(JobId job);
    /// @notice Thrown when an item lies at or beyond the job's item count.
    error BadItem(uint256 item, uint256 itemCount);
    /// @notice Thrown when a root is zero.
    error ZeroRoot();
    /// @notice Thrown when a job is committed in another way than its guarantee asks for.
    error WrongGuarantee(Guarantee guarantee);
    /// @notice Thrown when the inputs that were proven about aren't the job's.
    error WrongInputs(bytes32 root, bytes32 expected);
    /// @notice Thrown when the outcome is none of a claim's ends, or a void or slash names no challenger.
    error BadOutcome();
    /// @notice Thrown when the time to reveal claims is too short for a chain where money is real.
    error RevealTimeTooShort(uint256 time, uint256 minimum);

    /// @notice The worker of a job commits the batch root of its outputs. `payloadDigest` is the sha256 of the payload
    /// that it serves; only the event keeps it.
    function commit(Rfp calldata rfp, bytes32 root, bytes32 payloadDigest) external;

    /// @notice The worker of a `hybrid` or `proven` job commits its outputs, with a proof for each item. The chain computes
    /// batch root, payload digest and public instances from the submitted payloads itself. A hybrid result waits for its
    /// window, a proven one is final and settled in this call. A proof that fails reverts and changes nothing.
    function commitProven(Rfp calldata rfp, Submission calldata submission) external;

    /// @notice Notes a claim, which keeps the job from being final: before the window closes, or later while another claim
    /// is open. Only the disputes contract may call.
    function openClaim(Rfp calldata rfp) external;

    /// @notice Notes how a claim ended. Only the disputes contract may call. `cost`, in utility tokens, is what voiding an
    /// item cost the challenger; `charged` is the part that the worker's locked bond pays at once, as the challenger's
    /// credit: nothing for an item that is void already, and at most three eighths of the job bond for all items together. A
    /// slash takes the challenger's place whoever held it; that the earliest claim takes it is the caller's care.
    function closeClaim(Rfp calldata rfp, Outcome outcome, uint32 item, address challenger, uint128 cost)
        external
        returns (uint128 charged);

    /// @notice Makes a result final and settles the job, after its window and with no claim open. Anybody may call.
    function finalize(Rfp calldata rfp) external;

    /// @notice When a committed job becomes final if nobody claims: window end + time to reveal claims.
    function finalAt(Rfp calldata rfp) external view returns (uint256);

    /// @notice What was proven of a job's item: the index of its largest score, and whether that is certain: whether the
    /// model's canonical evaluation decides alike. Zero and false for what was not proven; void items keep theirs.
    function decisionOf(JobId job, uint32 item) external view returns (uint32 decision, bool isCertain);

    function resultOf(JobId job) external view returns (Result memory);

    /// @notice The contract that opens and closes claims, zero if this deployment has none.
    function disputes() external view returns (address);

    /// @notice The contract that checks proofs.
    function proofs() external view returns (IProofs);

    /// @notice The time R for revealing claims, in seconds.
    function claimRevealTime() external view returns (uint32);
}
