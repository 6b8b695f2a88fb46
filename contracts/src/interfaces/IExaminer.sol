// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Answer, ClaimTerms, Demand, Exhibit, Run, StepProof, Subject } from "../types/Dispute.sol";
import { Rfp } from "../types/Job.sol";
import { Citation, Evidence, Ruling } from "./IReferee.sol";
import { Outcome } from "./IResults.sol";

/// What a claim brings about, the depth of the model's program, and what the exhibit's content counts as calldata.
struct Finding {
    Outcome outcome;
    uint256 depth;
    uint256 tokens;
}

/// A demand that can be answered, the depth of the model's program, and what the demand's content counts as calldata.
struct Question {
    Demand demand;
    uint256 depth;
    uint256 tokens;
}

/// @title Examiner
/// @notice What exhibits, evidence, demands and answers show about a published model. Stateless: it trusts its caller for the
/// roots that it gets, and reads no storage. Apart from Disputes for its size alone.
/// @dev `spec` is abi.encode(ModelSpec), checked against the id. `tokens` is what the content counts as calldata, by `Meter`.
interface IExaminer {
    /// @notice What a claim on a result of batch root `root` brings about. Reverts unless that is Void or Slash.
    function compare(
        Rfp calldata rfp,
        bytes calldata spec,
        ClaimTerms calldata terms,
        Exhibit calldata exhibit,
        bytes32 root
    ) external view returns (Finding memory finding);

    /// @notice How one element of a trace stands.
    function judge(bytes32 modelId, bytes calldata spec, bytes32 trace, bytes32 inputs, Evidence calldata evidence)
        external
        view
        returns (Ruling ruling, uint256 tokens);

    /// @notice How a record of the model's program stands by itself.
    function judgeRecord(
        bytes32 modelId,
        bytes calldata spec,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata path
    ) external view returns (Ruling ruling, uint256 tokens);

    /// @notice How a record of the model's program stands beside what it names.
    function judgeCitation(bytes32 modelId, bytes calldata spec, Citation calldata citation)
        external
        view
        returns (Ruling ruling, uint256 tokens);

    /// @notice How an output of the model's program stands beside the signature.
    function judgeOutput(
        bytes32 modelId,
        bytes calldata spec,
        uint256 output,
        StepProof calldata outputs,
        StepProof calldata step
    ) external view returns (Ruling ruling, uint256 tokens);

    /// @notice A demand of leaves of a trace of this root. Reverts unless it can be answered by whoever has the trace.
    function demandOfTrace(
        bytes32 modelId,
        bytes calldata spec,
        bytes32 trace,
        Run[] calldata runs,
        StepProof[] calldata proofs
    ) external view returns (Question memory question);

    /// @notice A demand of leaves of one item of a result of batch root `root`, or of the input, likewise.
    function demandOfItem(
        Rfp calldata rfp,
        bytes calldata spec,
        Subject subject,
        uint32 item,
        bytes32 root,
        Run[] calldata runs
    ) external pure returns (Question memory question);

    /// @notice Whether an answer is what was demanded; the bytes of its content besides.
    function answers(Demand calldata demand, Answer calldata given)
        external
        view
        returns (bool well, uint256 size, uint256 tokens);
}
