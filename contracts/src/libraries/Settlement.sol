// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// How a job's escrow is divided; the three parts sum to the escrow.
struct EscrowSplit {
    uint256 toWorker;
    uint256 toRequester;
    uint256 fee;
}

/// How a bond that is lost is divided; the two parts sum to the bond.
struct BondSplit {
    uint256 reward;
    uint256 burned;
}

/// @title Settlement
/// @notice Who gets what when a job ends, without a unit lost. `atomic_verify/protocol/settlement.py` is its twin.
library Settlement {
    uint256 internal constant BPS = 10_000;
    /// A challenger's part of a slashed bond. At least half burns, so that convicting oneself never pays.
    uint256 internal constant CHALLENGER_BPS = 2000;
    /// What all voids of an attempt together may take of its bond: three eighths. Four fifths of the other five burn in a
    /// slash, and that is half of the whole.
    uint256 internal constant VOIDABLE_BPS = 3750;
    /// The requester's part of a bond lost to a missed deadline. Small, so that impossible jobs don't pay as traps.
    uint256 internal constant REQUESTER_BPS = 2000;
    /// What a bond rate is a rate of: utility-token base units per this many base units of price.
    uint256 internal constant RATE_UNIT = 1e18;

    /// @notice A job that stands, but for its void items: those are paid back, what doesn't divide goes to the requester.
    function stands(uint128 escrow, uint128 price, uint256 itemCount, uint256 voidItems, uint256 feeBps)
        internal
        pure
        returns (EscrowSplit memory split)
    {
        uint256 earned = uint256(price) * (itemCount - voidItems) / itemCount;
        split.fee = earned * feeBps / BPS;
        split.toWorker = earned - split.fee;
        split.toRequester = escrow - earned;
    }

    /// @notice Moves the requester's part of what voiding cost, in payment tokens, from the refund to the worker, whose
    /// bond paid it: the void items' price bears it, as far as it goes. It is no earning, so no fee is taken of it.
    function share(EscrowSplit memory split, uint128 price, uint256 shared) internal pure {
        uint256 unearned = price - split.toWorker - split.fee;
        if (shared > unearned) shared = unearned;
        split.toWorker += shared;
        split.toRequester -= shared;
    }

    /// @notice What a bond still pays of the cost of voiding an item, in utility tokens, when it paid `costs` before: at
    /// most its voidable part for all items of an attempt together, so that a slash always finds the rest.
    function charge(uint128 bond, uint128 costs, uint128 cost) internal pure returns (uint128) {
        uint128 left = voidable(bond) - costs;
        return cost < left ? cost : left;
    }

    /// @notice The part of a bond that voids may take.
    function voidable(uint128 bond) internal pure returns (uint128) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(uint256(bond) * VOIDABLE_BPS / BPS);
    }

    /// @notice The requester's part of what voiding cost: half, turned to payment tokens by the bond rate; what doesn't
    /// divide is the worker's. A token without a bond rate has no worth here: then the bond bears all.
    function sharedCosts(uint128 costs, uint128 bondRate) internal pure returns (uint256) {
        return bondRate == 0 ? 0 : uint256(costs / 2) * RATE_UNIT / bondRate;
    }

    /// @notice A slashed bond, or what voids left of it: the challenger's reward and what burns.
    function slashed(uint128 bond) internal pure returns (BondSplit memory) {
        return _split(bond, CHALLENGER_BPS);
    }

    /// @notice A bond lost to a missed deadline: the requester's part and what burns.
    function missed(uint128 bond) internal pure returns (BondSplit memory) {
        return _split(bond, REQUESTER_BPS);
    }

    function _split(uint128 bond, uint256 rewardBps) private pure returns (BondSplit memory) {
        uint256 reward = uint256(bond) * rewardBps / BPS;
        return BondSplit(reward, bond - reward);
    }
}
