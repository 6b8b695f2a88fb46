// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "../../src/interfaces/IDisputes.sol";
import { ClaimState, ClaimTerms, Line, Run, Subject, Turn } from "../../src/types/Dispute.sol";
import { JobState } from "../../src/types/Job.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// A line's life: on a trace, a result, an input.
contract DisputesLinesTest is DisputesFixture {
    function _turn(uint64 line) private view returns (uint256) {
        return uint256(court.lineOf(line).turn);
    }

    function test_AWithheldTraceKillsItsClaim() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint256 before = _wealth(carol);
        uint64 line = _demandTrace(carol, scene, claim, 0, _run(1, 0, 2));
        vm.assertEq(_wealth(carol), before - LINE_BOND - PREFUND, "bond and prefund");
        vm.assertEq(court.claimOf(claim).openLines, 1, "open lines");
        uint256 spent = court.lineOf(line).spent;
        _pass(LINE_CLOCK);
        _lapse(scene, line);
        _assertClaim(claim, ClaimState.Refuted);
        vm.assertEq(_turn(line), uint256(Turn.Closed), "closed");
        uint256 gain = _wealth(carol) - before;
        vm.assertEq(gain, spent + 240_000 * GAS_PRICE + REFUTE_REWARD, "spent, gas and reward");
        vm.assertEq(market.disputeBonds(), 0, "nothing left");
    }

    function test_AnAnsweredTraceIsRefuted() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint256 before = _wealth(carol);
        Run[] memory runs = _run(1, 0, 2);
        uint64 line = _demandTrace(carol, scene, claim, 0, runs);
        _pass(10);
        uint256 answerer = _wealth(mallory);
        _answerTrace(mallory, line, _liarTrace(1), runs);
        Line memory open = court.lineOf(line);
        vm.assertEq(open.answererLeft, LINE_CLOCK - 10, "the answerer's clock");
        vm.assertEq(open.prefund, 0, "prefund");
        vm.assertGe(_wealth(mallory), answerer + 100_000 * GAS_PRICE, "paid");
        _pass(20);
        vm.assertEq(_demandTrace(carol, scene, claim, line, _run(0, 1, 1)), line, "the same line");
        vm.assertEq(court.lineOf(line).openerLeft, LINE_CLOCK - 20, "the opener's clock");
        vm.assertEq(court.lineOf(line).rounds, 2, "rounds");
        uint256 spent = court.lineOf(line).spent;
        _refute(carol, scene, claim);
        vm.assertEq(_turn(line), uint256(Turn.Closed), "closed with the claim");
        vm.assertGe(_wealth(carol), before - PREFUND + spent + REFUTE_REWARD, "repaid");
        vm.assertEq(market.disputeBonds(), 0, "nothing left");
    }

    function test_AnotherLineOfADeadClaimIsRepaidToo() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint256 before = _wealth(bob);
        uint64 line = _demandTrace(bob, scene, claim, 0, _run(1, 0, 2));
        uint256 spent = court.lineOf(line).spent;
        _refute(carol, scene, claim);
        _failing(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim));
        _demandTrace(bob, scene, claim, 0, _run(1, 0, 1));
        uint256 worker = _wealth(alice);
        _closeLine(stranger, scene, line);
        vm.assertEq(_wealth(bob), before + spent, "repaid");
        vm.assertEq(_wealth(alice), worker + (RESERVE - spent) / 2, "the rest of the reserve");
        vm.assertEq(market.disputeBonds(), 0, "nothing left");
    }

    function test_DelayCostsTheLinesBond() public {
        Scene memory scene = _cheat();
        uint64 claim = _trueClaim(bob, scene);
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandTrace(mallory, scene, claim, 0, runs);
        _answerTrace(bob, line, TinyModel.trace(1), runs);
        _pass(REFUTE_WINDOW);
        uint256 end = court.lineOf(line).since + LINE_CLOCK;
        vm.assertLe(end, block.timestamp, "the demander's clock ran out");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.LinesOpen.selector, claim, 1));
        court.uphold(scene.rfp, claim);
        (uint256 claimer, uint256 supply) = (_wealth(bob), utility.totalSupply());
        _closeLine(stranger, scene, line);
        vm.assertEq(_wealth(bob), claimer + LINE_BOND / 2, "half the claimer's");
        vm.assertEq(utility.totalSupply(), supply - LINE_BOND / 2, "half burned");
        _uphold(scene, claim);
        _assertClaim(claim, ClaimState.Upheld);
    }

    function test_AWithheldResultIsFraud() public {
        Scene memory scene = _honest();
        uint256 before = _wealth(bob);
        uint64 line = _demandItem(bob, scene, Subject.Result, 2, 0, _run(0, 0, 1));
        vm.assertEq(results.resultOf(_id(scene.rfp)).openClaims, 1, "the job waits");
        _pass(LINE_CLOCK);
        _lapse(scene, line);
        vm.warp(results.finalAt(scene.rfp));
        _finalize(scene.rfp);
        _assertState(scene.rfp, JobState.Slashed);
        vm.assertEq(_wealth(bob), before + BOND / 5, "prefund and reward");
    }

    function test_AnAnsweredResultCostsTheWorkerNothing() public {
        Scene memory scene = _honest();
        uint256 before = _wealth(alice);
        Run[] memory runs = new Run[](3);
        (runs[0], runs[1], runs[2]) = (Run(0, 0, 1, 0), Run(1, 0, 1, 0), Run(2, 0, 2, 0));
        uint64 line = _demandItem(bob, scene, Subject.Result, 2, 0, runs);
        _answerItem(alice, line, scene, Subject.Result, 2, runs);
        vm.assertGe(_wealth(alice), before, "paid");
        _closeLine(bob, scene, line);
        vm.assertEq(market.disputeBonds(), 0, "nothing left");
        vm.warp(results.finalAt(scene.rfp));
        _finalize(scene.rfp);
        _assertState(scene.rfp, JobState.Final);
    }

    function test_AnInputIsServedToo() public {
        Scene memory scene = _honest();
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(bob, scene, Subject.Input, 0, 0, runs);
        // Whoever has it may answer.
        _answerItem(carol, line, scene, Subject.Input, 0, runs);
        line = _demandItem(bob, scene, Subject.Input, 1, 0, runs);
        _pass(LINE_CLOCK);
        _lapse(scene, line);
        vm.assertTrue(results.resultOf(_id(scene.rfp)).slashed, "slashed");
        _closeLine(bob, scene, 1);
        vm.assertEq(results.resultOf(_id(scene.rfp)).openClaims, 0, "closed");
    }

    /// Who asked in time may claim late: the answer came after the window.
    function test_AnAnswerInTheLastMomentStillConvicts() public {
        Scene memory scene = _cheat();
        vm.warp(_job(scene.rfp).time + WINDOW - 1);
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(bob, scene, Subject.Result, 1, 0, runs);
        _pass(LINE_CLOCK - 1);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        bytes32 salt = _sealClaim(bob, terms);
        _pass(1);
        uint64 claim = _revealClaim(bob, scene, terms, _exhibit(scene, terms, trace), salt, line);
        _closeLine(bob, scene, line);
        _pass(REFUTE_WINDOW);
        _uphold(scene, claim);
        _finalize(scene.rfp);
        _assertState(scene.rfp, JobState.Slashed);
    }
}
