// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ModelRecord, ModelSpec } from "../types/Model.sol";

/// @title Models
/// @notice Published models, by an id that follows from their content. Nobody owns or changes one.
interface IModels {
    event ModelPublished(
        bytes32 indexed modelId, address indexed publisher, bool disputable, ModelSpec spec, string uri
    );

    /// @notice Thrown when the model is published already.
    error AlreadyPublished(bytes32 modelId);
    /// @notice Thrown when a model has no inputs or outputs, or too many.
    error BadSignature(uint256 inputs, uint256 outputs);
    /// @notice Thrown when a tensor's name, dtype, rank or size is out of bounds.
    error BadTensor(string name);
    /// @notice Thrown when there is not one tolerance for each output.
    error BadToleranceCount(uint256 outputs, uint256 tolerances);
    /// @notice Thrown when an output's tolerances break the rules of docs/protocol.md.
    error BadTolerance(uint256 output);
    /// @notice Thrown when a digest is missing, or when roots, counts, depth and lowering version don't fit together.
    error IncompleteSpec();
    /// @notice Thrown when the critical step lacks a digest, is out of bounds, or doesn't fit the model's signature.
    error BadCriticalStep();
    /// @notice Thrown when a circuit made with a development SRS is published where money is real.
    error DevelopmentCircuit(bytes32 circuit);
    /// @notice Thrown when the manifest's URI is longer than a URL may be.
    error UriTooLong(uint256 length, uint256 limit);

    /// @notice Publishes a model. `uri` tells where its manifest and files can be had; only the event keeps it.
    function publish(ModelSpec calldata spec, string calldata uri) external returns (bytes32 modelId);

    function modelIdOf(ModelSpec calldata spec) external pure returns (bytes32);

    function recordOf(bytes32 modelId) external view returns (ModelRecord memory);
}
