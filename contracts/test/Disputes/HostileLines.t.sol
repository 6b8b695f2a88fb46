// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "../../src/interfaces/IDisputes.sol";
import { Run, Subject } from "../../src/types/Dispute.sol";
import { JobState } from "../../src/types/Job.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// What liars will do with lines.
contract DisputesHostileLinesTest is DisputesFixture {
    function _settle(Scene memory scene) private {
        uint256 finalAt = results.finalAt(scene.rfp);
        if (block.timestamp < finalAt) vm.warp(finalAt);
        _finalize(scene.rfp);
    }

    /// Each costs the one who asks; the worker is paid, and the rounds end.
    function test_AThousandDemands() public {
        Scene memory scene = _honest();
        (uint256 worker, uint256 asker) = (_wealth(alice), _wealth(mallory));
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(mallory, scene, Subject.Result, 1, 0, runs);
        _failing(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line));
        _demandItem(mallory, scene, Subject.Result, 1, line, runs);
        for (uint256 round = 1; round < 2 * TinyModel.DEPTH; ++round) {
            _answerItem(alice, line, scene, Subject.Result, 1, runs);
            _demandItem(mallory, scene, Subject.Result, 1, line, runs);
        }
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        _failing(abi.encodeWithSelector(IDisputes.TooManyRounds.selector, line, 6));
        _demandItem(mallory, scene, Subject.Result, 1, line, runs);
        vm.assertGe(_wealth(alice), worker + 6 * 100_000 * GAS_PRICE, "paid");
        vm.assertLe(_wealth(mallory), asker - 6 * 100_000 * GAS_PRICE, "pays");
        _closeLine(mallory, scene, line);
        _settle(scene);
        _assertState(scene.rfp, JobState.Final);
    }

    /// It buys no delay once somebody refutes, and doesn't empty the reserve before the refuter is repaid.
    function test_ALineAgainstOnesOwnClaim() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint256 before = _wealth(carol);
        Run[] memory runs = _run(0, 0, 2);
        uint64 own = _demandTrace(mallory, scene, claim, 0, runs);
        _failing(abi.encodeWithSelector(IDisputes.WrongLine.selector, own));
        _demandTrace(mallory, scene, claim, 0, runs);
        uint64 line = _demandTrace(carol, scene, claim, 0, runs);
        for (uint256 round = 1; round < 2 * TinyModel.DEPTH; ++round) {
            _answerTrace(mallory, own, _liarTrace(1), runs);
            _demandTrace(mallory, scene, claim, own, runs);
        }
        uint256 spent = court.lineOf(line).spent;
        _refute(carol, scene, claim);
        vm.assertGe(_wealth(carol), before + REFUTE_REWARD, "repaid first");
        vm.assertGe(spent, 1, "spent");
        _settle(scene);
        _assertState(scene.rfp, JobState.Final);
        _closeLine(mallory, scene, own);
        vm.assertEq(market.disputeBonds(), 0, "drained");
    }

    function test_AnswerAtTheLastSecond() public {
        Scene memory scene = _honest();
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(bob, scene, Subject.Result, 1, 0, runs);
        uint256 end = block.timestamp + LINE_CLOCK;
        vm.warp(end - 1);
        _failing(abi.encodeWithSelector(IDisputes.ClockStillRuns.selector, line, end));
        _lapse(scene, line);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        vm.assertEq(court.lineOf(line).answererLeft, 1, "a second left");
        _demandItem(bob, scene, Subject.Result, 1, line, runs);
        vm.warp(end);
        _failing(abi.encodeWithSelector(IDisputes.ClockRanOut.selector, line));
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        _lapse(scene, line);
        _settle(scene);
        _assertState(scene.rfp, JobState.Slashed);
    }

    function test_DemandAtTheLastSecond() public {
        Scene memory scene = _honest();
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(bob, scene, Subject.Result, 1, 0, runs);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        uint256 end = block.timestamp + LINE_CLOCK;
        vm.warp(end - 1);
        _failing(abi.encodeWithSelector(IDisputes.ClockStillRuns.selector, line, end));
        _closeLine(stranger, scene, line);
        _demandItem(bob, scene, Subject.Result, 1, line, runs);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        vm.warp(end);
        _failing(abi.encodeWithSelector(IDisputes.ClockRanOut.selector, line));
        _demandItem(bob, scene, Subject.Result, 1, line, runs);
        _closeLine(stranger, scene, line);
    }

    /// An honest answer to a question about a dead claim earns nothing: the question is moot.
    function test_AnswerForTheFeeAlone() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        Run[] memory runs = _run(0, 0, 2);
        uint64 line = _demandTrace(bob, scene, claim, 0, runs);
        _refute(carol, scene, claim);
        _failing(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim));
        _answerTrace(mallory, line, _liarTrace(1), runs);
        _pass(LINE_CLOCK);
        _failing(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim));
        _lapse(scene, line);
        _closeLine(stranger, scene, line);
        vm.assertEq(market.disputeBonds(), 0, "drained");
    }

    /// A line that convicts first in number takes the reward from a claim that was upheld before it ended.
    function test_TheLowestIdTakesTheReward() public {
        Scene memory scene = _cheat();
        uint64 line = _demandItem(carol, scene, Subject.Result, 0, 0, _run(0, 0, 1));
        uint64 claim = _trueClaim(bob, scene);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        vm.assertEq(results.resultOf(_id(scene.rfp)).challenger, bob, "for now");
        _lapse(scene, line);
        vm.assertEq(results.resultOf(_id(scene.rfp)).challenger, carol, "at last");
        _settle(scene);
    }

    function test_ALaterConvictionTakesNothing() public {
        Scene memory scene = _cheat();
        uint64 claim = _trueClaim(bob, scene);
        uint64 again = _trueClaim(carol, scene);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        _uphold(scene, again);
        vm.assertEq(results.resultOf(_id(scene.rfp)).challenger, bob, "the first");
        _settle(scene);
    }
}
