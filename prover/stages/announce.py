"""Announce: tell the chain where this worker serves its outputs and signs quotes.

Life cycle: before all steps, once the worker follows the chain. The event is the record, so it is sent only if the last
one says something else.
"""

import hashlib

from prover.tools import Tools

NAME = "announce"


def due(announced: str | None, url: str) -> bool:
    return announced != url


def act(url: str, tools: Tools) -> None:
    """Announces. Raises what the sender raises."""
    key = tools.next_key(f"announce:{hashlib.sha256(url.encode()).hexdigest()[:16]}")
    tools.submit_once(NAME, key, tools.calls.announce(url))
