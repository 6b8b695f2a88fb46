"""The gateway's HTTP application."""

from fastapi import FastAPI

from atomic_verify import __version__
from atomic_verify.gateway import problems
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.driver import Driver
from atomic_verify.gateway.limits import Limits
from atomic_verify.gateway.routes import blobs, claims, health, jobs, models


def create_app(gateway: Gateway, driver: Driver) -> FastAPI:
    """The application for one gateway; the driver is started and stopped by the caller."""
    app = FastAPI(
        title="Atomic gateway",
        version=__version__,
        summary="Ask for verified results of machine-learning models.",
        description="Errors are RFC 9457 problem documents with a stable `code`.",
    )
    app.state.gateway = gateway
    app.state.driver = driver
    problems.install(app)
    app.add_middleware(Limits, max_body_bytes=gateway.settings.gateway.max_body_bytes, write_key=gateway.write_key)
    for module in (jobs, claims, blobs, models, health):
        app.include_router(module.router)
    return app
