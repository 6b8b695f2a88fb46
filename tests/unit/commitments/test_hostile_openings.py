"""What strangers try with openings; contracts/test/libraries/Merkle.t.sol refuses the same under the same names."""

import pytest

from atomic_verify.commitments import (
    MISSING,
    Batch,
    Digest,
    DType,
    LeafOpening,
    OpeningIndexError,
    OpeningLengthError,
    RootMismatch,
    TensorSpec,
    TensorTree,
    UpperTree,
    leaf_digest,
    node_digest,
    tensor_root,
    verify_elements,
    verify_entry,
    verify_range,
)

ENTRIES = [bytes([index]) * 32 for index in range(7)]
TREE = UpperTree(ENTRIES)
SPEC = TensorSpec("x", DType.FLOAT, (300,))  # 1,200 bytes: the third leaf is filled with 336 zeros
DATA = bytes(range(200)) * 6
TENSOR = TensorTree(SPEC, DATA)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33])
def test_every_leaf_of_odd_and_even_counts_opens(count: int) -> None:
    entries = [index.to_bytes(2, "big") for index in range(count)]
    tree = UpperTree(entries)
    for index in range(count):
        verify_entry(tree.root, entries[index], index, count, tree.open(index))


def test_nothing_opens_in_an_empty_tree() -> None:
    assert UpperTree([]).root == MISSING
    with pytest.raises(OpeningIndexError):
        UpperTree([]).open(0)
    with pytest.raises(OpeningIndexError):
        verify_entry(MISSING, b"", 0, 0, [])


def test_an_inner_node_isnt_a_leaf() -> None:
    """Neither as an entry (its preimage) nor, with a shorter proof, in a tree whose count is declared."""
    left, right = leaf_digest(ENTRIES[0]), leaf_digest(ENTRIES[1])
    with pytest.raises(OpeningLengthError):
        verify_entry(TREE.root, left + right, 0, 7, TREE.open(0)[1:])
    with pytest.raises(RootMismatch):
        verify_entry(TREE.root, left + right, 0, 4, TREE.open(0)[1:])
    with pytest.raises(RootMismatch):
        verify_entry(TREE.root, node_digest(left, right), 0, 4, TREE.open(0)[1:])


def test_the_root_with_an_empty_proof_isnt_a_leaf() -> None:
    with pytest.raises(OpeningLengthError):
        verify_entry(TREE.root, TREE.root, 0, 7, [])
    with pytest.raises(RootMismatch):
        verify_entry(TREE.root, TREE.root, 0, 1, [])


def test_a_duplicated_last_leaf_is_another_tree() -> None:
    assert UpperTree([*ENTRIES, ENTRIES[-1]]).root != TREE.root
    twins = UpperTree([b"same"] * 7)
    with pytest.raises(OpeningIndexError):
        verify_entry(twins.root, b"same", 7, 7, twins.open(6))


def test_equal_leaves_keep_their_places() -> None:
    """The same entry at two places opens at both, each with its own path, and at no third."""
    entries = [b"a", b"same", b"b", b"same", b"c"]
    tree = UpperTree(entries)
    for index in (1, 3):
        verify_entry(tree.root, b"same", index, 5, tree.open(index))
    with pytest.raises(RootMismatch):
        verify_entry(tree.root, b"same", 2, 5, tree.open(1))


@pytest.mark.parametrize("surplus", [1, 2, 64])
def test_an_over_long_proof_is_refused(surplus: int) -> None:
    with pytest.raises(OpeningLengthError):
        verify_entry(TREE.root, ENTRIES[2], 2, 7, [*TREE.open(2), *[MISSING] * surplus])


def test_a_short_proof_is_refused() -> None:
    with pytest.raises(OpeningLengthError):
        verify_entry(TREE.root, ENTRIES[2], 2, 7, TREE.open(2)[:-1])


def test_a_proof_digest_of_another_length_is_refused() -> None:
    proof = TREE.open(2)
    with pytest.raises(OpeningLengthError):
        verify_entry(TREE.root, ENTRIES[2], 2, 7, [Digest(proof[0] + b"\x00"), *proof[1:]])


def test_a_swapped_index_leads_elsewhere() -> None:
    for index in range(7):
        for other in set(range(7)) - {index}:
            with pytest.raises(RootMismatch):
                verify_entry(TREE.root, ENTRIES[index], other, 7, TREE.open(index))


@pytest.mark.parametrize("index", [7, 8, 2**64, -1])
def test_an_index_at_or_beyond_the_count_is_refused(index: int) -> None:
    with pytest.raises(OpeningIndexError):
        verify_entry(TREE.root, ENTRIES[6], index, 7, TREE.open(6))


def test_a_missing_node_isnt_an_entry() -> None:
    """The place behind the last leaf exists in the hash, but no count lets anybody open it."""
    proof = [leaf_digest(ENTRIES[6]), *TREE.open(6)[1:]]
    with pytest.raises(OpeningIndexError):
        verify_entry(TREE.root, b"", 7, 7, proof)
    with pytest.raises(RootMismatch):
        verify_entry(TREE.root, bytes(32), 7, 8, proof)


def test_a_leaf_of_another_job_leads_elsewhere() -> None:
    specs = [SPEC]
    ours = Batch.from_payload(specs, 2, DATA + DATA[::-1])
    theirs = Batch.from_payload(specs, 2, DATA[::-1] + DATA)
    stolen = theirs.open_elements(1, 0, 5, 1)
    assert stolen.verify(theirs.root, specs, 2) == DATA[20:24]
    with pytest.raises(RootMismatch):
        stolen.verify(ours.root, specs, 2)


@pytest.mark.parametrize(("first", "count"), [(300, 1), (299, 2), (383, 1), (0, 301), (2**70, 1)])
def test_an_element_beyond_the_shape_is_refused(first: int, count: int) -> None:
    """Elements 300 to 383 would lie in the last leaf's filling."""
    with pytest.raises(OpeningIndexError):
        verify_elements(TENSOR.root, SPEC, TENSOR.open_leaves(2, 1), first, count)


def test_a_leaf_run_beyond_the_tree_is_refused() -> None:
    data = DATA.ljust(4 * 512, b"\x00")
    for first, length in [(0, 4), (3, 1), (2, 2)]:
        with pytest.raises(OpeningIndexError):
            LeafOpening(first, data[: length * 512], ()).root(3)


def test_non_zero_padding_opens_and_is_never_read() -> None:
    """A claimer who fills the last leaf oddly can't make its elements impossible to open."""
    leaves = [DATA[:512], DATA[512:1024], DATA[1024:] + b"\xff" * 336]
    root = UpperTree(leaves).root
    assert root != tensor_root(DATA)
    opening = LeafOpening(2, leaves[2], tuple(UpperTree(leaves).open(2)))
    assert verify_elements(root, SPEC, opening, 256, 44) == DATA[1024:]
    with pytest.raises(OpeningIndexError):
        verify_elements(root, SPEC, opening, 256, 45)


def test_an_odd_missing_node_blocks_no_opening() -> None:
    """Nor can one who committed something where no node should be: the opener hands it in as a sibling."""
    digests = [leaf_digest(entry) for entry in ENTRIES[:3]]
    odd = Digest(b"\x5a" * 32)
    root = node_digest(node_digest(digests[0], digests[1]), node_digest(digests[2], odd))
    verify_entry(root, ENTRIES[2], 2, 3, [odd, node_digest(digests[0], digests[1])])
    verify_range(root, ENTRIES[1:3], 1, 3, [digests[0], odd])
