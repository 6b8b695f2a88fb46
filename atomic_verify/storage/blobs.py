"""Blobs by digest: the payloads of inputs and outputs, in a folder, an S3 bucket, or memory.

Life cycle: fetch input, publish output, receipt. A *blob* is bytes addressed by the *digest* sha256(bytes), written
as 64 lower-case hexadecimal digits. Bytes are hashed when they are stored and again whenever they are read, so a store
that rots or lies is noticed and never served. A blob appears whole or not at all.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from atomic_verify.storage.errors import (
    BlobCorrupt,
    BlobMissing,
    BlobStoreFull,
    BlobStoreUnavailable,
    BlobTooLarge,
    DigestMalformed,
)

DEFAULT_MAX_BYTES = 1 << 30
"""1 GiB: the largest blob that a store takes or gives unless told otherwise."""

CHUNK_BYTES = 1 << 20
PARTIAL_PREFIX = ".partial-"

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FULL = frozenset({ENOSPC, EDQUOT, EFBIG})


def parse_digest(text: str) -> str:
    """`text` itself if it is a blob's digest. Raises DigestMalformed, so no path can hide in one."""
    if not isinstance(text, str) or _DIGEST.fullmatch(text) is None:
        raise DigestMalformed("A blob's digest is 64 lower-case hexadecimal digits", found=repr(text)[:80])
    return text


class BlobStore:
    """A content-addressed store at `url`: a folder's path, or any URL that fsspec knows (s3://, memory://).

    `max_bytes` bounds every blob in it. Safe for threads and processes to share.
    """

    def __init__(self, url: str | os.PathLike[str], max_bytes: int = DEFAULT_MAX_BYTES, **options: Any) -> None:
        """`options` go to fsspec's filesystem. Raises BlobStoreUnavailable."""
        self.max_bytes = max_bytes
        self.url = os.fspath(url)
        try:
            self._fs, self._root = url_to_fs(self.url, use_listings_cache=False, **options)
            self._local = isinstance(self._fs, LocalFileSystem)
            if self._local:
                Path(self._root).mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError, ImportError) as error:
            raise BlobStoreUnavailable(
                f"The blob store {self.url} can't be opened: {error}",
                hint="Check its path or URL, its permissions, and that the driver for its scheme is installed",
            ) from error

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its digest. Raises BlobTooLarge, BlobStoreFull, BlobStoreUnavailable."""
        return self.put_stream([data])

    def put_stream(self, chunks: Iterable[bytes], expected: str | None = None, max_bytes: int | None = None) -> str:
        """Stores the concatenation of `chunks` and returns its digest; holds one chunk at a time.

        With `expected`, bytes of another digest are thrown away. An error of `chunks` itself passes through and leaves
        nothing behind. Raises BlobTooLarge, BlobCorrupt, BlobStoreFull, BlobStoreUnavailable.
        """
        limit = self._limit(max_bytes)
        with self._partial() as file:
            digest = self._write(file, chunks, limit)
            if expected is not None and digest != parse_digest(expected):
                raise BlobCorrupt("The bytes have another digest than expected", expected=expected, found=digest)
            self._publish(file, digest)
        return digest

    def get(self, digest: str, max_bytes: int | None = None) -> bytes:
        """The blob, proven to have its digest.

        Raises DigestMalformed, BlobMissing, BlobTooLarge, BlobCorrupt, BlobStoreUnavailable.
        """
        path, limit = self._path(digest), self._limit(max_bytes)
        with self._translated(digest), self._fs.open(path, "rb") as file:
            data: bytes = file.read(limit + 1)
        if len(data) > limit:
            raise BlobTooLarge(f"Blob {digest} is larger than {limit} bytes", digest=digest, limit=limit)
        if hashlib.sha256(data).hexdigest() != digest:
            raise BlobCorrupt(f"The stored bytes of blob {digest} have another digest", digest=digest)
        return data

    def open(self, digest: str, max_bytes: int | None = None) -> BinaryIO:
        """The blob as a file at its beginning, proven to have its digest: for what shouldn't be in memory as a whole.

        Close it when done. Raises what `get` raises.
        """
        path, limit = self._path(digest), self._limit(max_bytes)
        with self._translated(digest):
            file: BinaryIO = self._fs.open(path, "rb")
        try:
            with self._translated(digest):
                hasher, size = hashlib.sha256(), 0
                while chunk := file.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > limit:
                        break
                    hasher.update(chunk)
                file.seek(0)
            if size > limit:
                raise BlobTooLarge(f"Blob {digest} is larger than {limit} bytes", digest=digest, limit=limit)
            if hasher.hexdigest() != digest:
                raise BlobCorrupt(f"The stored bytes of blob {digest} have another digest", digest=digest)
        except BaseException:
            file.close()
            raise
        return file

    def exists(self, digest: str) -> bool:
        """Whether there is a blob of this digest; it isn't read."""
        path = self._path(digest)
        try:
            # Not `isfile`, which says no as well when the store can't be reached.
            with self._translated(digest):
                return bool(self._fs.info(path)["type"] == "file")
        except BlobMissing:
            return False

    def size(self, digest: str) -> int:
        """The blob's length in bytes; it isn't read. Raises BlobMissing."""
        path = self._path(digest)
        with self._translated(digest):
            return int(self._fs.info(path)["size"])

    def delete(self, digest: str) -> bool:
        """Removes the blob. Returns whether there was one."""
        path = self._path(digest)
        try:
            with self._translated(digest):
                self._fs.rm_file(path)
        except BlobMissing:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        """All digests, in no order that means anything; whatever else lies in the store is passed over."""
        with self._translated(None):
            self._fs.invalidate_cache()
            names = [path.rsplit("/", 1)[-1] for path in self._fs.find(self._root)]
        return (name for name in names if _DIGEST.fullmatch(name))

    def sweep_partials(self, before: float) -> int:
        """Removes what a killed process left half written, last touched before `before` (Unix seconds)."""
        swept = 0
        for path in Path(self._root).glob(PARTIAL_PREFIX + "*") if self._local else ():
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
        return swept

    def _limit(self, max_bytes: int | None) -> int:
        return self.max_bytes if max_bytes is None else min(max_bytes, self.max_bytes)

    def _path(self, digest: str) -> str:
        # Two digits as a folder keep folders small; the digest's syntax makes any other path impossible.
        return f"{self._root}/{parse_digest(digest)[:2]}/{digest}"

    @contextmanager
    def _partial(self) -> Iterator[FileIO]:
        """A new local file, gone afterwards unless it was published; in the store's own folder if that is local."""
        with self._translated(None):
            descriptor, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, dir=self._root if self._local else None)
        try:
            # Unbuffered, so that a full disk shows where bytes are written and not again when the file is closed.
            os.close(descriptor)
            with FileIO(name, "wb") as file:
                yield file
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()

    def _write(self, file: FileIO, chunks: Iterable[bytes], limit: int) -> str:
        hasher, size = hashlib.sha256(), 0
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise BlobTooLarge(f"The blob is larger than {limit} bytes", limit=limit)
            hasher.update(chunk)
            with self._translated(None):
                _write_all(file, chunk)
        return hasher.hexdigest()

    def _publish(self, file: FileIO, digest: str) -> None:
        path = self._path(digest)
        with self._translated(None):
            if not self._local:
                # Makes no folders: on S3 that would make buckets.
                self._fs.put_file(file.name, path)
                return
            # The bytes must be on the disk before their name is, and the name before anybody relies on it.
            os.fsync(file.fileno())
            folder = Path(path).parent
            folder.mkdir(exist_ok=True)
            Path(str(file.name)).replace(path)
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextmanager
    def _translated(self, digest: str | None) -> Iterator[None]:
        """Turns what the filesystem raises into this package's errors."""
        try:
            yield
        except Exception as error:  # a remote filesystem raises its client's own classes
            raise _storage_error(error, digest) from error


def _write_all(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _storage_error(error: Exception, digest: str | None) -> Exception:
    if isinstance(error, FileNotFoundError) and digest is not None:
        return BlobMissing(f"There is no blob {digest}", digest=digest)
    if isinstance(error, OSError) and error.errno in _FULL:
        return BlobStoreFull(
            "The blob store is full; nothing was kept", hint="Free space or move the store, then try again"
        )
    return BlobStoreUnavailable(
        f"The blob store failed: {type(error).__name__}: {error}", hint="Check its permissions and connection"
    )
