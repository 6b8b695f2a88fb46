"""What all tests of the command line need."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def quiet_log_ends_with_its_test() -> Iterator[None]:
    """A command sets the process's log up, for a stream that ends with the test."""
    yield
    structlog.reset_defaults()
