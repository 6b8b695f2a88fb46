// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// An honest payment token of which anybody may mint.
contract MockToken is ERC20("Cash", "CASH") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
