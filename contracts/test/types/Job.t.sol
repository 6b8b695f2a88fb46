// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Guarantee, JobId, Kind, Rfp, jobIdOf } from "../../src/types/Job.sol";
import { Test } from "../utils/Test.sol";

contract JobTypeTest is Test {
    function idOf(address market, Rfp calldata rfp) external view returns (bytes32) {
        return JobId.unwrap(jobIdOf(market, rfp));
    }

    /// Terms whose every word follows from the seed.
    function _rfp(uint256 seed) internal pure returns (Rfp memory) {
        uint256[14] memory words;
        for (uint256 i = 0; i < 14; i++) {
            words[i] = uint256(keccak256(abi.encode(seed, i)));
        }
        return Rfp({
            requester: address(uint160(words[0])),
            nonce: uint64(words[1]),
            modelId: bytes32(words[2]),
            inputRoot: bytes32(words[3]),
            itemCount: uint32(words[4]),
            token: address(uint160(words[5])),
            maxPrice: uint128(words[6]),
            jobBond: uint128(words[7]),
            biddingTime: uint32(words[8]),
            revealTime: uint32(words[9]),
            executionTimeout: uint32(words[10]),
            challengeWindow: uint32(words[11]),
            guarantee: Guarantee(words[12] % 4),
            kind: Kind(words[13] % 3)
        });
    }

    function testFuzz_IsTheHashOfChainMarketAndTerms(uint256 seed, address market, uint64 chain) public {
        chain = uint64(bound(chain, 1, type(uint64).max / 2));
        vm.chainId(chain);
        Rfp memory rfp = _rfp(seed);
        vm.assertEq(this.idOf(market, rfp), keccak256(abi.encode(uint256(chain), market, rfp)), "id");
    }

    /// Any bit of the terms makes another job.
    function testFuzz_EveryBitCounts(uint256 seed, address market, uint256 word, uint256 bit) public view {
        Rfp memory rfp = _rfp(seed);
        uint256[14] memory widths = [uint256(160), 64, 256, 256, 32, 160, 128, 128, 32, 32, 32, 32, 2, 1];
        word = bound(word, 0, 13);
        bit = bound(bit, 0, widths[word] - 1);
        if (word == 13) rfp.kind = Kind.None;
        bytes memory call = abi.encodeCall(this.idOf, (market, rfp));
        bytes32 id = abi.decode(_call(call), (bytes32));
        uint256 position = 4 + 32 + 32 * word + 31 - bit / 8;
        call[position] ^= bytes1(uint8(1 << (bit % 8)));
        vm.assertNotEq(abi.decode(_call(call), (bytes32)), id, "another job");
    }

    function _call(bytes memory call) internal view returns (bytes memory answer) {
        bool ok;
        (ok, answer) = address(this).staticcall(call);
        vm.assertTrue(ok, "answered");
    }

    function testFuzz_TheMarketCounts(uint256 seed, address a, address b) public view {
        vm.assume(a != b);
        Rfp memory rfp = _rfp(seed);
        vm.assertNotEq(this.idOf(a, rfp), this.idOf(b, rfp), "another job");
    }
}
