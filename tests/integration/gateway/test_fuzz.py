"""Every route of the gateway, fuzzed from its own OpenAPI schema: no input makes it fail, refusals are typed."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings

EXAMPLES = 25


def test_no_request_makes_the_gateway_fail(door: Any) -> None:
    schema = schemathesis.openapi.from_url(f"{door.gateway.public_url}/openapi.json")
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) >= 12
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        def attack(case: Any) -> None:
            answer = case.call(base_url=door.gateway.public_url, timeout=30)
            assert answer.status_code < 500 or answer.json()["code"] == "gateway-unready", answer.text[:500]
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"]
                assert answer.json()["code"]

        attack()
    assert door.client.get("/health/live").status_code == 200
    assert door.driver.is_alive
