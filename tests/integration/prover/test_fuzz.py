"""Every route of the worker's door, fuzzed from its own schema: no input makes it fail, refusals are typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from prometheus_client import CollectorRegistry

from atomic_verify.storage.blobs import BlobStore
from prover.errors import QuoteRefused
from prover.metrics import Metrics
from prover.server import Door, DoorServer, make_app

EXAMPLES = 25


class Desk:
    """Refuses every quote."""

    def quote(self, *_: object) -> object:
        raise QuoteRefused("No quote", reason="no-capacity")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    door = Door(BlobStore(tmp_path), Desk(), Metrics(CollectorRegistry()), lambda: True, 1e6, 10**6)
    server = DoorServer(make_app(door), "127.0.0.1", 0)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def test_no_request_makes_the_door_fail(url: str) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) == 5
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        def attack(case: Any) -> None:
            answer = case.call(base_url=url, timeout=30)
            assert answer.status_code < 500, answer.text[:500]
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"]
                assert answer.json()["code"]

        attack()
    assert httpx.get(f"{url}/health/live").status_code == 200
