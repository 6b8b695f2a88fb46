// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Citation, Evaluation, Evidence, IReferee, Opening, OutputCitation, Ruling } from "./interfaces/IReferee.sol";
import { Accesses } from "./libraries/Accesses.sol";
import { Closeness } from "./libraries/Closeness.sol";
import { Dot, DotSum } from "./libraries/Dot.sol";
import { Float64 } from "./libraries/Float64.sol";
import { Maps } from "./libraries/Maps.sol";
import { Merkle } from "./libraries/Merkle.sol";
import { Records } from "./libraries/Records.sol";
import { Widening } from "./libraries/Widening.sol";
import { DType64, Function, Opcode, Operand, Source, Step } from "./types/Step.sol";

/// What is known of a judgement while it is made.
struct Judgement {
    Step step;
    /// Index vector of the judged element.
    uint256[] index;
    /// The judged element's 64 bits.
    uint64 y;
    /// How many operands' openings are used up.
    uint256 opened;
    /// What follows from something malformed among the elements read so far; None if nothing does.
    Ruling malformed;
}

contract Referee is IReferee {
    uint256 private constant ITEM_BYTES = 8;
    uint256 private constant WEIGHT_ENTRY_BYTES = 38;

    // Elements

    /// @inheritdoc IReferee
    function judge(Evaluation calldata evaluation, Evidence calldata evidence) external view returns (Ruling) {
        Judgement memory judgement;
        bool well;
        (well, judgement.step) = _stepAt(evaluation, evidence.step, evidence.record, evidence.recordPath);
        if (!well) return Ruling.Invalid;
        // INVARIANT: an element beyond the shape is never judged, so what fills the last leaf is never read.
        require(evidence.element < judgement.step.elements, NoSuchElement(evidence.element, judgement.step.elements));
        judgement.index = Accesses.indexOf(judgement.step, evidence.element);
        judgement.y = _readOutput(evaluation, evidence, judgement.step);
        if (judgement.step.dtype == DType64.FLOAT && !Float64.isFinite(judgement.y)) return Ruling.Broken;
        bool broken = _breaksLaw(evaluation, evidence.operands, judgement);
        if (judgement.malformed != Ruling.None) return judgement.malformed;
        return broken ? Ruling.Broken : Ruling.Lawful;
    }

    /// @dev Means nothing if something malformed was read.
    function _breaksLaw(Evaluation calldata evaluation, Opening[] calldata openings, Judgement memory judgement)
        private
        view
        returns (bool)
    {
        Step memory step = judgement.step;
        uint256 opcode = step.opcode;
        if (opcode == Opcode.MAP) return _breaksMap(evaluation, openings, judgement);
        if (opcode >= Opcode.DOT && opcode <= Opcode.MIN) return _breaksReduction(evaluation, openings, judgement);
        uint64 value;
        if (opcode == Opcode.GATHER) {
            value = _gathered(evaluation, openings, judgement);
        } else {
            uint256 p = 0;
            if (opcode == Opcode.CONCAT) {
                while (judgement.index[step.axis] >= step.splits[p]) ++p;
            }
            value = _readValue(evaluation, openings, judgement, step.operands[p], 0);
        }
        return _differs(step.dtype, judgement.y, value);
    }

    function _breaksMap(Evaluation calldata evaluation, Opening[] calldata openings, Judgement memory judgement)
        private
        view
        returns (bool)
    {
        Step memory step = judgement.step;
        uint64 a = _readValue(evaluation, openings, judgement, step.operands[0], 0);
        if (step.fn == Function.WHERE) {
            Operand memory chosen = step.operands[a != 0 ? 1 : 2];
            return _differs(step.dtype, judgement.y, _readValue(evaluation, openings, judgement, chosen, 0));
        }
        uint64 b;
        if (step.operands.length > 1) b = _readValue(evaluation, openings, judgement, step.operands[1], 0);
        if (judgement.malformed != Ruling.None) return false;
        return Maps.isBroken(step.fn, step.operands[0].dtype, judgement.y, a, b);
    }

    function _gathered(Evaluation calldata evaluation, Opening[] calldata openings, Judgement memory judgement)
        private
        view
        returns (uint64)
    {
        Step memory step = judgement.step;
        int64 j = int64(_readValue(evaluation, openings, judgement, step.operands[1], 0));
        if (j < 0 || uint64(j) >= step.limit) return 0;
        return _readValue(evaluation, openings, judgement, step.operands[0], step.stride * j);
    }

    function _breaksReduction(Evaluation calldata evaluation, Opening[] calldata openings, Judgement memory judgement)
        private
        view
        returns (bool)
    {
        Step memory step = judgement.step;
        (uint256 opcode, uint256 terms, bool floats) = (step.opcode, step.terms, step.dtype == DType64.FLOAT);
        bytes memory left = _readSegment(evaluation, openings, judgement, step.operands[0]);
        if (opcode == Opcode.MAX || opcode == Opcode.MIN) {
            (uint64 best, bool finite) = Dot.extreme(left, terms, opcode == Opcode.MAX, floats);
            if (!finite) _noteMalformed(judgement, step.operands[0]);
            return _differs(step.dtype, judgement.y, best);
        }
        bytes memory right = opcode == Opcode.DOT
            ? _readSegment(evaluation, openings, judgement, step.operands[1])
            : Dot.segmentOf(floats ? Float64.ONE : 1, terms);
        if (!floats) return judgement.y != Dot.ofInts(left, right);
        DotSum memory dot = Dot.ofFloats(left, right);
        if (!dot.finite) {
            // Whose element it is decides who is at fault.
            _noteUnlessFinite(judgement, step.operands[0], left);
            if (opcode == Opcode.DOT) _noteUnlessFinite(judgement, step.operands[1], right);
        }
        return Closeness.isFarFromSum(judgement.y, dot, terms);
    }

    function _differs(uint256 dtype, uint64 x, uint64 y) private pure returns (bool) {
        return dtype == DType64.FLOAT ? !Float64.same(x, y) : x != y;
    }

    // Reading

    function _readOutput(Evaluation calldata evaluation, Evidence calldata evidence, Step memory step)
        private
        view
        returns (uint64)
    {
        Operand memory itself;
        (itself.source, itself.tensor, itself.elements) = (Source.STEP, evidence.step, step.elements);
        return _elementAt(_open(evaluation, evidence.output, itself, evidence.element, 1), ITEM_BYTES);
    }

    /// @dev The element of an operand, widened, `offset` further than its address.
    function _readValue(
        Evaluation calldata evaluation,
        Opening[] calldata openings,
        Judgement memory judgement,
        Operand memory operand,
        int256 offset
    ) private view returns (uint64 value) {
        if (operand.source == Source.IMMEDIATE || Accesses.isFilled(operand, judgement.index)) return operand.fill;
        // A valid record keeps the address within the tensor.
        uint256 first = uint256(Accesses.addressOf(operand, judgement.index) + offset);
        Opening calldata opening = _nextOpening(openings, judgement);
        value = _elementAt(_open(evaluation, opening, operand, first, 1), _itemSize(operand));
        if (operand.source == Source.INPUT) return Widening.widen(operand.dtype, value);
        if (operand.dtype == DType64.FLOAT && !Float64.isFinite(value)) _noteMalformed(judgement, operand);
    }

    function _readSegment(
        Evaluation calldata evaluation,
        Opening[] calldata openings,
        Judgement memory judgement,
        Operand memory operand
    ) private view returns (bytes memory) {
        uint256 terms = judgement.step.terms;
        if (Accesses.isFilled(operand, judgement.index)) return Dot.segmentOf(operand.fill, terms);
        uint256 first = uint256(Accesses.addressOf(operand, judgement.index));
        Opening calldata opening = _nextOpening(openings, judgement);
        return Dot.segmentAt(_open(evaluation, opening, operand, first, terms), terms);
    }

    function _nextOpening(Opening[] calldata openings, Judgement memory judgement)
        private
        pure
        returns (Opening calldata)
    {
        require(judgement.opened < openings.length, OpeningMissing(openings.length));
        return openings[judgement.opened++];
    }

    /// @dev Verifies an opening of `length` elements from `first` on; returns where in calldata they lie.
    function _open(
        Evaluation calldata evaluation,
        Opening calldata opening,
        Operand memory operand,
        uint256 first,
        uint256 length
    ) private view returns (uint256 place) {
        bytes32 root;
        (place, root) = _tensorRoot(opening, operand, first, length);
        require(_isCommitted(evaluation, operand, root, opening.path), NotCommitted(operand.source, operand.tensor));
    }

    function _tensorRoot(Opening calldata opening, Operand memory operand, uint256 first, uint256 length)
        private
        view
        returns (uint256 place, bytes32 root)
    {
        uint256 itemSize = _itemSize(operand);
        uint256 expected;
        // `first` becomes the first leaf, `length` a number of leaves, `place` an offset in the first.
        (first, length, place) = Merkle.elementLeaves(first, length, itemSize, operand.elements);
        expected = length * Merkle.LEAF_BYTES;
        bytes calldata data = opening.leaves;
        require(data.length == expected, WrongLeaves(operand.source, operand.tensor, data.length, expected));
        root = Merkle.rootOfRange(data, first, Merkle.leafCount(operand.elements * itemSize), opening.proof);
        assembly ("memory-safe") {
            place := add(data.offset, place)
        }
    }

    function _itemSize(Operand memory operand) private pure returns (uint256) {
        return operand.source == Source.INPUT ? Widening.sizeOf(operand.dtype) : ITEM_BYTES;
    }

    function _isCommitted(Evaluation calldata evaluation, Operand memory operand, bytes32 root, bytes32[] calldata path)
        private
        view
        returns (bool)
    {
        if (operand.source == Source.STEP) {
            return Merkle.entryRoot(root, operand.tensor, evaluation.steps, path) == evaluation.trace;
        }
        if (operand.source == Source.INPUT) {
            return Merkle.entryRoot(root, operand.tensor, evaluation.inputs.length, path) == evaluation.item;
        }
        bytes32 entry = sha256(abi.encodePacked(bytes1(0), root, uint8(operand.dtype), uint40(operand.elements)));
        return Merkle.digestRoot(entry, operand.tensor, evaluation.weightCount, path) == evaluation.weights;
    }

    /// @dev The little-endian element of `size` bytes at a calldata address.
    function _elementAt(uint256 place, uint256 size) private pure returns (uint64 bits) {
        assembly ("memory-safe") {
            bits := shr(192, calldataload(place))
        }
        // The bytes behind a shorter element came out highest.
        return Dot.reversed(bits) & uint64((1 << (8 * size)) - 1);
    }

    function _noteMalformed(Judgement memory judgement, Operand memory operand) private pure {
        if (judgement.malformed != Ruling.None) return;
        judgement.malformed = operand.source == Source.WEIGHT ? Ruling.Invalid : Ruling.Broken;
    }

    function _noteUnlessFinite(Judgement memory judgement, Operand memory operand, bytes memory segment) private pure {
        (, bool finite) = Dot.extreme(segment, judgement.step.terms, true, true);
        if (!finite) _noteMalformed(judgement, operand);
    }

    // Records

    /// @inheritdoc IReferee
    function judgeRecord(
        Evaluation calldata evaluation,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata recordPath
    ) external view returns (Ruling) {
        if (index == evaluation.steps) {
            return _lawfulIf(_outputsOf(evaluation, record, recordPath).length != 0);
        }
        (bool well,) = _stepAt(evaluation, index, record, recordPath);
        return _lawfulIf(well);
    }

    /// @inheritdoc IReferee
    function judgeCitation(Evaluation calldata evaluation, Citation calldata citation) external view returns (Ruling) {
        (bool well, Step memory step) = _stepAt(evaluation, citation.step, citation.record, citation.recordPath);
        if (!well) return Ruling.Invalid;
        require(citation.operand < step.operands.length, NoSuchOperand(citation.operand, step.operands.length));
        Operand memory operand = step.operands[citation.operand];
        if (operand.source == Source.STEP) return _judgeNamedStep(evaluation, citation, operand);
        if (operand.source == Source.WEIGHT) return _judgeNamedWeight(evaluation, citation, operand);
        return Ruling.Lawful;
    }

    /// @inheritdoc IReferee
    function judgeOutput(
        Evaluation calldata evaluation,
        OutputCitation calldata citation,
        uint256 elements,
        bool isFloat
    ) external view returns (Ruling) {
        uint256[] memory outputs = _outputsOf(evaluation, citation.outputs, citation.outputsPath);
        if (citation.output >= outputs.length) return Ruling.Invalid;
        (bool well, Step memory step) =
            _stepAt(evaluation, outputs[citation.output], citation.record, citation.recordPath);
        return _lawfulIf(well && step.elements == elements && (step.dtype == DType64.FLOAT) == isFloat);
    }

    /// @inheritdoc IReferee
    function stepOf(Evaluation calldata evaluation, uint256 index, bytes calldata record, bytes32[] calldata recordPath)
        external
        view
        returns (uint256 elements, uint256 dtype)
    {
        (bool well, Step memory step) = _stepAt(evaluation, index, record, recordPath);
        require(well, InvalidRecord(index));
        return (step.elements, step.dtype);
    }

    /// @inheritdoc IReferee
    function outputOf(
        Evaluation calldata evaluation,
        uint256 output,
        bytes calldata outputs,
        bytes32[] calldata outputsPath
    ) external view returns (uint256 step) {
        uint256[] memory steps = _outputsOf(evaluation, outputs, outputsPath);
        require(steps.length != 0, InvalidRecord(evaluation.steps));
        require(output < steps.length, NoSuchOutput(output, steps.length));
        return steps[output];
    }

    /// @inheritdoc IReferee
    function isValid(bytes calldata record, uint256 index, uint256 steps) external pure returns (bool well) {
        if (index == steps) return Records.decodeOutputs(record, steps).length != 0;
        (well,) = Records.decodeStep(record, index);
    }

    function _judgeNamedStep(Evaluation calldata evaluation, Citation calldata citation, Operand memory operand)
        private
        view
        returns (Ruling)
    {
        (bool well, Step memory named) = _stepAt(evaluation, operand.tensor, citation.named, citation.namedPath);
        return _lawfulIf(well && named.elements == operand.elements && named.dtype == operand.dtype);
    }

    function _judgeNamedWeight(Evaluation calldata evaluation, Citation calldata citation, Operand memory operand)
        private
        view
        returns (Ruling)
    {
        bytes calldata entry = citation.named;
        bytes32 root = Merkle.entryRoot(entry, operand.tensor, evaluation.weightCount, citation.namedPath);
        require(root == evaluation.weights, NotCommitted(Source.WEIGHT, operand.tensor));
        if (entry.length != WEIGHT_ENTRY_BYTES) return Ruling.Invalid;
        return _lawfulIf(
            uint8(entry[32]) == operand.dtype && uint40(bytes5(entry[33:WEIGHT_ENTRY_BYTES])) == operand.elements
        );
    }

    /// @dev The step of a record of the program; `well` is false if the record is invalid.
    function _stepAt(
        Evaluation calldata evaluation,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata recordPath
    ) private view returns (bool well, Step memory step) {
        require(index < evaluation.steps, NoSuchStep(index, evaluation.steps));
        _requireRecord(evaluation, index, record, recordPath);
        (well, step) = Records.decodeStep(record, index);
        well = well && _namesRight(evaluation, step);
    }

    /// @dev The steps that the record of the outputs names; none if it is invalid.
    function _outputsOf(Evaluation calldata evaluation, bytes calldata record, bytes32[] calldata recordPath)
        private
        view
        returns (uint256[] memory)
    {
        _requireRecord(evaluation, evaluation.steps, record, recordPath);
        return Records.decodeOutputs(record, evaluation.steps);
    }

    /// @dev Whether weights and inputs of the numbers that a valid record names exist, and inputs are as it says.
    function _namesRight(Evaluation calldata evaluation, Step memory step) private pure returns (bool) {
        for (uint256 p = 0; p < step.operands.length; ++p) {
            Operand memory operand = step.operands[p];
            if (operand.source == Source.WEIGHT && operand.tensor >= evaluation.weightCount) return false;
            if (operand.source != Source.INPUT) continue;
            if (operand.tensor >= evaluation.inputs.length) return false;
            if (operand.dtype != evaluation.inputs[operand.tensor].dtype) return false;
            if (operand.elements != evaluation.inputs[operand.tensor].elements) return false;
        }
        return true;
    }

    function _requireRecord(
        Evaluation calldata evaluation,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata recordPath
    ) private view {
        bytes32 root = Merkle.entryRoot(record, index, evaluation.steps + 1, recordPath);
        require(root == evaluation.program, RecordNotInProgram(index));
    }

    function _lawfulIf(bool well) private pure returns (Ruling) {
        return well ? Ruling.Lawful : Ruling.Invalid;
    }
}
