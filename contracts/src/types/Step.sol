// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Kinds of steps. docs/canonical.md has the law of each.
library Opcode {
    uint256 internal constant LOAD = 1;
    uint256 internal constant MAP = 2;
    uint256 internal constant DOT = 3;
    uint256 internal constant SUM = 4;
    uint256 internal constant MAX = 5;
    uint256 internal constant MIN = 6;
    uint256 internal constant GATHER = 7;
    uint256 internal constant CONCAT = 8;
    uint256 internal constant COPY = 9;
    /// The last record of a program, which names the output steps.
    uint256 internal constant OUTPUTS = 255;
}

/// Scalar functions of `map`.
library Function {
    uint256 internal constant ADD = 1;
    uint256 internal constant SUB = 2;
    uint256 internal constant MUL = 3;
    uint256 internal constant DIV = 4;
    uint256 internal constant NEG = 5;
    uint256 internal constant ABS = 6;
    uint256 internal constant SQRT = 7;
    uint256 internal constant EXP = 8;
    uint256 internal constant LOG = 9;
    uint256 internal constant ERF = 10;
    uint256 internal constant SIN = 11;
    uint256 internal constant COS = 12;
    uint256 internal constant POW = 13;
    uint256 internal constant FLOOR = 14;
    uint256 internal constant CEIL = 15;
    uint256 internal constant ROUND = 16;
    uint256 internal constant MIN = 17;
    uint256 internal constant MAX = 18;
    uint256 internal constant AND = 19;
    uint256 internal constant OR = 20;
    uint256 internal constant MOD = 21;
    uint256 internal constant FMOD = 22;
    uint256 internal constant EQ = 23;
    uint256 internal constant LT = 24;
    uint256 internal constant LE = 25;
    uint256 internal constant WHERE = 26;
    uint256 internal constant INT_TO_FLOAT = 27;
    uint256 internal constant FLOAT_TO_INT = 28;
    uint256 internal constant SHIFT_LEFT = 29;
    uint256 internal constant SHIFT_RIGHT = 30;
    uint256 internal constant XOR = 31;
    uint256 internal constant ATAN = 32;
}

/// Types of a step's elements, each 8 bytes.
library DType64 {
    uint256 internal constant FLOAT = 1;
    uint256 internal constant INT = 2;
}

/// Where an operand's elements come from.
library Source {
    uint256 internal constant IMMEDIATE = 0;
    uint256 internal constant STEP = 1;
    uint256 internal constant WEIGHT = 2;
    uint256 internal constant INPUT = 3;
}

/// `0 <= b + c . i < n`, with one coefficient for each dimension of the step.
struct Guard {
    int256 b;
    int256[] c;
    int256 n;
}

/// A guarded affine access: element `base + strides . i` of the source where all guards hold, else `fill`.
struct Operand {
    uint256 source;
    /// A DType64; of an input its ONNX code.
    uint256 dtype;
    uint256 tensor;
    uint256 elements;
    uint64 fill;
    int256 base;
    int256[] strides;
    Guard[] guards;
}

/// A decoded record. `dims` holds the output dimensions, then the reduction dimensions.
struct Step {
    uint256 opcode;
    uint256 fn;
    uint256 dtype;
    uint256 rank;
    uint256[] dims;
    Operand[] operands;
    /// Product of the output dimensions.
    uint256 elements;
    /// Product of the reduction dimensions.
    uint256 terms;
    /// Of gather.
    int256 stride;
    uint256 limit;
    /// Of concat.
    uint256 axis;
    uint256[] splits;
}
