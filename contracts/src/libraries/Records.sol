// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Guard, Opcode, Operand, Source, Step } from "../types/Step.sol";
import { Validity } from "./Validity.sol";

/// What is left to read of a record, as calldata addresses.
struct Reader {
    uint256 next;
    uint256 end;
    /// Whether something was read beyond the end, or what was read can't be.
    bool failed;
}

/// @title Records
/// @notice Decodes the records of a program. The layout is that of docs/canonical.md.
/// @dev Never reverts, whatever the bytes: an invalid record in a committed program must be shown, not hidden behind a
/// revert. Each count is checked before anything of that size is read.
library Records {
    uint256 internal constant MAX_RANK = 10;
    uint256 internal constant MAX_GUARDS = 3;
    uint256 internal constant MAX_OPERANDS = 16;
    uint256 internal constant MAX_ELEMENTS = 1 << 40;

    // Decoding

    /// @notice Decodes a step's record; `well` is false if it isn't one, or isn't valid as the record number `index`.
    function decodeStep(bytes calldata record, uint256 index) internal pure returns (bool well, Step memory step) {
        Reader memory reader = _readerOf(record);
        _readHeader(reader, step);
        if (reader.failed) return (false, step);
        for (uint256 p = 0; p < step.operands.length; ++p) {
            _readOperand(reader, step.operands[p], step.dims.length);
            if (reader.failed) return (false, step);
        }
        _readRest(reader, step);
        well = !reader.failed && reader.next == reader.end && Validity.isValid(step, index);
    }

    /// @notice The steps that the record after the last step names: 255, a count of at least 1, and that many steps;
    /// none if it isn't valid.
    function decodeOutputs(bytes calldata record, uint256 steps) internal pure returns (uint256[] memory outputs) {
        unchecked {
            uint256[] memory none;
            Reader memory reader = _readerOf(record);
            if (_read(reader, 1) != Opcode.OUTPUTS) return none;
            outputs = new uint256[](_read(reader, 1));
            for (uint256 k = 0; k < outputs.length; ++k) {
                outputs[k] = _read(reader, 4);
                if (outputs[k] >= steps) return none;
            }
            if (reader.failed || reader.next != reader.end) return none;
        }
    }

    function _readerOf(bytes calldata record) private pure returns (Reader memory reader) {
        unchecked {
            uint256 start;
            assembly ("memory-safe") {
                start := record.offset
            }
            (reader.next, reader.end) = (start, start + record.length);
        }
    }

    /// @dev The next `size` bytes, big-endian; 0 if there aren't as many.
    function _read(Reader memory reader, uint256 size) private pure returns (uint256 value) {
        unchecked {
            uint256 place = reader.next;
            if (place + size > reader.end) {
                reader.failed = true;
                return 0;
            }
            reader.next = place + size;
            assembly ("memory-safe") {
                value := shr(sub(256, shl(3, size)), calldataload(place))
            }
        }
    }

    function _readInt(Reader memory reader) private pure returns (int256) {
        return int64(uint64(_read(reader, 8)));
    }

    function _readInts(Reader memory reader, uint256 count) private pure returns (int256[] memory values) {
        unchecked {
            values = new int256[](count);
            for (uint256 d = 0; d < count; ++d) {
                values[d] = _readInt(reader);
            }
        }
    }

    function _readHeader(Reader memory reader, Step memory step) private pure {
        unchecked {
            step.opcode = _read(reader, 1);
            step.fn = _read(reader, 1);
            step.dtype = _read(reader, 1);
            step.rank = _read(reader, 1);
            uint256 dimensions = step.rank + _read(reader, 1);
            uint256 operands = _read(reader, 1);
            if (dimensions > MAX_RANK || operands == 0 || operands > MAX_OPERANDS) reader.failed = true;
            if (reader.failed) return;
            step.dims = new uint256[](dimensions);
            (step.elements, step.terms) = (1, 1);
            for (uint256 d = 0; d < dimensions; ++d) {
                uint256 size = _read(reader, 4);
                step.dims[d] = size;
                if (d < step.rank) step.elements *= size;
                else step.terms *= size;
                // At most 2^40 so far times 2^32: no overflow.
                if (size == 0 || step.elements * step.terms > MAX_ELEMENTS) reader.failed = true;
                if (reader.failed) return;
            }
            step.operands = new Operand[](operands);
        }
    }

    function _readOperand(Reader memory reader, Operand memory operand, uint256 dimensions) private pure {
        unchecked {
            operand.source = _read(reader, 1);
            operand.dtype = _read(reader, 1);
            operand.tensor = _read(reader, 4);
            operand.elements = _read(reader, 5);
            uint256 guards = _read(reader, 1);
            operand.fill = uint64(_read(reader, 8));
            if (operand.source == Source.IMMEDIATE) {
                if (operand.tensor | operand.elements | guards != 0) reader.failed = true;
                return;
            }
            if (guards > MAX_GUARDS || (guards == 0 && operand.fill != 0)) reader.failed = true;
            if (reader.failed) return;
            operand.base = _readInt(reader);
            operand.strides = _readInts(reader, dimensions);
            operand.guards = new Guard[](guards);
            for (uint256 g = 0; g < guards; ++g) {
                Guard memory guard = operand.guards[g];
                guard.b = _readInt(reader);
                guard.c = _readInts(reader, dimensions);
                guard.n = _readInt(reader);
            }
        }
    }

    /// @dev What follows the operands of gather and concat.
    function _readRest(Reader memory reader, Step memory step) private pure {
        unchecked {
            if (step.opcode == Opcode.GATHER) {
                step.stride = _readInt(reader);
                step.limit = _read(reader, 5);
            } else if (step.opcode == Opcode.CONCAT) {
                step.axis = _read(reader, 1);
                step.splits = new uint256[](step.operands.length);
                for (uint256 p = 0; p < step.splits.length; ++p) {
                    step.splits[p] = _read(reader, 4);
                }
            }
        }
    }
}
