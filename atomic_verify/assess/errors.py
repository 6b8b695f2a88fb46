"""Why a model can't be published, as typed errors with a page each under docs/errors."""

from atomic_verify.errors import AtomicError


class AssessError(AtomicError):
    """Root of this package's errors."""

    code = "model-not-publishable"


class ModelUnfit(AssessError):
    """The check found that the model can't be used: not supported, or too far from what it means."""

    code = "model-unfit"


class ModelUnsound(AssessError):
    """A liar could gain too much inside the laws' tolerances, compared with what honest float32 drifts."""

    code = "model-unsound"


class TolerancesTooTight(AssessError):
    """An honest worker wouldn't stay well inside the manifest's tolerances."""

    code = "tolerances-too-tight"
