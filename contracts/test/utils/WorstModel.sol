// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Opening } from "../../src/interfaces/IReferee.sol";
import { Run, StepProof } from "../../src/types/Dispute.sol";
import { ModelSpec, OutputTolerance, TensorSpec, Tolerance } from "../../src/types/Model.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";

/// The largest program that records allow: 2^32 - 1 steps, of which the first has 2^40 elements and the last is the
/// output. Nobody could evaluate it; its trees are a few leaves and made-up siblings around them.
library WorstModel {
    uint32 internal constant STEPS = type(uint32).max;
    uint256 internal constant LEAVES = 2 ** 34;
    /// At nearly every height both neighbours of these leaves are missing.
    uint40 internal constant FIRST = 2 ** 33 - 3;
    uint32 internal constant COUNT = 8;

    function records() internal pure returns (bytes[] memory found) {
        found = new bytes[](3);
        // Copies of an immediate: three dimensions, and one.
        found[0] = bytes.concat(hex"090001030001000100000001000000000100", hex"0001", bytes18(0));
        found[1] = bytes.concat(hex"09000101000100000001", hex"0001", bytes18(0));
        found[2] = hex"ff01fffffffe";
    }

    function spec() internal pure returns (ModelSpec memory model) {
        (bytes32 left, bytes32 right) = _programHalves();
        model.programRoot = PlainMerkle.node(left, right);
        (model.loweringVersion, model.steps, model.depth) = (1, STEPS, 3);
        (model.onnxDigest, model.executionDigest) = (keccak256("onnx"), keccak256("graph"));
        model.inputs = new TensorSpec[](1);
        model.inputs[0] = TensorSpec("x", 1, new uint32[](0));
        model.outputs = new TensorSpec[](1);
        model.outputs[0] = TensorSpec("y", 1, new uint32[](0));
        model.tolerances = new OutputTolerance[](1);
        model.tolerances[0] = OutputTolerance(Tolerance(0x3FD0 << 48, 0), Tolerance(0x3FF0 << 48, 0));
    }

    function trace() internal pure returns (bytes32) {
        (bytes32 left, bytes32 right) = _traceHalves();
        return PlainMerkle.node(left, right);
    }

    // What is opened

    function run() internal pure returns (Run memory) {
        return Run(0, FIRST, COUNT, uint40(LEAVES));
    }

    function proof() internal pure returns (StepProof memory) {
        (, bytes32 right) = _programHalves();
        return StepProof(records()[0], _ending(31, right));
    }

    function outputsProof() internal pure returns (StepProof memory) {
        (bytes32 left,) = _programHalves();
        bytes32[] memory path = _ending(31, left);
        path[0] = PlainMerkle.leaf(records()[1]);
        return StepProof(records()[2], path);
    }

    /// The output's value, 1000.
    function canonical() internal pure returns (Opening memory opening) {
        (bytes32 left,) = _traceHalves();
        opening.leaves = _output();
        opening.path = _ending(31, left);
    }

    /// Eight times the same run of the largest tensor.
    function openings() internal pure returns (Opening[] memory found) {
        (, bytes32 right) = _traceHalves();
        found = new Opening[](8);
        found[0] = Opening(_leaves(), _made(_needed()), _ending(31, right));
        for (uint256 k = 1; k < 8; ++k) {
            found[k] = found[0];
        }
    }

    // Trees

    function _programHalves() private pure returns (bytes32 left, bytes32 right) {
        left = _climb(PlainMerkle.leaf(records()[0]), 0, _made(31));
        bytes32[] memory path = _made(31);
        path[0] = PlainMerkle.leaf(records()[1]);
        right = _climb(PlainMerkle.leaf(records()[2]), 2 ** 31 - 1, path);
    }

    function _traceHalves() private pure returns (bytes32 left, bytes32 right) {
        bytes32[] memory digests = new bytes32[](COUNT);
        bytes memory leaves = _leaves();
        for (uint256 k = 0; k < COUNT; ++k) {
            bytes memory leaf = new bytes(512);
            assembly ("memory-safe") {
                mcopy(add(leaf, 32), add(add(leaves, 32), shl(9, k)), 512)
            }
            digests[k] = PlainMerkle.leaf(leaf);
        }
        bytes32 tensor = PlainMerkle.fold(digests, FIRST, LEAVES, _made(_needed()));
        left = _climb(PlainMerkle.leaf(bytes.concat(tensor)), 0, _made(31));
        bytes32 output = PlainMerkle.leaf(bytes.concat(PlainMerkle.leaf(_output())));
        right = _climb(output, 2 ** 31 - 2, _made(31));
    }

    function _climb(bytes32 node, uint256 index, bytes32[] memory siblings) private pure returns (bytes32) {
        for (uint256 k = 0; k < siblings.length; ++k) {
            node = (index >> k) & 1 == 0 ? PlainMerkle.node(node, siblings[k]) : PlainMerkle.node(siblings[k], node);
        }
        return node;
    }

    /// How many digests the run's proof has.
    function _needed() private pure returns (uint256 count) {
        (uint256 low, uint256 high) = (FIRST, FIRST + COUNT - 1);
        for (uint256 size = LEAVES; size > 1; size /= 2) {
            count += low % 2 + (high + 1) % 2;
            (low, high) = (low / 2, high / 2);
        }
    }

    function _made(uint256 count) private pure returns (bytes32[] memory digests) {
        digests = new bytes32[](count);
        for (uint256 k = 0; k < count; ++k) {
            digests[k] = keccak256(abi.encode(k));
        }
    }

    function _ending(uint256 count, bytes32 last) private pure returns (bytes32[] memory digests) {
        digests = _made(count + 1);
        digests[count] = last;
    }

    function _leaves() private pure returns (bytes memory leaves) {
        leaves = new bytes(512 * COUNT);
        for (uint256 k = 0; k < leaves.length; ++k) {
            leaves[k] = bytes1(uint8(1 + k % 255));
        }
    }

    function _output() private pure returns (bytes memory leaf) {
        leaf = new bytes(512);
        (leaf[6], leaf[5], leaf[7]) = (0x8F, 0x40, 0x40);
    }
}
