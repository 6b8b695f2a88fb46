"""The process that derives a stranger's model behind walls. Started by `derivation` only."""

import sys
from typing import Any

from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.walled_child import Acts, serve


def opened(_: SandboxLimits) -> Acts:
    """Imports all that is ever needed, and derives a small model once."""
    from atomic_verify.execution.channel import SharedMemory  # noqa: PLC0415
    from atomic_verify.execution.sandbox_model import signature_of  # noqa: PLC0415
    from atomic_verify.models.critical.probe import probe_head  # noqa: PLC0415
    from atomic_verify.models.derivation import derive_model  # noqa: PLC0415

    def derive(message: dict[str, Any], descriptor: int) -> dict[str, Any]:
        with SharedMemory(descriptor, message["bytes"]) as memory:
            graph = bytes(memory.view)
        return derive_model(graph, signature_of(message["inputs"]), signature_of(message["outputs"])).to_json()

    derive_model(*probe_head())
    return Acts({"derive": derive}, {})


if __name__ == "__main__":
    serve(sys.argv[1:], opened)
