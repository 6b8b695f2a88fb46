"""Canonical evaluations as blobs: written for a claim, fetched from a claimer, and read back.

Life cycle: claim, refute. A trace's *payload* is its step tensors, little-endian, one after another; sizes follow from
the program. It is known by its sha256, by which it is served, and by the root over its tensors, which a claim names.
"""

from collections.abc import Iterator

import numpy as np

from atomic_verify.canonical.evaluate import checked_inputs
from atomic_verify.canonical.program import Array, Inputs, Program
from atomic_verify.canonical.records import trace_root
from atomic_verify.canonical.traces import Storage, Trace
from atomic_verify.commitments import Digest
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.primitives import to_hex
from atomic_verify.storage.blobs import CHUNK_BYTES, BlobStore
from prover.errors import TraceRootMismatch
from prover.watching.gather import Source, blob_urls, fetch_any


def tensors_of(trace: Trace) -> list[Array]:
    """All step tensors in order. Raises KeyError for a trace that didn't keep one."""
    return [trace.tensor(step) for step in range(len(trace.program.steps))]


def payload_chunks(trace: Trace) -> Iterator[bytes]:
    """The trace's payload, piece by piece."""
    for step, tensor in zip(trace.program.steps, tensors_of(trace), strict=True):
        flat = np.ascontiguousarray(tensor, dtype=step.dtype.numpy).reshape(-1).view(np.uint8)
        for start in range(0, flat.size, CHUNK_BYTES):
            yield flat[start : start + CHUNK_BYTES].tobytes()


def store_trace(trace: Trace, store: BlobStore) -> tuple[Digest, str]:
    """Puts the payload into the store; the trace's root, and the payload's digest.

    Raises BlobTooLarge, BlobStoreFull, BlobStoreUnavailable.
    """
    return trace_root(tensors_of(trace)), store.put_stream(payload_chunks(trace))


def read_trace(program: Program, inputs: Inputs, payload: bytes) -> Trace:
    """The trace of a payload of exactly the program's size; its tensors are views. Raises TraceRootMismatch."""
    if len(payload) != program.trace_bytes:
        raise TraceRootMismatch(
            "The claimer's trace isn't as long as the program's",
            expected=program.trace_bytes,
            found=len(payload),
        )
    tensors, place = [], 0
    for step in program.steps:
        flat = np.frombuffer(payload, dtype=step.dtype.numpy, count=step.elements, offset=place)
        tensors.append(flat.reshape(step.shape))
        place += step.nbytes
    return Trace(program, checked_inputs(program, inputs), tuple(tensors), Storage())


def obtain_trace(
    program: Program,
    inputs: Inputs,
    root: Digest,
    digest: str,
    endpoint: str | None,
    source: Source,
) -> Trace:
    """A claim's trace, from the store or the claimer's endpoint: no byte more than the program's traces have.

    Raises FetchRefused, FetchFailed, FetchTimeout, FetchMismatch, BlobTooLarge, BlobStoreFull, BlobStoreUnavailable,
    TraceRootMismatch.
    """
    payload, fetched = fetch_any(digest, blob_urls(endpoint, digest), program.trace_bytes, source)
    try:
        trace = read_trace(program, inputs, payload)
        found = trace_root(tensors_of(trace))
        if found != root:
            raise TraceRootMismatch(
                "The trace that the claimer serves isn't the one that it claims by",
                expected=to_hex(root),
                found=to_hex(found),
            )
    except AtomicError:
        if fetched:
            source.store.delete(digest)
        raise
    return trace
