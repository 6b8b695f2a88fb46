// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Disputes } from "../../src/Disputes.sol";
import { Examiner } from "../../src/Examiner.sol";
import { Market } from "../../src/Market.sol";
import { Models } from "../../src/Models.sol";
import { Proofs } from "../../src/Proofs.sol";
import { Referee } from "../../src/Referee.sol";
import { Registry } from "../../src/Registry.sol";
import { Results } from "../../src/Results.sol";
import { UtilityToken } from "../../src/UtilityToken.sol";
import { TokenPolicy } from "../../src/interfaces/IMarket.sol";
import { Evidence } from "../../src/interfaces/IReferee.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import {
    Claim,
    ClaimState,
    ClaimTerms,
    DisputeParams,
    Exhibit,
    Line,
    StepProof,
    Subject,
    Turn
} from "../../src/types/Dispute.sol";
import { Rfp } from "../../src/types/Job.sol";
import { ModelSpec } from "../../src/types/Model.sol";
import { MarketFixture } from "./MarketFixture.sol";
import { MockToken } from "./MockToken.sol";
import { TinyModel } from "./TinyModel.sol";

/// A job on the tiny model: its terms, inputs and committed outputs, item by item and tensor by tensor.
struct Scene {
    Rfp rfp;
    bytes[][] inputs;
    bytes[][] outputs;
}

/// A whole deployment with a real referee and a published program, and the acts of a claim as helpers. Alice works;
/// bob and carol watch; mallory lies. After each act the market holds exactly what it owes, and what disputes hold is
/// exactly what the open claims, lines and seals hold.
abstract contract ClaimsFixture is MarketFixture {
    uint32 internal constant ITEMS = 3;
    uint32 internal constant REFUTE_WINDOW = 400;
    uint32 internal constant LINE_CLOCK = 200;
    uint128 internal constant GAS_PRICE = 1e9;
    uint128 internal constant REFUTE_REWARD = 1e15;
    uint128 internal constant LINE_BOND = 4e15;
    uint128 internal constant SEAL_BOND = 3e16;
    uint128 internal constant RESERVE = 2.4e16;
    uint128 internal constant PREFUND = 2_750_000 * GAS_PRICE;

    Disputes internal court;
    Examiner internal examiner;
    address internal mallory;
    address internal keeper;
    uint256 internal salts;

    address[] internal sealers;
    bytes32[] internal seals;
    uint64 internal lastId;
    bytes private expected;
    bytes private specOf;
    bytes[] internal program;

    function setUp() public virtual override {
        vm.warp(START);
        utility = new UtilityToken(address(this), 1e9 * ONE);
        cash = new MockToken();
        _deployCourt();
        _people();
        (mallory,) = account("mallory");
        (keeper,) = account("keeper");
        accounts.push(mallory);
        accounts.push(keeper);
        utility.transfer(mallory, 1000 * ONE);
        vm.prank(mallory);
        utility.approve(address(market), type(uint256).max);
        modelId = models.publish(TinyModel.spec(TinyModel.records(), false), "");
        voidOnlyId = models.publish(TinyModel.spec(TinyModel.records(), true), "");
        undisputableId = models.publish(_spec("undisputable", false), "");
        program = TinyModel.records();
    }

    // Deployment

    function _disputeParams() internal pure returns (DisputeParams memory) {
        return DisputeParams({
            refuteWindow: REFUTE_WINDOW,
            lineClock: LINE_CLOCK,
            gasPrice: GAS_PRICE,
            refuteReward: REFUTE_REWARD,
            lineBond: LINE_BOND
        });
    }

    function _deployCourt() private {
        (address[] memory tokens, TokenPolicy[] memory policies) = _tokens();
        uint64 next = vm.getNonce(address(this));
        address marketAt = vm.computeCreateAddress(address(this), next + 7);
        address resultsAt = vm.computeCreateAddress(address(this), next + 6);
        models = new Models();
        proofs = new Proofs();
        registry = new Registry(marketAt, UNBONDING);
        Referee referee = new Referee();
        examiner = new Examiner(referee);
        court = new Disputes(Market(marketAt), Results(resultsAt), examiner, _disputeParams());
        disputes = address(court);
        results = new Results(Market(marketAt), disputes, proofs, CLAIM_REVEAL);
        market = new Market(address(utility), registry, models, address(results), _params(), tokens, policies);
    }

    // Jobs

    /// The model that helpers dispute.
    function _spec() internal view returns (bytes memory) {
        return specOf.length > 0 ? specOf : abi.encode(TinyModel.spec(TinyModel.records(), false));
    }

    /// From now on all is about this model; openings of its records are as those of `records`.
    function _use(ModelSpec memory model, bytes[] memory records) internal {
        modelId = models.modelIdOf(model);
        if (!models.recordOf(modelId).published) models.publish(model, "");
        specOf = abi.encode(model);
        program = records;
    }

    /// A job with honest outputs that nobody committed yet.
    function _scene() internal returns (Scene memory scene) {
        scene.inputs = new bytes[][](ITEMS);
        scene.outputs = new bytes[][](ITEMS);
        for (uint256 item = 0; item < ITEMS; ++item) {
            scene.inputs[item] = TinyModel.inputs(item);
            scene.outputs[item] = TinyModel.outputs(item);
        }
        scene.rfp = _quoteRfp();
        (scene.rfp.modelId, scene.rfp.itemCount) = (modelId, ITEMS);
        scene.rfp.inputRoot = TinyModel.batchRoot(scene.inputs);
    }

    function _commitScene(Scene memory scene) internal {
        _awardQuote(scene.rfp);
        bytes32 root = TinyModel.batchRoot(scene.outputs);
        vm.prank(alice);
        results.commit(scene.rfp, root, PAYLOAD);
    }

    /// An honest job, committed.
    function _honest() internal returns (Scene memory scene) {
        scene = _scene();
        _commitScene(scene);
    }

    /// A job whose item 1 is off in element 70 of output 0 by a float64 number.
    function _off(uint64 by) internal returns (Scene memory scene) {
        scene = _scene();
        _shift(scene, 1, 70, by);
        _commitScene(scene);
    }

    /// Fraud: two instead of a quarter.
    function _cheat() internal returns (Scene memory) {
        return _off(0x4000 << 48);
    }

    /// Between accept and slash: a half.
    function _sloppy() internal returns (Scene memory) {
        return _off(0x3FE0 << 48);
    }

    function _shift(Scene memory scene, uint256 item, uint256 element, uint64 by) internal pure {
        uint64 honest = Float64.pack(TinyModel.input(item, element) + TinyModel.weight(element), 0);
        TinyModel.putBits(scene.outputs[item][0], element, TinyModel.floatOf(Float64.add(honest, by)));
    }

    // Claims

    /// The next act must fail so.
    function _failing(bytes memory reason) internal {
        expected = reason;
    }

    function _as(address who) internal {
        if (expected.length > 0) vm.expectRevert(expected);
        delete expected;
        vm.prank(who);
    }

    function _terms(Scene memory scene, uint32 item, uint32 output, uint64 element, bytes[] memory trace)
        internal
        view
        returns (ClaimTerms memory)
    {
        return ClaimTerms(_id(scene.rfp), item, output, element, TinyModel.root(trace), keccak256("payload"));
    }

    function _exhibit(Scene memory scene, ClaimTerms memory terms, bytes[] memory trace)
        internal
        view
        returns (Exhibit memory exhibit)
    {
        StepProof memory outputs = TinyModel.recordProof(program, TinyModel.STEPS);
        (exhibit.outputsRecord, exhibit.outputsPath) = (outputs.record, outputs.path);
        (uint256 item, uint256 output) = (terms.item, terms.output);
        exhibit.committed = TinyModel.openElement(scene.outputs[item], output, terms.element, output == 0 ? 4 : 8);
        exhibit.itemPath = TinyModel.batchPath(scene.outputs, item);
        exhibit.canonical = TinyModel.openElement(trace, output + 1, terms.element, 8);
        exhibit.inputs = TinyModel.root(scene.inputs[item]);
        exhibit.inputsPath = TinyModel.batchPath(scene.inputs, item);
    }

    function _sealClaim(address who, ClaimTerms memory terms) internal returns (bytes32 salt) {
        salt = bytes32(++salts);
        bytes32 seal = court.sealOf(who, terms, salt);
        _as(who);
        court.seal(seal);
        sealers.push(who);
        seals.push(seal);
        _assertBooks();
    }

    function _revealClaim(address who, Scene memory scene, ClaimTerms memory terms, bytes[] memory trace, bytes32 salt)
        internal
        returns (uint64)
    {
        return _revealClaim(who, scene, terms, _exhibit(scene, terms, trace), salt, 0);
    }

    function _revealClaim(
        address who,
        Scene memory scene,
        ClaimTerms memory terms,
        Exhibit memory exhibit,
        bytes32 salt,
        uint64 line
    ) internal returns (uint64 id) {
        bytes memory spec = _spec();
        _as(who);
        id = court.reveal(scene.rfp, spec, terms, salt, exhibit, line);
        _saw(id);
        _assertBooks();
    }

    /// Seals and, a second later, reveals.
    function _claim(address who, Scene memory scene, ClaimTerms memory terms, bytes[] memory trace)
        internal
        returns (uint64)
    {
        bytes32 salt = _sealClaim(who, terms);
        vm.warp(block.timestamp + 1);
        return _revealClaim(who, scene, terms, trace, salt);
    }

    /// A true claim on item 1, element 70 of output 0.
    function _trueClaim(address who, Scene memory scene) internal returns (uint64) {
        bytes[] memory trace = TinyModel.trace(1);
        return _claim(who, scene, _terms(scene, 1, 0, 70, trace), trace);
    }

    /// The trace of a liar: its sum of element 70 is wrong by two, which breaks the law of step 1 there.
    function _liarTrace(uint256 item) internal pure returns (bytes[] memory trace) {
        trace = TinyModel.trace(item);
        TinyModel.put(trace[1], 70, Float64.pack(TinyModel.input(item, 70) + TinyModel.weight(70) + 2, 0));
        TinyModel.put(trace[3], 70, uint64(int64(TinyModel.input(item, 70) + TinyModel.weight(70) + 2)));
    }

    /// A claim against an honest item 1.
    function _falseClaim(address who, Scene memory scene) internal returns (uint64) {
        bytes[] memory trace = _liarTrace(1);
        return _claim(who, scene, _terms(scene, 1, 0, 70, trace), trace);
    }

    function _evidence(Scene memory scene, uint256 item, bytes[] memory trace, uint256 step, uint256 element)
        internal
        view
        returns (Evidence memory)
    {
        return TinyModel.evidence(program, scene.inputs[item], trace, step, element);
    }

    /// Refutes `_falseClaim`.
    function _refute(address who, Scene memory scene, uint64 claim) internal {
        _refute(who, scene, claim, _evidence(scene, 1, _liarTrace(1), 1, 70));
    }

    function _refute(address who, Scene memory scene, uint64 claim, Evidence memory evidence) internal {
        bytes memory spec = _spec();
        _as(who);
        court.refute(scene.rfp, spec, claim, evidence);
        _assertBooks();
    }

    function _uphold(Scene memory scene, uint64 claim) internal {
        _as(keeper);
        court.uphold(scene.rfp, claim);
        _assertBooks();
    }

    // Checks

    function _saw(uint64 id) internal {
        if (id > lastId) lastId = id;
    }

    function _pass(uint256 time) internal {
        vm.warp(block.timestamp + time);
    }

    /// What an account has in utility tokens, stake and credit included.
    function _wealth(address who) internal view returns (uint256) {
        return utility.balanceOf(who) + market.creditOf(who, address(utility)) + registry.stakeOf(who).total;
    }

    function _assertClaim(uint64 claim, ClaimState state) internal view {
        vm.assertEq(uint256(court.claimOf(claim).state), uint256(state), "claim");
    }

    /// What disputes hold, claim by claim, line by line, seal by seal.
    function _assertBooks() internal view {
        uint256 held;
        for (uint256 k = 0; k < seals.length; ++k) {
            if (court.sealedAt(sealers[k], seals[k]) != 0) held += SEAL_BOND;
        }
        for (uint64 id = 1; id <= lastId; ++id) {
            Claim memory claim = court.claimOf(id);
            if (claim.state == ClaimState.Open) held += SEAL_BOND;
            held += claim.reserve;
            Line memory line = court.lineOf(id);
            if (line.turn == Turn.None || line.turn == Turn.Closed) continue;
            held += line.prefund;
            if (line.subject == Subject.Trace) held += LINE_BOND;
        }
        vm.assertEq(market.disputeBonds(), held, "what disputes hold");
        _assertSolvent();
    }
}
