"""Whether the gateway lives, whether it can be relied on, and its figures."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.driver import Driver
from atomic_verify.gateway.errors import GatewayUnready
from atomic_verify.gateway.routes.parts import driver_of, gateway_of

router = APIRouter(tags=["health"])

MAX_LAG_BLOCKS = 20

Opened = Annotated[Gateway, Depends(gateway_of)]
Running = Annotated[Driver, Depends(driver_of)]


@router.get("/health/live")
def live() -> dict[str, Any]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready")
def ready(gateway: Opened, driver: Running) -> dict[str, Any]:
    """The store follows the chain and the driver works. 503 with the reason otherwise."""
    status = gateway.queries.chain()
    if not driver.is_alive:
        raise GatewayUnready("The driver has stopped.", hint="See the gateway's log and start it again.")
    if driver.last_error is not None:
        raise GatewayUnready(f"The driver can't go on: {driver.last_error.message}", cause=driver.last_error.code)
    if status is None or status.lag_blocks > MAX_LAG_BLOCKS:
        raise GatewayUnready("The store is behind the chain.", lag=None if status is None else status.lag_blocks)
    return {
        "status": "ready",
        "requester": gateway.requester,
        "chain_id": status.chain_id,
        "market": status.market,
        "block": status.indexed,
        "lag_blocks": status.lag_blocks,
    }


@router.get("/metrics", response_class=Response)
def metrics(gateway: Opened, driver: Running) -> Response:
    """Figures in Prometheus's format."""
    registry = CollectorRegistry()
    status = gateway.queries.chain()
    if status is not None:
        Gauge("atomic_indexed_block", "Last indexed block", registry=registry).set(status.indexed)
        Gauge("atomic_lag_blocks", "Blocks behind the head", registry=registry).set(status.lag_blocks)
        lag = status.lag_seconds(time.time())
        Gauge("atomic_lag_seconds", "Age of the known head", registry=registry).set(lag)
    Gauge("atomic_driver_alive", "Whether the driver works", registry=registry).set(driver.is_alive)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
