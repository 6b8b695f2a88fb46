"""The child's side of `walled`: puts up the walls, then turns messages into replies until its owner is gone.

A child's module calls `serve` with what opens its acts. Nothing heavy is imported before the first walls stand; then
`opened` imports all that is ever needed and uses it once, since no file can be opened later.
"""

import json
import os
import select
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atomic_verify.errors import AtomicError
from atomic_verify.execution.channel import receive, send
from atomic_verify.execution.errors import SandboxCrashed, SandboxOutOfMemory
from atomic_verify.execution.isolation import SandboxLimits, allow_cpu_seconds, close_files, raise_first_walls

ALLOCATION_FAILURES = (
    "bad_alloc",
    "failed to allocate",
    "cannot allocate memory",
    "out of memory",
    "unable to allocate",
)

Act = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Acts:
    """What a child can do, by the message's `op`, and what it says of itself when it is ready."""

    by_name: Mapping[str, Act]
    about: Mapping[str, str]


def serve(arguments: Sequence[str], opened: Callable[[SandboxLimits], Acts]) -> None:
    """Serve until the owner is gone. `arguments`: the descriptor of the channel's end, and the limits as JSON."""
    try:
        _serve(arguments, opened)
    except (SandboxCrashed, BrokenPipeError):
        # The owner is gone.
        os._exit(0)


def _serve(arguments: Sequence[str], opened: Callable[[SandboxLimits], Acts]) -> None:
    channel = socket.socket(fileno=int(arguments[0]))
    limits = SandboxLimits(**json.loads(arguments[1]))
    network_gone = raise_first_walls(limits)
    threading.Thread(target=_end_with_owner, args=(channel,), daemon=True).start()
    allow_cpu_seconds(limits.cpu_seconds)
    acts = opened(limits)
    files_gone = close_files()
    send(channel, {"ok": dict(acts.about) | {"network_gone": network_gone, "files_gone": files_gone}})
    while True:
        message, descriptors = receive(channel)
        allow_cpu_seconds(limits.cpu_seconds)
        send(channel, _answer(acts, message, descriptors))


def _end_with_owner(channel: socket.socket) -> None:
    """End at once when the other end is closed, also in the middle of a run."""
    poll = select.poll()
    poll.register(channel, select.POLLHUP | select.POLLRDHUP)
    poll.poll()
    os._exit(0)


def _answer(acts: Acts, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """The reply to one message; whatever goes wrong is part of it."""
    try:
        return {"ok": acts.by_name[message["op"]](message, *descriptors)}
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
    reason = f"{error.details.get('reason', '')} {error.message}".lower()
    if any(sign in reason for sign in ALLOCATION_FAILURES):
        return SandboxOutOfMemory("the model needs more memory than it may have", reason=reason[:200])
    return error
