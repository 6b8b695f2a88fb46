// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IModels } from "./interfaces/IModels.sol";
import { Chains } from "./libraries/Chains.sol";
import { Tolerances } from "./libraries/Tolerances.sol";
import { CriticalKind, CriticalStep, ModelRecord, ModelSpec, TensorSpec } from "./types/Model.sol";

/// @title Models
/// @notice See {IModels}.
contract Models is IModels {
    uint256 internal constant MAX_TENSORS = 16;
    uint256 internal constant MAX_NAME = 128;
    uint256 internal constant MAX_RANK = 10;
    uint256 internal constant MAX_ELEMENTS = 2 ** 31;
    uint256 internal constant MAX_URI = 512;
    /// ONNX's TensorProto codes that a tensor may have: f32, u8, i8, u16, i16, i32, i64, bool, f16, f64, u32, u64, bf16.
    uint256 internal constant DTYPES = 0x13EFE;
    /// Of these the floats: f32, f16, f64, bf16.
    uint256 internal constant FLOATS = 0x10C02;
    /// The one element type that circuits read and give.
    uint8 internal constant FLOAT = 1;
    /// Beyond it a float32 has no bits left that quantising could keep.
    uint256 internal constant MAX_SCALE = 32;
    /// Up to it a float64 holds every integer.
    uint64 internal constant MAX_LIMIT = 2 ** 53;

    mapping(bytes32 modelId => ModelRecord) internal _records;

    function publish(ModelSpec calldata spec, string calldata uri) external returns (bytes32 modelId) {
        modelId = modelIdOf(spec);
        require(!_records[modelId].published, AlreadyPublished(modelId));
        require(bytes(uri).length <= MAX_URI, UriTooLong(bytes(uri).length, MAX_URI));
        bool disputable = _checkRoots(spec);
        _checkSignature(spec);
        _checkTolerances(spec, disputable);
        _checkCritical(spec, disputable);

        _records[modelId] = ModelRecord({
            published: true,
            disputable: disputable,
            voidOnly: spec.voidOnly,
            critical: spec.critical.kind,
            publishedAt: uint40(block.timestamp)
        });
        emit ModelPublished(modelId, msg.sender, disputable, spec, uri);
    }

    function recordOf(bytes32 modelId) external view returns (ModelRecord memory) {
        return _records[modelId];
    }

    function modelIdOf(ModelSpec calldata spec) public pure returns (bytes32) {
        return keccak256(abi.encode(spec));
    }

    function _checkRoots(ModelSpec calldata spec) internal pure returns (bool disputable) {
        require(spec.onnxDigest != 0 && spec.executionDigest != 0, IncompleteSpec());
        disputable = spec.programRoot != 0;
        require(disputable == (spec.loweringVersion != 0), IncompleteSpec());
        require(disputable == (spec.depth != 0), IncompleteSpec());
        require(disputable ? spec.depth <= spec.steps : spec.steps | spec.weightCount == 0, IncompleteSpec());
        require((spec.weightCount != 0) == (spec.weightsRoot != 0), IncompleteSpec());
    }

    function _checkSignature(ModelSpec calldata spec) internal pure {
        (uint256 inputs, uint256 outputs) = (spec.inputs.length, spec.outputs.length);
        require(
            inputs > 0 && inputs <= MAX_TENSORS && outputs > 0 && outputs <= MAX_TENSORS, BadSignature(inputs, outputs)
        );
        for (uint256 i = 0; i < inputs; i++) {
            _checkTensor(spec.inputs[i]);
        }
        for (uint256 i = 0; i < outputs; i++) {
            _checkTensor(spec.outputs[i]);
        }
    }

    function _checkTensor(TensorSpec calldata tensor) internal pure {
        uint256 nameLength = bytes(tensor.name).length;
        require(nameLength > 0 && nameLength <= MAX_NAME, BadTensor(tensor.name));
        require(DTYPES >> tensor.dtype & 1 == 1, BadTensor(tensor.name));
        require(tensor.shape.length <= MAX_RANK, BadTensor(tensor.name));
        uint256 elements = 1;
        for (uint256 i = 0; i < tensor.shape.length; i++) {
            elements *= tensor.shape[i];
            require(elements <= MAX_ELEMENTS, BadTensor(tensor.name));
        }
    }

    function _checkTolerances(ModelSpec calldata spec, bool disputable) internal pure {
        uint256 outputs = spec.outputs.length;
        require(spec.tolerances.length == outputs, BadToleranceCount(outputs, spec.tolerances.length));
        for (uint256 i = 0; i < outputs; i++) {
            bool isFloat = FLOATS >> spec.outputs[i].dtype & 1 == 1;
            bool valid = disputable && isFloat
                ? Tolerances.areValid(spec.tolerances[i])
                : Tolerances.areZero(spec.tolerances[i]);
            require(valid, BadTolerance(i));
        }
    }

    function _checkCritical(ModelSpec calldata spec, bool disputable) internal view {
        CriticalStep calldata step = spec.critical;
        if (step.kind == CriticalKind.None) {
            require(keccak256(abi.encode(step)) == keccak256(new bytes(288)), BadCriticalStep());
            return;
        }
        require(step.circuit != 0 && step.verificationKey != 0 && step.verifierCode != 0, BadCriticalStep());
        require(step.inputScale <= MAX_SCALE && step.outputScale <= MAX_SCALE, BadCriticalStep());
        require(step.limit > 0 && step.limit <= MAX_LIMIT && step.certainMargin <= MAX_LIMIT, BadCriticalStep());
        // INVARIANT: where money is real, nobody knows the secret by which a false proof could be made.
        require(!step.development || Chains.isDevelopment(), DevelopmentCircuit(step.circuit));
        bool isHead = step.kind == CriticalKind.Head;
        // Features that nobody could dispute would prove nothing.
        require(!isHead || disputable, BadCriticalStep());
        require(spec.outputs.length == (isHead ? 2 : 1), BadCriticalStep());
        require(isHead || spec.inputs.length == 1, BadCriticalStep());
        TensorSpec calldata scores = spec.outputs[spec.outputs.length - 1];
        require(scores.dtype == FLOAT && _elementsOf(scores) > 1, BadCriticalStep());
        require((isHead ? spec.outputs[0] : spec.inputs[0]).dtype == FLOAT, BadCriticalStep());
    }

    function _elementsOf(TensorSpec calldata tensor) internal pure returns (uint256 elements) {
        elements = 1;
        for (uint256 i = 0; i < tensor.shape.length; i++) {
            elements *= tensor.shape[i];
        }
    }
}
