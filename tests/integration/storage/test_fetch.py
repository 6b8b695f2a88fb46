"""Fetching from real servers on this machine that are slow, wrong, greedy, or not where they may be."""

import gzip
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.errors import (
    BlobStoreFull,
    BlobTooLarge,
    DigestMalformed,
    FetchFailed,
    FetchMismatch,
    FetchRefused,
    FetchTimeout,
)
from atomic_verify.storage.fetch import FetchPolicy, fetch_blob
from tests.integration.storage.raw_server import Answer, send, server

DATA = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(DATA).hexdigest()
LOCAL = FetchPolicy(max_bytes=1 << 20, timeout=20.0, allow_private=True)
OK = b"HTTP/1.1 200 OK\r\n"


def whole(body: bytes = DATA) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*parts: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


@pytest.fixture(autouse=True)
def nothing_half(tmp_path: Path) -> Iterator[None]:
    """Whatever happened, the store holds nothing but whole blobs."""
    yield
    for path in (tmp_path / "blobs").rglob("*"):
        assert path.is_dir() or hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def url(port: int, host: str = "127.0.0.1", scheme: str = "http") -> str:
    return f"{scheme}://{host}:{port}/v1/blobs/{DIGEST}"


@pytest.mark.parametrize(
    "answer",
    [
        whole(),
        chunked(DATA[:1000], DATA[1000:]),
        OK + b"\r\n" + DATA,
        OK + b"Content-Encoding: identity\r\n\r\n" + DATA,
        b"HTTP/1.0 200 fine\r\n\r\n" + DATA,
    ],
)
def test_a_blob_arrives_and_is_stored(store: BlobStore, answer: bytes) -> None:
    with server(send(answer)) as (port, heads):
        fetch_blob(url(port) + "?token=1", DIGEST, store, LOCAL)
    assert store.get(DIGEST) == DATA
    assert heads[0].startswith(f"GET /v1/blobs/{DIGEST}?token=1 HTTP/1.1\r\n".encode())
    assert b"Accept-Encoding: identity\r\n" in heads[0]
    assert heads[0].count(b"Host: ") == 1
    assert f"Host: 127.0.0.1:{port}\r\n".encode() in heads[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (whole(DATA[:-1] + b"X"), FetchMismatch),
        (whole(b""), FetchMismatch),
        (OK + b"Content-Length: 10\r\n\r\n" + DATA, FetchMismatch),
        (OK + b"Content-Length: 600000\r\n\r\n" + DATA, FetchFailed),
        (OK + b"Content-Length: 99999999999999999999\r\n\r\n" + DATA, BlobTooLarge),
        (OK + b"Content-Length: -5\r\n\r\n" + DATA[:-1], FetchMismatch),
        (whole(bytes((1 << 20) + 1)), BlobTooLarge),
        (OK + b"\r\n" + bytes((1 << 20) + 1), BlobTooLarge),
        (chunked(bytes(1 << 20), b"x"), BlobTooLarge),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", FetchFailed),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", FetchFailed),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(10**6)), FetchRefused),
        (OK + b"Content-Encoding: br\r\n\r\n" + DATA, FetchRefused),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", FetchRefused),
        (b"HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/\r\n\r\n", FetchRefused),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", FetchFailed),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 512000\r\n\r\n" + DATA, FetchFailed),
        (b"HTTP/1.1 206 Partial\r\n\r\n" + DATA, FetchFailed),
        (b"SSH-2.0-OpenSSH_9.2\r\n", FetchFailed),
        (b"", FetchFailed),
        (OK + b"X: y\r\n" * 200 + b"\r\n" + DATA, FetchFailed),
        (OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n" + DATA, FetchFailed),
    ],
)
def test_answers_that_are_not_the_blob(store: BlobStore, answer: bytes, error: type[Exception]) -> None:
    with server(send(answer)) as (port, _), pytest.raises(error):
        fetch_blob(url(port), DIGEST, store, LOCAL)
    assert list(store) == []


def drip(first: bytes, drop: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(30):
            connection.sendall(drop)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"", b"H"),
        drip(OK, b"X: y\r\n"),
        drip(OK + b"Content-Length: 512000\r\n\r\n", b"x"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"", b""),
    ],
)
def test_a_slow_server_is_given_up_as_a_whole(store: BlobStore, answer: Answer) -> None:
    with server(answer) as (port, _), pytest.raises(FetchTimeout):
        fetch_blob(url(port), DIGEST, store, FetchPolicy(1 << 20, 0.5, allow_private=True))


def test_a_name_that_takes_forever_to_look_up(store: BlobStore) -> None:
    asked = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.wait(5)
        return ["127.0.0.1"]

    with pytest.raises(FetchTimeout):
        fetch_blob(url(1, "example.org"), DIGEST, store, FetchPolicy(1, 0.2), resolve=resolve)
    asked.set()


def test_nobody_listens(store: BlobStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchFailed):
        fetch_blob(url(port), DIGEST, store, LOCAL)


def test_private_addresses_are_refused_unless_allowed(store: BlobStore) -> None:
    with server(send(whole())) as (port, heads):
        for host in (
            "127.0.0.1",
            "localhost",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
            "127.1",
            "2130706433",
            "0x7f.1",
        ):
            with pytest.raises(FetchRefused):
                fetch_blob(url(port, host), DIGEST, store, FetchPolicy(1 << 20, 20.0))
        assert heads == []
        fetch_blob(url(port, "localhost"), DIGEST, store, LOCAL, resolve=lambda host, port: ["127.0.0.1"])
    assert store.exists(DIGEST)


def test_one_private_address_among_public_ones_is_enough_to_refuse(store: BlobStore) -> None:
    with pytest.raises(FetchRefused):
        fetch_blob(
            url(80, "example.org"),
            DIGEST,
            store,
            FetchPolicy(1, 5.0),
            resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"],
        )


def test_a_name_is_looked_up_once_so_it_cannot_change(store: BlobStore) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.168.0.1"]

    with server(send(whole())) as (port, heads):
        fetch_blob(url(port, "rebind.example"), DIGEST, store, LOCAL, resolve=rebinding)
    assert asked == ["rebind.example"]
    assert f"Host: rebind.example:{port}\r\n".encode() in heads[0]


@pytest.mark.parametrize("found", [[], OSError("no such host")])
def test_a_name_without_an_address(store: BlobStore, found: object) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        if isinstance(found, Exception):
            raise found
        return []

    with pytest.raises(FetchFailed):
        fetch_blob(url(80, "nosuch.example"), DIGEST, store, LOCAL, resolve=resolve)


def test_the_next_address_is_tried_when_one_refuses(store: BlobStore) -> None:
    with server(send(whole())) as (port, _):
        fetch_blob(
            url(port, "two.example"), DIGEST, store, LOCAL, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"]
        )
    assert store.exists(DIGEST)


def test_a_digest_that_is_none(store: BlobStore) -> None:
    with pytest.raises(DigestMalformed):
        fetch_blob(url(1), "../x", store, LOCAL)


def test_a_store_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(tmp_path / "blobs")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("atomic_verify.storage.blobs._write_all", full)
    with server(send(whole())) as (port, _), pytest.raises(BlobStoreFull):
        fetch_blob(url(port), DIGEST, store, LOCAL)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for blobs.example, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=blobs.example"]
    names = ["-addext", "subjectAltName=DNS:blobs.example", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*made, *names], check=True, capture_output=True)
    return cert, key


@pytest.mark.parametrize(
    ("host", "trusted", "fits"),
    [("blobs.example", True, True), ("other.example", True, False), ("blobs.example", False, False)],
)
def test_https_checks_the_name_and_who_signed(
    store: BlobStore, certificate: tuple[Path, Path], host: str, trusted: bool, fits: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    client = ssl.create_default_context(cafile=certificate[0] if trusted else None)

    def fetch(port: int) -> None:
        fetch_blob(url(port, host, "https"), DIGEST, store, LOCAL, resolve=lambda name, port: ["127.0.0.1"], tls=client)

    with server(send(whole()), lambda plain: context.wrap_socket(plain, server_side=True)) as (port, _):
        if fits:
            fetch(port)
            assert store.get(DIGEST) == DATA
        else:
            with pytest.raises(FetchFailed, match="CERTIFICATE"):
                fetch(port)
