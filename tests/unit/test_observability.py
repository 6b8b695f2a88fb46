"""Logs: their form, their level, and that no secret gets into them."""

import json

import pytest
from prometheus_client import CollectorRegistry, Counter

from atomic_verify.observability import REDACTED, configure_logging, get_logger, metrics_text, redact_secrets


def line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_a_json_line_has_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(json=True)
    get_logger("worker").info("bid sent", job="0x01", price=10**30)
    record = json.loads(line(capsys))
    assert record["event"] == "bid sent"
    assert (record["logger"], record["level"]) == ("worker", "info")
    assert (record["job"], record["price"]) == ("0x01", 10**30)
    assert record["timestamp"].endswith("Z")


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(json=True, level="warning")
    get_logger("worker").info("unheard")
    assert line(capsys) == ""


@pytest.mark.parametrize(
    "name", ["password", "keystore_password", "private_key", "writeKey", "salt", "raw_tx", "Authorization"]
)
def test_secret_names_are_blanked_at_any_depth(name: str) -> None:
    event = {name: "s3cret", "inside": [{name: "s3cret"}], "deep": {"deeper": {name: b"s3cret"}}}
    assert "s3cret" not in str(redact_secrets(None, "info", event))


@pytest.mark.parametrize("name", ["key", "tx_hash", "password_file", "job", "draw"])
def test_other_names_are_kept(name: str) -> None:
    assert redact_secrets(None, "info", {name: "value"})[name] == "value"


def test_credentials_inside_text_are_blanked() -> None:
    event = {"url": "postgresql://me:s3cret@db/atomic", "error": "header Bearer s3cret refused"}
    redacted = redact_secrets(None, "info", event)
    assert redacted["url"] == f"postgresql://{REDACTED}@db/atomic"
    assert "s3cret" not in str(redacted)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(json=as_json)
    password = "s3" + "cret"
    try:
        raise RuntimeError(f"no answer of https://me:{password}@node")
    except RuntimeError:
        get_logger("worker").exception("failed")
    text = line(capsys)
    assert "RuntimeError" in text
    assert "s3cret" not in text


def test_metrics_are_rendered_from_the_registry_that_is_given() -> None:
    registry = CollectorRegistry()
    Counter("atomic_jobs", "Jobs seen.", registry=registry).inc(3)
    body, content_type = metrics_text(registry)
    assert b"atomic_jobs_total 3.0" in body
    assert content_type.startswith("text/plain")
