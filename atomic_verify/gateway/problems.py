"""Errors as HTTP answers: RFC 9457 problem documents with the error's stable code."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from atomic_verify.errors import AtomicError
from atomic_verify.gateway.errors import RequestMalformed, RouteUnknown
from atomic_verify.observability import get_logger

STATUS: dict[str, int] = {
    "write-key-wrong": 401,
    "model-unknown": 404,
    "job-unknown": 404,
    "item-unknown": 404,
    "claim-unknown": 404,
    "blob-missing": 404,
    "route-unknown": 404,
    "output-not-ready": 409,
    "record-conflict": 409,
    "model-not-published": 409,
    "item-void": 410,
    "result-slashed": 410,
    "body-too-large": 413,
    "blob-too-large": 413,
    "no-quote": 422,
    "quote-refused": 422,
    "too-many-requests": 429,
    "blob-corrupt": 500,
    "storage-failed": 500,
    "blob-store-full": 507,
    "blob-store-unavailable": 503,
    "chain-unavailable": 503,
    "stale-head": 503,
    "database-unavailable": 503,
    "gateway-unready": 503,
    "worker-not-ready": 503,
    "gas-funds-missing": 503,
    "fee-cap-exceeded": 503,
}
"""HTTP status by code; a refusal by the contracts is 422 and what isn't listed 400."""

RETRY_SECONDS = 5


class Problem(JSONResponse):
    """A problem document."""

    media_type = "application/problem+json"


def problem(error: AtomicError, instance: str) -> Problem:
    """The answer that tells `error`."""
    status = STATUS.get(error.code, 422 if error.code.startswith("revert-") else 400)
    body: dict[str, Any] = {
        "type": f"urn:atomic:error:{error.code}",
        "title": (type(error).__doc__ or error.code).strip().splitlines()[0],
        "status": status,
        "detail": error.message,
        "instance": instance,
        "code": error.code,
        "hint": error.hint,
        "details": _plain(error.details),
    }
    return Problem(body, status, headers={"Retry-After": str(RETRY_SECONDS)} if status == 503 else None)


def install(app: FastAPI) -> None:
    """Makes every error of `app` a problem document."""
    log = get_logger(__name__)

    @app.exception_handler(AtomicError)
    async def _known(request: Request, error: AtomicError) -> Problem:
        return problem(error, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Problem:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(RequestMalformed(f"{where}: {first['msg']}", field=where), request.url.path)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Problem:
        if error.status_code in (404, 405):
            answer = problem(RouteUnknown(f"{request.method} {request.url.path}: {error.detail}"), request.url.path)
            answer.status_code = error.status_code
            answer.headers.update(error.headers or {})
            return answer
        return problem(RequestMalformed(str(error.detail)), request.url.path)

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> Problem:
        log.error("unexpected error", path=request.url.path, exc_info=error)
        body = {
            "type": "urn:atomic:error:unexpected",
            "title": "An error that this gateway did not expect.",
            "status": 500,
            "detail": "The gateway's log has more.",
            "instance": request.url.path,
            "code": "unexpected",
        }
        return Problem(body, 500)


def _plain(value: Any) -> Any:
    """Details that JSON can carry, whatever they hold."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    return str(value)
