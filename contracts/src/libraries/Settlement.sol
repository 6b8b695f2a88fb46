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
    /// The requester's part of a bond lost to a missed deadline. Small, so that impossible jobs don't pay as traps.
    uint256 internal constant REQUESTER_BPS = 2000;

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

    /// @notice A slashed bond: the challenger's reward and what burns.
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
