"""Blobs go a while after their last job, and only those that the worker put there."""

from atomic_verify.protocol.primitives import JobId
from atomic_verify.storage.blobs import BlobStore
from prover.retention import Keeper

ONE, OTHER = JobId(b"\x01" * 32), JobId(b"\x02" * 32)


def test_a_blob_outlives_its_jobs_by_the_retention() -> None:
    store = BlobStore("memory://retention")
    foreign, shared, own = (store.put(text) for text in (b"foreign", b"shared", b"own"))
    keeper = Keeper(store, retention=100.0)
    for job, digest in ((ONE, shared), (OTHER, shared), (ONE, own)):
        keeper.track(job, digest)

    assert keeper.sweep({ONE, OTHER}, 0.0) == 0
    assert keeper.sweep({OTHER}, 10.0) == 0
    assert keeper.sweep({OTHER}, 109.9) == 0
    assert keeper.sweep({OTHER}, 110.0) == 1
    assert [store.exists(digest) for digest in (foreign, shared, own)] == [True, True, False]
    assert keeper.sweep(set(), 111.0) == 0
    assert keeper.sweep(set(), 211.0) == 1
    assert [store.exists(digest) for digest in (foreign, shared)] == [True, False]


def test_a_job_that_comes_back_is_kept() -> None:
    store = BlobStore("memory://retention-back")
    keeper = Keeper(store, retention=100.0)
    keeper.track(ONE, store.put(b"input"))
    keeper.sweep(set(), 0.0)
    keeper.sweep({ONE}, 50.0)
    assert keeper.sweep(set(), 101.0) == 0
    assert keeper.sweep(set(), 201.0) == 1
