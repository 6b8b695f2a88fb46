"""Asks strangers' servers for blobs and quotes, bounded in bytes and time, and only where it may.

Life cycle: fetch input (a worker, from the RFP's URI) and publish output (a gateway, from the worker's endpoint).
Terms: an address is *global* when it is reachable from the public internet; fetching any other on a stranger's word
(SSRF) would show it what only this machine can see. Redirects are not followed and no content encoding is accepted. The
host is looked up once and that address is connected to, so a name can't change its answer in between (DNS rebinding).
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from atomic_verify.storage.blobs import CHUNK_BYTES, BlobStore, parse_digest
from atomic_verify.storage.deadline import Deadline, DeadlinePassed, DeadlineSocket
from atomic_verify.storage.errors import (
    BlobCorrupt,
    BlobTooLarge,
    DigestMalformed,
    FetchFailed,
    FetchMismatch,
    FetchRefused,
    FetchTimeout,
)

MAX_URL_CHARS = 2048

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of (host, port)."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""A network without IPv4 maps the public IPv4 internet here."""
_ASSIGNMENTS = IPv4Network("192.0.0.0/24")
"""IETF protocol assignments; older Pythons call parts of it global."""


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How much a fetch may take, and whether it may reach addresses that aren't global (development chains only)."""

    max_bytes: int
    timeout: float = 60.0
    """Seconds for everything: look-up, connection, answer."""
    allow_private: bool = False


def digest_in_url(url: str) -> str:
    """The digest that a blob's URL ends in. Raises FetchRefused."""
    try:
        return parse_digest(_split(url).path.rsplit("/", 1)[-1])
    except DigestMalformed as error:
        raise FetchRefused(
            "A blob's URL ends in its digest, 64 lower-case hexadecimal digits", url=url[:200]
        ) from error


def fetch_blob(
    url: str,
    digest: str,
    store: BlobStore,
    policy: FetchPolicy,
    *,
    resolve: Resolve | None = None,
    tls: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Streams the blob at `url` into `store`; there, it has `digest`. After an error the store is as it was.

    Raises DigestMalformed, FetchRefused, FetchFailed, FetchTimeout, FetchMismatch, BlobTooLarge, BlobStoreFull,
    BlobStoreUnavailable.
    """
    parse_digest(digest)
    with _opened(url, policy, resolve, tls, clock) as (connection, parts):
        try:
            body = _body(connection, parts, policy)
            store.put_stream(body, expected=digest, max_bytes=policy.max_bytes)
        except BlobCorrupt as error:
            raise FetchMismatch("The server sent other bytes.", url=url[:200], **error.details) from error


def post_json(
    url: str,
    body: bytes,
    policy: FetchPolicy,
    *,
    resolve: Resolve | None = None,
    tls: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """What the server at `url` answers to a JSON body, under the same bounds as a fetch; such as a worker's quote.

    Raises FetchRefused, FetchFailed, FetchTimeout, BlobTooLarge.
    """
    with _opened(url, policy, resolve, tls, clock) as (connection, parts):
        answer = bytearray()
        for chunk in _body(connection, parts, policy, body):
            answer += chunk
            if len(answer) > policy.max_bytes:
                raise BlobTooLarge(f"The answer is larger than {policy.max_bytes} bytes.", limit=policy.max_bytes)
        return bytes(answer)


@contextmanager
def _opened(
    url: str,
    policy: FetchPolicy,
    resolve: Resolve | None,
    tls: ssl.SSLContext | None,
    clock: Callable[[], float],
) -> Iterator[tuple[http.client.HTTPConnection, SplitResult]]:
    """A connection to where the URL's host may be reached; what fails on it becomes one of this package's errors."""
    parts, deadline = _split(url), Deadline(policy.timeout, clock)
    try:
        addresses = _looked_up(parts, resolve or _resolve, deadline)
        _check_addresses(addresses, parts, policy)
        with _connected(parts, addresses, tls, deadline) as connection:
            yield connection, parts
    except (DeadlinePassed, TimeoutError) as error:
        raise FetchTimeout(f"The server did not answer in full within {policy.timeout:g} s.", url=url[:200]) from error
    except (http.client.HTTPException, OSError) as error:
        raise FetchFailed(f"The server failed: {type(error).__name__}: {error}"[:300], url=url[:200]) from error


def is_global(text: str) -> bool:
    """Whether the IP address is global; one that stands for an IPv4 address is judged as that. Tunnels are not."""
    address: IPv4Address | IPv6Address = ip_address(text.split("%", 1)[0])
    if isinstance(address, IPv6Address):
        if address.sixtofour is not None or address.teredo is not None:
            return False
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        elif address.ipv4_mapped is not None:
            address = address.ipv4_mapped
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _ASSIGNMENTS


def _split(url: str) -> SplitResult:
    """The URL's parts: http or https, with a host, without user or password, in plain ASCII."""
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise FetchRefused("A blob's URL is at most 2048 printable ASCII characters", url=url[:200])
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchRefused(f"Not a URL: {error}", url=url[:200]) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise FetchRefused("A blob is fetched over http or https", url=url[:200])
    if "@" in parts.netloc:
        raise FetchRefused("A blob's URL holds no user and no password")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _looked_up(parts: SplitResult, resolve: Resolve, deadline: Deadline) -> Sequence[str]:
    """The host's addresses. The system's look-up has no time limit, so a thread does it that may be left behind."""
    found: list[Sequence[str] | Exception] = []

    def look_up() -> None:
        try:
            found.append(resolve(parts.hostname or "", _port(parts)))
        except Exception as error:  # handed to the caller's thread
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not found:
        raise DeadlinePassed
    if isinstance(found[0], Exception):
        raise FetchFailed(f"The host can't be looked up: {found[0]}", host=parts.hostname) from found[0]
    return found[0]


def _resolve(host: str, port: int) -> Sequence[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _check_addresses(addresses: Sequence[str], parts: SplitResult, policy: FetchPolicy) -> None:
    if not addresses:
        raise FetchFailed("The host has no address", host=parts.hostname)
    if not policy.allow_private and not all(map(is_global, addresses)):
        raise FetchRefused(
            "The host is not on the public internet",
            hint="Only a development set-up fetches from private addresses; it has a setting for that",
            host=parts.hostname,
        )


@contextmanager
def _connected(
    parts: SplitResult, addresses: Sequence[str], tls: ssl.SSLContext | None, deadline: Deadline
) -> Iterator[http.client.HTTPConnection]:
    """A connection to the first address that takes one; the name is only used to check the certificate."""
    with ExitStack() as stack:
        sock = stack.enter_context(_socket(addresses, _port(parts), deadline))
        if parts.scheme == "https":
            context = tls or ssl.create_default_context()
            sock = stack.enter_context(context.wrap_socket(sock, server_hostname=parts.hostname))
        connection = http.client.HTTPConnection(parts.hostname or "", _port(parts))
        connection.sock = DeadlineSocket(sock, deadline)
        # Never connects by itself, which would be to another look-up of the name.
        connection.auto_open = 0
        yield connection


def _socket(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    failure = OSError("no address to connect to")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=deadline.left())
        except OSError as error:
            failure = error
    raise failure


def _body(
    connection: http.client.HTTPConnection, parts: SplitResult, policy: FetchPolicy, posted: bytes | None = None
) -> Iterator[bytes]:
    """The answer's body in chunks, once its head was found to be what was asked for."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc,
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "atomic-verify",
    }
    if posted is None:
        connection.request("GET", target, headers=headers)
    else:
        connection.request("POST", target, posted, headers | {"Content-Type": "application/json"})
    response = connection.getresponse()
    if 300 <= response.status < 400:
        raise FetchRefused("The server redirects elsewhere; redirects are not followed", status=response.status)
    if response.status != http.HTTPStatus.OK:
        raise FetchFailed(f"The server answered {response.status}", status=response.status)
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise FetchRefused("The server sent an encoded body; blobs travel as they are", encoding=encoding[:40])
    if response.length is not None and response.length > policy.max_bytes:
        raise BlobTooLarge(f"The blob is larger than {policy.max_bytes} bytes", limit=policy.max_bytes)
    received, expected = 0, response.length
    while chunk := response.read1(CHUNK_BYTES):
        received += len(chunk)
        yield chunk
    if expected is not None and received < expected:
        raise FetchFailed("The server broke off", received=received, expected=expected)
