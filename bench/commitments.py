"""Trees beside bare hashlib over the same bytes."""

import os
from collections.abc import Iterator
from hashlib import sha256

from atomic_verify.commitments import Batch, DType, TensorSpec, tensor_root
from bench.figures import Figure
from bench.pairs import ratio

MEGABYTE = 10**6
TENSOR_BYTES = 16 * 2**20
ITEMS = 10_000


def measure() -> Iterator[Figure]:
    """MB/s of both, and of a large batch of small items."""
    data = os.urandom(TENSOR_BYTES)
    slower, base = ratio(lambda: tensor_root(data), lambda: sha256(data).digest())
    yield Figure("commitments", "bare sha256", TENSOR_BYTES / MEGABYTE / base, "MB/s", better="more")
    yield Figure("commitments", "tensor tree", TENSOR_BYTES / MEGABYTE / base / slower, "MB/s", better="more")
    yield Figure("commitments", "tensor tree / bare sha256", slower, "time ratio")
    specs = [TensorSpec("x", DType.FLOAT, (1, 214))]
    payload = os.urandom(specs[0].nbytes * ITEMS)
    slower, base = ratio(lambda: Batch.from_payload(specs, ITEMS, payload), lambda: sha256(payload).digest())
    rate = len(payload) / MEGABYTE / base / slower
    yield Figure("commitments", f"batch of {ITEMS:,} items of 856 bytes", rate, "MB/s", better="more")
