"""The HTTP door: what strangers may send, and what they get."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from atomic_verify.storage.blobs import BlobStore
from prover.errors import QuoteRefused, WorkerNotReady
from prover.metrics import Metrics
from prover.rate import RateLimit
from prover.server import STREAM_ABOVE, Door, DoorServer, make_app
from tests.unit.prover.jobs import RFP


class Desk:
    """Refuses every quote, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.error: Exception = QuoteRefused("No quote", reason="price-too-low", asked=str(10**30))

    def quote(self, rfp: object, uri: str) -> object:
        self.asked.append((rfp, uri))
        raise self.error


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def store() -> BlobStore:
    return BlobStore("memory://door")


@pytest.fixture
def client(desk: Desk, store: BlobStore) -> Iterator[httpx.Client]:
    door = Door(store, desk, Metrics(CollectorRegistry()), lambda: False, quotes_per_second=0.5, quotes_burst=3)
    with opened(door) as made:
        yield made


@contextmanager
def opened(door: Door) -> Iterator[httpx.Client]:
    """A client of the door, which listens on a port of the loopback."""
    server = DoorServer(make_app(door), "127.0.0.1", 0)
    server.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=20) as client:
            yield client
    finally:
        server.stop()


BODY = {"rfp": RFP.to_json(), "inputUri": "http://host/" + "ab" * 32}


def test_blobs_are_served_by_digest_and_hashed_again(client: httpx.Client, store: BlobStore) -> None:
    digest = store.put(b"output")
    answer = client.get(f"/v1/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, b"output")
    assert "immutable" in answer.headers["cache-control"]

    store._fs.pipe_file(store._path(digest), b"rotten")
    answer = client.get(f"/v1/blobs/{digest}")
    assert (answer.status_code, answer.json()["code"]) == (500, "blob-corrupt")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/blobs/" + "ab" * 32, 404, "blob-missing"),
        ("/v1/blobs/" + "AB" * 32, 400, "digest-malformed"),
        ("/v1/blobs/..%2f..%2fetc%2fpasswd", 404, "route-unknown"),
        ("/v1/blobs/0x" + "ab" * 32, 400, "digest-malformed"),
        ("/v1/nothing", 404, "route-unknown"),
        ("/health/ready", 503, "worker-not-ready"),
    ],
)
def test_refusals_are_problem_documents(client: httpx.Client, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_refused_quote_says_why(client: httpx.Client, desk: Desk) -> None:
    answer = client.post("/v1/quotes", json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (422, "quote-refused")
    assert answer.json()["details"] == {"reason": "price-too-low", "asked": str(10**30)}
    assert desk.asked == [(RFP, BODY["inputUri"])]


def test_a_worker_that_is_not_ready_says_when_to_come_back(client: httpx.Client, desk: Desk) -> None:
    desk.error = WorkerNotReady("Not now")
    answer = client.post("/v1/quotes", json=BODY)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_whoever_asks_too_often_waits(client: httpx.Client) -> None:
    codes = [client.post("/v1/quotes", json=BODY).status_code for _ in range(4)]
    assert codes == [422, 422, 422, 429]
    refused = client.post("/v1/quotes", json=BODY)
    assert refused.json()["code"] == "too-many-requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"rfp": {}}',
        b'{"rfp": {}, "inputUri": ""}',
        b'{"rfp": {}, "inputUri": "x", "more": 1}',
        b'{"rfp": ' + b"[" * 3000 + b"]" * 3000 + b', "inputUri": "x"}',
        b'{"rfp": {"requester": "0x", "nonce": 1e400}, "inputUri": "x"}',
    ],
)
def test_a_malformed_request_is_refused(client: httpx.Client, desk: Desk, body: bytes) -> None:
    answer = client.post("/v1/quotes", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.asked == []


def test_a_body_that_is_too_large_is_not_read(client: httpx.Client, desk: Desk) -> None:
    answer = client.post("/v1/quotes", content=b"x" * 100_000, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert desk.asked == []


def test_metrics_do_not_carry_strangers_paths(client: httpx.Client) -> None:
    client.get("/v1/blobs/" + "ab" * 32)
    client.get("/secret-path")
    text = client.get("/metrics").text
    assert 'atomic_worker_requests_total{route="/v1/blobs/{digest}",status="404"} 1.0' in text
    assert "secret-path" not in text


def test_a_bucket_refills_with_time() -> None:
    now = 0.0
    limit = RateLimit(0.5, 2, lambda: now)
    assert [limit.wait("a"), limit.wait("a"), limit.wait("a"), limit.wait("b")] == [0.0, 0.0, 2.0, 0.0]
    now = 1.0
    assert limit.wait("a") == 1.0
    now = 2.0
    assert limit.wait("a") == 0.0


def test_the_store_is_a_folder_too(tmp_path: Path, desk: Desk) -> None:
    store = BlobStore(tmp_path)
    door = Door(store, desk, Metrics(CollectorRegistry()), lambda: True)
    with opened(door) as client:
        assert client.get(f"/v1/blobs/{store.put(b'x' * 10)}").content == b"x" * 10
        assert client.get("/health/ready").json() == {"status": "ready"}


def test_bytes_under_way_are_bounded_and_given_back(
    store: BlobStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.server.BYTES_AT_ONCE", 100)
    door = Door(store, desk, Metrics(CollectorRegistry()), lambda: True)
    small, large = store.put(b"s" * 60), store.put(b"l" * STREAM_ABOVE)
    with opened(door) as client:
        with client.stream("GET", f"/v1/blobs/{large}") as slow:
            assert slow.status_code == 200
            refused = client.get(f"/v1/blobs/{small}")
            assert (refused.status_code, refused.json()["code"]) == (503, "worker-not-ready")
        # The client that took nothing has gone: its bytes are given back.
        for _ in range(100):
            if client.get(f"/v1/blobs/{small}").status_code == 200:
                return
            time.sleep(0.05)
        raise AssertionError("the bytes of a client that has gone were never given back")


def test_large_blobs_are_streamed_and_hashed_before(tmp_path: Path, desk: Desk) -> None:
    store = BlobStore(tmp_path / "blobs")
    content = bytes(range(256)) * (STREAM_ABOVE // 256 + 1)
    digest = store.put(content)
    door = Door(store, desk, Metrics(CollectorRegistry()), lambda: True)
    with opened(door) as client:
        answer = client.get(f"/v1/blobs/{digest}")
        assert (answer.status_code, answer.content == content) == (200, True)
        assert answer.headers["content-length"] == str(len(content))
        for _ in range(5):
            with client.stream("GET", f"/v1/blobs/{digest}") as left:
                next(left.iter_bytes())
        assert client.get(f"/v1/blobs/{digest}").content == content, "clients that go away hold nothing up"
        path = tmp_path / "blobs" / digest[:2] / digest
        path.write_bytes(b"\x01" + content[1:])
        rotten = client.get(f"/v1/blobs/{digest}")
        assert (rotten.status_code, rotten.json()["code"]) == (500, "blob-corrupt")
