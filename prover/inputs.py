"""Inputs: fetched by digest, bounded before a byte is read, and compared with the root that the RFP commits to.

Life cycle: fetch. A worker holds the input before it bids or quotes: a requester that withholds it later could
otherwise make it lose its bond, and so could one whose items lie outside of what the model's tolerances hold for.
*Held*: the bytes are in the blob store, and their batch root was recomputed in this process.
"""

from dataclasses import dataclass, replace

from atomic_verify.commitments import Batch, Signature
from atomic_verify.commitments.batches import MAX_PAYLOAD_BYTES
from atomic_verify.models import InstalledModel
from atomic_verify.models.errors import ItemOutOfRange
from atomic_verify.protocol.primitives import to_hex
from atomic_verify.protocol.types import Rfp
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.errors import BlobCorrupt, BlobTooLarge
from atomic_verify.storage.fetch import FetchPolicy, digest_in_url, fetch_blob
from prover.errors import InputRootMismatch


@dataclass(frozen=True, slots=True)
class HeldInput:
    """An input that is in the store and was found to be what the RFP commits to."""

    digest: str
    nbytes: int
    fetched: bool
    """Whether this worker put it there, just now."""


def obtain(rfp: Rfp, input_uri: str, model: InstalledModel, store: BlobStore, policy: FetchPolicy) -> HeldInput:
    """Sees to it that the job's input is in `store`, right, and none that the model isn't made for.

    Fetches it only if it isn't there. Raises FetchRefused, FetchFailed, FetchTimeout, FetchMismatch, BlobTooLarge,
    BlobStoreFull, BlobStoreUnavailable, PayloadSizeError, InputRootMismatch, ItemOutOfRange.
    """
    signature = model.manifest.input_signature
    digest = digest_in_url(input_uri)
    nbytes = rfp.item_count * signature.nbytes
    if nbytes > min(MAX_PAYLOAD_BYTES, policy.max_bytes):
        raise BlobTooLarge(f"The input of {nbytes} bytes is larger than this worker takes", limit=policy.max_bytes)
    # The size that the signature and the item count say, and no byte more, whatever the server sends.
    bounded = replace(policy, max_bytes=nbytes)
    fetched = not _is_intact(store, digest)
    if fetched:
        fetch_blob(input_uri, digest, store, bounded)
    try:
        payload = store.get(digest)
        _require_root(rfp, signature, payload)
        model.require_in_range(rfp.item_count, payload)
    except (InputRootMismatch, ItemOutOfRange):
        if fetched:
            store.delete(digest)
        raise
    return HeldInput(digest, nbytes, fetched)


def read(rfp: Rfp, held: HeldInput, store: BlobStore) -> bytes:
    """The payload of a held input. Raises BlobMissing, BlobCorrupt, BlobStoreUnavailable."""
    return store.get(held.digest, max_bytes=held.nbytes)


def _is_intact(store: BlobStore, digest: str) -> bool:
    """Whether the store has the blob; one that rotted there is removed, to be fetched anew."""
    if not store.exists(digest):
        return False
    try:
        store.get(digest)
    except BlobCorrupt:
        store.delete(digest)
        return False
    return True


def _require_root(rfp: Rfp, signature: Signature, payload: bytes) -> None:
    found = Batch.from_payload(signature.specs, rfp.item_count, payload).root
    if found != rfp.input_root:
        raise InputRootMismatch(
            "The input is not the one that the RFP commits to",
            hint="The requester has to post the RFP with the batch root of the input that its URL names",
            expected=to_hex(rfp.input_root),
            found=to_hex(found),
        )
