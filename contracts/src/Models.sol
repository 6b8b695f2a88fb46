// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IModels } from "./interfaces/IModels.sol";
import { Tolerances } from "./libraries/Tolerances.sol";
import { ModelRecord, ModelSpec, TensorSpec } from "./types/Model.sol";

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

    mapping(bytes32 modelId => ModelRecord) internal _records;

    function publish(ModelSpec calldata spec, string calldata uri) external returns (bytes32 modelId) {
        modelId = modelIdOf(spec);
        require(!_records[modelId].published, AlreadyPublished(modelId));
        require(bytes(uri).length <= MAX_URI, UriTooLong(bytes(uri).length, MAX_URI));
        bool disputable = _checkRoots(spec);
        _checkSignature(spec);
        _checkTolerances(spec, disputable);

        _records[modelId] = ModelRecord({
            published: true,
            disputable: disputable,
            voidOnly: spec.voidOnly,
            hasCriticalStep: spec.critical.circuit != 0,
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
        bool critical = spec.critical.circuit != 0;
        require(critical == (spec.critical.verificationKey != 0), IncompleteSpec());
        require(critical == (spec.critical.verifierCode != 0), IncompleteSpec());
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
}
