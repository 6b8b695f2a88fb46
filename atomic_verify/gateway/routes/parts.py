"""How routes reach what the application was made with."""

from typing import cast

from fastapi import Request

from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.driver import Driver


def gateway_of(request: Request) -> Gateway:
    """The gateway that the application serves."""
    return cast(Gateway, request.app.state.gateway)


def driver_of(request: Request) -> Driver:
    """The gateway's background driver."""
    return cast(Driver, request.app.state.driver)
