"""Intents in the database: the write-ahead memory of the transaction sender.

Life cycle: every transaction of every step. Implements `protocol.intents.IntentStore`: `add` and `update` return once
the record is on the disk, and an identity is there once, also between two processes.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from atomic_verify.protocol.intents import UNFINISHED, Intent, IntentState
from atomic_verify.storage.database import Database
from atomic_verify.storage.errors import RecordConflict, RecordMissing
from atomic_verify.storage.tables import intents


class SqlIntentStore:
    """The intents of all accounts that share one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, chain_id: int, account: str, key: str) -> Intent | None:
        """The intent of this identity, or None."""
        found = self._select(select(intents.c.record).where(_is(chain_id, account, key)))
        return found[0] if found else None

    def add(self, intent: Intent) -> None:
        """Keeps a new intent. Raises RecordConflict when one of its identity exists."""
        chain_id, account, key = intent.identity
        try:
            with self._database.write() as connection:
                values = {"chain_id": chain_id, "account": account, "key": key, "created_at": intent.created_at}
                connection.execute(insert(intents).values(**values, **_values(intent)))
        except IntegrityError as error:
            raise RecordConflict(f"There is an intent {key} of {account} already", key=key, account=account) from error

    def update(self, intent: Intent) -> None:
        """Replaces the intent of the same identity. Raises RecordMissing when there is none."""
        with self._database.write() as connection:
            done = connection.execute(update(intents).where(_is(*intent.identity)).values(**_values(intent)))
            if done.rowcount != 1:
                raise RecordMissing(f"There is no intent {intent.key} of {intent.account}", key=intent.key)

    def unfinished(self, chain_id: int, account: str) -> Sequence[Intent]:
        """The account's intents in an UNFINISHED state: by nonce, then those without one by creation."""
        query = (
            select(intents.c.record)
            .where(_of(chain_id, account), intents.c.state.in_(sorted(UNFINISHED)))
            .order_by(intents.c.nonce.is_(None), intents.c.nonce, intents.c.created_at, intents.c.key)
        )
        return self._select(query)

    def with_nonce_from(self, chain_id: int, account: str, nonce: int) -> Sequence[Intent]:
        """The account's intents, in any state, that hold `nonce` or a higher one, by nonce."""
        query = (
            select(intents.c.record)
            .where(_of(chain_id, account), intents.c.nonce >= nonce)
            .order_by(intents.c.nonce, intents.c.created_at, intents.c.key)
        )
        return self._select(query)

    def recent(self, chain_id: int, account: str, limit: int) -> Sequence[Intent]:
        """The account's newest intents by creation, at most `limit`, newest first."""
        query = (
            select(intents.c.record)
            .where(_of(chain_id, account))
            .order_by(intents.c.created_at.desc(), intents.c.key)
            .limit(limit)
        )
        return self._select(query)

    def _select(self, query: Select[Any]) -> list[Intent]:
        with self._database.read() as connection:
            return [_intent(record) for record in connection.execute(query).scalars()]


def _of(chain_id: int, account: str) -> ColumnElement[bool]:
    return and_(intents.c.chain_id == chain_id, intents.c.account == account)


def _is(chain_id: int, account: str, key: str) -> ColumnElement[bool]:
    return and_(_of(chain_id, account), intents.c.key == key)


def _values(intent: Intent) -> dict[str, Any]:
    return {"state": intent.state.value, "nonce": intent.nonce, "record": asdict(intent)}


def _intent(record: dict[str, Any]) -> Intent:
    return Intent(**{**record, "state": IntentState(record["state"]), "hashes": tuple(record["hashes"])})
