"""What a gateway refuses, beside what the layers below refuse already."""

from atomic_verify.errors import AtomicError


class GatewayError(AtomicError):
    """Root of this package's errors."""

    code = "gateway-failed"


class RequestMalformed(GatewayError):
    """The body isn't what the route takes: not JSON, a field missing, unknown, or out of bounds."""

    code = "request-malformed"


class BodyTooLarge(GatewayError):
    """The request's body is larger than the gateway takes."""

    code = "body-too-large"


class WriteKeyWrong(GatewayError):
    """A write without the gateway's key."""

    code = "write-key-wrong"


class InputMismatch(GatewayError):
    """An item's tensors are not those of the model's signature: a name, dtype, shape or size differs."""

    code = "input-mismatch"


class JobUnknown(GatewayError):
    """Neither the chain nor this gateway's own records have this job."""

    code = "job-unknown"


class ItemUnknown(GatewayError):
    """The job has no item of this number, or no tensor of this name."""

    code = "item-unknown"


class OutputNotReady(GatewayError):
    """The job has no committed result yet, or its worker hasn't served the output yet."""

    code = "output-not-ready"


class ClaimUnknown(GatewayError):
    """The chain has no claim of this number, as far as it was followed."""

    code = "claim-unknown"


class ItemVoid(GatewayError):
    """The item has no answer: a claim showed it to be wrong, and its price is paid back."""

    code = "item-void"


class ResultSlashed(GatewayError):
    """The job has no answers: its worker was convicted of fraud or of too many void items, and all is paid back."""

    code = "result-slashed"


class ModelNotPublished(GatewayError):
    """The model is installed here but not published on the chain."""

    code = "model-not-published"


class NoQuote(GatewayError):
    """No worker signed a quote for these terms."""

    code = "no-quote"


class GatewayUnready(GatewayError):
    """The gateway isn't ready: its store lags behind the chain or its driver has stopped."""

    code = "gateway-unready"


class RouteUnknown(GatewayError):
    """There is no such route, or it doesn't take this method."""

    code = "route-unknown"
