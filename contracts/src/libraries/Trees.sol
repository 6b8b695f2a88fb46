// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Merkle } from "./Merkle.sol";

/// @title Whole hash trees
/// @notice Roots of trees that lie in calldata or memory as a whole, by the rules of {Merkle}: for what is committed and
/// shown in one transaction, which needs no paths.
library Trees {
    /// @notice Root of the tree over a tensor's bytes.
    function tensorRoot(bytes calldata data) internal pure returns (bytes32) {
        uint256 count = Merkle.leafCount(data.length);
        bytes32[] memory nodes = new bytes32[](count);
        for (uint256 i = 0; i + 1 < count; ++i) {
            nodes[i] = sha256(abi.encodePacked(bytes1(0), data[i * Merkle.LEAF_BYTES:(i + 1) * Merkle.LEAF_BYTES]));
        }
        bytes calldata last = data[(count - 1) * Merkle.LEAF_BYTES:];
        nodes[count - 1] = sha256(abi.encodePacked(bytes1(0), last, new bytes(Merkle.LEAF_BYTES - last.length)));
        return _fold(nodes, count);
    }

    /// @notice Root of the upper tree over entries, at least one; `entries` is overwritten.
    function upperRoot(bytes32[] memory entries) internal pure returns (bytes32) {
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = sha256(abi.encodePacked(bytes1(0), entries[i]));
        }
        return _fold(entries, entries.length);
    }

    /// @dev Joins the first `count` nodes in pairs until one is left; a last one without a partner is paired with zeros.
    function _fold(bytes32[] memory nodes, uint256 count) private pure returns (bytes32) {
        while (count > 1) {
            uint256 pairs = (count + 1) / 2;
            for (uint256 i = 0; i < pairs; ++i) {
                bytes32 right = 2 * i + 1 < count ? nodes[2 * i + 1] : bytes32(0);
                nodes[i] = sha256(abi.encodePacked(bytes1(0x01), nodes[2 * i], right));
            }
            count = pairs;
        }
        return nodes[0];
    }
}
