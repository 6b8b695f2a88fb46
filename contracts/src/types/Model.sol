// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A named tensor of a model's signature. `dtype` is ONNX's TensorProto code; every dimension is concrete.
struct TensorSpec {
    string name;
    uint8 dtype;
    uint32[] shape;
}

/// |difference| <= atol + rtol * |canonical value|; both are bit patterns of non-negative finite float64 numbers.
struct Tolerance {
    uint64 atol;
    uint64 rtol;
}

/// Beyond `accept` an item is void, beyond `slash` it is fraud. All zero for integer and bool outputs, which compare
/// exactly, and for models that can't be disputed.
struct OutputTolerance {
    Tolerance accept;
    Tolerance slash;
}

/// Which part of a model a zk-SNARK proves.
enum CriticalKind {
    None,
    /// The decision head: the circuit reads the first of the model's two outputs and gives the second. For `hybrid` jobs.
    Head,
    /// All of it: the circuit reads the model's only input and gives its only output. For `proven` jobs.
    Whole
}

/// The step of a model that is proven by a zk-SNARK. All zero when the model has none. *Quanta* are integers: a number
/// times two to the power of its scale, rounded.
struct CriticalStep {
    CriticalKind kind;
    /// Whether the keys come from a development SRS, whose secret somebody may know.
    bool development;
    /// sha256 of the circuit's artefact manifest.
    bytes32 circuit;
    /// sha256 of the verification key.
    bytes32 verificationKey;
    /// keccak256 of the verifier's runtime code.
    bytes32 verifierCode;
    uint32 inputScale;
    uint32 outputScale;
    /// What the circuit reads is cut to this many quanta on both sides of zero.
    uint64 limit;
    /// A decision is certain if its score leads by more than this many quanta.
    uint64 certainMargin;
}

/// All that defines a model on-chain; its hash is the model id. All up to `depth` is zero if the model has no canonical
/// program: it is then undisputable.
struct ModelSpec {
    bytes32 programRoot;
    /// Zero also if the program has no weights.
    bytes32 weightsRoot;
    uint32 loweringVersion;
    /// How many steps the program has: the program tree holds one record more, that of the outputs.
    uint32 steps;
    uint32 weightCount;
    /// Steps on the longest chain of steps, each of which reads the one before.
    uint32 depth;
    bool voidOnly;
    /// sha256 of the ONNX file.
    bytes32 onnxDigest;
    /// sha256 of the hardened execution graph; the ONNX file's own digest when nothing was hardened.
    bytes32 executionDigest;
    TensorSpec[] inputs;
    TensorSpec[] outputs;
    /// One for each output.
    OutputTolerance[] tolerances;
    CriticalStep critical;
}

/// What the chain keeps of a published model: one slot.
struct ModelRecord {
    bool published;
    bool disputable;
    bool voidOnly;
    CriticalKind critical;
    uint40 publishedAt;
}
