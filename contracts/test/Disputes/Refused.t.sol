// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Disputes } from "../../src/Disputes.sol";
import { IDisputes } from "../../src/interfaces/IDisputes.sol";
import { Citation, Evidence } from "../../src/interfaces/IReferee.sol";
import { Merkle } from "../../src/libraries/Merkle.sol";
import { ClaimTerms, DisputeParams, Exhibit, Run, StepProof, Subject } from "../../src/types/Dispute.sol";
import { JobId, Rfp } from "../../src/types/Job.sol";
import { ModelSpec } from "../../src/types/Model.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// What claims and the deployment itself refuse, and with which error.
contract DisputesRefusedTest is DisputesFixture {
    // The deployment

    function _refused(DisputeParams memory p, string memory name) private {
        vm.expectRevert(abi.encodeWithSelector(IDisputes.BadDisputeParameter.selector, name));
        new Disputes(market, results, examiner, p);
    }

    function test_Parameters() public {
        DisputeParams memory p = _disputeParams();
        (p.refuteWindow) = 0;
        _refused(p, "refuteWindow");
        p.refuteWindow = 30 days + 1;
        _refused(p, "refuteWindow");
        p = _disputeParams();
        p.lineClock = 0;
        _refused(p, "lineClock");
        p = _disputeParams();
        p.gasPrice = 0;
        _refused(p, "gasPrice");
        p.gasPrice = 1e18 + 1;
        _refused(p, "gasPrice");
        p = _disputeParams();
        p.refuteReward = SEAL_BOND * 4 / 10 + 1;
        _refused(p, "refuteReward");
        p = _disputeParams();
        p.lineBond = SEAL_BOND / 100 - 1;
        _refused(p, "lineBond");
        p.lineBond = SEAL_BOND + 1;
        _refused(p, "lineBond");
        (p.refuteReward, p.lineBond) = (SEAL_BOND * 4 / 10, SEAL_BOND);
        vm.assertEq(abi.encode(new Disputes(market, results, examiner, p).params()), abi.encode(p), "params");
    }

    /// Where money is real, what convicts by its lapse takes a day and a half.
    function test_ParametersOfAPublicChain() public {
        vm.chainId(10);
        DisputeParams memory p = _disputeParams();
        (p.refuteWindow, p.lineClock) = (36 hours - 1, 36 hours);
        _refused(p, "refuteWindow");
        (p.refuteWindow, p.lineClock) = (36 hours, 36 hours - 1);
        _refused(p, "lineClock");
        p.lineClock = 36 hours;
        new Disputes(market, results, examiner, p);
    }

    function test_Amounts() public view {
        vm.assertEq(court.sealBond(), SEAL_BOND, "seal bond");
        vm.assertEq(court.lineReserve(TinyModel.DEPTH), RESERVE, "reserve");
        vm.assertEq(court.lineReserve(type(uint32).max), uint256(type(uint32).max) * 8e6 * GAS_PRICE, "largest reserve");
    }

    // Claims

    function _begin() private returns (Scene memory scene, ClaimTerms memory terms, bytes[] memory trace) {
        scene = _cheat();
        trace = TinyModel.trace(1);
        terms = _terms(scene, 1, 0, 70, trace);
    }

    /// Seals and reveals; fails as told.
    function _refuses(
        bytes memory reason,
        Scene memory scene,
        ClaimTerms memory terms,
        Exhibit memory exhibit,
        uint64 line
    ) private {
        bytes32 salt = _sealClaim(bob, terms);
        _pass(1);
        _failing(reason);
        _revealClaim(bob, scene, terms, exhibit, salt, line);
    }

    function test_SealTwice() public {
        (Scene memory scene, ClaimTerms memory terms, bytes[] memory trace) = _begin();
        bytes32 salt = _sealClaim(bob, terms);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.BadSeal.selector, seals[0]));
        vm.prank(bob);
        court.seal(seals[0]);
        _pass(1);
        _revealClaim(bob, scene, terms, trace, salt);
        _failing(abi.encodeWithSelector(IDisputes.BadSeal.selector, seals[0]));
        _revealClaim(bob, scene, terms, trace, salt);
    }

    function test_OtherTerms() public {
        (Scene memory scene, ClaimTerms memory terms, bytes[] memory trace) = _begin();
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        scene.rfp.maxPrice += 1;
        _refuses(
            abi.encodeWithSelector(IDisputes.WrongTerms.selector, JobId.unwrap(terms.job)), scene, terms, exhibit, 0
        );
    }

    function test_OtherModels() public {
        (Scene memory scene, ClaimTerms memory terms, bytes[] memory trace) = _begin();
        bytes32 id = modelId;
        _use(TinyModel.spec(TinyModel.records(), true), TinyModel.records());
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        _refuses(abi.encodeWithSelector(IDisputes.WrongModel.selector, id), scene, terms, exhibit, 0);
        ModelSpec memory none = _spec("undisputable", false);
        _use(none, TinyModel.records());
        scene = _honest();
        terms = _terms(scene, 1, 0, 70, trace);
        exhibit = _exhibit(scene, terms, trace);
        _refuses(abi.encodeWithSelector(IDisputes.WrongModel.selector, undisputableId), scene, terms, exhibit, 0);
    }

    function test_NoSuchPlaces() public {
        (Scene memory scene, ClaimTerms memory terms, bytes[] memory trace) = _begin();
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        terms.item = ITEMS;
        _refuses(abi.encodeWithSelector(IDisputes.NoSuchPlace.selector, ITEMS, 0, 70), scene, terms, exhibit, 0);
        (terms.item, terms.output) = (1, 3);
        _refuses(abi.encodeWithSelector(IDisputes.NoSuchPlace.selector, 1, 3, 70), scene, terms, exhibit, 0);
        (terms.output, terms.element) = (0, 100);
        _refuses(abi.encodeWithSelector(IDisputes.NoSuchPlace.selector, 1, 0, 100), scene, terms, exhibit, 0);
    }

    function test_WithinAccept() public {
        Scene memory scene = _honest();
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        bytes memory reason = abi.encodeWithSelector(IDisputes.WithinAccept.selector);
        _refuses(reason, scene, terms, _exhibit(scene, terms, trace), 0);
        // Exactly at accept is within.
        scene = _off(0x3FD0 << 48);
        terms = _terms(scene, 1, 0, 70, trace);
        _refuses(reason, scene, terms, _exhibit(scene, terms, trace), 0);
    }

    function test_BadOpenings() public {
        (Scene memory scene, ClaimTerms memory terms, bytes[] memory trace) = _begin();
        bytes memory reason = abi.encodeWithSelector(IDisputes.BadOpening.selector);
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        exhibit.inputs = keccak256("other");
        _refuses(reason, scene, terms, exhibit, 0);
        exhibit = _exhibit(scene, terms, trace);
        exhibit.committed.leaves[0] = ~exhibit.committed.leaves[0];
        _refuses(reason, scene, terms, exhibit, 0);
        exhibit = _exhibit(scene, terms, trace);
        exhibit.committed.leaves = new bytes(1024);
        _refuses(reason, scene, terms, exhibit, 0);
        exhibit = _exhibit(scene, terms, trace);
        exhibit.canonical.leaves[100] = ~exhibit.canonical.leaves[100];
        _refuses(reason, scene, terms, exhibit, 0);
        // The element of another item or of another tensor is as wrong.
        exhibit = _exhibit(scene, terms, trace);
        exhibit.itemPath = TinyModel.batchPath(scene.outputs, 0);
        _refuses(reason, scene, terms, exhibit, 0);
        exhibit = _exhibit(scene, terms, trace);
        exhibit.canonical = TinyModel.openElement(trace, 0, 70, 8);
        _refuses(reason, scene, terms, exhibit, 0);
        exhibit = _exhibit(scene, terms, trace);
        exhibit.itemPath = new bytes32[](3);
        _refuses(abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 3, 2), scene, terms, exhibit, 0);
    }

    function test_LinesThatGiveNoRight() public {
        Scene memory scene = _cheat();
        Run[] memory runs = _run(0, 0, 1);
        uint64 line = _demandItem(bob, scene, Subject.Result, 1, 0, runs);
        uint64 elsewhere = _demandItem(bob, scene, Subject.Result, 0, 0, runs);
        uint64 carols = _demandItem(carol, scene, Subject.Result, 1, 0, runs);
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        _refuses(abi.encodeWithSelector(IDisputes.WrongLine.selector, elsewhere), scene, terms, exhibit, elsewhere);
        _refuses(abi.encodeWithSelector(IDisputes.WrongLine.selector, carols), scene, terms, exhibit, carols);
        _refuses(abi.encodeWithSelector(IDisputes.NotYourTurn.selector, line), scene, terms, exhibit, line);
        _answerItem(alice, line, scene, Subject.Result, 1, runs);
        _pass(LINE_CLOCK - 1);
        _refuses(abi.encodeWithSelector(IDisputes.ClockRanOut.selector, line), scene, terms, exhibit, line);
    }

    // Refutations

    function test_NothingWrong() public {
        Scene memory scene = _cheat();
        uint64 claim = _trueClaim(bob, scene);
        bytes[] memory trace = TinyModel.trace(1);
        bytes memory reason = abi.encodeWithSelector(IDisputes.NothingWrong.selector);
        for (uint256 step = 0; step < TinyModel.STEPS; ++step) {
            _failing(reason);
            _refute(mallory, scene, claim, _evidence(scene, 1, trace, step, step == 2 ? 0 : 70));
        }
        bytes memory spec = _spec();
        StepProof memory one = TinyModel.recordProof(program, 1);
        StepProof memory outputs = TinyModel.recordProof(program, 4);
        vm.expectRevert(reason);
        court.refuteRecord(scene.rfp, spec, claim, 1, one.record, one.path);
        vm.expectRevert(reason);
        court.refuteRecord(scene.rfp, spec, claim, 4, outputs.record, outputs.path);
        StepProof memory zero = TinyModel.recordProof(program, 0);
        Citation memory citation = Citation(1, 0, one.record, one.path, zero.record, zero.path);
        vm.expectRevert(reason);
        court.refuteCitation(scene.rfp, spec, claim, citation);
        vm.expectRevert(reason);
        court.refuteOutput(scene.rfp, spec, claim, 0, outputs, one);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NoSuchPlace.selector, 0, 3, 0));
        court.refuteOutput(scene.rfp, spec, claim, 3, outputs, one);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, claim + 1));
        court.refuteOutput(scene.rfp, spec, claim + 1, 0, outputs, one);
        Rfp memory other = scene.rfp;
        other.nonce += 1;
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WrongTerms.selector, JobId.unwrap(court.claimOf(claim).job)));
        court.refuteOutput(other, spec, claim, 0, outputs, one);
    }

    /// A citation that names more elements than there are.
    function test_RefutedByACitation() public {
        bytes[] memory records = TinyModel.records();
        // Operand 0 of the integers' step says that step 1 has 101 elements.
        records[3][20] = 0x65;
        _use(TinyModel.spec(records, false), records);
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        StepProof memory three = TinyModel.recordProof(program, 3);
        StepProof memory one = TinyModel.recordProof(program, 1);
        Citation memory citation = Citation(3, 0, three.record, three.path, one.record, one.path);
        bytes memory spec = _spec();
        vm.prank(carol);
        court.refuteCitation(scene.rfp, spec, claim, citation);
        vm.assertTrue(court.isInvalid(modelId), "invalid");
        _assertBooks();
    }

    /// An output of integers where the signature says floats.
    function test_RefutedByAnOutput() public {
        bytes[] memory records = TinyModel.records();
        records[4] = hex"ff03000000030000000200000003";
        _use(TinyModel.spec(records, false), records);
        Scene memory scene = _honest();
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 2, 70, trace);
        TinyModel.put(trace[3], 70, 99);
        terms.trace = TinyModel.root(trace);
        uint64 claim = _claim(mallory, scene, terms, trace);
        StepProof memory outputs = TinyModel.recordProof(program, 4);
        StepProof memory three = TinyModel.recordProof(program, 3);
        bytes memory spec = _spec();
        vm.prank(carol);
        court.refuteOutput(scene.rfp, spec, claim, 0, outputs, three);
        vm.assertTrue(court.isInvalid(modelId), "invalid");
        _assertBooks();
    }
}
