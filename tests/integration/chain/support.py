"""What the chain's tests share: a store in memory that can be killed at any write, and a node's bad day as a proxy."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from atomic_verify.protocol.intents import Intent
from atomic_verify.protocol.primitives import parse_address

FRIEND = parse_address("0x" + "a1ce" * 10)
"""Somebody to pay."""


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, nothing is cleaned up."""


class MemoryStore:
    """Intents in a dict. `kill_at` counts writes: the one of that number raises before, or after, it is kept."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, str, str], Intent] = {}
        self.history: list[Intent] = []
        self.writes = 0
        self.kill_at: int | None = None
        self.kill_after_keeping = False

    def get(self, chain_id: int, account: str, key: str) -> Intent | None:
        return self.kept.get((chain_id, account, key))

    def add(self, intent: Intent) -> None:
        assert intent.identity not in self.kept
        self._keep(intent)

    def update(self, intent: Intent) -> None:
        assert intent.identity in self.kept
        self._keep(intent)

    def unfinished(self, chain_id: int, account: str) -> list[Intent]:
        found = [one for one in self.kept.values() if one.is_unfinished and one.identity[:2] == (chain_id, account)]
        return sorted(found, key=lambda one: (one.nonce is None, one.nonce or 0, one.created_at))

    def with_nonce_from(self, chain_id: int, account: str, nonce: int) -> list[Intent]:
        found = [one for one in self.kept.values() if one.nonce is not None and one.nonce >= nonce]
        return sorted(found, key=lambda one: one.nonce or 0)

    def recent(self, chain_id: int, account: str, limit: int) -> list[Intent]:
        return sorted(self.kept.values(), key=lambda one: -one.created_at)[:limit]

    def _keep(self, intent: Intent) -> None:
        self.writes += 1
        killed = self.writes == self.kill_at
        if not killed or self.kill_after_keeping:
            self.kept[intent.identity] = intent
            self.history.append(intent)
        if killed:
            raise Killed


Answer = Callable[[bytes], tuple[int, dict[str, str], bytes] | None]
"""What the proxy does with a request's body: status, headers and body; None cuts the connection."""


class Proxy:
    """Stands before a node and does what `plan` says: one entry for each request to come, then it just forwards.

    `rule` sees each request that no plan entry is for; it may answer instead of the node by returning something.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.plan: list[Answer] = []
        self.rule: Callable[[dict[str, Any]], Any] | None = None
        self.requests = 0
        self.methods: list[str] = []

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(self.target, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return 200, {}, response.read()

    def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        self.requests += 1
        asked = json.loads(body)
        self.methods += [one["method"] for one in (asked if isinstance(asked, list) else [asked])]
        if self.plan:
            return self.plan.pop(0)(body)
        if self.rule is not None and isinstance(asked, dict):
            told = self.rule(asked)
            if told is not None:
                return 200, {}, json.dumps({"jsonrpc": "2.0", "id": asked["id"], **told}).encode()
        return self.forward(body)

    # Entries for the plan

    def busy(self, status: int, **headers: str) -> Answer:
        return lambda _: (status, {name.replace("_", "-"): value for name, value in headers.items()}, b"busy")

    def cut(self, _: bytes) -> None:
        """The node never hears of it."""
        return

    def cut_after(self, body: bytes) -> None:
        """The node does it, the client never hears of it."""
        self.forward(body)

    def slow(self, seconds: float) -> Answer:
        def answer(body: bytes) -> tuple[int, dict[str, str], bytes]:
            time.sleep(seconds)
            return self.forward(body)

        return answer

    def text(self, body: bytes) -> Answer:
        return lambda _: (200, {}, body)


@contextmanager
def proxied(target: str) -> Iterator[tuple[str, Proxy]]:
    """A proxy's URL and its plan."""
    proxy = Proxy(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = proxy.answer(body)
            if told is None:
                self.close_connection = True
                return
            status, headers, content = told
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # the client gave up

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
