// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DType64, Function, Guard, Opcode, Operand, Source, Step } from "../types/Step.sol";
import { Accesses } from "./Accesses.sol";
import { Float64 } from "./Float64.sol";
import { Widening } from "./Widening.sol";

/// What is left to read of a record, as calldata addresses.
struct Reader {
    uint256 next;
    uint256 end;
    /// Whether something was read beyond the end, or what was read can't be.
    bool failed;
}

/// @title Records
/// @notice Decodes the records of a program, and tells valid ones from invalid. The layout and the rules are those of
/// docs/canonical.md.
/// @dev Never reverts, whatever the bytes: an invalid record in a committed program must be shown, not hidden behind a
/// revert. Each count is checked before anything of that size is read.
library Records {
    uint256 internal constant MAX_RANK = 10;
    uint256 internal constant MAX_GUARDS = 3;
    uint256 internal constant MAX_OPERANDS = 16;
    uint256 internal constant MAX_TERMS = 4096;
    uint256 internal constant MAX_ELEMENTS = 1 << 40;

    /// Functions by their operands and result, one bit each; `where` stands alone.
    uint256 private constant BINARY = 0x8000_0000 | 0x6000_0000 | 0x03FE_0000 | 0x2000 | 0x1E;
    uint256 private constant UNARY = 0x1_0000_0000 | 0x1800_0000 | 0x1_C000 | 0x1FE0;
    uint256 private constant FLOATS_ONLY = 0x1_0000_0000 | 0x1000_0000 | 0x1_C000 | 0x3F80;
    uint256 private constant INTS_ONLY = 0x8000_0000 | 0x6000_0000 | 0x0800_0000 | 0x18_0000;
    uint256 private constant TO_INT = 0x1000_0000 | 0x0380_0000;

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
        well = !reader.failed && reader.next == reader.end && _isValid(step, index);
    }

    /// @notice Whether the record after the last step is valid: 255, a count of at least 1, and that many steps.
    function areOutputs(bytes calldata record, uint256 steps) internal pure returns (bool) {
        Reader memory reader = _readerOf(record);
        if (_read(reader, 1) != Opcode.OUTPUTS) return false;
        uint256 count = _read(reader, 1);
        if (count == 0) return false;
        for (uint256 k = 0; k < count; ++k) {
            if (_read(reader, 4) >= steps) return false;
        }
        return !reader.failed && reader.next == reader.end;
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

    // Validity

    function _isValid(Step memory step, uint256 index) private pure returns (bool) {
        if (step.dtype != DType64.FLOAT && step.dtype != DType64.INT) return false;
        if ((step.opcode == Opcode.MAP) != (step.fn != 0)) return false;
        if (!_hasRightShape(step)) return false;
        for (uint256 p = 0; p < step.operands.length; ++p) {
            if (!_isValidOperand(step, step.operands[p], index) || !_staysInside(step, p)) return false;
        }
        return step.opcode == Opcode.MAP ? _fitsFunction(step) : _fitsTypes(step);
    }

    /// @dev Number of operands, reduction, and what belongs to concat and gather.
    function _hasRightShape(Step memory step) private pure returns (bool) {
        uint256 opcode = step.opcode;
        uint256 count = step.operands.length;
        if (opcode >= Opcode.DOT && opcode <= Opcode.MIN) {
            return step.terms <= MAX_TERMS && count == (opcode == Opcode.DOT ? 2 : 1);
        }
        if (step.dims.length != step.rank) return false;
        if (opcode == Opcode.MAP) return count <= 3;
        if (opcode == Opcode.GATHER) return count == 2 && step.limit != 0;
        if (opcode == Opcode.CONCAT) return count >= 2 && _splitsAscend(step);
        return (opcode == Opcode.LOAD || opcode == Opcode.COPY) && count == 1;
    }

    function _splitsAscend(Step memory step) private pure returns (bool) {
        if (step.axis >= step.rank) return false;
        uint256 previous = 0;
        for (uint256 p = 0; p < step.splits.length; ++p) {
            if (step.splits[p] <= previous) return false;
            previous = step.splits[p];
        }
        return previous == step.dims[step.axis];
    }

    function _isValidOperand(Step memory step, Operand memory operand, uint256 index) private pure returns (bool) {
        uint256 source = operand.source;
        uint256 dtype = operand.dtype;
        if (source > Source.INPUT || (source == Source.INPUT) != (step.opcode == Opcode.LOAD)) return false;
        if (source == Source.INPUT) {
            if (Widening.sizeOf(dtype) == 0) return false;
            dtype = Widening.widened(dtype);
        }
        if (dtype != DType64.FLOAT && dtype != DType64.INT) return false;
        if (dtype == DType64.FLOAT && !Float64.isFinite(operand.fill)) return false;
        if (source == Source.STEP && operand.tensor >= index) return false;
        if (step.opcode < Opcode.DOT || step.opcode > Opcode.MIN) return true;
        return source != Source.IMMEDIATE && Accesses.isContiguous(step, operand);
    }

    /// @dev Whether operand p never reads outside its source. Of gather's data it is the whole range of j, and of a part
    /// of concat the indices of that part.
    function _staysInside(Step memory step, uint256 p) private pure returns (bool) {
        unchecked {
            Operand memory operand = step.operands[p];
            bool data = step.opcode == Opcode.GATHER && p == 0;
            if (operand.source == Source.IMMEDIATE) return !data;
            uint256 dimensions = step.dims.length;
            int256[] memory low = new int256[](dimensions);
            int256[] memory high = new int256[](dimensions);
            for (uint256 d = 0; d < dimensions; ++d) {
                high[d] = int256(step.dims[d]);
            }
            if (step.opcode == Opcode.CONCAT) {
                if (p != 0) low[step.axis] = int256(step.splits[p - 1]);
                high[step.axis] = int256(step.splits[p]);
            }
            int256 reach = data ? step.stride * int256(step.limit - 1) : int256(0);
            return reach < 0
                ? Accesses.isInside(step.dims, operand, low, high, reach, 0)
                : Accesses.isInside(step.dims, operand, low, high, 0, reach);
        }
    }

    function _fitsFunction(Step memory step) private pure returns (bool) {
        if (step.fn > Function.ATAN) return false;
        uint256 count = step.operands.length;
        uint256 first = step.operands[0].dtype;
        if (step.fn == Function.WHERE) {
            return count == 3 && first == DType64.INT && step.operands[1].dtype == step.dtype
                && step.operands[2].dtype == step.dtype;
        }
        uint256 bit = 1 << step.fn;
        if (bit & BINARY != 0) {
            if (count != 2 || step.operands[1].dtype != first) return false;
        } else if (bit & UNARY == 0 || count != 1) {
            return false;
        }
        if (bit & FLOATS_ONLY != 0 && first != DType64.FLOAT) return false;
        if (bit & INTS_ONLY != 0 && first != DType64.INT) return false;
        if (bit & TO_INT != 0) return step.dtype == DType64.INT;
        return step.dtype == (step.fn == Function.INT_TO_FLOAT ? DType64.FLOAT : first);
    }

    /// @dev All operands have the result's type, but for gather's index and for what load widens.
    function _fitsTypes(Step memory step) private pure returns (bool) {
        if (step.opcode == Opcode.LOAD) return Widening.widened(step.operands[0].dtype) == step.dtype;
        for (uint256 p = 0; p < step.operands.length; ++p) {
            bool index = step.opcode == Opcode.GATHER && p == 1;
            if (step.operands[p].dtype != (index ? DType64.INT : step.dtype)) return false;
        }
        return true;
    }
}
