// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Hash trees over tensors and over named things in order
/// @notice Leaf: `sha256(0x00 || data)`. Node: `sha256(0x01 || left || right)`, so that no node passes for a leaf. At
/// each level an odd last node is paired with 32 zero bytes; one leaf is its own root. A tensor tree has 512-byte
/// leaves, the last filled with zeros, one leaf of zeros for an empty tensor. An upper tree has one leaf per entry.
/// @dev Byte-equal to atomic_verify/commitments. Depth and bounds come from the declared count, never from the opener:
/// a proof has exactly one right length, and an opening reverts only through its opener's own fault. Nothing here
/// looks at the bytes that fill a last leaf, or at the value of a missing node: a committer who put something else
/// there can't block an opening with it. The functions return the root that an opening leads to; the caller compares.
///
/// Proof: the sibling digests that a run of leaves lacks, from the leaves up, at each level left before right.
library Merkle {
    /// @notice Bytes in a leaf of a tensor tree; every element size divides it, so no element straddles two leaves.
    uint256 internal constant LEAF_BYTES = 512;

    /// @notice Thrown when a run of leaves, entries or elements is empty or doesn't lie below the declared count.
    error RunOutOfRange(uint256 first, uint256 length, uint256 count);
    /// @notice Thrown when opened tensor bytes aren't whole leaves.
    error NotWholeLeaves(uint256 length);
    /// @notice Thrown when a proof has more or fewer digests than its run needs.
    error ProofLengthWrong(uint256 actual, uint256 expected);

    /// @notice Leaves of the tree over a tensor of `byteLength` bytes; at least 1.
    function leafCount(uint256 byteLength) internal pure returns (uint256) {
        return byteLength == 0 ? 1 : (byteLength - 1) / LEAF_BYTES + 1;
    }

    /// @notice Levels above the leaves of a tree over `count` leaves: the length of a proof of one leaf.
    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        if (count == 0) return 0;
        uint256 rest = count - 1;
        while (rest > 255) {
            rest >>= 8;
            depth += 8;
        }
        while (rest != 0) {
            rest >>= 1;
            depth += 1;
        }
    }

    /// @notice Where `length` elements of `itemSize` bytes from flat index `first` on lie in a tensor of `elements`.
    /// @return firstLeaf first leaf that holds any of them
    /// @return leaves number of leaves that hold them
    /// @return offset where in the first leaf they start, in bytes
    function elementLeaves(uint256 first, uint256 length, uint256 itemSize, uint256 elements)
        internal
        pure
        returns (uint256 firstLeaf, uint256 leaves, uint256 offset)
    {
        _requireRun(first, length, elements);
        uint256 start = first * itemSize;
        firstLeaf = start / LEAF_BYTES;
        leaves = leafCount(start + length * itemSize) - firstLeaf;
        offset = start % LEAF_BYTES;
    }

    /// @notice Root of a tensor tree of `leaves` leaves in which `data` is the run of whole leaves from `firstLeaf` on.
    function rootOfRange(bytes calldata data, uint256 firstLeaf, uint256 leaves, bytes32[] calldata proof)
        internal
        view
        returns (bytes32)
    {
        require(data.length % LEAF_BYTES == 0, NotWholeLeaves(data.length));
        uint256 length = data.length / LEAF_BYTES;
        _requireRun(firstLeaf, length, leaves);
        uint256 depth = depthOf(leaves);
        uint256 nodes = _roomFor(length, depth);
        assembly ("memory-safe") {
            // One leaf behind its zero prefix, in free memory; only this block uses it.
            let leaf := mload(0x40)
            mstore8(leaf, 0)
            let from := data.offset
            for {
                let to := nodes
                let end := add(nodes, shl(5, length))
            } lt(to, end) { to := add(to, 32) } {
                calldatacopy(add(leaf, 1), from, LEAF_BYTES)
                // sha256 fails only for want of gas.
                if iszero(staticcall(gas(), 2, leaf, add(LEAF_BYTES, 1), to, 32)) { revert(0, 0) }
                from := add(from, LEAF_BYTES)
            }
        }
        return _fold(nodes, length, firstLeaf, depth, proof);
    }

    /// @notice Root of an upper tree of `count` entries in which the 32 bytes `entry` (a root, mostly) are entry `index`.
    function entryRoot(bytes32 entry, uint256 index, uint256 count, bytes32[] calldata proof)
        internal
        view
        returns (bytes32)
    {
        return digestRoot(sha256(bytes.concat(hex"00", entry)), index, count, proof);
    }

    /// @notice Root of an upper tree of `count` entries in which the bytes `entry`, of any length, are entry `index`.
    function entryRoot(bytes calldata entry, uint256 index, uint256 count, bytes32[] calldata proof)
        internal
        view
        returns (bytes32)
    {
        return digestRoot(sha256(bytes.concat(hex"00", entry)), index, count, proof);
    }

    /// @notice Root of an upper tree of `count` entries in which the entry of leaf digest `digest` is entry `index`.
    function digestRoot(bytes32 digest, uint256 index, uint256 count, bytes32[] calldata proof)
        internal
        view
        returns (bytes32)
    {
        _requireRun(index, 1, count);
        uint256 depth = depthOf(count);
        uint256 nodes = _roomFor(1, depth);
        assembly ("memory-safe") {
            mstore(nodes, digest)
        }
        return _fold(nodes, 1, index, depth, proof);
    }

    /// @dev Memory for `length` nodes with room on both sides, as `_fold` needs it: one slot and one more for each level
    /// before them, one slot behind them. Returns the address of the first node.
    function _roomFor(uint256 length, uint256 depth) private pure returns (uint256 nodes) {
        assembly ("memory-safe") {
            nodes := add(mload(0x40), shl(5, add(depth, 1)))
            mstore(0x40, add(nodes, shl(5, add(length, 1))))
        }
    }

    /// @dev Folds `length` nodes at memory address `nodes`, the first of which is number `first` of its level, through
    /// `depth` levels in place. Each pair is hashed where it stands, behind a prefix byte that overwrites the last byte
    /// of the slot before it: free room for the first pair, the already hashed right half of the pair before for the
    /// others. Digests are written to the front, never beyond a pair that is done.
    function _fold(uint256 nodes, uint256 length, uint256 first, uint256 depth, bytes32[] calldata proof)
        private
        view
        returns (bytes32 root)
    {
        uint256 used;
        assembly ("memory-safe") {
            let sibling := proof.offset
            for { } and(gt(length, 1), gt(depth, 0)) { depth := sub(depth, 1) } {
                if and(first, 1) {
                    nodes := sub(nodes, 32)
                    mstore(nodes, calldataload(sibling))
                    sibling := add(sibling, 32)
                    length := add(length, 1)
                }
                if and(length, 1) {
                    mstore(add(nodes, shl(5, length)), calldataload(sibling))
                    sibling := add(sibling, 32)
                    length := add(length, 1)
                }
                first := shr(1, first)
                length := shr(1, length)
                let pair := sub(nodes, 1)
                for {
                    let to := nodes
                    let end := add(nodes, shl(5, length))
                } lt(to, end) { to := add(to, 32) } {
                    mstore8(pair, 1)
                    if iszero(staticcall(gas(), 2, pair, 65, to, 32)) { revert(0, 0) }
                    pair := add(pair, 64)
                }
            }
            // One node is left, most often from the start: the same without loops over pairs. It stands on its side of
            // the pair at `nodes`, where each level's digest is written for the next.
            if depth {
                let prefix := sub(nodes, 1)
                mstore8(prefix, 1)
                mstore(add(nodes, shl(5, and(first, 1))), mload(nodes))
                for { } depth { depth := sub(depth, 1) } {
                    mstore(add(nodes, shl(5, iszero(and(first, 1)))), calldataload(sibling))
                    sibling := add(sibling, 32)
                    first := shr(1, first)
                    let side := mul(shl(5, and(first, 1)), gt(depth, 1))
                    if iszero(staticcall(gas(), 2, prefix, 65, add(nodes, side), 32)) { revert(0, 0) }
                }
            }
            used := shr(5, sub(sibling, proof.offset))
            root := mload(nodes)
        }
        // A proof that is too short was read past its end: what was read there counts for nothing.
        require(used == proof.length, ProofLengthWrong(proof.length, used));
    }

    /// @dev INVARIANT: an index at or beyond the declared count is never opened, so filling and missing nodes can't be.
    function _requireRun(uint256 first, uint256 length, uint256 count) private pure {
        require(length != 0 && first < count && length <= count - first, RunOutOfRange(first, length, count));
    }
}
