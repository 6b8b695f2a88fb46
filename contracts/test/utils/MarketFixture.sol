// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Market } from "../../src/Market.sol";
import { Models } from "../../src/Models.sol";
import { Proofs } from "../../src/Proofs.sol";
import { Registry } from "../../src/Registry.sol";
import { Results } from "../../src/Results.sol";
import { UtilityToken } from "../../src/UtilityToken.sol";
import { MarketParams, TokenPolicy } from "../../src/interfaces/IMarket.sol";
import { Guarantee, Job, JobId, JobState, Kind, Quote, Rfp } from "../../src/types/Job.sol";
import {
    CriticalKind,
    CriticalStep,
    ModelSpec,
    OutputTolerance,
    TensorSpec,
    Tolerance
} from "../../src/types/Model.sol";
import { MockToken } from "./MockToken.sol";
import { Test } from "./Test.sol";

/// A whole deployment with a requester and three workers, the acts of a job's life as helpers, and the check that
/// the market holds exactly what it owes, made after each of these acts.
abstract contract MarketFixture is Test {
    uint128 internal constant ONE = 1e18;
    uint128 internal constant MAX_PRICE = 100e18;
    uint128 internal constant BOND = 60e18;
    uint32 internal constant BIDDING = 60;
    uint32 internal constant REVEALING = 50;
    uint32 internal constant EXECUTION = 300;
    uint32 internal constant WINDOW = 600;
    uint32 internal constant CLAIM_REVEAL = 30;
    uint32 internal constant ACCEPT = 20;
    uint32 internal constant UNBONDING = 8 days;
    uint256 internal constant START = 1_750_000_000;
    bytes32 internal constant ROOT = keccak256("result");
    bytes32 internal constant PAYLOAD = keccak256("payload");
    bytes32 internal constant SALT = keccak256("salt");
    string internal constant URI = "http://localhost/v1/blobs/00";

    UtilityToken internal utility;
    MockToken internal cash;
    Models internal models;
    Registry internal registry;
    Proofs internal proofs;
    Results internal results;
    Market internal market;

    address internal requester;
    address internal alice;
    address internal bob;
    address internal carol;
    address internal stranger;
    address internal disputes;
    address internal feeRecipient;
    uint256 internal aliceKey;
    bytes32 internal modelId;
    bytes32 internal undisputableId;
    bytes32 internal voidOnlyId;
    bytes32 internal headId;
    bytes32 internal wholeId;

    Rfp[] internal posted;
    mapping(JobId job => bool) internal remembered;
    address[] internal accounts;
    uint64 internal nonce;

    function setUp() public virtual {
        vm.warp(START);
        utility = new UtilityToken(address(this), 1e9 * ONE);
        cash = new MockToken();
        _deploy(_params());
        _people();
        modelId = models.publish(_spec("disputable", true), "");
        undisputableId = models.publish(_spec("undisputable", false), "");
        ModelSpec memory voidOnly = _spec("void only", true);
        voidOnly.voidOnly = true;
        voidOnlyId = models.publish(voidOnly, "");
        headId = models.publish(_headSpec(keccak256("verifier")), "");
        wholeId = models.publish(_wholeSpec(keccak256("verifier")), "");
    }

    // Deployment

    function _params() internal pure returns (MarketParams memory) {
        return MarketParams({
            minBiddingTime: 10,
            minRevealTime: 10,
            minExecutionTimeout: 20,
            minChallengeWindow: 60,
            maxTime: 7 days,
            acceptTime: ACCEPT,
            feeBps: 100,
            minJobBond: ONE,
            feeRecipient: vm.addr(uint256(keccak256("feeRecipient")))
        });
    }

    /// The payment tokens of the market, made before it.
    function _tokens() internal virtual returns (address[] memory tokens, TokenPolicy[] memory policies) {
        tokens = new address[](2);
        policies = new TokenPolicy[](2);
        (tokens[0], policies[0]) = (address(utility), TokenPolicy({ minPrice: ONE, bondRate: ONE / 2 }));
        (tokens[1], policies[1]) = (address(cash), TokenPolicy({ minPrice: ONE, bondRate: ONE / 2 }));
    }

    function _deploy(MarketParams memory p) internal {
        (disputes,) = account("disputes");
        (address[] memory tokens, TokenPolicy[] memory policies) = _tokens();
        uint64 next = vm.getNonce(address(this));
        address marketAt = vm.computeCreateAddress(address(this), next + 4);
        models = new Models();
        proofs = new Proofs();
        registry = new Registry(marketAt, UNBONDING);
        results = new Results(Market(marketAt), disputes, proofs, CLAIM_REVEAL);
        market = new Market(address(utility), registry, models, address(results), p, tokens, policies);
    }

    function _people() internal {
        (requester,) = account("requester");
        (alice, aliceKey) = account("alice");
        (bob,) = account("bob");
        (carol,) = account("carol");
        (stranger,) = account("stranger");
        (feeRecipient,) = account("feeRecipient");
        address[5] memory people = [requester, alice, bob, carol, stranger];
        for (uint256 i = 0; i < people.length; i++) {
            accounts.push(people[i]);
            cash.mint(people[i], 1e6 * ONE);
            utility.transfer(people[i], 1e6 * ONE);
            vm.startPrank(people[i]);
            cash.approve(address(market), type(uint256).max);
            utility.approve(address(market), type(uint256).max);
            if (i > 0 && i < 4) market.stake(1000 * ONE);
            vm.stopPrank();
        }
        accounts.push(feeRecipient);
    }

    function _spec(string memory name, bool disputable) internal pure returns (ModelSpec memory spec) {
        spec.onnxDigest = keccak256(bytes(name));
        spec.executionDigest = spec.onnxDigest;
        spec.inputs = new TensorSpec[](1);
        spec.inputs[0] = TensorSpec("input", 1, new uint32[](2));
        spec.inputs[0].shape[0] = 1;
        spec.inputs[0].shape[1] = 2048;
        spec.outputs = new TensorSpec[](1);
        spec.outputs[0] = TensorSpec("output", 1, new uint32[](1));
        spec.outputs[0].shape[0] = 214;
        spec.tolerances = new OutputTolerance[](1);
        if (!disputable) return spec;
        (spec.programRoot, spec.weightsRoot, spec.loweringVersion) = (keccak256("program"), keccak256("weights"), 1);
        (spec.steps, spec.weightCount, spec.depth) = (5, 2, 3);
        // 2^-20 and 2^-18.
        spec.tolerances[0] = OutputTolerance(Tolerance(0x3EB0 << 48, 0), Tolerance(0x3ED0 << 48, 0));
    }

    /// A model whose head is proven: 512 features, 214 scores.
    function _headSpec(bytes32 verifierCode) internal pure returns (ModelSpec memory spec) {
        spec = _spec("head", true);
        TensorSpec memory scores = spec.outputs[0];
        OutputTolerance memory tolerance = spec.tolerances[0];
        spec.outputs = new TensorSpec[](2);
        spec.outputs[0] = TensorSpec("features", 1, new uint32[](1));
        spec.outputs[0].shape[0] = 512;
        spec.outputs[1] = scores;
        spec.tolerances = new OutputTolerance[](2);
        (spec.tolerances[0], spec.tolerances[1]) = (tolerance, tolerance);
        spec.critical = _critical(CriticalKind.Head, verifierCode);
    }

    /// A model that is proven as a whole: 4 numbers, 3 scores.
    function _wholeSpec(bytes32 verifierCode) internal pure returns (ModelSpec memory spec) {
        spec = _spec("whole", false);
        spec.inputs[0].shape = new uint32[](1);
        spec.inputs[0].shape[0] = 4;
        spec.outputs[0].shape[0] = 3;
        spec.critical = _critical(CriticalKind.Whole, verifierCode);
    }

    function _critical(CriticalKind kind, bytes32 verifierCode) internal pure returns (CriticalStep memory) {
        return CriticalStep({
            kind: kind,
            development: true,
            circuit: keccak256("circuit"),
            verificationKey: keccak256("vk"),
            verifierCode: verifierCode,
            inputScale: 11,
            outputScale: 11,
            limit: 1 << 18,
            certainMargin: 100
        });
    }

    // RFPs

    /// A good auction RFP that was not posted yet.
    function _rfp() internal returns (Rfp memory) {
        return Rfp({
            requester: requester,
            nonce: ++nonce,
            modelId: modelId,
            inputRoot: keccak256("input"),
            itemCount: 10,
            token: address(cash),
            maxPrice: MAX_PRICE,
            jobBond: BOND,
            biddingTime: BIDDING,
            revealTime: REVEALING,
            executionTimeout: EXECUTION,
            challengeWindow: WINDOW,
            guarantee: Guarantee.Optimistic,
            kind: Kind.Auction
        });
    }

    /// A good quote RFP that was not posted yet.
    function _quoteRfp() internal returns (Rfp memory rfp) {
        rfp = _rfp();
        (rfp.kind, rfp.biddingTime, rfp.revealTime) = (Kind.Quote, 0, 0);
    }

    function _id(Rfp memory rfp) internal view returns (JobId) {
        return JobId.wrap(keccak256(abi.encode(block.chainid, address(market), rfp)));
    }

    function _job(Rfp memory rfp) internal view returns (Job memory) {
        return market.jobOf(_id(rfp));
    }

    function _seal(Rfp memory rfp, address worker, uint128 price) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(market), _id(rfp), worker, price, SALT));
    }

    // Acts

    function _post(Rfp memory rfp) internal {
        vm.prank(rfp.requester);
        market.post(rfp, URI);
        _remember(rfp);
        _assertSolvent();
    }

    function _bid(Rfp memory rfp, address worker, uint128 price) internal {
        bytes32 seal = _seal(rfp, worker, price);
        vm.prank(worker);
        market.bid(rfp, seal);
        _assertSolvent();
    }

    function _reveal(Rfp memory rfp, address worker, uint128 price) internal {
        vm.prank(worker);
        market.reveal(rfp, price, SALT);
        _assertSolvent();
    }

    function _award(Rfp memory rfp, address[] memory bidders) internal {
        vm.prank(stranger);
        market.award(rfp, bidders);
        _assertSolvent();
    }

    function _commit(Rfp memory rfp, address worker) internal {
        vm.prank(worker);
        results.commit(rfp, ROOT, PAYLOAD);
        _assertSolvent();
    }

    function _finalize(Rfp memory rfp) internal {
        vm.prank(stranger);
        results.finalize(rfp);
        _assertSolvent();
    }

    function _expire(Rfp memory rfp) internal {
        vm.prank(stranger);
        market.expire(rfp);
        _assertSolvent();
    }

    function _reassign(Rfp memory rfp, address worker, address[] memory bidders) internal {
        vm.prank(worker);
        market.reassign(rfp, bidders);
        _assertSolvent();
    }

    function _quoteOf(Rfp memory rfp, address worker) internal view returns (Quote memory) {
        return Quote(_id(rfp), worker, rfp.maxPrice, uint40(block.timestamp + 60));
    }

    function _sign(Quote memory quote, uint256 key) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, market.quoteDigest(quote));
        return abi.encodePacked(r, s, v);
    }

    function _awardQuote(Rfp memory rfp) internal {
        Quote memory quote = _quoteOf(rfp, alice);
        bytes memory signature = _sign(quote, aliceKey);
        vm.prank(rfp.requester);
        market.awardQuote(rfp, quote, signature, URI);
        _remember(rfp);
        _assertSolvent();
    }

    /// So that the check of solvency counts the job's escrow.
    function _remember(Rfp memory rfp) internal {
        if (remembered[_id(rfp)]) return;
        remembered[_id(rfp)] = true;
        posted.push(rfp);
    }

    // Whole stretches of a job's life

    function _posted() internal returns (Rfp memory rfp) {
        rfp = _rfp();
        _post(rfp);
    }

    /// Sealed by alice at 40, bob at 50 and carol at 60, all of them newcomers.
    function _sealed() internal returns (Rfp memory rfp) {
        rfp = _posted();
        _bid(rfp, alice, 40e18);
        _bid(rfp, bob, 50e18);
        _bid(rfp, carol, 60e18);
        vm.warp(block.timestamp + BIDDING);
    }

    function _revealed() internal returns (Rfp memory rfp) {
        rfp = _sealed();
        _reveal(rfp, alice, 40e18);
        _reveal(rfp, bob, 50e18);
        _reveal(rfp, carol, 60e18);
    }

    /// Awarded to alice at bob's price.
    function _awarded() internal returns (Rfp memory rfp) {
        rfp = _revealed();
        _award(rfp, _list(alice, bob, carol));
    }

    function _committed() internal returns (Rfp memory rfp) {
        rfp = _awarded();
        _commit(rfp, alice);
    }

    function _quoted() internal returns (Rfp memory rfp) {
        rfp = _quoteRfp();
        _awardQuote(rfp);
    }

    // Lists

    function _list(address a) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = a;
    }

    function _list(address a, address b) internal pure returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = (a, b);
    }

    function _list(address a, address b, address c) internal pure returns (address[] memory list) {
        list = new address[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    // Checks

    function _assertState(Rfp memory rfp, JobState state) internal view {
        vm.assertEq(uint256(_job(rfp).state), uint256(state), "state");
    }

    function _assertCredit(address holder, address token, uint256 amount) internal view {
        vm.assertEq(market.creditOf(holder, token), amount, "credit");
    }

    function _assertStake(address worker, uint256 total, uint256 locked) internal view {
        vm.assertEq(registry.stakeOf(worker).total, total, "stake");
        vm.assertEq(registry.stakeOf(worker).locked, locked, "locked");
    }

    /// balance == escrow of open jobs + stakes + unbonding stakes + credits + bonds of disputes, for both tokens, to the
    /// unit.
    function _assertSolvent() internal view {
        uint256 owedCash;
        uint256 owedUtility;
        for (uint256 i = 0; i < posted.length; i++) {
            JobState state = market.jobOf(_id(posted[i])).state;
            if (state != JobState.Posted && state != JobState.Awarded && state != JobState.Committed) continue;
            if (posted[i].token == address(cash)) owedCash += posted[i].maxPrice;
            if (posted[i].token == address(utility)) owedUtility += posted[i].maxPrice;
        }
        for (uint256 i = 0; i < accounts.length; i++) {
            owedCash += market.creditOf(accounts[i], address(cash));
            owedUtility += market.creditOf(accounts[i], address(utility));
            owedUtility += registry.stakeOf(accounts[i]).total + registry.unbondingOf(accounts[i]).amount;
        }
        owedUtility += market.disputeBonds();
        vm.assertEq(cash.balanceOf(address(market)), owedCash, "payment tokens");
        vm.assertEq(utility.balanceOf(address(market)), owedUtility, "utility tokens");
    }
}
