// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Evidence, Opening } from "../../src/interfaces/IReferee.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { StepProof } from "../../src/types/Dispute.sol";
import { ModelSpec, OutputTolerance, TensorSpec, Tolerance } from "../../src/types/Model.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";

/// A program of four steps on 100 floats x, with a weight w of as many, all of it small integers and therefore exact:
/// 0 load x, 1 x + w, 2 the sum of x * w, 3 step 1 as integers. Outputs: 0 is step 1 as f32, 1 is step 2 as f64, 2 is step
/// 3 as i64. Trees, records and openings are made here as an honest party makes them, with the plain trees.
library TinyModel {
    using PlainMerkle for bytes32[];

    uint256 internal constant SIZE = 100;
    uint256 internal constant STEPS = 4;
    uint32 internal constant DEPTH = 3;
    uint64 internal constant NAN = 0x7FF8_0000_0000_0001;

    // The program

    function records() internal pure returns (bytes[] memory found) {
        found = new bytes[](STEPS + 1);
        found[0] = bytes.concat(hex"010001010001", bytes4(uint32(SIZE)), _operand(3, 1, 0));
        found[1] = bytes.concat(hex"020101010002", bytes4(uint32(SIZE)), _operand(1, 1, 0), _operand(2, 1, 0));
        found[2] = bytes.concat(hex"030001000102", bytes4(uint32(SIZE)), _operand(1, 1, 0), _operand(2, 1, 0));
        found[3] = bytes.concat(hex"021c02010001", bytes4(uint32(SIZE)), _operand(1, 1, 1));
        found[4] = hex"ff03000000010000000200000003";
    }

    /// All 100 elements of a tensor, one after the other.
    function _operand(uint8 source, uint8 dtype, uint32 tensor) private pure returns (bytes memory) {
        return bytes.concat(
            bytes1(source), bytes1(dtype), bytes4(tensor), bytes5(uint40(SIZE)), bytes17(0), bytes8(uint64(1))
        );
    }

    function spec(bytes[] memory program, bool voidOnly) internal pure returns (ModelSpec memory model) {
        model.programRoot = _rootOf(program);
        model.weightsRoot = _weightsRoot();
        (model.loweringVersion, model.steps, model.weightCount, model.depth) = (1, uint32(STEPS), 1, DEPTH);
        (model.voidOnly, model.onnxDigest, model.executionDigest) = (voidOnly, keccak256("onnx"), keccak256("graph"));
        model.inputs = new TensorSpec[](1);
        model.inputs[0] = _tensor("x", 1, SIZE);
        model.outputs = new TensorSpec[](3);
        model.outputs[0] = _tensor("sum", 1, SIZE);
        model.outputs[1] = _tensor("product", 11, 1);
        model.outputs[2] = _tensor("whole", 7, SIZE);
        model.tolerances = new OutputTolerance[](3);
        // 1/4 and 1; a thousandth and four thousandths, about.
        model.tolerances[0] = OutputTolerance(Tolerance(0x3FD0 << 48, 0), Tolerance(Float64.ONE, 0));
        model.tolerances[1] = OutputTolerance(Tolerance(0, 0x3F50 << 48), Tolerance(0, 0x3F70 << 48));
    }

    function _tensor(string memory name, uint8 dtype, uint256 size) private pure returns (TensorSpec memory tensor) {
        (tensor.name, tensor.dtype, tensor.shape) = (name, dtype, new uint32[](1));
        tensor.shape[0] = uint32(size);
    }

    // Values

    function input(uint256 item, uint256 i) internal pure returns (int256) {
        return int256((31 * item + 7 * i) % 17) - 5;
    }

    function weight(uint256 i) internal pure returns (int256) {
        return int256((5 * i) % 11) - 4;
    }

    /// The item's input tensor.
    function inputs(uint256 item) internal pure returns (bytes[] memory tensors) {
        tensors = new bytes[](1);
        tensors[0] = new bytes(4 * SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            putFloat(tensors[0], i, input(item, i));
        }
    }

    /// The honest trace.
    function trace(uint256 item) internal pure returns (bytes[] memory tensors) {
        tensors = new bytes[](STEPS);
        int256 product;
        for (uint256 k = 0; k < STEPS; ++k) {
            tensors[k] = new bytes(k == 2 ? 8 : 8 * SIZE);
        }
        for (uint256 i = 0; i < SIZE; ++i) {
            (int256 x, int256 w) = (input(item, i), weight(i));
            put(tensors[0], i, Float64.pack(x, 0));
            put(tensors[1], i, Float64.pack(x + w, 0));
            put(tensors[3], i, uint64(int64(x + w)));
            product += x * w;
        }
        put(tensors[2], 0, Float64.pack(product, 0));
    }

    /// The honest outputs.
    function outputs(uint256 item) internal pure returns (bytes[] memory tensors) {
        bytes[] memory steps = trace(item);
        tensors = new bytes[](3);
        tensors[0] = new bytes(4 * SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            putFloat(tensors[0], i, input(item, i) + weight(i));
        }
        (tensors[1], tensors[2]) = (steps[2], steps[3]);
    }

    function weights() internal pure returns (bytes memory tensor) {
        tensor = new bytes(8 * SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            put(tensor, i, Float64.pack(weight(i), 0));
        }
    }

    /// Writes a little-endian element of 8 bytes.
    function put(bytes memory tensor, uint256 element, uint64 word) internal pure {
        for (uint256 k = 0; k < 8; ++k) {
            tensor[8 * element + k] = bytes1(uint8(word >> (8 * k)));
        }
    }

    /// Writes a small integer as a little-endian f32.
    function putFloat(bytes memory tensor, uint256 element, int256 value) internal pure {
        putBits(tensor, element, floatOf(Float64.pack(value, 0)));
    }

    function putBits(bytes memory tensor, uint256 element, uint32 bits) internal pure {
        for (uint256 k = 0; k < 4; ++k) {
            tensor[4 * element + k] = bytes1(uint8(bits >> (8 * k)));
        }
    }

    /// f32 bits of a float64 number that is an f32 number too, and normal or zero.
    function floatOf(uint64 bits) internal pure returns (uint32) {
        if (bits == 0) return 0;
        uint256 exponent = ((bits >> 52) & 0x7FF) - 1023 + 127;
        return uint32(((bits >> 63) << 31) | (exponent << 23) | ((bits >> 29) & 0x7FFFFF));
    }

    // Trees

    function tensorRoot(bytes memory tensor) internal pure returns (bytes32) {
        return leavesOf(tensor).root();
    }

    /// The root of an upper tree over tensors' roots: of an item, or of a trace.
    function root(bytes[] memory tensors) internal pure returns (bytes32) {
        return entriesOf(tensors).root();
    }

    /// The root over items' roots.
    function batchRoot(bytes[][] memory items) internal pure returns (bytes32) {
        return batchOf(items).root();
    }

    function batchPath(bytes[][] memory items, uint256 item) internal pure returns (bytes32[] memory) {
        return batchOf(items).proof(item, 1);
    }

    function batchOf(bytes[][] memory items) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[](items.length);
        for (uint256 k = 0; k < items.length; ++k) {
            digests[k] = PlainMerkle.leaf(bytes.concat(root(items[k])));
        }
    }

    function entriesOf(bytes[] memory tensors) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[](tensors.length);
        for (uint256 k = 0; k < tensors.length; ++k) {
            digests[k] = PlainMerkle.leaf(bytes.concat(tensorRoot(tensors[k])));
        }
    }

    function leavesOf(bytes memory tensor) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[]((tensor.length - 1) / 512 + 1);
        for (uint256 k = 0; k < digests.length; ++k) {
            digests[k] = PlainMerkle.leaf(cut(tensor, k, 1));
        }
    }

    /// Whole leaves of a tensor, filled with zeros.
    function cut(bytes memory tensor, uint256 first, uint256 count) internal pure returns (bytes memory leaves) {
        leaves = new bytes(512 * count);
        uint256 size = tensor.length - 512 * first;
        if (size > leaves.length) size = leaves.length;
        assembly ("memory-safe") {
            mcopy(add(leaves, 32), add(add(tensor, 32), shl(9, first)), size)
        }
    }

    function _rootOf(bytes[] memory program) private pure returns (bytes32) {
        return programOf(program).root();
    }

    function programOf(bytes[] memory program) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[](program.length);
        for (uint256 k = 0; k < program.length; ++k) {
            digests[k] = PlainMerkle.leaf(program[k]);
        }
    }

    function _weightsRoot() private pure returns (bytes32) {
        return PlainMerkle.leaf(bytes.concat(tensorRoot(weights()), bytes1(uint8(1)), bytes5(uint40(SIZE))));
    }

    // Openings

    function recordProof(bytes[] memory program, uint256 index) internal pure returns (StepProof memory) {
        return StepProof(program[index], programOf(program).proof(index, 1));
    }

    /// Leaves of one of an item's or a trace's tensors.
    function open(bytes[] memory tensors, uint256 tensor, uint256 first, uint256 count)
        internal
        pure
        returns (Opening memory opening)
    {
        opening.leaves = cut(tensors[tensor], first, count);
        opening.proof = leavesOf(tensors[tensor]).proof(first, count);
        opening.path = entriesOf(tensors).proof(tensor, 1);
    }

    /// The leaf that holds an element.
    function openElement(bytes[] memory tensors, uint256 tensor, uint256 element, uint256 itemSize)
        internal
        pure
        returns (Opening memory)
    {
        return open(tensors, tensor, element * itemSize / 512, 1);
    }

    /// Evidence on one element of a trace.
    function evidence(
        bytes[] memory program,
        bytes[] memory itemInputs,
        bytes[] memory steps,
        uint256 step,
        uint256 element
    ) internal pure returns (Evidence memory found) {
        StepProof memory record = recordProof(program, step);
        (found.step, found.element, found.record, found.recordPath) = (step, element, record.record, record.path);
        found.output = openElement(steps, step, element, 8);
        Opening memory weight_;
        weight_.leaves = cut(weights(), step == 2 ? 0 : element / 64, step == 2 ? 2 : 1);
        weight_.proof = leavesOf(weights()).proof(step == 2 ? 0 : element / 64, step == 2 ? 2 : 1);
        weight_.path = new bytes32[](0);
        found.operands = new Opening[](step == 0 || step == 3 ? 1 : 2);
        if (step == 0) found.operands[0] = openElement(itemInputs, 0, element, 4);
        if (step == 1) found.operands[0] = openElement(steps, 0, element, 8);
        if (step == 2) found.operands[0] = open(steps, 0, 0, 2);
        if (step == 3) found.operands[0] = openElement(steps, 1, element, 8);
        if (found.operands.length == 2) found.operands[1] = weight_;
    }
}
