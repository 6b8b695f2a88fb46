// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Evidence, Opening } from "../interfaces/IReferee.sol";
import { StepProof } from "../types/Dispute.sol";

/// @title Meter
/// @notice What a transaction costs in gas, from inside it: a little too much rather than too little.
/// @dev Calldata is counted by content that is checked against a commitment, never by `msg.data`: bytes that mean nothing
/// earn nothing. A calldata *token* is a zero byte, a quarter of any other (EIP-7623).
library Meter {
    uint256 internal constant TRANSACTION = 21_000;
    uint256 internal constant TOKENS_PER_BYTE = 4;
    uint256 internal constant GAS_PER_TOKEN = 4;
    uint256 internal constant FLOOR_PER_TOKEN = 10;
    /// Selector, offsets, lengths, the terms of the job and other single words.
    uint256 internal constant HEAD_TOKENS = 1800;
    /// Offsets and lengths of one opening, and the run that asks for it.
    uint256 internal constant OPENING_TOKENS = 400;

    uint256 private constant LOW_BITS = 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @notice Gas of a transaction that had `start` gas left in its beginning, spends `rest` more, and whose content
    /// makes `tokens`: by the usual rule, or by the floor for calldata if that is more.
    function gasSince(uint256 start, uint256 tokens, uint256 rest) internal view returns (uint256) {
        tokens += HEAD_TOKENS;
        uint256 usual = start - gasleft() + rest + tokens * GAS_PER_TOKEN;
        uint256 floor = tokens * FLOOR_PER_TOKEN;
        return TRANSACTION + (usual > floor ? usual : floor);
    }

    function tokensOf(bytes calldata data) internal pure returns (uint256 tokens) {
        tokens = data.length;
        assembly ("memory-safe") {
            let place := data.offset
            let end := add(place, data.length)
            let nonzero := 0
            for { } lt(place, end) { place := add(place, 32) } {
                let word := calldataload(place)
                // What follows the data doesn't count.
                if gt(add(place, 32), end) {
                    let beyond := shl(3, sub(add(place, 32), end))
                    word := shl(beyond, shr(beyond, word))
                }
                // The highest bit of each byte that isn't zero, moved to its lowest and summed in the highest byte.
                let bits := and(or(add(and(word, LOW_BITS), LOW_BITS), word), not(LOW_BITS))
                nonzero := add(nonzero, shr(248, mul(shr(7, bits), ONES)))
            }
            tokens := add(tokens, mul(3, nonzero))
        }
    }

    /// @notice Tokens of digests, which hardly ever hold a zero.
    function tokensOf(bytes32[] calldata digests) internal pure returns (uint256) {
        return digests.length * 32 * TOKENS_PER_BYTE;
    }

    function tokensOf(Opening calldata opening) internal pure returns (uint256) {
        return OPENING_TOKENS + tokensOf(opening.leaves) + tokensOf(opening.proof) + tokensOf(opening.path);
    }

    function tokensOf(StepProof calldata step) internal pure returns (uint256) {
        return tokensOf(step.record) + tokensOf(step.path);
    }

    function tokensOf(Evidence calldata evidence) internal pure returns (uint256 tokens) {
        tokens = tokensOf(evidence.record) + tokensOf(evidence.recordPath) + tokensOf(evidence.output);
        for (uint256 k = 0; k < evidence.operands.length; ++k) {
            tokens += tokensOf(evidence.operands[k]);
        }
    }
}
