// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BondSplit, EscrowSplit, Settlement } from "../../src/libraries/Settlement.sol";
import { Test } from "../utils/Test.sol";

contract SettlementTest is Test {
    function testFuzz_NothingIsLostOrMade(uint128 escrow, uint256 price, uint256 items, uint256 voids, uint256 feeBps)
        public
        pure
    {
        price = bound(price, 0, escrow);
        items = bound(items, 1, 2 ** 20);
        voids = bound(voids, 0, items);
        feeBps = bound(feeBps, 0, 500);
        EscrowSplit memory split = Settlement.stands(escrow, uint128(price), items, voids, feeBps);
        vm.assertEq(split.toWorker + split.toRequester + split.fee, escrow, "the parts sum to the escrow");
        vm.assertLe(split.toWorker + split.fee, price, "at most the price is earned");
        vm.assertLe(split.fee, price * feeBps / 10_000, "the fee is at most its share");
        vm.assertGe(split.toRequester, escrow - price, "the requester gets the rebate at least");
        if (voids == items) vm.assertEq(split.toRequester, escrow, "nothing is owed for nothing");
        if (voids == 0) vm.assertEq(split.toRequester, escrow - price, "all is owed for all");
        if (voids == 0) return;
        EscrowSplit memory better = Settlement.stands(escrow, uint128(price), items, voids - 1, feeBps);
        vm.assertGe(better.toWorker + 1, split.toWorker, "a void item pays the worker nothing");
        vm.assertLe(better.toRequester, split.toRequester, "and costs the requester nothing");
    }

    function testFuzz_SharedCostsMoveFromTheRefundToTheWorkerAlone(
        uint128 escrow,
        uint256 price,
        uint256 items,
        uint256 voids,
        uint256 feeBps,
        uint128 costs,
        uint128 rate
    ) public pure {
        price = bound(price, 0, escrow);
        items = bound(items, 1, 2 ** 20);
        voids = bound(voids, 0, items);
        feeBps = bound(feeBps, 0, 500);
        uint256 shared = Settlement.sharedCosts(costs, rate);
        EscrowSplit memory without = Settlement.stands(escrow, uint128(price), items, voids, feeBps);
        EscrowSplit memory split = Settlement.stands(escrow, uint128(price), items, voids, feeBps);
        Settlement.share(split, uint128(price), shared);
        uint256 earned = without.toWorker + without.fee;
        vm.assertEq(split.toWorker + split.toRequester + split.fee, escrow, "the parts sum to the escrow");
        vm.assertEq(split.fee, without.fee, "no fee is taken of costs");
        uint256 moved = split.toWorker - without.toWorker;
        vm.assertEq(moved, shared < price - earned ? shared : price - earned, "what the void items' price bears");
        vm.assertGe(split.toRequester, escrow - price, "the requester never pays more than the price");
        if (rate == 0) vm.assertEq(shared, 0, "no rate, no worth");
        vm.assertLe(shared * rate, uint256(costs / 2) * 1e18, "at most half");
        if (rate > 0) vm.assertLt(uint256(costs / 2) * 1e18, (shared + 1) * rate, "to the unit");
    }

    function testFuzz_VoidsLeaveHalfOfABondToBurn(uint128 bond, uint128[8] memory costs) public pure {
        uint128 charged;
        uint256 asked;
        for (uint256 i = 0; i < costs.length; i++) {
            charged += Settlement.charge(bond, charged, costs[i]);
            asked += costs[i];
        }
        uint256 voidable = uint256(bond) * 3 / 8;
        vm.assertEq(charged, asked < voidable ? asked : voidable, "all of it, up to three eighths of the bond");
        BondSplit memory left = Settlement.slashed(bond - charged);
        vm.assertEq(left.reward + left.burned + charged, bond, "the bond");
        vm.assertGe(left.burned, uint256(bond) / 2, "at least half burns");
    }

    function testFuzz_ALostBondIsDividedWhole(uint128 bond) public pure {
        BondSplit memory slashed = Settlement.slashed(bond);
        BondSplit memory missed = Settlement.missed(bond);
        vm.assertEq(slashed.reward + slashed.burned, bond, "slashed");
        vm.assertEq(missed.reward + missed.burned, bond, "missed");
        vm.assertLe(slashed.reward, uint256(bond) / 5, "at most a fifth to the challenger");
        vm.assertGe(slashed.burned, uint256(bond) / 2, "at least half burns");
        vm.assertLe(missed.reward, uint256(bond) / 5, "at most a fifth to the requester");
    }
}
