"""A chain with the contracts on it, a published model, and accounts with money."""

from collections.abc import Iterator

import pytest

from atomic_verify.chain.client import Chain
from tests.integration.protocol.plays import market


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """See `plays.market`."""
    with market() as chain:
        yield chain
