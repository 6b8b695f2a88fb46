// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProofs, ProvenBatch, Submission } from "./interfaces/IProofs.sol";
import { IVerifier } from "./interfaces/IVerifier.sol";
import { Quanta } from "./libraries/Quanta.sol";
import { Specs } from "./libraries/Specs.sol";
import { Trees } from "./libraries/Trees.sol";
import { CriticalKind, CriticalStep, ModelSpec } from "./types/Model.sol";

/// @title Proofs
/// @notice See {IProofs}.
contract Proofs is IProofs {
    /// What a verifier may use: well above what the largest one that can be deployed does. A bad point burns all that a
    /// precompile is given, so that there must be a bound.
    uint256 public constant VERIFY_GAS = 3_000_000;
    /// What is left for this contract and its caller once a verifier has used all of that.
    uint256 internal constant SPARE_GAS = 200_000;
    uint256 internal constant ITEM_BITS = 32;
    uint256 internal constant CERTAIN = 1 << 31;

    /// What is read of each item, from the model's spec.
    struct Reading {
        bool isHead;
        /// Bytes of what the circuit reads, features or input, and of the scores.
        uint256 read;
        uint256 scores;
        CriticalStep step;
        /// Public instances; the same room for every item, which writes all of it.
        uint256[] instances;
    }

    function verify(bytes32 modelId, CriticalKind kind, uint256 items, Submission calldata submission)
        external
        view
        returns (ProvenBatch memory batch)
    {
        Reading memory reading = _reading(modelId, kind, submission);
        require(submission.proofs.length == items, WrongProofCount(submission.proofs.length, items));
        _requireLength(submission.outputs, items * (reading.isHead ? reading.read + reading.scores : reading.scores));
        _requireLength(submission.inputs, reading.isHead ? 0 : items * reading.read);

        bytes32[] memory inputs = new bytes32[](items);
        bytes32[] memory outputs = new bytes32[](items);
        for (uint256 i = 0; i < items; ++i) {
            (bytes calldata read, bytes calldata scores) = _tensors(submission, reading, i);
            inputs[i] = Trees.tensorRoot(read);
            outputs[i] = Trees.tensorRoot(scores);
            if (reading.isHead) outputs[i] = _itemRoot(inputs[i], outputs[i]);
            else (inputs[i], outputs[i]) = (_itemRoot(inputs[i]), _itemRoot(outputs[i]));
            batch.decisions |= _decide(reading.step, read, scores, reading.instances, i) << (i * ITEM_BITS);
            _requireProven(submission.verifier, submission.proofs[i], reading.instances, i);
        }
        batch.outputRoot = Trees.upperRoot(outputs);
        if (!reading.isHead) batch.inputRoot = Trees.upperRoot(inputs);
    }

    function instancesOf(CriticalStep calldata step, bytes calldata read, bytes calldata scores)
        external
        pure
        returns (uint256[] memory instances, uint256 decision)
    {
        instances = new uint256[]((read.length + scores.length) / Quanta.ITEM_BYTES);
        decision = _decide(step, read, scores, instances, 0);
    }

    function _reading(bytes32 modelId, CriticalKind kind, Submission calldata submission)
        internal
        view
        returns (Reading memory reading)
    {
        require(keccak256(submission.spec) == modelId, WrongSpec(modelId));
        ModelSpec memory spec = abi.decode(submission.spec, (ModelSpec));
        require(kind == spec.critical.kind && kind != CriticalKind.None, WrongCriticalKind(kind));
        bytes32 code = submission.verifier.codehash;
        bytes32 expected = spec.critical.verifierCode;
        require(code == expected, WrongVerifier(submission.verifier, code, expected));
        reading.isHead = kind == CriticalKind.Head;
        reading.step = spec.critical;
        uint256 read = Specs.elementsOf(reading.isHead ? spec.outputs[0] : spec.inputs[0]);
        uint256 scores = Specs.elementsOf(spec.outputs[spec.outputs.length - 1]);
        (reading.read, reading.scores) = (read * Quanta.ITEM_BYTES, scores * Quanta.ITEM_BYTES);
        reading.instances = new uint256[](read + scores);
    }

    /// Writes an item's instances, and finds the largest score. A tie is the lower index's.
    function _decide(
        CriticalStep memory step,
        bytes calldata read,
        bytes calldata scores,
        uint256[] memory instances,
        uint256 item
    ) internal pure returns (uint256 decision) {
        bool isCut = Quanta.quantiseAll(read, step.inputScale, step.limit, instances);
        uint256 first = read.length / Quanta.ITEM_BYTES;
        uint256 count = Quanta.wholeAll(scores, step.outputScale, instances, first);
        require(first + count == instances.length, NotWholeQuanta(item, count));
        int256 best = type(int256).min;
        int256 second = best;
        for (uint256 k = 0; k < count; ++k) {
            // Written as signed numbers, each below 2^24.
            // forge-lint: disable-next-line(unsafe-typecast)
            int256 score = int256(instances[first + k]);
            if (score < 0) instances[first + k] = Quanta.fieldOf(score);
            if (score > best) (best, second, decision) = (score, best, k);
            else if (score > second) second = score;
        }
        // What was cut says nothing about what the canonical model reads. There are two scores at least, each below 2^24.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (!isCut && uint256(best - second) > step.certainMargin) decision |= CERTAIN;
    }

    function _requireProven(address verifier, bytes calldata proof, uint256[] memory instances, uint256 item)
        internal
        view
    {
        // INVARIANT: a verifier gets all of VERIFY_GAS, so that a good proof never fails for want of gas.
        uint256 needed = VERIFY_GAS * 64 / 63 + SPARE_GAS;
        require(gasleft() >= needed, TooLittleGas(gasleft(), needed));
        try IVerifier(verifier).verifyProof{ gas: VERIFY_GAS }(proof, instances) returns (bool isProven) {
            require(isProven, BadProof(item));
        } catch {
            revert BadProof(item);
        }
    }

    /// What an item's circuit reads, and its scores.
    function _tensors(Submission calldata submission, Reading memory reading, uint256 item)
        internal
        pure
        returns (bytes calldata read, bytes calldata scores)
    {
        if (reading.isHead) {
            uint256 start = item * (reading.read + reading.scores);
            read = submission.outputs[start:start + reading.read];
            scores = submission.outputs[start + reading.read:start + reading.read + reading.scores];
        } else {
            read = submission.inputs[item * reading.read:(item + 1) * reading.read];
            scores = submission.outputs[item * reading.scores:(item + 1) * reading.scores];
        }
    }

    function _itemRoot(bytes32 tensor) internal pure returns (bytes32) {
        bytes32[] memory roots = new bytes32[](1);
        roots[0] = tensor;
        return Trees.upperRoot(roots);
    }

    function _itemRoot(bytes32 first, bytes32 second) internal pure returns (bytes32) {
        bytes32[] memory roots = new bytes32[](2);
        (roots[0], roots[1]) = (first, second);
        return Trees.upperRoot(roots);
    }

    function _requireLength(bytes calldata payload, uint256 expected) internal pure {
        require(payload.length == expected, WrongLength(payload.length, expected));
    }
}
