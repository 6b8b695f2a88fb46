// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Evidence, Opening } from "../../src/interfaces/IReferee.sol";
import { ModelSpec, OutputTolerance, TensorSpec, Tolerance } from "../../src/types/Model.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";
import { TinyModel } from "./TinyModel.sol";

/// A program of one step: the sum of the products of two weights of `terms` elements, no byte of which is zero.
library ProductModel {
    uint64 internal constant FACTOR = 0x3FF1_2345_6789_ABCD;

    function records(uint256 terms) internal pure returns (bytes[] memory found) {
        found = new bytes[](2);
        found[0] = bytes.concat(hex"030001000102", bytes4(uint32(terms)), _operand(0, terms), _operand(1, terms));
        found[1] = hex"ff0100000000";
    }

    function _operand(uint32 weight, uint256 terms) private pure returns (bytes memory) {
        return bytes.concat(hex"0201", bytes4(weight), bytes5(uint40(terms)), bytes17(0), bytes8(uint64(1)));
    }

    function spec(uint256 terms) internal pure returns (ModelSpec memory model) {
        model = TinyModel.spec(records(terms), false);
        bytes32 entry = _entry(terms);
        model.weightsRoot = PlainMerkle.node(entry, entry);
        (model.steps, model.weightCount, model.depth) = (1, 2, 1);
        model.inputs[0].shape[0] = 1;
        model.outputs = new TensorSpec[](1);
        model.outputs[0] = TensorSpec("y", 11, new uint32[](0));
        model.tolerances = new OutputTolerance[](1);
        model.tolerances[0] = OutputTolerance(Tolerance(0x3FD0 << 48, 0), Tolerance(0x3FF0 << 48, 0));
    }

    /// Evidence on the one element, which is nothing like the sum.
    function evidence(bytes[] memory trace, uint256 terms) internal pure returns (Evidence memory found) {
        found.record = records(terms)[0];
        found.recordPath = TinyModel.recordProof(records(terms), 0).path;
        found.output = TinyModel.openElement(trace, 0, 0, 8);
        found.operands = new Opening[](2);
        found.operands[0].leaves = _weight(terms);
        found.operands[0].path = new bytes32[](1);
        found.operands[0].path[0] = _entry(terms);
        found.operands[1] = found.operands[0];
    }

    function _entry(uint256 terms) private pure returns (bytes32) {
        bytes32 root = TinyModel.tensorRoot(_weight(terms));
        return PlainMerkle.leaf(bytes.concat(root, bytes1(uint8(1)), bytes5(uint40(terms))));
    }

    function _weight(uint256 terms) private pure returns (bytes memory tensor) {
        tensor = new bytes(8 * terms);
        for (uint256 k = 0; k < terms; ++k) {
            TinyModel.put(tensor, k, FACTOR);
        }
    }
}
