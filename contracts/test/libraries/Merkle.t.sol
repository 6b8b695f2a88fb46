// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Merkle } from "../../src/libraries/Merkle.sol";
import { Test } from "../utils/Test.sol";
import { PlainMerkle } from "./PlainMerkle.sol";

/// @notice The library's functions as external calls, which give them calldata and let them revert.
contract MerkleCaller {
    function rootOfRange(bytes calldata data, uint256 firstLeaf, uint256 leaves, bytes32[] calldata proof)
        external
        view
        returns (bytes32)
    {
        return Merkle.rootOfRange(data, firstLeaf, leaves, proof);
    }

    function entryRoot(bytes32 entry, uint256 index, uint256 count, bytes32[] calldata proof)
        external
        view
        returns (bytes32)
    {
        return Merkle.entryRoot(entry, index, count, proof);
    }

    function recordRoot(bytes calldata entry, uint256 index, uint256 count, bytes32[] calldata proof)
        external
        view
        returns (bytes32)
    {
        return Merkle.entryRoot(entry, index, count, proof);
    }

    function elementLeaves(uint256 first, uint256 length, uint256 itemSize, uint256 elements)
        external
        pure
        returns (uint256, uint256, uint256)
    {
        return Merkle.elementLeaves(first, length, itemSize, elements);
    }

    /// @notice Whether folding leaves memory that was allocated before and after it alone.
    function keepsMemory(bytes calldata data, uint256 firstLeaf, uint256 leaves, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        bytes memory before = bytes.concat(data);
        bytes32 root = Merkle.rootOfRange(data, firstLeaf, leaves, proof);
        bytes memory later = bytes.concat(data);
        return keccak256(before) == keccak256(data) && keccak256(later) == keccak256(data)
            && root == Merkle.rootOfRange(data, firstLeaf, leaves, proof);
    }
}

/// @notice Trees, openings and what strangers try with them; tests/unit/commitments/test_hostile_openings.py refuses the
/// same under the same names.
contract MerkleTest is Test {
    using PlainMerkle for bytes32[];

    MerkleCaller private caller = new MerkleCaller();

    // ---- shapes ----

    function test_LeafCount() public pure {
        _same("leaves", Merkle.leafCount(0), 1);
        _same("leaves", Merkle.leafCount(1), 1);
        _same("leaves", Merkle.leafCount(512), 1);
        _same("leaves", Merkle.leafCount(513), 2);
        _same("leaves", Merkle.leafCount(type(uint256).max), (uint256(1) << 247));
    }

    function test_DepthFollowsFromTheCount() public pure {
        _same("depth", Merkle.depthOf(0), 0);
        for (uint256 k; k < 256; ++k) {
            _same("depth", Merkle.depthOf(uint256(1) << k), k);
            _same("depth", Merkle.depthOf((uint256(1) << k) + 1), k == 0 ? 1 : k + 1);
        }
        _same("depth", Merkle.depthOf(type(uint256).max), 256);
    }

    function test_ElementLeaves() public view {
        _checkElements(0, 1, 0, 1, 0);
        _checkElements(63, 1, 0, 1, 504);
        _checkElements(63, 2, 0, 2, 504);
        _checkElements(64, 64, 1, 1, 0);
        _checkElements(249, 1, 3, 1, 456);
    }

    function testFuzz_ElementLeavesHoldTheElements(uint32 first, uint32 length, uint8 size, uint64 elements)
        public
        view
    {
        uint256 itemSize = uint256(1) << (size % 4);
        vm.assume(length > 0 && uint256(first) + length <= elements);
        (uint256 leaf, uint256 leaves, uint256 offset) = caller.elementLeaves(first, length, itemSize, elements);
        _same("start", leaf * 512 + offset, uint256(first) * itemSize);
        uint256 end = offset + uint256(length) * itemSize;
        _same("leaves", leaves, (end + 511) / 512);
        _same("alignment", offset % itemSize, 0);
    }

    // ---- openings against the definition ----

    function test_EveryLeafOfOddAndEvenCountsOpens() public view {
        uint8[13] memory counts = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33];
        for (uint256 c; c < counts.length; ++c) {
            bytes32[] memory entries = _entries(counts[c]);
            bytes32[] memory digests = _digests(entries);
            bytes32 root = digests.root();
            for (uint256 i; i < entries.length; ++i) {
                _leadsTo(caller.entryRoot(entries[i], i, entries.length, digests.proof(i, 1)), root);
            }
        }
    }

    function testFuzz_ARangeLeadsToTheRoot(uint256 count, uint256 first, uint256 length, bytes32 seed) public view {
        count = bound(count, 1, 40);
        first = bound(first, 0, count - 1);
        length = bound(length, 1, count - first);
        bytes32[] memory digests = new bytes32[](count);
        bytes memory run;
        for (uint256 i; i < count; ++i) {
            bytes memory leaf = _leaf(seed, i);
            digests[i] = PlainMerkle.leaf(leaf);
            if (i >= first && i < first + length) run = bytes.concat(run, leaf);
        }
        bytes32[] memory proof = digests.proof(first, length);
        _leadsTo(caller.rootOfRange(run, first, count, proof), digests.root());
        vm.assertTrue(caller.keepsMemory(run, first, count, proof), "memory beside it changed");
    }

    /// @dev Any siblings, any count: the assembly computes what plain Solidity does, whether or not a tree is behind it.
    function testFuzz_FoldingIsThePlainFold(uint256 count, uint256 first, uint8 length, bytes32 seed) public view {
        count = bound(count, 1, uint256(1) << (uint256(seed) % 256));
        first = bound(first, 0, count - 1);
        uint256 leaves = bound(length, 1, count - first < 9 ? count - first : 9);
        bytes memory run;
        bytes32[] memory nodes = new bytes32[](leaves);
        for (uint256 i; i < leaves; ++i) {
            bytes memory leaf = _leaf(seed, i);
            nodes[i] = PlainMerkle.leaf(leaf);
            run = bytes.concat(run, leaf);
        }
        bytes32[] memory proof = new bytes32[](_siblings(first, leaves, count));
        for (uint256 i; i < proof.length; ++i) {
            proof[i] = keccak256(abi.encode(seed, "sibling", i));
        }
        _leadsTo(caller.rootOfRange(run, first, count, proof), PlainMerkle.fold(nodes, first, count, proof));
    }

    function testFuzz_ARecordOfAnyLengthIsAnEntry(bytes calldata record, uint8 index) public view {
        bytes32[] memory digests = _digests(_entries(11));
        uint256 place = index % 11;
        digests[place] = PlainMerkle.leaf(record);
        _leadsTo(caller.recordRoot(record, place, 11, digests.proof(place, 1)), digests.root());
    }

    function testFuzz_OneFlippedBitLeadsElsewhere(uint256 count, uint256 index, uint256 level, uint8 bit) public view {
        count = bound(count, 2, 40);
        index = bound(index, 0, count - 1);
        bytes32[] memory entries = _entries(count);
        bytes32[] memory digests = _digests(entries);
        bytes32[] memory proof = digests.proof(index, 1);
        bytes32 root = digests.root();
        _leadsElsewhere(caller.entryRoot(entries[index] ^ bytes32(uint256(1) << bit), index, count, proof), root);
        level = bound(level, 0, proof.length - 1);
        proof[level] ^= bytes32(uint256(1) << bit);
        _leadsElsewhere(caller.entryRoot(entries[index], index, count, proof), root);
    }

    // ---- what strangers try ----

    function test_NothingOpensInAnEmptyTree() public {
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 0, 1, 0));
        caller.entryRoot(0, 0, 0, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 0, 1, 0));
        caller.rootOfRange(new bytes(512), 0, 0, new bytes32[](0));
    }

    function test_AnInnerNodeIsntALeaf() public {
        bytes32[] memory digests = _digests(_entries(7));
        bytes32[] memory shorter = _without(digests.proof(0, 1), 0);
        bytes32 inner = PlainMerkle.node(digests[0], digests[1]);
        bytes memory preimage = bytes.concat(digests[0], digests[1]);
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 2, 3));
        caller.recordRoot(preimage, 0, 7, shorter);
        _leadsElsewhere(caller.recordRoot(preimage, 0, 4, shorter), digests.root());
        _leadsElsewhere(caller.entryRoot(inner, 0, 4, shorter), digests.root());
    }

    function test_TheRootWithAnEmptyProofIsntALeaf() public {
        bytes32 root = _digests(_entries(7)).root();
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 0, 3));
        caller.entryRoot(root, 0, 7, new bytes32[](0));
        _leadsElsewhere(caller.entryRoot(root, 0, 1, new bytes32[](0)), root);
    }

    function test_ADuplicatedLastLeafIsAnotherTree() public {
        bytes32[] memory entries = _entries(8);
        entries[7] = entries[6];
        bytes32[] memory eight = _digests(entries);
        bytes32[] memory seven = _digests(_entries(7));
        bytes32[] memory proof = seven.proof(6, 1);
        vm.assertNotEq(seven.root(), eight.root(), "same root");
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 7, 1, 7));
        caller.entryRoot(entries[6], 7, 7, proof);
    }

    function test_EqualLeavesKeepTheirPlaces() public view {
        bytes32[] memory entries = _entries(5);
        entries[3] = entries[1];
        bytes32[] memory digests = _digests(entries);
        _leadsTo(caller.entryRoot(entries[1], 1, 5, digests.proof(1, 1)), digests.root());
        _leadsTo(caller.entryRoot(entries[1], 3, 5, digests.proof(3, 1)), digests.root());
        _leadsElsewhere(caller.entryRoot(entries[1], 2, 5, digests.proof(1, 1)), digests.root());
    }

    function testFuzz_AnOverLongProofIsRefused(uint8 surplus) public {
        vm.assume(surplus > 0);
        bytes32[] memory entries = _entries(7);
        bytes32[] memory proof = _digests(entries).proof(2, 1);
        bytes32[] memory longer = new bytes32[](proof.length + surplus);
        for (uint256 i; i < proof.length; ++i) {
            longer[i] = proof[i];
        }
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, longer.length, 3));
        caller.entryRoot(entries[2], 2, 7, longer);
    }

    function test_AShortProofIsRefused() public {
        bytes32[] memory entries = _entries(7);
        bytes32[] memory shorter = _without(_digests(entries).proof(2, 1), 2);
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 2, 3));
        caller.entryRoot(entries[2], 2, 7, shorter);
    }

    /// @dev Behind a short proof lies what the transaction goes on with: here, digests that would have been right.
    function test_AShortProofIsRefusedEvenIfTheRightDigestsFollowIt() public view {
        bytes32[] memory entries = _entries(7);
        bytes32[] memory proof = _digests(entries).proof(2, 1);
        bytes memory call = abi.encodeCall(caller.entryRoot, (entries[2], 2, 7, proof));
        call[4 + 4 * 32 + 31] = 0x02;
        (bool good, bytes memory answer) = address(caller).staticcall(call);
        vm.assertFalse(good, "accepted");
        vm.assertEq(answer, abi.encodeWithSelector(Merkle.ProofLengthWrong.selector, 2, 3), "error");
    }

    function test_ASwappedIndexLeadsElsewhere() public view {
        bytes32[] memory entries = _entries(7);
        bytes32[] memory digests = _digests(entries);
        for (uint256 i; i < 7; ++i) {
            for (uint256 j; j < 7; ++j) {
                if (i != j) _leadsElsewhere(caller.entryRoot(entries[i], j, 7, digests.proof(i, 1)), digests.root());
            }
        }
    }

    function testFuzz_AnIndexAtOrBeyondTheCountIsRefused(uint256 index) public {
        bytes32[] memory entries = _entries(7);
        bytes32[] memory proof = _digests(entries).proof(6, 1);
        index = bound(index, 7, type(uint256).max - 7);
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, index, 1, 7));
        caller.entryRoot(entries[6], index, 7, proof);
    }

    function test_AMissingNodeIsntAnEntry() public {
        bytes32[] memory digests = _digests(_entries(7));
        bytes32[] memory proof = digests.proof(6, 1);
        proof[0] = digests[6];
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 7, 1, 7));
        caller.recordRoot("", 7, 7, proof);
        _leadsElsewhere(caller.entryRoot(0, 7, 8, proof), digests.root());
    }

    function test_ALeafOfAnotherJobLeadsElsewhere() public view {
        bytes32[] memory ours = _digests(_entries(7));
        bytes32[] memory others = new bytes32[](7);
        for (uint256 i; i < 7; ++i) {
            others[i] = keccak256(abi.encode("another job", i));
        }
        bytes32[] memory theirs = _digests(others);
        _leadsTo(caller.entryRoot(others[3], 3, 7, theirs.proof(3, 1)), theirs.root());
        _leadsElsewhere(caller.entryRoot(others[3], 3, 7, theirs.proof(3, 1)), ours.root());
        _leadsElsewhere(caller.entryRoot(others[3], 3, 7, ours.proof(3, 1)), ours.root());
    }

    function test_AnElementBeyondTheShapeIsRefused() public {
        uint256[2][5] memory runs =
            [[uint256(300), 1], [uint256(299), 2], [uint256(383), 1], [uint256(0), 301], [type(uint256).max, 2]];
        for (uint256 i; i < runs.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, runs[i][0], runs[i][1], 300));
            caller.elementLeaves(runs[i][0], runs[i][1], 4, 300);
        }
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 5, 0, 300));
        caller.elementLeaves(5, 0, 4, 300);
    }

    function test_ALeafRunBeyondTheTreeIsRefused() public {
        uint256[2][3] memory runs = [[uint256(0), 4], [uint256(3), 1], [uint256(2), 2]];
        for (uint256 i; i < runs.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, runs[i][0], runs[i][1], 3));
            caller.rootOfRange(new bytes(runs[i][1] * 512), runs[i][0], 3, new bytes32[](0));
        }
    }

    function test_DataThatIsntWholeLeavesIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 0, 0, 4));
        caller.rootOfRange("", 0, 4, new bytes32[](2));
        vm.expectRevert(abi.encodeWithSelector(Merkle.NotWholeLeaves.selector, 511));
        caller.rootOfRange(new bytes(511), 0, 4, new bytes32[](2));
        vm.expectRevert(abi.encodeWithSelector(Merkle.NotWholeLeaves.selector, 513));
        caller.rootOfRange(new bytes(513), 0, 4, new bytes32[](2));
    }

    /// @dev A committer who fills the last leaf oddly can't make its elements impossible to open.
    function test_NonZeroPaddingOpensAndIsNeverRead() public {
        bytes32[] memory digests = new bytes32[](3);
        digests[0] = PlainMerkle.leaf(_leaf("odd", 0));
        digests[1] = PlainMerkle.leaf(_leaf("odd", 1));
        bytes memory last = _leaf("odd", 2);
        digests[2] = PlainMerkle.leaf(last);
        _leadsTo(caller.rootOfRange(last, 2, 3, digests.proof(2, 1)), digests.root());
        vm.expectRevert(abi.encodeWithSelector(Merkle.RunOutOfRange.selector, 256, 45, 300));
        caller.elementLeaves(256, 45, 4, 300);
    }

    /// @dev Nor can one who committed something where no node should be: the opener hands it in as a sibling.
    function test_AnOddMissingNodeBlocksNoOpening() public view {
        bytes32[] memory digests = _digests(_entries(3));
        bytes32 odd = keccak256("odd");
        bytes32 left = PlainMerkle.node(digests[0], digests[1]);
        bytes32[] memory proof = new bytes32[](2);
        (proof[0], proof[1]) = (odd, left);
        _leadsTo(
            caller.entryRoot(_entries(3)[2], 2, 3, proof), PlainMerkle.node(left, PlainMerkle.node(digests[2], odd))
        );
    }

    // ---- vectors ----

    function test_TensorVectors() public view {
        string memory json = vm.readFile("tests/vectors/commitments.json");
        uint256 tensors = vm.parseJsonUint(json, ".tensorCount");
        for (uint256 i; i < tensors; ++i) {
            string memory path = string.concat(".tensors[", vm.toString(i), "]");
            uint256 leaves = vm.parseJsonUint(json, string.concat(path, ".leaves"));
            _same("leaves", Merkle.leafCount(vm.parseJsonUint(json, string.concat(path, ".nbytes"))), leaves);
            _same("depth", Merkle.depthOf(leaves), vm.parseJsonUint(json, string.concat(path, ".depth")));
            bytes32 root = vm.parseJsonBytes32(json, string.concat(path, ".root"));
            uint256 openings = vm.parseJsonUint(json, string.concat(path, ".openingCount"));
            for (uint256 j; j < openings; ++j) {
                string memory opening = string.concat(path, ".openings[", vm.toString(j), "]");
                bytes memory data = vm.parseJsonBytes(json, string.concat(opening, ".data"));
                uint256 first = vm.parseJsonUint(json, string.concat(opening, ".first"));
                bytes32[] memory proof = vm.parseJsonBytes32Array(json, string.concat(opening, ".proof"));
                _leadsTo(caller.rootOfRange(data, first, leaves, proof), root);
            }
        }
        vm.assertTrue(tensors > 0, "no vectors");
    }

    function test_UpperTreeVectors() public view {
        string memory json = vm.readFile("tests/vectors/commitments.json");
        uint256 uppers = vm.parseJsonUint(json, ".upperCount");
        for (uint256 i; i < uppers; ++i) {
            string memory path = string.concat(".uppers[", vm.toString(i), "]");
            uint256 count = vm.parseJsonUint(json, string.concat(path, ".count"));
            _same("depth", Merkle.depthOf(count), vm.parseJsonUint(json, string.concat(path, ".depth")));
            bytes32 root = vm.parseJsonBytes32(json, string.concat(path, ".root"));
            for (uint256 j; j < count; ++j) {
                string memory index = string.concat("[", vm.toString(j), "]");
                bytes memory entry = vm.parseJsonBytes(json, string.concat(path, ".entries", index));
                bytes32[] memory proof = vm.parseJsonBytes32Array(json, string.concat(path, ".proofs", index));
                _leadsTo(caller.recordRoot(entry, j, count, proof), root);
                if (entry.length == 32) _leadsTo(caller.entryRoot(bytes32(entry), j, count, proof), root);
            }
        }
        vm.assertTrue(uppers > 0, "no vectors");
    }

    function test_BatchVector() public view {
        string memory json = vm.readFile("tests/vectors/commitments.json");
        string memory path = ".batch.opening";
        (uint256 firstLeaf, uint256 leaves, uint256 offset) = caller.elementLeaves(
            _uint(json, path, ".element"), 1, _uint(json, path, ".itemSize"), _uint(json, path, ".elements")
        );
        _same("first leaf", firstLeaf, _uint(json, path, ".firstLeaf"));
        bytes memory data = vm.parseJsonBytes(json, string.concat(path, ".data"));
        _same("data", data.length, leaves * Merkle.LEAF_BYTES);
        bytes32 root =
            caller.rootOfRange(data, firstLeaf, _uint(json, path, ".leaves"), _proof(json, path, ".leafProof"));
        root = caller.entryRoot(
            root, _uint(json, path, ".tensor"), _uint(json, path, ".tensorCount"), _proof(json, path, ".tensorProof")
        );
        root = caller.entryRoot(
            root,
            _uint(json, path, ".item"),
            vm.parseJsonUint(json, ".batch.itemCount"),
            _proof(json, path, ".itemProof")
        );
        _leadsTo(root, vm.parseJsonBytes32(json, ".batch.root"));
        bytes memory value = vm.parseJsonBytes(json, string.concat(path, ".value"));
        for (uint256 i; i < value.length; ++i) {
            _same("value", uint8(data[offset + i]), uint8(value[i]));
        }
    }

    // ---- helpers ----

    function _leadsTo(bytes32 found, bytes32 root) private pure {
        vm.assertEq(found, root, "leads elsewhere");
    }

    function _leadsElsewhere(bytes32 found, bytes32 root) private pure {
        vm.assertNotEq(found, root, "leads to the root");
    }

    function _same(string memory what, uint256 found, uint256 expected) private pure {
        vm.assertEq(found, expected, what);
    }

    function _checkElements(uint256 first, uint256 length, uint256 leaf, uint256 leaves, uint256 offset) private view {
        (uint256 foundLeaf, uint256 foundLeaves, uint256 foundOffset) = caller.elementLeaves(first, length, 8, 250);
        _same("first leaf", foundLeaf, leaf);
        _same("leaves", foundLeaves, leaves);
        _same("offset", foundOffset, offset);
    }

    function _entries(uint256 count) private pure returns (bytes32[] memory entries) {
        entries = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            entries[i] = keccak256(abi.encode("entry", i));
        }
    }

    function _digests(bytes32[] memory entries) private pure returns (bytes32[] memory digests) {
        digests = new bytes32[](entries.length);
        for (uint256 i; i < entries.length; ++i) {
            digests[i] = PlainMerkle.leaf(bytes.concat(entries[i]));
        }
    }

    /// @dev 512 bytes, the last of them never zero.
    function _leaf(bytes32 seed, uint256 index) private pure returns (bytes memory data) {
        for (uint256 i; i < 16; ++i) {
            data = bytes.concat(data, keccak256(abi.encode(seed, index, i)) | bytes32(uint256(1)));
        }
    }

    function _without(bytes32[] memory proof, uint256 index) private pure returns (bytes32[] memory shorter) {
        shorter = new bytes32[](proof.length - 1);
        for (uint256 i; i < shorter.length; ++i) {
            shorter[i] = proof[i < index ? i : i + 1];
        }
    }

    function _siblings(uint256 first, uint256 length, uint256 count) private pure returns (uint256 needed) {
        uint256 last = first + length - 1;
        for (uint256 rest = count - 1; rest != 0; rest >>= 1) {
            needed += (first % 2) + (last % 2 == 0 ? 1 : 0);
            (first, last) = (first / 2, last / 2);
        }
    }

    function _uint(string memory json, string memory path, string memory key) private pure returns (uint256) {
        return vm.parseJsonUint(json, string.concat(path, key));
    }

    function _proof(string memory json, string memory path, string memory key) private pure returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, string.concat(path, key));
    }
}
