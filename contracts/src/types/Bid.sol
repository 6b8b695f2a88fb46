// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

enum BidStatus {
    None,
    Sealed,
    Revealed,
    /// Was awarded; it does not take part in a reassignment.
    Spent,
    /// Never revealed; its bond is burned.
    Forfeited
}

/// A bid as `bidOf` tells it; weight, tie and price only of one that is revealed and not spent.
struct Bid {
    BidStatus status;
    /// Reputation weight in basis points, fixed at the reveal.
    uint16 weight;
    /// The highest 104 bits of the seal: the order of equal scores.
    uint104 tie;
    uint128 price;
}

/// One storage slot per bid: status in the highest byte; below it 248 bits of the seal while the bid is sealed (124 bits
/// against a bidder that looks for two openings of one seal), weight, tie and price once it is revealed, and the rebate
/// of its award once it is spent: `maxPrice` less the price to pay.
type PackedBid is bytes32;

using { status, matches, reveal, unpack, rebate } for PackedBid global;

function sealBid(bytes32 seal) pure returns (PackedBid) {
    return PackedBid.wrap(bytes32((uint256(uint8(BidStatus.Sealed)) << 248) | (uint256(seal) >> 8)));
}

function forfeitedBid() pure returns (PackedBid) {
    return PackedBid.wrap(bytes32(uint256(uint8(BidStatus.Forfeited)) << 248));
}

function spentBid(uint128 rebate_) pure returns (PackedBid) {
    return PackedBid.wrap(bytes32((uint256(uint8(BidStatus.Spent)) << 248) | rebate_));
}

function status(PackedBid bid) pure returns (BidStatus) {
    return BidStatus(uint8(uint256(PackedBid.unwrap(bid)) >> 248));
}

/// Whether a sealed bid was made with `seal`.
function matches(PackedBid bid, bytes32 seal) pure returns (bool) {
    return PackedBid.unwrap(bid) == PackedBid.unwrap(sealBid(seal));
}

/// The revealed form of a sealed bid.
function reveal(PackedBid bid, uint16 weight, uint128 price) pure returns (PackedBid) {
    uint256 tie = uint256(PackedBid.unwrap(bid)) << 8 >> 152;
    return PackedBid.wrap(
        bytes32((uint256(uint8(BidStatus.Revealed)) << 248) | (uint256(weight) << 232) | (tie << 128) | price)
    );
}

function unpack(PackedBid bid) pure returns (Bid memory) {
    uint256 word = uint256(PackedBid.unwrap(bid));
    BidStatus found = bid.status();
    if (found != BidStatus.Revealed) return Bid(found, 0, 0, 0);
    // Each field is the lowest bits of its shift.
    // forge-lint: disable-next-line(unsafe-typecast)
    return Bid(found, uint16(word >> 232), uint104(word >> 128), uint128(word));
}

/// What the award of a spent bid leaves of the escrow; zero for every other bid.
function rebate(PackedBid bid) pure returns (uint128) {
    return bid.status() == BidStatus.Spent ? uint128(uint256(PackedBid.unwrap(bid))) : 0;
}
