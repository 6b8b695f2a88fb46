// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BidStatus } from "../../src/types/Bid.sol";
import { Job, JobId, JobState, Rfp } from "../../src/types/Job.sol";
import { Reputation, Stake } from "../../src/types/Worker.sol";
import { MarketFixture } from "../utils/MarketFixture.sol";
import { MarketHandler } from "./MarketHandler.sol";
import { ProvenModels } from "./Proofs.sol";
import { Setting } from "./World.sol";

/// What forge calls at random.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

/// What holds after any sequence of acts.
contract MarketInvariants is MarketFixture {
    MarketHandler internal world;
    uint256 internal supply;

    function setUp() public override {
        super.setUp();
        world = new MarketHandler(
            Setting({
                market: market,
                registry: registry,
                results: results,
                utility: utility,
                cash: cash,
                disputes: disputes,
                feeRecipient: feeRecipient,
                modelId: modelId,
                voidOnlyId: voidOnlyId,
                proven: new ProvenModels(models)
            })
        );
        for (uint256 i = 0; i < world.peopleCount(); i++) {
            cash.mint(world.people(i), 1e5 * ONE);
            utility.transfer(world.people(i), 1e5 * ONE);
        }
        for (uint256 i = 0; i < 4; i++) {
            world.stake(i, 300e18);
        }
        // The fixture's own workers would blur the sums.
        for (uint256 i = 1; i < 4; i++) {
            vm.prank(accounts[i]);
            registry.unbond(1000 * ONE);
        }
        vm.warp(block.timestamp + UNBONDING);
        for (uint256 i = 1; i < 4; i++) {
            vm.prank(accounts[i]);
            market.withdrawStake();
        }
        supply = utility.totalSupply();
        world.synchronize();
    }

    function targetContracts() external view returns (address[] memory targets) {
        return _list(address(world));
    }

    /// The acts; those that open a job's life and those that lead on are drawn more often.
    function targetSelectors() external view virtual returns (FuzzSelector[] memory targets) {
        bytes4[37] memory acts = [
            world.wait.selector,
            world.stake.selector,
            world.unbond.selector,
            world.withdrawStake.selector,
            world.withdraw.selector,
            world.post.selector,
            world.post.selector,
            world.post.selector,
            world.cancel.selector,
            world.bid.selector,
            world.bid.selector,
            world.bid.selector,
            world.bid.selector,
            world.reveal.selector,
            world.reveal.selector,
            world.reveal.selector,
            world.reveal.selector,
            world.forfeit.selector,
            world.award.selector,
            world.award.selector,
            world.awardQuote.selector,
            world.reassign.selector,
            world.commit.selector,
            world.commitUnproven.selector,
            world.openClaim.selector,
            world.openClaim.selector,
            world.closeClaim.selector,
            world.closeClaim.selector,
            world.closeClaim.selector,
            world.lockDisputeBond.selector,
            world.payDisputeBond.selector,
            world.burnDisputeBond.selector,
            world.finalize.selector,
            world.finalize.selector,
            world.finalize.selector,
            world.expire.selector,
            world.releaseBid.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(world), new bytes4[](acts.length));
        for (uint256 i = 0; i < acts.length; i++) {
            targets[0].selectors[i] = acts[i];
        }
    }

    function invariant_EveryRuleHolds() public view {
        _checkTheMarketHoldsWhatItOwes();
        _checkStatesAreTheKnownOnes();
        _checkLockedStakeIsTheSumOfLiveBonds();
        _checkADiligentWorkerLosesNothing();
        _checkTheSupplyFallsByWhatBurns();
    }

    function _checkTheMarketHoldsWhatItOwes() internal view {
        (uint256 owedCash, uint256 owedUtility) = _escrows();
        for (uint256 i = 0; i < world.peopleCount(); i++) {
            address person = world.people(i);
            owedCash += market.creditOf(person, address(cash));
            owedUtility += market.creditOf(person, address(utility)) + registry.stakeOf(person).total
            + registry.unbondingOf(person).amount;
        }
        vm.assertEq(market.disputeBonds(), world.disputeBonds(), "what disputes hold");
        owedUtility += world.disputeBonds();
        vm.assertEq(cash.balanceOf(address(market)), owedCash, "payment tokens");
        vm.assertEq(utility.balanceOf(address(market)), owedUtility, "utility tokens");
    }

    function _checkStatesAreTheKnownOnes() internal view {
        vm.assertEq(bytes(world.fault()), "", "a rule was broken");
        for (uint256 i = 0; i < world.jobCount(); i++) {
            JobState state = market.jobOf(_id(world.jobAt(i))).state;
            vm.assertEq(uint256(state), uint256(world.knownState(i)), "a state changed without an act on its job");
        }
    }

    function _checkLockedStakeIsTheSumOfLiveBonds() internal view {
        for (uint256 n = 0; n < world.peopleCount(); n++) {
            address worker = world.people(n);
            uint256 bonds;
            for (uint256 i = 0; i < world.jobCount(); i++) {
                if (_isBonded(i, worker)) bonds += world.jobAt(i).jobBond;
                if (_isUnderReview(i, worker)) bonds -= world.costs(i);
            }
            Stake memory stake = registry.stakeOf(worker);
            vm.assertEq(stake.locked, bonds, "locked");
            vm.assertLe(stake.locked, stake.total, "locked is part of the stake");
        }
    }

    function _checkADiligentWorkerLosesNothing() internal view {
        address worker = world.diligent();
        Reputation memory reputation = registry.reputationOf(worker);
        vm.assertEq(reputation.missedJobs + reputation.slashedJobs, 0, "nothing missed");
        uint256 kept = uint256(registry.stakeOf(worker).total) + registry.unbondingOf(worker).amount;
        for (uint256 i = 0; i < world.jobCount(); i++) {
            if (market.jobOf(_id(world.jobAt(i))).worker == worker) kept += world.costs(i);
        }
        vm.assertEq(kept, world.diligentStake(), "no bond is lost but for the cost of voids");
    }

    function _checkTheSupplyFallsByWhatBurns() internal view {
        vm.assertEq(utility.totalSupply(), supply - world.burned(), "supply");
    }

    /// At the end of every sequence all jobs can be ended, and the last unit paid out.
    function afterInvariant() public {
        world.drain();
        _checkStatesAreTheKnownOnes();
        _checkADiligentWorkerLosesNothing();
        _checkTheSupplyFallsByWhatBurns();
        vm.assertEq(cash.balanceOf(address(market)), 0, "no payment token is left");
        vm.assertEq(utility.balanceOf(address(market)), 0, "no utility token is left");
        for (uint256 i = 0; i < world.jobCount(); i++) {
            vm.assertGe(uint256(world.knownState(i)), uint256(JobState.Final), "every job has ended");
        }
    }

    function _escrows() internal view returns (uint256 inCash, uint256 inUtility) {
        for (uint256 i = 0; i < world.jobCount(); i++) {
            Rfp memory rfp = world.jobAt(i);
            JobState state = world.knownState(i);
            if (state != JobState.Posted && state != JobState.Awarded && state != JobState.Committed) continue;
            if (rfp.token == address(cash)) inCash += rfp.maxPrice;
            else inUtility += rfp.maxPrice;
        }
    }

    /// Whether the worker's result waits for finality: then voids may have charged its bond.
    function _isUnderReview(uint256 i, address worker) internal view returns (bool) {
        Job memory job = market.jobOf(_id(world.jobAt(i)));
        return job.state == JobState.Committed && job.worker == worker;
    }

    /// Whether the job holds a bond of the worker: for its bid, or for its attempt.
    function _isBonded(uint256 i, address worker) internal view returns (bool) {
        JobId id = _id(world.jobAt(i));
        Job memory job = market.jobOf(id);
        BidStatus status = market.bidOf(id, worker).status;
        if (status == BidStatus.Sealed) return true;
        bool working = job.state == JobState.Awarded || job.state == JobState.Committed;
        if (working && job.worker == worker) return true;
        bool unawarded = job.state == JobState.Posted || (job.state == JobState.Expired && job.attempt == 0);
        return status == BidStatus.Revealed && unawarded;
    }
}
