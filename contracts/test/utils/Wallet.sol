// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IMarket } from "../../src/interfaces/IMarket.sol";

/// A worker that is a contract: it accepts one signature, which may be of any length.
contract Wallet is IERC1271 {
    bytes32 public accepted;
    bool public reverting;

    function accept(bytes32 digest, bytes calldata signature) external {
        accepted = keccak256(abi.encode(digest, signature));
    }

    function setReverting(bool reverting_) external {
        reverting = reverting_;
    }

    function stake(IMarket market, uint128 amount) external {
        IERC20(market.utilityToken()).approve(address(market), amount);
        market.stake(amount);
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        require(!reverting, "reverting");
        return keccak256(abi.encode(digest, signature)) == accepted ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// A worker that tries to change the market while it is asked for its signature.
contract ReenteringWallet is IERC1271 {
    IMarket internal immutable market;

    constructor(IMarket market_) {
        market = market_;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        // The market asks by a static call, so that this can't change anything.
        (bool ok,) = address(market).staticcall(abi.encodeCall(IMarket.withdraw, (market.utilityToken())));
        return ok ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
