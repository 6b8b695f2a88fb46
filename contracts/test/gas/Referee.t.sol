// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Referee } from "../../src/Referee.sol";
import { Evaluation, Evidence, IReferee, Opening, Ruling } from "../../src/interfaces/IReferee.sol";
import { Dot, DotSum } from "../../src/libraries/Dot.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { PlainMerkle } from "../libraries/PlainMerkle.sol";
import { Test } from "../utils/Test.sol";

/// @notice What judging one element costs as a transaction: execution, calldata and the base fee, the floor price of
/// calldata included. A program of 1,024 steps, tensors of 16,384 leaves, operands of random float64 numbers.
contract RefereeGasTest is Test {
    using PlainMerkle for bytes32[];

    uint256 private constant STEPS = 1024;
    uint256 private constant LEAVES = 1 << 14;
    uint40 private constant ELEMENTS = uint40(LEAVES * 64);
    uint256 private constant STEP = 1000;
    uint256 private constant OPERAND = 3;

    Referee private referee = new Referee();
    uint256 private salt;

    function test_Dot() public {
        for (uint256 k = 64; k <= 4096; k *= 8) {
            _reduction(3, k, 0, string.concat("dot K=", vm.toString(k)));
        }
        vm.assertLe(_reduction(3, 512, 0, "dot K=512"), 500_000, "dot K=512");
        _reduction(3, 512, 37, "dot K=512, misaligned");
    }

    function test_Sum() public {
        _reduction(4, 512, 0, "sum K=512");
        _reduction(5, 512, 0, "max K=512");
    }

    function test_Copy() public {
        bytes memory operand = _operand(1, OPERAND, 4, "");
        uint256 gas = _cost(bytes.concat(_header(9, 0, 1), _shape(), operand), 1, false, Float64.ONE, "copy");
        vm.assertLe(gas, 160_000, "copy");
        bytes memory guards = bytes.concat(_guard(), _guard(), _guard());
        operand = _operand(1, OPERAND, 4, guards);
        gas = _cost(bytes.concat(_header(9, 0, 1), _shape(), operand), 1, false, Float64.ONE, "copy with 3 guards");
        vm.assertLe(gas, 160_000, "copy with guards");
    }

    function test_Map() public {
        bytes memory operand = _operand(1, OPERAND, 4, "");
        bytes memory exp = bytes.concat(_header(2, 8, 1), _shape(), operand);
        uint256 gas = _cost(exp, 1, false, 0x4005BF0A8B145769, "map: exp");
        vm.assertLe(gas, 160_000, "map");
        bytes memory mul = bytes.concat(_header(2, 3, 2), _shape(), operand, _operand(2, OPERAND, 4, ""));
        _cost(mul, 1, true, Float64.ONE, "map: binary");
    }

    // Transactions

    function _reduction(uint8 opcode, uint256 k, uint256 base, string memory name) private returns (uint256) {
        bytes memory record = bytes.concat(
            bytes6(uint48(uint256(opcode) << 40 | 1 << 24 | 2 << 16 | 1 << 8 | (opcode == 3 ? 2 : 1))),
            bytes4(uint32(1024)),
            bytes4(uint32(1024)),
            bytes4(uint32(k)),
            _segment(1, base),
            opcode == 3 ? _segment(2, base) : bytes("")
        );
        bytes memory data = _elements(k + base);
        uint64 y = opcode == 5 ? _largest(data, base, k) : _sum(data, opcode == 3, base, k);
        return _costOf(record, data, opcode == 3, y, name);
    }

    function _cost(bytes memory record, uint256 elements, bool weight, uint64 y, string memory name)
        private
        returns (uint256)
    {
        bytes memory data = _elements(elements);
        _put(data, 0, Float64.ONE);
        return _costOf(record, data, weight, y, name);
    }

    function _costOf(bytes memory record, bytes memory data, bool weight, uint64 y, string memory name)
        private
        returns (uint256 gas)
    {
        (Evaluation memory evaluation, Evidence memory evidence) = _build(record, data, weight, y);
        bytes memory call = abi.encodeCall(IReferee.judge, (evaluation, evidence));
        uint256 tokens;
        for (uint256 i = 0; i < call.length; ++i) {
            tokens += call[i] == 0 ? 1 : 4;
        }
        uint256 before = gasleft();
        (bool ok, bytes memory answer) = address(referee).staticcall(call);
        gas = before - gasleft() + 4 * tokens + 21_000;
        vm.assertTrue(ok, "reverted");
        vm.assertEq(uint256(abi.decode(answer, (Ruling))), uint256(Ruling.Lawful), name);
        if (gas < 21_000 + 10 * tokens) gas = 21_000 + 10 * tokens;
        vm.snapshotValue("Referee", name, gas);
    }

    /// Output and operand lie in different halves of the trace, so that each half is one of the other's siblings.
    function _build(bytes memory record, bytes memory data, bool weight, uint64 y)
        private
        returns (Evaluation memory evaluation, Evidence memory evidence)
    {
        bytes memory own = _elements(1);
        _put(own, 0, y);
        (evidence.step, evidence.record) = (STEP, record);
        evidence.recordPath = _digests(11);
        evaluation.program = _fold(PlainMerkle.leaf(record), STEP, STEPS + 1, evidence.recordPath);
        evaluation.steps = STEPS;
        (bytes32 mine, bytes32 theirs) = (bytes32(0), bytes32(0));
        (evidence.output, mine) = _opening(own);
        evidence.operands = new Opening[](weight ? 2 : 1);
        (evidence.operands[0], theirs) = _opening(data);
        (bytes32[] memory left, bytes32[] memory right) = (_digests(9), _digests(9));
        bytes32 low = _fold(PlainMerkle.leaf(bytes.concat(theirs)), OPERAND, STEPS / 2, left);
        bytes32 high = _fold(PlainMerkle.leaf(bytes.concat(mine)), STEP - STEPS / 2, STEPS / 2, right);
        evaluation.trace = PlainMerkle.node(low, high);
        (evidence.output.path, evidence.operands[0].path) = (_with(right, low), _with(left, high));
        if (!weight) return (evaluation, evidence);
        evaluation.weightCount = 128;
        (evidence.operands[1], theirs) = _opening(data);
        evidence.operands[1].path = _digests(7);
        bytes memory entry = bytes.concat(theirs, bytes1(uint8(1)), bytes5(ELEMENTS));
        evaluation.weights = _fold(PlainMerkle.leaf(entry), OPERAND, 128, evidence.operands[1].path);
    }

    function _with(bytes32[] memory path, bytes32 last) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](path.length + 1);
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i] = path[i];
        }
        longer[path.length] = last;
    }

    function _opening(bytes memory leaves) private returns (Opening memory opening, bytes32 root) {
        opening.leaves = leaves;
        bytes32[] memory nodes = new bytes32[](leaves.length / 512);
        for (uint256 i = 0; i < nodes.length; ++i) {
            bytes memory leaf = new bytes(512);
            assembly ("memory-safe") {
                mcopy(add(leaf, 32), add(add(leaves, 32), shl(9, i)), 512)
            }
            nodes[i] = PlainMerkle.leaf(leaf);
        }
        uint256 siblings;
        uint256 last = nodes.length - 1;
        // From leaf 0 on only right siblings are missing.
        for (uint256 h = 0; h < 14; ++h) {
            if ((last >> h) & 1 == 0) ++siblings;
        }
        opening.proof = _digests(siblings);
        root = nodes.fold(0, LEAVES, opening.proof);
    }

    function _fold(bytes32 leaf, uint256 index, uint256 count, bytes32[] memory siblings)
        private
        pure
        returns (bytes32)
    {
        bytes32[] memory nodes = new bytes32[](1);
        nodes[0] = leaf;
        return nodes.fold(index, count, siblings);
    }

    // Records

    function _header(uint8 opcode, uint8 fn, uint8 operands) private pure returns (bytes memory) {
        return abi.encodePacked(opcode, fn, uint8(1), uint8(4), uint8(0), operands);
    }

    function _shape() private pure returns (bytes memory) {
        return abi.encodePacked(uint32(1), uint32(16), uint32(256), uint32(256));
    }

    function _guard() private pure returns (bytes memory) {
        return abi.encodePacked(int64(0), int64(0), int64(0), int64(1), int64(0), int64(256));
    }

    function _operand(uint8 source, uint256 tensor, uint256 rank, bytes memory guards)
        private
        pure
        returns (bytes memory)
    {
        bytes memory head = abi.encodePacked(
            source, uint8(1), uint32(tensor), ELEMENTS, uint8(guards.length / 48), uint64(0), int64(0)
        );
        for (uint256 d = 0; d < rank; ++d) {
            head = bytes.concat(head, bytes8(uint64(d + 1)));
        }
        return bytes.concat(head, guards);
    }

    function _segment(uint8 source, uint256 base) private pure returns (bytes memory) {
        bytes memory head = abi.encodePacked(source, uint8(1), uint32(OPERAND), ELEMENTS, uint8(0), uint64(0));
        return bytes.concat(head, abi.encodePacked(uint64(base), int64(512), int64(0), int64(1)));
    }

    // Numbers

    /// Whole leaves of random numbers of around 1, enough for `count`.
    function _elements(uint256 count) private returns (bytes memory data) {
        data = new bytes((count + 63) / 64 * 512);
        for (uint256 i = 0; i < data.length / 8; ++i) {
            uint64 bits = uint64(uint256(keccak256(abi.encode(++salt))));
            _put(data, i, (bits & 0x800F_FFFF_FFFF_FFFF) | (uint64(0x3F8 + bits % 16) << 52));
        }
    }

    function _digests(uint256 count) private returns (bytes32[] memory digests) {
        digests = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            digests[i] = keccak256(abi.encode(++salt));
        }
    }

    function _sum(bytes memory data, bool squares, uint256 base, uint256 k) private pure returns (uint64) {
        bytes memory segment = _part(data, base, k);
        DotSum memory dot = Dot.ofFloats(segment, squares ? segment : Dot.segmentOf(Float64.ONE, k));
        return Float64.pack(dot.sum, dot.unit);
    }

    function _largest(bytes memory data, uint256 base, uint256 k) private pure returns (uint64 best) {
        (best,) = Dot.extreme(_part(data, base, k), k, true, true);
    }

    function _part(bytes memory data, uint256 base, uint256 k) private pure returns (bytes memory part) {
        part = new bytes(8 * k);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), shl(3, base)), shl(3, k))
        }
    }

    function _put(bytes memory data, uint256 element, uint64 word) private pure {
        for (uint256 i = 0; i < 8; ++i) {
            data[8 * element + i] = bytes1(uint8(word >> (8 * i)));
        }
    }
}
