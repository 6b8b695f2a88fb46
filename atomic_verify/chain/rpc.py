"""JSON-RPC over HTTP to one node: bounded in time, tries and bytes, with errors of this package.

Life cycle: below all steps. A *call* is one request; a *batch* is several in one HTTP request. A node that is busy,
broken or unreachable is asked again, with growing pauses, a bounded number of times; an answer that is an error is not.
"""

import json
import re
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential, wait_random

from atomic_verify.chain.errors import ChainUnavailable, RpcRefused

MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
MAX_BATCH: Final = 50
_BUSY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_BUSY_WORDS = re.compile(
    r"rate.?limit|too many requests|request rate|request timed? ?out|overloaded|try again later", re.I
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a node that doesn't answer is asked again. Times in seconds."""

    attempts: int = 5
    first_pause: float = 0.2
    longest_pause: float = 5.0
    total: float = 30.0


class _Busy(Exception):
    """An answer that another try may change. `after` is the pause in seconds that the node asked for."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Rpc:
    """A client of one node; threads may share it. `sleep` is passed in for tests."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        policy: RetryPolicy | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.place = _place(url)
        """Scheme, host and port, to show: a URL's path or user may hold an access key."""
        self._url = url
        self._policy = policy or RetryPolicy()
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._takes_batches = True
        self._http = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)
        # A client that nobody closes is closed when it is forgotten; its connections don't outlive it.
        weakref.finalize(self, self._http.close)

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """The result of one request. Raises ChainUnavailable, RpcRefused."""
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": list(params)}
        return self._retrying(lambda: _result(self._post(request)))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of several requests, in their order. Raises ChainUnavailable, RpcRefused for any of them."""
        results: list[Any] = []
        for start in range(0, len(calls), MAX_BATCH):
            chunk = calls[start : start + MAX_BATCH]
            if len(chunk) > 1 and self._takes_batches:
                results += self._retrying(partial(self._batch_once, chunk))
            else:
                results += [self.call(method, params) for method, params in chunk]
        return results

    def close(self) -> None:
        self._http.close()

    def _batch_once(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        requests = [
            {"jsonrpc": "2.0", "id": index, "method": method, "params": list(params)}
            for index, (method, params) in enumerate(calls)
        ]
        answer = self._post(requests)
        if not isinstance(answer, list):
            # Some nodes take no batches; they answer with one error.
            self._takes_batches = False
            return [self.call(method, params) for method, params in calls]
        by_id = {entry.get("id"): entry for entry in answer if isinstance(entry, dict)}
        return [_result(by_id.get(index)) for index in range(len(requests))]

    def _retrying(self, act: Callable[[], Any]) -> Any:
        policy = self._policy
        grown = wait_exponential(multiplier=policy.first_pause, max=policy.longest_pause)
        pauses = grown + wait_random(0, policy.first_pause)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.after if isinstance(error, _Busy) else 0.0
            return min(max(pauses(state), asked), policy.longest_pause)

        tries = Retrying(
            stop=stop_after_attempt(policy.attempts) | stop_after_delay(policy.total),
            wait=pause,
            retry=retry_if_exception_type(_Busy),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return tries(act)
        except _Busy as error:
            raise ChainUnavailable(
                f"The node at {self.place} does not answer",
                hint="Check the RPC URL, that the node runs, and its rate limits.",
                reason=str(error),
            ) from None

    def _post(self, body: Any) -> Any:
        """One HTTP request; the JSON of its answer."""
        try:
            with self._http.stream("POST", self._url, json=body) as response:
                status, headers = response.status_code, response.headers
                raw = self._read(response)
        except httpx.InvalidURL:
            raise ChainUnavailable("The RPC URL is malformed", hint="Give one such as http://127.0.0.1:8545.") from None
        except httpx.UnsupportedProtocol:
            raise ChainUnavailable("The RPC URL is not of http or https", place=self.place) from None
        except httpx.HTTPError as error:
            raise _Busy(type(error).__name__) from None
        if status in _BUSY_STATUS:
            raise _Busy(f"HTTP {status}", _retry_after(headers.get("retry-after", "")))
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            if status >= 400:
                raise ChainUnavailable(
                    f"The node at {self.place} answered with HTTP {status}",
                    hint="Check the RPC URL and its access key.",
                ) from None
            raise _Busy("the answer is not JSON") from None

    def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._max_bytes:
                raise RpcRefused(f"The node's answer is larger than {self._max_bytes} bytes", rpc_code=-32005)
            parts.append(part)
        return b"".join(parts)


def _result(answer: Any) -> Any:
    """The result in one JSON-RPC answer."""
    if isinstance(answer, dict) and "result" in answer:
        return answer["result"]
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        raise _Busy("the answer is no JSON-RPC")
    message = str(error.get("message", ""))[:500]
    code = error.get("code")
    data = error.get("data")
    if code == 429 or (data is None and _BUSY_WORDS.search(message)):
        raise _Busy(f"the node is busy: {message[:200]}")
    raise RpcRefused(f"The node refused: {message}", rpc_code=code if isinstance(code, int) else 0, data=data)


def _retry_after(value: str) -> float:
    return float(value) if re.fullmatch(r"[0-9]{1,5}", value) else 0.0


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}"
    except ValueError:
        return "(malformed URL)"
