"""A watcher's HTTP door: its traces by digest, what it has seen so far, health, metrics.

Life cycle: claim, line. Everything is bounded as at a worker's door. The status is what the last look found; it holds
nothing that isn't on the chain, but for the watcher's own opinions.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI

from atomic_verify.gateway.limits import Limits
from atomic_verify.gateway.problems import install
from atomic_verify.storage.blobs import BlobStore
from prover.server import MAX_BODY_BYTES, RequestCount, add_blobs, add_health
from prover.watching.metrics import WatchMetrics

Status = Callable[[], Mapping[str, Any]]


def make_watcher_app(blobs: BlobStore, metrics: WatchMetrics, is_ready: Callable[[], bool], status: Status) -> FastAPI:
    """The application behind the door."""
    app = FastAPI(title="Atomic watcher", docs_url=None, redoc_url=None)
    app.add_middleware(Limits, max_body_bytes=MAX_BODY_BYTES, write_key=None)
    install(app)
    add_blobs(app, blobs)
    add_health(app, "watcher", is_ready, metrics.registry)

    @app.get("/v1/status")
    def seen() -> Mapping[str, Any]:
        """What was watched, examined and found since the start."""
        return status()

    app.add_middleware(RequestCount, requests=metrics.requests)
    return app
