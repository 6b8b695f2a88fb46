"""Blobs in folders and in memory: whole or not at all, never served when they are not what they should be."""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atomic_verify.storage.blobs import CHUNK_BYTES, BlobStore
from atomic_verify.storage.errors import (
    BlobCorrupt,
    BlobMissing,
    BlobStoreFull,
    BlobStoreUnavailable,
    BlobTooLarge,
    DigestMalformed,
)

DATA = b"some bytes" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs" if request.param == "folder" else f"memory://{tmp_path}/blobs", 1 << 20)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_put_can_be_had(store: BlobStore) -> None:
    assert not store.exists(DIGEST)
    assert list(store) == []
    assert store.put(DATA) == DIGEST
    assert store.put(DATA) == DIGEST
    assert store.exists(DIGEST)
    assert store.get(DIGEST) == DATA
    assert store.size(DIGEST) == len(DATA)
    empty = store.put(b"")
    assert store.get(empty) == b""
    assert sorted(store) == sorted([DIGEST, empty])
    assert store.delete(DIGEST)
    assert not store.delete(DIGEST)
    assert list(store) == [empty]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=200), max_size=8))
def test_a_stream_is_its_concatenation(store: BlobStore, chunks: list[bytes]) -> None:
    digest = store.put_stream(iter(chunks), expected=hashlib.sha256(b"".join(chunks)).hexdigest())
    assert store.get(digest) == b"".join(chunks)


def test_what_is_not_there(store: BlobStore) -> None:
    for ask in (store.get, store.size):
        with pytest.raises(BlobMissing):
            ask(DIGEST)


@pytest.mark.parametrize(
    "digest", ["../../etc/passwd", "/etc/passwd", "ab" * 31 + "/x", DIGEST.upper(), "", DIGEST + "/"]
)
def test_a_digest_is_no_path(store: BlobStore, digest: str) -> None:
    for ask in (store.get, store.size, store.exists, store.delete):
        with pytest.raises(DigestMalformed):
            ask(digest)


def test_sizes_are_bounded_when_writing_and_when_reading(tmp_path: Path) -> None:
    small, large = BlobStore(tmp_path, 100), BlobStore(tmp_path, 1 << 20)
    assert small.put(bytes(100))
    with pytest.raises(BlobTooLarge):
        small.put(bytes(101))
    with pytest.raises(BlobTooLarge):
        small.put_stream([bytes(60), bytes(60)])
    large.put(DATA)
    with pytest.raises(BlobTooLarge):
        small.get(DIGEST)
    with pytest.raises(BlobTooLarge):
        large.get(DIGEST, max_bytes=len(DATA) - 1)
    assert large.get(DIGEST, max_bytes=len(DATA)) == DATA
    assert len(files(tmp_path)) == 2


def test_a_stream_without_end_is_stopped(store: BlobStore) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1000)

    with pytest.raises(BlobTooLarge):
        store.put_stream(endless())
    assert list(store) == []


@pytest.mark.parametrize("rot", [b"", DATA[:-1], DATA + b"x", b"X" + DATA[1:]])
def test_rot_is_never_served_and_can_be_repaired(tmp_path: Path, rot: bytes) -> None:
    store = BlobStore(tmp_path)
    store.put(DATA)
    (path,) = files(tmp_path)
    path.write_bytes(rot)
    with pytest.raises(BlobCorrupt):
        store.get(DIGEST)
    assert store.put(DATA) == DIGEST
    assert store.get(DIGEST) == DATA


def test_bytes_under_another_digest_are_not_kept(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(BlobCorrupt):
        store.put_stream([DATA], expected="00" * 32)
    assert files(tmp_path) == []


def test_an_error_of_the_stream_passes_through_and_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        BlobStore(tmp_path).put_stream(broken())
    assert files(tmp_path) == []


FILL = """
import resource, sys
from atomic_verify.storage.blobs import CHUNK_BYTES, BlobStore
from atomic_verify.storage.errors import BlobStoreFull

store = BlobStore(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    store.put_stream([bytes(8_000), bytes(8_000)])
except BlobStoreFull as error:
    print(error.code)
print(store.put(bytes(100)))
"""


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    small = hashlib.sha256(bytes(100)).hexdigest()
    assert done.stdout.split() == [BlobStoreFull.code, small]
    assert [path.name for path in files(tmp_path)] == [small]


KILLED = """
import os, sys
from atomic_verify.storage.blobs import CHUNK_BYTES, BlobStore

def chunks():
    yield bytes(100_000)
    os.kill(os.getpid(), 9)

BlobStore(sys.argv[1]).put_stream(chunks())
"""


def test_a_process_killed_while_writing_leaves_no_blob(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == -9
    store = BlobStore(tmp_path)
    assert list(store) == []
    assert len(files(tmp_path)) == 1
    assert store.sweep_partials(time.time() - 3600) == 0
    assert store.sweep_partials(time.time() + 3600) == 1
    assert files(tmp_path) == []


def test_other_files_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("x")
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "not-a-digest").write_text("x")
    assert list(BlobStore(tmp_path)) == []


def test_many_writers_of_the_same_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    threads = [threading.Thread(target=store.put, args=(DATA,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(store) == [DIGEST]
    assert len(files(tmp_path)) == 1


def test_stores_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for url in (str(tmp_path / "file"), str(tmp_path / "file" / "below"), "nosuchscheme://x", "/proc/nothing/here"):
        with pytest.raises(BlobStoreUnavailable):
            BlobStore(url)


def test_a_folder_that_goes_away(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    (tmp_path / "blobs").rmdir()
    with pytest.raises(BlobStoreUnavailable):
        store.put(DATA)
    with pytest.raises(BlobMissing):
        store.get(DIGEST)


def test_a_folder_in_the_place_of_a_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    (tmp_path / DIGEST[:2] / DIGEST).mkdir(parents=True)
    assert not store.exists(DIGEST)
    with pytest.raises(BlobStoreUnavailable):
        store.get(DIGEST)
    with pytest.raises(BlobStoreUnavailable):
        store.put(DATA)
    assert [path.name for path in tmp_path.iterdir()] == [DIGEST[:2]]


def test_a_blob_is_opened_only_if_it_is_whole(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, max_bytes=3 * CHUNK_BYTES)
    content = b"trace" * (CHUNK_BYTES // 2)
    digest = store.put(content)
    with store.open(digest) as file:
        assert file.read() == content
    with pytest.raises(BlobTooLarge):
        store.open(digest, max_bytes=len(content) - 1)
    (tmp_path / digest[:2] / digest).write_bytes(content[:-1])
    with pytest.raises(BlobCorrupt):
        store.open(digest)
    store.delete(digest)
    with pytest.raises(BlobMissing):
        store.open(digest)
