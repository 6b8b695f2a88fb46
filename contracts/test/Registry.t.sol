// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Registry } from "../src/Registry.sol";
import { IRegistry } from "../src/interfaces/IRegistry.sol";
import { JobId } from "../src/types/Job.sol";
import { Reputation, Stake, Strikes, Unbonding } from "../src/types/Worker.sol";
import { Test } from "./utils/Test.sol";

/// The test is the market.
contract RegistryTest is Test {
    uint32 internal constant UNBONDING = 8 days;
    uint256 internal constant START = 1_750_000_000;
    JobId internal constant JOB = JobId.wrap(keccak256("job"));

    Registry internal registry = new Registry(address(this), UNBONDING);
    address internal worker;

    function setUp() public {
        vm.warp(START);
        (worker,) = account("worker");
    }

    function _books(uint256 total, uint256 locked) internal view {
        Stake memory stake = registry.stakeOf(worker);
        vm.assertEq(stake.total, total, "total");
        vm.assertEq(stake.locked, locked, "locked");
        vm.assertEq(registry.freeStakeOf(worker), total - locked, "free");
    }

    function test_Announces() public {
        string memory longest = string(new bytes(256));
        vm.expectEmit(address(registry));
        emit IRegistry.Announced(worker, longest);
        vm.startPrank(worker);
        registry.announce(longest);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.EndpointTooLong.selector, 257, 256));
        registry.announce(string(new bytes(257)));
    }

    function test_OnlyTheMarketChangesBooks() public {
        vm.assertEq(registry.market(), address(this), "market");
        bytes[9] memory calls = [
            abi.encodeCall(IRegistry.addStake, (worker, 1)),
            abi.encodeCall(IRegistry.removeStake, (worker)),
            abi.encodeCall(IRegistry.lockBond, (worker, JOB, 1)),
            abi.encodeCall(IRegistry.releaseBond, (worker, JOB, 1)),
            abi.encodeCall(IRegistry.takeBond, (worker, JOB, 1)),
            abi.encodeCall(IRegistry.recordMissed, (worker, JOB, 1)),
            abi.encodeCall(IRegistry.recordFinal, (worker, JOB, 1, 1, false)),
            abi.encodeCall(IRegistry.recordSlashed, (worker, JOB, 1)),
            abi.encodeCall(IRegistry.recordStrike, (worker, JOB))
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(worker);
            (bool ok, bytes memory reason) = address(registry).call(calls[i]);
            vm.assertFalse(ok, "refused");
            vm.assertEq(reason, abi.encodeWithSelector(IRegistry.NotMarket.selector, worker), "reason");
        }
    }

    function test_LocksReleasesAndTakes() public {
        registry.addStake(worker, 100);
        registry.lockBond(worker, JOB, 60);
        _books(100, 60);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InsufficientFreeStake.selector, worker, 40, 41));
        registry.lockBond(worker, JOB, 41);
        registry.lockBond(worker, JOB, 40);
        _books(100, 100);
        registry.releaseBond(worker, JOB, 60);
        _books(100, 40);
        vm.expectEmit(address(registry));
        emit IRegistry.BondTaken(worker, JOB, 40);
        registry.takeBond(worker, JOB, 40);
        _books(60, 0);
    }

    function test_NeverReleasesOrTakesMoreThanIsLocked() public {
        registry.addStake(worker, 100);
        registry.lockBond(worker, JOB, 10);
        bytes memory underflow = abi.encodeWithSignature("Panic(uint256)", 0x11);
        vm.expectRevert(underflow);
        registry.releaseBond(worker, JOB, 11);
        vm.expectRevert(underflow);
        registry.takeBond(worker, JOB, 11);
        _books(100, 10);
    }

    function test_Unbonds() public {
        registry.addStake(worker, 100);
        registry.lockBond(worker, JOB, 30);
        vm.startPrank(worker);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InsufficientFreeStake.selector, worker, 70, 71));
        registry.unbond(71);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.ZeroAmount.selector));
        registry.unbond(0);
        vm.expectEmit(address(registry));
        emit IRegistry.UnbondingStarted(worker, 20, START + UNBONDING);
        registry.unbond(20);
        vm.stopPrank();
        _books(80, 30);
    }

    function test_AskingAgainRestartsTheClock() public {
        registry.addStake(worker, 100);
        vm.prank(worker);
        registry.unbond(20);
        vm.warp(START + UNBONDING - 1);
        vm.prank(worker);
        registry.unbond(5);
        Unbonding memory unbonding = registry.unbondingOf(worker);
        vm.assertEq(unbonding.amount, 25, "the whole");
        vm.assertEq(unbonding.readyAt, START + 2 * uint256(UNBONDING) - 1, "ready at");
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NothingUnbonded.selector, worker, unbonding.readyAt));
        registry.removeStake(worker);
        vm.warp(unbonding.readyAt);
        vm.assertEq(registry.removeStake(worker), 25, "amount");
        _books(75, 0);
    }

    function test_CountsWhatBecameOfJobs() public {
        registry.addStake(worker, 100);
        registry.lockBond(worker, JOB, 40);
        registry.recordFinal(worker, JOB, 10, 7, false);
        registry.recordFinal(worker, JOB, 10, 3, true);
        registry.recordMissed(worker, JOB, 10);
        registry.recordSlashed(worker, JOB, 10);
        _books(80, 0);
        Reputation memory reputation = registry.reputationOf(worker);
        vm.assertEq(reputation.finalJobs, 1, "final");
        vm.assertEq(reputation.voidJobs, 1, "void");
        vm.assertEq(reputation.missedJobs, 1, "missed");
        vm.assertEq(reputation.slashedJobs, 1, "slashed");
        vm.assertEq(reputation.settledValue, 10, "value");
    }

    /// Voids take parts of a bond; the end of the job takes or releases the rest.
    function test_TakesABondInParts() public {
        registry.addStake(worker, 100);
        registry.lockBond(worker, JOB, 60);
        registry.takeBond(worker, JOB, 20);
        registry.takeBond(worker, JOB, 10);
        _books(70, 30);
        registry.recordFinal(worker, JOB, 30, 1, true);
        _books(70, 0);
    }

    function _settle(uint32 count) internal {
        for (uint32 i = 0; i < count; i++) {
            registry.recordFinal(worker, JOB, 0, 0, false);
        }
    }

    function _strike(uint256 ordinal, bool isThird) internal {
        vm.expectEmit(address(registry));
        emit IRegistry.StrikeRecorded(worker, JOB, ordinal, isThird);
        vm.assertTrue(registry.recordStrike(worker, JOB) == isThird, "is third");
        if (isThird) registry.recordSlashed(worker, JOB, 0);
        else registry.recordFinal(worker, JOB, 0, 0, true);
    }

    function test_CountsStrikesAmongTheLastHundredJobs() public {
        _settle(5);
        // A missed job doesn't settle.
        registry.recordMissed(worker, JOB, 0);
        _strike(6, false);
        _settle(98);
        _strike(105, false);
        // 6 is the first of the last 101.
        _strike(106, false);
        _settle(97);
        // 105 is the first of the last 100.
        _strike(204, true);
        // 106 and 204 are among the last 100.
        _strike(205, true);
        _settle(98);
        _strike(304, false);
        Strikes memory strikes = registry.strikesOf(worker);
        vm.assertEq(strikes.previous, 205, "the strike before the last");
        vm.assertEq(strikes.last, 304, "the last strike");
    }

    /// The rule by another road: a list of all jobs, of which the last hundred are counted.
    function testFuzz_StrikesAsIfAllJobsWereKept(bytes32[12] memory seeds) public {
        bool[] memory struck = new bool[](12 * 64);
        uint256 count;
        for (uint256 i = 0; i < seeds.length; i++) {
            uint32 good = uint32(uint256(seeds[i]) % 60);
            _settle(good);
            count += good;
            struck[count++] = true;
            uint256 among;
            for (uint256 n = count > 100 ? count - 100 : 0; n < count; n++) {
                if (struck[n]) among++;
            }
            _strike(count, among >= 3);
        }
    }

    /// An overflow would keep a job from being settled for good.
    function test_SettledValueSaturates() public {
        registry.addStake(worker, type(uint128).max);
        registry.lockBond(worker, JOB, 2);
        registry.recordFinal(worker, JOB, 1, type(uint128).max - 1, false);
        registry.recordFinal(worker, JOB, 1, type(uint128).max, false);
        vm.assertEq(registry.reputationOf(worker).settledValue, type(uint128).max, "saturated");
        vm.assertEq(registry.reputationOf(worker).finalJobs, 2, "both are counted");
    }

    function test_RefusesStakeBeyondTheBooks() public {
        registry.addStake(worker, type(uint128).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        registry.addStake(worker, 1);
    }
}
