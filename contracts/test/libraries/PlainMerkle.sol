// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The trees of `Merkle`, written for reading
/// @notice What the library's folding is compared with: the definition over all leaves, and proofs cut out of it.
library PlainMerkle {
    function leaf(bytes memory data) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", data));
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"01", left, right));
    }

    /// @notice Smallest height at which a perfect tree has room for `count` leaves.
    function height(uint256 count) internal pure returns (uint256 h) {
        while (uint256(1) << h < count) ++h;
    }

    /// @notice The node at height `h` whose leftmost leaf is number `start`; zero where no leaf is.
    function subtree(bytes32[] memory digests, uint256 start, uint256 h) internal pure returns (bytes32) {
        if (start >= digests.length) return 0;
        if (h == 0) return digests[start];
        return node(subtree(digests, start, h - 1), subtree(digests, start + (uint256(1) << (h - 1)), h - 1));
    }

    function root(bytes32[] memory digests) internal pure returns (bytes32) {
        return subtree(digests, 0, height(digests.length));
    }

    /// @notice The nodes next to the run's ancestors: at each height, left before right.
    function proof(bytes32[] memory digests, uint256 first, uint256 length) internal pure returns (bytes32[] memory) {
        bytes32[] memory found = new bytes32[](512);
        uint256 used;
        for (uint256 h; h < height(digests.length); ++h) {
            uint256 low = first >> h;
            uint256 high = (first + length - 1) >> h;
            if (low % 2 == 1) found[used++] = subtree(digests, (low - 1) << h, h);
            if (high % 2 == 0) found[used++] = subtree(digests, (high + 1) << h, h);
        }
        bytes32[] memory cut = new bytes32[](used);
        for (uint256 i; i < used; ++i) {
            cut[i] = found[i];
        }
        return cut;
    }

    /// @notice Root to which a run of leaf digests leads, one array per level.
    function fold(bytes32[] memory nodes, uint256 first, uint256 count, bytes32[] memory siblings)
        internal
        pure
        returns (bytes32)
    {
        uint256 used;
        for (uint256 h; h < height(count); ++h) {
            bool left = first % 2 == 1;
            bool right = (first + nodes.length) % 2 == 1;
            bytes32[] memory row = new bytes32[](nodes.length + (left ? 1 : 0) + (right ? 1 : 0));
            if (left) row[0] = siblings[used++];
            for (uint256 i; i < nodes.length; ++i) {
                row[i + (left ? 1 : 0)] = nodes[i];
            }
            if (right) row[row.length - 1] = siblings[used++];
            nodes = new bytes32[](row.length / 2);
            for (uint256 i; i < nodes.length; ++i) {
                nodes[i] = node(row[2 * i], row[2 * i + 1]);
            }
            first /= 2;
        }
        require(used == siblings.length, "surplus");
        return nodes[0];
    }
}
