"""What a worker makes sure of before it bids on an input: that it is the one asked about, and one to answer safely."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atomic_verify.commitments import Batch
from atomic_verify.models import InstalledModel
from atomic_verify.models.errors import ItemOutOfRange
from atomic_verify.protocol.types import Rfp
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.fetch import FetchPolicy
from prover.errors import InputRootMismatch
from prover.inputs import obtain
from tests.integration.chain.jobs import rfp
from tests.support.tiny_models import install, one_operator

POLICY = FetchPolicy(1 << 20, allow_private=True)
SOMEBODY = "0x" + "11" * 20


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    inputs = [{"name": "x", "dtype": "float", "shape": [1, 4], "low": 0.0, "high": 1.0}]
    return install(tmp_path / "tiny", one_operator("Exp"), inputs=inputs)


def posted(model: InstalledModel, store: BlobStore, values: list[float]) -> tuple[Rfp, str]:
    """Terms over two items, the second of which is `values`; the payload is in the store already."""
    payload = np.array([0, 1, 0.5, 0, *values], "<f4").tobytes()
    root = Batch.from_payload(model.manifest.input_specs, 2, payload).root
    return replace(rfp(SOMEBODY, SOMEBODY), item_count=2, input_root=root), f"http://x/{store.put(payload)}"


def test_an_input_inside_the_ranges_is_held(model: InstalledModel, tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "blobs"), 1 << 20)
    terms, uri = posted(model, store, [0, 0, 0, 1])
    assert obtain(terms, uri, model, store, POLICY).nbytes == 32


@pytest.mark.parametrize("element", [1.5, -1e-3, 1e30, float("inf"), float("nan")])
def test_an_item_that_could_ruin_an_honest_worker_is_never_held(
    model: InstalledModel, tmp_path: Path, element: float
) -> None:
    store = BlobStore(str(tmp_path / "blobs"), 1 << 20)
    terms, uri = posted(model, store, [0, element, 0, 1])
    with pytest.raises(ItemOutOfRange):
        obtain(terms, uri, model, store, POLICY)


def test_an_input_of_another_root_is_refused_first(model: InstalledModel, tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "blobs"), 1 << 20)
    terms, uri = posted(model, store, [0, 0, 0, 2])
    with pytest.raises(InputRootMismatch):
        obtain(replace(terms, input_root=bytes(32)), uri, model, store, POLICY)
