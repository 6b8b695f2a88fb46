"""A child process behind walls, as its owner sees it: started, asked, killed. Each message has one reply.

The child is started with an empty environment and closed descriptors and puts up its own walls (see `isolation`) before
it is asked anything. The owner trusts nothing that comes back.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.commitments import Signature
from atomic_verify.errors import AtomicError
from atomic_verify.execution.channel import receive, send
from atomic_verify.execution.errors import (
    ExecutionError,
    SandboxCrashed,
    SandboxError,
    SandboxOutOfMemory,
    SandboxTimeout,
)
from atomic_verify.execution.isolation import STDERR_BYTES, SandboxLimits
from atomic_verify.models.errors import OnnxRefused, ProgramMismatch

START_SECONDS = 60.0
KEPT_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH")
"""The only ones that the child inherits: they say how libraries run on this machine."""

KNOWN_ERRORS: tuple[type[AtomicError], ...] = (OnnxRefused, ExecutionError, ProgramMismatch, Unsupported)
"""What a child may report, with all that descends from it."""


class WalledProcess:
    """One child process running `module` behind walls. Any failure in talking to it kills it."""

    def __init__(self, module: str, limits: SandboxLimits) -> None:
        """Start the child and wait until its walls stand. Raises SandboxError."""
        self._limits = limits
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = os.memfd_create("sandbox-stderr", os.MFD_CLOEXEC)
        with theirs:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-s",
                    "-P",
                    "-B",
                    "-m",
                    module,
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
        self.ready = ready
        walls = {name: bool(ready.get(name)) for name in ("network_gone", "files_gone")}
        self.isolation = limits.as_dict() | walls

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """The child's reply to one message. Raises its error as one of ours, or a SandboxError."""
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


def entries_of(signature: Signature) -> list[list[Any]]:
    """A signature as a message has it."""
    return [[spec.name, int(spec.dtype), list(spec.shape)] for spec in signature.specs]


def _error_of(reported: Any) -> AtomicError:
    """The child's error as one of ours: bounded and of a known class, for it comes from behind the walls."""
    if not isinstance(reported, dict):
        return SandboxCrashed("the sandbox broke the protocol")
    known = {cls.code: cls for root in KNOWN_ERRORS for cls in (root, *_descendants(root))}
    cls = known.get(str(reported.get("code")), SandboxCrashed)
    hint, reason = reported.get("hint"), reported.get("reason")
    message = str(reported.get("message"))[:500]
    if issubclass(cls, Unsupported):
        return Unsupported(reason=message.removeprefix("model: "), hint=str(hint)[:300] if hint else None)
    return cls(message, hint=str(hint)[:300] if hint else None, **({"reason": str(reason)[:500]} if reason else {}))


def _descendants(root: type[AtomicError]) -> Iterator[type[AtomicError]]:
    for child in root.__subclasses__():
        yield child
        yield from _descendants(child)
