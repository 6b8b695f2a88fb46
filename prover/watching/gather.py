"""The data of a committed result: its input from the RFP's URL or the worker, its outputs from the worker.

Life cycle: challenge window. Nothing is believed: sizes follow from the model's signature and are known before a byte
is read, bytes are held against their digest, and their batch root against the one on the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from atomic_verify.commitments import Batch, Signature
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.primitives import to_hex
from atomic_verify.protocol.types import Rfp
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.errors import BlobCorrupt, BlobTooLarge, FetchFailed
from atomic_verify.storage.fetch import FetchPolicy, digest_in_url, fetch_blob
from atomic_verify.storage.records import ResultRecord
from prover.errors import InputRootMismatch, OutputRootMismatch

SLOW_LINE = 2**20
"""Bytes a second that a server must send at least, beyond the time that any fetch may take."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidenced:
    """A job's whole input and committed outputs, held against their roots."""

    inputs: Batch
    outputs: Batch


@dataclass(frozen=True, slots=True)
class Places:
    """Where a job's data may be had: the RFP's URL of the input, and the worker's announced endpoint."""

    input_uri: str
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where blobs are kept here, and how they may be fetched."""

    store: BlobStore
    policy: FetchPolicy


def gather_inputs(rfp: Rfp, places: Places, signature: Signature, source: Source) -> tuple[Batch, str | None]:
    """The job's input, and the digest of what was put into the store for it.

    Raises FetchRefused, FetchFailed, FetchTimeout, FetchMismatch, BlobTooLarge, BlobStoreFull, BlobStoreUnavailable,
    PayloadSizeError, InputRootMismatch.
    """
    digest = digest_in_url(places.input_uri)
    batch, fetched = _batch(rfp, digest, input_urls(places), signature, source)
    if batch.root != rfp.input_root:
        if fetched:
            source.store.delete(digest)
        raise InputRootMismatch(
            "The input is not the one that the RFP commits to",
            expected=to_hex(rfp.input_root),
            found=to_hex(batch.root),
        )
    return batch, digest if fetched else None


def gather_outputs(
    rfp: Rfp, result: ResultRecord, places: Places, signature: Signature, source: Source
) -> tuple[Batch, str | None]:
    """The committed outputs, and the digest of what was put into the store. Raises as above, and OutputRootMismatch."""
    batch, fetched = _batch(rfp, result.payload, blob_urls(places.endpoint, result.payload), signature, source)
    if batch.root != result.root:
        if fetched:
            source.store.delete(result.payload)
        raise OutputRootMismatch(
            "The outputs that the worker serves are not those that it committed",
            expected=to_hex(result.root),
            found=to_hex(batch.root),
        )
    return batch, result.payload if fetched else None


def input_urls(places: Places) -> tuple[str, ...]:
    """Where the input may be had: the RFP's URL first, then the worker, which promised to serve it."""
    return (places.input_uri, *blob_urls(places.endpoint, digest_in_url(places.input_uri)))


def blob_urls(endpoint: str | None, digest: str) -> tuple[str, ...]:
    """A blob's URL at an announced endpoint; none where nothing is announced."""
    return () if not endpoint else (f"{endpoint.rstrip('/')}/v1/blobs/{digest}",)


def fetch_any(digest: str, urls: Sequence[str], nbytes: int, source: Source) -> tuple[bytes, bool]:
    """The blob of `nbytes` bytes at most, from the store or from the first URL that has it, and whether it was fetched.

    Raises BlobTooLarge, BlobStoreFull, BlobStoreUnavailable, and what the last URL raised.
    """
    store = source.store
    held = _held(digest, nbytes, store)
    if held is not None:
        return held, False
    if nbytes > source.policy.max_bytes:
        raise BlobTooLarge(f"A blob of {nbytes} bytes is larger than is fetched here", limit=source.policy.max_bytes)
    # No byte more than there must be, and time for a slow line besides.
    bounded = replace(source.policy, max_bytes=nbytes, timeout=source.policy.timeout + nbytes / SLOW_LINE)
    failure: AtomicError = FetchFailed("Nobody is known to serve this blob", digest=digest)
    for url in urls:
        try:
            fetch_blob(url, digest, store, bounded)
            return store.get(digest, max_bytes=nbytes), True
        except AtomicError as error:
            failure = error
    raise failure


def _batch(rfp: Rfp, digest: str, urls: Sequence[str], signature: Signature, source: Source) -> tuple[Batch, bool]:
    nbytes = rfp.item_count * signature.nbytes
    payload, fetched = fetch_any(digest, urls, nbytes, source)
    return Batch.from_payload(signature.specs, rfp.item_count, payload), fetched


def _held(digest: str, nbytes: int, store: BlobStore) -> bytes | None:
    """The blob, if the store has it whole; one that rotted there is removed, to be fetched anew."""
    if not store.exists(digest):
        return None
    try:
        return store.get(digest, max_bytes=nbytes)
    except BlobCorrupt:
        store.delete(digest)
        return None
