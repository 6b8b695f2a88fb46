// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Outcome } from "../../src/interfaces/IResults.sol";
import { Float64 } from "../../src/libraries/Float64.sol";
import { Claim, ClaimState, ClaimTerms, Line, Run, Subject, Turn } from "../../src/types/Dispute.sol";
import { Quote, Rfp } from "../../src/types/Job.sol";
import { Scene } from "../utils/ClaimsFixture.sol";
import { DisputesFixture } from "../utils/DisputesFixture.sol";
import { TinyModel } from "../utils/TinyModel.sol";

/// How good a job's result is: as it should be, between accept and slash in one item, or worse than slash.
enum Quality {
    Honest,
    Sloppy,
    Cheat
}

/// A claim that was sealed and waits for its reveal.
struct Sealed {
    address claimer;
    uint256 job;
    Story story;
    bytes32 salt;
    uint256 madeAt;
}

/// What a claim says: the truth about item 1; or of item 2, which is good, that it is void, or fraud.
enum Story {
    True,
    LieVoid,
    LieSlash
}

/// A town of a diligent worker (alice), one that isn't (bob), a diligent defender (carol), a diligent watcher (dora) and a
/// liar (mallory): what each knows, and what the diligent ones do before time runs out.
abstract contract DisputesWorld is DisputesFixture {
    address public dora;
    uint256 internal bobKey;
    Rfp[] internal jobs;
    Quality[] public qualities;
    bool[] internal watched;
    Sealed[] internal waiting;
    /// By id of claims and lines.
    mapping(uint64 id => uint256 job) internal jobOfId;
    mapping(uint64 claim => Story) public storyOf;
    mapping(uint64 claim => bool) internal withheld;
    mapping(uint64 line => Run[]) internal asked;
    /// Of each job the lowest id that convicted.
    mapping(uint256 job => uint64 id) public lowest;
    mapping(uint256 job => address who) public convictor;
    uint256 private clock;

    modifier timely() {
        vm.warp(clock);
        _;
        clock = block.timestamp;
    }

    function setUp() public override {
        super.setUp();
        (, bobKey) = account("bob");
        (dora,) = account("dora");
        accounts.push(dora);
        utility.transfer(dora, 1000 * ONE);
        vm.prank(dora);
        utility.approve(address(market), type(uint256).max);
        clock = block.timestamp;
    }

    // Knowledge

    function jobCount() external view returns (uint256) {
        return jobs.length;
    }

    function jobAt(uint256 i) external view returns (Rfp memory) {
        return jobs[i];
    }

    /// A job as it was committed.
    function _sceneOf(uint256 i) internal view returns (Scene memory scene) {
        scene.rfp = jobs[i];
        (scene.inputs, scene.outputs) = (new bytes[][](ITEMS), new bytes[][](ITEMS));
        for (uint256 item = 0; item < ITEMS; ++item) {
            (scene.inputs[item], scene.outputs[item]) = (TinyModel.inputs(item), TinyModel.outputs(item));
        }
        if (qualities[i] == Quality.Sloppy) _shift(scene, 1, 70, 0x3FE0 << 48);
        if (qualities[i] == Quality.Cheat) _shift(scene, 1, 70, 0x4000 << 48);
    }

    function _traceOf(Story story) internal pure returns (bytes[] memory trace) {
        if (story == Story.True) return TinyModel.trace(1);
        trace = TinyModel.trace(2);
        uint64 by = story == Story.LieVoid ? 0x3FE0 << 48 : 0x4000 << 48;
        TinyModel.put(trace[1], 5, Float64.add(Float64.pack(TinyModel.input(2, 5) + TinyModel.weight(5), 0), by));
    }

    function _termsOf(Scene memory scene, Story story) internal view returns (ClaimTerms memory) {
        bool lie = story != Story.True;
        return _terms(scene, lie ? 2 : 1, 0, lie ? 5 : 70, _traceOf(story));
    }

    function _worker(uint256 i) internal view returns (address) {
        return qualities[i] == Quality.Honest ? alice : bob;
    }

    function _isOpen(uint64 claim) internal view returns (bool) {
        return court.claimOf(claim).state == ClaimState.Open;
    }

    /// Whether a diligent party is to answer: alice for her results, dora for her traces.
    function _answersSurely(Line memory line, uint64 id) internal view returns (bool) {
        if (line.turn != Turn.Answerer) return false;
        if (line.claim != 0) return _isOpen(line.claim) && court.claimOf(line.claim).claimer == dora;
        return qualities[jobOfId[id]] == Quality.Honest;
    }

    // Acts that are known to be legal

    function _sealAs(address who, uint256 i, Story story) internal {
        bytes32 salt = _sealClaim(who, _termsOf(_sceneOf(i), story));
        waiting.push(Sealed(who, i, story, salt, block.timestamp));
    }

    /// Reveals a seal; one that may not be revealed any more is left to burn.
    function _revealNext(uint256 place) internal {
        Sealed memory next = waiting[place];
        waiting[place] = waiting[waiting.length - 1];
        waiting.pop();
        try this.revealSealed(next) { } catch { }
    }

    function revealSealed(Sealed memory next) external {
        require(msg.sender == address(this), "not an act");
        Scene memory scene = _sceneOf(next.job);
        ClaimTerms memory terms = _termsOf(scene, next.story);
        uint64 id = _revealClaim(next.claimer, scene, terms, _traceOf(next.story), next.salt);
        (jobOfId[id], storyOf[id]) = (next.job, next.story);
        withheld[id] = next.story != Story.True && uint256(next.salt) % 2 == 0;
    }

    function _refuteLie(uint64 claim) internal {
        Scene memory scene = _sceneOf(jobOfId[claim]);
        _refute(carol, scene, claim, _evidence(scene, 2, _traceOf(storyOf[claim]), 1, 5));
    }

    function _askTrace(address who, uint64 claim, uint64 line, uint32 step) internal returns (uint64 id) {
        Run[] memory runs = _run(step, 0, 1);
        id = _demandTrace(who, _sceneOf(jobOfId[claim]), claim, line, runs);
        _note(id, jobOfId[claim], runs);
    }

    function _askItem(address who, uint256 i, Subject subject, uint32 item, uint64 line) internal {
        Run[] memory runs = _run(0, 0, 1);
        uint64 id = _demandItem(who, _sceneOf(i), subject, item, line, runs);
        _note(id, i, runs);
    }

    function _note(uint64 id, uint256 i, Run[] memory runs) private {
        jobOfId[id] = i;
        delete asked[id];
        asked[id].push(runs[0]);
    }

    function _answerLine(address who, uint64 id) internal {
        Line memory line = court.lineOf(id);
        Run[] memory runs = asked[id];
        if (line.claim != 0) {
            _answerTrace(who, id, _traceOf(storyOf[line.claim]), runs);
            withheld[line.claim] = false;
        } else {
            _answerItem(who, id, _sceneOf(jobOfId[id]), line.subject, line.item, runs);
        }
    }

    function _lapseLine(uint64 id) internal {
        Line memory line = court.lineOf(id);
        _lapse(Scene(jobs[jobOfId[id]], new bytes[][](0), new bytes[][](0)), id);
        if (line.claim == 0) _convicted(id, line.opener);
    }

    function _upholdClaim(uint64 id) internal {
        Claim memory claim = court.claimOf(id);
        _uphold(Scene(jobs[jobOfId[id]], new bytes[][](0), new bytes[][](0)), id);
        if (claim.outcome == Outcome.Slash) _convicted(id, claim.claimer);
    }

    function _convicted(uint64 id, address who) private {
        uint256 i = jobOfId[id];
        if (lowest[i] == 0 || id < lowest[i]) (lowest[i], convictor[i]) = (id, who);
    }

    function _close(address who, uint64 id) internal {
        _closeLine(who, Scene(jobs[jobOfId[id]], new bytes[][](0), new bytes[][](0)), id);
    }

    // Time

    /// Moves the clock, and lets the diligent act in the last second that they have.
    function _warpTo(uint256 target) internal {
        while (true) {
            (uint256 due, uint256 what, uint64 id) = _nextDuty();
            if (due > target + 1) break;
            if (due - 1 > block.timestamp) vm.warp(due - 1);
            if (what == 0) _revealNext(id);
            if (what == 1) _watch(id);
            if (what == 2) _defend(id);
            if (what == 3) _answerLine(court.lineOf(id).claim == 0 ? alice : dora, id);
            if (what == 4) _lapseLine(id);
        }
        if (target > block.timestamp) vm.warp(target);
    }

    /// The duty that falls due first: until when it must be done, and what it is about.
    function _nextDuty() private view returns (uint256 due, uint256 what, uint64 id) {
        due = type(uint256).max;
        for (uint256 k = 0; k < waiting.length; ++k) {
            if (waiting[k].madeAt + 2 < due) (due, what, id) = (waiting[k].madeAt + 2, 0, uint64(k));
        }
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (watched[i] || qualities[i] == Quality.Honest) continue;
            uint256 end = uint256(_job(jobs[i]).time) + WINDOW;
            if (end < due) (due, what, id) = (end, 1, uint64(i));
        }
        for (uint64 k = 1; k <= lastId; ++k) {
            (uint256 end, uint256 duty) = _dutyOf(k);
            if (end < due) (due, what, id) = (end, duty, k);
        }
    }

    function _dutyOf(uint64 k) private view returns (uint256, uint256) {
        Claim memory claim = court.claimOf(k);
        if (claim.state == ClaimState.Open && storyOf[k] != Story.True && !_isAsked(k)) {
            return (uint256(claim.revealedAt) + REFUTE_WINDOW, 2);
        }
        Line memory line = court.lineOf(k);
        if (line.turn != Turn.Answerer) return (type(uint256).max, 0);
        uint256 end = uint256(line.since) + line.answererLeft;
        if (_answersSurely(line, k)) return (end, 3);
        // What nobody answered lapses at once.
        if (line.opener == carol && line.claim != 0 && _isOpen(line.claim)) return (end + 1, 4);
        return (type(uint256).max, 0);
    }

    /// Whether carol waits for an answer about this claim.
    function _isAsked(uint64 claim) private view returns (bool) {
        for (uint64 k = claim + 1; k <= lastId; ++k) {
            Line memory line = court.lineOf(k);
            if (line.claim == claim && line.opener == carol && line.turn == Turn.Answerer) return withheld[claim];
        }
        return false;
    }

    function _watch(uint256 i) internal {
        watched[i] = true;
        _sealAs(dora, i, Story.True);
    }

    /// Refutes, or asks for what was never shown. What is asked for and not shown dies by its clock.
    function _defend(uint64 claim) internal {
        if (!withheld[claim]) return _refuteLie(claim);
        _askTrace(carol, claim, 0, 1);
    }

    function _postJob(Quality quality) internal {
        Scene memory scene = _scene();
        qualities.push(quality);
        watched.push(false);
        jobs.push(scene.rfp);
        scene = _sceneOf(jobs.length - 1);
        address worker = _worker(jobs.length - 1);
        Quote memory quote = _quoteOf(scene.rfp, worker);
        bytes memory signature = _sign(quote, worker == alice ? aliceKey : bobKey);
        vm.prank(scene.rfp.requester);
        market.awardQuote(scene.rfp, quote, signature, URI);
        _remember(scene.rfp);
        bytes32 root = TinyModel.batchRoot(scene.outputs);
        vm.prank(worker);
        results.commit(scene.rfp, root, PAYLOAD);
    }
}
