"""Batches that were checked once and are kept: a payload of a known digest, with its tree.

Life cycle: serving items and receipts. What is in the cache was hashed when it was put there and can't change since.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from atomic_verify.commitments import Batch, TensorSpec
from atomic_verify.storage.blobs import BlobStore

MAX_BYTES = 256 * 2**20


class BatchCache:
    """The batches read last, up to MAX_BYTES of payload and always at least one. Threads may share it."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max = max_bytes
        self._kept: OrderedDict[tuple[str, int], Batch] = OrderedDict()
        self._lock = Lock()

    def get(self, blobs: BlobStore, digest: str, specs: Sequence[TensorSpec], count: int) -> Batch:
        """The batch of a stored payload. Raises BlobMissing, BlobCorrupt, PayloadSizeError."""
        key = (digest, count)
        with self._lock:
            if key in self._kept and self._kept[key].signature.specs == tuple(specs):
                self._kept.move_to_end(key)
                return self._kept[key]
        batch = Batch.from_payload(specs, count, blobs.get(digest))
        with self._lock:
            self._kept[key] = batch
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(len(one.payload) for one in self._kept.values()) > self._max:
                self._kept.popitem(last=False)
        return batch
