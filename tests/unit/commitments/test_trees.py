"""Upper trees, proofs, and the largest batch hashed as one."""

from hashlib import sha256

import pytest

from atomic_verify.commitments import (
    MISSING,
    OpeningIndexError,
    UpperTree,
    depth_of,
    leaf_digest,
    node_digest,
    proof_length,
    range_root,
    verify_range,
)


def test_leaves_and_nodes_are_kept_apart_by_their_first_byte() -> None:
    assert leaf_digest(b"abc") == sha256(b"\x00abc").digest()
    assert node_digest(b"l" * 32, b"r" * 32) == sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()


def test_three_entries_by_hand() -> None:
    a, b, c = (leaf_digest(entry) for entry in (b"a", b"bb", b"ccc"))
    tree = UpperTree([b"a", b"bb", b"ccc"])
    assert tree.root == node_digest(node_digest(a, b), node_digest(c, bytes(32)))
    assert tree.open(1) == [a, node_digest(c, bytes(32))]
    assert tree.open(2) == [MISSING, node_digest(a, b)]
    assert tree.leaf(2) == c


def test_a_missing_pair_is_one_missing_node() -> None:
    """Of five entries, the fifth's upper neighbour covers no leaf at all: 32 zero bytes, not a hash of zeros."""
    tree = UpperTree([bytes([index]) for index in range(5)])
    assert tree.open(4)[:2] == [MISSING, MISSING]


@pytest.mark.parametrize(
    ("count", "depth"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (2**20, 20), (2**20 + 1, 21)]
)
def test_depth_follows_from_the_count(count: int, depth: int) -> None:
    assert depth_of(count) == depth


@pytest.mark.parametrize("length", [31, 32, 33])
def test_entries_are_hashed_alone_whatever_their_length(length: int) -> None:
    entries = [bytes([index]) * length for index in range(3)]
    digests = [leaf_digest(entry) for entry in entries]
    assert UpperTree(entries).root == range_root(digests, 0, 3, [MISSING])


def test_mixed_lengths_that_average_32_arent_cut_into_32s() -> None:
    left, right = UpperTree([b"x" * 31, b"x" * 33]), UpperTree([b"x" * 32, b"x" * 32])
    assert left.root == node_digest(leaf_digest(b"x" * 31), leaf_digest(b"x" * 33)) != right.root


def test_a_run_needs_few_digests() -> None:
    """Sixteen aligned leaves of 1,024 need one sibling a level above them."""
    assert proof_length(16, 16, 1024) == 6
    assert proof_length(0, 1024, 1024) == 0
    assert proof_length(1, 1022, 1024) == 2 * 1 + 2 * 9 - 2 * 9


@pytest.mark.parametrize(("first", "length"), [(-1, 1), (0, 0), (3, 1), (2, 2), (0, 4), (0, -1)])
def test_a_run_outside_the_tree_is_refused(first: int, length: int) -> None:
    tree = UpperTree([b"a", b"b", b"c"])
    with pytest.raises(OpeningIndexError):
        tree.open_range(first, length)
    with pytest.raises(OpeningIndexError):
        proof_length(first, length, 3)


def test_ten_thousand_entries_open_anywhere() -> None:
    entries = [index.to_bytes(32, "big") for index in range(10_000)]
    tree = UpperTree(entries)
    for first, length in [(0, 1), (9_999, 1), (4_095, 2), (1, 9_998), (0, 10_000)]:
        verify_range(tree.root, entries[first : first + length], first, 10_000, tree.open_range(first, length))
