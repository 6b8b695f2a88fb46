"""The gateway as a process: open everything, run the driver and the HTTP server, close everything."""

from collections.abc import Callable

import uvicorn

from atomic_verify.config import Settings
from atomic_verify.gateway.app import create_app
from atomic_verify.gateway.core import open_gateway
from atomic_verify.gateway.driver import Driver
from atomic_verify.observability import get_logger

SHUTDOWN_SECONDS = 10
MAX_CONNECTIONS = 512


def run(settings: Settings, ask_password: Callable[[], str]) -> None:
    """Runs until SIGINT or SIGTERM. Raises what `open_gateway` raises."""
    log = get_logger(__name__)
    with open_gateway(settings, ask_password) as gateway:
        gateway.sender.recover()
        gateway.indexer.sync()
        driver = Driver(gateway)
        app = create_app(gateway, driver)
        own = settings.gateway
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=own.host,
                port=own.port,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=10,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        driver.start()
        log.info("gateway ready", url=gateway.public_url, requester=gateway.requester, models=len(gateway.models))
        try:
            server.run()
        finally:
            driver.stop()
