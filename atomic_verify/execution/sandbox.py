"""The sandbox: strangers' models are checked, loaded and run in a child process with limits, without keys or network.

Used at the execute step for models that this worker's operator didn't install. The child (see `walled`) is kept warm
from job to job. If it dies, hangs or takes too much, the job gets an error, and the next job a new child. Always on the
CPU: a GPU driver's memory can't be bounded by the kernel's limits.
"""

import hashlib
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from atomic_verify.commitments import Batch
from atomic_verify.execution.channel import SharedMemory
from atomic_verify.execution.errors import BatchMismatch, SandboxError
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.providers import Provider
from atomic_verify.execution.record import Execution, ExecutionRecord, count_not_finite
from atomic_verify.execution.sessions import require_element_types
from atomic_verify.execution.walled import WalledProcess, entries_of
from atomic_verify.models import Executable

CHILD_MODULE = "atomic_verify.execution.sandbox_child"
KEPT_BYTES = 4 * 2**20
"""Batches with payloads up to this size go through memory that both sides keep mapped; for larger ones mapping anew
takes no time that counts."""


class SandboxedSession:
    """A stranger's model in a child process. Threads may share it; they take turns. Close it when done."""

    def __init__(
        self,
        model: Executable,
        limits: SandboxLimits | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Start the child, check and load the model.

        Raises a subclass of OnnxRefused, SessionRefused, OutputMismatch, ElementTypeUnsupported, SandboxError.
        """
        require_element_types(model.inputs, model.outputs)
        self.model, self.limits, self._clock = model, limits or SandboxLimits(), clock
        self._lock = Lock()
        self._child: _ModelProcess | None = None
        self.check = self._ready().check

    def run(self, batch: Batch, input_sha256: str | None = None) -> Execution:
        """Run every item of a batch, as `Session.run`; also raises SandboxTimeout, SandboxOutOfMemory and
        SandboxCrashed."""
        if batch.signature != self.model.inputs:
            raise BatchMismatch("the batch has another signature than the model's input", model=self.model.name)
        return self.run_payload(batch.item_count, batch.payload, input_sha256)

    def run_payload(self, item_count: int, payload: bytes | memoryview, input_sha256: str | None = None) -> Execution:
        """Run `item_count` items of payload bytes; raises what `run` does and PayloadSizeError."""
        self.model.inputs.require_payload(item_count, len(payload))
        wanted = item_count * self.model.outputs.nbytes
        if wanted > self.limits.output_bytes:
            raise SandboxError(f"the output would have {wanted} bytes, the limit is {self.limits.output_bytes}")
        with self._lock:
            child = self._ready()
            started = self._clock()
            output = child.run(item_count, payload, wanted)
            seconds = self._clock() - started
        record = ExecutionRecord(
            model=self.model.name,
            graph_sha256=self.model.graph_sha256,
            provider=str(Provider.CPU),
            runtime=child.runtime,
            settings={"threads": self.limits.threads},
            isolation=child.isolation,
            items=item_count,
            stack=1,
            seconds=seconds,
            input_sha256=input_sha256 or hashlib.sha256(payload).hexdigest(),
            output_sha256=hashlib.sha256(output).hexdigest(),
            not_finite=count_not_finite(self.model.outputs, item_count, output),
        )
        return Execution(output, self.model.outputs, record)

    @property
    def process_id(self) -> int | None:
        """The warm child's, None if there is none."""
        return self._child.process.pid if self._child and self._child.is_alive else None

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def __enter__(self) -> "SandboxedSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> "_ModelProcess":
        """The warm child, or a new one with the model loaded."""
        if self._child is None or not self._child.is_alive:
            self.close()
            child = _ModelProcess(self.limits)
            try:
                child.load(self.model)
            except BaseException:
                child.kill()
                raise
            self._child = child
        return self._child


class _ModelProcess(WalledProcess):
    """A child with one model in it, and memory that small batches of all jobs go through."""

    def __init__(self, limits: SandboxLimits) -> None:
        # Before the child starts: if that fails, it is killed and nothing is kept yet.
        self._kept: tuple[SharedMemory, ...] = ()
        super().__init__(CHILD_MODULE, limits)
        self._kept = (SharedMemory.create("input", KEPT_BYTES), SharedMemory.create("output", KEPT_BYTES))
        self.runtime = str(self.ready.get("runtime", ""))[:64]
        self.check: dict[str, Any] = {}

    def load(self, model: Executable) -> None:
        message = {
            "op": "load",
            "name": model.name,
            "bytes": len(model.graph),
            "sha256": model.graph_sha256,
            "inputs": entries_of(model.inputs),
            "outputs": entries_of(model.outputs),
        }
        with SharedMemory.create("graph", len(model.graph)) as graph:
            graph.view[:] = model.graph
            reply = self.ask(message, [graph.descriptor])
        self.ask({"op": "keep", "bytes": KEPT_BYTES}, [memory.descriptor for memory in self._kept])
        self.check = {name: value for name, value in reply.items() if isinstance(value, int)}

    def run(self, items: int, payload: bytes | memoryview, output_bytes: int) -> bytes:
        """The output payload. Copied before anybody hashes it: the child could still write to its own mapping."""
        if max(len(payload), output_bytes) <= KEPT_BYTES:
            given, made = self._kept
            given.view[: len(payload)] = payload
            self.ask({"op": "run", "items": items}, [])
            return bytes(made.view[:output_bytes])
        with SharedMemory.create("input", len(payload)) as given, SharedMemory.create("output", output_bytes) as made:
            given.view[:] = payload
            self.ask({"op": "run", "items": items}, [given.descriptor, made.descriptor])
            return bytes(made.view)

    def kill(self) -> None:
        super().kill()
        for memory in self._kept:
            memory.close()
        self._kept = ()
