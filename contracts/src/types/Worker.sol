// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A worker's deposit, in utility tokens. `locked` is the part bound in bids and jobs. One slot.
struct Stake {
    uint128 total;
    uint128 locked;
}

/// Stake on its way out; it backs no new bond.
struct Unbonding {
    uint128 amount;
    uint40 readyAt;
}

/// Counters of what became of a worker's jobs. One slot.
struct Reputation {
    uint32 finalJobs;
    /// Jobs that ended with at least one void item.
    uint32 voidJobs;
    uint32 slashedJobs;
    uint32 missedJobs;
    /// Sum of the prices of final jobs, in utility-token base units by the market's fixed rates.
    uint128 settledValue;
}

/// A worker's last two strikes: jobs settled with void items of a model that an honest worker is never voided on. Each is
/// the job's ordinal among the worker's settled jobs, counted from one; zero for none. One slot, written on a strike only.
struct Strikes {
    uint64 previous;
    uint64 last;
}

// Three strikes among this many settled jobs of a worker slash; the job that strikes is one of them.
uint256 constant STRIKE_SPAN = 100;

using { strike } for Strikes global;

/// A worker's strikes after one more, and whether that one is the third, or a later one, of its last 100 settled jobs.
/// `reputation` is that before the job settles. `atomic_verify/protocol/strikes.py` is its twin.
function strike(Strikes memory strikes, Reputation memory reputation) pure returns (Strikes memory next, bool isThird) {
    uint64 ordinal = uint64(reputation.finalJobs) + reputation.voidJobs + reputation.slashedJobs + 1;
    next = Strikes(strikes.last, ordinal);
    isThird = strikes.previous > 0 && ordinal - strikes.previous < STRIKE_SPAN;
}
