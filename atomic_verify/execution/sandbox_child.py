"""The sandboxed process: it checks a stranger's model, loads it, and runs batches, behind walls.

Started by `sandbox` only. Its arguments are the descriptor of its end of the channel and its limits as JSON. It ends
when its owner closes the channel or dies. Nothing heavy is imported before the first walls stand.
"""

import json
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from atomic_verify.errors import AtomicError
from atomic_verify.execution.channel import receive, send
from atomic_verify.execution.errors import SandboxCrashed, SandboxOutOfMemory
from atomic_verify.execution.isolation import SandboxLimits, allow_cpu_seconds, close_files, raise_first_walls

ALLOCATION_FAILURES = ("bad_alloc", "failed to allocate", "cannot allocate memory", "out of memory")


def main(arguments: list[str]) -> None:
    channel = socket.socket(fileno=int(arguments[0]))
    limits = SandboxLimits(**json.loads(arguments[1]))
    network_gone = raise_first_walls(limits)
    threading.Thread(target=_end_with_owner, args=(channel,), daemon=True).start()
    allow_cpu_seconds(limits.cpu_seconds)
    child = _Child(limits)
    files_gone = close_files()
    send(channel, {"ok": {"runtime": child.runtime_name, "network_gone": network_gone, "files_gone": files_gone}})
    while True:
        message, descriptors = receive(channel)
        allow_cpu_seconds(limits.cpu_seconds)
        send(channel, child.answer(message, descriptors))


def _end_with_owner(channel: socket.socket) -> None:
    """End at once when the other end is closed, also in the middle of a run."""
    poll = select.poll()
    poll.register(channel, select.POLLHUP | select.POLLRDHUP)
    poll.poll()
    os._exit(0)


class _Child:
    """Turns messages into replies."""

    def __init__(self, limits: SandboxLimits) -> None:
        """Imports all that is ever needed, and runs a graph so that libraries load what they load on first use: later
        no file can be opened."""
        from atomic_verify.execution.providers import ExecutionSettings, Provider, activate  # noqa: PLC0415
        from atomic_verify.execution.runtime import load_runtime  # noqa: PLC0415
        from atomic_verify.execution.sandbox_model import SandboxModel  # noqa: PLC0415

        runtime = load_runtime()
        # Strangers' items are never stacked: that would need trust in the graph.
        settings = ExecutionSettings(threads=limits.threads, stack=1)
        provider = activate(runtime, Provider.CPU, settings)
        self.runtime_name = f"onnxruntime {runtime.__version__}"
        model = SandboxModel(runtime, provider, settings)
        self._acts: dict[str, Callable[..., dict[str, Any]]] = {
            "load": model.load,
            "keep": model.keep,
            "run": model.run,
        }

    def answer(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """The reply to one message; whatever goes wrong is part of it."""
        try:
            return {"ok": self._acts[message["op"]](message, *descriptors)}
        except MemoryError:
            return _report(SandboxOutOfMemory("the model needs more memory than it may have"))
        except AtomicError as error:
            return _report(_translated(error))
        except Exception as error:
            return _report(SandboxCrashed("the sandbox failed", reason=repr(error)[:500]))


def _report(error: AtomicError) -> dict[str, Any]:
    reason = str(error.details.get("reason", ""))[:500]
    return {"error": {"code": error.code, "message": error.message[:500], "hint": error.hint, "reason": reason}}


def _translated(error: AtomicError) -> AtomicError:
    """An allocation that failed inside a kernel, told as what it is."""
    reason = str(error.details.get("reason", "")).lower()
    if any(sign in reason for sign in ALLOCATION_FAILURES):
        return SandboxOutOfMemory("the model needs more memory than it may have", reason=reason[:200])
    return error


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (SandboxCrashed, BrokenPipeError):
        # The owner is gone.
        os._exit(0)
