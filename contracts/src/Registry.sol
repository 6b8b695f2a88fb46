// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IRegistry } from "./interfaces/IRegistry.sol";
import { JobId } from "./types/Job.sol";
import { Reputation, Stake, Strikes, Unbonding } from "./types/Worker.sol";

/// @title Registry
/// @notice See {IRegistry}.
contract Registry is IRegistry {
    uint256 internal constant MAX_ENDPOINT = 256;

    address public immutable market;
    uint32 public immutable unbondingTime;

    mapping(address worker => Stake) internal _stakes;
    mapping(address worker => Unbonding) internal _unbondings;
    mapping(address worker => Reputation) internal _reputations;
    mapping(address worker => Strikes) internal _strikes;

    modifier onlyMarket() {
        require(msg.sender == market, NotMarket(msg.sender));
        _;
    }

    constructor(address market_, uint32 unbondingTime_) {
        market = market_;
        unbondingTime = unbondingTime_;
    }

    function announce(string calldata endpoint) external {
        require(bytes(endpoint).length <= MAX_ENDPOINT, EndpointTooLong(bytes(endpoint).length, MAX_ENDPOINT));
        emit Announced(msg.sender, endpoint);
    }

    function unbond(uint128 amount) external {
        require(amount > 0, ZeroAmount());
        Stake storage stake = _stakes[msg.sender];
        _requireFree(stake, msg.sender, amount);
        Unbonding storage unbonding = _unbondings[msg.sender];
        uint40 readyAt = uint40(block.timestamp + unbondingTime);
        stake.total -= amount;
        unbonding.amount += amount;
        unbonding.readyAt = readyAt;
        emit UnbondingStarted(msg.sender, amount, readyAt);
    }

    function addStake(address worker, uint128 amount) external onlyMarket {
        require(amount > 0, ZeroAmount());
        _stakes[worker].total += amount;
        emit StakeAdded(worker, amount);
    }

    function removeStake(address worker) external onlyMarket returns (uint128 amount) {
        Unbonding memory unbonding = _unbondings[worker];
        amount = unbonding.amount;
        require(amount > 0 && block.timestamp >= unbonding.readyAt, NothingUnbonded(worker, unbonding.readyAt));
        delete _unbondings[worker];
        emit StakeRemoved(worker, amount);
    }

    function lockBond(address worker, JobId job, uint128 amount) external onlyMarket {
        Stake storage stake = _stakes[worker];
        _requireFree(stake, worker, amount);
        stake.locked += amount;
        emit BondLocked(worker, job, amount);
    }

    function releaseBond(address worker, JobId job, uint128 amount) external onlyMarket {
        _release(worker, job, amount);
    }

    function takeBond(address worker, JobId job, uint128 amount) external onlyMarket {
        _take(worker, job, amount);
    }

    function recordMissed(address worker, JobId job, uint128 bond) external onlyMarket {
        _reputations[worker].missedJobs += 1;
        _take(worker, job, bond);
    }

    function recordFinal(address worker, JobId job, uint128 bond, uint128 value, bool hadVoidItems)
        external
        onlyMarket
    {
        Reputation storage reputation = _reputations[worker];
        if (hadVoidItems) reputation.voidJobs += 1;
        else reputation.finalJobs += 1;
        // Saturates: an overflow must not keep a job from being settled.
        uint256 sum = uint256(reputation.settledValue) + value;
        // forge-lint: disable-next-line(unsafe-typecast)
        reputation.settledValue = sum < type(uint128).max ? uint128(sum) : type(uint128).max;
        _release(worker, job, bond);
    }

    function recordSlashed(address worker, JobId job, uint128 bond) external onlyMarket {
        _reputations[worker].slashedJobs += 1;
        _take(worker, job, bond);
    }

    function recordStrike(address worker, JobId job) external onlyMarket returns (bool isThird) {
        Strikes memory strikes;
        (strikes, isThird) = _strikes[worker].strike(_reputations[worker]);
        _strikes[worker] = strikes;
        emit StrikeRecorded(worker, job, strikes.last, isThird);
    }

    function stakeOf(address worker) external view returns (Stake memory) {
        return _stakes[worker];
    }

    function unbondingOf(address worker) external view returns (Unbonding memory) {
        return _unbondings[worker];
    }

    function reputationOf(address worker) external view returns (Reputation memory) {
        return _reputations[worker];
    }

    function strikesOf(address worker) external view returns (Strikes memory) {
        return _strikes[worker];
    }

    function freeStakeOf(address worker) external view returns (uint256) {
        Stake memory stake = _stakes[worker];
        return stake.total - stake.locked;
    }

    function _release(address worker, JobId job, uint128 amount) internal {
        _stakes[worker].locked -= amount;
        emit BondReleased(worker, job, amount);
    }

    function _take(address worker, JobId job, uint128 amount) internal {
        Stake storage stake = _stakes[worker];
        stake.locked -= amount;
        stake.total -= amount;
        emit BondTaken(worker, job, amount);
    }

    // INVARIANT: locked <= total, for every worker and at all times.
    function _requireFree(Stake storage stake, address worker, uint128 amount) internal view {
        uint256 free = stake.total - stake.locked;
        require(free >= amount, InsufficientFreeStake(worker, free, amount));
    }
}
