// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { JobId } from "../types/Job.sol";
import { Reputation, Stake, Strikes, Unbonding } from "../types/Worker.sol";

/// @title Registry
/// @notice Who works here: stakes, the bonds locked in them, reputation. It keeps the books; the tokens lie in Market.
interface IRegistry {
    event Announced(address indexed worker, string endpoint);
    event StakeAdded(address indexed worker, uint256 amount);
    event UnbondingStarted(address indexed worker, uint256 amount, uint256 readyAt);
    event StakeRemoved(address indexed worker, uint256 amount);
    event BondLocked(address indexed worker, JobId indexed job, uint256 amount);
    event BondReleased(address indexed worker, JobId indexed job, uint256 amount);
    event BondTaken(address indexed worker, JobId indexed job, uint256 amount);
    /// `ordinal` is the job's among the worker's settled jobs; `isThird` slashes it.
    event StrikeRecorded(address indexed worker, JobId indexed job, uint256 ordinal, bool isThird);

    /// @notice Thrown when a caller other than the market changes a worker's books.
    error NotMarket(address caller);
    /// @notice Thrown when the stake that is neither locked nor unbonding is too small.
    error InsufficientFreeStake(address worker, uint256 free, uint256 needed);
    /// @notice Thrown when there is no unbonding stake, or it isn't ready yet.
    error NothingUnbonded(address worker, uint256 readyAt);
    /// @notice Thrown when an endpoint is longer than a URL may be.
    error EndpointTooLong(uint256 length, uint256 limit);
    /// @notice Thrown when an amount is zero.
    error ZeroAmount();

    /// @notice Tells where a worker serves its outputs and quotes, a base URL. The event is the record.
    function announce(string calldata endpoint) external;

    /// @notice Starts to take `amount` of free stake out. It is ready after `unbondingTime`; asking again restarts the
    /// clock for the whole.
    function unbond(uint128 amount) external;

    function addStake(address worker, uint128 amount) external;

    /// @notice Takes the unbonded stake off the books and returns it.
    function removeStake(address worker) external returns (uint128 amount);

    function lockBond(address worker, JobId job, uint128 amount) external;

    function releaseBond(address worker, JobId job, uint128 amount) external;

    /// @notice Takes a locked bond, or a part of it, out of the worker's stake for good, without counting a job.
    function takeBond(address worker, JobId job, uint128 amount) external;

    /// @notice A bond lost to a missed deadline.
    function recordMissed(address worker, JobId job, uint128 bond) external;

    /// @notice A job that ended undisputed or with void items; releases its bond.
    function recordFinal(address worker, JobId job, uint128 bond, uint128 value, bool hadVoidItems) external;

    /// @notice A job that ended in fraud; takes its bond.
    function recordSlashed(address worker, JobId job, uint128 bond) external;

    /// @notice Notes that the job about to be recorded is void in part, and tells whether it is the third such job, or a
    /// later one, among the worker's last 100 settled jobs.
    function recordStrike(address worker, JobId job) external returns (bool isThird);

    /// @notice The only account that may change a worker's books.
    function market() external view returns (address);

    function unbondingTime() external view returns (uint32);

    function stakeOf(address worker) external view returns (Stake memory);

    function unbondingOf(address worker) external view returns (Unbonding memory);

    function reputationOf(address worker) external view returns (Reputation memory);

    function strikesOf(address worker) external view returns (Strikes memory);

    /// @notice Stake that can back a new bond.
    function freeStakeOf(address worker) external view returns (uint256);
}
