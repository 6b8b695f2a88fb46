"""What can be wrong with a tensor, a payload or an opening.

Used at every step that reads a stranger's bytes: the worker's fetch, the gateway's answer, a receipt's check. Each
class is one stable code with a page under docs/errors.
"""

from atomic_verify.errors import AtomicError


class CommitmentError(AtomicError):
    """Root of this package's errors."""

    code = "commitment-invalid"


class TensorSpecError(CommitmentError):
    """A declared tensor breaks the bounds: name, element type, rank, dimension or size."""

    code = "tensor-spec-invalid"


class TensorMismatch(CommitmentError):
    """An array or its bytes aren't of the declared element type, shape or length."""

    code = "tensor-mismatch"


class MalformedBool(CommitmentError):
    """A bool tensor holds a byte other than 0 and 1."""

    code = "tensor-bool-malformed"


class PayloadSizeError(CommitmentError):
    """A payload is longer or shorter than its signature and item count say, or a batch is out of bounds."""

    code = "payload-size-wrong"


class OpeningIndexError(CommitmentError):
    """An opening names a leaf, entry or element at or beyond the declared count, or none at all."""

    code = "opening-index-out-of-range"


class OpeningLengthError(CommitmentError):
    """An opening has too many or too few proof digests, or data that isn't whole leaves."""

    code = "opening-length-wrong"


class RootMismatch(CommitmentError):
    """A well-formed opening leads to another root than the committed one."""

    code = "opening-root-mismatch"
