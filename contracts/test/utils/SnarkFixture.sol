// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Submission } from "../../src/interfaces/IProofs.sol";
import { IVerifier } from "../../src/interfaces/IVerifier.sol";
import { Guarantee, Rfp } from "../../src/types/Job.sol";
import { CriticalKind, CriticalStep, ModelSpec } from "../../src/types/Model.sol";
import { ProvenFixture } from "./ProvenFixture.sol";

/// The verifiers of this repository's circuits, and real proofs that were recorded for them.
abstract contract SnarkFixture is ProvenFixture {
    string internal json;
    IVerifier internal headVerifier;
    IVerifier internal wholeVerifier;

    function setUp() public virtual override {
        super.setUp();
        json = vm.readFile("tests/vectors/snarks.json");
        headVerifier = _deployVerifier("circuits/magika-head/verifier.bin");
        wholeVerifier = _deployVerifier("circuits/penguins/verifier.bin");
        headId = models.publish(_real(CriticalKind.Head), "");
        wholeId = models.publish(_real(CriticalKind.Whole), "");
    }

    function _deployVerifier(string memory path) internal returns (IVerifier) {
        bytes memory code = vm.parseBytes(string.concat("0x", vm.trim(vm.readFile(path))));
        address where;
        assembly {
            where := create(0, add(code, 32), mload(code))
        }
        vm.assertTrue(where.code.length > 0, "deployed");
        return IVerifier(where);
    }

    function _key(CriticalKind kind, string memory name) internal pure returns (string memory) {
        return string.concat(kind == CriticalKind.Head ? ".head." : ".whole.", name);
    }

    /// A model of the circuit's shape, with its recorded scales.
    function _real(CriticalKind kind) internal view returns (ModelSpec memory spec) {
        address where = address(kind == CriticalKind.Head ? headVerifier : wholeVerifier);
        spec = kind == CriticalKind.Head ? _headSpec(where.codehash) : _wholeSpec(where.codehash);
        spec.onnxDigest = keccak256("with a real circuit");
        CriticalStep memory step = spec.critical;
        step.inputScale = uint32(vm.parseJsonUint(json, _key(kind, "step.inputScale")));
        step.outputScale = uint32(vm.parseJsonUint(json, _key(kind, "step.outputScale")));
        step.limit = uint64(vm.parseJsonUint(json, _key(kind, "step.limit")));
        step.certainMargin = uint64(vm.parseJsonUint(json, _key(kind, "step.certainMargin")));
    }

    function _recorded(CriticalKind kind, string memory name) internal view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(json, _key(kind, name));
    }

    function _instances(CriticalKind kind, uint256 item) internal view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, _key(kind, string.concat("instances[", vm.toString(item), "]")));
    }

    /// All recorded items, as a worker submits them.
    function _realSubmission(CriticalKind kind) internal view returns (Submission memory made) {
        made.spec = abi.encode(_real(kind));
        made.verifier = address(kind == CriticalKind.Head ? headVerifier : wholeVerifier);
        made.proofs = _recorded(kind, "proofs");
        bytes[] memory read = _recorded(kind, "read");
        bytes[] memory scores = _recorded(kind, "scores");
        for (uint256 i = 0; i < read.length; i++) {
            if (kind == CriticalKind.Head) {
                made.outputs = bytes.concat(made.outputs, read[i], scores[i]);
            } else {
                (made.inputs, made.outputs) =
                (bytes.concat(made.inputs, read[i]), bytes.concat(made.outputs, scores[i]));
            }
        }
    }

    /// Awarded to alice by quote, about all recorded items.
    function _realJob(CriticalKind kind) internal returns (Rfp memory rfp) {
        Submission memory submission = _realSubmission(kind);
        rfp = _quoteRfp();
        rfp.itemCount = uint32(submission.proofs.length);
        if (kind == CriticalKind.Head) {
            (rfp.modelId, rfp.guarantee) = (headId, Guarantee.Hybrid);
        } else {
            (rfp.modelId, rfp.guarantee, rfp.inputRoot) = (wholeId, Guarantee.Proven, _rootOf(submission.inputs, 16));
        }
        _awardQuote(rfp);
    }
}
