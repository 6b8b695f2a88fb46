// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Submission } from "../../src/interfaces/IProofs.sol";
import { IVerifier } from "../../src/interfaces/IVerifier.sol";
import { Trees } from "../../src/libraries/Trees.sol";
import { Guarantee, Rfp } from "../../src/types/Job.sol";
import { ModelSpec } from "../../src/types/Model.sol";
import { MarketFixture } from "./MarketFixture.sol";

/// A verifier whose proofs anybody can make: a proof is the hash of its instances. For what isn't about the SNARK itself.
contract OpenVerifier is IVerifier {
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external pure returns (bool) {
        if (proof.length == 1) {
            // As a verifier whose precompile was given a bad point: all gas is gone.
            assembly {
                invalid()
            }
        }
        return keccak256(proof) == keccak256(abi.encode(keccak256(abi.encode(instances))));
    }
}

/// Jobs whose results are proven, with payloads made of quanta.
abstract contract ProvenFixture is MarketFixture {
    uint256 internal constant SCALE = 11;

    OpenVerifier internal verifier;

    function setUp() public virtual override {
        super.setUp();
        verifier = new OpenVerifier();
        headId = models.publish(_head(), "");
        wholeId = models.publish(_whole(), "");
    }

    function _head() internal view returns (ModelSpec memory spec) {
        spec = _headSpec(address(verifier).codehash);
        spec.onnxDigest = keccak256("head of this fixture");
    }

    function _whole() internal view returns (ModelSpec memory spec) {
        spec = _wholeSpec(address(verifier).codehash);
        spec.onnxDigest = keccak256("whole of this fixture");
    }

    // Payloads

    /// A float32 of whole quanta, little-endian.
    function _float(int256 quanta) internal pure returns (bytes4) {
        if (quanta == 0) return 0;
        uint256 size = uint256(quanta < 0 ? -quanta : quanta);
        uint256 exponent = 150 - SCALE;
        while (size < 1 << 23) (size, exponent) = (size << 1, exponent - 1);
        uint256 bits = (size & 0x7FFFFF) | (exponent << 23) | (quanta < 0 ? 1 << 31 : 0);
        return bytes4(uint32((bits << 24) | ((bits & 0xFF00) << 8) | ((bits >> 8) & 0xFF00) | (bits >> 24)));
    }

    function _floats(int256[] memory quanta) internal pure returns (bytes memory payload) {
        for (uint256 i = 0; i < quanta.length; i++) {
            payload = bytes.concat(payload, _float(quanta[i]));
        }
    }

    /// `count` quanta that differ by item.
    function _quanta(uint256 count, uint256 item) internal pure returns (int256[] memory quanta) {
        quanta = new int256[](count);
        for (uint256 i = 0; i < count; i++) {
            quanta[i] = int256((i * 37 + item * 911) % 2000) - 1000;
        }
    }

    /// A good submission about a model that is proven as a whole; item i's scores are 10, 20 + 300 i, 0 quanta.
    function _wholeSubmission(uint256 items) internal view returns (Submission memory made) {
        (made.spec, made.verifier, made.proofs) = (abi.encode(_whole()), address(verifier), new bytes[](items));
        for (uint256 i = 0; i < items; i++) {
            bytes memory read = _floats(_quanta(4, i));
            bytes memory scores = _floats(_scores(i));
            (made.inputs, made.outputs) = (bytes.concat(made.inputs, read), bytes.concat(made.outputs, scores));
            made.proofs[i] = _proof(_whole(), read, scores);
        }
    }

    function _scores(uint256 item) internal pure returns (int256[] memory scores) {
        scores = new int256[](3);
        (scores[0], scores[1]) = (10, int256(20 + 300 * item));
    }

    /// A good submission about a model whose head is proven.
    function _headSubmission(uint256 items) internal view returns (Submission memory made) {
        (made.spec, made.verifier, made.proofs) = (abi.encode(_head()), address(verifier), new bytes[](items));
        for (uint256 i = 0; i < items; i++) {
            bytes memory read = _floats(_quanta(512, i));
            bytes memory scores = _floats(_quanta(214, i + 1));
            made.outputs = bytes.concat(made.outputs, read, scores);
            made.proofs[i] = _proof(_head(), read, scores);
        }
    }

    function _proof(ModelSpec memory spec, bytes memory read, bytes memory scores)
        internal
        view
        returns (bytes memory)
    {
        (uint256[] memory instances,) = proofs.instancesOf(spec.critical, read, scores);
        return abi.encode(keccak256(abi.encode(instances)));
    }

    // Roots

    function tensorRoot(bytes calldata data) external pure returns (bytes32) {
        return Trees.tensorRoot(data);
    }

    /// Batch root of a payload whose items have one tensor of `bytesEach` bytes.
    function _rootOf(bytes memory payload, uint256 bytesEach) internal view returns (bytes32) {
        bytes32[] memory items = new bytes32[](payload.length / bytesEach);
        for (uint256 i = 0; i < items.length; i++) {
            bytes32[] memory tensors = new bytes32[](1);
            tensors[0] = this.tensorRoot(_cut(payload, i * bytesEach, bytesEach));
            items[i] = Trees.upperRoot(tensors);
        }
        return Trees.upperRoot(items);
    }

    function _cut(bytes memory data, uint256 from, uint256 length) internal pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            part[i] = data[from + i];
        }
    }

    // Jobs

    /// Awarded to alice by quote.
    function _provenJob(uint32 items) internal returns (Rfp memory rfp) {
        rfp = _quoteRfp();
        (rfp.modelId, rfp.guarantee, rfp.itemCount) = (wholeId, Guarantee.Proven, items);
        rfp.inputRoot = _rootOf(_wholeSubmission(items).inputs, 16);
        _awardQuote(rfp);
    }

    function _hybridJob(uint32 items) internal returns (Rfp memory rfp) {
        rfp = _quoteRfp();
        (rfp.modelId, rfp.guarantee, rfp.itemCount) = (headId, Guarantee.Hybrid, items);
        _awardQuote(rfp);
    }

    function _commitProven(Rfp memory rfp, Submission memory submission) internal {
        vm.prank(alice);
        results.commitProven(rfp, submission);
        _assertSolvent();
    }
}
