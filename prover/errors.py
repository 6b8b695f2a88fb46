"""What can go wrong in a worker beyond what its parts report. Each class is one stable code with a page in docs/errors.

Used at start-up, at fetch input, and at the HTTP door.
"""

from atomic_verify.errors import AtomicError


class WorkerError(AtomicError):
    """Root of this package's errors."""

    code = "worker-failed"


class StakeMissing(WorkerError):
    """The worker has no stake, so it can't back any bond."""

    code = "worker-stake-missing"


class NoModelInstalled(WorkerError):
    """The models folder holds no model, so there is nothing to work with."""

    code = "worker-no-models"


class DoorUnavailable(WorkerError):
    """The worker's HTTP door can't be opened: its address or port isn't to be had."""

    code = "door-unavailable"


class InputRootMismatch(WorkerError):
    """The input's bytes have the digest of its URL, but not the batch root that the RFP commits to."""

    code = "input-root-mismatch"


class OutputRootMismatch(WorkerError):
    """What a worker serves as its outputs has the digest that it committed, but not the batch root."""

    code = "output-root-mismatch"


class TraceRootMismatch(WorkerError):
    """What a claimer serves as its trace isn't a trace of the model, or not the one that its claim names."""

    code = "trace-root-mismatch"


class DataWithheld(WorkerError):
    """What a dispute needs isn't served where it should be."""

    code = "data-withheld"


class BidNotOurs(WorkerError):
    """A sealed bid of this account was not made by this worker's key and rules; it can't be revealed here."""

    code = "bid-not-ours"


class WorkerNotReady(WorkerError):
    """The worker hasn't looked at the chain yet, or not for too long, or it is stopping."""

    code = "worker-not-ready"


class QuoteRefused(WorkerError):
    """The worker doesn't quote for these terms; `reason` is the pricing policy's."""

    code = "quote-refused"


class TooManyRequests(WorkerError):
    """One client asks too often."""

    code = "too-many-requests"
