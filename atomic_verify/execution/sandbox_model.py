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
from atomic_verify.models.parts import Stacking


class SandboxModel:
    """No model, until one is loaded."""

    def __init__(self, runtime: Runtime, provider: Provider, settings: ExecutionSettings) -> None:
        self._runtime, self._provider, self._settings = runtime, provider, settings
        self._session: Session | None = None
        self._kept: tuple[SharedMemory, SharedMemory] | None = None
        # Loads whatever the check loads on first use.
        x, y = TensorSpec("x", DType.FLOAT, (1, 2)), TensorSpec("y", DType.FLOAT, (1, 1))
        check_model(probe_graph(), Signature((x,)), Signature((y,)))

    def load(self, message: dict[str, Any], descriptor: int) -> dict[str, Any]:
        """Check the graph and open a session; returns the check's report. Raises what those raise."""
        with SharedMemory(descriptor, message["bytes"]) as memory:
            graph = bytes(memory.view)
        inputs, outputs = signature_of(message["inputs"]), signature_of(message["outputs"])
        report = check_model(graph, inputs, outputs)
        model = Executable(message["name"], graph, message["sha256"], inputs, outputs, Stacking())
        self._session = Session(model, self._provider, self._settings, self._runtime)
        return asdict(report)

    def keep(self, message: dict[str, Any], source: int, target: int) -> dict[str, Any]:
        """Map the memory that small batches of all jobs go through: input and output of `bytes` each."""
        self._kept = (SharedMemory(source, message["bytes"]), SharedMemory(target, message["bytes"]))
        return {}

    def run(self, message: dict[str, Any], *descriptors: int) -> dict[str, Any]:
        """Run a batch from one memory into the other: the kept ones, or those that came with the message.

        Raises SandboxError and what `Session.compute` raises.
        """
        if self._session is None or (self._kept is None and not descriptors):
            raise SandboxError("no model is loaded")
        items, session = message["items"], self._session
        given, made = items * session.model.inputs.nbytes, items * session.model.outputs.nbytes
        if not descriptors:
            source, target = self._kept  # type: ignore[misc]
            target.view[:made] = session.compute(items, source.view[:given])[0]
            return {}
        with SharedMemory(descriptors[0], given) as source, SharedMemory(descriptors[1], made) as target:
            target.view[:] = session.compute(items, source.view)[0]
        return {}


def signature_of(entries: list[list[Any]]) -> Signature:
    """A signature from a message."""
    return Signature(tuple(TensorSpec(name, DType(dtype), tuple(shape)) for name, dtype, shape in entries))
