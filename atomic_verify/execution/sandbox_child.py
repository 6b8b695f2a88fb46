"""The sandboxed process: it checks a stranger's model, loads it, and runs batches, behind walls.

Started by `sandbox` only.
"""

import sys

from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.walled_child import Act, Acts, serve


def opened(limits: SandboxLimits) -> Acts:
    """Imports all that is ever needed, and runs a graph so that libraries load what they load on first use."""
    from atomic_verify.execution.providers import ExecutionSettings, Provider, activate  # noqa: PLC0415
    from atomic_verify.execution.runtime import load_runtime  # noqa: PLC0415
    from atomic_verify.execution.sandbox_model import SandboxModel  # noqa: PLC0415

    runtime = load_runtime()
    # Strangers' items are never stacked: that would need trust in the graph.
    settings = ExecutionSettings(threads=limits.threads, stack=1)
    provider = activate(runtime, Provider.CPU, settings)
    model = SandboxModel(runtime, provider, settings)
    acts: dict[str, Act] = {"load": model.load, "keep": model.keep, "run": model.run}
    return Acts(acts, {"runtime": f"onnxruntime {runtime.__version__}"})


if __name__ == "__main__":
    serve(sys.argv[1:], opened)
