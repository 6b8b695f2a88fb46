"""Logs and metrics: structured, to standard error, and never with a secret in them.

A daemon calls `configure_logging` once at its start; modules call `get_logger`. Metrics are prometheus-client objects
that their owners make on a registry which is passed in; `metrics_text` renders one for a scraper.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

REDACTED = "[redacted]"

# A name is secret if it is or ends in one of these words; plain `key`, `name_key` or `tx_hash` are not.
_SECRET_NAME = re.compile(
    r"(^|[_.-])(password|passphrase|secret|private|private_?key|write_?key|api_?key|salt|mnemonic|seed_?phrase"
    r"|authorization|cookie|signed_?tx|raw_?tx|raw_?transaction|raw)$",
    re.IGNORECASE,
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_BEARER = re.compile(r"(?i)(?<=bearer )\S+")


def redact_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks what is secret by its name, and credentials inside any text, at any depth. A structlog processor."""
    for name in event:
        event[name] = REDACTED if _SECRET_NAME.search(name) else _redacted(event[name])
    return event


def configure_logging(*, json: bool = False, level: str = "INFO") -> None:
    """Sets the process's logging up: JSON lines for machines, or colours for a terminal."""
    # Plain tracebacks: the default one prints every frame's local variables, passwords included.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Before the redaction, so that the text of an exception passes it too.
            structlog.processors.format_exc_info,
            redact_secrets,
            structlog.processors.JSONRenderer(default=str) if json else console,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> Any:
    """A logger that says where a line comes from."""
    return structlog.get_logger().bind(logger=name)


def metrics_text(registry: CollectorRegistry) -> tuple[bytes, str]:
    """A registry's metrics as a scraper reads them: the body and its content type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _BEARER.sub(REDACTED, _URL_CREDENTIALS.sub(REDACTED, value))
    if isinstance(value, dict):
        return {k: REDACTED if _SECRET_NAME.search(str(k)) else _redacted(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(entry) for entry in value]
    return value
