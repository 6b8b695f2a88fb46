// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Models } from "../src/Models.sol";
import { IModels } from "../src/interfaces/IModels.sol";
import {
    CriticalKind,
    CriticalStep,
    ModelRecord,
    ModelSpec,
    OutputTolerance,
    TensorSpec,
    Tolerance
} from "../src/types/Model.sol";
import { Test } from "./utils/Test.sol";

contract ModelsTest is Test {
    Models internal models;

    function setUp() public {
        vm.warp(1_750_000_000);
        models = new Models();
    }

    function _tensors(uint256 count, uint8 dtype) internal pure returns (TensorSpec[] memory tensors) {
        tensors = new TensorSpec[](count);
        for (uint256 i = 0; i < count; i++) {
            tensors[i] = TensorSpec("t", dtype, new uint32[](1));
            tensors[i].shape[0] = 8;
        }
    }

    function _spec() internal pure returns (ModelSpec memory spec) {
        spec.onnxDigest = keccak256("onnx");
        spec.executionDigest = keccak256("execution");
        spec.inputs = _tensors(1, 6);
        spec.outputs = _tensors(1, 1);
        spec.tolerances = new OutputTolerance[](1);
    }

    function _disputable() internal pure returns (ModelSpec memory spec) {
        spec = _spec();
        (spec.programRoot, spec.weightsRoot, spec.loweringVersion) = (keccak256("program"), keccak256("weights"), 1);
        (spec.steps, spec.weightCount, spec.depth) = (5, 2, 3);
        spec.tolerances[0] = OutputTolerance(Tolerance(0x3EB0 << 48, 0), Tolerance(0x3ED0 << 48, 0));
    }

    function _critical(CriticalKind kind) internal pure returns (CriticalStep memory) {
        return CriticalStep({
            kind: kind,
            development: false,
            circuit: keccak256("circuit"),
            verificationKey: keccak256("vk"),
            verifierCode: keccak256("code"),
            inputScale: 11,
            outputScale: 11,
            limit: 1 << 17,
            certainMargin: 300
        });
    }

    /// A model whose head is proven: features and scores.
    function _head() internal pure returns (ModelSpec memory spec) {
        spec = _disputable();
        spec.inputs = _tensors(2, 6);
        spec.outputs = _tensors(2, 1);
        OutputTolerance memory tolerance = spec.tolerances[0];
        spec.tolerances = new OutputTolerance[](2);
        (spec.tolerances[0], spec.tolerances[1]) = (tolerance, tolerance);
        spec.critical = _critical(CriticalKind.Head);
    }

    /// A model that is proven as a whole.
    function _whole() internal pure returns (ModelSpec memory spec) {
        spec = _spec();
        spec.inputs = _tensors(1, 1);
        spec.critical = _critical(CriticalKind.Whole);
    }

    function _refused(ModelSpec memory spec, bytes memory reason) internal {
        vm.expectRevert(reason);
        models.publish(spec, "");
    }

    function test_Publishes() public {
        ModelSpec memory spec = _disputable();
        spec.voidOnly = true;
        spec.inputs = _tensors(1, 1);
        spec.critical = _critical(CriticalKind.Whole);
        bytes32 id = keccak256(abi.encode(spec));
        vm.expectEmit(address(models));
        emit IModels.ModelPublished(id, address(this), true, spec, "uri");
        vm.assertEq(models.publish(spec, "uri"), id, "id");
        vm.assertEq(models.modelIdOf(spec), id, "id");
        ModelRecord memory record = models.recordOf(id);
        vm.assertTrue(record.published && record.disputable && record.voidOnly, "flags");
        vm.assertEq(uint256(record.critical), uint256(CriticalKind.Whole), "critical");
        vm.assertEq(record.publishedAt, block.timestamp, "time");
    }

    function test_AModelWithoutProgramIsUndisputable() public {
        ModelRecord memory record = models.recordOf(models.publish(_spec(), ""));
        vm.assertTrue(record.published && !record.disputable && !record.voidOnly, "flags");
        vm.assertEq(uint256(record.critical), uint256(CriticalKind.None), "critical");
        vm.assertFalse(models.recordOf(keccak256("unknown")).published, "unknown");
    }

    function test_AnythingThatDiffersIsAnotherModel() public {
        bytes32 id = models.publish(_disputable(), "");
        ModelSpec memory spec = _disputable();
        spec.loweringVersion = 2;
        vm.assertNotEq(models.publish(spec, ""), id, "lowering");
        spec = _disputable();
        spec.inputs[0].name = "u";
        vm.assertNotEq(models.publish(spec, ""), id, "name");
        spec = _disputable();
        spec.tolerances[0].slash.atol -= 1;
        vm.assertNotEq(models.publish(spec, ""), id, "tolerance");
    }

    function test_RefusesTwice() public {
        bytes32 id = models.publish(_spec(), "a");
        vm.expectRevert(abi.encodeWithSelector(IModels.AlreadyPublished.selector, id));
        models.publish(_spec(), "b");
    }

    function test_LimitsTheUri() public {
        vm.expectRevert(abi.encodeWithSelector(IModels.UriTooLong.selector, 513, 512));
        models.publish(_spec(), string(new bytes(513)));
        models.publish(_spec(), string(new bytes(512)));
    }

    function test_RefusesIncompleteSpecs() public {
        bytes memory incomplete = abi.encodeWithSelector(IModels.IncompleteSpec.selector);
        ModelSpec memory spec = _spec();
        spec.onnxDigest = 0;
        _refused(spec, incomplete);
        spec = _spec();
        spec.executionDigest = 0;
        _refused(spec, incomplete);
        spec = _disputable();
        spec.programRoot = 0;
        _refused(spec, incomplete);
        spec = _disputable();
        spec.loweringVersion = 0;
        _refused(spec, incomplete);
        spec = _spec();
        spec.loweringVersion = 1;
        _refused(spec, incomplete);
        spec = _spec();
    }

    // Critical steps

    function test_TakesCriticalStepsOfBothKinds() public {
        ModelRecord memory record = models.recordOf(models.publish(_head(), ""));
        vm.assertEq(uint256(record.critical), uint256(CriticalKind.Head), "head");
        // What is proven as a whole needs nobody to dispute it.
        record = models.recordOf(models.publish(_whole(), ""));
        vm.assertEq(uint256(record.critical), uint256(CriticalKind.Whole), "whole");
        vm.assertFalse(record.disputable, "undisputable");
    }

    function test_RefusesIncompleteCriticalSteps() public {
        bytes memory bad = abi.encodeWithSelector(IModels.BadCriticalStep.selector);
        for (uint256 i = 0; i < 9; i++) {
            ModelSpec memory spec = _head();
            if (i == 0) spec.critical.circuit = 0;
            if (i == 1) spec.critical.verificationKey = 0;
            if (i == 2) spec.critical.verifierCode = 0;
            if (i == 3) spec.critical.limit = 0;
            if (i == 4) spec.critical.limit = (1 << 53) + 1;
            if (i == 5) spec.critical.certainMargin = (1 << 53) + 1;
            if (i == 6) spec.critical.inputScale = 33;
            if (i == 7) spec.critical.outputScale = 33;
            if (i == 8) spec.critical.kind = CriticalKind.None;
            _refused(spec, bad);
        }
        ModelSpec memory edge = _head();
        (edge.critical.limit, edge.critical.certainMargin) = (1 << 53, 1 << 53);
        (edge.critical.inputScale, edge.critical.outputScale) = (32, 0);
        models.publish(edge, "");
    }

    /// A single digest would be enough to make another model of the same content.
    function test_RefusesLeftoversOfACriticalStepThatIsNone() public {
        bytes memory bad = abi.encodeWithSelector(IModels.BadCriticalStep.selector);
        for (uint256 i = 0; i < 8; i++) {
            ModelSpec memory spec = _spec();
            if (i == 0) spec.critical.circuit = keccak256("circuit");
            if (i == 1) spec.critical.verificationKey = keccak256("vk");
            if (i == 2) spec.critical.verifierCode = keccak256("code");
            if (i == 3) spec.critical.inputScale = 1;
            if (i == 4) spec.critical.outputScale = 1;
            if (i == 5) spec.critical.limit = 1;
            if (i == 6) spec.critical.certainMargin = 1;
            if (i == 7) spec.critical.development = true;
            _refused(spec, bad);
        }
    }

    function test_RefusesSignaturesThatACircuitDoesNotFit() public {
        bytes memory bad = abi.encodeWithSelector(IModels.BadCriticalStep.selector);
        ModelSpec memory spec = _head();
        spec.outputs = _tensors(1, 1);
        spec.tolerances = _disputable().tolerances;
        _refused(spec, bad);
        spec = _head();
        spec.outputs[1].shape[0] = 1;
        _refused(spec, bad);
        spec = _head();
        (spec.outputs[0].dtype, spec.tolerances[0]) = (6, _spec().tolerances[0]);
        _refused(spec, bad);
        spec = _head();
        (spec.outputs[1].dtype, spec.tolerances[1]) = (11, spec.tolerances[0]);
        _refused(spec, bad);
        spec = _whole();
        spec.inputs = _tensors(2, 1);
        _refused(spec, bad);
        spec = _whole();
        spec.inputs = _tensors(1, 6);
        _refused(spec, bad);
        spec = _whole();
        (spec.outputs, spec.tolerances) = (_tensors(2, 1), new OutputTolerance[](2));
        _refused(spec, bad);
    }

    function test_RefusesAHeadWhoseFeaturesNobodyCouldDispute() public {
        ModelSpec memory spec = _head();
        (spec.programRoot, spec.weightsRoot, spec.loweringVersion) = (0, 0, 0);
        (spec.steps, spec.weightCount, spec.depth) = (0, 0, 0);
        spec.tolerances = new OutputTolerance[](2);
        _refused(spec, abi.encodeWithSelector(IModels.BadCriticalStep.selector));
    }

    function test_RefusesDevelopmentKeysWhereMoneyIsReal() public {
        ModelSpec memory spec = _whole();
        spec.critical.development = true;
        vm.chainId(1);
        _refused(spec, abi.encodeWithSelector(IModels.DevelopmentCircuit.selector, spec.critical.circuit));
        vm.chainId(1337);
        models.publish(spec, "");
        vm.chainId(1);
        models.publish(_whole(), "");
    }

    function test_RefusesCountsThatDoNotFitTogether() public {
        bytes memory incomplete = abi.encodeWithSelector(IModels.IncompleteSpec.selector);
        ModelSpec memory spec = _disputable();
        spec.weightsRoot = 0;
        _refused(spec, incomplete);
        spec = _disputable();
        spec.weightCount = 0;
        _refused(spec, incomplete);
        spec = _disputable();
        (spec.steps, spec.depth) = (0, 0);
        _refused(spec, incomplete);
        spec = _disputable();
        spec.depth = 0;
        _refused(spec, incomplete);
        spec.depth = 6;
        _refused(spec, incomplete);
        spec = _spec();
        spec.steps = 1;
        _refused(spec, incomplete);
        (spec.steps, spec.depth) = (1, 1);
        _refused(spec, incomplete);
        spec = _spec();
        spec.weightCount = 1;
        _refused(spec, incomplete);
        spec.weightsRoot = keccak256("weights");
        _refused(spec, incomplete);
    }

    function test_TakesProgramsWithoutWeightsAndOfOneChain() public {
        ModelSpec memory spec = _disputable();
        (spec.weightsRoot, spec.weightCount, spec.depth) = (0, 0, 5);
        vm.assertTrue(models.recordOf(models.publish(spec, "")).disputable, "no weights");
        (spec.steps, spec.depth) = (1, 1);
        vm.assertTrue(models.recordOf(models.publish(spec, "")).disputable, "one step");
    }

    function test_LimitsTheTensors() public {
        ModelSpec memory spec = _spec();
        spec.inputs = _tensors(0, 1);
        _refused(spec, abi.encodeWithSelector(IModels.BadSignature.selector, 0, 1));
        spec.inputs = _tensors(17, 1);
        _refused(spec, abi.encodeWithSelector(IModels.BadSignature.selector, 17, 1));
        spec.inputs = _tensors(16, 1);
        spec.outputs = _tensors(0, 1);
        _refused(spec, abi.encodeWithSelector(IModels.BadSignature.selector, 16, 0));
        spec.outputs = _tensors(17, 1);
        _refused(spec, abi.encodeWithSelector(IModels.BadSignature.selector, 16, 17));
        (spec.outputs, spec.tolerances) = (_tensors(16, 1), new OutputTolerance[](16));
        models.publish(spec, "");
    }

    function test_TakesEveryDtypeOfOnnxThatIsNumeric() public {
        for (uint8 dtype = 0; dtype < 255; dtype++) {
            ModelSpec memory spec = _spec();
            spec.inputs = _tensors(1, dtype);
            bool known = dtype > 0 && dtype < 17 && dtype != 8 && dtype != 14 && dtype != 15;
            if (!known) vm.expectRevert(abi.encodeWithSelector(IModels.BadTensor.selector, "t"));
            models.publish(spec, "");
        }
    }

    function test_LimitsATensor() public {
        bytes4 badTensor = IModels.BadTensor.selector;
        ModelSpec memory spec = _spec();
        spec.outputs[0].name = "";
        _refused(spec, abi.encodeWithSelector(badTensor, ""));
        spec.outputs[0].name = string(new bytes(129));
        _refused(spec, abi.encodeWithSelector(badTensor, spec.outputs[0].name));
        spec.outputs[0].name = string(new bytes(128));
        spec.outputs[0].shape = new uint32[](11);
        _refused(spec, abi.encodeWithSelector(badTensor, spec.outputs[0].name));
        spec.outputs[0].shape = new uint32[](10);
        models.publish(spec, "");
    }

    function test_LimitsTheElements() public {
        ModelSpec memory spec = _spec();
        uint32[] memory shape = new uint32[](10);
        for (uint256 i = 0; i < 10; i++) {
            shape[i] = type(uint32).max;
        }
        spec.inputs[0].shape = shape;
        _refused(spec, abi.encodeWithSelector(IModels.BadTensor.selector, "t"));
        spec.inputs[0].shape = new uint32[](2);
        (spec.inputs[0].shape[0], spec.inputs[0].shape[1]) = (2, 2 ** 30 + 1);
        _refused(spec, abi.encodeWithSelector(IModels.BadTensor.selector, "t"));
        spec.inputs[0].shape[1] = 2 ** 30;
        models.publish(spec, "");
        spec.inputs[0].shape = new uint32[](0);
        models.publish(spec, "");
    }

    function test_RefusesBadTolerances() public {
        ModelSpec memory spec = _spec();
        spec.tolerances = new OutputTolerance[](2);
        _refused(spec, abi.encodeWithSelector(IModels.BadToleranceCount.selector, 1, 2));
        bytes memory bad = abi.encodeWithSelector(IModels.BadTolerance.selector, 0);
        spec = _disputable();
        spec.tolerances[0].slash = spec.tolerances[0].accept;
        _refused(spec, bad);
        // Integers compare exactly, so that they have no tolerance.
        spec = _disputable();
        spec.outputs = _tensors(1, 7);
        _refused(spec, bad);
        spec.tolerances = new OutputTolerance[](1);
        models.publish(spec, "");
        spec = _disputable();
        spec.tolerances = new OutputTolerance[](1);
        _refused(spec, bad);
        spec = _spec();
        spec.tolerances = _disputable().tolerances;
        _refused(spec, bad);
    }
}
