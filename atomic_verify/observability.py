"""Logs and metrics: structured, to standard error, and never with a secret in them.

A daemon calls `configure_logging` once at its start; modules call `get_logger`. Metrics are prometheus-client objects
that their owners make on a registry which is passed in.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

REDACTED = "[redacted]"

_SECRETS = (
    "password",
    "passphrase",
    "secret",
    "private",
    "salt",
    "mnemonic",
    "authorization",
    "write_?key",
    "raw(_?tx)?",
)
_SECRET_NAME = re.compile(f"({'|'.join(_SECRETS)})$", re.IGNORECASE)


def redact_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks every value, at any depth, whose name says that it is a secret. A structlog processor."""
    for name in event:
        event[name] = REDACTED if _SECRET_NAME.search(name) else _redacted(event[name])
    return event


def configure_logging(*, json: bool = False, level: str = "INFO") -> None:
    """Sets the process's logging up: JSON lines for machines, or colours for a terminal."""
    colours = sys.stderr.isatty()
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=colours)
    shared: list[Any] = [structlog.processors.format_exc_info] if json else []
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact_secrets,
            *shared,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> Any:
    """A logger that says where a line comes from."""
    return structlog.get_logger().bind(logger=name)


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: REDACTED if _SECRET_NAME.search(str(k)) else _redacted(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(entry) for entry in value]
    return value
