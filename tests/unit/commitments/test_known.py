"""A tree known in parts opens every run of what it knows, exactly as the whole tree would."""

import itertools

import numpy as np
import pytest

from atomic_verify.commitments import (
    LEAF_BYTES,
    Digest,
    DType,
    LeafOpening,
    OpeningIndexError,
    TensorSpec,
    TensorTree,
    leaf_digest,
    node_digest,
)
from atomic_verify.commitments.known import KnownLeaves


def tree(leaves: int, *, cut: int = 0) -> TensorTree:
    data = np.random.default_rng(leaves).bytes(leaves * LEAF_BYTES - cut)
    return TensorTree(TensorSpec("t", DType.UINT8, (len(data),)), data)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_any_run_of_known_leaves_opens_as_the_whole_tree_does(count: int) -> None:
    whole = tree(count, cut=100)
    runs = [(first, length) for first in range(count) for length in range(1, count - first + 1)]
    for one, other in itertools.product(runs, repeat=2):
        known = KnownLeaves(count)
        known.add(whole.open_leaves(*one))
        known.add(whole.open_leaves(*other))
        held = {*range(one[0], sum(one)), *range(other[0], sum(other))}
        assert [leaf in known for leaf in range(count)] == [leaf in held for leaf in range(count)]
        for first, length in runs:
            if held.issuperset(range(first, first + length)):
                assert known.open(first, length) == whole.open_leaves(first, length)


def test_what_is_not_known_is_not_opened() -> None:
    known = KnownLeaves(8)
    known.add(tree(8).open_leaves(2, 2))
    with pytest.raises(KeyError):
        known.open(3, 2)
    with pytest.raises(KeyError):
        known.data(1, 2)
    with pytest.raises(OpeningIndexError):
        known.open(2, 7)
    with pytest.raises(OpeningIndexError):
        known.add(LeafOpening(7, bytes(2 * LEAF_BYTES), ()))


def test_odd_padding_and_missing_nodes_are_opened_as_they_were_committed() -> None:
    odd = Digest(b"\x07" * 32)
    leaves = [bytes([value]) * LEAF_BYTES for value in (1, 2, 3)]
    low = node_digest(leaf_digest(leaves[0]), leaf_digest(leaves[1]))
    high = node_digest(leaf_digest(leaves[2]), odd)  # where an honest tree has 32 zero bytes
    known = KnownLeaves(3)
    known.add(LeafOpening(1, leaves[1] + leaves[2], (leaf_digest(leaves[0]), odd)))
    opened = known.open(2, 1)
    assert opened == LeafOpening(2, leaves[2], (odd, low))
    assert opened.root(3) == node_digest(low, high)
