"""What a watcher with an account does for itself: tells where its traces are served, and withdraws what it is owed.

Life cycle: claim, settle.
"""

import hashlib
from typing import Any

from atomic_verify.chain.calls import Calls
from atomic_verify.protocol.intents import IntentState
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.storage.queries import Queries
from prover.stages import announce, withdraw


class OwnAccount:
    """One account. Used by one thread."""

    def __init__(
        self, account: Address, url: str, queries: Queries, calls: Calls, sender: Any, withdraw_above: Amount
    ) -> None:
        """`url` is where the watcher is reached; credit above `withdraw_above` base units is withdrawn."""
        self._account = account
        self._url = url
        self._queries = queries
        self._calls = calls
        self._sender = sender
        self._withdraw_above = withdraw_above

    def look(self, *, is_idle: bool) -> None:
        """Announces and withdraws if that is due. Raises what the sender and the database raise."""
        found = self._queries.worker(self._account)
        if announce.due(None if found is None else found.books.endpoint, self._url):
            digest = hashlib.sha256(self._url.encode()).hexdigest()[:16]
            self._submit(f"announce:{digest}", self._calls.announce(self._url))
        for token in withdraw.due(self._queries.credits(self._account), self._withdraw_above, is_idle=is_idle):
            self._submit(f"withdraw:{token.lower()}", self._calls.withdraw(token))

    def _submit(self, key: str, call: Any) -> None:
        """Under the first numbered key whose intent isn't final: as long as one is under way, no other begins."""
        number = 0
        while (known := self._sender.intent(f"{key}:{number}")) is not None and known.state is IntentState.FINAL:
            number += 1
        self._sender.submit(f"{key}:{number}", call)
