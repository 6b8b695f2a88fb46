"""One deadline over a whole exchange: a socket's own timeout bounds each read alone, and a slow server sends many.

Life cycle: fetch input, publish output. `DeadlineSocket` has of a socket what http.client uses.
"""

import io
import socket
from collections.abc import Callable
from typing import Any


class DeadlinePassed(Exception):
    """No time is left."""


class Deadline:
    """A moment by `clock` (seconds, monotonic) after which nothing is waited for any more."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def left(self) -> float:
        """Seconds left, more than zero. Raises DeadlinePassed."""
        left = self._at - self._clock()
        if left <= 0:
            raise DeadlinePassed
        return left


class _DeadlineReader(io.RawIOBase):
    """The reading side of a socket."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class DeadlineSocket:
    """A socket of which every wait ends at the deadline, with DeadlinePassed or TimeoutError."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline))

    def close(self) -> None:
        """Nothing: http.client closes its socket while the answer is still being read; the socket's owner closes it."""
