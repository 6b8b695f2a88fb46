// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DType64, Function, Opcode, Operand, Source, Step } from "../types/Step.sol";
import { Accesses } from "./Accesses.sol";
import { Float64 } from "./Float64.sol";
import { Widening } from "./Widening.sol";

/// @title Validity
/// @notice Tells decoded steps that have a law from those that don't, by the rules of docs/canonical.md.
/// @dev Never reverts, whatever the step: an invalid one in a committed program must be shown, not hidden.
library Validity {
    uint256 internal constant MAX_TERMS = 4096;

    /// Functions by their operands and result, one bit each; `where` stands alone.
    uint256 private constant BINARY = 0x8000_0000 | 0x6000_0000 | 0x03FE_0000 | 0x2000 | 0x1E;
    uint256 private constant UNARY = 0x1_0000_0000 | 0x1800_0000 | 0x1_C000 | 0x1FE0;
    uint256 private constant FLOATS_ONLY = 0x1_0000_0000 | 0x1000_0000 | 0x1_C000 | 0x3F80;
    uint256 private constant INTS_ONLY = 0x8000_0000 | 0x6000_0000 | 0x0800_0000 | 0x18_0000;
    uint256 private constant TO_INT = 0x1000_0000 | 0x0380_0000;

    /// @notice Whether a decoded step is valid as the record number `index`.
    function isValid(Step memory step, uint256 index) internal pure returns (bool) {
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
