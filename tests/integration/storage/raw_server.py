"""A real server on this machine that answers byte for byte what a test tells it to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket], None]


@contextmanager
def server(
    answer: Answer, wrap: Callable[[socket.socket], socket.socket] | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """A server that reads each request's head, notes it, and lets `answer` write whatever it likes; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    heads: list[bytes] = []
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                plain, _ = listener.accept()
            except TimeoutError:
                continue
            try:
                plain.settimeout(5)
                with wrap(plain) if wrap else plain as connection:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += connection.recv(4096)
                    heads.append(head)
                    answer(connection)
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], heads
    finally:
        stop.set()
        thread.join()
        listener.close()


def send(*parts: bytes) -> Answer:
    return lambda connection: connection.sendall(b"".join(parts))
