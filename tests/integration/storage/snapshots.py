"""All that an indexed database says, in a form that two databases can be compared by."""

from typing import Any

from sqlalchemy import select

from atomic_verify.storage.database import Database
from atomic_verify.storage.dispute_tables import answers, claims, lines, seals
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.tables import (
    account_credits,
    attempts,
    bids,
    blocks,
    events,
    jobs,
    models,
    results,
    settlements,
    subjects,
    transactions,
    workers,
)
from tests.unit.storage.world_books import CHAIN_ID, MARKET
from tests.unit.storage.world_chain import WorldChain

PROJECTIONS = (
    *(transactions, events, subjects, jobs, bids, attempts, results, settlements),
    *(models, workers, account_credits),
    *(seals, claims, lines, answers),
)


def indexer(chain: Any, database: Database, **options: Any) -> Indexer:
    return Indexer(chain, database, chain_id=CHAIN_ID, market=MARKET, **options)


def snapshot(database: Database) -> dict[str, list[str]]:
    """Every row of every table that follows from the chain, sorted; of the blocks those with events."""
    with database.read() as connection:
        found = {table.name: sorted(map(repr, connection.execute(select(table)))) for table in PROJECTIONS}
        with_events = select(blocks).where(blocks.c.number.in_(select(events.c.block_number)))
        found["blocks"] = sorted(map(repr, connection.execute(with_events)))
    return found


def check_whole(database: Database, chain: WorldChain, fresh: Database) -> None:
    """`database` says what an empty one says after it indexed the chain straight."""
    indexer(chain, fresh).sync()
    assert snapshot(database) == snapshot(fresh)
