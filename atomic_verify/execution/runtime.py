"""onnxruntime, imported on first use, without telemetry.

Everything else gets the module passed in, so tests can pass a runtime that behaves like a machine they don't have.
"""

import importlib
import os
from typing import Any, TypeAlias

from atomic_verify.execution.errors import RuntimeMissing

Runtime: TypeAlias = Any
"""The onnxruntime module: it ships no types."""

TELEMETRY_SWITCH = "ORT_DISABLE_TELEMETRY"


def load_runtime() -> Runtime:
    """onnxruntime. Raises RuntimeMissing."""
    # Read when the module is imported: later it would be too late.
    os.environ[TELEMETRY_SWITCH] = "1"
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise RuntimeMissing(
            "onnxruntime can't be imported",
            hint="install atomic-verify[cpu], or atomic-verify[gpu] on a machine with an NVIDIA GPU, not both",
            reason=str(error)[:300],
        ) from error
