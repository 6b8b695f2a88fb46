// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Claim, Line, Subject, Turn } from "../../src/types/Dispute.sol";
import { JobState } from "../../src/types/Job.sol";
import { DisputesWorld, Quality, Story } from "./DisputesWorld.sol";

/// Every act of a dispute, by anybody, in any order. Time passes with `wait`; an act that isn't legal reverts as a whole.
contract DisputesPlay is DisputesWorld {
    uint256 private constant MOST_JOBS = 8;

    function wait(uint256 time) external timely {
        _warpTo(block.timestamp + bound(time, 1, 250));
    }

    /// A job and its result.
    function work(uint256 seed) external timely {
        require(jobs.length < MOST_JOBS, "enough");
        _postJob(Quality(seed % 3));
    }

    // Claims

    /// Mallory says that a good item is wrong, and serves its trace or not.
    function lie(uint256 seed) external timely {
        _sealAs(mallory, seed % jobs.length, seed % 2 == 0 ? Story.LieVoid : Story.LieSlash);
    }

    /// The worker's own friend may be first with the truth, or the watcher.
    function tell(uint256 seed, bool friend) external timely {
        uint256 i = seed % jobs.length;
        if (friend) return _sealAs(mallory, i, Story.True);
        require(qualities[i] != Quality.Honest && !watched[i], "nothing to tell");
        _watch(i);
    }

    function refute(uint256 seed) external timely {
        uint64 claim = _some(seed, _isServedLie);
        _refuteLie(claim);
    }

    function uphold(uint256 seed) external timely {
        _upholdClaim(_some(seed, _isOpen));
    }

    // Lines

    function askTrace(uint256 seed, uint32 step) external timely {
        uint64 claim = _some(seed, _isOpen);
        _askTrace(_person(seed), claim, 0, step % 4);
    }

    function askItem(uint256 seed, bool input) external timely {
        _askItem(_person(seed), seed % jobs.length, input ? Subject.Input : Subject.Result, uint32(seed % ITEMS), 0);
    }

    function askOn(uint256 seed, uint32 step) external timely {
        uint64 id = _some(seed, _isDemandersTurn);
        Line memory line = court.lineOf(id);
        if (line.claim != 0) _askTrace(line.opener, line.claim, id, step % 4);
        else _askItem(line.opener, jobOfId[id], line.subject, line.item, id);
    }

    /// Some answer though they needn't, or sooner than they must.
    function answer(uint256 seed) external timely {
        uint64 id = _some(seed, _isAnswerersTurn);
        _answerLine(_person(seed / 7), id);
    }

    function lapse(uint256 seed) external timely {
        _lapseLine(_some(seed, _isAnswerersTurn));
    }

    function close(uint256 seed) external timely {
        uint64 id = _some(seed, _isLine);
        _close(seed % 3 == 0 ? keeper : court.lineOf(id).opener, id);
    }

    // Ends

    function finalize(uint256 seed) external timely {
        _finalize(jobs[seed % jobs.length]);
    }

    function burnSeal(uint256 seed) external timely {
        uint256 k = seed % seals.length;
        court.burnSeal(sealers[k], seals[k]);
    }

    /// Lets all that is open end: everybody's clocks run out, claims are upheld, jobs are settled.
    function drain() external timely {
        for (uint256 round = 0; round < 8; ++round) {
            _warpTo(block.timestamp + WINDOW);
            for (uint64 id = 1; id <= lastId; ++id) {
                Line memory line = court.lineOf(id);
                if (line.turn == Turn.Closed || line.turn == Turn.None) continue;
                bool moot = line.claim != 0 && !_isOpen(line.claim);
                if (line.turn == Turn.Answerer && !moot) _lapseLine(id);
                else _close(keeper, id);
            }
            for (uint64 id = 1; id <= lastId; ++id) {
                Claim memory claim = court.claimOf(id);
                bool ripe = block.timestamp >= uint256(claim.revealedAt) + REFUTE_WINDOW && claim.openLines == 0;
                if (_isOpen(id) && ripe) _upholdClaim(id);
            }
        }
        for (uint256 k = 0; k < seals.length; ++k) {
            if (court.sealedAt(sealers[k], seals[k]) != 0) court.burnSeal(sealers[k], seals[k]);
        }
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (_job(jobs[i]).state == JobState.Committed) _finalize(jobs[i]);
        }
    }

    // What the rules are checked with

    function idCount() external view returns (uint64) {
        return lastId;
    }

    function stateOf(uint256 i) external view returns (JobState) {
        return _job(jobs[i]).state;
    }

    function challengerOf(uint256 i) external view returns (address) {
        return results.resultOf(_id(jobs[i])).challenger;
    }

    function openClaimsOf(uint256 i) external view returns (uint256) {
        return results.resultOf(_id(jobs[i])).openClaims;
    }

    function isSlashed(uint256 i) external view returns (bool) {
        return results.resultOf(_id(jobs[i])).slashed;
    }

    function costsOf(uint256 i) external view returns (uint128) {
        return results.resultOf(_id(jobs[i])).costs;
    }

    function claimOf(uint64 id) external view returns (Claim memory) {
        return court.claimOf(id);
    }

    function wealthOf(address who) external view returns (uint256) {
        return _wealth(who);
    }

    function stakeOf(address who) external view returns (uint256) {
        return registry.stakeOf(who).total;
    }

    function held() external view returns (uint256) {
        return market.disputeBonds();
    }

    function people() external view returns (address worker) {
        return alice;
    }

    function checkBooks() external view {
        _assertBooks();
    }

    // Choices

    function _person(uint256 seed) private view returns (address) {
        address[5] memory all = [mallory, bob, carol, requester, stranger];
        return all[seed % 5];
    }

    /// A claim or line for which an act is likely legal, the first from the seed on.
    function _some(uint256 seed, function(uint64) internal view returns (bool) isFit) private view returns (uint64) {
        for (uint64 n = 0; n < lastId; ++n) {
            uint64 id = uint64((seed + n) % lastId) + 1;
            if (isFit(id)) return id;
        }
        revert("nothing fits");
    }

    function _isServedLie(uint64 id) private view returns (bool) {
        return _isOpen(id) && storyOf[id] != Story.True && !withheld[id];
    }

    function _isDemandersTurn(uint64 id) private view returns (bool) {
        return court.lineOf(id).turn == Turn.Demander;
    }

    function _isAnswerersTurn(uint64 id) private view returns (bool) {
        return court.lineOf(id).turn == Turn.Answerer;
    }

    function _isLine(uint64 id) private view returns (bool) {
        return _isDemandersTurn(id) || _isAnswerersTurn(id);
    }
}
