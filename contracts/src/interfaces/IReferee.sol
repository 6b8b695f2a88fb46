// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// How one element stands before the law of its step.
enum Ruling {
    None,
    /// The element is within its law's tolerance.
    Lawful,
    /// The element breaks its law, or a NaN or an infinity stands there or in an element that the law reads.
    Broken,
    /// The step's record is invalid, or a weight that the law reads isn't finite: the model itself is at fault.
    Invalid
}

/// One input of a model's signature: its ONNX TensorProto code and its number of elements.
struct InputTensor {
    uint8 dtype;
    uint40 elements;
}

/// A model's program and a committed evaluation of it on one item. Whoever calls the referee answers for all of this:
/// nothing in here is looked up.
struct Evaluation {
    /// Root of the upper tree over `steps` records of steps and one of outputs.
    bytes32 program;
    uint256 steps;
    /// Root of the upper tree over `weightCount` entries `root (32) || u8 dtype || u40 elements`.
    bytes32 weights;
    uint256 weightCount;
    /// Root of the upper tree over the `steps` step tensors' roots.
    bytes32 trace;
    /// Root of the upper tree over the roots of the item's input tensors, in manifest order.
    bytes32 item;
    InputTensor[] inputs;
}

/// Elements of one tensor, opened.
struct Opening {
    /// The whole 512-byte leaves of the tensor that hold the elements, no more and no fewer.
    bytes leaves;
    /// What the run of leaves lacks to the tensor's root: Merkle.sol has the order.
    bytes32[] proof;
    /// The path of the tensor's root in its upper tree (trace, weights or item), from the leaves up.
    bytes32[] path;
}

/// All that is needed to judge element `element` (row-major) of step `step`.
struct Evidence {
    uint256 step;
    uint256 element;
    bytes record;
    /// The record's path in the program.
    bytes32[] recordPath;
    /// The judged element, in the tensor of `step`.
    Opening output;
    /// What the law reads, in the order in which it reads: operand after operand; of gather the index, then the data; of
    /// `where` the condition, then the operand that it chooses; of concat the operand that the index falls to. Left
    /// out are an operand that isn't read, is immediate, or is its fill because a guard fails, and gather's data when
    /// the index is out of range. For dot, sum, max and min an opening holds the whole segment.
    Opening[] operands;
}

/// An operand of a step beside what it names.
struct Citation {
    uint256 step;
    uint256 operand;
    bytes record;
    /// The record's path in the program.
    bytes32[] recordPath;
    /// The record of the step that the operand reads, or the entry of the weight; not looked at for others.
    bytes named;
    /// The path of that record in the program, or of that entry in the weights.
    bytes32[] namedPath;
}

/// An output of the model: the record that names its step, and that step's record.
struct OutputCitation {
    /// Number of the output.
    uint256 output;
    /// The record of the outputs, and its path in the program.
    bytes outputs;
    bytes32[] outputsPath;
    /// The record of the step that it names for this output, and its path; not looked at if it names none.
    bytes record;
    bytes32[] recordPath;
}

/// @title Referee
/// @notice Decides whether one element of one step of a committed evaluation obeys the step's law. Stateless.
/// @dev The specification is docs/canonical.md. An opening that doesn't lead to the committed root reverts: that is the
/// opener's fault alone. Whatever is committed and malformed is ruled on instead, so that it can't hide.
interface IReferee {
    /// @notice Thrown when there is no step, or for records no record, of that number.
    error NoSuchStep(uint256 step, uint256 steps);
    /// @notice Thrown when the program has no output of that number.
    error NoSuchOutput(uint256 output, uint256 outputs);
    /// @notice Thrown when a record is the program's but invalid, so that nothing can be told of it.
    error InvalidRecord(uint256 index);
    /// @notice Thrown when the element lies at or beyond the end of the step's tensor.
    error NoSuchElement(uint256 element, uint256 elements);
    /// @notice Thrown when the step has no operand of that number.
    error NoSuchOperand(uint256 operand, uint256 operands);
    /// @notice Thrown when a record isn't the program's of that number.
    error RecordNotInProgram(uint256 index);
    /// @notice Thrown when a tensor (of a source of docs/canonical.md) isn't opened with exactly the leaves needed.
    error WrongLeaves(uint256 source, uint256 tensor, uint256 length, uint256 expected);
    /// @notice Thrown when an opening doesn't lead to the committed root.
    error NotCommitted(uint256 source, uint256 tensor);
    /// @notice Thrown when the law reads more operands than are opened.
    error OpeningMissing(uint256 opened);

    /// @notice Rules on one element. When the record is invalid, `output` and `operands` aren't looked at.
    function judge(Evaluation calldata evaluation, Evidence calldata evidence) external view returns (Ruling);

    /// @notice Rules on record number `index`: Invalid, or Lawful. Number `steps` is the record of the outputs.
    function judgeRecord(
        Evaluation calldata evaluation,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata recordPath
    ) external view returns (Ruling);

    /// @notice Rules on what an operand says of the tensor that it reads: Invalid if its elements or dtype aren't those of
    /// the named step, weight or input, if there is none of that number, or if either record is invalid; else Lawful.
    function judgeCitation(Evaluation calldata evaluation, Citation calldata citation) external view returns (Ruling);

    /// @notice Rules on an output of the model: Invalid if the program has no output of that number, if its step hasn't
    /// that many elements or is of the other type, or if either record is invalid; else Lawful.
    /// @param elements how many elements the model's signature declares for it
    /// @param isFloat whether the declared type is a float type
    function judgeOutput(
        Evaluation calldata evaluation,
        OutputCitation calldata citation,
        uint256 elements,
        bool isFloat
    ) external view returns (Ruling);

    /// @notice What a valid step's tensor holds: how many elements, and their DType64 (1 float64, 2 int64).
    function stepOf(Evaluation calldata evaluation, uint256 index, bytes calldata record, bytes32[] calldata recordPath)
        external
        view
        returns (uint256 elements, uint256 dtype);

    /// @notice Which step's tensor is output number `output` of the model.
    function outputOf(
        Evaluation calldata evaluation,
        uint256 output,
        bytes calldata outputs,
        bytes32[] calldata outputsPath
    ) external view returns (uint256 step);

    /// @notice Whether a record is valid by itself as record number `index` of a program of `steps` steps.
    function isValid(bytes calldata record, uint256 index, uint256 steps) external pure returns (bool);
}
