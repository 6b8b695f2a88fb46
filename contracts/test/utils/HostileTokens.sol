// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MockToken } from "./MockToken.sol";

/// Takes a hundredth of every transfer from the receiver, once a fee is set; or takes it from the sender on top.
contract FeeToken is MockToken {
    bool public fromSender;

    function setFromSender(bool fromSender_) external {
        fromSender = fromSender_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from == address(0) || to == address(0)) return;
        super._update(fromSender ? from : to, address(0), amount / 100);
    }
}

/// Says false instead of reverting, or says true and moves nothing.
contract LyingToken is MockToken {
    bool public answer;

    function setAnswer(bool answer_) external {
        answer = answer_;
    }

    function transferFrom(address, address, uint256) public view override returns (bool) {
        return answer;
    }
}

/// Returns nothing, as USDT does.
contract SilentToken {
    mapping(address holder => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) internal {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// Can be stopped as a whole, or for one payee.
contract PausingToken is MockToken {
    error Paused();
    error Blocked(address payee);

    bool public paused;
    mapping(address payee => bool) public blocked;

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function setBlocked(address payee, bool blocked_) external {
        blocked[payee] = blocked_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!paused, Paused());
        require(!blocked[to], Blocked(to));
        super._update(from, to, amount);
    }
}

/// Every balance is scaled by a factor that changes.
contract RebasingToken is MockToken {
    uint256 public factor = 1e18;

    function setFactor(uint256 factor_) external {
        factor = factor_;
    }

    function balanceOf(address holder) public view override returns (uint256) {
        return super.balanceOf(holder) * factor / 1e18;
    }
}

/// Calls somebody in the middle of every transfer, and notes what came of it. It may itself be requester or worker.
contract ReenteringToken is MockToken {
    address internal target;
    bytes internal data;
    bool public entered;
    bytes public reason;

    function arm(address target_, bytes calldata data_) external {
        (target, data, entered, reason) = (target_, data_, false, "");
    }

    /// A call in the token's own name.
    function act(address callee, bytes calldata call) external returns (bytes memory) {
        (bool ok, bytes memory answer) = callee.call(call);
        require(ok, string(answer));
        return answer;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (target != address(0)) {
            (address callee, bytes memory call) = (target, data);
            target = address(0);
            (entered, reason) = callee.call(call);
        }
        super._update(from, to, amount);
    }
}
