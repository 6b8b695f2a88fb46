// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "../../src/interfaces/IDisputes.sol";
import { IReferee } from "../../src/interfaces/IReferee.sol";
import { Merkle } from "../../src/libraries/Merkle.sol";
import { Answer, Demand, Run, StepProof, Subject } from "../../src/types/Dispute.sol";
import { JobId, Rfp } from "../../src/types/Job.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// What lines refuse, and with which error.
contract DisputesLinesRefusedTest is DisputesFixture {
    function _badDemand(Scene memory scene, uint64 claim, Run[] memory runs) private {
        _failing(abi.encodeWithSelector(IDisputes.BadDemand.selector));
        _demandTrace(carol, scene, claim, 0, runs);
    }

    function test_BadDemands() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        _badDemand(scene, claim, new Run[](0));
        _badDemand(scene, claim, _run(1, 0, 0));
        _badDemand(scene, claim, _run(1, 0, 3));
        _badDemand(scene, claim, _run(1, 2, 1));
        _badDemand(scene, claim, _run(1, type(uint40).max, type(uint32).max));
        Run[] memory nine = new Run[](9);
        for (uint256 k = 0; k < 9; ++k) {
            nine[k] = Run(1, 0, 1, 0);
        }
        _badDemand(scene, claim, nine);
        bytes memory spec = _spec();
        StepProof[] memory none = new StepProof[](0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.BadDemand.selector));
        court.demandTrace(scene.rfp, spec, claim, 0, _run(1, 0, 1), none);
        StepProof[] memory other = _proofs(_run(0, 0, 1));
        vm.expectRevert(abi.encodeWithSelector(IReferee.RecordNotInProgram.selector, 1));
        court.demandTrace(scene.rfp, spec, claim, 0, _run(1, 0, 1), other);
        _failing(abi.encodeWithSelector(IDisputes.BadDemand.selector));
        _demandItem(carol, scene, Subject.Result, 0, 0, _run(3, 0, 1));
        _failing(abi.encodeWithSelector(IDisputes.BadDemand.selector));
        _demandItem(carol, scene, Subject.Input, 0, 0, _run(0, 0, 2));
        _failing(abi.encodeWithSelector(IDisputes.NoSuchPlace.selector, ITEMS, 0, 0));
        _demandItem(carol, scene, Subject.Result, ITEMS, 0, _run(0, 0, 1));
        _failing(abi.encodeWithSelector(IDisputes.WrongLine.selector, 0));
        _demandItem(carol, scene, Subject.Trace, 0, 0, _run(0, 0, 1));
    }

    function test_TooLate() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint256 end = block.timestamp + REFUTE_WINDOW;
        vm.warp(end - 1);
        uint64 line = _demandTrace(carol, scene, claim, 0, _run(0, 0, 1));
        vm.warp(end);
        _failing(abi.encodeWithSelector(IDisputes.TooLateToDispute.selector, end, end));
        _demandTrace(bob, scene, claim, 0, _run(0, 0, 1));
        // A line that was opened in time goes on.
        _answerTrace(mallory, line, _liarTrace(1), _traceDemand(_liarTrace(1), _run(0, 0, 1)).runs);
        _demandTrace(carol, scene, claim, line, _run(0, 0, 1));
        end = _job(scene.rfp).time + WINDOW;
        vm.warp(end - 1);
        _demandItem(carol, scene, Subject.Input, 1, 0, _run(0, 0, 1));
        vm.warp(end);
        _failing(abi.encodeWithSelector(IDisputes.TooLateToDispute.selector, end, end));
        _demandItem(carol, scene, Subject.Input, 1, 0, _run(0, 0, 1));
    }

    function test_WrongLines() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(carol, scene, Subject.Result, 1, 0, runs);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        bytes memory reason = abi.encodeWithSelector(IDisputes.WrongLine.selector, line);
        _failing(reason);
        _demandItem(bob, scene, Subject.Result, 1, line, runs);
        _failing(reason);
        _demandItem(carol, scene, Subject.Result, 2, line, runs);
        _failing(reason);
        _demandItem(carol, scene, Subject.Input, 1, line, runs);
        _failing(reason);
        _demandTrace(carol, scene, claim, line, runs);
        Scene memory other = _honest();
        _failing(reason);
        _demandItem(carol, other, Subject.Result, 1, line, runs);
        _failing(abi.encodeWithSelector(IDisputes.WrongTerms.selector, JobId.unwrap(_id(scene.rfp))));
        _closeLine(carol, other, line);
        _failing(abi.encodeWithSelector(IDisputes.WrongTerms.selector, JobId.unwrap(_id(scene.rfp))));
        _lapse(other, line);
        _failing(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line));
        _lapse(scene, line);
        _closeLine(carol, scene, line);
        _failing(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line));
        _closeLine(carol, scene, line);
        _failing(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line));
        _demandItem(carol, scene, Subject.Result, 1, line, runs);
        _failing(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line));
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
    }

    /// While the worker's clock runs its asker can't leave.
    function test_AQuestionStands() public {
        Scene memory scene = _honest();
        uint64 line = _demandItem(carol, scene, Subject.Result, 1, 0, _run(0, 0, 1));
        _failing(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line));
        _closeLine(carol, scene, line);
    }

    function _badAnswer(bytes memory reason, uint64 line, Demand memory demand, Answer memory given) private {
        vm.expectRevert(reason);
        vm.prank(alice);
        court.answer(line, demand, given);
    }

    function test_BadAnswers() public {
        Scene memory scene = _honest();
        Run[] memory runs = _run(2, 0, 2);
        uint64 line = _demandItem(carol, scene, Subject.Result, 1, 0, runs);
        Demand memory demand = _itemDemand(scene, Subject.Result, 1, runs);
        bytes memory reason = abi.encodeWithSelector(IDisputes.BadAnswer.selector, line);
        Answer memory given = _itemAnswer(scene, Subject.Result, 1, runs);
        demand.item = 2;
        _badAnswer(reason, line, demand, given);
        demand.item = 1;
        given.openings[0].leaves[3] = ~given.openings[0].leaves[3];
        _badAnswer(reason, line, demand, given);
        given = _itemAnswer(scene, Subject.Result, 1, _run(2, 0, 1));
        _badAnswer(reason, line, demand, given);
        given = _itemAnswer(scene, Subject.Result, 1, runs);
        given.itemRoot = keccak256("other");
        _badAnswer(reason, line, demand, given);
        given = _itemAnswer(scene, Subject.Result, 0, runs);
        _badAnswer(reason, line, demand, given);
        given = _itemAnswer(scene, Subject.Result, 1, runs);
        given.openings = new Answer[](1)[0].openings;
        _badAnswer(reason, line, demand, given);
        given = _itemAnswer(scene, Subject.Result, 1, runs);
        given.itemPath = new bytes32[](3);
        _badAnswer(abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 3, 2), line, demand, given);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
    }

    /// Nothing beside what was asked for is paid.
    function test_AnAnswerWithAnAppendix() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandTrace(carol, scene, claim, 0, runs);
        Answer memory given;
        given.openings = _openings(_liarTrace(1), runs);
        given.itemPath = new bytes32[](1000);
        Demand memory demand = _traceDemand(_liarTrace(1), runs);
        _badAnswer(abi.encodeWithSelector(IDisputes.BadAnswer.selector, line), line, demand, given);
    }

    function test_AnotherJobsTerms() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        Rfp memory rfp = scene.rfp;
        rfp.nonce += 100;
        scene.rfp = rfp;
        _failing(abi.encodeWithSelector(IDisputes.WrongTerms.selector, JobId.unwrap(court.claimOf(claim).job)));
        _demandTrace(carol, scene, claim, 0, _run(0, 0, 1));
        _failing(abi.encodeWithSelector(IDisputes.NothingToDispute.selector, _id(rfp)));
        _demandItem(carol, scene, Subject.Result, 0, 0, _run(0, 0, 1));
    }
}
