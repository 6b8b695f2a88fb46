"""How a sandbox and its owner talk: small JSON messages over a socket, tensors in sealed shared memory.

Each message is one datagram of at most 64 KiB and may carry file descriptors. Tensors lie in memory files of fixed,
sealed size, so neither side can make the other one's reads fail by shrinking them. The owner trusts nothing that
comes back: sizes and types are checked, and outputs are copied out before they are hashed.
"""

import fcntl
import json
import mmap
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from atomic_verify.execution.errors import SandboxCrashed

MAX_MESSAGE = 64 * 1024
MAX_DESCRIPTORS = 2


def send(channel: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send one message. Raises OSError if the other side is gone."""
    socket.send_fds(channel, [json.dumps(message).encode()], list(descriptors))


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """One message and its descriptors. Raises SandboxCrashed (closed, malformed), TimeoutError."""
    try:
        data, descriptors, flags, _ = socket.recv_fds(channel, MAX_MESSAGE, MAX_DESCRIPTORS)
    except TimeoutError:
        raise
    except OSError as error:
        raise SandboxCrashed("the other side of the sandbox's channel is gone", reason=str(error)) from error
    try:
        message = json.loads(data) if data and not flags & socket.MSG_TRUNC else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        for descriptor in descriptors:
            os.close(descriptor)
        raise SandboxCrashed("the sandbox's channel was closed" if not data else "the sandbox sent no message")
    return message, descriptors


class SharedMemory:
    """A memory file of fixed size, mapped. Close it when done; the other side keeps its own mapping."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Takes over the descriptor. A size of 0 can't be mapped and has an empty view."""
        self.descriptor = descriptor
        self._map = mmap.mmap(descriptor, size) if size else None

    @classmethod
    def create(cls, name: str, size: int) -> "SharedMemory":
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        return cls(descriptor, size)

    @property
    def view(self) -> memoryview:
        return memoryview(self._map) if self._map is not None else memoryview(b"")

    def close(self) -> None:
        """Close the file and unmap it; where a view is still held, as by a traceback, it is unmapped with the view."""
        os.close(self.descriptor)
        if self._map is not None:
            with suppress(BufferError):
                self._map.close()

    def __enter__(self) -> "SharedMemory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
