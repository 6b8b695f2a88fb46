"""What asking a gateway may end in."""

from typing import Any

from atomic_verify.errors import AtomicError


class GatewayUnreachable(AtomicError):
    """The gateway doesn't answer, or not in its own way."""

    code = "gateway-unreachable"


class GatewayRefused(AtomicError):
    """The gateway answered with an error; `code` is the gateway's own, `status` the HTTP status."""

    code = "gateway-refused"

    def __init__(self, message: str, *, code: str, status: int, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint=hint, **details)
        self.code = code  # type: ignore[misc]  # one class for whatever a gateway refuses
        self.status = status


class JobFailed(AtomicError):
    """The job ended without a result that stands."""

    code = "job-failed"


class JobUnfinished(AtomicError):
    """The job wasn't over within the time that the caller wanted to wait; it goes on."""

    code = "job-unfinished"
