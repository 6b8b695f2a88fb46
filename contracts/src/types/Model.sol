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

/// The step of a model that is proven by a zk-SNARK. All zero when the model has none.
struct CriticalStep {
    bytes32 circuit;
    bytes32 verificationKey;
    bytes32 verifierCode;
    uint32 inputScale;
    uint32 outputScale;
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
    bool hasCriticalStep;
    uint40 publishedAt;
}
