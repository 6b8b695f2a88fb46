"""What all tests share: quiet libraries, a log of its own for each, and how many examples Hypothesis tries."""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# onnxruntime reads it when it is first imported, and would write ids into the home folder otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# No deadline: shared machines stall. `make soak` asks for the large count; the small one is the same on every run.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "soak", max_examples=3_000, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def log_set_up_ends_with_its_test() -> Iterator[None]:
    """A command sets the process's log up, for a stream that ends with the test and a level that hides from others."""
    yield
    structlog.reset_defaults()
