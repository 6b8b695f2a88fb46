// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Referee } from "../../src/Referee.sol";
import { Evaluation, Evidence, InputTensor, Opening, Ruling } from "../../src/interfaces/IReferee.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";
import { Test } from "./Test.sol";

/// A tensor that an operand reads.
struct Tensor {
    uint8 source;
    uint8 dtype;
    uint8 number;
    uint8 itemSize;
    bytes data;
}

/// A run of elements that the law reads: of operand `operand`'s tensor.
struct Run {
    uint256 operand;
    uint256 first;
    uint256 length;
}

/// A step's record, number 3 of a program of 4 steps, with all that it reads.
struct Hearing {
    bytes record;
    /// Elements of the step's own tensor, all zero but the judged one.
    uint256 elements;
    uint256 element;
    Tensor[] tensors;
    Run[] runs;
}

/// Builds evidence as an honest opener does, with the plain trees.
abstract contract Court is Test {
    using PlainMerkle for bytes32[];

    uint256 internal constant STEPS = 4;
    uint256 internal constant JUDGED = 3;
    uint64 internal constant NAN = 0x7FF8_0000_0000_0001;

    Referee internal referee = new Referee();

    /// The ruling on `y` as the judged element.
    function rule(Hearing memory hearing, uint64 y) internal view returns (Ruling) {
        (Evaluation memory evaluation, Evidence memory evidence) = build(hearing, y);
        return referee.judge(evaluation, evidence);
    }

    function build(Hearing memory hearing, uint64 y)
        internal
        pure
        returns (Evaluation memory evaluation, Evidence memory evidence)
    {
        bytes memory own = new bytes(8 * hearing.elements);
        put(own, hearing.element, y);
        bytes32[][4] memory trees = _upperTrees(hearing, own);
        evaluation.program = trees[0].root();
        evaluation.steps = STEPS;
        evaluation.trace = trees[1].root();
        evaluation.weights = trees[2].root();
        evaluation.weightCount = STEPS;
        evaluation.item = trees[3].root();
        evaluation.inputs = _inputs(hearing);

        (evidence.step, evidence.element, evidence.record) = (JUDGED, hearing.element, hearing.record);
        evidence.recordPath = trees[0].proof(JUDGED, 1);
        evidence.output = open(own, 8, hearing.element, 1);
        evidence.output.path = trees[1].proof(JUDGED, 1);
        evidence.operands = new Opening[](hearing.runs.length);
        for (uint256 k = 0; k < hearing.runs.length; ++k) {
            Run memory run = hearing.runs[k];
            Tensor memory tensor = hearing.tensors[run.operand];
            evidence.operands[k] = open(tensor.data, tensor.itemSize, run.first, run.length);
            evidence.operands[k].path = trees[tensor.source].proof(tensor.number, 1);
        }
    }

    /// Leaf digests of program, trace, weights and item, in the order of the sources' codes.
    function _upperTrees(Hearing memory hearing, bytes memory own) private pure returns (bytes32[][4] memory trees) {
        trees[0] = new bytes32[](STEPS + 1);
        for (uint256 t = 1; t < 4; ++t) {
            trees[t] = new bytes32[](STEPS);
        }
        trees[0][JUDGED] = PlainMerkle.leaf(hearing.record);
        trees[1][JUDGED] = PlainMerkle.leaf(bytes.concat(leavesOf(own).root()));
        for (uint256 p = 0; p < hearing.tensors.length; ++p) {
            Tensor memory tensor = hearing.tensors[p];
            bytes memory entry = bytes.concat(leavesOf(tensor.data).root());
            if (tensor.source == 2) {
                entry = bytes.concat(entry, bytes1(tensor.dtype), bytes5(uint40(tensor.data.length / 8)));
            }
            if (tensor.source != 0) trees[tensor.source][tensor.number] = PlainMerkle.leaf(entry);
        }
    }

    function _inputs(Hearing memory hearing) private pure returns (InputTensor[] memory inputs) {
        inputs = new InputTensor[](STEPS);
        for (uint256 p = 0; p < hearing.tensors.length; ++p) {
            Tensor memory tensor = hearing.tensors[p];
            if (tensor.source != 3) continue;
            inputs[tensor.number] = InputTensor(tensor.dtype, uint40(tensor.data.length / tensor.itemSize));
        }
    }

    /// Opens the leaves of a tensor that hold a run of elements; the path is the caller's.
    function open(bytes memory data, uint256 itemSize, uint256 first, uint256 length)
        internal
        pure
        returns (Opening memory opening)
    {
        uint256 from = first * itemSize / 512;
        uint256 count = ((first + length) * itemSize - 1) / 512 + 1 - from;
        opening.leaves = new bytes(512 * count);
        for (uint256 i = 0; i < opening.leaves.length && 512 * from + i < data.length; ++i) {
            opening.leaves[i] = data[512 * from + i];
        }
        opening.proof = leavesOf(data).proof(from, count);
    }

    /// Leaf digests of a tensor.
    function leavesOf(bytes memory data) internal pure returns (bytes32[] memory digests) {
        uint256 count = data.length == 0 ? 1 : (data.length - 1) / 512 + 1;
        digests = new bytes32[](count);
        for (uint256 k = 0; k < count; ++k) {
            digests[k] = PlainMerkle.leaf(_leaf(data, k));
        }
    }

    function _leaf(bytes memory data, uint256 k) private pure returns (bytes memory leaf) {
        leaf = new bytes(512);
        uint256 size = data.length - 512 * k;
        if (size > 512) size = 512;
        assembly ("memory-safe") {
            mcopy(add(leaf, 32), add(add(data, 32), shl(9, k)), size)
        }
    }

    /// Writes a little-endian element.
    function put(bytes memory data, uint256 element, uint64 word) internal pure {
        for (uint256 i = 0; i < 8; ++i) {
            data[8 * element + i] = bytes1(uint8(word >> (8 * i)));
        }
    }

    /// A tensor of 8-byte elements.
    function tensorOf(uint8 source, uint8 number, uint64[] memory words) internal pure returns (Tensor memory) {
        bytes memory data = new bytes(8 * words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            put(data, i, words[i]);
        }
        return Tensor(source, 1, number, 8, data);
    }

    /// Big-endian number of `size` bytes at `place`.
    function take(bytes memory data, uint256 place, uint256 size) internal pure returns (uint256 value) {
        for (uint256 i = 0; i < size; ++i) {
            value = (value << 8) | uint8(data[place + i]);
        }
    }

    function slice(bytes memory data, uint256 place, uint256 size) internal pure returns (bytes memory part) {
        part = new bytes(size);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), place), size)
        }
    }
}
