// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Opening } from "../../src/interfaces/IReferee.sol";
import { Meter } from "../../src/libraries/Meter.sol";
import { Test } from "../utils/Test.sol";

contract MeterTest is Test {
    function tokens(bytes calldata data) external pure returns (uint256) {
        return Meter.tokensOf(data);
    }

    function opening(Opening calldata opened) external pure returns (uint256) {
        return Meter.tokensOf(opened);
    }

    function gas(uint256 counted, uint256 rest) external view returns (uint256) {
        return Meter.gasSince(gasleft(), counted, rest);
    }

    function _plain(bytes memory data) private pure returns (uint256 count) {
        for (uint256 k = 0; k < data.length; ++k) {
            count += data[k] == 0 ? 1 : 4;
        }
    }

    /// Byte by byte, whatever follows in calldata.
    function testFuzz_Tokens(bytes memory data, uint256 zeros) public view {
        for (uint256 k = 0; k < data.length; ++k) {
            if ((zeros >> (k % 256)) & 1 == 0) data[k] = 0;
        }
        vm.assertEq(this.tokens(data), _plain(data), "tokens");
    }

    function test_TokensOfEveryLength() public view {
        for (uint256 length = 0; length <= 97; ++length) {
            bytes memory ones = new bytes(length);
            vm.assertEq(this.tokens(ones), length, "zeros");
            for (uint256 k = 0; k < length; ++k) {
                ones[k] = bytes1(uint8(k % 2 == 0 ? 0x80 : 1));
            }
            vm.assertEq(this.tokens(ones), 4 * length, "no zeros");
        }
    }

    function test_AnOpeningCountsItsDigests() public view {
        Opening memory opened = Opening(new bytes(512), new bytes32[](3), new bytes32[](2));
        vm.assertEq(this.opening(opened), 400 + 512 + 5 * 128, "tokens");
    }

    /// The usual rule where there is much to do, the floor where there is much calldata.
    function test_TheDearerRule() public view {
        uint256 least = this.gas(0, 0);
        vm.assertGe(least, 21_000 + 1800 * 10, "the floor of the head");
        vm.assertLe(least, 21_000 + 1800 * 10 + 500, "and no more");
        vm.assertEq(this.gas(100_000, 0), 21_000 + 101_800 * 10, "calldata");
        uint256 most = this.gas(100_000, 2_000_000);
        vm.assertGe(most, 21_000 + 101_800 * 4 + 2_000_000, "work");
        vm.assertLe(most, 21_000 + 101_800 * 4 + 2_000_500, "and no more");
    }
}
