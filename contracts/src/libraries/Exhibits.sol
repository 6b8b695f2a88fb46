// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Opening } from "../interfaces/IReferee.sol";
import { Answer, Demand, Run, Subject } from "../types/Dispute.sol";
import { Dot } from "./Dot.sol";
import { Merkle } from "./Merkle.sol";
import { Meter } from "./Meter.sol";

/// @title Exhibits
/// @notice Opens what a claim or an answer shows, up to the root that it leads to; the caller compares. A path or proof of
/// the wrong length, or an index that isn't declared, reverts with Merkle's errors.
library Exhibits {
    /// @notice The element's bits, and the root of the tensor that the opening leads to. `length` of leaves is exact.
    function element(Opening calldata opening, uint256 index, uint256 itemSize, uint256 elements)
        internal
        view
        returns (uint64 bits, bytes32 root)
    {
        (uint256 leaf, uint256 leaves, uint256 offset) = Merkle.elementLeaves(index, 1, itemSize, elements);
        bytes calldata data = opening.leaves;
        if (data.length != leaves * Merkle.LEAF_BYTES) return (0, 0);
        root = Merkle.rootOfRange(data, leaf, Merkle.leafCount(elements * itemSize), opening.proof);
        assembly ("memory-safe") {
            bits := shr(192, calldataload(add(data.offset, offset)))
        }
        // The bytes behind a shorter element came out highest.
        // forge-lint: disable-next-line(incorrect-shift)
        bits = Dot.reversed(bits) & uint64((1 << (8 * itemSize)) - 1);
    }

    /// @notice Whether an answer is what a demand asks for.
    function answers(Demand calldata demand, Answer calldata given) internal view returns (bool) {
        bool inBatch = demand.subject != Subject.Trace;
        bytes32 root = inBatch ? given.itemRoot : demand.root;
        if (given.openings.length != demand.runs.length) return false;
        for (uint256 k = 0; k < demand.runs.length; ++k) {
            Run calldata run = demand.runs[k];
            Opening calldata opening = given.openings[k];
            if (opening.leaves.length != run.count * Merkle.LEAF_BYTES) return false;
            bytes32 tensor = Merkle.rootOfRange(opening.leaves, run.first, run.leaves, opening.proof);
            if (Merkle.entryRoot(tensor, run.tensor, demand.tensors, opening.path) != root) return false;
        }
        // Of a trace nothing more is asked, so nothing more is paid for.
        if (!inBatch) return given.itemRoot == 0 && given.itemPath.length == 0;
        return Merkle.entryRoot(root, demand.item, demand.itemCount, given.itemPath) == demand.root;
    }

    /// @notice The bytes of an answer's content, and what they count as `Meter` counts them.
    function measure(Answer calldata given) internal pure returns (uint256 size, uint256 tokens) {
        uint256 digests = given.itemPath.length;
        for (uint256 k = 0; k < given.openings.length; ++k) {
            Opening calldata opening = given.openings[k];
            tokens += Meter.tokensOf(opening);
            size += opening.leaves.length;
            digests += opening.proof.length + opening.path.length;
        }
        size += 32 * digests;
        tokens += Meter.tokensOf(given.itemPath);
    }
}
