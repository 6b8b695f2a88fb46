// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Guard, Operand, Step } from "../types/Step.sol";

/// @title Accesses
/// @notice Guarded affine accesses: where an operand reads, and whether it can read outside its source.
/// @dev Every coefficient has 64 bits and every dimension 32, over at most 10 dimensions: nothing overflows 256 bits.
library Accesses {
    /// @notice The index vector of an output element; 0 along the reduction dimensions.
    function indexOf(Step memory step, uint256 element) internal pure returns (uint256[] memory index) {
        unchecked {
            index = new uint256[](step.dims.length);
            for (uint256 d = step.rank; d > 0; --d) {
                uint256 size = step.dims[d - 1];
                index[d - 1] = element % size;
                element /= size;
            }
        }
    }

    /// @notice Whether a guard fails at an index vector, so that the operand is its fill there.
    function isFilled(Operand memory operand, uint256[] memory index) internal pure returns (bool) {
        unchecked {
            for (uint256 g = 0; g < operand.guards.length; ++g) {
                Guard memory guard = operand.guards[g];
                int256 place = _linear(guard.b, guard.c, index);
                if (place < 0 || place >= guard.n) return true;
            }
            return false;
        }
    }

    /// @notice The element that an operand whose guards hold reads at an index vector.
    function addressOf(Operand memory operand, uint256[] memory index) internal pure returns (int256) {
        return _linear(operand.base, operand.strides, index);
    }

    /// @notice Whether every address that the guards let through lies in [0, elements), by interval arithmetic over the
    /// box of index vectors, cut by the guards that depend on one dimension each. `low` and `high` are the box, `high`
    /// excluded, and are cut in place. `first` and `last` are added to the smallest and to the largest address.
    function isInside(
        uint256[] memory dims,
        Operand memory operand,
        int256[] memory low,
        int256[] memory high,
        int256 first,
        int256 last
    ) internal pure returns (bool) {
        unchecked {
            for (uint256 g = 0; g < operand.guards.length; ++g) {
                if (!_cut(operand.guards[g], dims, low, high)) return true;
            }
            first += operand.base;
            last += operand.base;
            for (uint256 d = 0; d < low.length; ++d) {
                int256 stride = operand.strides[d];
                first += stride * (stride < 0 ? high[d] - 1 : low[d]);
                last += stride * (stride < 0 ? low[d] : high[d] - 1);
            }
            return first >= 0 && last < int256(operand.elements);
        }
    }

    /// @notice Whether consecutive reduction indices read consecutive elements and no guard depends on them.
    function isContiguous(Step memory step, Operand memory operand) internal pure returns (bool) {
        unchecked {
            int256 expected = 1;
            for (uint256 d = step.dims.length; d > step.rank; --d) {
                // Along a dimension of size 1 nothing moves.
                if (step.dims[d - 1] == 1) continue;
                if (operand.strides[d - 1] != expected) return false;
                expected *= int256(step.dims[d - 1]);
                for (uint256 g = 0; g < operand.guards.length; ++g) {
                    if (operand.guards[g].c[d - 1] != 0) return false;
                }
            }
            return true;
        }
    }

    /// @dev Cuts the box by a guard that depends on one dimension, or on none; false if nothing is left. A dimension whose
    /// index is always 0 counts for nothing.
    function _cut(Guard memory guard, uint256[] memory dims, int256[] memory low, int256[] memory high)
        private
        pure
        returns (bool)
    {
        unchecked {
            uint256 axis = type(uint256).max;
            for (uint256 d = 0; d < dims.length; ++d) {
                if (guard.c[d] == 0 || dims[d] == 1) continue;
                if (axis != type(uint256).max) return true;
                axis = d;
            }
            if (axis == type(uint256).max) return 0 <= guard.b && guard.b < guard.n;
            // 0 <= b + c i < n, for c > 0: -b/c <= i < (n - b)/c, both rounded up; for c < 0 the same of -i, mirrored.
            int256 c = guard.c[axis];
            int256 size = c < 0 ? -c : c;
            int256 from = _ceilDiv(-guard.b, size);
            int256 to = _ceilDiv(guard.n - guard.b, size);
            if (c < 0) (from, to) = (1 - to, 1 - from);
            if (from > low[axis]) low[axis] = from;
            if (to < high[axis]) high[axis] = to;
            return low[axis] < high[axis];
        }
    }

    function _ceilDiv(int256 a, int256 b) private pure returns (int256) {
        unchecked {
            return a / b + (a % b > 0 ? int256(1) : int256(0));
        }
    }

    function _linear(int256 constant_, int256[] memory coefficients, uint256[] memory index)
        private
        pure
        returns (int256 total)
    {
        unchecked {
            total = constant_;
            for (uint256 d = 0; d < index.length; ++d) {
                if (index[d] != 0) total += coefficients[d] * int256(index[d]);
            }
        }
    }
}
