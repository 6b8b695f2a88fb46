"""What a worker had to show on the chain is as good as what it should have served, and garbage is not."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from atomic_verify.commitments import (
    Batch,
    CommitmentError,
    DType,
    OpeningIndexError,
    OpeningLengthError,
    RootMismatch,
    Signature,
    TensorSpec,
)
from atomic_verify.protocol.types import Answer, Demand, Run, Subject
from prover.watching.answering import answer_from_batch
from prover.watching.shown import ShownItem

SPECS = (
    TensorSpec("large", DType.FLOAT, (90, 128)),
    TensorSpec("empty", DType.FLOAT, (0,)),
    TensorSpec("small", DType.BOOL, (3,)),
)
ITEMS = 5


@pytest.fixture
def batch() -> Batch:
    rng = np.random.default_rng(0)
    payload = b"".join(rng.random(90 * 128).astype(np.float32).tobytes() + b"\x01\x00\x01" for _ in range(ITEMS))
    return Batch.from_payload(SPECS, ITEMS, payload)


def demand(batch: Batch, item: int, runs: tuple[Run, ...]) -> Demand:
    return Demand(Subject.RESULT, batch.root, item, ITEMS, len(SPECS), runs)


def shown(batch: Batch, item: int = 3) -> ShownItem:
    return ShownItem(Signature(SPECS), item, ITEMS, batch.root)


def test_an_item_is_put_together_from_answers(batch: Batch) -> None:
    known, rounds = shown(batch), 0
    while runs := known.missing():
        assert 1 <= len(runs) <= 8
        assert sum(run.count for run in runs) <= 64
        assert all(run.first + run.count <= run.leaves for run in runs)
        known.add(runs, answer_from_batch(demand(batch, 3, runs), batch))
        rounds += 1
    assert rounds == 2, "90 and two single leaves, 64 at once"
    assert known.is_whole
    assert known.item_payload(3) == bytes(batch.item_payload(3))
    assert known.item_root(3) == batch.item_root(3)
    assert known.open_item(3) == batch.open_item(3)
    for tensor, first in ((0, 0), (0, 127), (0, 128), (0, 90 * 128 - 1), (2, 2)):
        opened = known.open_elements(3, tensor, first, 1)
        assert opened == batch.open_elements(3, tensor, first, 1)
        opened.verify(batch.root, SPECS, ITEMS)


def test_what_is_not_shown_is_not_known(batch: Batch) -> None:
    known = shown(batch)
    with pytest.raises(KeyError):
        known.item_root(3)
    first = (Run(0, 10, 5, 90),)
    known.add(first, answer_from_batch(demand(batch, 3, first), batch))
    assert [(run.tensor, run.first, run.count) for run in known.missing()] == [(0, 0, 10), (0, 15, 54)]
    with pytest.raises(KeyError):
        known.item_payload(3)
    with pytest.raises(KeyError):
        known.item_payload(2)
    with pytest.raises(KeyError):
        known.open_elements(3, 0, 0, 1)


def test_nothing_is_believed(batch: Batch) -> None:
    runs = (Run(0, 0, 2, 90), Run(2, 0, 1, 1))
    right = answer_from_batch(demand(batch, 3, runs), batch)
    one, other = right.openings
    wrong: list[tuple[tuple[Run, ...], Answer]] = [
        (runs, replace(right, item_root=hashlib.sha256(b"").digest())),
        (runs, replace(right, item_path=right.item_path[1:])),
        (runs, replace(right, openings=(one,))),
        (runs, replace(right, openings=(other, one))),
        (runs, replace(right, openings=(replace(one, leaves=bytes(1024)), other))),
        (runs, replace(right, openings=(replace(one, leaves=one.leaves[:-1]), other))),
        (runs, replace(right, openings=(replace(one, path=other.path), other))),
        ((replace(runs[0], first=1), runs[1]), right),
    ]
    for asked, answer in wrong:
        known = shown(batch)
        with pytest.raises((RootMismatch, OpeningLengthError, OpeningIndexError)):
            known.add(asked, answer)
        with pytest.raises(KeyError):
            known.item_payload(3)
    other_item = shown(batch, item=2)
    with pytest.raises(CommitmentError):
        other_item.add(runs, right)
