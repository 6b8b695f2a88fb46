// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Vm } from "./Vm.sol";

/// What every test contract has: forge's cheat codes, assertions with a reason, and bounded fuzz input. npm's forge-std is
/// stale, so this stands in its place.
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// `value` moved into [low, high], the same for the same input.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        if (value >= low && value <= high) return value;
        uint256 span = high - low;
        return span == type(uint256).max ? value : low + value % (span + 1);
    }

    /// A labelled account with a key, so that it can sign.
    function account(string memory name) internal returns (address holder, uint256 key) {
        key = uint256(keccak256(bytes(name)));
        holder = vm.addr(key);
        vm.label(holder, name);
    }
}
