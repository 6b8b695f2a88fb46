// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { CriticalKind, CriticalStep } from "../types/Model.sol";

/// A batch of a job that is proven: what the chain computed of its payloads, and what was proven of its items.
struct ProvenBatch {
    /// Batch root of the inputs; zero for a head, whose circuit doesn't read them.
    bytes32 inputRoot;
    /// Batch root of the outputs.
    bytes32 outputRoot;
    /// 32 bits for each item, the first lowest: its decision, and above it whether the decision is certain.
    uint256 decisions;
}

/// What a worker shows of a batch: payloads of all items, tensor after tensor, and a proof for each item.
struct Submission {
    /// The model's abi.encode(ModelSpec), checked against the job's model id.
    bytes spec;
    /// Any contract whose code is the one that the spec pins.
    address verifier;
    /// The job's input payload if all of the model is proven, empty for a head.
    bytes inputs;
    bytes outputs;
    bytes[] proofs;
}

/// @title Proofs
/// @notice Whether zk-SNARKs prove the scores of a batch. Stateless.
/// @dev The public instances of an item are computed here from the payloads, never taken from the caller: first what the
/// circuit reads, quantised and cut as docs/protocol.md says, then the scores, which must be whole quanta already.
interface IProofs {
    /// @notice Thrown when the encoded spec isn't the model's.
    error WrongSpec(bytes32 modelId);
    /// @notice Thrown when the model has no critical step of the kind that the job asks for.
    error WrongCriticalKind(CriticalKind kind);
    /// @notice Thrown when the verifier has other code than the model's circuit pins.
    error WrongVerifier(address verifier, bytes32 code, bytes32 expected);
    /// @notice Thrown when a payload hasn't the length that follows from the signature and the item count.
    error WrongLength(uint256 length, uint256 expected);
    /// @notice Thrown when there isn't one proof for each item.
    error WrongProofCount(uint256 proofs, uint256 items);
    /// @notice Thrown when a score isn't a whole number of quanta, or has too many.
    error NotWholeQuanta(uint256 item, uint256 element);
    /// @notice Thrown when a proof doesn't prove the item's scores.
    error BadProof(uint256 item);
    /// @notice Thrown when so little gas is left that a good proof might fail.
    error TooLittleGas(uint256 gasLeft, uint256 needed);

    /// @notice Checks the proofs of `itemCount` items of a model; reverts if any fails.
    function verify(bytes32 modelId, CriticalKind kind, uint256 itemCount, Submission calldata submission)
        external
        view
        returns (ProvenBatch memory);

    /// @notice What a proof of an item must be about: what its circuit reads and its scores as field elements; and its
    /// decision, with the bit above it set if it is certain. Float32 tensors, little-endian; two scores at least.
    function instancesOf(CriticalStep calldata step, bytes calldata read, bytes calldata scores)
        external
        pure
        returns (uint256[] memory instances, uint256 decision);
}
