// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Evidence } from "../../src/interfaces/IReferee.sol";
import { Answer, ClaimTerms, Demand, Exhibit, Run, StepProof, Subject } from "../../src/types/Dispute.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { ProductModel } from "../utils/ProductModel.sol";
import { TinyModel } from "../utils/TinyModel.sol";
import { WorstModel } from "../utils/WorstModel.sol";

/// Gas of each dispute transaction, base cost and calldata included, nothing warm; and that what the contract pays for gas
/// is never less than what was spent, and not much more.
/// forge-config: default.isolate = true
contract DisputesGasTest is DisputesFixture {
    function _measure(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("Disputes", name);
    }

    function _assertCovers(uint256 paid, uint256 used) private pure {
        vm.assertGe(paid, used * GAS_PRICE, "covers the gas");
        vm.assertLe(paid, used * GAS_PRICE * 3 / 2, "and not much more");
    }

    function test_AClaim() public {
        Scene memory scene = _sloppy();
        bytes[] memory trace = TinyModel.trace(1);
        ClaimTerms memory terms = _terms(scene, 1, 0, 70, trace);
        Exhibit memory exhibit = _exhibit(scene, terms, trace);
        (bytes memory spec, bytes32 seal) = (_spec(), court.sealOf(bob, terms, SALT));
        vm.prank(bob);
        court.seal(seal);
        uint256 used = _measure("seal");
        _pass(1);
        vm.prank(bob);
        uint64 claim = court.reveal(scene.rfp, spec, terms, SALT, exhibit, 0);
        used += _measure("reveal");
        _pass(REFUTE_WINDOW);
        vm.prank(bob);
        court.uphold(scene.rfp, claim);
        used += _measure("uphold, void");
        _assertCovers(court.claimOf(claim).cost, used);
    }

    function test_AConviction() public {
        Scene memory scene = _cheat();
        uint64 claim = _trueClaim(bob, scene);
        _pass(REFUTE_WINDOW);
        court.uphold(scene.rfp, claim);
        _measure("uphold, slash");
        bytes32 seal = court.sealOf(bob, _terms(scene, 1, 0, 70, TinyModel.trace(1)), SALT);
        vm.prank(bob);
        court.seal(seal);
        _pass(CLAIM_REVEAL);
        court.burnSeal(bob, seal);
        _measure("burnSeal");
    }

    function test_RefutingASum() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        uint256 before = _wealth(stranger);
        Evidence memory evidence = _evidence(scene, 1, _liarTrace(1), 1, 70);
        bytes memory spec = _spec();
        vm.prank(stranger);
        court.refute(scene.rfp, spec, claim, evidence);
        uint256 used = _measure("refute, map");
        _assertCovers(_wealth(stranger) - before - REFUTE_REWARD, used);
    }

    function test_RefutingAProduct() public {
        Scene memory scene = _honest();
        bytes[] memory trace = TinyModel.trace(1);
        TinyModel.put(trace[2], 0, 0x4197_D784_0000_0000);
        uint64 claim = _claim(mallory, scene, _terms(scene, 1, 1, 0, trace), trace);
        uint256 before = _wealth(stranger);
        Evidence memory evidence = _evidence(scene, 1, trace, 2, 0);
        bytes memory spec = _spec();
        vm.prank(stranger);
        court.refute(scene.rfp, spec, claim, evidence);
        uint256 used = _measure("refute, dot of 100");
        _assertCovers(_wealth(stranger) - before - REFUTE_REWARD, used);
    }

    /// The longest sums of products that the lowering makes, and that a record can hold.
    function test_RefutingTheLongestProducts() public {
        (uint256 reward, uint256 used) = _refuteProduct(512, "refute, dot of 512");
        _assertCovers(reward, used);
        (reward, used) = _refuteProduct(4096, "refute, dot of 4096");
        _assertCovers(reward, used);
        vm.assertLt(reward, 3_000_000 * GAS_PRICE, "what is paid at most");
    }

    /// What the refuter gets beside its reward, and the gas that it used.
    function _refuteProduct(uint256 terms, string memory name) private returns (uint256 reward, uint256 used) {
        _use(ProductModel.spec(terms), ProductModel.records(terms));
        Scene memory scene = _scene();
        for (uint256 item = 0; item < ITEMS; ++item) {
            (scene.inputs[item], scene.outputs[item]) = (new bytes[](1), new bytes[](1));
            (scene.inputs[item][0], scene.outputs[item][0]) = (new bytes(4), new bytes(8));
        }
        scene.rfp.inputRoot = TinyModel.batchRoot(scene.inputs);
        _commitScene(scene);
        bytes[] memory trace = new bytes[](1);
        trace[0] = new bytes(8);
        TinyModel.put(trace[0], 0, 0x4197_D784_0000_0000);
        ClaimTerms memory terms_ = _terms(scene, 1, 0, 0, trace);
        StepProof memory outputs = TinyModel.recordProof(program, 1);
        Exhibit memory exhibit = _oneElement(scene, outputs);
        exhibit.canonical = TinyModel.openElement(trace, 0, 0, 8);
        bytes32 salt = _sealClaim(mallory, terms_);
        _pass(1);
        uint64 claim = _revealClaim(mallory, scene, terms_, exhibit, salt, 0);
        Evidence memory evidence = ProductModel.evidence(trace, terms);
        bytes memory spec = _spec();
        uint256 before = _wealth(stranger);
        vm.prank(stranger);
        court.refute(scene.rfp, spec, claim, evidence);
        used = _measure(name);
        reward = _wealth(stranger) - before - REFUTE_REWARD;
    }

    function test_RefutingARecord() public {
        bytes[] memory records = TinyModel.records();
        records[1][1] = 0x63;
        _use(TinyModel.spec(records, false), records);
        Scene memory scene = _honest();
        (uint64 claim, uint64 other) = (_falseClaim(mallory, scene), _falseClaim(mallory, scene));
        uint256 before = _wealth(stranger);
        bytes32[] memory path = TinyModel.recordProof(program, 1).path;
        bytes memory spec = _spec();
        vm.prank(stranger);
        court.refuteRecord(scene.rfp, spec, claim, 1, records[1], path);
        uint256 used = _measure("refuteRecord");
        _assertCovers(_wealth(stranger) - before - REFUTE_REWARD, used);
        before = _wealth(stranger);
        vm.prank(stranger);
        court.dismiss(scene.rfp, other);
        used = _measure("dismiss");
        // The second time the accounts have credit already, which makes it cheaper.
        vm.assertGe(_wealth(stranger) - before - REFUTE_REWARD, used * GAS_PRICE, "covers the gas");
    }

    function test_ALineOnATrace() public {
        Scene memory scene = _honest();
        uint64 claim = _falseClaim(mallory, scene);
        Run[] memory runs = _run(1, 0, 2);
        (StepProof[] memory proofs, bytes memory spec) = (_proofs(runs), _spec());
        vm.prank(carol);
        uint64 line = court.demandTrace(scene.rfp, spec, claim, 0, runs, proofs);
        uint256 used = _measure("demandTrace, first");
        _assertCovers(court.lineOf(line).spent, used);
        Answer memory given;
        given.openings = _openings(_liarTrace(1), runs);
        Demand memory demand = _traceDemand(_liarTrace(1), runs);
        uint256 before = _wealth(stranger);
        vm.prank(stranger);
        court.answer(line, demand, given);
        used = _measure("answer, 2 leaves");
        _assertCovers(_wealth(stranger) - before, used);
        before = court.lineOf(line).spent;
        vm.prank(carol);
        court.demandTrace(scene.rfp, spec, claim, line, runs, proofs);
        used = _measure("demandTrace, next");
        _assertCovers(court.lineOf(line).spent - before, used);
        _pass(LINE_CLOCK);
        uint256 spent = court.lineOf(line).spent;
        before = _wealth(carol);
        court.lapse(scene.rfp, line);
        used = _measure("lapse, trace");
        _assertCovers(_wealth(carol) - before - spent - REFUTE_REWARD - LINE_BOND - PREFUND, used);
    }

    function test_ALineOnAResult() public {
        Scene memory scene = _honest();
        Run[] memory runs = _run(0, 0, 1);
        bytes memory spec = _spec();
        vm.prank(carol);
        uint64 line = court.demandItem(scene.rfp, spec, Subject.Result, 1, 0, runs);
        uint256 used = _measure("demandItem, first");
        _assertCovers(court.lineOf(line).spent, used);
        Answer memory given = _itemAnswer(scene, Subject.Result, 1, runs);
        Demand memory demand = _itemDemand(scene, Subject.Result, 1, runs);
        uint256 before = _wealth(stranger);
        vm.prank(stranger);
        court.answer(line, demand, given);
        used = _measure("answer, 1 leaf");
        _assertCovers(_wealth(stranger) - before, used);
        vm.prank(carol);
        court.closeLine(scene.rfp, line);
        _measure("closeLine, result");
        vm.prank(carol);
        line = court.demandItem(scene.rfp, spec, Subject.Result, 1, 0, runs);
        _pass(LINE_CLOCK);
        court.lapse(scene.rfp, line);
        _measure("lapse, result");
    }

    /// The dearest round there is: 64 leaves in 8 runs of the largest tensor of the longest program, no byte of it zero.
    function test_TheWorstRound() public {
        _use(WorstModel.spec(), WorstModel.records());
        Scene memory scene = _scene();
        for (uint256 item = 0; item < ITEMS; ++item) {
            (scene.inputs[item], scene.outputs[item]) = (new bytes[](1), new bytes[](1));
            (scene.inputs[item][0], scene.outputs[item][0]) = (new bytes(4), new bytes(4));
        }
        scene.rfp.inputRoot = TinyModel.batchRoot(scene.inputs);
        _commitScene(scene);
        ClaimTerms memory terms = ClaimTerms(_id(scene.rfp), 1, 0, 0, WorstModel.trace(), keccak256("payload"));
        bytes32 salt = _sealClaim(mallory, terms);
        _pass(1);
        Exhibit memory exhibit = _oneElement(scene, WorstModel.outputsProof());
        exhibit.canonical = WorstModel.canonical();
        uint64 claim = _revealClaim(mallory, scene, terms, exhibit, salt, 0);

        Run[] memory runs = new Run[](8);
        StepProof[] memory proofs = new StepProof[](8);
        Answer memory given;
        given.openings = WorstModel.openings();
        for (uint256 k = 0; k < 8; ++k) {
            (runs[k], proofs[k]) = (WorstModel.run(), WorstModel.proof());
        }
        bytes memory spec = _spec();
        vm.prank(carol);
        uint64 line = court.demandTrace(scene.rfp, spec, claim, 0, runs, proofs);
        uint256 used = _measure("demandTrace, worst");
        vm.assertLe(used, 1_250_000, "the demand's part of a round");
        Demand memory demand = Demand(Subject.Trace, terms.trace, 0, 0, WorstModel.STEPS, runs);
        uint256 before = _wealth(stranger);
        vm.prank(stranger);
        court.answer(line, demand, given);
        used = _measure("answer, worst");
        uint256 floor = 21_000 + 10 * _tokens(abi.encodeCall(court.answer, (line, demand, given)));
        vm.snapshotValue("Disputes", "answer, worst, calldata floor", floor);
        uint256 paid = (_wealth(stranger) - before) / GAS_PRICE;
        vm.assertGe(paid, used, "covers the gas");
        vm.assertGe(paid, floor, "covers the floor");
        vm.assertLt(paid, 2_750_000, "the answer's part of a round");
    }

    /// But for the canonical element, item 1's exhibit of a model with one input and one output of one element each.
    function _oneElement(Scene memory scene, StepProof memory outputs) private pure returns (Exhibit memory exhibit) {
        (exhibit.outputsRecord, exhibit.outputsPath) = (outputs.record, outputs.path);
        exhibit.committed = TinyModel.openElement(scene.outputs[1], 0, 0, 4);
        exhibit.itemPath = TinyModel.batchPath(scene.outputs, 1);
        exhibit.inputs = TinyModel.root(scene.inputs[1]);
        exhibit.inputsPath = TinyModel.batchPath(scene.inputs, 1);
    }

    function _tokens(bytes memory data) private pure returns (uint256 tokens) {
        for (uint256 k = 0; k < data.length; ++k) {
            tokens += data[k] == 0 ? 1 : 4;
        }
    }
}
