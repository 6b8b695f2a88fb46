// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A job's identity: keccak256 of chain id, market address and the RFP's terms. See `Market.jobIdOf`.
type JobId is bytes32;

/// How the worker of an RFP is found, fixed when the RFP is born.
enum Kind {
    None,
    Auction,
    Quote
}

/// How a result is secured, as docs/protocol.md defines it.
enum Guarantee {
    None,
    Optimistic,
    Hybrid,
    Proven
}

/// The life of a job. `Final`, `Slashed`, `Cancelled` and `Expired` are terminal.
enum JobState {
    None,
    Posted,
    Awarded,
    Committed,
    Final,
    Slashed,
    Cancelled,
    Expired
}

/// The terms of a job. They live in the `RfpPosted` event; calls bring them back and the chain keeps only their hash.
/// Times are in seconds, amounts in base units.
struct Rfp {
    address requester;
    /// Chosen by the requester; tells two otherwise equal RFPs apart.
    uint64 nonce;
    bytes32 modelId;
    /// Batch root of the input tensors.
    bytes32 inputRoot;
    uint32 itemCount;
    /// Payment token, one of the market's allowed tokens.
    address token;
    /// Escrowed in full. For a quote it is the price itself.
    uint128 maxPrice;
    /// In utility tokens; locked by every bidder and by the worker of a quote.
    uint128 jobBond;
    /// Zero for a quote.
    uint32 biddingTime;
    /// Zero for a quote.
    uint32 revealTime;
    uint32 executionTimeout;
    uint32 challengeWindow;
    Guarantee guarantee;
    Kind kind;
}

/// What the chain keeps of a job: one slot.
struct JobRecord {
    address worker;
    JobState state;
    /// One for the first worker, one more with every reassignment.
    uint8 attempt;
    uint8 sealedCount;
    uint8 revealedCount;
    /// Bids spent on an award, the current one included.
    uint8 spentCount;
    /// POSTED: when posted. AWARDED: the deadline to commit. COMMITTED: when committed.
    uint40 time;
}

/// A job as `jobOf` tells it: its record, and what its worker's bid adds.
struct Job {
    address worker;
    JobState state;
    uint8 attempt;
    uint8 sealedCount;
    uint8 revealedCount;
    uint8 spentCount;
    uint40 time;
    /// `maxPrice` less the price to pay.
    uint128 rebate;
}

/// A worker's signed offer to do one job at its price (EIP-712).
struct Quote {
    JobId job;
    address worker;
    uint128 price;
    /// The quote may be awarded before this time.
    uint40 expiry;
}

/// What a job's dispute phase found. A job without claims has the zero verdict: good in all items.
struct Verdict {
    bool slashed;
    uint32 voidItems;
    /// Who convicted the worker; if nobody did, who voided the first item. Zero if and only if all items are good.
    address challenger;
    /// What voiding cost the challengers, in utility tokens; taken from the job bond when each item was voided.
    uint128 costs;
}

using { jobIdEquals as == } for JobId global;

function jobIdEquals(JobId a, JobId b) pure returns (bool) {
    return JobId.unwrap(a) == JobId.unwrap(b);
}

/// The identity of a job, keccak256(abi.encode(chain id, market, rfp)). Plain `abi.encode` reads and checks the terms one
/// by one, five times as dear. Terms with dirty bits have an identity of their own that no job has: posting checks them.
function jobIdOf(address market, Rfp calldata rfp) view returns (JobId id) {
    assembly ("memory-safe") {
        let words := mload(0x40)
        mstore(words, chainid())
        mstore(add(words, 0x20), market)
        // The 14 words of an RFP.
        calldatacopy(add(words, 0x40), rfp, 0x1c0)
        id := keccak256(words, 0x200)
    }
}
