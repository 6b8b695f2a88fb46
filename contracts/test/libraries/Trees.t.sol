// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Trees } from "../../src/libraries/Trees.sol";
import { Test } from "../utils/Test.sol";
import { PlainMerkle } from "./PlainMerkle.sol";

contract TreesTest is Test {
    function tensorRoot(bytes calldata data) external pure returns (bytes32) {
        return Trees.tensorRoot(data);
    }

    function _plain(bytes memory data) internal pure returns (bytes32) {
        uint256 count = data.length == 0 ? 1 : (data.length + 511) / 512;
        bytes32[] memory digests = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            bytes memory leaf = new bytes(512);
            for (uint256 k = 0; k < 512 && i * 512 + k < data.length; k++) {
                leaf[k] = data[i * 512 + k];
            }
            digests[i] = PlainMerkle.leaf(leaf);
        }
        return PlainMerkle.root(digests);
    }

    function test_ATensorsRootIsByDefinition() public view {
        uint16[10] memory lengths = [0, 4, 508, 512, 516, 1024, 1028, 2048, 2560, 2904];
        for (uint256 i = 0; i < lengths.length; i++) {
            bytes memory data = new bytes(lengths[i]);
            for (uint256 k = 0; k < data.length; k++) {
                data[k] = bytes1(uint8(k * 7 + i + 1));
            }
            vm.assertEq(this.tensorRoot(data), _plain(data), "root");
        }
    }

    function testFuzz_AnUpperRootIsByDefinition(bytes32 seed, uint256 count) public pure {
        count = bound(count, 1, 19);
        bytes32[] memory entries = new bytes32[](count);
        bytes32[] memory digests = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            entries[i] = keccak256(abi.encode(seed, i));
            digests[i] = PlainMerkle.leaf(abi.encodePacked(entries[i]));
        }
        vm.assertEq(Trees.upperRoot(entries), PlainMerkle.root(digests), "root");
    }
}
