"""What stands before every route: the size of a body and the right to write.

Bodies are counted as they arrive, so that neither a wrong Content-Length nor its absence lets more in. Writes need the
write key where one is configured; without one the gateway only listens on the loopback.
"""

import hmac
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atomic_verify.config import ConfigInvalid, GatewaySettings
from atomic_verify.gateway.errors import BodyTooLarge, RequestMalformed, WriteKeyWrong
from atomic_verify.gateway.problems import problem

MIN_KEY_CHARS = 16
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def load_write_key(settings: GatewaySettings) -> str | None:
    """The configured write key. Raises ConfigInvalid: unreadable, too short, or missing where it is needed."""
    if settings.write_key_file is None:
        if settings.host not in _LOOPBACK:
            raise ConfigInvalid(
                f"A gateway that listens on {settings.host} needs a write key: it spends its requester's money.",
                hint="Put a long random key into a file and set gateway.write_key_file, or listen on 127.0.0.1.",
                setting="gateway.host",
            )
        return None
    return _read_key(settings.write_key_file)


def _read_key(path: Path) -> str:
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"The write key can't be read from {path}.", setting="gateway.write_key_file") from error
    if len(key) < MIN_KEY_CHARS:
        raise ConfigInvalid(f"A write key has at least {MIN_KEY_CHARS} characters.", setting="gateway.write_key_file")
    return key


class Limits:
    """ASGI middleware: refuses writes without the key, encoded bodies, and bodies above `max_body_bytes`."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, write_key: str | None) -> None:
        self._app = app
        self._max = max_body_bytes
        self._key = write_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._key is not None and not _authorised(headers, self._key):
            refused = WriteKeyWrong("This route needs the write key.", hint="Send Authorization: Bearer <write key>.")
            await problem(refused, scope["path"])(scope, receive, send)
            return
        if headers.get("content-encoding", "identity") != "identity":
            encoded = RequestMalformed("Bodies are taken as they are, without an encoding.")
            await problem(encoded, scope["path"])(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        too_large = BodyTooLarge(f"A body has at most {self._max} bytes.", limit=self._max)
        if not declared.isdigit() or int(declared) > self._max:
            await problem(too_large, scope["path"])(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max:
                raise too_large
            return message

        await self._app(scope, counted, send)


def _authorised(headers: Headers, key: str) -> bool:
    kind, _, given = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), key.encode())
