// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Submission } from "../../src/interfaces/IProofs.sol";
import { Models } from "../../src/Models.sol";
import { Trees } from "../../src/libraries/Trees.sol";
import { Guarantee, Rfp } from "../../src/types/Job.sol";
import {
    CriticalKind,
    CriticalStep,
    ModelSpec,
    OutputTolerance,
    TensorSpec,
    Tolerance
} from "../../src/types/Model.sol";
import { OpenVerifier } from "../utils/ProvenFixture.sol";

/// Jobs whose results are proven, in the market's world: models of four numbers and three scores, all of them zero, which
/// a verifier takes whose proofs anybody can make. What is proven isn't the point here; what becomes of the money is.
contract ProvenModels {
    uint256 internal constant READ_BYTES = 16;
    uint256 internal constant SCORE_BYTES = 12;

    OpenVerifier internal immutable verifier;
    bytes32 public immutable headId;
    bytes32 public immutable wholeId;

    constructor(Models models) {
        verifier = new OpenVerifier();
        headId = models.publish(_spec(CriticalKind.Head), "");
        wholeId = models.publish(_spec(CriticalKind.Whole), "");
    }

    /// Batch root of inputs that are all zero.
    function inputRoot(uint256 items) public view returns (bytes32) {
        bytes32[] memory roots = new bytes32[](items);
        for (uint256 i = 0; i < items; i++) {
            bytes32[] memory tensors = new bytes32[](1);
            tensors[0] = this.tensorRoot(new bytes(READ_BYTES));
            roots[i] = Trees.upperRoot(tensors);
        }
        return Trees.upperRoot(roots);
    }

    function tensorRoot(bytes calldata data) external pure returns (bytes32) {
        return Trees.tensorRoot(data);
    }

    /// What commits the job; without a proof of its last item if it shall be refused.
    function submission(Rfp calldata rfp, bool isGood) external view returns (Submission memory made) {
        bool isHead = rfp.guarantee == Guarantee.Hybrid;
        uint256 items = rfp.itemCount;
        made.spec = abi.encode(_spec(isHead ? CriticalKind.Head : CriticalKind.Whole));
        made.verifier = address(verifier);
        made.inputs = new bytes(isHead ? 0 : items * READ_BYTES);
        made.outputs = new bytes(items * (isHead ? READ_BYTES + SCORE_BYTES : SCORE_BYTES));
        made.proofs = new bytes[](items);
        uint256[] memory instances = new uint256[]((READ_BYTES + SCORE_BYTES) / 4);
        for (uint256 i = 0; i < items; i++) {
            if (isGood || i + 1 < items) made.proofs[i] = abi.encode(keccak256(abi.encode(instances)));
        }
    }

    function _spec(CriticalKind kind) internal view returns (ModelSpec memory spec) {
        bool isHead = kind == CriticalKind.Head;
        (spec.onnxDigest, spec.executionDigest) = (keccak256(abi.encode(kind)), keccak256(abi.encode(kind)));
        (spec.programRoot, spec.weightsRoot, spec.loweringVersion) = (keccak256("program"), keccak256("weights"), 1);
        (spec.steps, spec.weightCount, spec.depth) = (5, 2, 3);
        spec.inputs = new TensorSpec[](1);
        spec.inputs[0] = _tensor(READ_BYTES / 4);
        spec.outputs = new TensorSpec[](isHead ? 2 : 1);
        if (isHead) spec.outputs[0] = _tensor(READ_BYTES / 4);
        spec.outputs[spec.outputs.length - 1] = _tensor(SCORE_BYTES / 4);
        spec.tolerances = new OutputTolerance[](spec.outputs.length);
        for (uint256 i = 0; i < spec.outputs.length; i++) {
            spec.tolerances[i] = OutputTolerance(Tolerance(0x3EB0 << 48, 0), Tolerance(0x3ED0 << 48, 0));
        }
        spec.critical = CriticalStep({
            kind: kind,
            development: true,
            circuit: keccak256("circuit"),
            verificationKey: keccak256("vk"),
            verifierCode: address(verifier).codehash,
            inputScale: 11,
            outputScale: 11,
            limit: 1000,
            certainMargin: 0
        });
    }

    function _tensor(uint256 elements) internal pure returns (TensorSpec memory tensor) {
        tensor = TensorSpec("t", 1, new uint32[](1));
        tensor.shape[0] = uint32(elements);
    }
}
