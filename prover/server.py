"""The worker's HTTP door: inputs and outputs by digest, signed quotes, health, metrics.

Life cycle: award by quote, publish. Everything that a stranger sends is bounded: bodies in bytes, quotes in rate, blobs
read at once in number. Every blob is hashed again before it leaves. The server runs in a thread of its own; the
worker's loop doesn't wait for it.
"""

import math
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

import uvicorn
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atomic_verify.gateway.limits import Limits
from atomic_verify.gateway.problems import Problem, install, problem
from atomic_verify.protocol.types import Rfp
from atomic_verify.storage.blobs import BlobStore, parse_digest
from prover.errors import DoorUnavailable, TooManyRequests, WorkerNotReady
from prover.metrics import Metrics
from prover.quotes import QuoteDesk, SignedQuote
from prover.rate import RateLimit

MAX_BODY_BYTES = 16_384
MAX_URI_CHARS = 512
READS_AT_ONCE = 4
"""Blobs that are read and hashed at the same time."""
BYTES_AT_ONCE = 2**29
"""Bytes of blobs on their way to clients."""
CHUNK_BYTES = 2**18
STREAM_ABOVE = 2**24
"""Larger blobs, such as traces, go from the store to the client piece by piece."""
START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes need."""

    blobs: BlobStore
    desk: QuoteDesk
    metrics: Metrics
    is_ready: Callable[[], bool]
    quotes_per_second: float = 1.0
    quotes_burst: int = 20


class QuoteRequest(BaseModel):
    """The terms to quote for: the RFP by Solidity's names, at the price that the requester offers."""

    model_config = ConfigDict(extra="forbid")

    rfp: dict[str, int | str] = Field(max_length=32)
    inputUri: str = Field(max_length=MAX_URI_CHARS)  # noqa: N815 - Solidity's name, as in the event


def make_app(door: Door) -> FastAPI:
    """The application behind the door."""
    app = FastAPI(title="Atomic worker", docs_url=None, redoc_url=None)
    app.add_middleware(Limits, max_body_bytes=MAX_BODY_BYTES, write_key=None)
    install(app)
    app.add_exception_handler(TooManyRequests, _too_many)
    _add_quotes(app, door)
    add_blobs(app, door.blobs)
    add_health(app, "worker", door.is_ready, door.metrics.registry)
    app.add_middleware(RequestCount, requests=door.metrics.requests)
    return app


def _add_quotes(app: FastAPI, door: Door) -> None:
    rate = RateLimit(door.quotes_per_second, door.quotes_burst)

    @app.post("/v1/quotes")
    def quote(asked: QuoteRequest, request: Request) -> dict[str, object]:
        """A signed quote at the RFP's price, or why there is none."""
        seconds = rate.wait(request.client.host if request.client else "")
        if seconds > 0:
            raise TooManyRequests(
                "Quotes are asked for too often", hint="Wait as Retry-After says.", retry_after=math.ceil(seconds)
            )
        signed: SignedQuote = door.desk.quote(Rfp.from_json(asked.rfp), asked.inputUri)
        return signed.to_json()


def add_blobs(app: FastAPI, blobs: BlobStore) -> None:
    """Serves a store's blobs by digest."""
    reads = threading.BoundedSemaphore(READS_AT_ONCE)
    under_way = Budget(BYTES_AT_ONCE)

    @app.get("/v1/blobs/{digest}")
    def blob(digest: str) -> Response:
        """The bytes of this sha256, if they are here."""
        parse_digest(digest)
        size = blobs.size(digest)
        # What a digest names never changes.
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{digest}"'}
        if size > STREAM_ABOVE:
            with reads:
                return FileBlobResponse(blobs.open(digest), size, headers)
        if not under_way.take(size):
            raise WorkerNotReady("As many bytes as may be are under way", hint="Ask again in a moment.")
        try:
            with reads:
                content = blobs.get(digest)
        except BaseException:
            under_way.give(size)
            raise
        return BlobResponse(content, headers, lambda: under_way.give(size))


def add_health(app: FastAPI, who: str, is_ready: Callable[[], bool], registry: CollectorRegistry) -> None:
    """Tells whether the process lives and follows the chain, and its metrics."""

    @app.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready")
    def ready() -> dict[str, str]:
        if not is_ready():
            raise WorkerNotReady(f"The {who} doesn't follow the chain at the moment", hint="Its log says why.")
        return {"status": "ready"}

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class RequestCount:
    """ASGI middleware: counts answers by route and status."""

    def __init__(self, app: ASGIApp, *, requests: Counter) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # A stranger's path is no label: there would be as many as it likes.
                route = getattr(scope.get("route"), "path", "other")
                self._requests.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)


class BlobResponse(Response):
    """A blob's bytes; `sent` is called when they are on their way, or the client has gone."""

    def __init__(self, content: bytes, headers: Mapping[str, str], sent: Callable[[], None]) -> None:
        super().__init__(content, media_type="application/octet-stream", headers=headers)
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # In pieces: the server waits for a slow client between them, and else would copy the whole at once.
        body = memoryview(self.body)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, len(body), CHUNK_BYTES):
                piece = bytes(body[start : start + CHUNK_BYTES])
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._sent()


class FileBlobResponse(Response):
    """A blob's bytes out of a file, which is closed when they are on their way or the client has gone."""

    def __init__(self, file: BinaryIO, size: int, headers: Mapping[str, str]) -> None:
        super().__init__(media_type="application/octet-stream", headers={**headers, "Content-Length": str(size)})
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while piece := await run_in_threadpool(self._file.read, CHUNK_BYTES):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


async def _too_many(request: Request, error: Exception) -> Problem:
    """The answer to a client that asks too often: when it may ask again."""
    answer = problem(cast(TooManyRequests, error), request.url.path)
    answer.headers["Retry-After"] = str(cast(TooManyRequests, error).details["retry_after"])
    return answer


class Budget:
    """Bytes that may be in memory at once, so that slow clients can't fill it. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Takes `size` bytes if there is room; something larger than the whole budget goes alone."""
        with self._lock:
            if self._taken and self._taken + size > self._most:
                return False
            self._taken += size
            return True

    def give(self, size: int) -> None:
        """Gives them back."""
        with self._lock:
            self._taken -= size


class DoorServer:
    """Serves an application on a socket that is bound at once, so that its port is known and surely this process's."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Raises DoorUnavailable when the address can't be bound."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise DoorUnavailable(
                f"The worker can't listen on {host}:{port}: {error}", hint="Choose another --host or --port."
            ) from error
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=5, limit_concurrency=64
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="door", daemon=True)

    def start(self) -> None:
        """Returns when requests are answered. Raises DoorUnavailable."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        if not self._server.started:
            raise DoorUnavailable("The worker's HTTP door did not open in time", hint="Try again; its log says more.")

    def stop(self) -> None:
        """Ends the server; requests under way have a moment to end."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def reachable_host(host: str) -> str:
    """The host of a door's own URL; one that listens everywhere is reached on the loopback at least."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - read, not bound to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
