"""The model inside the sandbox: checked, loaded, run. Part of `sandbox_child`, imported once the first walls stand."""

from dataclasses import asdict
from typing import Any

from atomic_verify.commitments import DType, Signature, TensorSpec
from atomic_verify.execution.channel import SharedMemory
from atomic_verify.execution.errors import SandboxError
from atomic_verify.execution.providers import ExecutionSettings, Provider, probe_graph
from atomic_verify.execution.runtime import Runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models.check import check_model
from atomic_verify.models.library import Executable
from atomic_verify.models.manifest import Stacking


class SandboxModel:
    """No model, until one is loaded."""

    def __init__(self, runtime: Runtime, provider: Provider, settings: ExecutionSettings) -> None:
        self._runtime, self._provider, self._settings = runtime, provider, settings
        self._session: Session | None = None
        # Loads whatever the check loads on first use.
        x, y = TensorSpec("x", DType.FLOAT, (1, 2)), TensorSpec("y", DType.FLOAT, (1, 1))
        check_model(probe_graph(), Signature((x,)), Signature((y,)))

    def load(self, message: dict[str, Any], descriptor: int) -> dict[str, Any]:
        """Check the graph and open a session; returns the check's report. Raises what those raise."""
        with SharedMemory(descriptor, message["bytes"]) as memory:
            graph = bytes(memory.view)
        inputs, outputs = _signature(message["inputs"]), _signature(message["outputs"])
        report = check_model(graph, inputs, outputs)
        model = Executable(message["name"], graph, message["sha256"], inputs, outputs, Stacking())
        self._session = Session(model, self._provider, self._settings, self._runtime)
        return asdict(report)

    def run(self, message: dict[str, Any], source: int, target: int) -> dict[str, Any]:
        """Run a batch from one shared memory into the other. Raises what `Session.run_payload` raises."""
        if self._session is None:
            raise SandboxError("no model is loaded")
        model, items = self._session.model, message["items"]
        with (
            SharedMemory(source, items * model.inputs.nbytes) as given,
            SharedMemory(target, items * model.outputs.nbytes) as made,
        ):
            # The digest isn't needed here: the owner knows it.
            made.view[:] = self._session.run_payload(items, given.view, "unused").payload
        return {}


def _signature(entries: list[list[Any]]) -> Signature:
    return Signature(tuple(TensorSpec(name, DType(dtype), tuple(shape)) for name, dtype, shape in entries))
