// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { UtilityToken } from "../src/UtilityToken.sol";
import { Test } from "./utils/Test.sol";

contract UtilityTokenTest is Test {
    bytes32 internal constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    UtilityToken internal token;
    address internal owner;
    uint256 internal key;

    function setUp() public {
        vm.warp(1_750_000_000);
        (owner, key) = account("owner");
        token = new UtilityToken(owner, 1000);
    }

    function _signPermit(uint256 value, uint256 deadline) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 permit = keccak256(abi.encode(PERMIT, owner, address(this), value, token.nonces(owner), deadline));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), permit)));
    }

    function test_MintsOnce() public view {
        vm.assertEq(token.totalSupply(), 1000, "supply");
        vm.assertEq(token.balanceOf(owner), 1000, "balance");
        vm.assertEq(bytes(token.name()), "Atomic", "name");
        vm.assertEq(bytes(token.symbol()), "ATMC", "symbol");
        vm.assertEq(token.decimals(), 18, "decimals");
    }

    function test_BurnsOnlyWhatOneHas() public {
        vm.prank(owner);
        token.burn(400);
        vm.assertEq(token.totalSupply(), 600, "supply");
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(this), 0, 1));
        token.burn(1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(this), 0, 1));
        token.burnFrom(owner, 1);
    }

    function test_Permit() public {
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(70, block.timestamp);
        token.permit(owner, address(this), 70, block.timestamp, v, r, s);
        token.transferFrom(owner, address(this), 70);
        vm.assertEq(token.balanceOf(address(this)), 70, "moved");
    }

    function test_PermitRefusesAReplay() public {
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(70, block.timestamp);
        token.permit(owner, address(this), 70, block.timestamp, v, r, s);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        token.permit(owner, address(this), 70, block.timestamp, v, r, s);
    }

    function test_PermitRefusesAfterItsDeadline() public {
        uint256 deadline = block.timestamp;
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(70, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, deadline));
        token.permit(owner, address(this), 70, deadline, v, r, s);
    }

    function test_PermitRefusesAnotherChain() public {
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(70, block.timestamp);
        vm.chainId(5);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        token.permit(owner, address(this), 70, block.timestamp, v, r, s);
    }

    function test_PermitRefusesAnotherValue() public {
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(70, block.timestamp);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        token.permit(owner, address(this), 71, block.timestamp, v, r, s);
    }
}
