"""What all tests share: quiet libraries and how many examples Hypothesis tries."""

import os

from hypothesis import HealthCheck, settings

# onnxruntime reads it when it is first imported, and would write ids into the home folder otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# No deadline: shared machines stall. `make soak` asks for the large count; the small one is the same on every run.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "soak", max_examples=3_000, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
