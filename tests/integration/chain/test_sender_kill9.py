"""A process with a real database, killed by the system right after each write: the next one goes on, and pays once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atomic_verify.protocol.intents import IntentState
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore
from tests.integration.chain.conftest import Bench
from tests.integration.chain.support import FRIEND

PROCESS = """
import json, os, signal, sys
from pathlib import Path
from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.calls import transfer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore

url, folder, friend, fatal = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])

class Mortal(SqlIntentStore):
    writes = 0
    def add(self, intent):
        super().add(intent)
        self.count()
    def update(self, intent):
        super().update(intent)
        self.count()
    def count(self):
        self.writes += 1
        if self.writes == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

chain = Chain.connect(url, Deployment.load(folder, 31337))
store = Mortal(open_database(f"sqlite:///{folder}/atomic.sqlite"))
policy = SendPolicy(poll=0.01, confirmations=1)
with TransactionSender(chain, development_signer(1), store, folder, policy=policy) as sender:
    sender.recover()
    for at in range(2):
        sender.send(f"pay:{at}", transfer(friend, 10**at))
    sender.poll()
"""


def live(bench: Bench, folder: Path, fatal: int) -> int:
    arguments = [bench.anvil.url, str(folder), FRIEND, str(fatal)]
    return subprocess.run([sys.executable, "-c", PROCESS, *arguments], check=False).returncode


@pytest.mark.parametrize("fatal", [1, 2, 3, 4, 7])
def test_killed_after_a_write_the_next_process_pays_once(bench: Bench, tmp_path: Path, fatal: int) -> None:
    bench.deployment.save(tmp_path)
    assert live(bench, tmp_path, fatal) == -signal.SIGKILL
    assert live(bench, tmp_path, 0) == 0
    assert bench.chain().coin_of(FRIEND) == 11
    assert bench.raw_nonces() == [0, 1]
    database = open_database(f"sqlite:///{tmp_path}/atomic.sqlite")
    kept = SqlIntentStore(database).recent(31_337, bench.signer().address, 10)
    assert {one.key: one.state for one in kept} == {"pay:0": IntentState.FINAL, "pay:1": IntentState.FINAL}
    database.close()
