// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Claim, ClaimState } from "../../src/types/Dispute.sol";
import { JobState } from "../../src/types/Job.sol";
import { Test } from "../utils/Test.sol";
import { DisputesPlay } from "./DisputesPlay.sol";
import { Quality, Story } from "./DisputesWorld.sol";
import { FuzzSelector } from "./Market.t.sol";

/// What holds after any play of workers, watchers, refuters and liars, when the diligent act before their time runs out.
contract DisputesInvariants is Test {
    DisputesPlay internal world;
    address internal worker;
    address internal watcher;
    uint256 internal stake;
    uint256 internal workers;
    uint256 internal watchers;

    function setUp() public {
        world = new DisputesPlay();
        world.setUp();
        worker = world.people();
        watcher = world.dora();
        stake = world.stakeOf(worker);
        (workers, watchers) = (world.wealthOf(worker), world.wealthOf(watcher));
        for (uint256 k = 0; k < 3; ++k) {
            world.work(k);
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[17] memory acts = [
            world.wait.selector,
            world.wait.selector,
            world.wait.selector,
            world.work.selector,
            world.lie.selector,
            world.lie.selector,
            world.tell.selector,
            world.refute.selector,
            world.uphold.selector,
            world.askTrace.selector,
            world.askItem.selector,
            world.askOn.selector,
            world.answer.selector,
            world.answer.selector,
            world.lapse.selector,
            world.close.selector,
            world.finalize.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(world), new bytes4[](acts.length));
        for (uint256 k = 0; k < acts.length; ++k) {
            targets[0].selectors[k] = acts[k];
        }
    }

    /// All rules in one: each would play the same games anew. What disputes hold is what their claims, lines and seals
    /// hold, and the market what it owes, to the unit.
    /// forge-config: default.invariant.runs = 6
    /// forge-config: default.invariant.depth = 60
    /// forge-config: default.invariant.shrink-run-limit = 100
    /// forge-config: soak.invariant.runs = 64
    /// forge-config: soak.invariant.depth = 120
    function invariant_TheRulesHold() public view {
        world.checkBooks();
        _honestWorkersLoseNothing();
        _truthPrevails();
        _caughtCheatsStayCaught();
    }

    /// A worker whose results are good and that acts in time never loses a unit.
    function _honestWorkersLoseNothing() private view {
        vm.assertEq(world.stakeOf(worker), stake, "stake");
        vm.assertGe(world.wealthOf(worker), workers, "all it has");
        for (uint256 i = 0; i < world.jobCount(); ++i) {
            if (world.qualities(i) != Quality.Honest) continue;
            vm.assertFalse(world.isSlashed(i), "slashed");
            vm.assertEq(world.costsOf(i), 0, "void");
            vm.assertTrue(world.stateOf(i) != JobState.Slashed, "state");
        }
    }

    /// No lie is upheld, and no truth refuted.
    function _truthPrevails() private view {
        for (uint64 id = 1; id <= world.idCount(); ++id) {
            Claim memory claim = world.claimOf(id);
            if (claim.state == ClaimState.Upheld) vm.assertTrue(world.storyOf(id) == Story.True, "a lie is upheld");
            if (claim.state != ClaimState.Refuted || claim.claimer != watcher) continue;
            vm.assertTrue(world.storyOf(id) != Story.True, "a truth is dead");
        }
    }

    /// A conviction stands, whatever else is claimed; its reward is the lowest id's. What isn't slashed isn't free to cheat.
    function _caughtCheatsStayCaught() private view {
        for (uint256 i = 0; i < world.jobCount(); ++i) {
            if (world.lowest(i) != 0) {
                vm.assertTrue(world.isSlashed(i), "not convicted");
                vm.assertEq(world.challengerOf(i), world.convictor(i), "another's reward");
                vm.assertTrue(world.stateOf(i) != JobState.Final, "paid");
            }
            if (world.qualities(i) == Quality.Cheat) {
                vm.assertTrue(world.stateOf(i) != JobState.Final, "a cheat is paid");
            }
        }
    }

    /// All that is open can end, and then disputes hold nothing, and a watcher that claims rightly has lost nothing.
    function afterInvariant() external {
        world.drain();
        vm.assertEq(world.held(), 0, "disputes hold nothing");
        for (uint256 i = 0; i < world.jobCount(); ++i) {
            JobState state = world.stateOf(i);
            vm.assertTrue(state == JobState.Final || state == JobState.Slashed, "settled");
            vm.assertEq(world.openClaimsOf(i), 0, "open claims");
        }
        vm.assertGe(world.wealthOf(watcher), watchers, "the watcher");
        vm.assertGe(world.wealthOf(worker), workers, "the worker");
        invariant_TheRulesHold();
    }
}
