// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MerkleCaller } from "../libraries/Merkle.t.sol";
import { Test } from "../utils/Test.sol";

/// @notice What a dispute pays for its openings: 4 KB of a 5 MB tensor, one leaf of it, one item of 100,000.
contract MerkleGasTest is Test {
    MerkleCaller private caller = new MerkleCaller();

    function test_Gas() public {
        caller.rootOfRange(new bytes(4096), 40, 10_000, new bytes32[](11));
        vm.snapshotGasLastCall("Merkle", "rootOfRange, 8 leaves of 10,000");
        caller.rootOfRange(new bytes(512), 40, 10_000, new bytes32[](14));
        vm.snapshotGasLastCall("Merkle", "rootOfRange, 1 leaf of 10,000");
        caller.entryRoot(0, 99_999, 100_000, new bytes32[](17));
        vm.snapshotGasLastCall("Merkle", "entryRoot, 100,000 entries");
    }
}
