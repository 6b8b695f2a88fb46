"""Openings of a tensor's elements."""

import numpy as np
import pytest

from atomic_verify.commitments import (
    DType,
    LeafOpening,
    OpeningIndexError,
    OpeningLengthError,
    RootMismatch,
    TensorMismatch,
    TensorSpec,
    TensorTree,
    element_leaves,
    leaf_digest,
    read_elements,
    tensor_root,
    verify_elements,
)

SPEC = TensorSpec("x", DType.DOUBLE, (5, 50))  # 2,000 bytes: 3 full leaves and 464 bytes of a fourth
DATA = np.arange(250, dtype="<f8").tobytes()
TREE = TensorTree(SPEC, DATA)


def test_an_empty_tensor_is_one_leaf_of_zeros() -> None:
    spec = TensorSpec("nothing", DType.FLOAT, (3, 0))
    tree = TensorTree(spec, b"")
    assert tree.root == tensor_root(b"") == leaf_digest(bytes(512))
    assert tree.open_leaves(0, 1) == LeafOpening(0, bytes(512), ())
    with pytest.raises(OpeningIndexError):
        tree.open_elements(0, 1)


@pytest.mark.parametrize(
    ("first", "count", "where"),
    [(0, 1, (0, 1, 0)), (63, 1, (0, 1, 504)), (63, 2, (0, 2, 504)), (64, 64, (1, 1, 0)), (249, 1, (3, 1, 456))],
)
def test_elements_come_with_their_leaves_only(first: int, count: int, where: tuple[int, int, int]) -> None:
    assert element_leaves(SPEC, first, count) == where
    opening = TREE.open_elements(first, count)
    assert (opening.first_leaf, len(opening.data)) == (where[0], where[1] * 512)
    assert np.frombuffer(verify_elements(TREE.root, SPEC, opening, first, count)).tolist() == list(
        range(first, first + count)
    )


def test_every_leaf_is_sent_whole() -> None:
    opening = TREE.open_elements(249, 1)
    assert opening.data == DATA[3 * 512 :] + bytes(48)


@pytest.mark.parametrize(("first", "count"), [(0, 2), (64, 1), (62, 3)])
def test_an_opening_of_other_leaves_isnt_read(first: int, count: int) -> None:
    opening = TREE.open_elements(63, 2)
    if element_leaves(SPEC, first, count)[:2] == (0, 2):
        assert len(read_elements(SPEC, opening, first, count)) == count * 8
    else:
        with pytest.raises(OpeningLengthError):
            read_elements(SPEC, opening, first, count)


@pytest.mark.parametrize("length", [0, 511, 513])
def test_data_that_isnt_whole_leaves_is_refused(length: int) -> None:
    with pytest.raises(OpeningLengthError):
        LeafOpening(0, bytes(length), TREE.open_leaves(0, 1).proof).root(4)


def test_a_changed_element_leads_to_another_root() -> None:
    opening = TREE.open_elements(7, 1)
    forged = LeafOpening(opening.first_leaf, opening.data[:56] + bytes(8) + opening.data[64:], opening.proof)
    with pytest.raises(RootMismatch):
        verify_elements(TREE.root, SPEC, forged, 7, 1)


@pytest.mark.parametrize("length", [0, 1999, 2001, 2048])
def test_a_tree_wants_exactly_the_declared_bytes(length: int) -> None:
    with pytest.raises(TensorMismatch):
        TensorTree(SPEC, bytes(length))
