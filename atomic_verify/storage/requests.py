"""What a gateway was asked for: each request once, and which raw inputs a job's items were made from.

Life cycle: before post. Terms: an *Idempotency-Key* is the client's name for one request; asking again under it
returns the same job, and asking for something else under it is a conflict. A request's *plan* is all that is needed to
go on with it after a crash (the RFP with its nonce, above all), written before anything is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from atomic_verify.protocol.types import JobId, parse_word, to_hex
from atomic_verify.storage.database import Database
from atomic_verify.storage.errors import RecordConflict, RecordMissing
from atomic_verify.storage.tables import request_items, requests

_BATCH = 1000


class RequestState(StrEnum):
    """How far a request has come."""

    PLANNED = "planned"
    """Nothing was sent yet, or it isn't known."""
    POSTED = "posted"
    """The job is on the chain."""
    REFUSED = "refused"
    """It failed for good; the plan's "error" may say why."""


@dataclass(frozen=True, slots=True)
class SubmittedRequest:
    """One request of a client. `body_hash` identifies what was asked for; `plan` is JSON. Times are Unix seconds."""

    key: str
    body_hash: str
    job: JobId | None
    state: RequestState
    plan: Mapping[str, Any]
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class RequestItem:
    """The raw input of one item: the blob that a client gave, before `codec` made tensors of it."""

    item: int
    digest: str
    """sha256 of the raw bytes, as blobs are addressed."""
    size: int
    codec: str
    details: Mapping[str, Any]
    """JSON that the codec needs again for the answer, such as a file's name."""


class RequestLog:
    """The requests that one gateway took."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        key: str,
        body_hash: str,
        plan: Mapping[str, Any],
        now: float,
        *,
        job: JobId | None = None,
        items: Iterable[RequestItem] = (),
    ) -> tuple[SubmittedRequest, bool]:
        """Keeps a new request, or finds the one under this key; also whether it is new.

        `items` are kept with it and need `job`. Raises RecordConflict when the key stands for another body.
        """
        found = self.get(key)
        if found is None:
            new = SubmittedRequest(key, body_hash, job, RequestState.PLANNED, plan, now, now)
            try:
                with self._database.write() as connection:
                    connection.execute(insert(requests).values(**_row(new)))
                    if job is not None:
                        _keep_items(connection, job, items)
            except IntegrityError:
                # The same request may have come twice at this moment: then the other one counts.
                found = self.get(key)
                if found is None:
                    raise
            else:
                return new, True
        if found.body_hash != body_hash:
            raise RecordConflict(
                "This Idempotency-Key was used for another request", hint="Use a new key for a new request", key=key
            )
        return found, False

    def get(self, key: str) -> SubmittedRequest | None:
        """The request under this key, or None."""
        with self._database.read() as connection:
            return _request(connection, key)

    def by_job(self, job: JobId) -> SubmittedRequest | None:
        """The request that a job came from, or None."""
        query = select(requests).where(requests.c.job == to_hex(job)).order_by(requests.c.created_at).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
            return None if row is None else _parsed(row)

    def in_state(self, state: RequestState, limit: int = 1000) -> list[SubmittedRequest]:
        """The oldest requests in `state`: after a restart, those to go on with."""
        query = select(requests).where(requests.c.state == state.value).order_by(requests.c.created_at).limit(limit)
        with self._database.read() as connection:
            return [_parsed(row) for row in connection.execute(query).mappings()]

    def move(
        self,
        key: str,
        state: RequestState,
        now: float,
        *,
        job: JobId | None = None,
        plan: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes how far a request has come; `job` and `plan` replace what was there. Raises RecordMissing."""
        changes: dict[str, Any] = {"state": state.value, "updated_at": now}
        if job is not None:
            changes["job"] = to_hex(job)
        if plan is not None:
            changes["plan"] = dict(plan)
        with self._database.write() as connection:
            if connection.execute(update(requests).where(requests.c.key == key).values(**changes)).rowcount != 1:
                raise RecordMissing("There is no request under this key", key=key)

    def items(self, job: JobId, first: int = 0, count: int | None = None) -> list[RequestItem]:
        """The raw inputs of a job's items `first` to `first + count - 1`, in order."""
        query = (
            select(request_items)
            .where(request_items.c.job == to_hex(job), request_items.c.item >= first)
            .order_by(request_items.c.item)
        )
        with self._database.read() as connection:
            rows = connection.execute(query if count is None else query.limit(count)).mappings()
            return [RequestItem(**{name: row[name] for name in RequestItem.__slots__}) for row in rows]

    def item(self, job: JobId, item: int) -> RequestItem | None:
        """The raw input of one item, or None."""
        found = self.items(job, item, 1)
        return found[0] if found and found[0].item == item else None


def _request(connection: Connection, key: str) -> SubmittedRequest | None:
    row = connection.execute(select(requests).where(requests.c.key == key)).mappings().first()
    return None if row is None else _parsed(row)


def _row(request: SubmittedRequest) -> dict[str, Any]:
    return {
        "key": request.key,
        "body_hash": request.body_hash,
        "job": None if request.job is None else to_hex(request.job),
        "state": request.state.value,
        "plan": dict(request.plan),
        "created_at": request.created_at,
        "updated_at": request.updated_at,
    }


def _parsed(row: RowMapping) -> SubmittedRequest:
    return SubmittedRequest(
        key=row["key"],
        body_hash=row["body_hash"],
        job=None if row["job"] is None else JobId(parse_word(row["job"])),
        state=RequestState(row["state"]),
        plan=row["plan"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _keep_items(connection: Connection, job: JobId, items: Iterable[RequestItem]) -> None:
    rows: list[dict[str, Any]] = []
    for item in items:
        rows.append(
            {
                "job": to_hex(job),
                "item": item.item,
                "digest": item.digest,
                "size": item.size,
                "codec": item.codec,
                "details": dict(item.details),
            }
        )
        if len(rows) == _BATCH:
            connection.execute(insert(request_items), rows)
            rows = []
    if rows:
        connection.execute(insert(request_items), rows)
