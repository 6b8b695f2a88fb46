// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Evaluation, InputTensor } from "../interfaces/IReferee.sol";
import { ModelSpec, TensorSpec } from "../types/Model.sol";
import { Merkle } from "./Merkle.sol";
import { Widening } from "./Widening.sol";

/// @title Specs
/// @notice What disputes and proofs read from a published model: its program, and the sizes of its tensors.
library Specs {
    /// @notice Elements of a tensor; `Models` takes only shapes whose product is small.
    function elementsOf(TensorSpec memory tensor) internal pure returns (uint256 elements) {
        elements = 1;
        for (uint256 k = 0; k < tensor.shape.length; ++k) {
            elements *= tensor.shape[k];
        }
    }

    /// @notice Leaves of a tensor's tree.
    function leavesOf(TensorSpec memory tensor) internal pure returns (uint256) {
        return Merkle.leafCount(elementsOf(tensor) * Widening.sizeOf(tensor.dtype));
    }

    /// @notice The evaluation that a claim commits to.
    function evaluationOf(ModelSpec memory model, bytes32 trace, bytes32 item)
        internal
        pure
        returns (Evaluation memory)
    {
        InputTensor[] memory inputs = new InputTensor[](model.inputs.length);
        for (uint256 k = 0; k < inputs.length; ++k) {
            // forge-lint: disable-next-line(unsafe-typecast)
            inputs[k] = InputTensor(model.inputs[k].dtype, uint40(elementsOf(model.inputs[k])));
        }
        return Evaluation({
            program: model.programRoot,
            steps: model.steps,
            weights: model.weightsRoot,
            weightCount: model.weightCount,
            trace: trace,
            item: item,
            inputs: inputs
        });
    }
}
