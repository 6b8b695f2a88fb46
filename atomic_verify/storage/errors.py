"""What can go wrong with blobs, their fetching, and the database.

Used at the steps fetch input, publish output, and wherever records are kept. Each class is one stable code with a page
under docs/errors.
"""

from atomic_verify.errors import AtomicError


class StorageError(AtomicError):
    """Root of this package's errors."""

    code = "storage-failed"


class DigestMalformed(StorageError):
    """A blob's name isn't 64 lower-case hexadecimal digits."""

    code = "digest-malformed"


class BlobMissing(StorageError):
    """The store has no blob of this digest."""

    code = "blob-missing"


class BlobCorrupt(StorageError):
    """The stored bytes no longer have the digest that they are stored under; they are not served."""

    code = "blob-corrupt"


class BlobTooLarge(StorageError):
    """A blob is larger than its reader or the store allows."""

    code = "blob-too-large"


class BlobStoreFull(StorageError):
    """No room is left for a blob; nothing of it was kept."""

    code = "blob-store-full"


class BlobStoreUnavailable(StorageError):
    """The blob store can't be opened, read or written."""

    code = "blob-store-unavailable"


class FetchRefused(StorageError):
    """A URL that this process doesn't fetch: scheme, host, address, credentials, or a redirect."""

    code = "fetch-refused"


class FetchFailed(StorageError):
    """The server couldn't be reached, or answered something else than the blob."""

    code = "fetch-failed"


class FetchTimeout(StorageError):
    """The blob didn't arrive in full within the time allowed."""

    code = "fetch-timeout"


class FetchMismatch(StorageError):
    """The server's bytes have another digest than the blob asked for; they were thrown away."""

    code = "fetch-mismatch"


class DatabaseUnavailable(StorageError):
    """The database can't be reached or opened."""

    code = "database-unavailable"


class DatabaseTooNew(StorageError):
    """The database was written by a newer version of this software."""

    code = "database-too-new"


class DatabaseForeign(StorageError):
    """The database belongs to another chain or market."""

    code = "database-foreign"


class ChainInconsistent(StorageError):
    """The chain's node contradicts itself: its events are of blocks that it doesn't have."""

    code = "chain-inconsistent"


class RecordConflict(StorageError):
    """A record exists already under this key, with another content."""

    code = "record-conflict"


class RecordMissing(StorageError):
    """There is no record under this key."""

    code = "record-missing"
