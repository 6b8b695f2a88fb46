// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Opening } from "../../src/interfaces/IReferee.sol";
import { Answer, Demand, Run, StepProof, Subject } from "../../src/types/Dispute.sol";
import { ClaimsFixture, Scene } from "./ClaimsFixture.sol";
import { TinyModel } from "./TinyModel.sol";

/// The acts of lines as well.
abstract contract DisputesFixture is ClaimsFixture {
    function _run(uint32 tensor, uint40 first, uint32 count) internal pure returns (Run[] memory runs) {
        runs = new Run[](1);
        runs[0] = Run(tensor, first, count, 0);
    }

    function _proofs(Run[] memory runs) internal view returns (StepProof[] memory proofs) {
        proofs = new StepProof[](runs.length);
        for (uint256 k = 0; k < runs.length; ++k) {
            proofs[k] = TinyModel.recordProof(program, runs[k].tensor);
        }
    }

    function _demandTrace(address who, Scene memory scene, uint64 claim, uint64 line, Run[] memory runs)
        internal
        returns (uint64 id)
    {
        StepProof[] memory proofs = _proofs(runs);
        bytes memory spec = _spec();
        _as(who);
        id = court.demandTrace(scene.rfp, spec, claim, line, runs, proofs);
        _saw(id);
        _assertBooks();
    }

    function _demandItem(address who, Scene memory scene, Subject subject, uint32 item, uint64 line, Run[] memory runs)
        internal
        returns (uint64 id)
    {
        bytes memory spec = _spec();
        _as(who);
        id = court.demandItem(scene.rfp, spec, subject, item, line, runs);
        _saw(id);
        _assertBooks();
    }

    /// The demand that the chain keeps the hash of.
    function _traceDemand(bytes[] memory trace, Run[] memory runs) internal pure returns (Demand memory demand) {
        demand = Demand(Subject.Trace, TinyModel.root(trace), 0, 0, uint32(TinyModel.STEPS), runs);
        _measure(trace, demand.runs);
    }

    function _itemDemand(Scene memory scene, Subject subject, uint32 item, Run[] memory runs)
        internal
        pure
        returns (Demand memory demand)
    {
        bytes[][] memory items = subject == Subject.Result ? scene.outputs : scene.inputs;
        demand = Demand(subject, TinyModel.batchRoot(items), item, ITEMS, uint32(items[item].length), runs);
        _measure(items[item], demand.runs);
    }

    function _measure(bytes[] memory tensors, Run[] memory runs) private pure {
        for (uint256 k = 0; k < runs.length; ++k) {
            runs[k].leaves = uint40((tensors[runs[k].tensor].length - 1) / 512 + 1);
        }
    }

    function _openings(bytes[] memory tensors, Run[] memory runs) internal pure returns (Opening[] memory openings) {
        openings = new Opening[](runs.length);
        for (uint256 k = 0; k < runs.length; ++k) {
            openings[k] = TinyModel.open(tensors, runs[k].tensor, runs[k].first, runs[k].count);
        }
    }

    function _answerTrace(address who, uint64 line, bytes[] memory trace, Run[] memory runs) internal {
        Answer memory given;
        given.openings = _openings(trace, runs);
        Demand memory demand = _traceDemand(trace, runs);
        _as(who);
        court.answer(line, demand, given);
        _assertBooks();
    }

    function _itemAnswer(Scene memory scene, Subject subject, uint32 item, Run[] memory runs)
        internal
        pure
        returns (Answer memory given)
    {
        bytes[][] memory items = subject == Subject.Result ? scene.outputs : scene.inputs;
        given.openings = _openings(items[item], runs);
        given.itemRoot = TinyModel.root(items[item]);
        given.itemPath = TinyModel.batchPath(items, item);
    }

    function _answerItem(address who, uint64 line, Scene memory scene, Subject subject, uint32 item, Run[] memory runs)
        internal
    {
        Answer memory given = _itemAnswer(scene, subject, item, runs);
        Demand memory demand = _itemDemand(scene, subject, item, runs);
        _as(who);
        court.answer(line, demand, given);
        _assertBooks();
    }

    function _lapse(Scene memory scene, uint64 line) internal {
        _as(keeper);
        court.lapse(scene.rfp, line);
        _assertBooks();
    }

    function _closeLine(address who, Scene memory scene, uint64 line) internal {
        _as(who);
        court.closeLine(scene.rfp, line);
        _assertBooks();
    }
}
