// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { IMarket } from "./interfaces/IMarket.sol";
import { IRegistry } from "./interfaces/IRegistry.sol";

/// What Market asks of the utility token beyond ERC-20.
interface IBurnable {
    function burn(uint256 amount) external;
}

/// @title Treasury
/// @notice Market's tokens: what comes in, what each account may take out, what burns.
///
/// For every token: balance == escrow of open jobs + stakes (bonds and unbonding stake included) + credits + bonds of
/// disputes. A transfer that moves another amount than it was told to reverts, so a token that takes a fee never enters the
/// books.
abstract contract Treasury is IMarket, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    address public immutable utilityToken;
    IRegistry public immutable registry;
    address public immutable disputes;

    // INVARIANT: disputes pay and burn nothing that they did not lock; the subtractions below are checked, so that a
    // fault there can't reach other money.
    uint256 public disputeBonds;
    mapping(address account => mapping(address token => uint256)) internal _credits;

    constructor(address utilityToken_, IRegistry registry_, address disputes_) {
        utilityToken = utilityToken_;
        registry = registry_;
        disputes = disputes_;
    }

    function stake(uint128 amount) external nonReentrant {
        registry.addStake(msg.sender, amount);
        _pull(utilityToken, msg.sender, amount);
    }

    function withdrawStake() external nonReentrant returns (uint256 amount) {
        amount = registry.removeStake(msg.sender);
        _push(utilityToken, msg.sender, amount);
    }

    function withdraw(address token) external nonReentrant returns (uint256 amount) {
        amount = _credits[msg.sender][token];
        require(amount > 0, NothingToWithdraw(msg.sender, token));
        _credits[msg.sender][token] = 0;
        emit Withdrawn(msg.sender, token, amount);
        _push(token, msg.sender, amount);
    }

    function lockDisputeBond(address account, uint128 amount) external nonReentrant {
        _requireCaller(disputes);
        disputeBonds += amount;
        emit DisputeBondLocked(account, amount);
        _take(account, utilityToken, amount);
    }

    function payDisputeBond(address account, uint128 amount) external {
        _requireCaller(disputes);
        disputeBonds -= amount;
        emit DisputeBondPaid(account, amount);
        _credit(account, utilityToken, amount);
    }

    function burnDisputeBond(uint128 amount) external nonReentrant {
        _requireCaller(disputes);
        disputeBonds -= amount;
        emit DisputeBondBurned(amount);
        _burn(amount);
    }

    function creditOf(address account, address token) external view returns (uint256) {
        return _credits[account][token];
    }

    function _credit(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        _credits[account][token] += amount;
        emit Credited(account, token, amount);
    }

    /// Takes `amount` in: from the account's credit first, from its wallet for the rest.
    function _take(address account, address token, uint256 amount) internal {
        uint256 credit = _credits[account][token];
        uint256 used = credit < amount ? credit : amount;
        if (used > 0) {
            _credits[account][token] = credit - used;
            emit CreditSpent(account, token, used);
        }
        if (used < amount) _pull(token, account, amount - used);
    }

    function _burn(uint256 amount) internal {
        if (amount > 0) IBurnable(utilityToken).burn(amount);
    }

    function _pull(address token, address from, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        uint256 moved = IERC20(token).balanceOf(address(this)) - before;
        require(moved == amount, TransferMismatch(token, moved, amount));
    }

    function _push(address token, address to, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amount);
        uint256 moved = before - IERC20(token).balanceOf(address(this));
        require(moved == amount, TransferMismatch(token, moved, amount));
    }

    function _requireCaller(address expected) internal view {
        require(msg.sender == expected, NotAllowed(msg.sender, expected));
    }
}
