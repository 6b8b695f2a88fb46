"""The sandbox: strangers' models are checked, loaded and run in a child process with limits, without keys or network.

Used at the execute step for models that this worker's operator didn't install. The child is started with an empty
environment and closed descriptors, puts up its own walls (see `isolation`), and is kept warm from job to job. If it
dies, hangs or takes too much, the job gets an error, and the next job a new child. Always on the CPU: a GPU driver's
memory can't be bounded by the kernel's limits.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from atomic_verify.commitments import Batch, Signature
from atomic_verify.errors import AtomicError
from atomic_verify.execution.channel import SharedMemory, receive, send
from atomic_verify.execution.errors import (
    BatchMismatch,
    ExecutionError,
    SandboxCrashed,
    SandboxError,
    SandboxOutOfMemory,
    SandboxTimeout,
)
from atomic_verify.execution.isolation import STDERR_BYTES, SandboxLimits
from atomic_verify.execution.providers import Provider
from atomic_verify.execution.record import Execution, ExecutionRecord, count_not_finite
from atomic_verify.execution.sessions import require_element_types
from atomic_verify.models import Executable
from atomic_verify.models.errors import OnnxRefused

CHILD_MODULE = "atomic_verify.execution.sandbox_child"
START_SECONDS = 60.0
KEPT_BYTES = 4 * 2**20
"""Batches with payloads up to this size go through memory that both sides keep mapped; for larger ones mapping anew
takes no time that counts."""

KEPT_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH")
"""The only ones that the child inherits: they say how libraries run on this machine."""


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
        self._child: _Process | None = None
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

    def _ready(self) -> "_Process":
        """The warm child, or a new one with the model loaded."""
        if self._child is None or not self._child.is_alive:
            self.close()
            child = _Process(self.limits)
            try:
                child.load(self.model)
            except BaseException:
                child.kill()
                raise
            self._child = child
        return self._child


class _Process:
    """One child. Any failure in talking to it kills it."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._limits = limits
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = os.memfd_create("sandbox-stderr", os.MFD_CLOEXEC)
        self._kept = (SharedMemory.create("input", KEPT_BYTES), SharedMemory.create("output", KEPT_BYTES))
        self.check: dict[str, Any] = {}
        with theirs:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-s",
                    "-P",
                    "-B",
                    "-m",
                    CHILD_MODULE,
                    str(theirs.fileno()),
                    json.dumps(limits.as_dict()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                cwd="/",
                env=_environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            ready = self._reply(START_SECONDS)
        except BaseException:
            self.kill()
            raise
        self.runtime = str(ready.get("runtime", ""))[:64]
        walls = {name: bool(ready.get(name)) for name in ("network_gone", "files_gone")}
        self.isolation = limits.as_dict() | walls

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def load(self, model: Executable) -> None:
        message = {
            "op": "load",
            "name": model.name,
            "bytes": len(model.graph),
            "sha256": model.graph_sha256,
            "inputs": _entries(model.inputs),
            "outputs": _entries(model.outputs),
        }
        with SharedMemory.create("graph", len(model.graph)) as graph:
            graph.view[:] = model.graph
            reply = self._ask(message, [graph.descriptor])
        self._ask({"op": "keep", "bytes": KEPT_BYTES}, [memory.descriptor for memory in self._kept])
        self.check = {name: value for name, value in reply.items() if isinstance(value, int)}

    def run(self, items: int, payload: bytes | memoryview, output_bytes: int) -> bytes:
        """The output payload. Copied before anybody hashes it: the child could still write to its own mapping."""
        if max(len(payload), output_bytes) <= KEPT_BYTES:
            given, made = self._kept
            given.view[: len(payload)] = payload
            self._ask({"op": "run", "items": items}, [])
            return bytes(made.view[:output_bytes])
        with SharedMemory.create("input", len(payload)) as given, SharedMemory.create("output", output_bytes) as made:
            given.view[:] = payload
            self._ask({"op": "run", "items": items}, [given.descriptor, made.descriptor])
            return bytes(made.view)

    def _ask(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        try:
            send(self._channel, message, descriptors)
        except OSError as error:
            raise self._death() from error
        return self._reply(self._limits.seconds)

    def _reply(self, seconds: float) -> dict[str, Any]:
        self._channel.settimeout(seconds)
        try:
            message, descriptors = receive(self._channel)
        except TimeoutError as error:
            self.kill()
            raise SandboxTimeout(f"the sandbox took more than {seconds:g} seconds", seconds=seconds) from error
        except SandboxCrashed as error:
            raise self._death() from error
        for descriptor in descriptors:
            os.close(descriptor)
        if "error" in message:
            raise _error_of(message["error"])
        reply = message.get("ok")
        if not isinstance(reply, dict):
            self.kill()
            raise SandboxCrashed("the sandbox broke the protocol")
        return reply

    def _death(self) -> SandboxError:
        """Why the child is gone, from its exit status and its last words."""
        try:
            status = self.process.wait(5)
        except subprocess.TimeoutExpired:
            status = 0
        words = os.pread(self._errors, STDERR_BYTES, 0).decode(errors="replace").strip()[-500:]
        self.kill()
        if status == -signal.SIGXCPU:
            seconds = self._limits.cpu_seconds
            return SandboxTimeout(f"the sandbox took more than {seconds} seconds of CPU time", cpu_seconds=seconds)
        if "bad_alloc" in words or "MemoryError" in words or "Cannot allocate memory" in words:
            return SandboxOutOfMemory("the model needs more memory than it may have", limit=self._limits.memory)
        return SandboxCrashed("the sandboxed process died", status=status, reason=words)

    def kill(self) -> None:
        """End the child for sure; may be called twice."""
        self.process.kill()
        self.process.wait()
        self._channel.close()
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1
            for memory in self._kept:
                memory.close()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "ORT_DISABLE_TELEMETRY": "1",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        # Each arena reserves 64 MiB of the address space that the limit counts.
        "MALLOC_ARENA_MAX": "2",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _entries(signature: Signature) -> list[list[Any]]:
    return [[spec.name, int(spec.dtype), list(spec.shape)] for spec in signature.specs]


def _error_of(reported: Any) -> AtomicError:
    """The child's error as one of ours: bounded and of a known class, for it comes from behind the walls."""
    if not isinstance(reported, dict):
        return SandboxCrashed("the sandbox broke the protocol")
    known = {cls.code: cls for root in (OnnxRefused, ExecutionError) for cls in (root, *_descendants(root))}
    cls = known.get(str(reported.get("code")), SandboxCrashed)
    hint, reason = reported.get("hint"), reported.get("reason")
    message = str(reported.get("message"))[:500]
    return cls(message, hint=str(hint)[:300] if hint else None, **({"reason": str(reason)[:500]} if reason else {}))


def _descendants(root: type[AtomicError]) -> Iterator[type[AtomicError]]:
    for child in root.__subclasses__():
        yield child
        yield from _descendants(child)
