"""A client of a gateway: ask for work, wait for it, read answers and receipts, in plain Python.

Life cycle: post to receipt, from the requester's side of the HTTP door. A *gateway* is run by the requester itself and
spends its money; what it answers is believed here. A *receipt* is what somebody else can check: see `atomic verify`.
Amounts are ints of base units, times unix seconds, ids 0x-hex.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

import httpx

from atomic_verify.client.errors import GatewayRefused, GatewayUnreachable, JobFailed, JobUnfinished
from atomic_verify.client.records import ItemAnswer, JobStatus
from atomic_verify.errors import AtomicError

MAX_RESPONSE_BYTES: Final = 128 * 2**20
INLINE_BYTES: Final = 256 * 2**10
"""Larger items are uploaded as blobs of their own and named by digest."""
COLLECT_SECONDS: Final = 30.0
"""How long a gateway may take to have the output of a job that became final with its commit."""

_JOB = re.compile(r"0x[0-9a-f]{64}")


class GatewayClient:
    """One gateway at `url`. A context manager; threads may share it.

    Every method raises GatewayUnreachable and GatewayRefused.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8420", *, write_key: str | None = None, timeout: float = 60
    ) -> None:
        headers = {} if write_key is None else {"Authorization": f"Bearer {write_key}"}
        self.url = url.rstrip("/")
        self._http = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False, trust_env=False)

    def submit(
        self,
        model: str,
        items: Sequence[Path | bytes],
        *,
        max_price: int,
        kind: str = "auction",
        times: Mapping[str, int] | None = None,
        idempotency_key: str | None = None,
        **terms: Any,
    ) -> JobStatus:
        """Asks for one job over `items`, each a file or its bytes. Its id is final before the chain has it.

        `times` are seconds by name (bidding, reveal, execution, window), `terms` further fields of the request such as
        `token`, `guarantee`, `job_bond`. The same `idempotency_key` never makes a second job.
        """
        body: dict[str, Any] = {
            "model": model,
            "items": [self._item(one) for one in items],
            "max_price": str(max_price),
            "kind": kind,
        }
        body |= {"times": dict(times)} if times is not None else {}
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return _job(self._json("POST", "/v1/jobs", json=body | terms, headers=headers))

    def job(self, job: str) -> JobStatus:
        """The job as it stands."""
        return _job(self._json("GET", f"/v1/jobs/{_checked(job)}"))

    def jobs(self, limit: int = 50, **filters: str) -> list[JobStatus]:
        """Jobs on the chain, newest first; `filters` are state, requester, worker."""
        return list(map(_job, _listed(self._json("GET", "/v1/jobs", params={"limit": str(limit), **filters}), "jobs")))

    def wait(
        self,
        job: str,
        *,
        timeout: float = 3_600,
        poll: float = 0.5,
        on_look: Callable[[JobStatus], None] = lambda status: None,
    ) -> JobStatus:
        """Looks at the job until it is final; `on_look` is told of each look. A gateway that restarts is waited for.

        Raises JobFailed when it ended otherwise, and JobUnfinished after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        status: JobStatus | None = None
        lost: GatewayUnreachable | None = None
        while True:
            try:
                status, lost = self.job(job), None
                on_look(status)
            except GatewayUnreachable as failure:
                lost = failure
            if status is not None and status.is_over and lost is None:
                if status.state == "final":
                    self._await_output(status, poll)
                    return status
                error = status.raw.get("error")
                why = str(error.get("message")) if isinstance(error, dict) else None
                hint = why or f"What happened: atomic job show {job}. Nothing is paid for a job without a result."
                raise JobFailed(f"The job ended {status.state}.", hint=hint, job=job, state=status.state)
            if time.monotonic() >= deadline:
                raise lost or JobUnfinished(
                    f"The job is {status.state if status else 'unknown'} after {timeout:g} s.",
                    hint="It goes on: look again later.",
                    job=job,
                )
            time.sleep(poll)

    def _await_output(self, status: JobStatus, poll: float) -> None:
        """A proven job is final with its commit: gives the gateway a moment to take the output from there."""
        deadline = time.monotonic() + COLLECT_SECONDS
        while status.raw.get("guarantee") == "proven" and time.monotonic() < deadline:
            try:
                self.item(status.id, 0)
                return
            except GatewayRefused as error:
                if error.code != "output-not-ready":
                    return
            time.sleep(poll)

    def item(self, job: str, item: int) -> ItemAnswer:
        """The typed answer of an item of a committed job. A void item is refused with the code `item-void`."""
        raw = self._json("GET", f"/v1/jobs/{_checked(job)}/items/{item:d}")
        try:
            return ItemAnswer.from_json(raw)
        except (KeyError, TypeError, ValueError) as error:
            raise _strange() from error

    def answers(self, job: str) -> Iterator[ItemAnswer]:
        """The answers of all items, in order, void ones without an answer."""
        for index in range(self.job(job).item_count):
            try:
                yield self.item(job, index)
            except GatewayRefused as error:
                if error.code != "item-void":
                    raise
                yield ItemAnswer(index, None, {}, False, {"item": index, "state": "void"}, is_void=True)

    def receipt(self, job: str, item: int) -> bytes:
        """The receipt of an item, as a file's bytes."""
        return self._send("GET", f"/v1/jobs/{_checked(job)}/items/{item:d}/receipt")

    def models(self) -> list[Mapping[str, Any]]:
        """The models that the chain or the gateway has."""
        return _listed(self._json("GET", "/v1/models"), "models")

    def put_blob(self, data: bytes) -> str:
        """Uploads bytes and returns their sha256 (hexadecimal), the name of the blob."""
        digest = sha256(data).hexdigest()
        self._send("PUT", f"/v1/blobs/{digest}", content=data)
        return digest

    def ready(self) -> Mapping[str, Any]:
        """Chain, market, requester and freshness of a gateway that can be relied on; GatewayRefused when it can't."""
        return self._json("GET", "/health/ready")

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _item(self, item: Path | bytes) -> dict[str, str]:
        data, named = (item.read_bytes(), {"name": str(item)[-512:]}) if isinstance(item, Path) else (item, {})
        form = {"raw": b64encode(data).decode()} if len(data) <= INLINE_BYTES else {"digest": self.put_blob(data)}
        return form | named

    def _json(self, method: str, path: str, **request: Any) -> Mapping[str, Any]:
        try:
            found = json.loads(self._send(method, path, **request))
        except (ValueError, RecursionError) as error:
            raise _strange() from error
        if not isinstance(found, dict):
            raise _strange()
        return found

    def _send(self, method: str, path: str, **request: Any) -> bytes:
        try:
            with self._http.stream(method, self.url + path, **request) as response:
                data = _read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GatewayUnreachable(
                f"No gateway answers at {self.url}.",
                hint="Start one with: atomic gateway run; or check the URL.",
                reason=type(error).__name__,
            ) from error
        if not response.is_success:
            raise _refusal(response.status_code, data)
        return data


def _read(response: httpx.Response) -> bytes:
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > MAX_RESPONSE_BYTES:
            raise GatewayUnreachable(f"The gateway's answer has more than {MAX_RESPONSE_BYTES} bytes.")
    return bytes(data)


def _refusal(status: int, data: bytes) -> AtomicError:
    """The error that a problem document (RFC 9457) tells."""
    try:
        raw = json.loads(data)
        code, message, hint = str(raw["code"]), str(raw["detail"]), raw.get("hint")
    except (ValueError, KeyError, TypeError, RecursionError):
        return _strange(f"HTTP {status}")
    return GatewayRefused(message, code=code, status=status, hint=None if hint is None else str(hint))


def _job(raw: Mapping[str, Any]) -> JobStatus:
    try:
        return JobStatus.from_json(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise _strange() from error


def _listed(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = raw.get(name)
    if not isinstance(found, list):
        raise _strange()
    return found


def _checked(job: str) -> str:
    """A job's id as it goes into a path."""
    if _JOB.fullmatch(job.lower()) is None:
        raise GatewayRefused(
            "A job's id is 0x and 64 hexadecimal digits.", code="job-unknown", status=404, job=job[:80]
        )
    return job.lower()


def _strange(what: str = "not its JSON") -> GatewayUnreachable:
    return GatewayUnreachable(f"What answers is no gateway of this version: {what}.", hint="Check the URL.")
