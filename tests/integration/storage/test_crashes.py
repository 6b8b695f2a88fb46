"""Processes killed in the middle: what is in the database is a whole state, and the next process goes on from it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from atomic_verify.storage.database import open_database
from atomic_verify.storage.tables import events, intents
from tests.integration.storage.snapshots import check_whole, indexer
from tests.unit.storage.world_chain import story

ROOT = Path(__file__).resolve().parents[3]

FOLLOW = """
import sys
from atomic_verify.storage.database import open_database
from tests.integration.storage.snapshots import indexer
from tests.unit.storage.world_chain import story

chain = story(400)
with open_database(sys.argv[1]) as database:
    while True:
        print("syncing", flush=True)
        indexer(chain, database, batch_blocks=1).sync()
        chain.reorg(390, [[n, n + 1] for n in range(390)])
"""

WRITE = """
import sys
from atomic_verify.protocol.intents import Intent
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore

with open_database(sys.argv[1]) as database:
    store = SqlIntentStore(database)
    for number in range(10**6):
        store.add(Intent(1, "0xa", f"key-{number}", "n", "0xb", "0x", 0, float(number), float(number)))
        print(number, flush=True)
"""


def killed(script: str, url: str, seconds: float) -> str:
    """What a process printed before it was killed so many seconds after its first line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        return first + process.stdout.read()


@pytest.mark.parametrize("seconds", [0.15, 0.6])
def test_an_indexer_killed_anywhere_leaves_whole_batches(database_url: str, sqlite_url: str, seconds: float) -> None:
    assert killed(FOLLOW, database_url, seconds)
    chain = story(400)
    with open_database(database_url) as database, open_database(f"{sqlite_url}-fresh") as fresh:
        with database.read() as connection:
            assert connection.execute(select(func.count()).select_from(events)).scalar_one() > 0
        indexer(chain, database).sync()
        check_whole(database, chain, fresh)


def test_every_intent_that_was_acknowledged_is_there_after_a_kill(database_url: str) -> None:
    printed = killed(WRITE, database_url, 0.5).splitlines()
    acknowledged = [int(line) for line in printed if line]
    with open_database(database_url) as database, database.read() as connection:
        kept = connection.execute(select(func.count()).select_from(intents)).scalar_one()
    assert kept in (len(acknowledged), len(acknowledged) + 1)
    assert acknowledged
